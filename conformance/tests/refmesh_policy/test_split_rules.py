"""What the reference mesh understands of TrafficSplits, in each version."""

from fractions import Fraction

import pytest

from conformance.refmesh.policy import Backend, HttpMatch, SplitRule
from conformance.refmesh.reading import read_policy
from conformance.refmesh.reading.quantity import parse_quantity
from conformance.tests.doubles.smi_objects import VERSIONS, a_group, a_split, an_entry

REFERENCE = {"kind": "HTTPRouteGroup", "name": "routes"}


def only_split(*objects):
    (split,) = read_policy(objects).splits
    return split


def weights(version, *written):
    split = only_split(a_split(version, [(f"v{number}", weight) for number, weight in enumerate(written)]))
    return tuple(backend.weight for backend in split.backends)


@pytest.mark.parametrize("version", VERSIONS)
def test_split_is_read_in_each_version(version):
    """Root, backends and weights stand in the same places in all versions."""
    assert read_policy([a_split(version, {"website-v1": 90, "website-v2": 10})]).splits == (
        SplitRule(
            namespace="here",
            root="website",
            backends=(Backend(service="website-v1", weight=90), Backend(service="website-v2", weight=10)),
            origin="TrafficSplit here/website",
        ),
    )


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (("1", "500m"), (2, 1)),
        (("1", "1000m"), (1, 1)),
        ((1, "0m"), (1, 0)),
        (("0.5", 2), (1, 4)),
        (("1k", 1000), (1000, 1000)),
        (("10m", "100m", "1500m"), (1, 10, 150)),
        (("1Ki", "1e3"), (1024, 1000)),
    ],
)
def test_quantities_of_v1alpha1_keep_their_ratio_exactly(written, expected):
    """A weight is a Kubernetes quantity: 1 is 1000m, and notations may be mixed."""
    found = weights("v1alpha1", *written)
    assert [Fraction(one, sum(found)) for one in found] == [Fraction(one, sum(expected)) for one in expected]


@pytest.mark.parametrize(
    "value", ["", "m", "1x", "1 k", "1e999", "0x10", "+-1", "\u0661", None, True, [1], "1mm"]
)
def test_text_that_is_no_quantity_is_refused(value):
    """A weight that cannot be read is None, not a guess."""
    assert parse_quantity(value) is None


@pytest.mark.parametrize("version", VERSIONS[1:])
def test_fractions_are_scaled_and_not_rounded(version):
    """Where a schema lets a fraction through, its ratio holds."""
    assert weights(version, 0.5, 1) == (1, 2)


@pytest.mark.parametrize("version", VERSIONS[1:])
def test_quantity_string_is_no_weight_from_v1alpha2_on(version):
    """From v1alpha2 a weight is a number; a string draws no traffic instead of another share than was
    meant.
    """
    assert weights(version, "500m", 1) == (0, 1)


@pytest.mark.parametrize("version", VERSIONS)
def test_negative_weight_counts_as_none(version):
    """It neither takes traffic nor changes the others' shares."""
    assert weights(version, -200, 1000) == (0, 1000)


@pytest.mark.parametrize("version", VERSIONS[:2])
def test_matches_do_not_exist_before_v1alpha3(version):
    """A field that the version does not have selects nothing and hides nothing."""
    assert only_split(a_split(version, matches=[REFERENCE]), a_group()).matches is None


@pytest.mark.parametrize("version", VERSIONS[2:])
def test_matches_take_all_entries_of_all_groups(version):
    """Groups are merged; entries of equal names keep their conditions."""
    groups = [
        a_group("v1alpha4", an_entry(headers={"x-beta": ".*"})),
        a_group("v1alpha4", an_entry(pathRegex="/b"), name="more"),
    ]
    split = a_split(version, matches=[REFERENCE, {"kind": "HTTPRouteGroup", "name": "more"}])
    assert only_split(split, *groups).matches == (
        HttpMatch(headers=(("x-beta", ".*"),)),
        HttpMatch(path="/b"),
    )


@pytest.mark.parametrize("matches", [None, []])
def test_no_matches_select_everything(matches):
    """An empty list says no more than no list."""
    assert only_split(a_split(matches=matches)).matches is None


@pytest.mark.parametrize("kind", ["HTTPRouteGroup", "TCPRoute"])
def test_reference_that_leads_nowhere_selects_nothing(kind):
    """A missing group, or a kind that is none, must not move everybody."""
    assert (
        only_split(a_split(matches=[{"kind": kind, "name": "routes"}]), a_group(namespace="there")).matches
        == ()
    )


@pytest.mark.parametrize(
    "suffix", ["", ".here", ".here.svc", ".here.svc.cluster.local", ".here.svc.cluster.local."]
)
def test_root_may_be_written_as_a_name_of_its_own_namespace(suffix):
    """A bare name and the names that resolve to the same Service mean that Service."""
    assert only_split(a_split(root=f"website{suffix}")).root == "website"


@pytest.mark.parametrize(
    "root", ["website.there", "website.there.svc.cluster.local", "website.example.org", ""]
)
def test_root_elsewhere_is_no_root(root):
    """A dotted name must not be cut at its first dot and taken for a Service here."""
    assert read_policy([a_split(root=root)]).splits == ()


def test_backend_listed_twice_keeps_both_weights():
    """Duplicates add up; none replaces the other."""
    backends = only_split(a_split(backends=[("v1", 25), ("v2", 50), ("v1", 25)])).backends
    assert [(one.service, one.weight) for one in backends] == [("v1", 25), ("v2", 50), ("v1", 25)]
