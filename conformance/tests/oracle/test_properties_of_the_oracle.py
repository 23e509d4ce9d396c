"""What holds for every policy, whatever it says."""

from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.model.manifest import Manifest
from conformance.oracle import expected_table
from conformance.oracle.threeway import rank
from conformance.tests.doubles.asking import TCP, a_cell
from conformance.tests.doubles.small_world import a_topology
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

_WORLD = a_topology()
_CELLS = [
    *(
        a_cell(source, target, port, f"{method} {path}")
        for source in ("client-a", "client-b", "there/client-a", "outside/outsider")
        for target in ("shop", "website", "there/shop")
        for port in (8080, 9090)
        for method, path in (("GET", "/a"), ("POST", "/b/c"))
    ),
    a_cell("client-a", "shop", 8300, TCP),
    a_cell("client-a", "website", 8301, TCP),
]

_versions = st.sampled_from(["v1alpha1", "v1alpha2", "v1alpha3", "v1alpha4"])
_subjects = st.builds(
    account,
    st.sampled_from(["client-a", "client-b", "shop"]),
    st.sampled_from(["here", "there", None]),
    st.sampled_from(["ServiceAccount", "ServiceAccount", "Group"]),
)
_rules = st.one_of(
    st.builds(
        http_rule, st.sampled_from(["one", "two", "ghost"]), st.sampled_from([None, [], ["x"], ["x", "y"]])
    ),
    st.builds(tcp_rule, st.sampled_from(["ports", "ghost"])),
)
_entries = st.builds(
    an_entry,
    st.sampled_from(["x", "y"]),
    st.sampled_from([".*", "/a$", "/b", "/b(", None]),
    st.sampled_from([["GET"], ["*"], None]),
)


@st.composite
def _policies(draw) -> list[Manifest]:
    groups = [
        a_group(name, *draw(st.lists(_entries, min_size=1, max_size=3)), version=draw(_versions))
        for name in ("one", "two")
    ]
    targets = [
        a_target(
            f"t{number}",
            sources=draw(st.lists(_subjects, max_size=3)),
            destination=draw(st.sampled_from(["shop", "website-v1", "website-v2"])),
            rules=draw(st.lists(_rules, max_size=3)),
            version=draw(_versions),
            port=draw(st.sampled_from([None, 8080])),
        )
        for number in range(draw(st.integers(0, 3)))
    ]
    split = a_split({"website-v1": draw(st.integers(0, 2)), "website-v2": 1}, version=draw(_versions))
    ports = a_tcp_route("ports", *draw(st.sampled_from([(), (8080, 8300)])), version=draw(_versions))
    return [*groups, *targets, ports, *([split] if draw(st.booleans()) else [])]


def _table(manifests):
    return expected_table(manifests, _WORLD, _CELLS)


@settings(max_examples=60, deadline=None)
@given(_policies(), st.randoms(use_true_random=False))
def test_order_of_objects_and_lists_does_not_matter(manifests, random):
    """Shuffling objects, sources, rules and entries changes no answer."""
    shuffled = [Manifest(_shuffled(one.body, random)) for one in random.sample(manifests, len(manifests))]
    before, after = _table(manifests), _table(shuffled)
    assert {cell: one.access for cell, one in before.items()} == {
        cell: one.access for cell, one in after.items()
    }


def _shuffled(value, random):
    if isinstance(value, dict):
        return {key: _shuffled(one, random) for key, one in value.items()}
    if isinstance(value, list):
        return [_shuffled(one, random) for one in random.sample(value, len(value))]
    return value


@settings(max_examples=60, deadline=None)
@given(_policies())
def test_unrelated_objects_change_nothing(manifests):
    """Routes nobody refers to, and a target and a split of other Services, leave every answer alone."""
    unrelated = [
        a_group("catch-all"),
        a_tcp_route("catch-all"),
        a_target("elsewhere", destination="bank", rules=[http_rule("catch-all"), tcp_rule("catch-all")]),
        a_split({"shop": 1}, root="bank", name="elsewhere"),
    ]
    assert _table([*manifests, *unrelated]) == _table(manifests)


@settings(max_examples=60, deadline=None)
@given(_policies(), st.integers(0, 2))
def test_removing_a_target_opens_nothing(manifests, number):
    """There is no negative rule: with fewer targets no cell gets more generous."""
    fewer = [one for one in manifests if (one.kind, one.name) != ("TrafficTarget", f"t{number}")]
    before, after = _table(manifests), _table(fewer)
    opened = [str(cell) for cell in _CELLS if rank(after[cell].access) > rank(before[cell].access)]
    assert opened == []
