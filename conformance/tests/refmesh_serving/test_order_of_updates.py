"""The store answers polls in the order that loses no call, whatever order they come in."""

import pytest

from conformance.refmesh.progress import ResourceKind
from conformance.refmesh.snapshot import POLICY, Snapshot
from conformance.refmesh.store import Rejection, Store

LISTENERS, CLUSTERS, ROUTES = ResourceKind
ME = "here/shop-0"


def a_snapshot(*clusters, listeners=("web",), rule="deny", uses_routes=True):
    """One whose routes say *rule* and whose listeners take them from the route configuration."""
    body = {"filters": [{"rds": {"route_config_name": POLICY}}]} if uses_routes else {"filters": []}
    return Snapshot(
        listeners={name: body | {"name": name} for name in listeners},
        clusters={name: {"name": name} for name in clusters},
        routes={POLICY: {"rule": rule}},
    )


class Envoy:
    """Polls as Envoy does: with the version it has, and with the old one after a refusal."""

    def __init__(self, store, sidecar=ME):
        self.store, self.sidecar = store, sidecar
        self.versions = dict.fromkeys(ResourceKind, "")
        self.has = {}

    def poll(self, kind, *, refuses=False, insist=False):
        """Poll once; give what came as a mapping, or None."""
        self.store.hear(self.sidecar, kind, self.versions[kind])
        offer = self.store.next_response(self.sidecar, kind, insist=insist)
        if offer is None:
            return None
        if not refuses:
            self.versions[kind], self.has[kind] = offer.version, offer.resources
        return offer.resources

    def settle(self):
        """Poll more often than any change takes; routes are asked for only while a listener uses them."""
        for _ in range(8):
            self.poll(LISTENERS)
            self.poll(CLUSTERS)
            if POLICY in str(self.has.get(LISTENERS)):
                self.poll(ROUTES)
            else:
                self.versions[ROUTES] = ""
                self.has.pop(ROUTES, None)


@pytest.fixture
def store():
    store = Store()
    store.register(ME)
    return store


@pytest.fixture
def envoy(store):
    """A sidecar that has a first snapshot with the clusters a and b."""
    store.publish({ME: a_snapshot("a", "b")})
    envoy = Envoy(store)
    envoy.settle()
    return envoy


def test_first_listeners_wait_for_clusters_but_not_for_routes(store):
    """Envoy asks for routes only when a listener names them: waiting for them would have no end."""
    store.publish({ME: a_snapshot("a")})
    envoy = Envoy(store)
    assert envoy.poll(LISTENERS) is None
    assert envoy.poll(CLUSTERS) is not None
    assert envoy.poll(LISTENERS) is None  # sent is not taken
    envoy.poll(CLUSTERS)
    assert envoy.poll(LISTENERS) is not None


def test_sidecar_that_has_everything_is_left_alone(store, envoy):
    """Publishing the same again wakes nobody."""
    store.publish({ME: a_snapshot("a", "b")})
    assert [envoy.poll(kind) for kind in ResourceKind] == [None, None, None]


def test_change_wakes_only_sidecars_that_it_concerns():
    """Others would be kept busy by every change."""
    woken = []
    store = Store(woken.extend)
    store.publish({"here/a": a_snapshot("a"), "here/b": a_snapshot("a")})
    woken.clear()
    store.publish({"here/a": a_snapshot("a"), "here/b": a_snapshot("a", rule="allow")})
    assert woken == ["here/b"]


def test_change_of_policy_is_one_answer_with_routes(store, envoy):
    """A change of rules touches neither listeners nor clusters."""
    store.publish({ME: a_snapshot("a", "b", rule="allow")})
    assert envoy.poll(CLUSTERS) is None
    assert envoy.poll(LISTENERS) is None
    assert envoy.poll(ROUTES) == {POLICY: {"rule": "allow"}}


def test_routes_wait_for_the_clusters_that_are_new(store, envoy):
    """A route to a cluster that is not there yet would answer 503."""
    store.publish({ME: a_snapshot("a", "b", "c", rule="c")})
    assert envoy.poll(ROUTES) is None
    assert set(envoy.poll(CLUSTERS)) == {"a", "b", "c"}
    assert envoy.poll(ROUTES) is None
    envoy.poll(CLUSTERS)
    assert envoy.poll(ROUTES) == {POLICY: {"rule": "c"}}


def test_new_listeners_wait_for_their_routes(store, envoy):
    """A listener without its routes would answer 404."""
    store.publish({ME: a_snapshot("a", "b", listeners=("web", "admin"), rule="both")})
    assert envoy.poll(LISTENERS) is None
    envoy.poll(ROUTES)
    assert envoy.poll(LISTENERS) is None
    envoy.poll(ROUTES)
    assert set(envoy.poll(LISTENERS)) == {"web", "admin"}


def test_removed_cluster_stays_until_routes_and_listeners_are_gone(store, envoy):
    """Older routes may still lead to it."""
    store.publish({ME: a_snapshot("a", "c", rule="c", listeners=("other",))})
    assert set(envoy.poll(CLUSTERS)) == {"a", "b", "c"}
    envoy.poll(CLUSTERS)
    envoy.poll(ROUTES)
    envoy.poll(ROUTES)
    assert envoy.poll(CLUSTERS) is None
    envoy.poll(LISTENERS)
    envoy.poll(LISTENERS)
    assert set(envoy.poll(CLUSTERS)) == {"a", "c"}


def test_every_order_of_polls_ends_with_what_is_wanted(store, envoy):
    """No poll waits for one that waits for it, also where routes go out of use and come back."""
    for wanted in (
        a_snapshot("c", rule="c"),
        a_snapshot("c", rule="d", uses_routes=False),
        a_snapshot(listeners=()),
        a_snapshot("a", "b", rule="e", listeners=("x", "y")),
    ):
        store.publish({ME: wanted})
        envoy.settle()
        (status,) = store.status()
        assert status.is_current
        assert envoy.has[LISTENERS] == wanted.listeners
        assert envoy.has[CLUSTERS] == wanted.clusters
        assert envoy.has.get(ROUTES, wanted.routes) == wanted.routes


def test_routes_that_are_asked_for_anew_are_sent_anew(store, envoy):
    """Envoy forgets a route configuration that no listener uses; it asks again with an empty version."""
    envoy.versions[ROUTES] = ""
    assert envoy.poll(ROUTES) == {POLICY: {"rule": "deny"}}


def test_refusal_is_told_once(store, envoy):
    """A person needs one message, not one per poll."""
    store.publish({ME: a_snapshot("a", "b", rule="nonsense")})
    envoy.poll(ROUTES, refuses=True)
    told = [store.hear(ME, ROUTES, envoy.versions[ROUTES]) for _ in range(3)]
    assert told == ["2", None, None]


def test_refused_configuration_is_offered_again_only_on_request(store, envoy):
    """Envoy asks again at once, so answering with the same would keep both of them busy."""
    store.publish({ME: a_snapshot("a", "b", rule="nonsense")})
    envoy.poll(ROUTES, refuses=True)
    assert envoy.poll(ROUTES) is None
    assert envoy.poll(ROUTES, insist=True) == {POLICY: {"rule": "nonsense"}}
    assert envoy.poll(ROUTES) is None
    assert not store.is_refused(ME, ROUTES)


def test_refusal_does_not_stop_what_comes_later(store, envoy):
    """Neither of the same kind nor of another."""
    store.publish({ME: a_snapshot("a", "b", "broken", rule="nonsense")})
    envoy.poll(CLUSTERS, refuses=True)
    envoy.poll(CLUSTERS)
    envoy.poll(ROUTES, refuses=True)
    store.publish({ME: a_snapshot("a", "c", listeners=("new",), rule="good")})
    envoy.settle()
    assert envoy.has[ROUTES] == {POLICY: {"rule": "good"}}
    assert set(envoy.has[LISTENERS]) == {"new"}
    assert set(envoy.has[CLUSTERS]) == {"a", "c"}


def test_cluster_that_was_refused_is_not_sent_again_with_others(store, envoy):
    """One broken cluster would drag every later change of clusters down with it."""
    store.publish({ME: a_snapshot("a", "b", "broken")})
    envoy.poll(CLUSTERS, refuses=True)
    envoy.poll(CLUSTERS)
    store.publish({ME: a_snapshot("a", "c", rule="c")})
    assert set(envoy.poll(CLUSTERS)) == {"a", "b", "c"}


def test_sidecar_is_started_when_it_has_its_routes(store):
    """Before, its listeners are not open."""
    store.publish({ME: a_snapshot("a")})
    envoy = Envoy(store)
    seen = []
    for kind in (CLUSTERS, CLUSTERS, LISTENERS, LISTENERS, ROUTES, ROUTES):
        envoy.poll(kind)
        seen.append(store.is_started(ME))
    assert seen == [False] * 5 + [True]


def test_new_process_under_an_old_id_gets_everything(store, envoy):
    """A pod that starts again knows nothing of what its predecessor had."""
    store.register(ME)
    fresh = Envoy(store)
    fresh.settle()
    assert set(fresh.has) == set(ResourceKind)


def test_unknown_sidecar_is_told_nothing(store):
    """It may be one that was just forgotten."""
    assert store.hear("here/stranger", CLUSTERS, "") is None
    assert store.next_response("here/stranger", CLUSTERS) is None
    assert not store.is_started("here/stranger")


def test_status_names_versions_and_refusals(store, envoy):
    """What a person needs to see of a sidecar that lags."""
    rejection = Rejection(sidecar=ME, kind=ROUTES, version="2", words="no such field")
    store.record(rejection)
    store.publish({ME: a_snapshot("a", "b", rule="new")})
    (status,) = store.status()
    assert status.acknowledged == {"listeners": "1", "clusters": "1", "routes": "1"}
    assert not status.is_current
    assert status.rejections == (rejection,)
