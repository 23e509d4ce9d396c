"""What a run is asked to do."""

import shlex
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from conformance.cluster.kind.settings import KindSettings

Tell = Callable[[str], None]
"""Takes a few words on what is happening now, for a person who waits."""


def command_again(starter: str, node: str, way: Iterable[str], faults: Iterable[str]) -> str:
    """Spell the command that asks the same once more.

    Args:
        starter: What comes before a node id, such as ``pytest``.
        node: The node id.
        way: Arguments that lead to the same cluster and mesh.
        faults: How the mesh was wrong on purpose.
    """
    broken = (f"--smi-fault={name}" for name in faults)
    return shlex.join((*starter.split(), node, *way, *broken))


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesOptions:
    """How to get at a real cluster, and what is brought along."""

    kubeconfig: Path | None = None
    """None means what ``KUBECONFIG`` names, or ``~/.kube/config``."""
    context: str | None = None
    """None means the kubeconfig's current one."""
    image_base: str | None = None
    """What the suite's images are built on; the official image of this Python if None."""
    registry: str = ""
    """Registry and path where the cluster finds the suite's images; empty where its nodes have them."""
    kind: KindSettings = field(default_factory=KindSettings)

    def arguments(self, cluster: str) -> tuple[str, ...]:
        """Spell what leads to the same cluster again, as a person would type it."""
        named = {
            "--smi-kubeconfig": self.kubeconfig,
            "--smi-context": self.context,
            "--smi-registry": self.registry,
            "--smi-image-base": self.image_base,
        }
        if cluster == "kind":
            named |= {"--kind-image": self.kind.image, "--cluster-name": self.kind.name}
        return tuple(f"{option}={given}" for option, given in named.items() if given)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """One run of the suite, as a person asked for it."""

    run_id: str
    """Short, lower-case, unique: names directories, namespaces and labels."""
    cluster: str
    """``local``, ``kind`` or ``kubeconfig``."""
    provider: str
    """A provider's name, the path of a profile, or ``auto``."""
    faults: tuple[str, ...]
    """Named faults for the reference mesh."""
    evidence: Path
    """Directory below which each scenario that did not pass leaves its evidence."""
    kubernetes: KubernetesOptions = field(default_factory=KubernetesOptions)
    """Of no concern to the embedded cluster."""
    starter: str = "pytest"
    """What a person types before a scenario's node id to run it again; other than pytest inside nox or a wheel."""

    @property
    def way(self) -> tuple[str, ...]:
        """The arguments that lead to the same cluster and mesh again; the faults are left out, which may change."""
        cluster = () if self.cluster == "local" else (f"--smi-cluster={self.cluster}",)
        more = () if self.cluster == "local" else self.kubernetes.arguments(self.cluster)
        return (*cluster, f"--smi-provider={self.provider}", *more)
