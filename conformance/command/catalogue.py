"""What there is, as text: the scenarios, the requirements, and what one of them means."""

import difflib
import textwrap
from collections.abc import Iterable, Iterator, Mapping

from conformance.errors import UsageError
from conformance.model.scenario import Scenario
from conformance.places import scenarios_root
from conformance.providers.loading import profiles
from conformance.providers.profile import Profile
from conformance.scenario.library import load_library, load_requirements
from conformance.spec import ApiVersion, Requirement


def list_scenarios(word: str) -> str:
    """List scenarios whose id, summary or requirements contain *word*; an empty word lists all.

    Raises:
        ScenarioError: One of the files cannot be read.
        UsageError: Nothing contains the word.
    """
    found = [one for one in load_library(scenarios_root()) if _mentions(one, word)]
    if not found:
        raise UsageError(
            f"no scenario mentions {word!r}",
            str(scenarios_root()),
            "`smi-conformance list` without a word lists all",
        )
    runs = sum(len(one.versions) for one in found)
    blocks = [
        f"{one.id}  [{_versions(one.versions)}]\n  {one.summary}\n  shows {', '.join(one.shows)}"
        for one in found
    ]
    return "\n".join([*blocks, f"\n{len(found)} scenarios, {runs} with their versions"])


def list_profiles() -> str:
    """List the shipped profiles, with what each was tried on.

    Raises:
        ScenarioError: One of the files cannot be read.
    """
    found = profiles()
    width = max(len(one.name) for one in found)
    return "\n".join(f"{one.name:<{width}}  {one.title}, {one.release}: {_tried(one)}" for one in found)


def _tried(profile: Profile) -> str:
    return f"run: {'; '.join(profile.was_run)}" if profile.was_run else "its facts were only read"


def explain_id(name: str) -> str:
    """Explain the requirement or the scenario that is called *name*.

    Raises:
        ScenarioError: One of the files cannot be read.
        UsageError: There is no such thing.
    """
    root = scenarios_root()
    return explain_among(name, load_requirements(root), {one.id: one for one in load_library(root)})


def explain_among(
    name: str, requirements: Mapping[str, Requirement], scenarios: Mapping[str, Scenario]
) -> str:
    """Explain *name*, given everything there is by id.

    Raises:
        UsageError: There is no such thing.
    """
    if name in requirements:
        return "\n".join(_requirement(requirements[name], scenarios.values()))
    if name in scenarios:
        return "\n".join(_scenario(scenarios[name], requirements))
    close = difflib.get_close_matches(name, [*requirements, *scenarios], n=3)
    raise UsageError(
        f"there is no requirement and no scenario {name!r}",
        str(scenarios_root()),
        f"did you mean {' or '.join(close)}?" if close else "`smi-conformance list` shows all ids",
    )


def _mentions(scenario: Scenario, word: str) -> bool:
    return any(word.lower() in text.lower() for text in (scenario.id, scenario.summary, *scenario.shows))


def _versions(versions: Iterable[ApiVersion]) -> str:
    return " ".join(version.value for version in versions)


def _requirement(requirement: Requirement, scenarios: Iterable[Scenario]) -> Iterator[str]:
    shown = [one for one in scenarios if requirement.id in one.shows]
    yield requirement.id
    yield from _pair("says", requirement.says)
    if requirement.quote:
        yield from _pair("the spec", f'"{requirement.quote}"')
    yield from _pair("section", requirement.section)
    yield from _pair("firmness", f"{requirement.strength.value}; a mesh {requirement.level.value} do so")
    yield from _pair("versions", f"{requirement.group.value} {_versions(requirement.versions)}")
    if requirement.wrong_mesh:
        yield from _pair("catches", requirement.wrong_mesh)
    for one in shown:
        yield from _pair("scenario", f"{one.id}: {one.summary}")
    if not shown:
        yield from _pair("scenario", "none: this requirement is not covered")


def _scenario(scenario: Scenario, requirements: Mapping[str, Requirement]) -> Iterator[str]:
    yield scenario.id
    yield from _pair("in short", scenario.summary)
    yield from _pair("why", scenario.why)
    for name in scenario.shows:
        yield from _pair("shows", f"{name}: {requirements[name].says}")
    yield from _pair("versions", f"{scenario.group.value} {_versions(scenario.versions)}")
    if scenario.needs:
        yield from _pair("needs", ", ".join(feature.value for feature in scenario.needs))
    for number, step in enumerate(scenario.steps, start=1):
        yield from _pair(f"step {number}", step.name)
    if scenario.catches:
        yield from _pair("catches", ", ".join(scenario.catches))
    yield from _pair("file", str(scenarios_root() / scenario.path))
    yield from _pair("run it", f"smi-conformance run scenarios/{scenario.path.as_posix()}")


def _pair(label: str, text: str) -> Iterator[str]:
    lines = textwrap.wrap(" ".join(text.split()), width=100, break_long_words=False, break_on_hyphens=False)
    for number, line in enumerate(lines or [""]):
        yield f"  {'' if number else label:<10} {line}"
