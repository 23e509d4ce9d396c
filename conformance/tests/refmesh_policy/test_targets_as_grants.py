"""What the reference mesh understands of TrafficTargets, in each version."""

import pytest

from conformance.refmesh.policy import Grant, HttpMatch, Identity
from conformance.refmesh.reading import read_policy
from conformance.tests.doubles.smi_objects import (
    VERSIONS,
    a_group,
    a_port_route,
    a_rule,
    a_target,
    an_account,
    an_entry,
)

METRICS = HttpMatch(path="/metrics", methods=frozenset({"GET"}))
SHOP = Identity("here", "shop")
CLIENT_A = Identity("here", "client-a")


def grants(*objects):
    return read_policy(objects).grants


def only_grant(*objects):
    (grant,) = grants(*objects)
    return grant


@pytest.mark.parametrize("version", VERSIONS)
def test_target_in_each_version_grants_its_route_to_its_source(version):
    """The same grant, written in each version's own layout, is understood the same."""
    assert grants(a_target(version), a_group()) == (
        Grant(
            destination=SHOP,
            sources=frozenset({CLIENT_A}),
            http=(METRICS,),
            origin="TrafficTarget here/shop",
        ),
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_target_in_the_layout_of_another_version_grants_nothing(version):
    """Fields where this version does not have them are not there at all."""
    other = "v1alpha2" if version == "v1alpha1" else "v1alpha1"
    misplaced = {**a_target(other), "apiVersion": f"access.smi-spec.io/{version}"}
    assert grants(misplaced, a_group()) == ()


@pytest.mark.parametrize(
    ("version", "expected"), list(zip(VERSIONS, ({8080}, {8080}, None, None), strict=True))
)
def test_destination_port_exists_up_to_v1alpha2(version, expected):
    """destination.port narrows the grant in v1alpha1 and v1alpha2; later versions have no such field."""
    ports = only_grant(a_target(version, port=8080), a_group()).ports
    assert ports == (frozenset(expected) if expected else None)


@pytest.mark.parametrize("port", ["8080", 0, -1, 65536, 8080.5, True])
def test_destination_port_that_is_no_port_opens_none(port):
    """A port that cannot be read must not leave every port open."""
    assert only_grant(a_target("v1alpha2", port=port), a_group()).ports == frozenset()


@pytest.mark.parametrize("version", VERSIONS)
def test_several_sources_are_each_granted(version):
    """Sources are alternatives, and each is a namespace with a name."""
    sources = [an_account("client-a"), an_account("client-a", "there")]
    granted = only_grant(a_target(version, sources=sources), a_group()).sources
    assert granted == {CLIENT_A, Identity("there", "client-a")}


@pytest.mark.parametrize("lacking", ["sources", "rules"])
@pytest.mark.parametrize("version", VERSIONS)
def test_target_without_sources_or_rules_grants_nothing(version, lacking):
    """An empty list is nobody, and no route; never everybody or every route."""
    assert grants(a_target(version, **{lacking: []}), a_group()) == ()


def test_subject_without_namespace_is_in_the_targets_own():
    """An omitted namespace means the target's, for destination and sources alike."""
    target = a_target(
        namespace="there", destination=an_account("shop", None), sources=[an_account("client-a", None)]
    )
    grant = only_grant(target)
    assert (grant.destination, grant.sources) == (Identity("there", "shop"), {Identity("there", "client-a")})


def test_target_for_a_destination_elsewhere_has_no_effect():
    """Whoever may write targets in one namespace cannot open a destination in another."""
    assert grants(a_target(namespace="there", destination=an_account("shop", "here")), a_group()) == ()


@pytest.mark.parametrize("end", ["destination", "sources"])
@pytest.mark.parametrize("kind", ["Group", "User", ""])
def test_subject_of_unknown_kind_is_nobody(kind, end):
    """Only ServiceAccounts (and in v1alpha4 IdentityBindings) are anybody; names alone do not count."""
    subject = an_account("shop" if end == "destination" else "client-a", kind=kind)
    value = subject if end == "destination" else [subject]
    assert grants(a_target(**{end: value}), a_group()) == ()


@pytest.mark.parametrize("matches", [None, []])
def test_rule_without_matches_grants_the_whole_group(matches):
    """Omitted and empty matches both mean all entries."""
    group = a_group("v1alpha4", an_entry("a", pathRegex="/a"), an_entry("b", pathRegex="/b"))
    http = only_grant(a_target(rules=[a_rule(matches=matches)]), group).http
    assert http == (HttpMatch(path="/a"), HttpMatch(path="/b"))


def test_rule_with_matches_grants_the_named_entries_only():
    """Names select entries, whatever their order in the group."""
    group = a_group("v1alpha4", *(an_entry(name, pathRegex=f"/{name}") for name in "abc"))
    http = only_grant(a_target(rules=[a_rule(matches=["c", "a"])]), group).http
    assert http == (HttpMatch(path="/c"), HttpMatch(path="/a"))


def test_unknown_match_name_grants_nothing():
    """A misspelt name neither opens the group nor spoils the other names."""
    assert only_grant(a_target(rules=[a_rule(matches=["metric"])]), a_group()).http == ()
    assert only_grant(a_target(rules=[a_rule(matches=["metric", "metrics"])]), a_group()).http == (METRICS,)


def test_missing_route_group_grants_no_request():
    """A reference that leads nowhere opens nothing, and no raw TCP either."""
    grant = only_grant(a_target())
    assert (grant.http, grant.raw_tcp) == ((), False)


def test_several_groups_add_up():
    """A request that fits any of a target's groups is granted."""
    groups = [a_group("v1alpha4", an_entry(pathRegex=f"/{name}"), name=name) for name in ("one", "two")]
    http = only_grant(a_target(rules=[a_rule("one"), a_rule("two")]), *groups).http
    assert http == (HttpMatch(path="/one"), HttpMatch(path="/two"))


def test_routes_are_looked_up_by_kind():
    """A TCPRoute named as a route group is another thing."""
    named = a_port_route(name="routes", ports=[8300])
    grant = only_grant(a_target(), a_group(), named)
    assert (grant.http, grant.ports, grant.raw_tcp) == ((METRICS,), None, False)


def test_routes_are_looked_up_in_the_targets_namespace():
    """A group of the same name elsewhere plays no part."""
    assert only_grant(a_target(), a_group(namespace="there")).http == ()


@pytest.mark.parametrize("version", VERSIONS[:3])
def test_tcp_route_before_v1alpha4_stands_for_every_port(version):
    """Up to v1alpha3 a TCPRoute has no fields; HTTP is carried by TCP and passes too."""
    grant = only_grant(a_target(rules=[a_rule("ports", "TCPRoute")]), a_port_route(version))
    assert (grant.ports, grant.raw_tcp, grant.http) == (None, True, None)


@pytest.mark.parametrize(
    ("listed", "expected"),
    [([8300, 8302], {8300, 8302}), ([], None), ([73836], set()), ([0, -1, "8300"], set())],
)
def test_tcp_route_ports_are_exactly_the_listed(listed, expected):
    """No port listed means all; a number that is no port neither wraps round nor turns the list into
    "all".
    """
    grant = only_grant(a_target(rules=[a_rule("ports", "TCPRoute")]), a_port_route(ports=listed))
    assert grant.ports == (None if expected is None else frozenset(expected))


def test_several_tcp_routes_open_the_ports_of_each():
    """Ports of several TCPRoutes add up."""
    routes = [a_port_route(ports=[8300], name="a"), a_port_route(ports=[8302], name="b")]
    rules = [a_rule("a", "TCPRoute"), a_rule("b", "TCPRoute")]
    assert only_grant(a_target(rules=rules), *routes).ports == {8300, 8302}


def test_route_group_beside_a_tcp_route_holds_on_its_ports():
    """Both must fit: the route on the port."""
    rules = [a_rule("ports", "TCPRoute"), a_rule()]
    grant = only_grant(a_target(rules=rules), a_port_route(ports=[8080]), a_group())
    assert (grant.http, grant.ports) == ((METRICS,), {8080})


def test_route_group_does_not_spread_when_its_tcp_route_is_missing():
    """The limit that cannot be found is a limit to nothing, not to everything."""
    rules = [a_rule("ports", "TCPRoute"), a_rule()]
    assert only_grant(a_target(rules=rules), a_group()).ports == frozenset()


def test_destination_port_narrows_a_tcp_route():
    """A port on the destination limits every rule of its target."""
    target = a_target("v1alpha2", rules=[a_rule("ports", "TCPRoute")], port=8300)
    assert only_grant(target, a_port_route("v1alpha3")).ports == {8300}
    assert only_grant(target, a_port_route(ports=[8301])).ports == frozenset()


def test_udp_route_is_recorded_and_opens_nothing_else():
    """A UDPRoute does not open TCP or HTTP, and does not spoil the TCPRoute beside it."""
    rules = [a_rule("datagrams", "UDPRoute")]
    datagrams = a_port_route(ports=[8301], name="datagrams", kind="UDPRoute")
    grant = only_grant(a_target(rules=rules), datagrams)
    assert (grant.udp, grant.http, grant.raw_tcp) == (frozenset({8301}), (), False)
    both = only_grant(
        a_target(rules=[*rules, a_rule("ports", "TCPRoute")]), datagrams, a_port_route(ports=[8300])
    )
    assert (both.ports, both.raw_tcp) == ({8300}, True)


def test_udp_route_is_unknown_before_v1alpha3():
    """The kind was added to rules in v1alpha3."""
    datagrams = a_port_route(ports=[8301], name="datagrams", kind="UDPRoute")
    assert (
        only_grant(a_target("v1alpha2", rules=[a_rule("datagrams", "UDPRoute")]), datagrams).udp
        == frozenset()
    )


def test_targets_of_one_destination_stay_apart():
    """Each target pairs its own sources and routes; nothing is merged."""
    one = a_target(name="one")
    two = a_target(name="two", sources=[an_account("client-b")], rules=[a_rule("ports", "TCPRoute")])
    assert [(grant.origin, grant.sources, grant.raw_tcp) for grant in grants(two, one, a_group())] == [
        ("TrafficTarget here/one", {CLIENT_A}, False),
        ("TrafficTarget here/two", {Identity("here", "client-b")}, True),
    ]


def test_policy_does_not_depend_on_the_order_of_objects():
    """The same objects in another order are the same policy."""
    objects = [a_target(name="one"), a_target(name="two"), a_group(), a_port_route()]
    assert read_policy(objects) == read_policy(objects[::-1])


@pytest.mark.parametrize("spec", [None, {}, [], "x", {"destination": [], "rules": "x", "sources": {"a": 1}}])
def test_unreadable_target_disturbs_nothing(spec):
    """What no schema has checked grants nothing and leaves the rest in force."""
    broken = {**a_target(name="broken"), "spec": spec}
    assert [grant.origin for grant in grants(broken, a_target(), a_group())] == ["TrafficTarget here/shop"]
