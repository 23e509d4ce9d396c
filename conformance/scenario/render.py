"""From a scenario to real manifests: one bundle of API versions, one world, nothing symbolic left."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, assert_never

from conformance.errors import ScenarioError
from conformance.model.manifest import ObjectRef
from conformance.model.measuring import Drive, MetricsProbe, Read
from conformance.model.scenario import (
    AccessProbe,
    Feature,
    Probe,
    RenderedScenario,
    RenderedStep,
    Scenario,
    SmiObject,
    SplitProbe,
    Step,
)
from conformance.model.topology import Topology
from conformance.model.traffic import AddressForm, Cell, HttpRequest, Request
from conformance.scenario.fields import lacks
from conformance.scenario.grants import OpenedPath, open_manifests
from conformance.scenario.manifests import HeadersShape, smi_manifest
from conformance.scenario.readers import placed_reader, reader_manifests
from conformance.scenario.world import World, actual_key
from conformance.spec import ApiVersion, Bundle, measured_resource


def render(  # noqa: PLR0913  # the five things that decide, and the one that schemas disagree on
    scenario: Scenario,
    version: ApiVersion,
    bundle: Bundle,
    world: World,
    namespaces: Mapping[str, str],
    *,
    headers_shape: HeadersShape = "map",
) -> RenderedScenario:
    """Write a scenario down for one bundle of versions and one set of namespaces.

    Args:
        scenario: What to write.
        version: The version of the scenario's group that is under test.
        bundle: Which version of each group to write.
        world: Who is there.
        namespaces: For each symbolic namespace its actual name.
        headers_shape: How the installed schema wants header filters: as a ``map``, or as a ``list`` of maps
            with one pair each, which the text showed up to release 0.6.0.

    Raises:
        ScenarioError: The bundle lacks a field that the scenario uses; `unwritable` says so beforehand.
    """
    _refuse_unwritable(scenario, bundle)
    topology = world.topology(namespaces)
    return RenderedScenario(
        scenario=scenario,
        bundle=bundle,
        version=version,
        grants=open_manifests(_open_paths(scenario, topology, namespaces), bundle),
        readers=reader_manifests(placed_reader(one, namespaces) for one in scenario.readers),
        steps=tuple(_step(step, bundle, namespaces, headers_shape) for step in scenario.steps),
        workloads=frozenset(actual_key(key, namespaces) for key in workloads_needed(scenario, world)),
    )


def unwritable(scenario: Scenario, bundle: Bundle) -> tuple[str, ...]:
    """Say which fields of a scenario *bundle* has no place for; empty when it can be rendered.

    A provider may serve versions together that are no stated partners; then a scenario whose own version is
    served may still not be expressible.
    """
    objects = (one for step in scenario.steps for one in step.apply)
    return tuple(dict.fromkeys(lack.what for one in objects for lack in lacks(one, bundle)))


def workloads_needed(scenario: Scenario, world: World) -> frozenset[str]:
    """List the symbolic keys of all who call, are called, or stand behind a called or split Service."""
    found = {key for pair in scenario.open for key in pair}
    for step in scenario.steps:
        found.update(step.replace_pods)
        for probe in step.probes:
            found |= _workloads_of_probe(probe, world.symbolic)
        for one in step.apply:
            found |= _workloads_of_split(one, world.symbolic)
    return world.symbolic.made_with(found)


def _refuse_unwritable(scenario: Scenario, bundle: Bundle) -> None:
    for what in unwritable(scenario, bundle):
        raise ScenarioError(
            what,
            f"{scenario.path}, rendered for {bundle}",
            "ask `unwritable` first and leave the scenario out",
        )


def _open_paths(
    scenario: Scenario, topology: Topology, namespaces: Mapping[str, str]
) -> Iterable[OpenedPath]:
    for source, destination in scenario.open:
        yield (
            topology.workloads[actual_key(source, namespaces)],
            topology.workloads[actual_key(destination, namespaces)],
            Feature.TCP in scenario.needs,
        )


def _step(
    step: Step, bundle: Bundle, namespaces: Mapping[str, str], headers_shape: HeadersShape
) -> RenderedStep:
    return RenderedStep(
        name=step.name,
        apply=tuple(smi_manifest(_placed(one, namespaces), bundle, headers_shape) for one in step.apply),
        delete=tuple(_placed_ref(one, namespaces) for one in step.delete),
        probes=tuple(_probe(one, namespaces) for one in step.probes),
        may_refuse={_placed_ref(one, namespaces): why for one, why in step.may_refuse.items()},
        replace_pods=tuple(actual_key(key, namespaces) for key in step.replace_pods),
    )


def _placed_ref(ref: ObjectRef, namespaces: Mapping[str, str]) -> ObjectRef:
    return replace(ref, namespace=namespaces[ref.namespace])


def _placed(one: SmiObject, namespaces: Mapping[str, str]) -> SmiObject:
    spec: dict[str, Any] = dict(one.spec)
    if one.kind == "TrafficTarget":
        spec["destination"] = _placed_subject(spec["destination"], namespaces)
        if "sources" in spec:
            spec["sources"] = [_placed_subject(subject, namespaces) for subject in spec["sources"]]
    return replace(one, namespace=namespaces[one.namespace], spec=spec)


def _placed_subject(subject: Mapping[str, Any], namespaces: Mapping[str, str]) -> Mapping[str, Any]:
    if "namespace" not in subject:
        return subject
    return {**subject, "namespace": namespaces[subject["namespace"]]}


def _probe(probe: Probe, namespaces: Mapping[str, str]) -> Probe:
    match probe:
        case AccessProbe():
            return replace(probe, cells=tuple(_cell(cell, namespaces) for cell in probe.cells))
        case SplitProbe():
            return replace(
                probe,
                source=actual_key(probe.source, namespaces),
                service=actual_key(probe.service, namespaces),
            )
        case MetricsProbe():
            return MetricsProbe(
                drives=tuple(_drive(one, namespaces) for one in probe.drives),
                reads=tuple(_read(one, namespaces) for one in probe.reads),
            )
    assert_never(probe)


def _drive(drive: Drive, namespaces: Mapping[str, str]) -> Drive:
    late = actual_key(drive.delays_at, namespaces) if drive.delays_at else ""
    return replace(drive, cell=_cell(drive.cell, namespaces), delays_at=late)


def _read(read: Read, namespaces: Mapping[str, str]) -> Read:
    is_namespace = read.resource == "namespaces" and not read.is_unknown
    return replace(
        read,
        namespace=namespaces.get(read.namespace, read.namespace),
        name=namespaces[read.name] if is_namespace and read.name else read.name,
        path=_named(read.path, namespaces),
        reader=placed_reader(read.reader, namespaces) if read.reader else None,
    )


def _cell(cell: Cell, namespaces: Mapping[str, str]) -> Cell:
    target = replace(cell.target, name=actual_key(cell.target.name, namespaces))
    request = _request(cell.request, namespaces)
    return replace(cell, source=actual_key(cell.source, namespaces), target=target, request=request)


def _request(request: Request, namespaces: Mapping[str, str]) -> Request:
    """Write ``{here}`` in a header's value as the namespace's actual name: a forged identity has to be a real one."""
    if not isinstance(request, HttpRequest):
        return request
    return replace(request, headers=tuple((name, _named(text, namespaces)) for name, text in request.headers))


def _named(text: str, namespaces: Mapping[str, str]) -> str:
    for symbol, actual in namespaces.items():
        text = text.replace(f"{{{symbol}}}", actual)
    return text


def _workloads_of_probe(probe: Probe, topology: Topology) -> set[str]:
    match probe:
        case AccessProbe():
            return _workloads_of_cells(probe.cells, topology)
        case SplitProbe():
            return {probe.source, *_behind(probe.service, topology)}
        case MetricsProbe():
            driven = _workloads_of_cells((one.cell for one in probe.drives), topology)
            return driven.union(*(_workloads_of_read(one, topology) for one in probe.reads))
    assert_never(probe)


def _workloads_of_cells(cells: Iterable[Cell], topology: Topology) -> set[str]:
    found: set[str] = set()
    for cell in cells:
        pod = cell.target.form is AddressForm.POD
        found |= {cell.source, *([cell.target.name] if pod else _behind(cell.target.name, topology))}
    return found


def _workloads_of_read(read: Read, topology: Topology) -> set[str]:
    """Name who has to run so that what is read is there."""
    key = f"{read.namespace}/{read.name}"
    if read.is_unknown:
        return set()
    if read.resource == "services":
        return _behind(key, topology)
    made = measured_resource(read.resource)
    owned = {
        workload.key
        for workload in topology.workloads.values()
        if made and workload.maker == ObjectRef(made.kind, read.namespace, read.name)
    }
    return owned | ({key} & topology.workloads.keys())


def _workloads_of_split(one: SmiObject, topology: Topology) -> set[str]:
    if one.kind != "TrafficSplit":
        return set()
    services = [one.spec["service"], *(backend["service"] for backend in one.spec["backends"])]
    return {key for service in services for key in _behind(f"{one.namespace}/{service}", topology)}


def _behind(service: str, topology: Topology) -> set[str]:
    if service not in topology.services:
        return set()  # a split may name a Service that is not there
    return {workload.key for workload in topology.behind(topology.services[service])}
