"""Every metrics scenario on an API in memory: it passes where that is right, and fails where it is wrong."""

import pytest

from conformance.model.verdict import Verdict
from conformance.places import scenarios_root
from conformance.scenario import load_library
from conformance.spec import ApiGroup, ApiVersion
from conformance.tests.doubles.memory_metrics import FAULTS
from conformance.tests.doubles.playhouse import Playhouse

SCENARIOS = [one for one in load_library(scenarios_root()) if one.group is ApiGroup.METRICS]
PAIRS = [(fault, one) for one in SCENARIOS for fault in one.catches if fault in FAULTS]
"""Other faults are the reference mesh's alone; `test_kills.py` plays them there."""


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A session on doubles, in virtual time."""
    made = Playhouse(tmp_path, monkeypatch)
    made.session.open()
    yield made
    made.session.close()


def _judge(house, scenario):
    return house.session.judge(scenario, ApiVersion.V1ALPHA1, house.told.append)


@pytest.mark.parametrize("scenario", [pytest.param(one, id=one.id) for one in SCENARIOS])
def test_scenario_passes_where_the_api_is_right(house, scenario):
    """A faultless API passes every scenario."""
    house.measure()
    result = _judge(house, scenario)
    assert result.verdict is Verdict.PASSED, result.headline


@pytest.mark.parametrize(
    ("fault", "scenario"), [pytest.param(*one, id=f"{one[0]}-{one[1].id}") for one in PAIRS]
)
def test_scenario_fails_where_the_api_is_wrong(house, fault, scenario):
    """An API with a fault that a scenario says it catches fails it, in a sentence."""
    house.measure(fault)
    result = _judge(house, scenario)
    assert result.verdict is Verdict.FAILED, result.headline
    assert "expected" in result.headline


def test_thirty_wrong_meshes_are_caught():
    """The scenarios name at least thirty ways to be wrong."""
    assert len({fault for fault, _ in PAIRS}) >= 30
