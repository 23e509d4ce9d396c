"""Which objects there are, and which pods belong to them.

Pods are told apart by the workload that they are of, as calls are noted with it: an *end* is a workload's key,
``namespace/name``.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from conformance.model.manifest import Manifest
from conformance.tests.doubles.memory_metrics.asked import KINDS, Key

Belongs = Callable[[Manifest, Manifest], bool]
"""Says whether a pod, the second, belongs to an object of its namespace."""


def key_of(one: Manifest) -> Key:
    """Give an object's namespace and name."""
    return one.namespace, one.name


def labels_of(one: Manifest) -> Mapping[str, str]:
    """Give an object's labels."""
    return dict(one.body["metadata"].get("labels", {}))


def end_of(pod: Manifest) -> str:
    """Give the key of a pod's workload."""
    return f"{pod.namespace}/{_workload(pod)}"


def is_deployed_by(deployment: Manifest, pod: Manifest) -> bool:
    """Say whether a pod is of a Deployment's workload."""
    return deployment.name == _workload(pod)


def _workload(pod: Manifest) -> str:
    return str(pod.body["metadata"]["annotations"]["workload"])


def _is_selected_by(service: Manifest, pod: Manifest) -> bool:
    selector = service.body["spec"].get("selector", {})
    return bool(selector) and selector.items() <= labels_of(pod).items()


@dataclass(frozen=True, slots=True)
class Objects:
    """What is stored, as one who measures sees it."""

    stored: Callable[[str], Sequence[Manifest]]
    """All objects of a kind."""
    is_deployed_by: Belongs = is_deployed_by

    def ends(self, plural: str) -> dict[Key, set[str]]:
        """Give every object of a resource with the ends that belong to it."""
        found: dict[Key, set[str]] = defaultdict(set)
        for pod in self.stored("Pod"):
            for key in self._holders(plural, pod):
                found[key].add(end_of(pod))
        if plural in {"services", "trafficsplits"}:  # they exist without pods
            for one in self.stored(KINDS[plural]):
                found.setdefault(key_of(one), set())
        return dict(found)

    def labels(self, plural: str, key: Key) -> Mapping[str, str]:
        """Give the labels of an object; none where it is not stored."""
        return {key_of(one): labels_of(one) for one in self.stored(KINDS[plural])}.get(key, {})

    def _holders(self, plural: str, pod: Manifest) -> Iterator[Key]:
        """Give the objects of a resource that a pod belongs to."""
        match plural:
            case "pods":
                yield key_of(pod)
            case "namespaces":
                yield "", pod.namespace
            case "nodes":
                yield "", pod.body["spec"]["nodeName"]
            case "deployments":
                yield from self._beside(pod, "Deployment", self.is_deployed_by)
            case "services":
                yield from self._beside(pod, "Service", _is_selected_by)
            case "trafficsplits":
                return
            case _:
                owner = pod.body["metadata"]["ownerReferences"][0]
                if owner["kind"] == KINDS[plural]:
                    yield pod.namespace, owner["name"]

    def _beside(self, pod: Manifest, kind: str, belongs: Belongs) -> Iterable[Key]:
        near = [one for one in self.stored(kind) if one.namespace == pod.namespace]
        return [key_of(one) for one in near if belongs(one, pod)]
