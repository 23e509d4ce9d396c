"""What the reference mesh understands of HTTPRouteGroups, in each version."""

import pytest

from conformance.refmesh.policy import HttpMatch
from conformance.refmesh.reading import read_policy
from conformance.tests.doubles.smi_objects import VERSIONS, a_group, a_target, an_entry


def matches(*entries, version="v1alpha4"):
    (grant,) = read_policy([a_target(), a_group(version, *entries)]).grants
    return grant.http


@pytest.mark.parametrize("version", VERSIONS)
def test_entry_is_read_in_each_version(version):
    """Path and methods exist in all versions, at the root in the first two and under spec later."""
    entry = an_entry(pathRegex="/api", methods=["GET", "PUT"])
    assert matches(entry, version=version) == (HttpMatch(path="/api", methods=frozenset({"GET", "PUT"})),)


@pytest.mark.parametrize("version", VERSIONS)
def test_group_in_the_layout_of_another_version_is_empty(version):
    """Entries where this version does not keep them are not there, and no entries fit nothing."""
    other = "v1alpha4" if version in VERSIONS[:2] else "v1alpha1"
    misplaced = {**a_group(other), "apiVersion": f"specs.smi-spec.io/{version}"}
    assert read_policy([a_target(), misplaced]).grants[0].http == ()


@pytest.mark.parametrize("methods", [["*"], ["GET", "*"], [], None])
def test_star_or_no_methods_fit_every_method(methods):
    """A star means all, alone or in company; so does leaving methods out."""
    assert matches(an_entry(pathRegex="/a", methods=methods)) == (HttpMatch(path="/a"),)


def test_entry_with_nothing_but_a_name_fits_everything():
    """What is not written is no condition."""
    assert matches({"name": "all"}) == (HttpMatch(),)


def test_unknown_methods_fit_nothing():
    """A spelling that SMI does not know is inert; it does not turn into "any method"."""
    assert matches(an_entry(methods=["get", "PURGE"])) == ()
    assert matches(an_entry(methods=["get", "GET"])) == (HttpMatch(methods=frozenset({"GET"})),)


@pytest.mark.parametrize("version", VERSIONS[1:])
@pytest.mark.parametrize(
    "shape", [dict, lambda pairs: [{name: value} for name, value in pairs]], ids=["map", "list"]
)
def test_headers_are_read_as_map_and_as_list(version, shape):
    """The text changed from a list of one-pair maps to a map without a new version; both mean the same."""
    entry = an_entry(headers=shape([("X-Canary", "yes"), ("cookie", "a.*")]))
    assert matches(entry, version=version) == (HttpMatch(headers=(("cookie", "a.*"), ("x-canary", "yes"))),)


def test_headers_do_not_exist_in_v1alpha1():
    """The first version compares path and methods only."""
    entry = an_entry(pathRegex="/a", headers={"x": "y"})
    assert matches(entry, version="v1alpha1") == (HttpMatch(path="/a"),)


@pytest.mark.parametrize("headers", ["x: y", 7, [["x", "y"]], {"x": 1}, {"x": None}, {"x": "("}])
def test_entry_with_unreadable_headers_fits_nothing(headers):
    """A filter that cannot be read must not become an open door."""
    assert matches(an_entry(headers=headers), an_entry("other", pathRegex="/b")) == (HttpMatch(path="/b"),)


def test_repeated_header_name_keeps_both_conditions():
    """In the list form a name may come twice; then both patterns have to fit."""
    entry = an_entry(headers=[{"x": "a.*"}, {"X": ".*b"}])
    assert matches(entry) == (HttpMatch(headers=(("x", ".*b"), ("x", "a.*"))),)


@pytest.mark.parametrize("pattern", ["/a(", "/(?!x)", "/a)|(/b", r"/a\Q)", 7])
def test_entry_whose_path_is_no_pattern_is_left_out_alone(pattern):
    """One bad pattern grants nothing and disturbs neither its neighbours nor other objects."""
    assert matches(an_entry(pathRegex=pattern), an_entry("b", pathRegex="/b")) == (HttpMatch(path="/b"),)


def test_entries_of_one_name_are_alternatives():
    """Names should be unique; where they are not, order does not decide."""
    assert matches(an_entry(pathRegex="/a"), an_entry(pathRegex="/b")) == (
        HttpMatch(path="/a"),
        HttpMatch(path="/b"),
    )
