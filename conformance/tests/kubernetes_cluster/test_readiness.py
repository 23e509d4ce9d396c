"""Waiting for Deployments, and what is said when one does not come up."""

from datetime import timedelta

import pytest

from conformance.cluster.kubernetes import pods
from conformance.cluster.kubernetes.cluster import KubernetesCluster
from conformance.errors import NotReadyError
from conformance.model.manifest import Manifest

ALL = "/apis/apps/v1/deployments"
SOON = timedelta(seconds=10)
AT_ONCE = timedelta(milliseconds=50)
POD = "/api/v1/namespaces/n/pods/shop-abc-x"


@pytest.fixture
def cluster(api, settings):
    with KubernetesCluster(api, settings) as cluster:
        yield cluster


def deployment(ready=1, generation=1, observed=1, **status):
    count = {"replicas": 1, "updatedReplicas": 1, "readyReplicas": ready, "availableReplicas": ready}
    return {
        "metadata": {
            "name": "shop",
            "namespace": "n",
            "generation": generation,
            "labels": {"smi-conformance/run": "r1"},
        },
        "spec": {"replicas": 1},
        "status": {"observedGeneration": observed, **count, **status},
    }


def pod(status, **metadata):
    owner = {"kind": "ReplicaSet", "name": "shop-abc"}
    given = {"name": "shop-abc-x", "namespace": "n", "labels": {"pod-template-hash": "abc"}}
    return {
        "metadata": {**given, "ownerReferences": [owner], **metadata},
        "spec": {"containers": [{"name": "probe"}]},
        "status": status,
    }


def waiting(reason, message=""):
    state = {"waiting": {"reason": reason, "message": message}}
    return {"name": "probe", "ready": False, "restartCount": 0, "state": state}


def _change(kind, body):
    return {"type": kind, "object": body}


def test_deployment_that_is_ready_is_not_waited_for(cluster, fake):
    """One list of them, and one of their pods, is enough."""
    fake.objects[f"{ALL}/shop"] = deployment()
    fake.requests.clear()
    cluster.await_ready(["n/shop"], SOON)
    assert fake.asked("GET") == [ALL, "/api/v1/namespaces/n/pods"]


def test_change_that_makes_it_ready_ends_the_wait(cluster, fake, tools):
    """It comes by the watch, which begins where the list ended."""
    fake.objects[f"{ALL}/shop"] = deployment(ready=0)
    fake.script("GET", ALL, fake._get, tools["lines_of"](_change("MODIFIED", deployment())))
    cluster.await_ready(["n/shop"], SOON)
    assert "7" in {one.get("resourceVersion") for one in fake.queries}


@pytest.mark.parametrize("answer", ["forgotten", "error", "broken", "unavailable"])
def test_watch_that_ends_early_is_begun_again(cluster, fake, tools, answer):
    """By a new list: the server may have forgotten, the connection may break."""
    expired = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old"}

    async def break_off(request):
        request.transport.close()
        return tools["status"](500)

    async def forgotten(request):
        return tools["status"](410, "Expired", "too old")

    async def unavailable(request):
        return tools["status"](503, "ServiceUnavailable", "starting")

    fake.objects[f"{ALL}/shop"] = deployment(ready=0)
    ways = {
        "error": tools["lines_of"](_change("ERROR", expired)),
        "forgotten": forgotten,
        "broken": break_off,
        "unavailable": unavailable,
    }

    async def ready_now(request):
        fake.objects[f"{ALL}/shop"] = deployment()
        return await fake._get(request)

    fake.script("GET", ALL, fake._get, ways[answer], ready_now)
    cluster.await_ready(["n/shop"], SOON)


def test_status_of_an_older_generation_does_not_count(cluster, fake):
    """The controller has not seen the change yet."""
    fake.objects[f"{ALL}/shop"] = deployment(generation=2)
    with pytest.raises(NotReadyError):
        cluster.await_ready(["n/shop"], AT_ONCE)


def test_old_pod_beside_a_new_one_does_not_count(cluster, fake):
    """Both would answer."""
    fake.objects[f"{ALL}/shop"] = deployment(replicas=2)
    with pytest.raises(NotReadyError):
        cluster.await_ready(["n/shop"], AT_ONCE)


def test_pod_that_is_not_ready_counts_whatever_its_deployment_says(cluster, fake):
    """After the restart of a node, a Deployment says for a while that all is well."""
    fake.objects[f"{ALL}/shop"] = deployment()
    running = {"name": "probe", "state": {"running": {}}}
    fake.objects["/api/v1/namespaces/n/pods/x"] = pod({"containerStatuses": [running]})
    with pytest.raises(NotReadyError, match="container probe runs and is not ready"):
        cluster.await_ready(["n/shop"], AT_ONCE)


@pytest.mark.parametrize(
    ("status", "metadata"),
    [({"phase": "Failed", "reason": "Evicted"}, {}), ({}, {"deletionTimestamp": "2026-01-01T00:00:00Z"})],
)
def test_pod_that_was_replaced_is_not_waited_for(cluster, fake, status, metadata):
    """Evicted pods stay in the list, and one that is going away takes a while."""
    fake.objects[f"{ALL}/shop"] = deployment()
    fake.objects["/api/v1/namespaces/n/pods/x"] = pod(status, **metadata)
    cluster.await_ready(["n/shop"], SOON)


def test_deployment_that_is_not_there_is_named(cluster):
    """With the advice to apply it."""
    with pytest.raises(NotReadyError, match=r"there is no Deployment n/shop[\s\S]*apply it"):
        cluster.await_ready(["n/shop"], AT_ONCE)


def test_message_carries_reason_events_and_the_end_of_the_log(cluster, fake, tools):
    """All that a person would ask for next."""
    fake.objects[f"{ALL}/shop"] = deployment(ready=0)
    states = {"containerStatuses": [waiting("CrashLoopBackOff", "back-off 10s")]}
    fake.objects["/api/v1/namespaces/n/pods/x"] = pod(states)
    fake.objects["/api/v1/namespaces/n/events/e"] = {
        "metadata": {"name": "e"},
        "involvedObject": {"kind": "Pod", "name": "shop-abc-x"},
        "reason": "BackOff",
        "message": "Back-off restarting",
        "count": 3,
    }

    async def log(request):
        assert request.query["container"] == "probe"
        return tools["text"]("port 8080 is taken\n")

    fake.script("GET", f"{POD}/log", log)
    with pytest.raises(NotReadyError) as caught:
        cluster.await_ready(["n/shop"], AT_ONCE)
    for words in (
        "container probe waits (CrashLoopBackOff: back-off 10s)",
        "BackOff Pod shop-abc-x: Back-off restarting (3 times)",
        "port 8080 is taken",
    ):
        assert words in str(caught.value)


def test_deployment_without_pods_says_what_its_conditions_say(cluster, fake):
    """An admission policy that refuses pods shows there."""
    failure = {"type": "ReplicaFailure", "status": "True", "message": 'violates PodSecurity "restricted"'}
    fake.objects[f"{ALL}/shop"] = deployment(ready=0, conditions=[failure])
    with pytest.raises(NotReadyError, match="violates PodSecurity"):
        cluster.await_ready(["n/shop"], AT_ONCE)


READY = [{"type": "Ready", "status": "True"}]


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ({"conditions": READY}, ""),
        ({}, "it has not started yet"),
        (
            {"conditions": [{"type": "PodScheduled", "status": "False", "message": "no node"}]},
            "it is on no node: no node",
        ),
        (
            {"containerStatuses": [waiting("ErrImagePull", "no such image")]},
            "container probe waits (ErrImagePull: no such image)",
        ),
        (
            {"initContainerStatuses": [{"name": "i", "state": {"terminated": {"exitCode": 1}}}]},
            "container i has ended with 1",
        ),
        (
            {"containerStatuses": [{"name": "probe", "state": {"running": {}}, "started": False}]},
            "container probe runs and has not started up",
        ),
        (
            {"containerStatuses": [{"name": "p", "state": {"running": {}}, "restartCount": 2}]},
            "container p runs and is not ready, after 2 restarts",
        ),
    ],
)
def test_reasons_of_pods(status, reason):
    """In words, with the container; an init container that has done its part is none."""
    done = {"name": "done", "state": {"terminated": {"exitCode": 0}}}
    status = {**status, "initContainerStatuses": [done, *status.get("initContainerStatuses", ())]}
    found = pods.status_of(Manifest({"kind": "Pod", **pod(status)}))
    assert (found.reason, found.ready) == (reason, not reason)


def test_pod_that_is_being_deleted_is_not_ready():
    """Its condition says that it is, until it ends."""
    body = pod({"conditions": READY}, deletionTimestamp="2026-01-01T00:00:00Z")
    assert pods.status_of(Manifest({"kind": "Pod", **body})).reason == "it is being deleted"


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("StatefulSet", "n/shop-abc-x"),
        ("DaemonSet", "n/shop"),
        ("Job", "n/shop"),
        ("ReplicationController", "n/shop"),
        ("Node", ""),
    ],
)
def test_pod_belongs_to_what_owns_it(kind, key):
    """A StatefulSet's pod is a workload of its own: its name stays."""
    owned = pod({}, ownerReferences=[{"kind": kind, "name": "shop"}])
    assert pods.workload_of(Manifest({"kind": "Pod", **owned})) == key


def test_pods_without_a_deployment_are_waited_for_themselves(cluster, fake):
    """Nothing is asked of Deployments."""
    template = {"metadata": {"labels": {"app": "till"}}, "spec": {"containers": []}}
    metadata = {"name": "till", "namespace": "n"}
    body = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": metadata,
        "spec": {"template": template},
    }
    owned = pod(
        {"conditions": READY}, ownerReferences=[{"kind": "StatefulSet", "name": "till"}], name="till-0"
    )
    fake.objects["/api/v1/namespaces/n/pods/till-0"] = owned
    cluster.apply([Manifest(body)])
    fake.requests.clear()
    cluster.await_ready(["n/till-0"], SOON)
    assert fake.asked("GET") == ["/api/v1/namespaces/n/pods"]


def test_pod_that_a_statefulset_does_not_make_is_told(cluster):
    """By its key."""
    metadata = {"name": "till", "namespace": "n"}
    template = {"metadata": {"labels": {"app": "till"}}, "spec": {"containers": []}}
    body = {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": metadata,
        "spec": {"template": template},
    }
    cluster.apply([Manifest(body)])
    with pytest.raises(NotReadyError, match="n/till-0 has no pod that became ready"):
        cluster.await_ready(["n/till-0"], AT_ONCE)


def test_pod_belongs_to_the_deployment_of_its_replica_set():
    """A Deployment's name may have hyphens; a pod that is nobody's has no workload."""
    assert pods.workload_of(Manifest({"kind": "Pod", **pod({})})) == "n/shop"
    assert pods.workload_of(Manifest({"kind": "Pod", **pod({}, ownerReferences=[])})) == ""
