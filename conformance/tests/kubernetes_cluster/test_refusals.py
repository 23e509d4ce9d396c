"""What an API server's refusal of an object means: whose word it is."""

import pytest

from conformance.cluster.kubernetes.refusals import Answer, refused
from conformance.errors import ManifestRefusedError, ObjectRefusedError
from conformance.model.manifest import ObjectRef

REF = ObjectRef("TrafficTarget", "n", "shop")
INVALID = 'TrafficTarget.access.smi-spec.io "shop" is invalid: spec.rules: Required value'
STRICT = (
    'TrafficTarget in version "v1alpha3" cannot be handled: strict decoding error: unknown field "spec.port"'
)
DENIED = 'admission webhook "osm-validator.k8s.io" denied the request: namespace a is not b'


def answered(status, message):
    return refused(Answer(status=status, reason="", message=message), REF, "fake", "")


@pytest.mark.parametrize("status, message", [(422, INVALID), (400, STRICT)])
def test_schema_refuses_an_object(status, message):
    """Invalid values and unknown fields."""
    error = answered(status, message)
    assert isinstance(error, ObjectRefusedError)
    assert (error.subject, error.webhook) == (str(REF), "")


@pytest.mark.parametrize("status", [400, 403, 422])
def test_webhook_denies_an_object(status):
    """A webhook may choose its status; its name stands in the message."""
    error = answered(status, DENIED)
    assert isinstance(error, ObjectRefusedError)
    assert error.webhook == "osm-validator.k8s.io"
    assert "smi.webhooks" in error.hint


@pytest.mark.parametrize(
    "status, message",
    [
        (500, 'Internal error occurred: failed calling webhook "osm-validator.k8s.io": connection refused'),
        (400, 'namespaces "n" is being terminated'),
        (403, "traffictargets is forbidden: exceeded quota: few"),
        (422, "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no"),
    ],
    ids=["webhook away", "namespace ends", "quota", "policy of the cluster"],
)
def test_other_refusals_are_nobodys_word_about_the_object(status, message):
    """They say nothing about a mesh."""
    error = answered(status, message)
    assert isinstance(error, ManifestRefusedError)
    assert not isinstance(error, ObjectRefusedError)
