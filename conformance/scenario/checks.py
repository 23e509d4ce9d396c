"""What must hold of a whole scenario: known requirements, fields that its versions have, names that exist."""

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.model.scenario import Scenario, SmiObject
from conformance.model.topology import Topology
from conformance.scenario.document import Document, Step, suggestion
from conformance.scenario.fields import lacks
from conformance.spec import ApiGroup, ApiVersion, Bundle, Requirement, bundle_for

_EVERYTHING = {group: tuple(ApiVersion) for group in ApiGroup}


def group_of_folder(document: Document, folder: str, folders: Mapping[str, ApiGroup]) -> ApiGroup:
    """Say which group the scenarios of *folder* are about.

    Raises:
        ScenarioError: No API has that folder, or the id names another one.
    """
    if folder not in folders:
        raise document.mistake(
            (),
            f"lies in the folder {folder!r}, which is no API's",
            suggestion(folder, tuple(folders), "folders"),
        )
    if not document.value["id"].startswith(f"{folder}/"):
        raise document.mistake(
            ("id",),
            f"the id {document.value['id']!r} names another folder than the file lies in",
            f"begin it with '{folder}/'",
        )
    return folders[folder]


def check_requirements(document: Document, scenario: Scenario, known: Mapping[str, Requirement]) -> None:
    """See that each requirement is known, and that the versions have the one the scenario is about.

    Raises:
        ScenarioError: Otherwise.
    """
    for at, name in enumerate(scenario.shows):
        if name not in known:
            raise document.mistake(
                ("shows", at),
                f"there is no requirement {name!r}",
                suggestion(name, tuple(known), "requirements"),
            )
    first = known[scenario.shows[0]]
    if first.group is not scenario.group:
        raise document.mistake(
            ("shows", 0),
            f"{first.id} belongs to {first.group.value}, the scenario to {scenario.group.value}",
            "put the requirement of this folder's API first, or move the file",
        )
    for version in scenario.versions:
        if version not in first.versions:
            offered = ", ".join(one.value for one in first.versions)
            raise document.mistake(
                ("versions",), f"{first.id} does not hold in {version.value}", f"list only {offered}"
            )


def check_objects(document: Document, scenario: Scenario, topology: Topology) -> None:
    """See that every version has the fields that are used, and that short names name somebody.

    Raises:
        ScenarioError: Otherwise.
    """
    routes = {(one.kind, one.name) for _, one in _objects(scenario)}
    for place, one in _objects(scenario):
        _check_fields(document, place, one, scenario)
        _check_subjects(document, place, topology)
        _check_services(document, place, one, topology)
        _check_routes(document, place, one, routes)


def stated_bundle(group: ApiGroup, version: ApiVersion) -> Bundle:
    """Name the versions that the documents give *version* of *group* as partners."""
    bundle = bundle_for(group, version, _EVERYTHING)
    assert bundle is not None  # everything is served
    return bundle


def _objects(scenario: Scenario) -> Iterator[tuple[tuple[Step, ...], SmiObject]]:
    for step, each in enumerate(scenario.steps):
        for at, one in enumerate(each.apply):
            yield ("steps", step, "apply", at), one


def _written(document: Document, place: tuple[Step, ...]) -> Any:
    value = document.value
    for step in place:
        value = value[step]
    return value


def _check_fields(document: Document, place: tuple[Step, ...], one: SmiObject, scenario: Scenario) -> None:
    for version in scenario.versions:
        for lack in lacks(one, stated_bundle(scenario.group, version)):
            listed = f"{scenario.group.value}/{version.value} is listed"
            raise document.mistake((*place, lack.field), f"{lack.what}, but {listed}", lack.hint)


def _check_subjects(document: Document, place: tuple[Step, ...], topology: Topology) -> None:
    written = _written(document, place)
    accounts = tuple(str(each.identity) for each in topology.workloads.values())
    named: list[tuple[tuple[Step, ...], Any]] = [(("destination",), written.get("destination"))]
    named += [(("sources", at), source) for at, source in enumerate(written.get("sources", []))]
    for steps, subject in named:
        if not isinstance(subject, str):
            continue  # the long form may name who is not there
        key = subject if "/" in subject else f"here/{subject}"
        if key not in accounts:
            raise document.mistake(
                (*place, *steps),
                f"no workload of the world runs as {key!r}",
                f"{suggestion(key, accounts, 'accounts')}; who is not there is written as an object",
            )


def _check_services(document: Document, place: tuple[Step, ...], one: SmiObject, topology: Topology) -> None:
    if one.kind != "TrafficSplit":
        return
    backends = _written(document, place)["backends"]
    # The long form, a list, may name a Service that is not there.
    for name in (one.spec["service"], *(backends if isinstance(backends, Mapping) else ())):
        key = f"{one.namespace}/{name}"
        if key not in topology.services:
            raise document.mistake(
                place,
                f"the world has no Service {key!r}",
                suggestion(key, tuple(topology.services), "Services"),
            )


def _check_routes(
    document: Document, place: tuple[Step, ...], one: SmiObject, known: set[tuple[str, str]]
) -> None:
    field = {"TrafficTarget": "rules", "TrafficSplit": "matches"}.get(one.kind, "")
    for at, rule in enumerate(one.spec.get(field, [])):
        if (rule["kind"], rule["name"]) not in known:
            names = tuple(name for kind, name in known if kind == rule["kind"])
            raise document.mistake(
                (*place, field, at),
                f"no step applies a {rule['kind']} {rule['name']!r}",
                suggestion(rule["name"], names, f"{rule['kind']}s of this scenario"),
            )
