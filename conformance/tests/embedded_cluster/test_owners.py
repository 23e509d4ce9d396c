"""Who owns a pod and where it runs, as Kubernetes has it: Deployment, ReplicaSet, Pod, Node."""

from dataclasses import replace

import pytest

from conformance.errors import ManifestRefusedError
from conformance.model.manifest import Manifest, ObjectRef
from conformance.tests.doubles.objects import a_deployment


def owners_of(one: Manifest):
    return [(owner["kind"], owner["name"], owner["uid"]) for owner in one.body["metadata"]["ownerReferences"]]


def as_owner(one: Manifest):
    return (one.kind, one.name, one.body["metadata"]["uid"])


def a_replica_set(replicas: int = 1) -> Manifest:
    return Manifest({**a_deployment(replicas=replicas).body, "kind": "ReplicaSet"})


def test_deployment_owns_a_replica_set_that_owns_the_pods(cluster):
    """Each name begins with its owner's, and the label with the template's hash is on both."""
    cluster.apply([a_deployment(replicas=2)])
    (deployment,), (replica_set,) = cluster.list("Deployment"), cluster.list("ReplicaSet")
    assert owners_of(replica_set) == [as_owner(deployment)]
    mark = replica_set.body["metadata"]["labels"]["pod-template-hash"]
    assert replica_set.name == f"shop-{mark}"
    assert replica_set.body["spec"]["selector"] == {"matchLabels": {"app": "shop", "pod-template-hash": mark}}
    for pod in cluster.list("Pod"):
        assert owners_of(pod) == [as_owner(replica_set)]
        assert pod.name.startswith(f"{replica_set.name}-")
        assert pod.body["metadata"]["labels"] == {"app": "shop", "pod-template-hash": mark}


def test_scaling_keeps_the_replica_set(cluster):
    """It is the same one, with another number of pods."""
    cluster.apply([a_deployment()])
    (before,) = cluster.list("ReplicaSet")
    cluster.apply([a_deployment(replicas=3)])
    (after,) = cluster.list("ReplicaSet")
    assert as_owner(after) == as_owner(before)
    assert (after.body["spec"]["replicas"], len(cluster.list("Pod"))) == (3, 3)


def test_change_of_the_template_replaces_the_replica_set(cluster):
    """With all its pods."""
    cluster.apply([a_deployment()])
    (before,) = cluster.list("ReplicaSet")
    cluster.apply([a_deployment(args=["--new"])])
    (after,), (pod,) = cluster.list("ReplicaSet"), cluster.list("Pod")
    assert after.name != before.name
    assert owners_of(pod) == [as_owner(after)]


@pytest.mark.parametrize(
    "gone", [ObjectRef("Deployment", "here", "shop"), ObjectRef("Namespace", "", "here")], ids=str
)
def test_what_is_owned_goes_with_its_owner(cluster, gone):
    """Down to the last."""
    cluster.apply([a_deployment()])
    cluster.delete([gone])
    assert cluster.list("ReplicaSet") == cluster.list("Pod") == ()


def test_deleted_replica_set_is_made_again(cluster):
    """Its Deployment wants one; the pods of the old one end with it."""
    cluster.apply([a_deployment()])
    (before,) = cluster.list("ReplicaSet")
    cluster.delete([before.ref])
    (after,), (pod,) = cluster.list("ReplicaSet"), cluster.list("Pod")
    assert as_owner(after) != as_owner(before)
    assert owners_of(pod) == [as_owner(after)]


def test_replica_set_without_a_deployment_runs_pods(cluster):
    """It is a workload of its own name, and its selector stays what it was."""
    cluster.apply([a_replica_set(replicas=2)])
    assert [pod.workload for pod in cluster.pods()] == ["here/shop"] * 2
    other = {"matchLabels": {"app": "other"}}
    spec = {**a_replica_set().body["spec"], "selector": other}
    spec["template"] = {**spec["template"], "metadata": {"labels": {"app": "other"}}}
    with pytest.raises(ManifestRefusedError, match="field is immutable"):
        cluster.apply([replace(a_replica_set(), body={**a_replica_set().body, "spec": spec})])


def test_every_pod_is_on_the_one_node(cluster):
    """Which is an object, too; a pod that was read back can be applied again, with its node or without."""
    cluster.apply([a_deployment()])
    (node,), (pod,) = cluster.list("Node"), cluster.list("Pod")
    assert pod.body["spec"]["nodeName"] == node.name == "local"
    unplaced = {key: value for key, value in pod.body["spec"].items() if key != "nodeName"}
    cluster.apply([pod, Manifest({**pod.body, "spec": unplaced})])
    assert cluster.list("Pod")[0].body["spec"] == pod.body["spec"]


def an_owner(kind: str, **spec) -> Manifest:
    """Write something else that owns pods called shop."""
    body = a_deployment().body
    template = body["spec"]["template"]
    if kind == "Job":
        template = {**template, "spec": {**template["spec"], "restartPolicy": "OnFailure"}}
    selectors = {"Job": {}, "ReplicationController": {"selector": {"app": "shop"}}}
    selector = selectors.get(kind, {"selector": body["spec"]["selector"]})
    versions = {"Job": "batch/v1", "ReplicationController": "v1"}
    return Manifest(
        {
            **body,
            "apiVersion": versions.get(kind, "apps/v1"),
            "kind": kind,
            "spec": {**selector, "template": template, **spec},
        }
    )


@pytest.mark.parametrize("kind", ["DaemonSet", "Job", "ReplicationController", "StatefulSet"])
def test_others_own_their_pods_themselves(cluster, kind):
    """One pod, on the one node, and gone with its owner."""
    cluster.apply([an_owner(kind)])
    (owner,), (pod,) = cluster.list(kind), cluster.list("Pod")
    assert owners_of(pod) == [as_owner(owner)]
    assert pod.name.startswith("shop-")
    (status,) = cluster.pods()
    assert status.workload == ("here/shop-0" if kind == "StatefulSet" else "here/shop")
    cluster.delete([owner.ref])
    assert cluster.list("Pod") == ()


def test_pods_of_a_stateful_set_keep_their_names(cluster):
    """A pod that is deleted comes again as the same workload."""
    cluster.apply([an_owner("StatefulSet", replicas=2)])
    first = {one.name: one.body["metadata"]["uid"] for one in cluster.list("Pod")}
    cluster.delete([ObjectRef("Pod", "here", "shop-0")])
    again = {one.name: one.body["metadata"]["uid"] for one in cluster.list("Pod")}
    assert again.keys() == first.keys() == {"shop-0", "shop-1"}
    assert again["shop-0"] != first["shop-0"]
    labels = {
        one.body["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"] for one in cluster.list("Pod")
    }
    assert labels == {"shop-0", "shop-1"}


def test_job_that_always_starts_anew_is_refused(cluster):
    """As on Kubernetes: it would never end."""
    job = an_owner("Job").body
    template = {
        **job["spec"]["template"],
        "spec": {**job["spec"]["template"]["spec"], "restartPolicy": "Always"},
    }
    with pytest.raises(ManifestRefusedError, match=r"restartPolicy: Required value"):
        cluster.apply([Manifest({**job, "spec": {"template": template}})])
