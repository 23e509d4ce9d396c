"""From the objects of a cluster to what sidecars should have, and whether they have it."""

import threading

import pytest

from conformance.kubemesh.reporting import replica_lines
from conformance.kubemesh.sources import Sources
from conformance.kubemesh.steering import Follower, Steering
from conformance.spec import KINDS
from conformance.tests.doubles.mesh_worlds import a_pod, a_service
from conformance.tests.doubles.smi_objects import a_group, a_target

SHOP = {**a_pod("shop", 1)}
SHOP["metadata"] = {**SHOP["metadata"], "uid": "u-shop"}
WORLD = (SHOP, a_service("shop", 1))
GRANT = (a_target("v1alpha3"), a_group("v1alpha4"))


@pytest.fixture
def steering():
    return Steering("cluster.local", lambda: None)


def test_pod_is_known_by_its_uid_only(steering):
    """A pod of the same name that came later is another."""
    steering.replace(WORLD, ())
    assert steering.wanted("u-shop")
    assert steering.wanted("here/shop-0") is None
    assert steering.sidecar_of("u-shop") == "here/shop-0"


def test_sidecar_is_current_when_it_has_taken_what_is_wanted_now(steering):
    """What it took before a change does not count after it."""
    steering.replace(WORLD, ())
    follower = Follower(uid="u-shop")
    assert not steering.is_current(follower)
    follower.acted = steering.wanted("u-shop")
    assert steering.is_current(follower)
    steering.replace([*WORLD, *GRANT], ())
    assert not steering.is_current(follower)


def test_change_that_changes_nothing_makes_nobody_lag(steering):
    """Pods' heartbeats would otherwise send everything to everybody."""
    steering.replace(WORLD, ())
    follower = Follower(uid="u-shop", acted=steering.wanted("u-shop"))
    steering.replace(list(WORLD), ())
    assert steering.is_current(follower)


def test_sidecar_of_a_pod_that_is_gone_lags_behind_nobody(steering):
    """Faults are in force although one pod is just being deleted."""
    assert steering.is_current(Follower(uid="u-gone"))


def test_fault_is_in_force_with_the_next_snapshot(steering):
    """And out of force when it is taken back."""
    steering.replace([*WORLD, *GRANT], ())
    right = steering.wanted("u-shop")
    steering.replace([*WORLD, *GRANT], ("accepts-unmeshed-callers",))
    assert steering.wanted("u-shop").listeners != right.listeners
    steering.replace([*WORLD, *GRANT], ())
    assert steering.wanted("u-shop") == right


def test_unknown_fault_leaves_policy_working(steering):
    """Somebody edits the ConfigMap by hand; that must not stop the mesh."""
    steering.replace(WORLD, ())
    steering.replace([*WORLD, *GRANT], ("no-such-fault",))
    assert steering.faults == ()
    assert "TrafficTarget" in str(steering.wanted("u-shop").routes)


class Cluster:
    """An API server that lists what it has once *opened* lets it, and then is silent."""

    def __init__(self, lists, closed=""):
        self.lists, self.closed = lists, closed
        self.opened = threading.Event()
        self.ended = threading.Event()

    def get(self, path, **query):
        if path.count("/") == 3 and path.startswith("/apis/"):
            return {"resources": [{"name": kind.plural} for kind in KINDS if kind.group.value in path]}
        if self.closed and path.endswith(self.closed):
            self.opened.wait(10)
        return {"metadata": {"resourceVersion": "1"}, "items": self.lists.get(path.rpartition("/")[2], [])}

    def watch(self, path, timeout, **query):
        self.ended.wait(10)
        return iter(())


@pytest.fixture
def watching():
    """Starts to listen to a cluster; gives the situations that are reported."""
    started = []

    def start(cluster):
        reports, told = [], threading.Event()
        sources = Sources(cluster, lambda one: (reports.append(one), told.set()))
        started.append((sources, cluster))
        sources.start()
        return sources, reports, told

    yield start
    for sources, cluster in started:
        sources.close()
        cluster.opened.set()
        cluster.ended.set()


HERE = {"metadata": {"name": "here", "labels": {"smi-conformance/mesh": "enabled"}}}


def test_nothing_is_reported_before_everything_is_known(watching):
    """A control plane that starts would otherwise take away grants that it has not read yet."""
    target = {**a_target("v1alpha4")}
    cluster = Cluster({"namespaces": [HERE], "traffictargets": [target]}, closed="traffictargets")
    sources, reports, told = watching(cluster)
    assert not told.wait(0.5)
    assert not sources.is_synced
    cluster.opened.set()
    assert told.wait(10)
    assert {one["kind"] for one in reports[0].objects} == {"TrafficTarget"}


def test_faults_come_from_the_config_map(watching):
    """One a line, with the serial of the change."""
    config = {"metadata": {"name": "smi-reference-mesh"}, "data": {"faults": "one\ntwo\n", "serial": "7"}}
    _, reports, told = watching(Cluster({"configmaps": [config]}))
    assert told.wait(10)
    assert (reports[-1].faults, reports[-1].serial) == (("one", "two"), "7")


def test_object_that_cannot_be_read_keeps_no_other_from_it(watching):
    """It grants nothing; the rest holds."""
    broken = {
        "metadata": {"name": "broken", "uid": "1", "annotations": {"smi-conformance/written-as": "{"}},
        "spec": 3,
    }
    good = {**a_target("v1alpha4")}
    good["metadata"] = {**good["metadata"], "uid": "2"}
    _, reports, told = watching(Cluster({"traffictargets": [broken, good]}))
    assert told.wait(10)
    assert good["metadata"]["name"] in {one["metadata"]["name"] for one in reports[-1].objects}


def test_status_names_who_lags_behind_and_why():
    """A person looks here first."""
    said = {
        "replica": "control-plane-1",
        "synced": True,
        "faults": [],
        "sidecars": [
            {"name": "here/shop-0", "current": True, "refusals": []},
            {"name": "here/bank-0", "current": False, "refusals": ["listeners: address in use"]},
        ],
    }
    first, *rest = replica_lines(said)
    assert "1 of its 2 sidecars have everything" in first
    assert rest == ["  here/bank-0 lags behind", "  here/bank-0 refused listeners: address in use"]
