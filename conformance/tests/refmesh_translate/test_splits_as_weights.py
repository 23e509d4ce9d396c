"""Splits as the routes of a caller's sidecar."""

import pytest

from conformance.tests.doubles.mesh_worlds import a_pod, a_service, snapshots, website_world
from conformance.tests.doubles.smi_objects import a_group, a_split, an_entry

REFERENCE = {"kind": "HTTPRouteGroup", "name": "routes"}


def routes(*objects, to="here/website", port=8080, world=None):
    """The routes that a caller's calls to a Service's port meet, in order."""
    snapshot = snapshots([*(world or website_world()), *objects])["here/client-a-0"]
    listed = snapshot.routes["policy"]["virtual_hosts"][0]["routes"]
    wanted = f"service|{to}|{port}"
    return [one for one in listed if one["match"]["filter_state"][0]["string_match"]["exact"] == wanted]


def weights(*objects, **where):
    """The weights by Service, of the only route."""
    (route,) = routes(*objects, **where)
    return weights_of(route)


def weights_of(route):
    clusters = route["route"]["weighted_clusters"]["clusters"]
    return {one["name"].split("|")[1]: one["weight"] for one in clusters}


def plain(name):
    return {"cluster": name, "timeout": "0s", "idle_timeout": "0s"}


def test_service_without_a_split_is_called_as_it_is():
    """Calls go to the Service's own endpoints."""
    (route,) = routes()
    assert route["route"] == plain("service|here/website|8080")


@pytest.mark.parametrize("port", [8080, 9090])
def test_split_shares_out_each_port_of_its_root(port):
    """Weights stay as they are written; Envoy needs no percent."""
    split = a_split(backends={"website-v1": 1000, "website-v2": 500})
    assert weights(split, port=port) == {"here/website-v1": 1000, "here/website-v2": 500}


def test_split_leaves_everything_but_its_root_alone():
    """Backends' own Services, and a root of the same name elsewhere, are called as they are."""
    for other in ("here/website-v1", "there/website"):
        (route,) = routes(a_split(), to=other)
        assert route["route"] == plain(f"service|{other}|8080")


def test_zero_weight_and_missing_backends_are_left_out():
    """Neither takes part; the rest shares what there is."""
    split = a_split(backends={"website-v1": 50, "website-v2": 0, "ghost": 50})
    assert weights(split) == {"here/website-v1": 50}


def test_backend_without_the_port_is_left_out_on_that_port():
    """A backend takes part for a port only if its Service has that port."""
    narrow = a_service("narrow", 9, selector={"app": "website"}, ports=[{"name": "http-8080", "port": 8080}])
    split = a_split(backends={"website-v1": 1, "narrow": 1})
    world = [*website_world(), narrow]
    assert weights(split, world=world) == {"here/website-v1": 1, "here/narrow": 1}
    assert weights(split, world=world, port=9090) == {"here/website-v1": 1}


@pytest.mark.parametrize(
    "backends", [{}, {"website-v1": 0, "website-v2": 0}, {"ghost": 1}, {"website-v1": -1}]
)
def test_split_with_nowhere_to_send_to_fails_its_calls(backends):
    """Neither equal shares nor the root stand in for weights that are all zero."""
    (route,) = routes(a_split(backends=backends))
    assert route["direct_response"]["status"] == 503


def test_backend_listed_twice_has_the_sum_of_its_weights():
    """Duplicates add up."""
    split = a_split(backends=[("website-v1", 25), ("website-v2", 50), ("website-v1", 25)])
    assert weights(split) == {"here/website-v1": 50, "here/website-v2": 50}


def test_backend_that_is_a_root_too_is_a_plain_service():
    """Splits do not nest, and a cycle is no loop."""
    outer = a_split(backends={"website-v1": 1})
    inner = a_split(backends={"website": 1}, root="website-v1")
    assert weights(outer, inner) == {"here/website-v1": 1}
    assert weights(outer, inner, to="here/website-v1") == {"here/website": 1}


def test_first_of_several_splits_holds_in_full():
    """Two splits of one root are never mixed, and the other takes over when the first is gone."""
    one, two = a_split(backends={"website-v1": 1}), a_split(backends={"website-v2": 1})
    two["metadata"]["name"] = "another"
    assert weights(one, two) == weights(two, one) == {"here/website-v2": 1}
    assert weights(one) == {"here/website-v1": 1}


def test_huge_weights_fit_into_32_bits_and_keep_their_ratio():
    """Envoy adds weights up in 32 bits; a small share is not rounded away."""
    huge = weights(a_split(backends={"website-v1": 3 * 2**60, "website-v2": 2**60, "website-v3": 1}))
    assert sum(huge.values()) < 2**32
    assert huge["here/website-v1"] / huge["here/website-v2"] == pytest.approx(3)
    assert huge["here/website-v3"] == 1


def test_split_with_matches_sends_the_rest_to_the_root():
    """Requests that fit any match are shared out; whatever fits none meets the root's own endpoints."""
    split = a_split(backends={"website-v2": 1}, matches=[REFERENCE])
    entries = [an_entry("a", headers={"user-agent": ".*Firefox.*"}), an_entry("b", pathRegex="/beta")]
    by_header, by_path, rest = routes(split, a_group("v1alpha4", *entries))
    assert by_header["match"]["headers"] == [
        {"name": "user-agent", "string_match": {"safe_regex": {"regex": ".*Firefox.*"}}}
    ]
    assert by_path["match"]["safe_regex"] == {"regex": "(?:/beta).*"}
    assert weights_of(by_header) == weights_of(by_path) == {"here/website-v2": 1}
    assert rest["route"] == plain("service|here/website|8080")


def test_split_whose_matches_lead_nowhere_moves_nobody():
    """Everybody meets the root, as if there were no split."""
    (rest,) = routes(a_split(backends={"website-v2": 1}, matches=[REFERENCE]))
    assert rest["route"] == plain("service|here/website|8080")


def test_raw_tcp_is_shared_out_by_connection():
    """A TCP port of the root has weights of its own; with matches, which raw TCP cannot fit, it is left
    alone.
    """
    tcp = [{"name": "tcp-8300", "port": 8300}]
    world = [
        a_pod("client-a", 1, ports={}),
        *(a_pod(f"website-v{one}", one + 1) for one in (1, 2)),
        a_service("website", 1, ports=tcp),
        *(a_service(f"website-v{one}", one + 1, ports=tcp) for one in (1, 2)),
    ]

    def proxied(*objects):
        listener = snapshots([*world, *objects])["here/client-a-0"].listeners["service|here/website|8300"]
        return listener["filter_chains"][0]["filters"][0]["typed_config"]

    clusters = proxied(a_split())["weighted_clusters"]["clusters"]
    assert [one["weight"] for one in clusters] == [1, 1]
    assert proxied(a_split(matches=[REFERENCE]), a_group())["cluster"] == "service|here/website|8300"
    assert proxied(a_split(backends={"website-v1": 0}))["cluster"] == "nowhere"
