"""What a change of policy touches, and what it must leave alone."""

import json

import pytest

from conformance.tests.doubles.mesh_worlds import a_pipeline, a_pod, shop_world, snapshots, website_world
from conformance.tests.doubles.smi_objects import (
    a_group,
    a_port_route,
    a_rule,
    a_split,
    a_target,
    an_account,
    an_entry,
)

RICH = (
    a_target(),
    a_group("v1alpha4", an_entry(), an_entry("b", headers={"x": "y"})),
    a_target(name="raw", rules=[a_rule("ports", "TCPRoute")]),
    a_port_route(ports=[8300]),
    a_split(matches=[{"kind": "HTTPRouteGroup", "name": "routes"}]),
    a_split(root="website-v1", backends={"website-v2": 1, "ghost": 1}),
)


def objects_in(value):
    """Every JSON object inside *value*."""
    if isinstance(value, dict):
        yield value
    for one in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects_in(one)


def clusters_named(value):
    for one in objects_in(value):
        if isinstance(one.get("cluster"), str):
            yield one["cluster"]
        yield from (share["name"] for share in one.get("weighted_clusters", {}).get("clusters", ()))


def marks_of(snapshot):
    (host,) = snapshot.routes["policy"]["virtual_hosts"]
    return {route["match"]["filter_state"][0]["string_match"]["exact"] for route in host["routes"]}


@pytest.mark.parametrize("world", [shop_world, website_world])
@pytest.mark.parametrize("policy", [(), RICH])
def test_snapshot_is_consistent(world, policy):
    """Every cluster that is named is there, and every HTTP listener has a route."""
    for snapshot in snapshots([*world(), *policy]).values():
        named = {
            name for part in (snapshot.routes, snapshot.listeners) for name in clusters_named(dict(part))
        }
        assert named
        assert named <= snapshot.clusters.keys()
        http = {name for name, one in snapshot.listeners.items() if '"rds"' in json.dumps(one)}
        assert http == marks_of(snapshot)


@pytest.mark.parametrize("world", [shop_world, website_world])
def test_policy_touches_neither_clusters_nor_http_listeners(world):
    """So a change of HTTP policy is one route configuration, which Envoy takes over in one piece."""
    before, after = snapshots(world()), snapshots([*world(), *RICH])
    for sidecar, old in before.items():
        new = after[sidecar]
        assert new.clusters == old.clusters
        assert {name: one for name, one in new.listeners.items() if "8300" not in name} == {
            name: one for name, one in old.listeners.items() if "8300" not in name
        }


def test_tcp_listener_does_not_change_with_somebody_elses_grant():
    """Its connections would be cut, although nothing about them changed."""
    raw = (a_target(name="raw", rules=[a_rule("ports", "TCPRoute")]), a_port_route())
    other = (a_target(name="a", destination=an_account("bank")), a_target(name="b"), a_group())
    before, after = snapshots([*shop_world(), *raw]), snapshots([*shop_world(), *raw, *other])
    assert after["here/shop-0"].listeners == before["here/shop-0"].listeners


def test_policy_touches_only_the_sidecars_it_is_about():
    """A grant is told to its destination alone."""
    before, after = snapshots(shop_world()), snapshots([*shop_world(), a_target(), a_group()])
    assert [sidecar for sidecar in before if after[sidecar] != before[sidecar]] == ["here/shop-0"]


def test_pipeline_keeps_nothing_of_an_earlier_policy():
    """What is deleted is gone, whatever came before."""
    pipeline = a_pipeline()
    fresh = pipeline.run(shop_world())
    pipeline.run([*shop_world(), *RICH])
    assert pipeline.run(shop_world()) == fresh


def test_pipeline_follows_the_world():
    """A new pod is known in the run after it appeared, though what the world alone decides is kept."""
    pipeline = a_pipeline()
    pipeline.run(shop_world())
    grown = pipeline.run([*shop_world(), a_pod("newcomer", 20)])
    assert grown["here/newcomer-0"].clusters.keys() >= {"application|8080", "service|here/shop|8080"}
    assert "pod|here/newcomer-0|8080" in grown["here/shop-0"].clusters


def test_snapshots_do_not_depend_on_the_order_of_objects():
    """The same objects in another order are the same snapshots, so nobody is woken."""
    objects = [*shop_world(), *RICH]
    assert snapshots(objects) == snapshots(objects[::-1])
