"""Grants as the rules of a destination's sidecar."""

import pytest

from conformance.refmesh.translate import names
from conformance.tests.doubles.mesh_worlds import shop_world, snapshots
from conformance.tests.doubles.smi_objects import (
    a_binding,
    a_group,
    a_port_route,
    a_rule,
    a_target,
    an_account,
    an_entry,
)

TCP_RULE = a_rule("ports", "TCPRoute")


def http_policies(*objects, sidecar="here/shop-0", port=8080):
    """The RBAC policies that HTTP calls to a pod's port meet."""
    routes = snapshots([*shop_world(), *objects])[sidecar].routes["policy"]["virtual_hosts"][0]["routes"]
    (route,) = [one for one in routes if marks(one) == names.inbound(port)]
    return route["typed_per_filter_config"][names.RBAC]["rbac"]["rules"]["policies"]


def tcp_chain(*objects, sidecar="here/shop-0", port=8300):
    (chain,) = snapshots([*shop_world(), *objects])[sidecar].listeners[names.inbound(port)]["filter_chains"]
    return chain


def tcp_policies(*objects, **where):
    return tcp_chain(*objects, **where)["filters"][0]["typed_config"]["rules"]["policies"]


def admitted(*objects):
    """The names that the TLS handshake of the shop's TCP port accepts."""
    context = tcp_chain(*objects)["transport_socket"]["typed_config"]["common_tls_context"]
    default = context["combined_validation_context"]["default_validation_context"]
    return [one["matcher"]["exact"] for one in default["match_typed_subject_alt_names"]]


def marks(route):
    return route["match"]["filter_state"][0]["string_match"]["exact"]


def spiffe(account, namespace="here"):
    return f"spiffe://cluster.local/ns/{namespace}/sa/{account}"


def callers(policies):
    return sorted(
        one["authenticated"]["principal_name"]["exact"]
        for policy in policies.values()
        for one in policy["principals"]
    )


def test_nobody_is_let_in_without_grants():
    """No policies in an ALLOW rule set let nobody in, on HTTP and on raw TCP."""
    assert http_policies() == {}
    assert tcp_policies() == {}


def test_filter_denies_where_a_route_says_nothing():
    """The HTTP filter itself has no policies, so a route that lost its rules is closed."""
    listener = snapshots(shop_world())["here/shop-0"].listeners[names.inbound(8080)]
    manager = listener["filter_chains"][0]["filters"][-1]["typed_config"]
    assert manager["http_filters"][0]["typed_config"]["rules"] == {"action": "ALLOW", "policies": {}}


def test_every_port_of_a_sidecar_asks_for_a_certificate():
    """Nobody gets in without proving an identity, whatever the protocol."""
    for name, listener in snapshots(shop_world())["here/shop-0"].listeners.items():
        is_inbound = name in {names.inbound(8080), names.inbound(8300)}
        sockets = [chain.get("transport_socket") for chain in listener["filter_chains"]]
        assert (
            all(one["typed_config"]["require_client_certificate"] for one in sockets if one) or not is_inbound
        )
        assert all(sockets) is is_inbound


def test_grant_names_its_sources_and_opens_its_destination_only():
    """Other pods, and the namesake in another namespace, stay closed."""
    objects = (a_target(sources=[an_account("client-a"), an_account("client-a", "there")]), a_group())
    assert callers(http_policies(*objects)) == [spiffe("client-a"), spiffe("client-a", "there")]
    assert http_policies(*objects, sidecar="here/bank-0") == {}
    assert http_policies(*objects, sidecar="there/shop-0") == {}


def test_each_grant_keeps_its_own_policy():
    """Sources of one target are not paired with routes of another."""
    other = a_target(name="two", sources=[an_account("client-b")], rules=[a_rule("b")])
    policies = http_policies(
        a_target(), a_group(), other, a_group("v1alpha4", an_entry(pathRegex="/b"), name="b")
    )
    assert {name: callers({name: one}) for name, one in policies.items()} == {
        "TrafficTarget here/shop #1": [spiffe("client-a")],
        "TrafficTarget here/two #1": [spiffe("client-b")],
    }


def test_route_group_alone_does_not_open_raw_tcp():
    """Bytes that are not HTTP need a TCPRoute."""
    objects = (a_target(), a_group())
    assert tcp_policies(*objects) == {}
    assert admitted(*objects) == ["nobody:"]


@pytest.mark.parametrize(("ports", "is_open"), [([8300], True), ([], True), ([8301], False)])
def test_tcp_route_opens_the_ports_it_lists(ports, is_open):
    """Both the handshake and the rules let in the source, and nobody else."""
    objects = (a_target(rules=[TCP_RULE]), a_port_route(ports=ports))
    assert callers(tcp_policies(*objects)) == ([spiffe("client-a")] if is_open else [])
    assert admitted(*objects) == ([spiffe("client-a")] if is_open else ["nobody:"])


def test_tcp_route_alone_lets_http_through():
    """HTTP is carried by TCP, and no route narrows it."""
    (policy,) = http_policies(a_target(rules=[TCP_RULE]), a_port_route(ports=[8080])).values()
    assert policy["permissions"] == [{"any": True}]


def test_labels_are_checked_by_certificate_and_address():
    """A label is nothing a certificate proves, so the pod is known by its account together with its
    address.
    """
    binding = a_binding(podLabelSelector={"matchLabels": {"app": "client-a"}})
    target = a_target(sources=[an_account("callers", kind="IdentityBinding")])
    (policy,) = http_policies(target, a_group(), binding).values()
    found = [[*(rule for rule in one["and_ids"]["ids"])] for one in policy["principals"]]
    assert [
        (who["authenticated"]["principal_name"]["exact"], where["direct_remote_ip"]["address_prefix"])
        for who, where in found
    ] == [(spiffe("client-a"), "127.9.0.1"), (spiffe("lookalike"), "127.9.0.3")]


def test_labels_that_no_pod_has_let_nobody_in():
    """A policy without principals would be refused by Envoy, and with it every later change."""
    binding = a_binding(podLabelSelector={"matchLabels": {"app": "nobody"}})
    target = a_target(sources=[an_account("callers", kind="IdentityBinding")], rules=[TCP_RULE])
    assert http_policies(target, binding, a_port_route()) == {}
    assert admitted(target, binding, a_port_route()) == ["nobody:"]


def test_conditions_of_an_entry_are_all_required():
    """Path, method and headers of one entry stand in one conjunction; the path is anchored at its start
    only.
    """
    entry = an_entry(pathRegex="/api", methods=["PUT", "GET"], headers={"Host": "shop.*"})
    (policy,) = http_policies(a_target(), a_group("v1alpha4", entry)).values()
    assert policy["permissions"] == [
        {
            "and_rules": {
                "rules": [
                    {"header": {"name": ":authority", "string_match": {"safe_regex": {"regex": "shop.*"}}}},
                    {"header": {"name": ":method", "string_match": {"safe_regex": {"regex": "GET|PUT"}}}},
                    {"url_path": {"path": {"safe_regex": {"regex": "(?:/api).*"}}}},
                ]
            }
        }
    ]


def test_grant_without_requests_leaves_no_policy():
    """An empty list of requests must not become "any request"."""
    assert http_policies(a_target(rules=[a_rule(matches=["misspelt"])]), a_group()) == {}
