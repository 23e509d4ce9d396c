"""Questions about discovery: that the API is the API server's own, and that what it lists is what there is."""

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.judge.metrics.answers import shown
from conformance.judge.metrics.case import Case, Remark
from conformance.judge.metrics.parsing import read_body
from conformance.judge.metrics.shapes import mistakes_of
from conformance.model.metrics import Answered
from conformance.spec import MEASURED_RESOURCES, ApiGroup, MeasuredResource, measured_resource

_OK = 200
_WRITING = frozenset({"create", "update", "patch", "delete", "deletecollection"})


def entries(case: Case) -> Iterator[Remark]:
    """Each resource has its kind, its scope and its verbs, with and without a slash behind the path."""
    yield from (Remark("an APIResourceList", one) for one in mistakes_of(case.body, "discovery"))
    yield from _version(case)
    for name, entry in _listed(case.body).items():
        known = measured_resource(name)
        if entry.get("kind") != "TrafficMetrics":
            yield Remark(f"{name} has kind TrafficMetrics", f"{entry.get('kind')!r}")
        if known and entry.get("namespaced") is not known.namespaced:
            yield Remark(f"{name}: namespaced is {known.namespaced}", f"{entry.get('namespaced')}")
        verbs = entry.get("verbs")
        # The SDK gives trafficsplits the verb get only.
        wanted = {"get"} if name == "trafficsplits" else {"get", "list"}
        if not isinstance(verbs, list) or not wanted <= set(verbs):
            yield Remark(f"{name} has the verbs {' and '.join(sorted(wanted))}", f"{verbs}")
        elif not _WRITING.isdisjoint(verbs):
            yield Remark(f"{name} has verbs for reading alone", f"{verbs}", "verbs are get and list")
    other = case.once.others.get("slash")
    if other and (other.answer.status != _OK or _sorted(read_body(other.answer.body)) != _sorted(case.body)):
        yield Remark(
            "the same answer with a slash at the end",
            f"status {other.answer.status}: {shown(other.answer.body)}",
        )


def _sorted(body: Any) -> Any:
    """Give a list of resources in one order: it has none of its own."""
    if not isinstance(body, Mapping):
        return body
    return {**body, "resources": sorted(_resources(body), key=lambda one: str(one.get("name")))}


def _version(case: Case) -> Iterator[Remark]:
    """The list is of the version that was asked for, and has each resource once."""
    body = case.body if isinstance(case.body, Mapping) else {}
    wanted = case.once.main.request.path.strip("/").removeprefix("apis/")
    if body.get("groupVersion") != wanted:
        yield Remark(f"groupVersion is {wanted}", f"{body.get('groupVersion')!r}")
    names = [str(one.get("name")) for one in _resources(body)]
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            yield Remark(f"{name} once", f"{names.count(name)} times")


def served(case: Case) -> Iterator[Remark]:
    """What is listed can be listed for real, and what is not listed is not found."""
    listed = _listed(case.body)
    for one in (*MEASURED_RESOURCES, *resources_beyond(case.once.main.answer.body)):
        answer = case.once.others.get(f"list of {one.plural}")
        if answer is None:
            continue
        status = answer.answer.status
        verbs = listed.get(one.plural, {}).get("verbs", ())
        if one.plural in listed and "list" in verbs and status != _OK:
            yield Remark(f"{one.plural}, which discovery lists, is served", _told(answer))
        if one.plural not in listed and status == _OK:
            yield Remark(f"{one.plural}, which is served, stands in discovery", "it does not")


def resources_beyond(raw: bytes) -> Iterator[MeasuredResource]:
    """Name what a discovery's body lists beside the eleven."""
    for name, entry in _listed(read_body(raw)).items():
        if measured_resource(name) is None and name.isalpha():
            yield MeasuredResource(
                plural=name, kind=str(entry.get("kind")), namespaced=entry.get("namespaced") is True
            )


def full_set(case: Case) -> Iterator[Remark]:
    """All eleven resources are there."""
    missing = [one.plural for one in MEASURED_RESOURCES if one.plural not in _listed(case.body)]
    if missing:
        yield Remark("all eleven resources", f"{', '.join(missing)} are missing")


def registered(case: Case) -> Iterator[Remark]:
    """The group stands in the API server's discovery, and its APIService is there and available."""
    group = case.body if isinstance(case.body, Mapping) else {}
    if group.get("kind") != "APIGroup" or group.get("name") != ApiGroup.METRICS.value:
        yield Remark(
            f"the group {ApiGroup.METRICS.value} among the API server's", shown(case.once.main.answer.body)
        )
    service = case.once.others.get("service")
    if service is None:
        return
    body: Any = read_body(service.answer.body)
    if service.answer.status != _OK or not isinstance(body, Mapping):
        yield Remark("an APIService for the group's version", _told(service))
        return
    if body.get("spec", {}).get("group") != ApiGroup.METRICS.value:
        yield Remark(f"an APIService of {ApiGroup.METRICS.value}", f"{body.get('spec')}")
    conditions = body.get("status", {}).get("conditions", ())
    if not any(one.get("type") == "Available" and one.get("status") == "True" for one in conditions):
        yield Remark("an APIService that is Available", f"{conditions}")


def _listed(body: Any) -> Mapping[str, Mapping[str, Any]]:
    return {str(one.get("name")): one for one in _resources(body) if "/" not in str(one.get("name"))}


def _resources(body: Any) -> list[Mapping[str, Any]]:
    found = body.get("resources") if isinstance(body, Mapping) else None
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _told(answered: Answered) -> str:
    return f"status {answered.answer.status}: {shown(answered.answer.body)}"
