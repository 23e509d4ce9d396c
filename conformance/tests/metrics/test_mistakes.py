"""What a person is told who makes a mistake in a scenario about metrics."""

import pytest

from conformance.errors import ScenarioError
from conformance.places import fixtures_root, scenarios_root
from conformance.scenario import load_requirements, load_scenario, load_world

VALID = """\
id: traffic-metrics/an-example
shows: [metrics.counts.accuracy]
versions: [v1alpha1]
summary: An example.
why: To be changed by a test.
readers:
  edges-only: {may: [pods/edges]}
steps:
  - name: some traffic
    drive: {from: client-a, to: shop, calls: 10, answers: {"500": 2}}
    read:
      - {get: pods shop, about: [counts]}
      - {list: pods, selector: app=shop, about: [members]}
      - {edges: pods shop, as: edges-only, about: [peers]}
"""

MISTAKES = {
    "a resource that metrics lack": ("get: pods shop", "get: pod shop", 12, "no resource 'pod'", "'pods'"),
    "an object that is not there": (
        "get: pods shop",
        "get: pods shpo",
        12,
        "called 'here/shpo'",
        "'here/shop'",
    ),
    "a kind of which the world has none": (
        "get: pods shop",
        "get: jobs shop",
        12,
        "none of jobs called 'here/shop'",
        "'here/stocktake'",
    ),
    "a reader that is not named": (
        "as: edges-only",
        "as: edge-only",
        14,
        "no reader 'edge-only'",
        "edges-only",
    ),
    "nothing that is read": ("get: pods shop, ", "", 12, "reads nothing", "exactly one of"),
    "two things at once": (
        "get: pods shop",
        "get: pods shop, list: pods",
        12,
        "reads 2 things",
        "exactly one of",
    ),
    "a question that does not fit": (
        "about: [counts]",
        "about: [peers]",
        12,
        "'peers' is no question",
        "writing",
    ),
    "a question that nobody knows": ("about: [counts]", "about: [count]", 12, "is 'count'", "'counts'"),
    "a selector for one object": (
        "get: pods shop",
        "get: pods shop, selector: app=shop",
        12,
        "`selector` is for lists",
        "leave it out",
    ),
    "a question to a refusal": (
        "about: [counts]",
        "answers: [404], about: [counts]",
        12,
        "a refusal tells nothing about 'counts'",
        "let 200 be an answer",
    ),
    "more answers than calls": ('"500": 2', '"500": 11', 10, "11 of 10 calls", "raise `calls`"),
    "more calls cut off than there are": (
        '"500": 2}',
        '"500": 2}, unanswered: 9',
        10,
        "11 of 10 calls",
        "raise `calls`",
    ),
    "a workload that is late and not there": (
        "to: shop, calls",
        "to: shop, delays: {50ms: 2}, delays_at: shpo, calls",
        10,
        "no workload 'here/shpo'",
        "shop",
    ),
    "a limit for one object": (
        "get: pods shop",
        'get: pods shop, query: {limit: "2"}',
        12,
        "`query` is for lists",
        "leave it out",
    ),
    "a selector that is none": ("app=shop", "app in shop", 13, "is no condition on labels", "app in (shop"),
    "a selector of what has labels of Kubernetes' own": (
        "list: pods, selector",
        "list: services, selector",
        13,
        "does not know the labels of services",
        "pods",
    ),
    "a trail of a path": (
        "list: pods, selector: app=shop, about: [members]",
        "path: widgets, about: [trail]",
        13,
        "'trail' is no question",
        "writing",
    ),
    "a status that is none": ('"500": 2', '"50": 2', 10, "does not match", "another scenario"),
    "a caller that is not there": (
        "from: client-a",
        "from: client-x",
        10,
        "no workload 'here/client-x'",
        "client-",
    ),
    "a port that speaks no HTTP": (
        "to: shop, calls",
        "to: shop, port: 8300, calls",
        10,
        "does not speak http",
        "ask on",
    ),
}


@pytest.fixture
def read(tmp_path):
    """Read the valid scenario with one piece replaced."""
    world = load_world(fixtures_root() / "world" / "world.yaml")
    requirements = load_requirements(scenarios_root())
    path = tmp_path / "traffic-metrics" / "an-example.yaml"
    path.parent.mkdir()

    def changed(old="", new=""):
        path.write_text(VALID.replace(old, new, 1) if old else VALID)
        return load_scenario(path, world, requirements)

    return changed


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake_is_shown_where_it_was_made(read, mistake):
    """Each mistake names its line and says what would be right."""
    old, new, line, what, hint = MISTAKES[mistake]
    with pytest.raises(ScenarioError) as caught:
        read(old, new)
    assert caught.value.where.endswith(f":{line}"), caught.value
    assert what in caught.value.what
    assert hint in caught.value.hint


def test_valid_scenario_is_read(read):
    """The scenario that the mistakes are made in has none itself."""
    (probe,) = read().steps[0].probes
    assert (len(probe.drives), len(probe.reads)) == (1, 3)


def test_traffic_that_nobody_reads_about_is_a_mistake(read):
    """Driving alone shows nothing."""
    start = VALID.index("    read:")
    with pytest.raises(ScenarioError, match="nothing is read"):
        read(VALID[start:], "")
