"""What of a whole cluster the mesh takes notice of."""

from conformance.kubemesh.sight import seen
from conformance.tests.doubles.mesh_worlds import a_pod, a_service
from conformance.tests.doubles.smi_objects import a_target

HERE = {
    "apiVersion": "v1",
    "kind": "Namespace",
    "metadata": {"name": "here", "labels": {"smi-conformance/mesh": "enabled"}},
}
OTHER = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "outside"}}


def names(*objects):
    return {(one["kind"], one["metadata"]["name"]) for one in seen([HERE, OTHER, *objects])}


def with_spec(body, **spec):
    return {**body, "spec": {**body["spec"], **spec}}


def with_status(body, **status):
    return {**body, "status": {**body["status"], **status}}


def test_enrolled_namespaces_are_seen_whole():
    """Pods without a sidecar are called as well, in plain text."""
    plain = a_pod("plain", 2, is_meshed=False)
    assert names(a_pod("shop", 1), plain, a_service("shop", 1)) == {
        ("Pod", "shop-0"),
        ("Pod", "plain-0"),
        ("Service", "shop"),
    }


def test_rest_of_the_cluster_is_not():
    """A mesh that took over the API server's or DNS's Service would cut its pods off."""
    assert not names(
        a_pod("dns", 1, namespace="outside", is_meshed=False), a_service("dns", 1, namespace="outside")
    )


def test_sidecar_is_fed_wherever_it_is():
    """A namespace that is no longer enrolled still has pods with sidecars, which guard them."""
    assert names(a_pod("shop", 1, namespace="outside")) == {("Pod", "shop-0")}


def test_pod_on_its_nodes_network_is_left_out():
    """Its address is the node's, so two of them would stand at one place."""
    assert not names(with_spec(a_pod("agent", 1), hostNetwork=True))


def test_pod_that_is_over_is_left_out():
    """Its address may be another pod's by now."""
    assert not names(
        with_status(a_pod("job", 1), phase="Succeeded"), with_status(a_pod("job", 2), phase="Failed")
    )


def test_policy_is_seen_everywhere():
    """What it means is for those who read it to say."""
    assert names(a_target()) == {("TrafficTarget", a_target()["metadata"]["name"])}
