"""Reads one scenario file into the model, and finds what is wrong with it before anything runs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.model.manifest import ObjectRef
from conformance.model.measuring import MetricsProbe
from conformance.model.scenario import Feature, Probe, Scenario, SmiObject, Step
from conformance.scenario import checks
from conformance.scenario.document import Document, read_document, suggestion
from conformance.scenario.document import Step as Place
from conformance.scenario.measuring import MeasuringReader, read_readers
from conformance.scenario.objects import qualified, read_object, read_ref
from conformance.scenario.probes import ProbeReader
from conformance.scenario.schema import check_shape
from conformance.scenario.world import World
from conformance.spec import ApiGroup, ApiVersion, Level, Requirement

FOLDERS: Mapping[str, ApiGroup] = {
    "traffic-access": ApiGroup.ACCESS,
    "traffic-specs": ApiGroup.SPECS,
    "traffic-split": ApiGroup.SPLIT,
    "traffic-metrics": ApiGroup.METRICS,
}
"""The folders below the scenarios' root, and the group whose versions the scenarios in each are about."""


def load_scenario(
    path: Path, world: World, requirements: Mapping[str, Requirement] | None = None
) -> Scenario:
    """Read one scenario and check it.

    Args:
        path: A file below ``<root>/<api>/``.
        world: Who is there.
        requirements: What a scenario may show, by id; None reads the requirements beside the file's folder.

    Raises:
        ScenarioError: With file and line, what is wrong, and what would be right.
    """
    document = read_document(path)
    check_shape(document, "scenario.schema.json")
    if requirements is None:
        from conformance.scenario.library import load_requirements  # the library reads scenarios, too

        requirements = load_requirements(path.parent.parent)
    return _Reader(document=document, world=world, requirements=requirements).scenario()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    document: Document
    world: World
    requirements: Mapping[str, Requirement]

    def scenario(self) -> Scenario:
        item = self.document.value
        folder = self.document.path.parent.name
        scenario = Scenario(
            id=item["id"],
            shows=tuple(item["shows"]),
            group=checks.group_of_folder(self.document, folder, FOLDERS),
            versions=tuple(ApiVersion(one) for one in sorted(item["versions"])),
            summary=item["summary"].strip(),
            why=item["why"].strip(),
            needs=tuple(Feature(one) for one in item.get("needs", [])),
            open=tuple(self._pair(("open", at), text) for at, text in enumerate(item.get("open", []))),
            steps=tuple(self._steps(item["steps"])),
            path=Path(folder, self.document.path.name),
            readers=tuple(read_readers(self.document).values()),
            catches=tuple(item.get("catches", [])),
            level=self._level(item["shows"][0]),
        )
        checks.check_requirements(self.document, scenario, self.requirements)
        checks.check_objects(self.document, scenario, self.world.symbolic)
        return scenario

    def _level(self, requirement: str) -> Level:
        known = self.requirements.get(requirement)
        return known.level if known else Level.MUST  # an unknown one is a mistake, which is told by the check

    def _pair(self, place: tuple[Place, ...], text: str) -> tuple[str, str]:
        source, _, destination = text.partition(" -> ")
        return self._workload(place, source), self._workload(place, destination)

    def _workload(self, place: tuple[Place, ...], text: str) -> str:
        key, known = qualified(text), self.world.symbolic.workloads
        if key not in known:
            raise self.document.mistake(
                place, f"the world has no workload {key!r}", suggestion(key, tuple(known), "workloads")
            )
        return key

    def _steps(self, items: Sequence[Mapping[str, Any]]) -> Iterator[Step]:
        in_force: set[ObjectRef] = set()
        for at, item in enumerate(items):
            place = ("steps", at)
            deleted = self._deleted(place, item, in_force)
            applied = self._applied(place, item)
            in_force.update(one.ref for one in applied)
            yield Step(
                name=item["name"],
                apply=applied,
                delete=deleted,
                probes=self._probes(place, item),
                line=self.document.line(*place),
                may_refuse=self._refusable(place, item, applied),
                replace_pods=tuple(self._replaced(place, item)),
            )

    def _replaced(self, place: tuple[Place, ...], item: Mapping[str, Any]) -> Iterator[str]:
        for at, text in enumerate(item.get("replace_pods", [])):
            here = (*place, "replace_pods", at)
            if place == ("steps", 0):
                raise self.document.mistake(
                    here,
                    "the first step finds new pods as it is",
                    "ask something before, in a step of its own",
                )
            yield self._workload(here, text)

    def _refusable(
        self, place: tuple[Place, ...], item: Mapping[str, Any], applied: Sequence[SmiObject]
    ) -> Mapping[ObjectRef, str]:
        found: dict[ObjectRef, str] = {}
        known = [one.ref for one in applied]
        for text, why in item.get("may_refuse", {}).items():
            ref = read_ref(self.document, (*place, "may_refuse", text), text)
            if ref not in known:
                raise self.document.mistake(
                    (*place, "may_refuse", text),
                    f"{ref} is not applied in this step",
                    suggestion(str(ref), tuple(str(one) for one in known), "applied objects"),
                )
            found[ref] = why.strip()
        return found

    def _applied(self, place: tuple[Place, ...], item: Mapping[str, Any]) -> tuple[SmiObject, ...]:
        found: dict[ObjectRef, SmiObject] = {}
        for at, written in enumerate(item.get("apply", [])):
            one = read_object(self.document, (*place, "apply", at), written)
            if one.ref in found:
                raise self.document.mistake(
                    (*place, "apply", at), f"{one.ref} is applied twice in one step", "keep one of them"
                )
            found[one.ref] = one
        return tuple(found.values())

    def _deleted(
        self, place: tuple[Place, ...], item: Mapping[str, Any], in_force: set[ObjectRef]
    ) -> tuple[ObjectRef, ...]:
        refs = []
        for at, text in enumerate(item.get("delete", [])):
            ref = read_ref(self.document, (*place, "delete", at), text)
            if ref not in in_force:
                raise self.document.mistake(
                    (*place, "delete", at),
                    f"{ref} is not in force before this step",
                    suggestion(str(ref), tuple(str(one) for one in in_force), "objects in force"),
                )
            in_force.remove(ref)
            refs.append(ref)
        return tuple(refs)

    def _probes(self, place: tuple[Place, ...], item: Mapping[str, Any]) -> tuple[Probe, ...]:
        reader = ProbeReader(
            document=self.document,
            topology=self.world.symbolic,
            features=frozenset(Feature(one) for one in self.document.value.get("needs", [])),
        )
        asks = [reader.read_ask(each, one) for each, one in _listed(place, item, "ask")]
        splits = [reader.read_split(each, one) for each, one in _listed(place, item, "split")]
        measured = self._measured(place, item, reader)
        if not asks and not splits and not measured:
            raise self.document.mistake(
                place,
                f"the step {item['name']!r} asks nothing",
                "add `ask` (access), `split` (shares) or `read` (metrics)",
            )
        return (*asks, *splits, *measured)

    def _measured(
        self, place: tuple[Place, ...], item: Mapping[str, Any], probes: ProbeReader
    ) -> tuple[MetricsProbe, ...]:
        reader = MeasuringReader(document=self.document, probes=probes, readers=read_readers(self.document))
        drives = tuple(reader.read_drive(each, one) for each, one in _listed(place, item, "drive"))
        reads = tuple(reader.read_read(each, one) for each, one in _listed(place, item, "read"))
        if drives and not reads:
            raise self.document.mistake(
                (*place, "drive"), "traffic is driven and nothing is read", "add `read`"
            )
        return (MetricsProbe(drives=drives, reads=reads),) if reads else ()


def _listed(
    place: tuple[Place, ...], item: Mapping[str, Any], key: str
) -> Iterator[tuple[tuple[Place, ...], Mapping[str, Any]]]:
    written = item.get(key, [])
    if isinstance(written, Mapping):
        yield (*place, key), written
        return
    for at, one in enumerate(written):
        yield (*place, key, at), one
