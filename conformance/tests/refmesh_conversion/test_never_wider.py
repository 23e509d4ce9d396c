"""No rendering grants or moves more than was written, as the oracle reads both.

The oracle knows nothing of conversion: it reads what stands in an object, in whatever version.
"""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.model.expectation import Access
from conformance.model.manifest import Manifest
from conformance.model.traffic import HttpRequest
from conformance.oracle import expected_for_responder, expected_table
from conformance.oracle.threeway import rank
from conformance.refmesh.conversion import convert, written
from conformance.spec import ApiGroup, ApiVersion, bundle_for, kind_named
from conformance.tests.doubles.asking import TCP, a_cell
from conformance.tests.doubles.small_world import a_topology
from conformance.tests.doubles.smi import (
    a_binding,
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
_REQUESTS = (
    HttpRequest(path="/a"),
    HttpRequest(method="POST", path="/b/c"),
    HttpRequest(path="/a", headers=(("x-user", "1"),)),
)
_CELLS = [
    *(
        a_cell(source, target, port, request)
        for source in ("client-a", "client-b", "there/client-a")
        for target in ("shop", "there/shop")
        for port in (8080, 9090)
        for request in _REQUESTS
    ),
    *(a_cell(source, "shop", port, TCP) for source in ("client-a", "client-b") for port in (8300, 8301)),
]
_EVERY = tuple(ApiVersion)
_V1, _V2, _V3, _V4 = _EVERY

_subjects = st.builds(
    account,
    st.sampled_from(["client-a", "client-a", "client-b", "callers"]),
    st.sampled_from(["here", "here", "here", "there", None]),
    st.sampled_from(["ServiceAccount", "ServiceAccount", "IdentityBinding"]),
)
_destinations = st.one_of(
    st.builds(account, st.just("shop"), st.sampled_from(["here", "here", "there", None])),
    st.just(account("shops", kind="IdentityBinding")),
)
_rules = st.one_of(
    st.builds(
        http_rule,
        st.sampled_from(["one", "two", "ghost"]),
        st.sampled_from([None, None, [], ["x"], ["x", "y"]]),
    ),
    st.builds(tcp_rule, st.sampled_from(["ports", "all", "ghost"])),
    st.just({"kind": "UDPRoute", "name": "names"}),
)
_entries = st.builds(
    an_entry,
    st.sampled_from(["x", "y"]),
    st.sampled_from([".*", "/a$", "/b", None]),
    st.sampled_from([["GET"], ["*"], None]),
    st.sampled_from([None, None, {}, {"x-user": "1"}]),
)


def _targets(versions: Sequence[ApiVersion]) -> st.SearchStrategy[list[Manifest]]:
    @st.composite
    def drawn(draw):
        return [
            _target(draw, f"t{number}", draw(st.sampled_from(versions)))
            for number in range(draw(st.integers(1, 2)))
        ]

    return drawn()


def _target(draw: Callable, name: str, version: ApiVersion) -> Manifest:
    early = version in {_V1, _V2}
    rules = draw(st.lists(_rules, min_size=0 if early else 1, max_size=3))
    return a_target(
        name,
        sources=draw(st.lists(_subjects, min_size=0 if early else 1, max_size=2)),
        destination=draw(_destinations),
        rules=[one for one in rules if not early or one["kind"] != "UDPRoute"],
        version=version.value,
        namespace=draw(st.sampled_from(["here", "here", "there"])),
        port=draw(st.sampled_from([None, 8080])) if early else None,
    )


@st.composite
def _groups(draw: Callable, versions: Sequence[ApiVersion] = _EVERY):
    def group(name: str) -> Manifest:
        version = draw(st.sampled_from(versions))
        entries = draw(st.lists(_entries, min_size=1, max_size=3))
        return a_group(name, *(_of(version, one) for one in entries), version=version.value)

    return [group("one"), group("two")]


def _of(version: ApiVersion, entry):
    """Leave to v1alpha1 what it has: no headers, and every other field."""
    if version is not _V1:
        return entry
    told = {"pathRegex": ".*", "methods": ["*"], **entry}
    return {name: value for name, value in told.items() if name != "headers"}


_STANDING = [
    a_tcp_route("ports", 8300, 8080),
    a_tcp_route("all", version="v1alpha3"),
    a_binding("callers", serviceAccount="client-b"),
    a_binding("shops", serviceAccount="shop"),
]


def _told(manifest: Manifest, version: ApiVersion) -> Manifest:
    return Manifest(convert(manifest.body, version))


def _table(manifests):
    return {cell: one.access for cell, one in expected_table(manifests, _WORLD, _CELLS).items()}


def _widened(before: Sequence[Manifest], after: Sequence[Manifest]) -> list[str]:
    was, is_now = _table(before), _table(after)
    return [str(cell) for cell in _CELLS if rank(is_now[cell]) > rank(was[cell])]


@settings(max_examples=150, deadline=None)
@given(_targets(_EVERY), _groups(), st.sampled_from(_EVERY), st.sampled_from(_EVERY))
def test_rendering_grants_no_more_than_was_written(targets, groups, access, specs):
    """Targets and groups of any version, told in any other: no cell of the table gets more generous."""
    told = [*(_told(one, access) for one in targets), *(_told(one, specs) for one in groups)]
    assert _widened([*targets, *groups, *_STANDING], [*told, *_STANDING]) == []


_SERVED = dict.fromkeys((ApiGroup.ACCESS, ApiGroup.SPECS, ApiGroup.SPLIT), _EVERY)


@settings(max_examples=80, deadline=None)
@given(_targets((_V3, _V4)), _groups(), st.sampled_from(_EVERY))
def test_whole_view_of_partner_versions_grants_no_more(targets, groups, access):
    """A TCPRoute cannot be told less than "every port" before v1alpha4; so no target told there leans on it."""
    bundle = bundle_for(ApiGroup.ACCESS, access, _SERVED)
    before = [*targets, *groups, *_STANDING]
    told = []
    for one in before:
        version = bundle.version_of(kind_named(one.kind).group)
        told.append(_told(one, version) if version in kind_named(one.kind).versions else one)
    assert _widened(before, told) == []


_HTTP_AND_TCP = [http_rule("routes"), tcp_rule("ports")]
_ON_8080 = a_cell("client-a", "shop", 8080, "GET /a")
_BY_TCP = a_cell("client-a", "shop", 8300, TCP)
_LIMITED = [
    (a_target(version="v1alpha1", port=8080), _V4, _ON_8080),
    (a_target(version="v1alpha2", port=8080), _V3, _ON_8080),
    (a_target(version="v1alpha2", port=8300, rules=[tcp_rule()]), _V4, _BY_TCP),
    (a_target(version="v1alpha3", rules=_HTTP_AND_TCP), _V2, _ON_8080),
    (a_target(version="v1alpha4", rules=_HTTP_AND_TCP), _V1, _ON_8080),
    (a_target(version="v1alpha4", rules=[tcp_rule()]), _V2, _BY_TCP),
    (a_target(version="v1alpha4", sources=[account("callers", kind="IdentityBinding")]), _V3, _ON_8080),
    (a_target(version="v1alpha4", destination=account("shops", kind="IdentityBinding")), _V1, _ON_8080),
]
"""Targets that say what another version cannot, with a call that they grant."""


@pytest.mark.parametrize(("target", "version", "cell"), _LIMITED, ids=str)
def test_what_a_version_cannot_say_it_does_not_grant(target, version, cell):
    """Such a rendering grants nothing at all, whatever a mesh makes of a route that is missing."""
    others = [a_group(), a_binding("callers", serviceAccount="client-a"), *_STANDING[:2], _STANDING[3]]
    assert _table([target, *others])[cell] is Access.ALLOWED
    assert set(_table([_told(target, version), *others]).values()) == {Access.DENIED}


def test_route_that_an_early_version_never_knew_is_not_granted_by_a_later_one():
    """Where a schema let a UDPRoute through into v1alpha2, it meant nothing there."""
    rule = {"kind": "UDPRoute", "name": "names"}
    rules = _told(a_target(version="v1alpha2", rules=[http_rule(), rule]), _V4).body["spec"]["rules"]
    assert rules == [http_rule(), {"kind": "UDPRoute", "name": "names:see-v1alpha2"}]


def test_binding_that_an_early_version_never_knew_is_not_granted_by_a_later_one():
    """A subject of that kind is nobody before v1alpha4, and stays nobody."""
    target = a_target(version="v1alpha3", sources=[account("callers", kind="IdentityBinding")])
    others = [a_group(), a_binding("callers", serviceAccount="client-a")]
    assert set(_table([_told(target, _V4), *others]).values()) == {Access.DENIED}


def _pieces(manifest: Manifest) -> dict:
    """Give the object that holds destination, rules and sources, or matches."""
    return manifest.body.get("spec", manifest.body)


@st.composite
def _edits(draw: Callable):
    """Draw a target, and its rendering in some version with pieces of another target in place of its own."""
    original, version = draw(_targets(_EVERY))[0], draw(st.sampled_from(_EVERY))
    shown, other = _told(original, version), _pieces(_target(draw, "other", version))
    held = _pieces(shown)
    for piece in draw(st.sets(st.sampled_from(["destination", "specs", "rules"]), max_size=1)) & held.keys():
        held[piece] = other[piece]
    kept = draw(st.permutations(held["sources"]))[draw(st.integers(0, 1)) :]
    held["sources"] = [*kept, *other["sources"]][: draw(st.integers(1, 3))]
    return original, shown


def _gained(original: Manifest, shown: Manifest, others: Sequence[Manifest]) -> list[str]:
    """List the cells in which the edited object grants more than both what was written and what is shown."""
    now = Manifest(written(shown.body))
    bare = Manifest({**shown.body, "metadata": {"namespace": shown.namespace, "name": shown.name}})
    before, seen, after = (_table([one, *others]) for one in (original, bare, now))
    return [str(cell) for cell in _CELLS if rank(after[cell]) > max(rank(before[cell]), rank(seen[cell]))]


@settings(max_examples=150, deadline=None)
@given(_edits(), _groups())
def test_edited_target_grants_no_more_than_was_written_or_is_shown(edit, groups):
    """What is kept of what could not be shown is kept for whom it was written."""
    original, shown = edit
    assert _gained(original, shown, [*groups, *_STANDING]) == []


@settings(max_examples=150, deadline=None)
@given(
    _groups(), st.sampled_from(_EVERY), st.lists(_entries, max_size=2), st.integers(0, 3), st.integers(0, 1)
)
def test_edited_group_grants_no_more_than_was_written_or_is_shown(groups, version, added, cut, rule):
    """Entries that come back are those that were written."""
    original, other = groups
    shown = _told(original, version)
    held = _pieces(shown)
    held["matches"] = [*held["matches"][cut:], *(_of(version, one) for one in added)]
    target = a_target(rules=[[http_rule("one")], [http_rule("one", ["x"])]][rule])
    assert _gained(original, shown, [other, target]) == []


@pytest.mark.parametrize(
    ("version", "other"), [(one, other) for one in _EVERY for other in _EVERY if one is not other], ids=str
)
def test_plain_grant_is_granted_in_every_version(version, other):
    """Less is not nothing: what all versions can say is granted in all of them."""
    target, group = a_target(version=version.value), a_group(version=version.value)
    told = [_told(target, other), _told(group, other)]
    assert _table(told) == _table([target, group])
    assert Access.ALLOWED in _table(told).values()


def _moved(manifests, request) -> Access:
    """Say whether *request* to the website may be answered by the bank, which only the split leads to."""
    return expected_for_responder(
        manifests, _WORLD, a_cell("client-a", "website", 8080, request), "here/bank", access=False
    ).access


@st.composite
def _splits(draw):
    version = draw(st.sampled_from(_EVERY))
    weights = st.sampled_from([0, 1, "500m", "1.5", "-1"] if version is _V1 else [0, 1, 90])
    matches = st.one_of(st.none(), st.lists(st.sampled_from(["one", "two", "ghost"]), max_size=2))
    return a_split(
        {"website-v1": draw(weights), "bank": draw(weights)},
        matches=draw(matches) if version.ordinal >= _V3.ordinal else None,
        root=draw(st.sampled_from(["website", "website", "website.here"])),
        version=version.value,
    )


@settings(max_examples=150, deadline=None)
@given(_splits(), _groups(), st.sampled_from(_EVERY), st.sampled_from(_EVERY))
def test_rendering_moves_no_call_that_was_not_moved(split, groups, version, specs):
    """Whoever was served by the root alone is so by every rendering."""
    told = [_told(split, version), *(_told(one, specs) for one in groups)]
    for request in _REQUESTS:
        if _moved([split, *groups], request) is Access.DENIED:
            assert _moved(told, request) is Access.DENIED


def test_split_with_matches_moves_nobody_where_they_cannot_be_said():
    """Dropping the list, as published converters do, would move everybody."""
    split = a_split({"bank": 1}, matches=["one"], version="v1alpha4")
    assert _moved([split, a_group("one")], _REQUESTS[0]) is not Access.DENIED
    assert _moved([_told(split, _V2), a_group("one")], _REQUESTS[0]) is Access.DENIED
