"""A cluster that only remembers: objects in a dictionary, pods that are always ready, no processes."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, Self

from conformance.cluster import Channel, ExtensionApi, PodStatus
from conformance.errors import ManifestRefusedError, ProbeError
from conformance.model.api import ApiAction, ApiAnswer, ApiRequest
from conformance.model.manifest import Manifest, ObjectRef
from conformance.spec import kind_named
from conformance.tests.doubles.journal import Journal

_MAKERS = frozenset({"DaemonSet", "Deployment", "Job", "ReplicationController", "StatefulSet"})


class MemoryCluster:
    """Notes ``apply``, ``delete``, ``call``, ``ready``, ``evidence`` and ``close`` in a journal."""

    name = "memory"

    def __init__(self, journal: Journal) -> None:
        self.objects: dict[ObjectRef, Manifest] = {}
        self.refuses: Callable[[Manifest], bool] = lambda _: False
        self.unready: set[str] = set()
        """Keys of workloads whose pod is there and not ready."""
        self.answers: Callable[[ApiRequest], ApiAnswer] = lambda _: ApiAnswer(status=404, body=b"")
        self.rights: set[ApiAction] = set()
        """What accounts may do."""
        self._journal = journal
        self._numbers = count(1)

    def policy(self) -> tuple[Manifest, ...]:
        """List the SMI objects that are there."""
        return tuple(one for one in self.objects.values() if kind_named(one.kind))

    def apply(self, manifests: Sequence[Manifest]) -> None:
        """Store, and give Services and Deployments an address."""
        self._journal.note("apply", tuple(manifests))
        for manifest in manifests:
            if self.refuses(manifest):
                raise ManifestRefusedError(f"{manifest.ref} is refused", "the test", "as scripted")
        for manifest in manifests:
            if manifest.ref not in self.objects or kind_named(manifest.kind):
                self.objects[manifest.ref] = self._with_address(manifest)

    def delete(self, refs: Iterable[ObjectRef]) -> None:
        """Forget objects, and all that is in a namespace with it."""
        gone = set(refs)
        self._journal.note("delete", tuple(sorted(gone)))
        namespaces = {ref.name for ref in gone if ref.kind == "Namespace"}
        for ref in tuple(self.objects):
            if ref in gone or ref.namespace in namespaces:
                del self.objects[ref]

    def read(self, ref: ObjectRef) -> Manifest | None:
        """Read one object back."""
        return self.objects.get(ref)

    def list(self, kind: str, namespace: str = "") -> tuple[Manifest, ...]:
        """List the objects of a kind."""
        found = tuple(one for one in self.objects.values() if one.kind == kind)
        if kind == "Pod":
            found = tuple(pod for one in self.objects.values() for pod in _pods_of(one))
        return tuple(one for one in found if namespace in {"", one.namespace})

    def served(self) -> Mapping[str, tuple[str, ...]]:
        """Serve nothing that anybody asks for."""
        return {}

    def call_api(self, request: ApiRequest) -> ApiAnswer:
        """Answer as scripted, or as an aggregated API does; by default nothing is found."""
        self._journal.note("call", request)
        return self.answers(request)

    def aggregate(self, api: ExtensionApi) -> None:
        """Have *api* answer everything."""
        self.answers = api.answer

    def allows(self, action: ApiAction) -> bool:
        """Say whether this was given as a right."""
        return action in self.rights

    def pods(self, namespace: str = "") -> tuple[PodStatus, ...]:
        """Give each Deployment, and what else makes pods, its own."""
        return tuple(self._pod(one) for one in self.list("Pod", namespace))

    def await_ready(self, workloads: Iterable[str], deadline: timedelta) -> None:
        """Be ready at once."""
        self._journal.note("ready", frozenset(workloads))

    def channel(self, workload: str) -> Channel:
        """Lead to nobody: the prober's double needs no channel."""
        raise ProbeError(f"{workload} has no process", "the test", "use the prober's double")

    def collect_evidence(self, namespaces: Iterable[str], directory: Path) -> None:
        """Write the names of all objects of these namespaces."""
        wanted = set(namespaces)
        self._journal.note("evidence", directory)
        directory.mkdir(parents=True, exist_ok=True)
        names = sorted(str(ref) for ref in self.objects if ref.namespace in wanted)
        (directory / "objects.txt").write_text("\n".join(names))

    def close(self) -> None:
        """Forget everything."""
        self._journal.note("close", "cluster")
        self.objects.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _with_address(self, manifest: Manifest) -> Manifest:
        body: dict[str, Any] = dict(manifest.body)
        if manifest.kind == "Service":
            body["spec"] = {**body["spec"], "clusterIP": f"10.0.1.{next(self._numbers)}"}
        if manifest.kind in _MAKERS:
            body["status"] = {"address": f"10.0.0.{next(self._numbers)}"}
        return Manifest(body)

    def _pod(self, pod: Manifest) -> PodStatus:
        key = f"{pod.namespace}/{pod.body['metadata']['annotations']['workload']}"
        return PodStatus(
            ref=pod.ref,
            workload=key,
            address=str(pod.body["status"]["podIP"]),
            ready=key not in self.unready,
            reason="as scripted" if key in self.unready else "",
        )


def _pods_of(maker: Manifest) -> Iterator[Manifest]:
    """Make the pods of a Deployment or of what else makes some, as they would be stored."""
    if maker.kind not in _MAKERS:
        return
    is_ordered = maker.kind == "StatefulSet"
    for number in range(maker.body["spec"].get("replicas", 1) if is_ordered else 1):
        name = f"{maker.name}-{number}"
        address = f"{maker.body['status']['address']}{number or ''}"
        yield _pod_of(maker, name, workload=name if is_ordered else maker.name, address=address)


def _pod_of(maker: Manifest, name: str, *, workload: str, address: str) -> Manifest:
    is_direct = maker.kind != "Deployment"
    owner = {
        "kind": maker.kind if is_direct else "ReplicaSet",
        "name": maker.name if is_direct else f"{maker.name}-set",
        "uid": maker.name,
        "controller": True,
    }
    return Manifest(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": name,
                "namespace": maker.namespace,
                "labels": maker.body["spec"]["template"]["metadata"]["labels"],
                "annotations": {"workload": workload},
                "ownerReferences": [owner],
            },
            "spec": {"nodeName": "memory"},
            "status": {"podIP": address},
        }
    )
