"""What a step does about metrics: the traffic it drives and what it reads, checked against who is there."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from conformance.model.labels import parse_selector
from conformance.model.measuring import Aspect, Drive, Read, Reader, Reading
from conformance.model.traffic import Cell, TcpRequest
from conformance.scenario.document import Document, Step, suggestion
from conformance.scenario.objects import HERE, qualified
from conformance.scenario.probes import ProbeReader
from conformance.spec import MEASURED_RESOURCES, MeasuredResource, measured_resource

EVERYWHERE = "everywhere"
"""What a scenario writes for all namespaces."""

_BY_WORKLOAD = frozenset({"pods", "replicasets", "nodes"})
"""Resources whose objects are named by the workload they belong to."""

_LABELLED = frozenset({"pods", "deployments"})
"""Resources whose objects' labels the suite knows: Kubernetes adds its own to others."""

_FITTING: Mapping[Reading, frozenset[Aspect]] = {
    Reading.DISCOVERY: frozenset(
        {Aspect.STATUS, Aspect.ENTRIES, Aspect.SERVED, Aspect.FULL_SET, Aspect.REGISTERED}
    ),
    Reading.PATH: frozenset({Aspect.STATUS, Aspect.REFUSAL}),
}
_ONLY_FOR: Mapping[Aspect, frozenset[Reading]] = {
    Aspect.TRAIL: frozenset({Reading.GET, Reading.LIST, Reading.EDGES}),
    **dict.fromkeys((Aspect.RESOURCE, Aspect.MEMBERS, Aspect.SELECTOR), frozenset({Reading.LIST})),
    **dict.fromkeys(
        (Aspect.PEERS, Aspect.DIRECTION, Aspect.SIDE, Aspect.KINDS, Aspect.ENDS), frozenset({Reading.EDGES})
    ),
    Aspect.PERSPECTIVE: frozenset({Reading.GET, Reading.LIST}),
    Aspect.IDLE: frozenset({Reading.GET, Reading.LIST}),
    Aspect.BACKENDS: frozenset({Reading.GET, Reading.LIST}),
    **dict.fromkeys(
        (Aspect.ENTRIES, Aspect.SERVED, Aspect.FULL_SET, Aspect.REGISTERED), frozenset({Reading.DISCOVERY})
    ),
}
_FORMS = tuple(one.value for one in Reading)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuringReader:
    """Reads ``drive`` and ``read`` of one scenario file."""

    document: Document
    probes: ProbeReader
    """Knows who is there and what they speak."""
    readers: Mapping[str, Reader]

    def read_drive(self, steps: tuple[Step, ...], item: Mapping[str, Any]) -> Drive:
        """Read one ``drive``.

        Raises:
            ScenarioError: As for ``ask``; or more calls are answered otherwise than there are.
        """
        asked = {"from": [item["from"]], "to": [item["to"]], "requests": [item.get("request", "GET /")]}
        if "port" in item:
            asked["ports"] = [item["port"]]
        if "by" in item:
            asked["by"] = [item["by"]]
        (cell,) = self.probes.read_ask(steps, asked).cells
        self._check_mix(steps, item, cell)
        return Drive(
            cell=cell,
            calls=item["calls"],
            answers=tuple((int(status), calls) for status, calls in item.get("answers", {}).items()),
            delays=tuple(_delay(written, calls) for written, calls in item.get("delays", {}).items()),
            connections=item.get("connections", 4),
            keep_alive=item.get("keep_alive", False),
            delays_at=self._late(steps, item),
            unanswered=item.get("unanswered", 0),
        )

    def _late(self, steps: tuple[Step, ...], item: Mapping[str, Any]) -> str:
        if "delays_at" not in item:
            return ""
        key, known = qualified(item["delays_at"]), tuple(self.probes.topology.workloads)
        if key not in known:
            raise self.document.mistake(
                (*steps, "delays_at"),
                f"the world has no workload {key!r}",
                suggestion(key, known, "workloads"),
            )
        return key

    def read_read(self, steps: tuple[Step, ...], item: Mapping[str, Any]) -> Read:
        """Read one ``read``.

        Raises:
            ScenarioError: Nothing or several things are read; a resource that metrics do not have, an object
                that is not there, a reader that the scenario does not name, or an aspect that does not fit.
        """
        reading = self._reading(steps, item)
        read = Read(
            reading=reading,
            about=tuple(Aspect(one) for one in item["about"]),
            method=item.get("with", "GET"),
            reader=self._reader(steps, item),
            statuses=tuple(item.get("answers", [200])),
            is_unknown=item.get("unknown", False),
            **self._what(steps, item, reading),
        )
        self._check_aspects(steps, read)
        return read

    def _reading(self, steps: tuple[Step, ...], item: Mapping[str, Any]) -> Reading:
        found = [one for one in Reading if one.value in item]
        if len(found) != 1:
            what = f"reads {len(found)} things" if found else "reads nothing"
            raise self.document.mistake(steps, what, f"write exactly one of {', '.join(_FORMS)}")
        return found[0]

    def _reader(self, steps: tuple[Step, ...], item: Mapping[str, Any]) -> Reader | None:
        name = item.get("as")
        if name is None:
            return None
        if name not in self.readers:
            raise self.document.mistake(
                (*steps, "as"),
                f"the scenario has no reader {name!r}",
                suggestion(name, tuple(self.readers), "readers"),
            )
        return self.readers[name]

    def _what(self, steps: tuple[Step, ...], item: Mapping[str, Any], reading: Reading) -> Mapping[str, Any]:
        written = item[reading.value]
        for key in ("selector", "query", "in"):
            if key in item and reading is not Reading.LIST:
                raise self.document.mistake(
                    (*steps, key), f"`{key}` is for lists", "leave it out, or read a list by `list`"
                )
        match reading:
            case Reading.DISCOVERY | Reading.PATH:
                return {"path": written}
            case Reading.LIST:
                resource = self._resource((*steps, "list"), written)
                place = item.get("in", HERE)
                inside = resource.namespaced and place != EVERYWHERE
                selector = item.get("selector", "")
                self._check_selector(steps, written, selector)
                return {
                    "resource": written,
                    "namespace": place if inside else "",
                    "selector": selector,
                    "query": tuple(item.get("query", {}).items()),
                }
            case Reading.GET | Reading.EDGES:
                return self._object((*steps, reading.value), item, written)

    def _check_selector(self, steps: tuple[Step, ...], plural: str, selector: str) -> None:
        if selector and plural not in _LABELLED:
            raise self.document.mistake(
                (*steps, "selector"),
                f"the suite does not know the labels of {plural}",
                f"select among {' or '.join(sorted(_LABELLED))}",
            )
        try:
            parse_selector(selector)
        except ValueError as problem:
            raise self.document.mistake(
                (*steps, "selector"),
                f"{problem}",
                "write app=shop, app!=shop, app in (shop, bank), app or !app",
            ) from problem

    def _object(self, steps: tuple[Step, ...], item: Mapping[str, Any], written: str) -> Mapping[str, Any]:
        plural, _, key = written.partition(" ")
        resource = self._resource(steps, plural)
        namespace, _, name = qualified(key).partition("/")
        if not item.get("unknown", False):
            self._check_there(steps, plural, namespace, name)
        is_spread = plural in _BY_WORKLOAD or resource.namespaced
        return {"resource": plural, "namespace": namespace if is_spread else "", "name": name}

    def _resource(self, steps: tuple[Step, ...], plural: str) -> MeasuredResource:
        found = measured_resource(plural)
        if found is None:
            known = tuple(one.plural for one in MEASURED_RESOURCES)
            raise self.document.mistake(
                steps, f"metrics have no resource {plural!r}", suggestion(plural, known, "resources")
            )
        return found

    def _check_there(self, steps: tuple[Step, ...], plural: str, namespace: str, name: str) -> None:
        topology = self.probes.topology
        if plural in _BY_WORKLOAD:
            known: Iterable[str] = topology.workloads
        elif plural == "services":
            known = topology.services
        elif plural == "namespaces":
            known = (f"{HERE}/{one.namespace}" for one in topology.workloads.values())
        elif plural == "trafficsplits":
            return  # whether a split is in force is told by what comes of it
        else:
            made = measured_resource(plural)
            workloads = topology.workloads.values()
            known = {
                f"{one.namespace}/{one.owner_name}" for one in workloads if made and one.kind == made.kind
            }
        key, names = f"{namespace}/{name}", tuple(dict.fromkeys(known))
        if key not in names:
            raise self.document.mistake(
                steps,
                f"the world has none of {plural} called {key!r}",
                f"{suggestion(key, names, plural)}; whom nobody knows is read with `unknown: true`",
            )

    def _check_mix(self, steps: tuple[Step, ...], item: Mapping[str, Any], cell: Cell) -> None:
        for key in ("answers", "delays", "unanswered"):
            if isinstance(cell.request, TcpRequest) and key in item:
                raise self.document.mistake(
                    (*steps, key), f"a raw TCP line has no `{key}`", "leave it out, or send HTTP"
                )
        for key in ("answers", "delays"):
            wanted = _spoken_for(item, key)
            if wanted > item["calls"]:
                raise self.document.mistake(
                    (*steps, key if key in item else "unanswered"),
                    f"{wanted} of {item['calls']} calls are spoken for",
                    "raise `calls`",
                )

    def _check_aspects(self, steps: tuple[Step, ...], read: Read) -> None:
        for at, aspect in enumerate(read.about):
            fits = read.reading in _ONLY_FOR.get(aspect, frozenset(Reading)) and aspect in _FITTING.get(
                read.reading, frozenset(Aspect)
            )
            if not fits:
                raise self.document.mistake(
                    (*steps, "about", at),
                    f"{aspect.value!r} is no question to ask of `{read.reading.value}`",
                    "docs/writing-scenarios.md says which question goes with which reading",
                )
            if read.is_refused and aspect not in {Aspect.STATUS, Aspect.REFUSAL}:
                raise self.document.mistake(
                    (*steps, "about", at),
                    f"a refusal tells nothing about {aspect.value!r}",
                    "ask about status and refusal, or let 200 be an answer",
                )


def read_readers(document: Document) -> Mapping[str, Reader]:
    """Read the accounts of a scenario that read metrics."""
    found = {}
    for name, item in document.value.get("readers", {}).items():
        found[name] = Reader(
            name=name,
            namespace=item.get("in", HERE),
            resources=tuple(item["may"]),
            verbs=tuple(item.get("verbs", ("get", "list"))),
            names=tuple(item.get("names", ())),
        )
    return found


def _spoken_for(item: Mapping[str, Any], key: str) -> int:
    """Count the calls that are answered late (``delays``), or otherwise or not at all (``answers``)."""
    unanswered = item.get("unanswered", 0) if key == "answers" else 0
    return unanswered + sum(int(calls) for calls in item.get(key, {}).values())


def _delay(written: str, calls: int) -> tuple[timedelta, int]:
    return timedelta(milliseconds=int(written.removesuffix("ms"))), calls
