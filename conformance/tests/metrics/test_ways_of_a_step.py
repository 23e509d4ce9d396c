"""What the runner makes of a step about metrics when things are not as they should be."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from conformance.model.api import ApiAnswer
from conformance.model.scenario import MetricsSettings
from conformance.model.verdict import Verdict
from conformance.providers.metrics import find_metrics
from conformance.spec import ApiGroup
from conformance.tests.doubles.playhouse import Playhouse

COUNTS = """
  - name: some traffic
    drive: {from: client-a, to: shop, calls: 10}
    read: {get: pods shop, about: [counts]}
"""
OPEN = "open: [client-a -> shop]\nversions: [v1alpha1]"
METRICS = {"folder": "traffic-metrics", "version": "v1alpha1", "head": OPEN}


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A session on doubles, in virtual time."""
    made = Playhouse(tmp_path, monkeypatch)
    made.session.open()
    yield made
    made.session.close()


def test_lost_calls_are_no_failure_of_the_figures(house):
    """Where a call did not come back, figures say nothing."""
    house.measure()
    right = house.mesh.rule
    lost = []

    def losing(source, call):
        is_driven = house.journal.verbs("taste", "measure")[-1] == "measure"
        if is_driven and not lost:
            lost.append(call)
            return {}
        return right(source, call)

    house.mesh.rule = losing
    result = house.play(COUNTS, **METRICS)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "lost or changed" in result.headline


def test_dead_workload_is_an_error(house):
    """A workload that does not answer past the mesh either says nothing about it."""
    house.measure()
    house.prober.dead.add(house.key("here/shop"))
    assert house.play(COUNTS, **METRICS).verdict is Verdict.ERRORED


def test_mesh_without_the_api_is_unsupported_and_told_what_was_looked_for(house):
    """Nothing is sent."""
    house.mesh.groups.pop(ApiGroup.METRICS, None)
    result = house.play(COUNTS, **METRICS)
    assert result.verdict is Verdict.UNSUPPORTED
    assert "serves no metrics API" in result.headline


def test_window_that_reaches_back_is_inconclusive(house):
    """Nobody kept the books of older traffic."""
    house.measure()
    type(house.mesh).metrics, kept = (
        MetricsSettings(window=timedelta(seconds=3), lag=timedelta(seconds=0.5)),
        type(house.mesh).metrics,
    )
    try:
        result = house.play(COUNTS, **METRICS)
    finally:
        type(house.mesh).metrics = kept
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "reaches back" in result.headline


TWICE = """
  - name: some traffic
    drive: {from: client-a, to: shop, calls: 10}
    read: {get: pods shop, about: [counts]}
  - name: less traffic
    drive: {from: client-a, to: shop, calls: 3}
    read: {get: pods shop, about: [counts]}
"""


def test_window_that_claims_more_than_figures_cover_fails(house):
    """The books of an earlier step say what a window that reaches back to it has to have."""
    metrics = house.measure()
    right = metrics.answer

    def claiming(request):
        answer = right(request)
        return replace(answer, body=answer.body.replace(b'"window": "10s"', b'"window": "90s"'))

    house.cluster.answers = claiming
    result = house.play(TWICE, **METRICS)
    assert result.verdict is Verdict.FAILED
    assert "in a window of 90 s" in result.headline
    assert "at least success 13" in result.headline


TRAIL = """
  - name: some traffic
    drive: {from: client-a, to: shop, calls: 10}
    read: {get: pods shop, about: [trail]}
"""


def test_trail_that_never_ends_shows_nothing(house):
    """Traffic that stays in every window that is read has not left any."""
    house.measure()
    kept = type(house.mesh).metrics
    type(house.mesh).metrics = replace(kept, window=kept.window / 4, stretch=timedelta(0))
    try:
        result = house.play(TRAIL, **METRICS)
    finally:
        type(house.mesh).metrics = kept
    assert result.verdict is Verdict.INCONCLUSIVE


FOLLOWED = """
  - name: some traffic
    drive: {{from: client-a, to: shop, calls: 10}}
    read: {{{what}, about: [trail]}}
"""


@pytest.mark.parametrize("what", ["edges: pods shop", "list: pods"])
def test_parts_are_followed_one_by_one(house, what):
    """What stays longer than its window says is found out, and what leaves with it is not."""
    metrics = house.measure()
    step = FOLLOWED.format(what=what)
    assert house.play(step, **METRICS).verdict is Verdict.PASSED
    right = metrics.answer

    def claiming(request):
        answer = right(request)
        return replace(answer, body=answer.body.replace(b'"window": "10s"', b'"window": "5s"'))

    house.cluster.answers = claiming
    result = house.play(step, **METRICS)
    assert result.verdict is Verdict.FAILED
    assert "s after the first reading" in result.headline


def test_trail_whose_readings_came_late_is_inconclusive(house):
    """Between two readings that lie far apart a window of half the length, or of the double, could have ended."""
    metrics = house.measure()
    right = metrics.answer

    def slow(request):
        if "/pods/" in request.path:
            house.clock.sleep(timedelta(seconds=5))
        return right(request)

    house.cluster.answers = slow
    result = house.play(TRAIL, **METRICS)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "readings at most 4.00 s apart" in result.headline


COMPARED = """
  - name: some traffic
    drive: {{from: client-a, to: shop, calls: 10}}
    read: {{{read}}}
"""


@pytest.mark.parametrize(
    "read",
    [
        "get: pods shop, about: [latency]",
        "edges: pods shop, about: [peers]",
        "edges: pods shop, about: [ends]",
        "edges: pods shop, about: [sum]",
        "list: pods, about: [members]",
    ],
)
def test_what_lies_outside_of_a_window_was_not_compared(house, read):
    """Bounds that agree with anything are no pass: what was driven has to lie in the window that is said."""
    metrics = house.measure()
    right = metrics.answer

    def brief(request):
        answer = right(request)
        return replace(answer, body=answer.body.replace(b'"window": "10s"', b'"window": "2s"'))

    house.cluster.answers = brief
    result = house.play(COMPARED.format(read=read), **METRICS)
    assert result.verdict is Verdict.INCONCLUSIVE
    assert "all that was driven" in result.headline


SHAPE = """
  - name: as it is
    read: {get: deployments shop, about: [shape]}
"""


@pytest.mark.parametrize(
    ("written", "verdict"),
    [
        (b'"kind": "Deployment", "apiVersion": "apps/v1"', Verdict.PASSED),
        (b'"kind": "Deployment", "apiVersion": "extensions/v1beta1"', Verdict.PASSED),
        (b'"kind": "Deployment", "apiVersion": "v1"', Verdict.FAILED),
        (b'"kind": "Deployment", "apiVersion": "metrics.smi-spec.io/v1alpha1"', Verdict.FAILED),
    ],
    ids=str,
)
def test_reference_has_the_version_of_whom_it_refers_to(house, written, verdict):
    """The group of a reference's version is one that has the kind, where the version is written at all."""
    metrics = house.measure()
    right = metrics.answer

    def referring(request):
        answer = right(request)
        return replace(answer, body=answer.body.replace(b'"kind": "Deployment"', written))

    house.cluster.answers = referring
    assert house.play(SHAPE, **METRICS).verdict is verdict


def test_answer_of_another_version_fails(house):
    """What was asked of v1alpha1 is no v1alpha2."""
    metrics = house.measure()
    right, other = metrics.answer, b'"kind": "TrafficMetrics", "apiVersion": "metrics.smi-spec.io/v1alpha2"'

    def newer(request):
        answer = right(request)
        return replace(answer, body=answer.body.replace(b'"kind": "TrafficMetrics"', other))

    house.cluster.answers = newer
    result = house.play(SHAPE, **METRICS)
    assert result.verdict is Verdict.FAILED
    assert "of 'metrics.smi-spec.io/v1alpha2'" in result.headline


SERVED = """
  - name: as it is
    read: {discovery: version, about: [served]}
"""


def test_whatever_discovery_lists_is_asked_for(house):
    """A resource beyond the eleven has to be served, too."""
    metrics = house.measure()
    right, more = (
        metrics.answer,
        b'"resources": [{"name": "cronjobs", "namespaced": true, "verbs": ["list"]}, ',
    )

    def listing(request):
        answer = right(request)
        return replace(answer, body=answer.body.replace(b'"resources": [', more))

    house.cluster.answers = listing
    result = house.play(SERVED, **METRICS)
    assert result.verdict is Verdict.FAILED
    assert "cronjobs, which discovery lists, is served" in result.headline


def test_what_was_read_is_kept(house):
    """The answer lies in the evidence, to the letter."""
    house.measure("metrics-doubled-counts")
    result = house.play(COUNTS, **METRICS)
    kept = json.loads((house.evidence / result.evidence / "step-1-metrics.json").read_text())
    assert kept[0]["status"] == 200
    assert json.loads(kept[0]["body"])["kind"] == "TrafficMetrics"


def test_refused_calls_get_their_control(house):
    """A refusal that was driven is shown to be one, on the same path."""
    house.measure()
    step = COUNTS.replace("from: client-a", "from: client-b")
    result = house.play(step, **METRICS)
    assert result.verdict is Verdict.PASSED, result.headline
    assert "control: opening what was refused" in house.told


def test_everything_is_read_once(house):
    """No reading is repeated until it fits."""
    house.measure()
    house.journal.entries.clear()
    house.play(COUNTS, **METRICS)
    pods = [one.path for one in house.journal.about("call") if "/pods/" in one.path]
    assert len(pods) == 1


@pytest.mark.parametrize(
    ("versions", "found"), [(["v1alpha1", "v1alpha2"], "v1alpha1"), (["v1alpha2"], "v1alpha2"), ([], "")]
)
def test_api_is_found_in_any_version(house, versions, found):
    """The document's version first, or whatever is served."""
    body = {"kind": "APIGroup", "versions": [{"version": one} for one in versions]}
    house.cluster.answers = lambda _: ApiAnswer(status=200, body=json.dumps(body).encode())
    assert find_metrics(house.cluster).version == found


def test_missing_api_is_told_by_what_was_asked(house):
    """Whoever wonders reads the path and the status."""
    assert (
        find_metrics(house.cluster).looked_for == "GET /apis/metrics.smi-spec.io answered 404 and no version"
    )
