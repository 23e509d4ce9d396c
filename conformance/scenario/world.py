"""The sample world: who is there when scenarios run, as ordinary manifests with symbolic namespaces.

A scenario speaks of ``here``, ``there`` and ``outside``; a run gives each an actual name. A *key* is
``namespace/name``, symbolic or actual as the namespace in it is.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from conformance.errors import ScenarioError
from conformance.model.manifest import Manifest
from conformance.model.topology import AppProtocol, Port, Service, ServicePort, Topology, Workload
from conformance.scenario.document import Document, read_documents

WORKLOAD_KINDS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "ReplicationController")
"""Kinds of objects that make the pods of a workload."""

MESH_LABEL = ("smi-conformance/mesh", "enabled")
"""The label of a namespace whose pods have a proxy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Sample workloads and Services, under symbolic names."""

    path: Path
    objects: tuple[Manifest, ...]
    """As they stand in the file."""
    symbolic: Topology
    """What they declare, with symbolic keys."""

    @property
    def namespaces(self) -> tuple[str, ...]:
        """The symbolic namespaces, in the order of the file."""
        return tuple(one.name for one in self.objects if one.kind == "Namespace")

    def topology(self, namespaces: Mapping[str, str], workloads: Collection[str] | None = None) -> Topology:
        """Say who is there under actual names.

        Args:
            namespaces: For each symbolic namespace its actual name.
            workloads: Actual keys of those that run; None means all. Services keep their place either way.
        """
        every = (
            replace(one, namespace=namespaces[one.namespace]) for one in self.symbolic.workloads.values()
        )
        services = (
            replace(one, namespace=namespaces[one.namespace]) for one in self.symbolic.services.values()
        )
        return Topology(
            workloads={one.key: one for one in every if workloads is None or one.key in workloads},
            services={one.key: one for one in services},
        )

    def manifests(
        self, namespaces: Mapping[str, str], workloads: Collection[str] | None = None
    ) -> tuple[Manifest, ...]:
        """Write what has to be applied so that some workloads run, in an order in which it can be applied.

        Args:
            namespaces: For each symbolic namespace its actual name.
            workloads: Actual keys of those that are wanted, as `RenderedScenario.workloads` gives them; None
                means all.

        Returns:
            All namespaces; the Deployments of these workloads, or what else makes their pods, their service
            accounts, and every Service that selects one of them.

        Raises:
            ScenarioError: The world has no such workload.
        """
        wanted = self._symbolic_keys(namespaces, workloads)
        return tuple(_placed(one, namespaces) for one in self.objects if self._is_needed(one, wanted))

    def _symbolic_keys(
        self, namespaces: Mapping[str, str], workloads: Collection[str] | None
    ) -> frozenset[str]:
        actual = {actual_key(key, namespaces): key for key in self.symbolic.workloads}
        if workloads is None:
            return frozenset(actual.values())
        for key in workloads:
            if key not in actual:
                raise ScenarioError(
                    f"there is no workload {key!r}",
                    str(self.path),
                    f"name one of {', '.join(sorted(actual))}",
                )
        return frozenset(actual[key] for key in workloads)

    def _is_needed(self, one: Manifest, wanted: frozenset[str]) -> bool:
        key = f"{one.namespace}/{one.name}"
        match one.kind:
            case kind if kind in WORKLOAD_KINDS:
                makers = (self.symbolic.workloads[each] for each in wanted)
                return (one.kind, key) in {
                    (each.kind, f"{each.namespace}/{each.owner_name}") for each in makers
                }
            case "ServiceAccount":
                return any(str(self.symbolic.workloads[each].identity) == key for each in wanted)
            case "Service":
                behind = self.symbolic.behind(self.symbolic.services[key])
                return any(workload.key in wanted for workload in behind)
            case _:
                return True


def actual_key(key: str, namespaces: Mapping[str, str]) -> str:
    """Give the actual key for a symbolic one.

    Args:
        key: Such as ``here/client-a``.
        namespaces: For each symbolic namespace its actual name.
    """
    namespace, _, name = key.partition("/")
    return f"{namespaces[namespace]}/{name}"


def load_world(path: Path) -> World:
    """Read the sample world.

    Args:
        path: A file of ordinary manifests, such as ``fixtures/world/world.yaml``.

    Raises:
        ScenarioError: It cannot be read, or holds what a world does not have.
    """
    documents = read_documents(path)
    _refuse_duplicates(documents)
    meshed = frozenset(_name(one) for one in _of_kind(documents, "Namespace") if _is_meshed(one))
    found = (one for kind in WORKLOAD_KINDS for one in _of_kind(documents, kind))
    workloads = [workload for one in found for workload in _workloads(one, meshed)]
    services = [_service(one, meshed) for one in _of_kind(documents, "Service")]
    return World(
        path=path,
        objects=tuple(Manifest(one.value) for one in documents),
        symbolic=Topology(
            workloads={one.key: one for one in workloads}, services={one.key: one for one in services}
        ),
    )


def load_manifests(path: Path) -> tuple[Manifest, ...]:
    """Read a file of ordinary manifests, to be applied as they stand.

    Raises:
        ScenarioError: It cannot be read, or holds what is no manifest.
    """
    documents = read_documents(path)
    _refuse_duplicates(documents)
    return tuple(Manifest(one.value) for one in documents)


def _of_kind(documents: Iterable[Document], kind: str) -> list[Document]:
    return [one for one in documents if one.value["kind"] == kind]


def _name(document: Document) -> str:
    return str(document.value["metadata"]["name"])


def _is_meshed(namespace: Document) -> bool:
    label, value = MESH_LABEL
    return bool(namespace.value["metadata"].get("labels", {}).get(label) == value)


def _refuse_duplicates(documents: Iterable[Document]) -> None:
    seen = set()
    for one in documents:
        if not isinstance(one.value, dict) or not {"apiVersion", "kind", "metadata"} <= one.value.keys():
            raise one.mistake((), "is no manifest", "give it apiVersion, kind and metadata")
        ref = Manifest(one.value).ref
        if ref in seen:
            raise one.mistake((), f"{ref} stands twice", "keep one of them")
        seen.add(ref)


def _workloads(document: Document, meshed: Collection[str]) -> Iterator[Workload]:
    """Read what one object makes: the pods of a StatefulSet one by one, those of others together."""
    one = _workload(document, meshed)
    if one.kind != "StatefulSet":
        yield one
        return
    for number in range(document.value["spec"].get("replicas", 1)):
        yield replace(one, name=f"{one.name}-{number}", owner=one.name)


def _workload(document: Document, meshed: Collection[str]) -> Workload:
    metadata, template = document.value["metadata"], document.value["spec"]["template"]
    return Workload(
        name=metadata["name"],
        kind=document.value["kind"],
        namespace=metadata["namespace"],
        account=template["spec"]["serviceAccountName"],
        labels=template["metadata"]["labels"],
        marks=metadata.get("labels", {}),
        ports=tuple(_port(document, text) for text in template["spec"]["containers"][0]["args"]),
        meshed=metadata["namespace"] in meshed,
    )


def _port(document: Document, argument: str) -> Port:
    protocol, _, number = argument.removeprefix("--").partition("=")
    if protocol not in {"http", "tcp"} or not number.isdigit():
        raise document.mistake(
            ("spec", "template", "spec", "containers", 0, "args"),
            f"the argument {argument!r} is no port of the probe app",
            "write --http=8080 or --tcp=8300",
        )
    return Port(number=int(number), protocol=AppProtocol(protocol))


def _service(document: Document, meshed: Collection[str]) -> Service:
    metadata, spec = document.value["metadata"], document.value["spec"]
    return Service(
        name=metadata["name"],
        namespace=metadata["namespace"],
        selector=spec.get("selector", {}),
        ports=tuple(_service_port(port) for port in spec["ports"]),
        meshed=metadata["namespace"] in meshed,
    )


def _service_port(port: Mapping[str, Any]) -> ServicePort:
    return ServicePort(
        port=port["port"], target_port=port["targetPort"], protocol=AppProtocol(port["appProtocol"])
    )


def _placed(manifest: Manifest, namespaces: Mapping[str, str]) -> Manifest:
    metadata = dict(manifest.body["metadata"])
    if manifest.kind == "Namespace":
        metadata["name"] = namespaces[manifest.name]
    else:
        metadata["namespace"] = namespaces[manifest.namespace]
    return Manifest({**manifest.body, "metadata": metadata})
