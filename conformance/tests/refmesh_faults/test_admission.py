"""Wrong meshes whose API refuses valid objects, asked as an API server asks a webhook."""

import pytest

from conformance.tests.doubles.mesh_worlds import a_pipeline

TARGET = {
    "apiVersion": "access.smi-spec.io/v1alpha3",
    "kind": "TrafficTarget",
    "metadata": {"name": "shop", "namespace": "here"},
    "spec": {"sources": [{"kind": "ServiceAccount", "name": one} for one in ("client-a", "client-b")]},
}
SPLIT = {
    "apiVersion": "split.smi-spec.io/v1alpha4",
    "kind": "TrafficSplit",
    "metadata": {"name": "website", "namespace": "here"},
    "spec": {"backends": [{"service": f"website-v{one}", "weight": 1} for one in (1, 2, 3)]},
}


@pytest.mark.parametrize(
    "fault, body", [("refuses-several-sources", TARGET), ("refuses-three-backends", SPLIT)]
)
def test_object_is_denied_by_the_wrong_mesh_alone(fault, body):
    """The faultless mesh takes whatever the definitions take."""
    assert a_pipeline().why_denied(body) == ""
    assert "supported" in a_pipeline(fault).why_denied(body)


def test_objects_below_the_limit_are_taken():
    """The fault is what its sentence says, and no more."""
    one_source = {**TARGET, "spec": {"sources": TARGET["spec"]["sources"][:1]}}
    assert a_pipeline("refuses-several-sources").why_denied(one_source) == ""
    assert a_pipeline("refuses-several-sources").why_denied(SPLIT) == ""
