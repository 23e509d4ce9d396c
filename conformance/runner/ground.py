"""What a run stands on: a cluster and a mesh on it, begun in the order in which they need each other."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from conformance.cluster import Cluster
from conformance.cluster.embedded import LocalCluster
from conformance.errors import UsageError
from conformance.probe.prober import SETTLE
from conformance.providers.protocol import Provider
from conformance.providers.reference import ReferenceMesh
from conformance.runner.settings import RunSettings, Tell


class BreakableProvider(Provider, Protocol):
    """A mesh of ours: it can be wrong on purpose."""

    def set_faults(self, names: Iterable[str]) -> None:
        """Become another wrong mesh, or none. When this returns, all of the mesh is it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A cluster and a mesh, both ready."""

    cluster: Cluster
    provider: Provider
    breakable: BreakableProvider | None
    """The provider, where it takes faults."""
    facts: tuple[tuple[str, str], ...] = ()
    """What a reader of the report needs to know of the cluster."""
    ready_deadline: timedelta = timedelta(seconds=60)
    """Longest wait for workloads and their proxies. A guess that leaves room for a machine under load."""
    settle: timedelta = SETTLE
    """How long a delivery may be under way when its caller has gone."""


def open_ground(settings: RunSettings, undo: ExitStack, tell: Tell) -> Ground:
    """Begin what *settings* ask for.

    Args:
        settings: The run as a person asked for it.
        undo: Is given what ends each thing that was begun, even where a later one cannot be.
        tell: Hears what is happening.

    Raises:
        UsageError: There is no such cluster, provider or fault, or they do not go together.
        EnvironmentBrokenError: This machine, or the cluster, lacks something.
    """
    opening = _OPENINGS.get(settings.cluster)
    if opening is None:
        raise UsageError(
            f"there is no cluster {settings.cluster!r}", "--smi-cluster", f"choose {', '.join(_OPENINGS)}"
        )
    return opening(settings, undo, tell)


def _local(settings: RunSettings, undo: ExitStack, _tell: Tell) -> Ground:
    if settings.provider != "reference":
        raise UsageError(
            f"the embedded cluster has no mesh {settings.provider!r}",
            "--smi-provider",
            "use the reference mesh there, which is the default, or name a cluster that has the other one",
        )
    cluster = LocalCluster(settings.run_id)
    undo.callback(cluster.close)
    mesh = ReferenceMesh(cluster, settings.faults)
    undo.callback(mesh.close)
    mesh.start()
    return Ground(cluster=cluster, provider=mesh, breakable=mesh)


def _kind(settings: RunSettings, undo: ExitStack, tell: Tell) -> Ground:
    from conformance.runner.kubernetes_ground import open_kind  # late: it brings Kubernetes' client along

    return open_kind(settings, undo, tell)


def _kubeconfig(settings: RunSettings, undo: ExitStack, tell: Tell) -> Ground:
    from conformance.runner.kubernetes_ground import open_kubeconfig  # late, likewise

    return open_kubeconfig(settings, undo, tell)


_OPENINGS: Mapping[str, Callable[[RunSettings, ExitStack, Tell], Ground]] = {
    "local": _local,
    "kind": _kind,
    "kubeconfig": _kubeconfig,
}
