"""Every scenario fails on the wrong meshes it says it catches: a test that no wrong mesh fails is no test.

One session plays them all; the reference mesh changes its faults between them.
"""

from datetime import timedelta

import pytest

from conformance.model.scenario import ConvergenceSettings
from conformance.model.verdict import Verdict
from conformance.places import scenarios_root
from conformance.providers.reference import ReferenceMesh
from conformance.runner import faults
from conformance.runner.session import Session
from conformance.runner.settings import RunSettings
from conformance.scenario import load_library

LIBRARY = load_library(scenarios_root())
PAIRS = sorted(
    ((fault, one) for one in LIBRARY for fault in one.catches), key=lambda pair: (pair[0], pair[1].id)
)

CHANCES = 3
"""How often the suite is asked that says it cannot tell."""

LIES_IN_LISTENERS = {
    "judges-first-request-only",
    "metrics-believes-forwarded-for",
    "metrics-counts-get-only",
    "metrics-counts-one-port",
    "metrics-drops-unanswered",
    "metrics-skips-health-paths",
    "metrics-skips-options",
    "untidied-paths",
}
"""Faults of what a listener does with a connection: those that are open when it is set stay as they were."""


@pytest.fixture(scope="module")
def session(tmp_path_factory):
    """A reference mesh that is given up on sooner: a wrong mesh never comes round, so waiting is wasted."""
    impatient = ConvergenceSettings(deadline=timedelta(seconds=0.6), window=timedelta(milliseconds=20))
    evidence = tmp_path_factory.mktemp("evidence")
    settings = RunSettings(
        run_id="kills", cluster="local", provider="reference", faults=(), evidence=evidence
    )
    patched = pytest.MonkeyPatch()
    patched.setattr(ReferenceMesh, "convergence", impatient)
    with Session(settings) as opened:
        yield opened
    patched.undo()


@pytest.mark.envoy
@pytest.mark.parametrize(
    ("fault", "scenario"), [pytest.param(*pair, id=f"{pair[0]}-{pair[1].id}") for pair in PAIRS]
)
def test_scenario_fails_on_the_wrong_mesh_it_catches(session, fault, scenario):
    """The newest version of the scenario ends FAILED, with a sentence that says what disagrees.

    On a machine under load the suite may say that it cannot tell, and is asked again. It may never say PASSED.
    """
    session.set_faults((fault,))
    if fault in LIES_IN_LISTENERS:
        session.renew()
    for _ in range(CHANCES):
        result = session.judge(scenario, scenario.versions[-1], lambda _: None)
        if result.verdict is not Verdict.INCONCLUSIVE:
            break
    assert result.verdict is Verdict.FAILED, result.headline
    assert "expected" in result.headline


@pytest.mark.parametrize("scenario", [pytest.param(one, id=one.id) for one in LIBRARY])
def test_scenario_names_a_wrong_mesh(scenario):
    """No scenario is without a wrong mesh that it catches, and each that it names exists."""
    assert scenario.catches
    assert set(scenario.catches) <= set(faults())


@pytest.mark.parametrize("fault", sorted(faults()))
def test_wrong_mesh_is_caught(fault):
    """No fault of the reference mesh gets past the whole library."""
    assert any(fault in one.catches for one in LIBRARY)
