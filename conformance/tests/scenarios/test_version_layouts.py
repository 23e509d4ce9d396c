"""How each version lays out each kind. Written by hand from the documents of smi-spec."""

import pytest

from conformance.model.scenario import Scenario
from conformance.scenario import render
from conformance.scenario.checks import stated_bundle
from conformance.spec import ApiGroup, ApiVersion, Bundle

V1, V2, V3, V4 = ApiVersion
SHOP = {"kind": "ServiceAccount", "name": "shop", "namespace": "smi-here"}
CALLER = {"kind": "ServiceAccount", "name": "client-a", "namespace": "smi-here"}
RULES = [{"kind": "HTTPRouteGroup", "name": "routes", "matches": ["metrics"]}]
MATCHES = [{"name": "metrics", "pathRegex": "/metrics$", "methods": ["GET"]}]


def _head(group: str, version: str, kind: str, name: str) -> dict:
    return {
        "apiVersion": f"{group}.smi-spec.io/{version}",
        "kind": kind,
        "metadata": {"name": name, "namespace": "smi-here"},
    }


TARGETS = {
    V1: {"destination": SHOP, "specs": RULES, "sources": [CALLER]},
    V2: {"spec": {"destination": SHOP, "rules": RULES, "sources": [CALLER]}},
    V3: {"spec": {"destination": SHOP, "rules": RULES, "sources": [CALLER]}},
    V4: {"spec": {"destination": SHOP, "rules": RULES, "sources": [CALLER]}},
}
GROUPS = {
    V1: {"matches": MATCHES},
    V2: {"matches": MATCHES},
    V3: {"spec": {"matches": MATCHES}},
    V4: {"spec": {"matches": MATCHES}},
}
TCP_ROUTES = {V1: {}, V2: {}, V3: {"spec": {}}, V4: {"spec": {"matches": {"ports": []}}}}


def _bodies(scenario: Scenario, bundle: Bundle, world, namespaces, **options) -> list:
    rendered = render(scenario, scenario.versions[0], bundle, world, namespaces, **options)
    return [manifest.body for step in rendered.steps for manifest in step.apply]


@pytest.mark.parametrize("version", ApiVersion)
def test_traffic_target_has_the_layout_of_its_version(read, world, namespaces, version):
    """v1alpha1 keeps its fields at the root and calls the rules specs; later versions nest them."""
    bodies = _bodies(read(), stated_bundle(ApiGroup.ACCESS, version), world, namespaces)
    assert bodies[1] == {**_head("access", version.value, "TrafficTarget", "shop"), **TARGETS[version]}


@pytest.mark.parametrize("version", ApiVersion)
def test_route_group_has_the_layout_of_its_version(read, world, namespaces, version):
    """Matches stand at the root up to v1alpha2 and under spec from v1alpha3 on."""
    bodies = _bodies(read(), stated_bundle(ApiGroup.SPECS, version), world, namespaces)
    assert bodies[0] == {**_head("specs", version.value, "HTTPRouteGroup", "routes"), **GROUPS[version]}


@pytest.mark.parametrize("version", ApiVersion)
def test_tcp_route_without_ports_has_the_layout_of_its_version(read, world, namespaces, version):
    """A TCPRoute has no body, then an empty spec, then an empty list of ports that means all."""
    scenario = read(("      - HTTPRouteGroup", "      - TCPRoute: tcp\n      - HTTPRouteGroup"))
    bodies = _bodies(scenario, stated_bundle(ApiGroup.SPECS, version), world, namespaces)
    assert bodies[0] == {**_head("specs", version.value, "TCPRoute", "tcp"), **TCP_ROUTES[version]}


SPLIT = """\
id: traffic-split/an-example
shows: [split.weights.relative]
versions: [{version}]
summary: An example.
why: To be rendered.
steps:
  - name: two backends
    apply:
      - TrafficSplit: rollout
        service: website
        backends: {{website-v1: {first}, website-v2: {second}}}
    split: {{from: client-a, to: website, request: GET /}}
"""


@pytest.mark.parametrize(
    ("version", "first", "second", "weights"),
    [
        (V1, '"1"', "500m", ["1", "500m"]),
        (V1, "90", "10", [90, 10]),
        (V2, "90", "10", [90, 10]),
        (V3, "90", "10", [90, 10]),
        (V4, "90", "10", [90, 10]),
    ],
)
def test_split_has_the_layout_of_its_version(read_text, world, namespaces, version, first, second, weights):
    """Every version nests under spec; quantities stay the text they are."""
    scenario = read_text("traffic-split", SPLIT.format(version=version.value, first=first, second=second))
    bodies = _bodies(scenario, stated_bundle(ApiGroup.SPLIT, version), world, namespaces)
    backends = [{"service": f"website-v{at}", "weight": weight} for at, weight in enumerate(weights, start=1)]
    assert bodies == [
        {
            **_head("split", version.value, "TrafficSplit", "rollout"),
            "spec": {"service": "website", "backends": backends},
        }
    ]


def test_split_refers_to_groups_by_kind_and_name(read_text, world, namespaces):
    """A split's matches are references to whole route groups."""
    plain = SPLIT.format(version="v1alpha4", first=0, second=1)
    start = "      - TrafficSplit: rollout\n"
    group = "      - {HTTPRouteGroup: users, matches: [{name: all}]}\n"
    text = plain.replace(start, f"{group}{start}        matches: [users]\n")
    bodies = _bodies(read_text("traffic-split", text), stated_bundle(ApiGroup.SPLIT, V4), world, namespaces)
    assert bodies[1]["spec"]["matches"] == [{"kind": "HTTPRouteGroup", "name": "users"}]


@pytest.mark.parametrize("version", [V1, V2])
def test_port_stands_in_the_destination(read, world, namespaces, version):
    """Up to v1alpha2 a target's port is a field of its destination."""
    versions = ("v1alpha1, v1alpha2, v1alpha3, v1alpha4", "v1alpha1, v1alpha2")
    scenario = read(versions, ("destination: shop", "destination: shop\n        port: 8080"))
    bodies = _bodies(scenario, stated_bundle(ApiGroup.ACCESS, version), world, namespaces)
    body = bodies[1].get("spec", bodies[1])
    assert body["destination"] == {**SHOP, "port": 8080}


HEADERS = """\
id: traffic-specs/an-example
shows: [specs.http.headers-several-and]
versions: [v1alpha4]
summary: An example.
why: To be rendered.
steps:
  - name: two headers
    apply:
      - {HTTPRouteGroup: routes, matches: [{name: both, headers: {x-b: 1.*, x-a: 2.*}}]}
    ask: {from: [client-a], to: [shop], requests: [GET /]}
"""


@pytest.mark.parametrize("shape", ["map", "list"])
def test_headers_take_the_shape_of_the_installed_schema(read_text, world, namespaces, shape):
    """Header filters are one map, or a list of maps with one pair each, in their order."""
    bundle = stated_bundle(ApiGroup.SPECS, V4)
    bodies = _bodies(read_text("traffic-specs", HEADERS), bundle, world, namespaces, headers_shape=shape)
    expected = {"map": {"x-b": "1.*", "x-a": "2.*"}, "list": [{"x-b": "1.*"}, {"x-a": "2.*"}]}
    assert bodies[0]["spec"]["matches"][0]["headers"] == expected[shape]
