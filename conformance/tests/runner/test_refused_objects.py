"""An object that the mesh's API refuses is a finding about the mesh; what else stands in its way is not."""

import pytest

from conformance.errors import ManifestRefusedError, ObjectRefusedError
from conformance.model.verdict import Verdict
from conformance.tests.doubles.playhouse import GRANT, NOTHING, REVOKED

WORDS = 'admission webhook "validator.memory.example" denied the request: too many'

TOLERATED = """
  - name: the target may be refused
    apply:
      - HTTPRouteGroup: routes
        matches: [{name: metrics, pathRegex: "/metrics$", methods: [GET]}]
      - TrafficTarget: shop
        destination: shop
        sources: [client-a]
        rules: [{HTTPRouteGroup: routes, matches: [metrics]}]
    may_refuse: {TrafficTarget shop: no sentence says so}
    ask: {from: [client-a], to: [shop], requests: [GET /metrics]}
"""


def refuse(house, ref_text, webhook="", error=ObjectRefusedError):
    """Have the cluster refuse the scenario's object of this kind and name, and nothing of the suite's own."""

    def obstacle(verb, about):
        for manifest in about if verb == "apply" else ():
            if f"{manifest.kind} {manifest.name}" == ref_text:
                more = (str(manifest.ref), webhook) if error is ObjectRefusedError else ()
                raise error(WORDS, str(manifest.ref), "as scripted", *more)

    house.journal.obstacle = obstacle


def test_object_that_the_schema_refuses_fails(house):
    """The scenario fails on the words of the API server, and the next one is played in the same world."""
    refuse(house, "TrafficTarget shop")
    result = house.play(GRANT)
    assert result.verdict is Verdict.FAILED
    assert "the schema of its kind refused it" in result.headline
    assert "too many" in result.headline
    house.journal.obstacle = lambda _verb, _about: None
    assert house.play(GRANT).verdict is Verdict.PASSED
    assert not any("new world" in one for one in house.told)


def test_object_that_the_meshs_webhook_denies_fails(house):
    """The profile knows whose webhook it is."""
    refuse(house, "TrafficTarget shop", webhook="validator.memory.example")
    result = house.play(GRANT)
    assert result.verdict is Verdict.FAILED
    assert "validator.memory.example" in result.headline


def test_webhook_of_somebody_else_says_nothing_about_the_mesh(house):
    """A policy engine of the cluster is the environment."""
    refuse(house, "TrafficTarget shop", webhook="validate.kyverno.svc")
    result = house.play(GRANT)
    assert result.verdict is Verdict.ERRORED
    assert result.trouble.code == "object-refused"


def test_other_refusals_say_nothing_about_the_mesh(house):
    """A conflict, a quota, a namespace that ends."""
    refuse(house, "TrafficTarget shop", error=ManifestRefusedError)
    assert house.play(GRANT).verdict is Verdict.ERRORED


@pytest.mark.parametrize("kind", ["HTTPRouteGroup", "TrafficTarget"])
def test_refusal_of_the_suites_own_objects_says_nothing_about_the_scenario(house, kind):
    """Only what the scenario is about counts: a beacon is ours."""

    def obstacle(verb, about):
        for one in about if verb == "apply" else ():
            if one.kind == kind and one.name.startswith("beacon"):
                raise ObjectRefusedError(WORDS, str(one.ref), "as scripted", str(one.ref), "")

    house.journal.obstacle = obstacle
    assert house.play(GRANT).verdict is Verdict.ERRORED


def test_steps_after_a_refused_object_are_not_played(house):
    """They stand on an object that is not there; what was seen before is judged."""
    refuse(house, "TrafficTarget shop")
    result = house.play(NOTHING, GRANT, REVOKED)
    assert [step.name for step in result.steps] == ["nothing changes", "client-a is listed"]
    assert [step.verdict for step in result.steps] == [Verdict.PASSED, Verdict.FAILED]


def test_refusal_that_the_text_leaves_open_passes(house):
    """The step goes on without the object, and the finding says why that is right."""
    refuse(house, "TrafficTarget shop")
    result = house.play(TOLERATED)
    assert result.verdict is Verdict.PASSED
    findings = result.steps[0].findings
    assert findings[0].because == "no sentence says so"
    assert "too many" in findings[0].observed
    assert findings[1].expected == "no call reaches an application"


def test_everything_else_of_the_step_is_applied(house):
    """One refused object takes nothing else with it, and all of it is deleted in the end."""
    refuse(house, "TrafficTarget shop")
    house.play(TOLERATED)
    applied = {one.name for call in house.journal.about("apply") for one in call}
    assert "routes" in applied
    assert not [one for one in house.cluster.policy() if one.name == "routes"]
