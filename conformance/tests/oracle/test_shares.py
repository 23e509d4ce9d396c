"""How splits divide calls, and what the text leaves open about them."""

from fractions import Fraction

import pytest

from conformance.model.expectation import Access
from conformance.model.traffic import HttpRequest
from conformance.tests.doubles.asking import TCP, a_cell, access, spread
from conformance.tests.doubles.small_world import a_service, a_topology, a_workload
from conformance.tests.doubles.smi import (
    a_group,
    a_split,
    a_target,
    a_tcp_route,
    account,
    an_entry,
    tcp_rule,
)

V1, V2, V3 = (f"here/website-v{number}" for number in (1, 2, 3))
ALL = frozenset({V1, V2, V3})
NONE = frozenset()


def _shares(found):
    assert found.shares is not None
    return {key: str(share) for key, share in found.shares.items()}


def test_service_without_a_split_is_answered_by_all_its_endpoints():
    """Any mixture is right, and everybody behind the Service has to be seen."""
    found = spread([])
    assert (found.shares, found.among, found.required, found.may_fail) == (None, ALL, None, False)


@pytest.mark.parametrize(
    ("version", "weights", "wanted"),
    [
        ("v1alpha1", {"website-v1": 1, "website-v2": "500m"}, {V1: "2/3", V2: "1/3"}),
        ("v1alpha1", {"website-v1": "1", "website-v2": "1000m"}, {V1: "1/2", V2: "1/2"}),
        ("v1alpha1", {"website-v1": "1k", "website-v2": 1000.0}, {V1: "1/2", V2: "1/2"}),
        ("v1alpha2", {"website-v1": 90, "website-v2": 10}, {V1: "9/10", V2: "1/10"}),
        ("v1alpha3", {"website-v1": 1000, "website-v2": 500}, {V1: "2/3", V2: "1/3"}),
        ("v1alpha4", {"website-v1": 5, "website-v2": 3, "website-v3": 2}, {V1: "1/2", V2: "3/10", V3: "1/5"}),
        ("v1alpha4", {"website-v1": 1, "website-v2": 0}, {V1: "1"}),
        ("v1alpha4", {"website-v2": 1}, {V2: "1"}),
    ],
)
def test_weights_become_exact_shares(version, weights, wanted):
    """Weights are relative, quantities keep their suffix, weight 0 gets nothing, and among names the rest."""
    found = spread([a_split(weights, version=version)])
    assert _shares(found) == wanted
    assert found.among == wanted.keys()


def test_share_of_a_backend_of_several_pods_is_its_services():
    """Which of them answers is for the Service to choose; together they have what the weight says."""
    twin = a_workload("here/website-v1-b", labels={"app": "website", "version": "v1"})
    found = spread([a_split({"website-v1": 1, "website-v2": 1})], topology=a_topology((twin,)))
    assert _shares(found) == {V1: "1/2", V2: "1/2"}
    assert found.workloads_of(V1) == {V1, twin.key}
    assert found.workloads_of(V2) == {V2}
    assert found.among == {V1, V2, twin.key}


def test_share_of_a_pod_behind_two_backends_cannot_be_told_apart():
    """Who answers does not say then whose share it was."""
    everybody = a_service("here/everybody", app="website")
    found = spread([a_split({"website-v1": 1, "everybody": 1})], topology=a_topology((), (everybody,)))
    assert found.shares is None
    assert found.among == ALL


def test_because_names_the_split_and_its_weights():
    """A reader of the report sees which object decided, and how."""
    found = spread([a_split({"website-v1": 9, "website-v2": 1})])
    assert found.because == "TrafficSplit here/rollout: weights website-v1 9, website-v2 1"


def test_backend_without_the_roots_port_is_left_out():
    """The others take all of its calls, and none may fail."""
    world = a_topology(services=(a_service(V1, app="website", ports={1024: 8080}, version="v1"),))
    found = spread([a_split({"website-v1": 50, "website-v2": 50})], topology=world)
    assert (_shares(found), found.may_fail) == ({V2: "1"}, False)


def test_backend_maps_its_own_target_port():
    """A root port of 8080 arrives where the backend's Service leads; a grant of either number is open."""
    swapped = {8080: 9090, 9090: 8080}
    root = a_service("here/website", ports={8080: 8080, 9090: 9090})
    world = a_topology(services=(root, a_service(V2, app="website", ports=swapped, version="v2")))
    manifests = [a_split({"website-v2": 1}), a_group(), a_target(destination="website-v2")]
    assert _shares(spread(manifests, topology=world)) == {V2: "1"}
    assert access(manifests, a_cell(target="website"), world) is Access.ALLOWED
    narrow = [
        a_split({"website-v2": 1}),
        a_group(),
        a_target(destination="website-v2", port=8080, version="v1alpha2"),
    ]
    assert access(narrow, a_cell(target="website"), world) is Access.OPEN


def test_backend_that_lacks_another_port_of_the_root_may_be_left_out_altogether():
    """8080 may be divided or go to the complete backend; 9090 goes there in both readings."""
    ports = {8080: 8080, 8300: 8300, 8301: 8301, 8302: 8302, 8303: 8303}
    world = a_topology(services=(a_service(V1, app="website", ports=ports, version="v1"),))
    split = [a_split({"website-v1": 50, "website-v2": 50})]
    both = spread(split, topology=world)
    assert (both.shares, both.among, both.required) == (None, {V1, V2}, {V2})
    assert _shares(spread(split, topology=world, port=9090)) == {V2: "1"}


def test_all_weights_zero_may_fail_or_leave_it_to_the_root():
    """No shares are right then; the root's own endpoints may answer, and need not."""
    found = spread([a_split({"website-v1": 0, "website-v2": 0})])
    assert (found.shares, found.among, found.required, found.may_fail) == (None, ALL, NONE, True)


@pytest.mark.parametrize("ghost", ["ghost", "website-v2.there"])
def test_missing_backend_may_cost_its_share_but_gives_it_to_nobody_else(ghost):
    """Every success comes from the backend that exists, which has to be seen."""
    found = spread([a_split({"website-v1": 50, ghost: 50})])
    assert (found.shares, found.among, found.required, found.may_fail) == (None, {V1}, {V1}, True)


@pytest.mark.parametrize("weight", [-200, 0.5, "500m", None])
def test_weight_that_is_none_gets_nothing(weight):
    """Who gets the rest is open, as the object may be refused as a whole."""
    found = spread([a_split({"website-v1": weight, "website-v2": 1000})])
    assert (found.shares, found.among, found.required) == (None, {V2}, NONE)


def test_backend_that_is_listed_twice_is_open():
    """The sum and a refusal are both in the field; nobody else may answer."""
    found = spread([a_split([("website-v1", 25), ("website-v2", 50), ("website-v1", 25)])])
    assert (found.shares, found.among, found.required) == (None, {V1, V2}, NONE)


def test_backends_are_services_of_the_splits_own_namespace():
    """A split elsewhere, even with the same names, does not touch this root."""
    assert spread([a_split({"website-v1": 1}, namespace="there")]).among == ALL


def test_dotted_root_of_another_namespace_does_not_touch_this_one():
    """website.there in a split of here is not here's website; website.here may be."""
    assert spread([a_split({"website-v1": 1}, root="website.there")]) == spread([])
    assert spread([a_split({"website-v1": 1}, root="website.here")]).required == NONE


def test_root_that_selects_no_backend_is_recorded():
    """The text's workflow has a root over its backends; what another root does is open, but for strangers."""
    world = a_topology(services=(a_service("here/website", app="website", version="v3"),))
    found = spread([a_split({"website-v1": 1})], topology=world)
    assert (found.shares, found.among, found.required, found.may_fail) == (None, {V1}, NONE, True)


def test_splits_do_not_nest():
    """A backend that is itself a root is used as a plain Service."""
    nested = a_split({"website-v2": 1}, root="website-v1", name="inner")
    assert _shares(spread([a_split({"website-v1": 1}), nested])) == {V1: "1"}


def test_root_among_its_own_backends_is_recorded():
    """It may stand for its own endpoints, or the object may be ignored."""
    found = spread([a_split({"website-v1": 1, "website": 9})])
    assert (found.shares, found.among, found.required) == (None, ALL, NONE)


def test_two_splits_of_one_root_leave_open_which_counts():
    """Backends of either may answer, and nobody else."""
    found = spread([a_split({"website-v1": 1}), a_split({"website-v2": 1}, name="other")])
    assert (found.shares, found.among, found.required) == (None, {V1, V2}, NONE)


def test_caller_outside_the_mesh_is_not_split():
    """It sees the ordinary Service."""
    assert spread([a_split({"website-v1": 1})], source="outside/outsider").among == ALL


def test_raw_tcp_may_be_split_or_not():
    """The text neither promises nor excludes it, so the backend and the root's own pods may be reached."""
    grant = a_target(destination="website-v1", rules=[tcp_rule()])
    cell = a_cell(target="website", port=8300, request=TCP)
    assert access([a_split({"website-v1": 1}), a_tcp_route(), grant], cell) is Access.OPEN
    assert access([a_split({"website-v1": 1})], cell) is Access.DENIED


_FIREFOX = a_group("firefox", an_entry("ff", None, None, {"user-agent": ".*Firefox.*"}))
_BETA = a_group("beta", an_entry("x", None, None, {"x-beta": "^yes$"}))


def _agent(value, path="/"):
    return HttpRequest(path=path, headers=(("user-agent", value),))


@pytest.mark.parametrize("version", ["v1alpha3", "v1alpha4"])
def test_requests_that_fit_are_divided_and_others_stay_with_the_root(version):
    """Firefox goes by weight; everybody else is answered by the root's own endpoints."""
    split = a_split({"website-v1": 0, "website-v2": 1}, matches=["firefox"], version=version)
    assert _shares(spread([_FIREFOX, split], request=_agent("Firefox 99"))) == {V2: "1"}
    assert spread([_FIREFOX, split], request=_agent("curl")).among == ALL
    assert spread([_FIREFOX, split]).among == ALL


def test_matches_do_not_exist_before_v1alpha3():
    """A v1alpha2 split with the field moves everybody."""
    split = a_split({"website-v2": 1}, matches=["firefox"], version="v1alpha2")
    assert _shares(spread([_FIREFOX, split])) == {V2: "1"}


def test_groups_of_a_split_are_merged():
    """Fitting any entry of any group is enough."""
    split = a_split({"website-v2": 1}, matches=["firefox", "beta"])
    beta = HttpRequest(headers=(("x-beta", "yes"),))
    assert _shares(spread([_FIREFOX, _BETA, split], request=beta)) == {V2: "1"}
    assert spread([_FIREFOX, _BETA, split]).among == ALL


@pytest.mark.parametrize("reference", ["ghost", {"kind": "TCPRoute", "name": "firefox"}])
def test_matches_without_a_usable_group_select_nobody(reference):
    """A missing group and a wrong kind must not turn into "all requests"."""
    found = spread([_FIREFOX, a_split({"website-v2": 1}, matches=[reference])], request=_agent("Firefox"))
    assert (found.shares, found.among, found.required) == (None, ALL, None)


def test_group_beside_a_missing_one_is_open():
    """Dropping the split for it is in the field; who fits nothing stays with the root for certain."""
    manifests = [_FIREFOX, a_split({"website-v2": 1}, matches=["firefox", "ghost"])]
    assert spread(manifests, request=_agent("Firefox")).required == NONE
    assert spread(manifests, request=_agent("curl")).required is None


def test_empty_matches_are_open():
    """As good as absent, or selecting nobody."""
    found = spread([a_split({"website-v2": 1}, matches=[])])
    assert (found.among, found.required) == (ALL, NONE)


def test_paths_of_a_selecting_group_may_be_ignored_beside_headers():
    """The split's text speaks of headers only: a fitting header with another path is open."""
    group = a_group("firefox", an_entry("ff", "/api(/.*)?$", None, {"user-agent": ".*Firefox.*"}))
    manifests = [group, a_split({"website-v2": 1}, matches=["firefox"])]
    assert _shares(spread(manifests, request=_agent("Firefox", "/api"))) == {V2: "1"}
    assert spread(manifests, request=_agent("Firefox")).required == NONE
    assert spread(manifests, request=_agent("curl", "/api")).required is None


def test_split_grants_nothing():
    """A backend that the caller may not reach must not answer; what becomes of its share is open."""
    manifests = [a_split({"website-v1": 1, "website-v2": 1}), a_group(), a_target(destination="website-v1")]
    found = spread(manifests, granted=True)
    assert (found.shares, found.among, found.required, found.may_fail) == (None, {V1}, NONE, True)
    assert spread(manifests, source="client-b", granted=True).among == NONE


def test_plain_service_is_answered_by_those_that_are_granted():
    """Without a split, who may be reached has to be seen, and calls to others may fail."""
    found = spread([a_group(), a_target(destination="website-v1")], granted=True)
    assert (found.among, found.required, found.may_fail) == ({V1}, {V1}, True)


def test_split_with_all_backends_granted_keeps_its_shares():
    """With grants for every backend access changes nothing."""
    grants = [a_target(name, destination=name) for name in ("website-v1", "website-v2")]
    found = spread([a_split({"website-v1": 3, "website-v2": 1}), a_group(), *grants], granted=True)
    assert found.shares == {V1: Fraction(3, 4), V2: Fraction(1, 4)}


def test_cells_through_a_split_are_decided_by_its_backends():
    """The root's other endpoints do not count, and a split to one granted backend is a plain grant."""
    manifests = [a_split({"website-v1": 1, "website-v2": 0}), a_group(), a_target(destination="website-v1")]
    assert access(manifests, a_cell(target="website")) is Access.ALLOWED
    assert access(manifests, a_cell("client-b", "website")) is Access.DENIED
    stranger = a_target(destination=account("website-v2"))
    assert (
        access([a_split({"website-v1": 1}), a_group(), stranger], a_cell(target="website")) is Access.DENIED
    )


def test_cell_whose_calls_may_fail_is_open_even_where_everybody_is_granted():
    """With all weights 0 the mesh may refuse what access allows; who is not granted is denied anyway."""
    grants = [a_target(f"to-{v}", destination=f"website-{v}") for v in ("v1", "v2", "v3")]
    manifests = [a_split({"website-v1": 0}), a_group(), *grants]
    assert access(manifests, a_cell(target="website")) is Access.OPEN
    assert access(manifests, a_cell("client-b", "website")) is Access.DENIED
