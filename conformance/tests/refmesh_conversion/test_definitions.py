"""CRDs that serve all versions by way of a webhook."""

import base64
from copy import deepcopy

import pytest

from conformance.refmesh.conversion import WebhookService, crd_with_webhook
from conformance.tests.refmesh_conversion.generated import CRDS

_PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
_SERVICE = WebhookService(namespace="smi-reference-mesh", name="control-plane")
_CONVERTED = ["TrafficTarget", "HTTPRouteGroup", "TCPRoute", "TrafficSplit"]


@pytest.mark.parametrize("kind", _CONVERTED)
def test_kind_of_several_versions_is_converted_by_the_webhook(kind):
    """The API server asks the Service over TLS, and trusts it by our certificate."""
    conversion = crd_with_webhook(CRDS[kind], _PEM, _SERVICE)["spec"]["conversion"]
    config = conversion["webhook"]["clientConfig"]
    assert conversion["strategy"] == "Webhook"
    assert conversion["webhook"]["conversionReviewVersions"] == ["v1"]
    assert base64.b64decode(config["caBundle"]).decode() == _PEM
    assert config["service"] == {
        "namespace": "smi-reference-mesh",
        "name": "control-plane",
        "path": "/convert",
        "port": 443,
    }


@pytest.mark.parametrize("kind", ["IdentityBinding", "UDPRoute"])
def test_kind_of_one_version_asks_nobody(kind):
    """It is served even while the webhook is not there."""
    assert "conversion" not in crd_with_webhook(CRDS[kind], _PEM, _SERVICE)["spec"]


@pytest.mark.parametrize("kind", CRDS)
def test_every_version_is_served_and_the_latest_is_stored(kind):
    """Whatever the file says: with a webhook all versions can be served."""
    crd = deepcopy(CRDS[kind])
    for version in crd["spec"]["versions"]:
        version |= {"served": False, "storage": False}
    versions = crd_with_webhook(crd, _PEM, _SERVICE)["spec"]["versions"]
    assert [one["name"] for one in versions if one["storage"]] == ["v1alpha4"]
    assert all(one["served"] for one in versions)


def test_definition_that_is_handed_in_stays_as_it_is():
    """The embedded cluster reads the same files."""
    before = deepcopy(CRDS)
    crd_with_webhook(CRDS["TCPRoute"], _PEM, _SERVICE)
    assert before == CRDS
