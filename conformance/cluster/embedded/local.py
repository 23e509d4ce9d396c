"""The embedded cluster as a whole: API, controllers, kubelet, and pods that are processes."""

import platform
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Self

from conformance import places
from conformance.cluster.embedded import evidence
from conformance.cluster.embedded.addresses import Allotment, intercepted_address, take_block
from conformance.cluster.embedded.admission import Admission, FieldValidation
from conformance.cluster.embedded.api_front import ApiFront
from conformance.cluster.embedded.authorisation import is_allowed
from conformance.cluster.embedded.channel import SocketChannel
from conformance.cluster.embedded.controllers import NODE, Controllers, workload_of
from conformance.cluster.embedded.draft import Draft, of_kind
from conformance.cluster.embedded.kinds import read_kinds
from conformance.cluster.embedded.kubelet import Kubelet
from conformance.cluster.embedded.leftovers import make_run_directory, state_root, sweep_leftovers
from conformance.cluster.embedded.processes import Processes
from conformance.cluster.embedded.readiness import first_failure, not_ready, unready_reason
from conformance.cluster.embedded.services import address_of, is_ready
from conformance.cluster.embedded.store import Store
from conformance.cluster.protocol import (
    Change,
    Channel,
    ExtensionApi,
    Injector,
    PodStatus,
    Validator,
    Watcher,
)
from conformance.errors import EnvironmentBrokenError, ProbeError
from conformance.model.api import ApiAction, ApiAnswer, ApiRequest
from conformance.model.manifest import Manifest, ObjectRef

_APP_MODULE = "conformance.probe.app"


class LocalCluster:
    """An `EmbeddedCluster`. It is open from construction until `close`; safe to use from several threads."""

    def __init__(self, run_id: str, directory: Path | None = None, *, app_module: str = _APP_MODULE) -> None:
        """Sweep what killed runs left behind, take a block of addresses and open an empty cluster.

        Args:
            run_id: Names the run's folder.
            directory: Where runs keep their folders; by default below the user's runtime directory. Sockets
                lie below it, so that its path must be short.
            app_module: What every pod runs. Only tests of the cluster itself need another one.

        Raises:
            EnvironmentBrokenError: This machine is no Linux, or has no room for another cluster.
        """
        _check_linux()
        root = directory or state_root()
        sweep_leftovers(root)
        with ExitStack() as undo:
            run = make_run_directory(run_id, root)
            undo.callback(run.remove)
            self._scratch = run.path / "mesh"
            self._scratch.mkdir(mode=0o700)
            block = take_block(state_root() / "blocks")
            undo.callback(block.release)
            processes = Processes(run.record, app_module, run.path / "nursery.log")
            undo.callback(processes.close)
            self._kubelet = Kubelet(run.path, app_module, processes)
            undo.callback(self._kubelet.close)
            self._kinds = read_kinds(places.fixtures_root() / "crds")
            self._admission = Admission(self._kinds)
            controllers = Controllers(Allotment(block.number), self._kubelet.leaving)
            self._store = Store(controllers.reconcile, self._act)
            self._front = ApiFront(lambda: self._store.objects)
            self._store.watch(self._follow)
            self._store.change(_begin)
            self._undo = undo.pop_all()

    @property
    def name(self) -> str:
        """What people call it."""
        return "local"

    def apply(
        self, manifests: Sequence[Manifest], *, field_validation: FieldValidation = FieldValidation.STRICT
    ) -> None:
        """Create or replace objects, all in one change.

        Args:
            manifests: In an order in which an API server would take them, Namespaces first.
            field_validation: What becomes of fields that a custom kind's schema does not have.

        Raises:
            ManifestRefusedError: One of them is not accepted; then none of them is stored.
        """

        def edit(draft: Draft) -> None:
            for manifest in manifests:
                draft.put(self._admission.admit(manifest, draft, field_validation))

        self._store.change(edit)

    def delete(self, refs: Iterable[ObjectRef]) -> None:
        """Delete objects, all in one change; what is already gone is no error."""
        wanted = tuple(refs)

        def edit(draft: Draft) -> None:
            for ref in wanted:
                draft.remove(ref)

        self._store.change(edit)

    def read(self, ref: ObjectRef) -> Manifest | None:
        """Read one object back as it is stored; None when it is not there."""
        return self._store.objects.get(ref)

    def list(self, kind: str, namespace: str = "") -> tuple[Manifest, ...]:
        """List the objects of a kind, in one namespace or in all."""
        return tuple(of_kind(self._store.objects, kind, namespace))

    def served(self) -> Mapping[str, tuple[str, ...]]:
        """Say for each SMI kind which versions it is served in."""
        return {kind.name: kind.versions for kind in self._kinds.values() if kind.custom}

    def call_api(self, request: ApiRequest) -> ApiAnswer:
        """Answer from this process: discovery of aggregated APIs, and what these say; anything else is not found.

        An account that does not exist is unknown (401). No answer carries a date: there is but one clock.
        """
        return self._front.answer(request)

    def pods(self, namespace: str = "") -> tuple[PodStatus, ...]:
        """List the pods that exist now."""
        return tuple(
            PodStatus(
                ref=pod.ref,
                workload=workload_of(pod),
                address=address_of(pod),
                ready=is_ready(pod),
                reason=unready_reason(pod),
            )
            for pod in self.list("Pod", namespace)
        )

    def await_ready(self, workloads: Iterable[str], deadline: timedelta) -> None:
        """Wait until every pod of these Deployments (keys) is ready.

        Raises:
            NotReadyError: One is not ready by the deadline, or there is no such Deployment.
            EnvironmentBrokenError: One of them cannot start on this machine, since a port is taken for
                instance; this is said at once.
        """
        wanted = tuple(workloads)

        def done() -> bool:
            failure = first_failure(self._kubelet.runners(key) for key in wanted)
            if failure is not None:
                raise failure
            return all(self._is_ready(key) for key in wanted)

        if not self._store.wait_for(done, deadline):
            raise not_ready(next(key for key in wanted if not self._is_ready(key)), self.pods(), deadline)

    def channel(self, workload: str) -> Channel:
        """Open a stream to the probe app of a ready pod of this Deployment (key).

        Raises:
            ProbeError: No such pod, or it is not ready.
        """
        for runner in self._kubelet.runners(workload):
            pod = self.read(runner.pod.ref)
            if pod is not None and is_ready(pod):
                return SocketChannel(runner.socket, workload)
        raise ProbeError(
            f"no pod of {workload} is ready",
            f"{self.name} cluster, Deployment {workload}",
            "apply the Deployment and wait until it is ready before you ask for a channel",
        )

    def collect_evidence(self, namespaces: Iterable[str], directory: Path) -> None:
        """Write objects, pods' states and the ends of logs below *directory*, one folder per namespace."""
        wanted = tuple(namespaces)
        evidence.write_objects(self._store.objects, wanted, directory)
        evidence.write_pods([pod for one in wanted for pod in self.pods(one)], directory)
        evidence.write_logs(
            [one for one in self._kubelet.all_runners() if one.pod.namespace in wanted], directory
        )

    def watch(self, watcher: Watcher) -> None:
        """Call *watcher* with everything that is there, then with every change."""
        self._store.watch(watcher)

    def join(self, injector: Injector) -> None:
        """Ask *injector* about every pod that starts from now on."""
        self._kubelet.injector = injector

    def aggregate(self, api: ExtensionApi) -> None:
        """Lead requests for *api*'s group and version to it from now on."""
        self._front.aggregate(api)

    def allows(self, action: ApiAction) -> bool:
        """Say whether the Roles and bindings that are stored let an account do this."""
        return is_allowed(self._store.objects, action)

    def validate(self, validator: Validator) -> None:
        """Ask *validator* about every SMI object that is applied from now on."""
        self._admission.validator = validator

    @property
    def scratch(self) -> Path:
        """A directory for the mesh, gone with this run."""
        return self._scratch

    def intercepted_address(self, caller_address: str, target_address: str) -> str:
        """Say where the sidecar of the pod at *caller_address* listens for calls to *target_address*."""
        return intercepted_address(caller_address, target_address)

    def close(self) -> None:
        """End every pod and remove everything that this cluster made. Safe to call twice."""
        self._undo.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _follow(self, change: Change) -> None:
        self._kubelet.follow(change, self._store.objects)

    def _act(self) -> None:
        self._kubelet.start_new(self._store.change)

    def _is_ready(self, workload: str) -> bool:
        namespace, _, name = workload.partition("/")
        deployment = self.read(ObjectRef("Deployment", namespace, name))
        pods = [pod for pod in self.list("Pod", namespace) if workload_of(pod) == workload]
        wanted = deployment.body["spec"]["replicas"] if deployment else 1
        return len(pods) == wanted and all(is_ready(pod) for pod in pods)


def _begin(draft: Draft) -> None:
    """Store what every cluster has."""
    for kind, name in (("Namespace", "default"), ("Node", NODE)):
        draft.put({"apiVersion": "v1", "kind": kind, "metadata": {"name": name}})


def _check_linux() -> None:
    system = platform.system()
    if system != "Linux":
        raise EnvironmentBrokenError(
            f"the embedded cluster needs Linux, and this is {system}",
            "cluster local",
            "use --smi-cluster=kind",
        )
