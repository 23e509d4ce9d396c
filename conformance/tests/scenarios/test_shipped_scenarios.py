"""Every scenario that is shipped can be read, written in each of its versions, and can tell meshes apart."""

from collections.abc import Iterator

import pytest

from conformance.errors import ScenarioError
from conformance.model.expectation import Access
from conformance.model.measuring import MetricsProbe
from conformance.model.scenario import AccessProbe, Probe, RenderedScenario, Scenario, SplitProbe
from conformance.oracle import expected_spread, expected_table
from conformance.places import scenarios_root
from conformance.scenario import World, load_library, load_requirements, render
from conformance.scenario.checks import stated_bundle
from conformance.spec import ApiGroup, Level

LIBRARY = load_library(scenarios_root())
REQUIREMENTS = load_requirements(scenarios_root())
AGREED_BY_ALL_MESHES = ("$", ".*")
"""How a path pattern ends where full match and prefix match mean the same."""

ANCHORING = "traffic-specs/path-pattern-has-an-open-end"
"""The one scenario that is about patterns on which meshes differ."""

OMITTING = "access.rules.matches-omitted-means-all"
"""The one requirement that is about rules that name no entries."""


@pytest.fixture(params=LIBRARY, ids=lambda scenario: scenario.id)
def scenario(request) -> Scenario:
    """Each scenario that is shipped."""
    return request.param


def _renderings(scenario: Scenario, world: World, namespaces) -> Iterator[RenderedScenario]:
    for version in scenario.versions:
        yield render(scenario, version, stated_bundle(scenario.group, version), world, namespaces)


def test_each_version_is_written_under_its_own_name(scenario, world, namespaces):
    """An object carries the version that its bundle has of its group, and actual namespaces."""
    for rendered in _renderings(scenario, world, namespaces):
        for manifest in (one for step in rendered.steps for one in step.apply):
            group, _, version = manifest.api_version.partition("/")
            assert version == rendered.bundle.version_of(ApiGroup(group)).value
            assert manifest.namespace in namespaces.values()


def test_nothing_symbolic_is_left(scenario, world, namespaces):
    """Workloads, cells and probes of a rendered scenario are those of the actual world."""
    topology = world.topology(namespaces)
    for rendered in _renderings(scenario, world, namespaces):
        assert rendered.workloads <= topology.workloads.keys()
        for probe in (one for step in rendered.steps for one in step.probes):
            assert _sources(probe) <= rendered.workloads


def _sources(probe: Probe) -> set[str]:
    match probe:
        case AccessProbe():
            return {cell.source for cell in probe.cells}
        case MetricsProbe():
            return {one.cell.source for one in probe.drives}
        case SplitProbe():
            return {probe.source}


def test_own_grants_do_not_meet_the_scenario_s_objects(scenario, world, namespaces):
    """What opens paths for the whole scenario has names of its own."""
    for rendered in _renderings(scenario, world, namespaces):
        applied = {one.ref for step in rendered.steps for one in step.apply}
        assert not applied & {one.ref for one in rendered.grants}


def test_something_is_decided(scenario, world, namespaces):
    """In each version at least one expectation is no open question, so that a wrong mesh can fail."""
    for rendered in _renderings(scenario, world, namespaces):
        assert any(_decisions(rendered, world, namespaces))


def _decisions(rendered: RenderedScenario, world: World, namespaces) -> Iterator[bool]:
    topology = world.topology(namespaces, rendered.workloads)
    in_force = {one.ref: one for one in rendered.grants}
    for step in rendered.steps:
        for ref in step.delete:
            del in_force[ref]
        in_force.update((one.ref, one) for one in step.apply)
        for probe in step.probes:
            if isinstance(probe, AccessProbe):
                table = expected_table(tuple(in_force.values()), topology, probe.cells)
                yield from (one.access is not Access.OPEN for one in table.values())
            elif isinstance(probe, MetricsProbe):
                yield any(one.about for one in probe.reads)
            else:
                yield bool(expected_spread(tuple(in_force.values()), topology, probe).among)


def test_patterns_are_those_on_which_meshes_agree(scenario):
    """A path pattern ends in a dollar sign or fits everything, except where that is the question."""
    if scenario.id == ANCHORING:
        return
    for one in (each for step in scenario.steps for each in step.apply if each.kind == "HTTPRouteGroup"):
        for entry in one.spec["matches"]:
            assert entry.get("pathRegex", "$").endswith(AGREED_BY_ALL_MESHES), entry


def test_rules_name_the_entries_they_mean(scenario):
    """A mesh that takes a missing list for an empty one fails what is about that, and passes no refusal for it."""
    if OMITTING in scenario.shows:
        return
    targets = (each for step in scenario.steps for each in step.apply if each.kind == "TrafficTarget")
    for rule in (rule for one in targets for rule in one.spec.get("rules") or one.spec.get("specs") or ()):
        assert rule["kind"] != "HTTPRouteGroup" or rule.get("matches"), rule


def test_requirement_comes_from_the_scenario_s_own_api(scenario):
    """The requirement that a scenario is about belongs to its group and holds in all its versions."""
    first = REQUIREMENTS[scenario.shows[0]]
    assert first.group is scenario.group
    assert set(scenario.versions) <= set(first.versions)


def test_file_is_called_like_its_scenario(scenario):
    """Whoever reads an id in a report finds the file without searching."""
    assert f"{scenario.path.with_suffix('')}" == scenario.id


@pytest.mark.parametrize("group", [ApiGroup.ACCESS, ApiGroup.SPECS, ApiGroup.SPLIT])
def test_every_version_of_a_group_has_scenarios(group):
    """No version of an API goes without a scenario."""
    covered = {version for one in LIBRARY if one.group is group for version in one.versions}
    assert len(covered) == 4


def test_requirement_without_a_quote_is_never_called_stated():
    """What the prose says is quoted."""
    unquoted = [one.id for one in REQUIREMENTS.values() if one.strength.value == "stated" and not one.quote]
    assert unquoted == []


def test_requirement_that_a_mesh_must_meet_names_a_wrong_mesh():
    """Every must says which wrong mesh breaks it."""
    silent = [one.id for one in REQUIREMENTS.values() if one.level is Level.MUST and not one.wrong_mesh]
    assert silent == []


def test_one_id_in_two_files_is_refused(library, world, read):
    """Two scenarios may not share an id."""
    read()
    text = (library / "traffic-access" / "example.yaml").read_text(encoding="utf-8")
    (library / "traffic-access" / "second.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match="'traffic-access/an-example' stands in"):
        load_library(library, world)


def test_one_requirement_in_two_files_is_refused(library):
    """Two requirements may not share an id."""
    path = library / "traffic-access" / "requirements.yaml"
    text = path.read_text(encoding="utf-8")
    first = text[text.index("- id:") : text.index("- id:", text.index("- id:") + 1)]
    path.write_text(text + first, encoding="utf-8")
    with pytest.raises(ScenarioError, match="stands twice"):
        load_requirements(library)


def test_requirement_of_another_folder_is_refused(library):
    """A requirement lies with the API it is about."""
    path = library / "traffic-specs" / "requirements.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("specs.inert", "split.inert"), encoding="utf-8")
    with pytest.raises(ScenarioError, match="does not belong into traffic-specs"):
        load_requirements(library)
