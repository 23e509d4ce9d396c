"""What one target grants, and what several grant together."""

import pytest

from conformance.errors import ScenarioError
from conformance.model.expectation import Access
from conformance.model.traffic import AddressForm
from conformance.oracle import expected_for_responder
from conformance.tests.doubles.asking import TCP, a_cell, access, because
from conformance.tests.doubles.small_world import a_service, a_topology, a_workload
from conformance.tests.doubles.smi import (
    a_group,
    a_split,
    a_target,
    a_tcp_route,
    account,
    an_entry,
    http_rule,
    tcp_rule,
)

_TWO = a_group("routes", an_entry("metrics", "/metrics$", ["GET"]), an_entry("api", "/api$"))


def test_nobody_reaches_a_destination_without_a_target():
    """Without any TrafficTarget HTTP and raw TCP are denied, and the reason says which identity lacks one."""
    assert access([]) is Access.DENIED
    assert access([], a_cell(port=8300, request=TCP)) is Access.DENIED
    assert because([]) == "no TrafficTarget names here/shop (of here/shop) as destination"


def test_listed_source_passes_and_unlisted_does_not():
    """Only the identity that the target lists gets in; the reasons name the target and what decided."""
    manifests = [a_group(), a_target()]
    assert access(manifests) is Access.ALLOWED
    assert access(manifests, a_cell("client-b")) is Access.DENIED
    assert because(manifests) == "TrafficTarget here/grant: lists here/client-a; HTTPRouteGroup routes fits"
    refusal = because(manifests, a_cell("client-b"))
    assert refusal == "TrafficTarget here/grant: source here/client-b is not listed"


@pytest.mark.parametrize("source", ["there/client-a", "here/lookalike", "here/shop"])
def test_identity_is_namespace_and_account(source):
    """That account elsewhere, that label under another account, and the destination itself are strangers."""
    assert access([a_group(), a_target()], a_cell(source)) is Access.DENIED


@pytest.mark.parametrize("target", ["here/bank", "there/shop"])
def test_target_opens_only_its_destination(target):
    """Another account, and the account of that name in another namespace, stay shut."""
    assert access([a_group(), a_target()], a_cell(target=target)) is Access.DENIED


def test_pieces_of_different_targets_do_not_combine():
    """A source of one target does not get the port or the route of another."""
    manifests = [
        a_group("api", an_entry(path="/api$")),
        a_group("metrics", an_entry(path="/metrics$")),
        a_tcp_route("p8080", 8080),
        a_tcp_route("p9090", 9090),
        a_target("one", rules=[http_rule("api"), tcp_rule("p8080")]),
        a_target("two", sources=["client-b"], rules=[http_rule("metrics"), tcp_rule("p8080")]),
        a_target("three", rules=[http_rule("metrics"), tcp_rule("p9090")]),
    ]
    assert access(manifests, a_cell(request="GET /api")) is Access.ALLOWED
    assert access(manifests, a_cell(request="GET /metrics")) is Access.DENIED
    assert access(manifests, a_cell(port=9090, request="GET /api")) is Access.DENIED
    assert access(manifests, a_cell("client-b", request="GET /api")) is Access.DENIED


def test_named_matches_are_alternatives_and_omitted_ones_mean_all():
    """Entries that are not named stay shut; without names every entry is granted, and nothing beside them."""
    one = [_TWO, a_target(rules=[http_rule(matches=["api"])])]
    every = [_TWO, a_target(rules=[http_rule()])]
    assert access(one, a_cell(request="GET /api")) is Access.ALLOWED
    assert access(one, a_cell(request="GET /metrics")) is Access.DENIED
    assert access(every, a_cell(request="GET /metrics")) is Access.ALLOWED
    assert access(every, a_cell(request="GET /other")) is Access.DENIED


def test_empty_matches_never_grant_more_than_omitted_ones():
    """Whether an empty list means all or none is open; outside the group it is a refusal either way."""
    manifests = [_TWO, a_target(rules=[http_rule(matches=[])])]
    assert access(manifests, a_cell(request="GET /api")) is Access.OPEN
    assert access(manifests, a_cell(request="GET /other")) is Access.DENIED


def test_unknown_match_name_grants_nothing_and_does_not_open_the_group():
    """A misspelt name opens no path; the good path beside it may pass, or the target may be inert."""
    only = [_TWO, a_target(rules=[http_rule(matches=["other"])])]
    beside = [_TWO, a_target(rules=[http_rule(matches=["other", "api"])])]
    assert access(only, a_cell(request="GET /metrics")) is Access.DENIED
    assert access(beside, a_cell(request="GET /metrics")) is Access.DENIED
    assert access(beside, a_cell(request="GET /api")) is Access.OPEN


def test_several_groups_add_up():
    """A request that fits any of two groups is granted; one that fits none is not."""
    groups = [a_group("one", an_entry(path="/a$")), a_group("two", an_entry(path="/b$"))]
    manifests = [*groups, a_target(rules=[http_rule("one"), http_rule("two")])]
    assert [access(manifests, a_cell(request=f"GET {path}")) for path in ("/a", "/b", "/c")] == [
        Access.ALLOWED,
        Access.ALLOWED,
        Access.DENIED,
    ]


@pytest.mark.parametrize("version", ["v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4"])
@pytest.mark.parametrize("lacking", [{"sources": []}, {"rules": []}, {"rules": [http_rule("ghost")]}])
def test_incomplete_target_grants_nothing(version, lacking):
    """Without sources, without rules, or with a route that does not exist, nobody gets in."""
    manifests = [a_group(version="v1alpha4"), a_target(version=version, **lacking)]
    assert access(manifests) is Access.DENIED
    assert access(manifests, a_cell(port=8300, request=TCP)) is Access.DENIED


def test_routes_are_found_by_kind_and_in_the_namespace_of_the_target():
    """A TCPRoute of the same name and a group of the same name elsewhere play no part."""
    decoys = [a_tcp_route("routes"), a_group("routes", namespace="there")]
    assert access([*decoys, a_target()]) is Access.DENIED
    assert access([*decoys, a_group(), a_target()], a_cell(port=8300, request=TCP)) is Access.DENIED


def test_tcp_and_http_in_one_target_have_to_fit_both():
    """Of the four cells of port and path only the granted route on the granted port passes."""
    group = a_group("routes", an_entry(path="/metrics$"))
    manifests = [group, a_tcp_route("ports", 8080), a_target(rules=[tcp_rule(), http_rule()])]
    passed = {
        (port, path)
        for port in (8080, 9090)
        for path in ("/metrics", "/other")
        if access(manifests, a_cell(port=port, request=f"GET {path}")) is not Access.DENIED
    }
    assert passed == {(8080, "/metrics")}
    assert access(manifests, a_cell(request="GET /metrics")) is Access.ALLOWED


def test_raw_tcp_beside_http_rules_is_open_on_granted_ports_only():
    """Whether a target of both kinds carries raw TCP is not settled; other ports it surely does not open."""
    manifests = [a_group(), a_tcp_route("ports", 8300), a_target(rules=[tcp_rule(), http_rule()])]
    assert access(manifests, a_cell(port=8300, request=TCP)) is Access.OPEN
    assert access(manifests, a_cell(port=8301, request=TCP)) is Access.DENIED


def test_http_rules_alone_hold_on_every_port_and_open_no_raw_tcp():
    """A group needs no TCPRoute beside it, and does not let other bytes through."""
    manifests = [a_group(), a_target()]
    assert access(manifests, a_cell(port=9090)) is Access.ALLOWED
    assert access(manifests, a_cell(port=8300, request=TCP)) is Access.DENIED


def test_http_over_a_tcp_route_alone_is_open_on_its_ports_only():
    """The text does not say whether HTTP is TCP there; on other ports it is a refusal either way."""
    manifests = [a_tcp_route("ports", 8080), a_target(rules=[tcp_rule()])]
    assert access(manifests, a_cell(port=8080)) is Access.OPEN
    assert access(manifests, a_cell(port=9090)) is Access.DENIED


def test_tcp_route_without_ports_opens_all_of_them():
    """An empty list stands for every port, as did every TCPRoute before v1alpha4."""
    for version in ("v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4"):
        manifests = [a_tcp_route("ports", version=version), a_target(rules=[tcp_rule()])]
        assert access(manifests, a_cell(port=8303, request=TCP)) is Access.ALLOWED


def test_port_that_does_not_exist_opens_no_real_one():
    """73836 is 8300 modulo 65536; it stays inert."""
    manifests = [a_tcp_route("ports", 73836), a_target(rules=[tcp_rule()])]
    assert access(manifests, a_cell(port=8300, request=TCP)) is Access.DENIED


def test_missing_tcp_route_beside_a_group_neither_opens_nor_closes_for_certain():
    """Dropping the rule and dropping the target are tolerated; what the group does not fit stays denied."""
    group = a_group("routes", an_entry(path="/api$"))
    manifests = [group, a_target(rules=[tcp_rule("ghost"), http_rule()])]
    assert access(manifests, a_cell(request="GET /api")) is Access.OPEN
    assert access(manifests, a_cell(request="GET /other")) is Access.DENIED


def test_subject_without_namespace_reaches_no_other_namespace():
    """Whether it means the target's own namespace is open; that it means no other is certain."""
    manifests = [a_group(), a_target(sources=[account("client-a", None)])]
    assert access(manifests) is Access.OPEN
    assert access(manifests, a_cell("there/client-a")) is Access.DENIED


def test_subject_of_an_unknown_kind_is_nobody():
    """A Group called like the account grants nothing, as source and as destination."""
    group = account("client-a", kind="Group")
    assert access([a_group(), a_target(sources=[group])]) is Access.DENIED
    assert access([a_group(), a_target(destination=account("shop", kind="Group"))]) is Access.DENIED


@pytest.mark.parametrize(
    ("version", "wanted"), [("v1alpha2", Access.OPEN), ("v1alpha3", Access.OPEN), ("v1alpha4", Access.DENIED)]
)
def test_target_in_another_namespace_than_its_destination(version, wanted):
    """It is reported before v1alpha4 and has no effect from then on, as that text says who may grant."""
    routes = a_group(namespace="there", version="v1alpha4")
    target = a_target(sources=[account("client-a", "there")], namespace="there", version=version)
    assert access([routes, target], a_cell("there/client-a")) is wanted


def test_sources_outside_the_mesh_are_denied_whatever_is_listed():
    """A caller without a proxy has no identity; even its own account in the list does not let it in."""
    manifests = [a_group(), a_target(sources=[account("outsider", "outside")])]
    assert access(manifests, a_cell("outside/outsider")) is Access.DENIED


def test_destinations_outside_the_mesh_are_not_judged():
    """What leaves the mesh is out of scope, and what never enters it passes."""
    assert access([], a_cell(target="outside/outsider")) is Access.OPEN
    assert access([], a_cell("outside/outsider", "outside/outsider")) is Access.ALLOWED


def test_refusals_hold_for_every_form_of_address():
    """By name, short name, virtual address and pod address; only a grant at a pod's address is open."""
    manifests = [a_group(), a_target()]
    for form in AddressForm:
        granted = Access.OPEN if form is AddressForm.POD else Access.ALLOWED
        assert access(manifests, a_cell(form=form)) is granted
        assert access(manifests, a_cell("client-b", form=form)) is Access.DENIED


def test_service_over_two_identities_is_judged_by_who_answers():
    """The cell is open, an answer of the granted workload is right, one of the other is not."""
    canary = a_workload("here/shop-canary", labels={"app": "shop"})
    world, manifests, cell = a_topology(workloads=(canary,)), [a_group(), a_target()], a_cell()
    assert access(manifests, cell, world) is Access.OPEN
    assert expected_for_responder(manifests, world, cell, "here/shop").access is Access.ALLOWED
    assert expected_for_responder(manifests, world, cell, "here/shop-canary").access is Access.DENIED
    assert expected_for_responder(manifests, world, cell, "here/bank").access is Access.DENIED


def test_call_belongs_at_the_port_that_its_service_leads_to():
    """A Service may turn the ports of its pods; where the port is not known, the pod alone decides."""
    world = a_topology(services=(a_service("here/shop", ports={8080: 9090, 9090: 8080}),))
    manifests, cell = [a_group(), a_target()], a_cell()
    where = {None: Access.ALLOWED, 9090: Access.ALLOWED, 8080: Access.DENIED}
    found = {port: expected_for_responder(manifests, world, cell, "here/shop", port) for port in where}
    assert {port: one.access for port, one in found.items()} == where
    assert "leads to port 9090 of here/shop and not to 8080" in found[8080].because


def test_pod_behind_two_backends_may_be_met_at_the_port_of_either():
    """Two Services of a split may have the same pods and lead to them differently."""
    turned = a_service("here/turned", app="website", version="v2", ports={8080: 9090})
    world, cell = a_topology(services=(turned,)), a_cell(target="website")
    manifests = [a_split({"website-v2": 50, "turned": 50})]
    found = {
        port: expected_for_responder(manifests, world, cell, "here/website-v2", port, access=False).access
        for port in (8080, 9090, 8300)
    }
    assert found == {8080: Access.ALLOWED, 9090: Access.ALLOWED, 8300: Access.DENIED}


@pytest.mark.parametrize("granted", [80, 8080])
def test_port_number_is_open_where_service_and_pod_differ(granted):
    """With a Service port of 80 that leads to 8080, either number may be the one that is meant."""
    world = a_topology(services=(a_service("here/shop", ports={80: 8080}),))
    manifests = [a_group(), a_target(version="v1alpha2", port=granted)]
    assert access(manifests, a_cell(port=80), world) is Access.OPEN
    assert access(manifests, a_cell("client-b", port=80), world) is Access.DENIED


def test_whether_an_http_port_takes_other_bytes_is_open():
    """A TCPRoute opens it, and a mesh that knows it for HTTP may refuse them; without a grant they are denied."""
    manifests = [a_tcp_route("tcp"), a_target(rules=[tcp_rule("tcp")])]
    raw = a_cell(request=TCP)
    assert access(manifests, raw) is Access.OPEN
    assert access([a_group(), a_target()], raw) is Access.DENIED
    assert access(manifests, a_cell("client-b", request=TCP)) is Access.DENIED


def test_port_without_a_listener_is_no_refusal():
    """Silence on a port that nobody serves is evidence of nothing, so it is open."""
    assert access([], a_cell(port=7)) is Access.OPEN


def test_unknown_names_and_foreign_short_names_are_errors_of_the_scenario():
    """A typing error must not read as a refusal."""
    with pytest.raises(ScenarioError, match="no Service 'here/shpo'"):
        access([], a_cell(target="shpo"))
    with pytest.raises(ScenarioError, match="no workload 'here/nobody'"):
        access([], a_cell("nobody"))
    with pytest.raises(ScenarioError, match="means another Service"):
        access([], a_cell("there/client-a", form=AddressForm.SHORT))
