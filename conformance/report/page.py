"""report.html: a report as one page that needs nothing else, neither a script nor a file nor a network.

This module arranges what the template shows; how it looks is the template's affair alone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from jinja2 import Environment, PackageLoader, StrictUndefined

from conformance.model.result import ScenarioResult
from conformance.model.verdict import Verdict
from conformance.report.document import Report, verdict_counts
from conformance.report.wording import SYMBOLS, name_of
from conformance.spec import ApiGroup, ApiVersion, Requirement

_WORST_FIRST = (Verdict.FAILED, Verdict.ERRORED, Verdict.INCONCLUSIVE, Verdict.PASSED, Verdict.UNSUPPORTED)
"""The first of these that is among several verdicts stands for all: what was seen to fail has failed."""

_CONCERNING = (Verdict.FAILED, Verdict.ERRORED, Verdict.INCONCLUSIVE)
"""What a reader looks for first, in this order."""

_TITLES: Mapping[ApiGroup, str] = {
    ApiGroup.ACCESS: "Traffic Access Control",
    ApiGroup.SPECS: "Traffic Specs",
    ApiGroup.SPLIT: "Traffic Split",
    ApiGroup.METRICS: "Traffic Metrics",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One requirement in one version."""

    verdict: Verdict | None
    words: str
    """The verdict's word, or why there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One requirement with what was found of it."""

    requirement: Requirement
    anchor: str
    cells: tuple[Cell, ...]
    """One per version of SMI, oldest first."""
    verdict: Verdict | None
    """The worst of all versions; None when it was not judged."""
    about: tuple[ScenarioResult, ...]
    """Results of the scenarios that are about it."""
    beside: tuple[tuple[ScenarioResult, ...], ...]
    """Results of scenarios that show it while they are about another requirement, scenario by scenario."""
    not_run: tuple[str, ...]
    """Ids of scenarios that show it and were not run."""
    is_covered: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """A scenario that did not pass, with all versions in which it ended so."""

    verdict: Verdict
    results: tuple[ScenarioResult, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """The requirements of one API."""

    title: str
    group: str
    rows: tuple[Row, ...]


def render_page(report: Report) -> str:
    """Render *report* as one HTML document without outside references."""
    run = report.run
    chapters = _chapters(report)
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            run=run,
            chapters=chapters,
            counts=verdict_counts(run.results),
            versions=tuple(ApiVersion),
            concerns=_concerns(run.results),
            uncovered=[row for chapter in chapters for row in chapter.rows if not row.is_covered],
            orphans=_orphans(report),
        )
    )


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("conformance.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"anchor": _anchor, "span": _span, "moment": _moment, "name": name_of}
    environment.globals |= {"CONCERNING": _CONCERNING, "SYMBOLS": SYMBOLS, "Verdict": Verdict}
    return environment


def _chapters(report: Report) -> tuple[Chapter, ...]:
    chapters = []
    for group, title in _TITLES.items():
        rows = tuple(_row(one, report) for one in report.catalogue.requirements if one.group is group)
        if rows:
            chapters.append(Chapter(title=title, group=group.value, rows=rows))
    return tuple(chapters)


def _row(requirement: Requirement, report: Report) -> Row:
    shown = [one for one in report.run.results if requirement.id in one.requirements]
    scenarios = report.catalogue.shown_by.get(requirement.id, ())
    run = {one.scenario for one in shown}
    return Row(
        requirement=requirement,
        anchor=_anchor(requirement.id),
        cells=tuple(_cell(requirement, version, shown, is_covered=bool(scenarios)) for version in ApiVersion),
        verdict=_worst(shown),
        about=tuple(one for one in shown if one.requirements[0] == requirement.id),
        beside=_by_scenario(one for one in shown if one.requirements[0] != requirement.id),
        not_run=tuple(one for one in scenarios if one not in run),
        is_covered=bool(scenarios),
    )


def _by_scenario(results: Iterable[ScenarioResult]) -> tuple[tuple[ScenarioResult, ...], ...]:
    together: dict[str, list[ScenarioResult]] = {}
    for one in results:
        together.setdefault(one.scenario, []).append(one)
    return tuple(tuple(same) for same in together.values())


def _cell(
    requirement: Requirement, version: ApiVersion, shown: Iterable[ScenarioResult], *, is_covered: bool
) -> Cell:
    verdict = _worst([one for one in shown if one.version == version.value])
    if verdict is not None:
        return Cell(verdict=verdict, words=verdict.value)
    if version not in requirement.versions:
        return Cell(verdict=None, words="")
    return Cell(verdict=None, words="not run" if is_covered else "not covered")


def _worst(results: Iterable[ScenarioResult]) -> Verdict | None:
    found = {one.verdict for one in results}
    return next((verdict for verdict in _WORST_FIRST if verdict in found), None)


def _concerns(results: Iterable[ScenarioResult]) -> list[Concern]:
    together: dict[tuple[Verdict, str], list[ScenarioResult]] = {}
    for one in results:
        if one.verdict in _CONCERNING:
            together.setdefault((one.verdict, one.scenario), []).append(one)
    found = [Concern(verdict=verdict, results=tuple(same)) for (verdict, _), same in together.items()]
    return sorted(found, key=lambda one: _CONCERNING.index(one.verdict))


def _orphans(report: Report) -> list[ScenarioResult]:
    """Find results whose requirement is not in the catalogue, so that none is lost."""
    known = {one.id for one in report.catalogue.requirements}
    return [one for one in report.run.results if not one.requirements or one.requirements[0] not in known]


def _anchor(name: str) -> str:
    return "".join(sign if sign.isalnum() else "-" for sign in name)


def _span(length: timedelta) -> str:
    seconds = length.total_seconds()
    if seconds < 60:  # noqa: PLR2004  # a minute
        return f"{seconds:.1f}\N{NO-BREAK SPACE}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}\N{NO-BREAK SPACE}min {rest:02}\N{NO-BREAK SPACE}s"


def _moment(when: datetime) -> str:
    return when.strftime("%Y-%m-%d %H:%M:%S %Z")
