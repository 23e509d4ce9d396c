"""Each wrong metrics API gives a wrong answer to some question; the clean one gives the right answer to the same."""

import pytest

from conformance.refmesh.faults import FAULTS
from conformance.tests.refmesh_metrics.witnesses import WITNESSES
from conformance.tests.refmesh_metrics.witnesses.battery import battery

IN_SIDECARS = {
    "metrics-believes-forwarded-for",
    "metrics-counts-get-only",
    "metrics-counts-one-port",
    "metrics-counts-tcp",
    "metrics-drops-unanswered",
    "metrics-skips-health-paths",
    "metrics-skips-options",
}
"""Faults of what proxies count: no figure of this world shows them."""

NOT_HERE = {
    "metrics-cleared-by-reading",
    "metrics-edges-by-account",
    "metrics-edges-linger",
    "metrics-edges-near-only",
    "metrics-first-pods-only",
    "metrics-gone-pods-listed",
    "metrics-keeps-last",
    "metrics-latency-lingers",
    "metrics-never-found-again",
    "metrics-one-service-per-pod",
    "metrics-owners-are-deployments",
    "metrics-returned-pods-lost",
    "metrics-same-names-merged",
    "metrics-selector-by-pods",
    "metrics-services-select-everywhere",
    "metrics-split-any-root",
    "metrics-split-figures-sorted",
    "metrics-split-keeps-backends",
    "metrics-split-latency-of-root",
    "metrics-split-near-callers",
    "metrics-split-outlives",
    "metrics-split-percent",
    "metrics-splits-by-name",
}
"""Faults for which this world has no occasion: nothing goes, nobody shares an account, pods are of Deployments,
one split and one Service each."""


def test_every_fault_of_metrics_exists():
    """No question is about a wrong API that is not in the list."""
    known = {one.name for one in FAULTS.values() if one.metrics}
    assert WITNESSES.keys() | IN_SIDECARS | NOT_HERE <= known


@pytest.mark.parametrize(
    "name",
    [
        one.name
        for one in FAULTS.values()
        if one.metrics and one.name not in WITNESSES.keys() | IN_SIDECARS | NOT_HERE
    ],
)
def test_fault_changes_an_answer(name):
    """Some question has another answer than the clean API gives."""
    assert battery(name) != battery()


@pytest.mark.parametrize("name", WITNESSES)
def test_fault_is_told_from_the_clean_api(name):
    """The clean API gives the right answer and the wrong one the wrong answer."""
    look, right, wrong = WITNESSES[name]
    assert look() == right
    assert look(name) == wrong
