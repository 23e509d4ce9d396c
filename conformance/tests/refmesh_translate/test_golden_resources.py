"""Whole resources, letter by letter, for what people will look at in Envoy's admin pages."""

import json
from pathlib import Path

import pytest

from conformance.tests.doubles.mesh_worlds import shop_world, snapshots, website_world
from conformance.tests.doubles.smi_objects import a_group, a_port_route, a_rule, a_split, a_target, an_entry

GOLDEN = Path(__file__).parent / "golden"


def routes(snapshot, listener):
    listed = snapshot.routes["policy"]["virtual_hosts"][0]["routes"]
    return [one for one in listed if one["match"]["filter_state"][0]["string_match"]["exact"] == listener]


def http_grant():
    return routes(
        snapshots([*shop_world(), a_target("v1alpha1"), a_group("v1alpha1")])["here/shop-0"], "inbound|8080"
    )


def tcp_grant():
    objects = [*shop_world(), a_target(rules=[a_rule("ports", "TCPRoute")]), a_port_route(ports=[8300])]
    return snapshots(objects)["here/shop-0"].listeners["inbound|8300"]


def http_listener():
    return snapshots(shop_world())["here/shop-0"].listeners["inbound|8080"]


def split_with_matches():
    split = a_split(matches=[{"kind": "HTTPRouteGroup", "name": "routes"}])
    group = a_group("v1alpha3", an_entry(headers=[{"User-Agent": ".*Firefox.*"}]))
    snapshot = snapshots([*website_world(), split, group])["here/client-a-0"]
    return routes(snapshot, "service|here/website|8080")


def service_cluster():
    return snapshots(shop_world())["here/client-a-0"].clusters["service|here/shop|8080"]


@pytest.mark.parametrize(
    "make",
    [http_grant, tcp_grant, http_listener, split_with_matches, service_cluster],
    ids=lambda one: one.__name__,
)
def test_resource_is_as_recorded(make):
    """A change to what Envoy is told shows in the golden file, where a reviewer sees it whole."""
    recorded = json.loads((GOLDEN / f"{make.__name__.replace('_', '-')}.json").read_text())
    assert make() == recorded
