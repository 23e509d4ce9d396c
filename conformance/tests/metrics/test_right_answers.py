"""APIs that say the same in another way that the document or Kubernetes leaves open: none of them fails for it.

Each is the API in memory with its answers written otherwise.
"""

import json
from collections.abc import Callable
from copy import deepcopy
from datetime import datetime

import pytest

from conformance.model.api import ApiAnswer, ApiRequest
from conformance.model.verdict import Verdict
from conformance.places import scenarios_root
from conformance.scenario import load_library
from conformance.spec import ApiGroup, ApiVersion
from conformance.tests.doubles.memory_metrics import GROUP, VERSION
from conformance.tests.doubles.playhouse import Playhouse

LIBRARY = {
    one.id.partition("/")[2]: one for one in load_library(scenarios_root()) if one.group is ApiGroup.METRICS
}
FORM, LISTS = "objects-have-their-form", "lists-have-each-object-once"
COUNTS, LATENCY = "counts-are-the-calls-of-the-window", "percentiles-are-the-response-times"
EDGES, DISCOVERY = "edges-cover-their-own-traffic", "discovery-says-what-is-served"
LATENCIES = [f"p{one}_response_latency" for one in (50, 90, 99)]


def items(body):
    return [body] if body.get("kind") == "TrafficMetrics" else body.get("items") or []


def each(change):
    return lambda body, _request: [change(one) for one in items(body)]


def each_metric(change, *, latencies):
    def rewrite(metric):
        if metric["name"].endswith("latency") is latencies:
            change(metric)

    return each(lambda item: [rewrite(one) for one in item["metrics"]])


def whole(metric):
    return int(metric["value"].removesuffix("m"))


def counted(write):
    return each_metric(lambda one: one.update(value=write(whole(one))), latencies=False)


def timed(unit, write):
    """Write a latency that was thousandths of a millisecond."""
    return each_metric(lambda one: one.update(unit=unit, value=write(whole(one))), latencies=True)


def at(write):
    return each(lambda item: item.update(timestamp=write(datetime.fromisoformat(item["timestamp"]))))


def lasting(window):
    return each(lambda item: item.update(window=window))


def longer_in_seconds(body, _request):
    """Have the median in milliseconds and what is longer in seconds, as a formatter for people does."""
    for metric in (one for item in items(body) for one in item["metrics"] if one["name"] in LATENCIES[1:]):
        metric.update(unit="s", value=f"{whole(metric) / 10**6:.6f}")


def both_sides(body, request):
    if request.path.endswith("/edges"):
        other = {"client": "server", "server": "client"}
        twins = deepcopy(body.get("items", []))
        for one in twins:
            one["edge"]["side"] = other[one["edge"]["side"]]
        body["items"] = [*twins, *body.get("items", [])]


def without_percentiles_when_idle(item):
    if not any(whole(one) for one in item["metrics"] if one["name"].endswith("count")):
        item["metrics"] = [one for one in item["metrics"] if one["name"] not in LATENCIES]


def another_order(body, request):
    if request.path.endswith("/"):
        body.get("resources", []).reverse()
    for item in items(body):
        item["metrics"].reverse()


def nothing_selected(body, _request):
    if "items" in body:
        body.setdefault("selector", {"matchLabels": None})


def more_resources(body, _request):
    if "resources" in body:
        edges = [{**one, "name": f"{one['name']}/edges", "verbs": ["get"]} for one in body["resources"]]
        body["resources"] += [*edges, {**body["resources"][0], "name": "http-routes/v2"}]


def with_metadata(body, _request):
    for item in items(body):
        about = item["resource"]
        named = {"name": about["name"], "namespace": about.get("namespace", "")}
        item |= {"apiVersion": f"{GROUP}/{VERSION}", "metadata": {**named, "creationTimestamp": None}}
    if "items" in body:
        body["metadata"] = {"resourceVersion": "", "continue": ""}


def bare_items(body, _request):
    for one in body.get("items", []):
        del one["kind"]


def null_peers(item):
    item["edge"]["resource"] = item["edge"]["resource"] or None


def with_more(item):
    rate = {"name": "rps", "unit": "1/s", "value": "1500m"}
    item |= {"note": "x", "metrics": [rate, *item["metrics"]], "resource": {**item["resource"], "uid": "x"}}


RIGHT = {
    "counts as numbers": (counted(int), COUNTS),
    "counts with decimals": (counted(lambda one: f"{one}.000"), COUNTS),
    "counts with an exponent": (counted(lambda one: f"{one / 1000}E+3"), COUNTS),
    "counts in thousands": (counted(lambda one: f"{one / 1000:.3f}k"), COUNTS),
    "counts in thousandths": (counted(lambda one: f"{one}000m"), COUNTS),
    "no count as minus zero": (counted(lambda one: str(one) if one else "-0"), LISTS),
    "seconds with decimals": (timed("s", lambda one: f"{one / 10**6:.6f}"), LATENCY),
    "seconds with an exponent": (timed("seconds", lambda one: f"{one}e-6"), LATENCY),
    "milliseconds by their full name": (timed("milliseconds", lambda one: f"+{one / 1000:.3f}"), LATENCY),
    "two units in one object": (longer_in_seconds, "percentiles-do-not-fall"),
    "times in small letters": (at(lambda one: f"{one:%Y-%m-%dt%H:%M:%S.%fz}"), "figures-are-of-now"),
    "a window in milliseconds": (lasting("10000ms"), COUNTS),
    "a window with empty minutes": (lasting("0h0m10.0s"), COUNTS),
    "both sides of every edge": (both_sides, EDGES),
    "no percentiles of nobody": (each(without_percentiles_when_idle), "all-five-metrics-are-there"),
    "another order each time": (another_order, DISCOVERY),
    "a selector of nothing": (nothing_selected, FORM),
    "more resources than eleven": (more_resources, DISCOVERY),
    "metadata": (with_metadata, FORM),
    "items without a kind": (bare_items, FORM),
    "no peer as null": (each(null_peers), FORM),
    "more fields and metrics": (each(with_more), FORM),
}
"""What is written otherwise, and the scenario that looks at it."""


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A session on doubles, in virtual time."""
    made = Playhouse(tmp_path, monkeypatch)
    made.session.open()
    yield made
    made.session.close()


def rewritten(answer: Callable[[ApiRequest], ApiAnswer], change) -> Callable[[ApiRequest], ApiAnswer]:
    """Change the bodies that the API in memory answers with."""

    def answering(request: ApiRequest) -> ApiAnswer:
        found = answer(request)
        body = json.loads(found.body)
        if found.status == 200:
            change(body, request)
        return ApiAnswer(status=found.status, body=json.dumps(body).encode())

    return answering


@pytest.mark.parametrize("way", RIGHT)
def test_another_way_to_say_it_passes(house, way):
    """What the document leaves open is nobody's failure."""
    change, scenario = RIGHT[way]
    metrics = house.measure()
    house.cluster.answers = rewritten(metrics.answer, change)
    result = house.session.judge(LIBRARY[scenario], ApiVersion.V1ALPHA1, house.told.append)
    assert result.verdict is Verdict.PASSED, result.headline
