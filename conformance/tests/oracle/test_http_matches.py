"""What one entry of an HTTPRouteGroup fits, and where the text leaves that open."""

from dataclasses import replace

import pytest

from conformance.model.expectation import Access
from conformance.model.traffic import HttpRequest
from conformance.tests.doubles.asking import a_cell, access
from conformance.tests.doubles.small_world import a_service, a_topology
from conformance.tests.doubles.smi import a_group, a_target, an_entry

YES, NO, OPEN = Access.ALLOWED, Access.DENIED, Access.OPEN


def _answer(entry, request, version="v1alpha4"):
    return access([a_group("routes", entry, version=version), a_target()], a_cell(request=request))


def _with(*headers, path="/"):
    return HttpRequest(path=path, headers=headers)


@pytest.mark.parametrize(
    ("pattern", "path", "wanted"),
    [
        ("/metrics", "/metrics", YES),
        ("/metrics", "/x/metrics", NO),
        ("/metrics", "/api?next=/metrics", NO),
        ("metrics", "/metrics", NO),
        ("/v[12]/item", "/v2/item", YES),
        ("/v[12]/item", "/v3/item", NO),
        ("/a.c", "/abc", YES),
        (r"/a\.c", "/abc", NO),
        ("/(x|y)z", "/yz", YES),
        ("/api", "/api/v1", OPEN),
        ("/api", "/apix", OPEN),
        ("/api$", "/api/v1", NO),
        ("/api(/.*)?$", "/api/v1", YES),
        ("/api(/.*)?$", "/apix", NO),
        ("/api(/.*)?$", "/API", NO),
        ("", "/", OPEN),
    ],
)
def test_path_is_a_regular_expression_anchored_at_its_start(pattern, path, wanted):
    """A hit in the middle does not count; beyond the end it is open, unless the pattern ends with a $."""
    assert _answer(an_entry(path=pattern), f"GET {path}") is wanted


@pytest.mark.parametrize(
    ("pattern", "path", "wanted"),
    [
        ("/ok(/.*)?$", "/ok?x=1", OPEN),
        ("/ok.*", "/ok?x=1", YES),
        (".*ok", "/no?p=/ok", NO),
        ("/no", "/no?p=/ok", OPEN),
    ],
)
def test_query_never_makes_a_path_fit(pattern, path, wanted):
    """Text in the query grants nothing; whether it can spoil a path that fits is open."""
    assert _answer(an_entry(path=pattern), f"GET {path}") is wanted


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/public/../admin", NO),
        ("/public/%2e%2e/admin", NO),
        ("//admin", NO),
        ("//public", OPEN),
        ("/%70ublic", OPEN),
        ("/x/../public", OPEN),
        ("/public/./page", OPEN),
        ("/public/a%20b", YES),
        ("/public/..", NO),
        ("/../public", OPEN),
    ],
)
def test_detours_lead_nowhere_that_is_not_granted(path, wanted):
    """A path whose normal form is not granted is denied; else refusing and tidying it are both right."""
    assert _answer(an_entry(path="/public(/.*)?$"), f"GET {path}") is wanted


@pytest.mark.parametrize("path", ["/", "/a//b", "/a/../b", "/%2e", "/a?b=c", "/very/deep/path.html"])
@pytest.mark.parametrize("pattern", [".*", "/.*", None])
def test_everything_fits_every_path(path, pattern):
    """Untidy paths and queries included, for a pattern of everything and for none at all."""
    assert _answer(an_entry(path=pattern), f"GET {path}") is YES


@pytest.mark.parametrize(
    ("methods", "method", "wanted"),
    [
        (["GET", "PUT"], "PUT", YES),
        (["GET", "PUT"], "HEAD", NO),
        (["*"], "PATCH", YES),
        (["GET", "*"], "DELETE", YES),
        (["get"], "GET", NO),
        (["PURGE"], "PURGE", NO),
        (None, "POST", YES),
    ],
)
def test_methods_are_alternatives_to_the_letter(methods, method, wanted):
    """GET implies nothing else, a star means all, and values outside the schema stand for no method."""
    assert _answer(an_entry(methods=methods), f"{method} /") is wanted


def test_what_v1alpha1_requires_is_open_where_it_is_left_out():
    """An entry without path or methods is none of v1alpha1's; what it means there is not settled."""
    assert _answer(an_entry(path=None), "GET /", "v1alpha1") is OPEN
    assert _answer(an_entry(path=None, methods=["PUT"]), "GET /", "v1alpha1") is NO


@pytest.mark.parametrize("shape", [{"X-Canary": "^v[12]$"}, [{"X-Canary": "^v[12]$"}]])
def test_header_filter_reads_both_shapes_and_any_case_of_names(shape):
    """Map and list of maps mean the same; names compare without regard to case, values do not."""
    entry = an_entry(headers=shape)
    assert _answer(entry, _with(("x-CANARY", "v1"))) is YES
    assert _answer(entry, _with(("x-canary", "V1"))) is NO
    assert _answer(entry, _with(("x-other", "v1"))) is NO


@pytest.mark.parametrize(
    ("pattern", "value", "wanted"),
    [
        ("insider", "type=insider;x", OPEN),
        ("^insider$", "type=insider;x", NO),
        (".*Android.*", "Mozilla (Android 9)", YES),
        ("(blue|green).*", "greenish", YES),
        ("(blue|green).*", "red", NO),
    ],
)
def test_header_pattern_is_open_where_full_and_partial_match_differ(pattern, value, wanted):
    """The text anchors the path only; padded or anchored patterns leave no doubt."""
    assert _answer(an_entry(headers={"x": pattern}), _with(("x", value))) is wanted


def test_absent_header_does_not_fit():
    """Only a pattern that accepts the empty text leaves that open."""
    assert _answer(an_entry(headers={"x": ".+"}), _with()) is NO
    assert _answer(an_entry(headers={"x": "(.*Firefox.*)?"}), _with()) is OPEN


def test_repeated_header_is_certain_only_where_every_reading_agrees():
    """Joined or one by one: a filter fits for certain if all of them fit."""
    entry = an_entry(headers={"x-group": "^admin$"})
    assert _answer(entry, _with(("x-group", "user"), ("x-group", "admin"))) is OPEN
    assert _answer(entry, _with(("x-group", "user"), ("x-group", "guest"))) is NO


def test_conditions_of_an_entry_all_have_to_fit():
    """Breaking path, method or one of two headers alone is enough."""
    entry = an_entry(path="/api(/.*)?$", methods=["GET"], headers={"a": "^1$", "b": "^2$"})
    both = (("a", "1"), ("b", "2"))
    assert _answer(entry, _with(*both, path="/api")) is YES
    assert _answer(entry, _with(*both, path="/other")) is NO
    assert _answer(entry, HttpRequest(method="POST", path="/api", headers=both)) is NO
    assert _answer(entry, _with(("a", "1"), path="/api")) is NO
    assert _answer(entry, _with(("b", "2"), path="/api")) is NO


def test_entries_are_alternatives_that_do_not_mix():
    """One header of an entry with two, beside an entry with another, opens nothing."""
    group = a_group(
        "routes",
        an_entry("insiders", headers={"a": "^1$", "b": "^1$"}),
        an_entry("firefox", headers={"agent": ".*Firefox.*"}),
    )
    manifests = [group, a_target()]
    assert access(manifests, a_cell(request=_with(("agent", "Firefox 99")))) is YES
    assert access(manifests, a_cell(request=_with(("a", "1"), ("b", "1")))) is YES
    assert access(manifests, a_cell(request=_with(("a", "1")))) is NO


def test_broken_pattern_grants_nothing_and_leaves_other_targets_alone():
    """What becomes of a sound entry beside it is open; a target on another group is not touched."""
    broken = a_group("broken", an_entry("bad", "/a("), an_entry("good", "/b$"))
    manifests = [broken, a_target("one", rules=[{"kind": "HTTPRouteGroup", "name": "broken"}])]
    assert access(manifests, a_cell(request="GET /a(")) is NO
    assert access(manifests, a_cell(request="GET /b")) is OPEN
    assert access([*manifests, a_group(), a_target("two")], a_cell(request="GET /b")) is YES


def test_headers_of_an_unknown_shape_do_not_open_the_door():
    """An entry whose filter cannot be read fits nothing, rather than everything."""
    assert _answer(an_entry(headers="x-canary"), "GET /") is NO
    assert _answer(an_entry(headers={"x": 7}), _with(("x", "7"))) is NO


def test_entries_of_one_name_are_certain_only_where_they_agree():
    """A name is the key of an entry; of two, either may be the one that counts."""
    group = a_group("routes", an_entry("same", "/a(/.*)?$"), an_entry("same", "/(a|b)$"))
    answers = [access([group, a_target()], a_cell(request=f"GET {path}")) for path in ("/a", "/b", "/c")]
    assert answers == [YES, OPEN, NO]


def test_host_filter_is_never_a_promise():
    """It compares with the name that is called, or with what the caller sends instead; support is open."""
    entry = an_entry(headers={"host": r"^shop\.here\.svc\.cluster\.local(:\d+)?$"})
    assert _answer(entry, "GET /") is OPEN
    assert _answer(entry, _with(("Host", "elsewhere"))) is NO


@pytest.mark.parametrize("host,wanted", [("shop.here.mesh", OPEN), ("shop.here.svc.cluster.local", NO)])
def test_host_filter_compares_with_the_name_that_the_mesh_wants_called(host, wanted):
    """A mesh's own name for a Service is what its callers send."""
    shop = replace(a_service("here/shop"), mesh_host="shop.here.mesh")
    group = a_group("routes", an_entry(headers={"host": f"{host}(:\\d+)?$"}))
    assert access([group, a_target()], a_cell(), a_topology(services=(shop,))) is wanted
