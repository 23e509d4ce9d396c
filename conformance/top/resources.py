"""Which resources a metrics API serves, and how people call them. Pure.

Spec: traffic-metrics v1alpha1, "Kubernetes API" has the list of discovery.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_SHORT = {
    "cronjobs": "cj",
    "daemonsets": "ds",
    "deployments": "deploy",
    "namespaces": "ns",
    "nodes": "no",
    "pods": "po",
    "replicasets": "rs",
    "replicationcontrollers": "rc",
    "services": "svc",
    "statefulsets": "sts",
    "trafficsplits": "ts",
}
"""As kubectl takes them: an API of metrics tells no short names."""
_NOT_NAMESPACED = frozenset({"namespaces", "nodes"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsResource:
    """One resource that has metrics."""

    name: str
    """Plural, such as ``pods``."""
    namespaced: bool
    singular: str = ""

    @property
    def one(self) -> str:
        """What one of them is called."""
        return self.singular or self.name.removesuffix("s")


def read_resources(said: Mapping[str, Any]) -> tuple[MetricsResource, ...]:
    """Read an APIResourceList; sub-resources are left out.

    Whether namespaces and nodes lie in a namespace is known without asking.
    """
    entries = (one for one in said.get("resources") or () if isinstance(one, Mapping))
    return tuple(
        MetricsResource(
            name=name,
            namespaced=name not in _NOT_NAMESPACED and bool(one.get("namespaced", True)),
            singular=str(one.get("singularName") or ""),
        )
        for one in entries
        if (name := str(one.get("name") or "")) and "/" not in name
    )


def named(word: str, resources: Iterable[MetricsResource]) -> MetricsResource | None:
    """Find the resource that *word* names: plural, singular or short, in any case."""
    wanted = word.lower()
    return next((one for one in resources if wanted in _names(one)), None)


def _names(resource: MetricsResource) -> Iterator[str]:
    yield resource.name
    yield resource.name.removesuffix("s")
    yield resource.one.lower()
    if resource.name in _SHORT:
        yield _SHORT[resource.name]
