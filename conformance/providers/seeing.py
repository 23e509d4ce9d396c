"""What a cluster shows of the meshes in it, and how it is gathered: nothing is changed by looking."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from conformance.cluster import ClusterView
from conformance.errors import ConformanceError
from conformance.model.manifest import Manifest

_RUN_LABEL = "smi-conformance/run"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenWorkload:
    """A Deployment that is there: every known mesh has its controller in one, and no more rights are needed."""

    kind: str
    namespace: str
    name: str
    images: tuple[str, ...]
    """As its containers name them, init containers included."""

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What there is in a cluster that may tell which mesh is installed."""

    served: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Per SMI kind the versions that the API server serves."""
    workloads: tuple[SeenWorkload, ...] = ()
    namespaces: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Labels of each namespace, those of the suite's runs left out, with all that is in them."""
    unseen: tuple[str, ...] = ()
    """What could not be looked at, and why."""


def look_around(cluster: ClusterView) -> Seen:
    """Gather what there is; what must not be looked at is noted and left out.

    Raises:
        ConformanceError: Even the SMI kinds cannot be asked for.
    """
    unseen: list[str] = []
    workloads = _listed(cluster, "Deployment", unseen)
    labels = {one.name: _labels(one) for one in _listed(cluster, "Namespace", unseen)}
    ours = {name for name, each in labels.items() if _RUN_LABEL in each}
    return Seen(
        served=cluster.served(),
        workloads=tuple(_workload(one) for one in workloads if one.namespace not in ours),
        namespaces={name: each for name, each in labels.items() if name not in ours},
        unseen=tuple(unseen),
    )


def _labels(manifest: Manifest) -> Mapping[str, str]:
    return dict(manifest.body["metadata"].get("labels") or {})


def _listed(cluster: ClusterView, kind: str, unseen: list[str]) -> tuple[Manifest, ...]:
    try:
        return cluster.list(kind)
    except ConformanceError as error:
        unseen.append(f"{kind}: {error.what}")
        return ()


def _workload(manifest: Manifest) -> SeenWorkload:
    pod = manifest.body["spec"]["template"]["spec"]
    containers = (*pod.get("initContainers", ()), *pod.get("containers", ()))
    images = (str(one["image"]) for one in containers if one.get("image"))
    return SeenWorkload(
        kind=manifest.kind, namespace=manifest.namespace, name=manifest.name, images=tuple(_once(images))
    )


def _once(names: Iterable[str]) -> Iterable[str]:
    return dict.fromkeys(names)


def repository_of(image: str) -> str:
    """Take registry, tag and digest off an image's name; what has no owner belongs to ``library``.

    Source: how container registries name images; a first part with a dot or a colon is a registry's host.
    """
    path = image.partition("@")[0]
    first, slash, rest = path.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        path = rest
    head, slash, last = path.rpartition("/")
    repository = f"{head}{slash}{last.partition(':')[0]}"
    return repository if "/" in repository else f"library/{repository}"


def tag_of(image: str) -> str:
    """Give the tag of an image's name; empty when it has none."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[2]
