"""What a provider does not claim is UNSUPPORTED, and nothing is sent or applied for it."""

import pytest

from conformance.model.scenario import Feature
from conformance.model.verdict import Verdict
from conformance.spec import ApiGroup, ApiVersion, Level
from conformance.tests.doubles.playhouse import GRANT, HALVES, NOTHING, OPEN_WEBSITES

TCP = """
  - name: nobody is listed
    ask: {from: [client-b], to: [shop], ports: [8300], requests: [TCP]}
"""
PORTS = """
  - name: a port is listed
    apply:
      - TCPRoute: tcp
        ports: [8300]
    ask: {from: [client-b], to: [shop], requests: [GET /]}
"""
ROUTES = """
  - name: routes are there
    apply:
      - HTTPRouteGroup: routes
        matches: [{name: metrics, pathRegex: "/metrics$", methods: [GET]}]
    ask: {from: [client-b], to: [shop], requests: [GET /]}
"""


def assert_unsupported(house, result, *words):
    """See that nothing happened, and that the headline says why."""
    assert result.verdict is Verdict.UNSUPPORTED
    assert house.journal.verbs("apply", "delete", "taste", "measure", "sample", "evidence") == []
    assert result.steps == ()
    for word in words:
        assert word in result.headline


def test_version_that_is_not_served_is_unsupported(house):
    """A mesh is not asked about versions that it does not serve."""
    house.mesh.groups[ApiGroup.ACCESS] = (ApiVersion.V1ALPHA2,)
    result = house.play(GRANT, version="v1alpha3")
    assert_unsupported(house, result, "memory does not serve access.smi-spec.io/v1alpha3")
    assert result.api_versions == ("access.smi-spec.io/v1alpha3",)


def test_feature_that_is_not_claimed_is_unsupported(house):
    """A mesh is not asked about what it does not claim."""
    house.mesh.features = frozenset({Feature.UNMESHED})
    result = house.play(TCP, head="needs: [tcp]")
    assert_unsupported(house, result, "does not claim tcp")


def test_level_that_is_not_claimed_is_unsupported(house):
    """A mesh that wants to be held to what it must do fails nothing that it should do."""
    house.mesh.levels = frozenset({Level.MUST})
    result = house.play(GRANT, level=Level.SHOULD)
    assert_unsupported(house, result, "memory is held to what a mesh must do; example is what it should")


@pytest.mark.parametrize("level", [Level.MUST, Level.MAY])
def test_what_is_due_or_unsafe_is_asked_of_every_mesh(house, level):
    """Where the text is open only unsafe outcomes fail, so that no mesh may leave it out."""
    house.mesh.levels = frozenset({Level.MUST})
    assert house.play(GRANT, level=level).verdict is Verdict.PASSED


def test_kind_that_is_not_served_is_unsupported(house):
    """An adapter may have the route groups of an API group and not its TCPRoute."""
    house.mesh.lacking.add("TCPRoute")
    result = house.play(PORTS, head="versions: [v1alpha3]")
    assert_unsupported(house, result, "memory does not serve the kind of the scenario's TCPRoute tcp")


def test_field_that_the_served_partner_lacks_is_unsupported(house):
    """Where the partner version at hand has no place for a field, the scenario cannot be put."""
    house.mesh.groups[ApiGroup.SPECS] = (ApiVersion.V1ALPHA3,)
    result = house.play(PORTS, head="versions: [v1alpha3]")
    assert_unsupported(house, result, "no `ports` in specs v1alpha3")


def test_grant_that_a_mesh_without_access_control_cannot_take_is_unsupported(house):
    """A scenario about splits that writes a TrafficTarget is no question to a mesh that serves splits only."""
    house.serve_only(ApiGroup.SPECS, ApiGroup.SPLIT)
    result = house.play(GRANT, HALVES, folder="traffic-split")
    assert_unsupported(house, result, "does not serve access.smi-spec.io", "TrafficTarget shop")


def test_routes_that_a_mesh_without_specs_cannot_take_are_unsupported(house):
    """The same holds for routes."""
    house.serve_only(ApiGroup.SPLIT)
    result = house.play(ROUTES, HALVES, folder="traffic-split")
    assert_unsupported(house, result, "does not serve specs.smi-spec.io", "HTTPRouteGroup routes")


def test_access_without_routes_is_unsupported(house):
    """Without routes nothing can be granted: every refusal would lack its control, or be expected of nobody."""
    house.serve_only(ApiGroup.ACCESS, ApiGroup.SPLIT)
    assert_unsupported(house, house.play(NOTHING), "does not serve specs.smi-spec.io")


def test_split_without_grants_of_its_own_is_supported_without_access_control(house):
    """Grants under ``open`` are surroundings: they are left out where nothing is refused."""
    house.serve_only(ApiGroup.SPLIT)
    result = house.play(HALVES, folder="traffic-split", head=OPEN_WEBSITES)
    assert result.verdict is Verdict.PASSED
