"""The seam between the suite and the world: what a cluster can do, whether it is real or embedded.

Whatever is behind it takes the same manifests. Nothing here knows what a mesh is: a mesh joins through the
provider (an injector on the embedded cluster, an admission webhook on Kubernetes).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol, Self

from conformance.model.api import ApiAction, ApiAnswer, ApiRequest
from conformance.model.manifest import Manifest, ObjectRef


class Channel(Protocol):
    """A stream of JSON lines to the probe app in one pod, outside the mesh's data path."""

    def write(self, message: Mapping[str, Any]) -> None:
        """Send one message.

        Raises:
            ProbeError: The pod is gone.
        """

    def read(self, timeout: timedelta) -> Mapping[str, Any]:
        """Wait for the next message.

        Raises:
            ProbeError: The pod is gone, said nothing within *timeout*, or said what is no JSON object.
        """

    def close(self) -> None:
        """Let go of the stream; the pod goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PodStatus:
    """A pod as the cluster sees it now."""

    ref: ObjectRef
    workload: str
    """Key of the Deployment it belongs to."""
    address: str
    """The pod's own address."""
    ready: bool
    """Every container runs and says that it is ready, the sidecar included."""
    reason: str
    """Why it is not ready, in words; empty when it is."""


class ClusterView(Protocol):
    """What can be seen of a cluster; nothing is changed by looking."""

    @property
    def name(self) -> str:
        """What people call it, such as ``local``."""

    def read(self, ref: ObjectRef) -> Manifest | None:
        """Read one object back as it is stored; None when it is not there."""

    def list(self, kind: str, namespace: str = "") -> tuple[Manifest, ...]:
        """List the objects of a kind, in one namespace or in all."""

    def served(self) -> Mapping[str, tuple[str, ...]]:
        """Say for each SMI kind which versions it is served in; a kind without versions is absent."""

    def call_api(self, request: ApiRequest) -> ApiAnswer:
        """Send one request to the API server, once, and bring back whatever it answers, refusals included.

        Raises:
            EnvironmentBrokenError: The API server gave no answer, or an account's credentials cannot be had.
        """


class Cluster(ClusterView, Protocol):
    """Takes manifests, runs pods, and leads to their probe apps."""

    def apply(self, manifests: Sequence[Manifest]) -> None:
        """Create or replace objects, all in one change, validating strictly.

        Raises:
            ManifestRefusedError: One of them is not accepted; then none of them is stored (embedded cluster) or
                those before it are (Kubernetes).
        """

    def delete(self, refs: Iterable[ObjectRef]) -> None:
        """Delete objects, all in one change; what is already gone is no error."""

    def pods(self, namespace: str = "") -> tuple[PodStatus, ...]:
        """List the pods that exist now."""

    def await_ready(self, workloads: Iterable[str], deadline: timedelta) -> None:
        """Wait until every pod of these Deployments (keys) is ready.

        Raises:
            NotReadyError: One is not ready by the deadline; the message carries the last reason seen and the end
                of its log.
        """

    def channel(self, workload: str) -> Channel:
        """Open a stream to the probe app of a ready pod of this Deployment (key).

        Raises:
            ProbeError: No such pod, or it is not ready.
        """

    def collect_evidence(self, namespaces: Iterable[str], directory: Path) -> None:
        """Write what there is to know (objects, pod states, logs) below *directory*, bounded in size."""

    def close(self) -> None:
        """Remove everything that this cluster started or created. Safe to call twice."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *exc: object) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """All objects that one apply, one delete or one change of a pod's state touched."""

    stored: tuple[Manifest, ...]
    """As they are now."""
    deleted: tuple[ObjectRef, ...]


Watcher = Callable[[Change], None]
"""Called once for each change, in order, from the thread that made it; it must return soon and must not call back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """A pod that is about to start on the embedded cluster: what a sidecar injector needs to know."""

    pod: Manifest
    """With status.podIP set."""
    directory: Path
    """The pod's own directory, mode 0700; sockets' paths below it are short enough for bind()."""
    address: str
    """The pod's address. With a sidecar, the sidecar listens here."""
    app_address: str
    """Where the app listens when there is a sidecar: inside the pod, so to speak."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sidecar:
    """A second process for a pod."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    log_name: str
    is_ready: Callable[[], bool]
    """Asked every few milliseconds until it says yes; must be quick and must not raise."""


class Injector(Protocol):
    """Decides which pods get a sidecar on the embedded cluster: the place of an admission webhook."""

    def inject(self, sandbox: Sandbox) -> Sidecar | None:
        """Prepare a sidecar for a pod that is about to start; None leaves the pod outside the mesh."""

    def removed(self, pod: ObjectRef) -> None:
        """Hear that a pod that has a sidecar is gone."""


class ExtensionApi(Protocol):
    """An API that a mesh serves below ``/apis``, behind the cluster's API server: what an APIService leads to."""

    @property
    def group(self) -> str:
        """Such as ``metrics.smi-spec.io``."""

    @property
    def version(self) -> str:
        """Such as ``v1alpha1``."""

    def answer(self, request: ApiRequest) -> ApiAnswer:
        """Answer a request below ``/apis/<group>/<version>``. Never raises.

        Who asks is known by then, as behind a real API server; whether they may is for the API to find out.
        """


class Validator(Protocol):
    """Looks at SMI objects before they are stored: the place of a validating admission webhook."""

    @property
    def name(self) -> str:
        """The webhook's."""

    def why_denied(self, body: Mapping[str, Any]) -> str:
        """Say why an object must not be stored; empty when it may. Must not call back."""


class EmbeddedCluster(Cluster, Protocol):
    """What only the embedded cluster has: a seam for the mesh, which elsewhere installs itself."""

    @property
    def scratch(self) -> Path:
        """A directory, mode 0700, that ends with the run, even with one that is killed: for keys, say."""

    def watch(self, watcher: Watcher) -> None:
        """Call *watcher* with everything that is there, then with every change."""

    def join(self, injector: Injector) -> None:
        """Ask *injector* about every pod that starts from now on."""

    def aggregate(self, api: ExtensionApi) -> None:
        """Lead requests for *api*'s group and version to it from now on: the place of an APIService."""

    def allows(self, action: ApiAction) -> bool:
        """Say whether the Roles and bindings that are stored let an account do this: a SubjectAccessReview."""

    def validate(self, validator: Validator) -> None:
        """Ask *validator* about every SMI object that is applied from now on."""

    def intercepted_address(self, caller_address: str, target_address: str) -> str:
        """Say where the sidecar of the pod at *caller_address* has to listen for calls to *target_address*.

        The embedded cluster has no iptables. Instead each caller with a sidecar is told, for each pod address and
        each Service address, an address of its own in 127.0.0.0/8; this is that address. Pure, and stable.
        """
