"""The reference mesh's control plane: takes Kubernetes objects, prepares sidecars, and tells them what to do.

It starts no processes: whoever runs pods runs the sidecars too, with what `ControlPlane.sidecar` gives them.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

from conformance.errors import EnvironmentBrokenError
from conformance.refmesh.bootstrap import bootstrap, config_source
from conformance.refmesh.certificates import Credentials, CredentialSettings
from conformance.refmesh.envoy import envoy_argv, envoy_path, envoy_version, last_refusal, says_ready
from conformance.refmesh.faults import MetricsStages
from conformance.refmesh.interception import Interception
from conformance.refmesh.pipeline import Pipeline
from conformance.refmesh.progress import ResourceKind
from conformance.refmesh.server import DiscoveryServer, ServerSettings
from conformance.refmesh.snapshot import Snapshot
from conformance.refmesh.store import Rejection, SidecarStatus
from conformance.refmesh.translate import MeshSettings

logger = logging.getLogger(__name__)

Objects = Iterable[Mapping[str, Any]]
"""Kubernetes objects as JSON, of any kinds."""

LOG_NAME = "envoy.log"
"""File in a sidecar's directory that takes Envoy's output; refusals are explained from there."""

_PAUSE = timedelta(milliseconds=2)
"""Between two looks at how far the sidecars are. A guess: a fraction of what a change takes to arrive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPlaneSettings:
    """What can be chosen about a control plane. The defaults are right for the suite."""

    credentials: CredentialSettings = field(default_factory=CredentialSettings)
    server: ServerSettings = field(default_factory=ServerSettings)
    drain: timedelta = timedelta(seconds=60)
    """How long connections made under an older TCP policy live on. Whole seconds.

    A guess: longer than any scenario keeps a connection, short enough that many changes do not pile up.
    """
    flush: timedelta | None = None
    """How often sidecars bring their histograms up to date; None: after each look at them, as `Sampler` expects."""
    envoy: Path = field(default_factory=envoy_path)
    """The Envoy program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SidecarLaunch:
    """What it takes to run one sidecar."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    """The whole environment; Envoy needs nothing of ours."""
    log: Path
    """Where its output should go."""
    is_ready: Callable[[], bool]
    """Whether it takes calls and knows its policy. Quick; never raises."""


class Translation(Protocol):
    """Turns objects into snapshots: what a control plane asks of its pipeline."""

    def set_faults(self, names: Iterable[str]) -> None:
        """Be wrong in these ways from the next run on."""

    def run(self, objects: Objects) -> Mapping[str, Snapshot]:
        """Say what every sidecar has to be told, by sidecar id."""

    @property
    def metrics_stages(self) -> tuple[MetricsStages, ...]:
        """What the faults in force do to Traffic Metrics."""

    def why_denied(self, body: Mapping[str, Any]) -> str:
        """Say why an SMI object must not be stored; empty when it may."""


class ControlPlane:
    """Steers all sidecars of one mesh. Safe to use from several threads.

    Args:
        directory: A directory of its own, for credentials. Made with mode 0700 where it is missing.
        interception: Says where sidecars take the calls of their applications.
        settings: What can be chosen.
        pipeline: Makes the translation of objects into snapshots.
    """

    def __init__(
        self,
        directory: Path,
        interception: Interception,
        settings: ControlPlaneSettings | None = None,
        pipeline: Callable[[Interception, MeshSettings], Translation] = Pipeline,
    ) -> None:
        self._settings = settings or ControlPlaneSettings()
        self._directory = directory
        self._credentials = Credentials(directory / "credentials", self._settings.credentials)
        self._server = DiscoveryServer(self._explain, self._settings.server)
        self._pipeline = pipeline(interception, self._mesh_settings())
        self._objects: tuple[Mapping[str, Any], ...] = ()
        self._logs: dict[str, Path] = {}
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin to serve; sidecars can be prepared from now on.

        Raises:
            EnvoyMissingError: There is no Envoy, or it does not run on this machine.
            EnvironmentBrokenError: The directory cannot be made.
        """
        envoy_version(self._settings.envoy)
        _make_private(self._directory)
        self._server.start()
        self._credentials.start()

    def close(self) -> None:
        """Stop serving and remove all credentials. Safe to call twice.

        Sidecars should have ended before: one that is left alone keeps its last policy and asks in vain.
        """
        self._server.close()
        self._credentials.close()

    def replace(self, objects: Objects) -> None:
        """Take *objects* as all there are now, and tell the sidecars; what is not among them does not exist.

        When this returns, every sidecar that has to change has been answered, or will be with its next poll.

        Args:
            objects: Pods, Services and SMI objects as they are stored; other kinds are passed over.
        """
        with self._lock:
            self._objects = tuple(objects)
            self._publish()

    def set_faults(self, names: Iterable[str]) -> None:
        """Be wrong in these ways from now on, and in no others.

        Raises:
            UsageError: A fault of that name does not exist; then nothing changes.
        """
        with self._lock:
            self._pipeline.set_faults(names)
            self._publish()

    def metrics_stages(self) -> tuple[MetricsStages, ...]:
        """Say what the faults in force do to Traffic Metrics."""
        return self._pipeline.metrics_stages

    def why_denied(self, body: Mapping[str, Any]) -> str:
        """Say why an SMI object must not be stored; empty when it may."""
        return self._pipeline.why_denied(body)

    def sidecar(self, pod: Mapping[str, Any], app_address: str, directory: Path) -> SidecarLaunch:
        """Prepare a sidecar: give it its identity, its socket and its start configuration.

        Args:
            pod: The Pod it is for, as JSON.
            app_address: Where the application listens behind it; Envoy's admin pages are served there too.
            directory: The pod's own directory. Takes the socket, so its path has to be short.

        Raises:
            EnvironmentBrokenError: The socket's path is too long, or the directory cannot be written to.
        """
        namespace, name = str(pod["metadata"].get("namespace", "default")), str(pod["metadata"]["name"])
        sidecar = f"{namespace}/{name}"
        account = str(pod.get("spec", {}).get("serviceAccountName") or "default")
        _make_private(directory)
        self._credentials.enrol(sidecar, namespace=namespace, account=account)
        self._logs[sidecar] = directory / LOG_NAME
        socket = directory / "xds.sock"
        self._server.store.register(sidecar)
        self._server.open(sidecar, socket)
        start = directory / "envoy.json"
        start.write_text(json.dumps(self._bootstrap(sidecar, app_address, socket)))
        return self._launch(sidecar, start, app_address)

    def forget(self, sidecar: str) -> None:
        """Let go of a sidecar (``namespace/pod``) whose pod is gone. One that is not there is no error."""
        self._server.shut(sidecar)
        self._server.store.forget(sidecar)
        self._credentials.forget(sidecar)
        self._logs.pop(sidecar, None)

    def renew_credentials(self) -> None:
        """Give every sidecar a new certificate now. No call is lost by it."""
        self._credentials.renew()

    def status(self) -> tuple[SidecarStatus, ...]:
        """Say how far each sidecar is, in the order of their ids."""
        return self._server.store.status()

    def await_current(self, deadline: timedelta) -> bool:
        """Wait until every sidecar has taken all that it should have now; say whether that came true in time."""
        last = time.monotonic() + deadline.total_seconds()
        while not all(one.is_current for one in self.status()):
            if time.monotonic() >= last:
                return False
            time.sleep(_PAUSE.total_seconds())
        return True

    def rejections(self) -> tuple[Rejection, ...]:
        """List what sidecars refused, oldest first: each is an error in the mesh, not in a scenario."""
        return self._server.store.rejections()

    def _bootstrap(self, sidecar: str, app_address: str, socket: Path) -> Mapping[str, Any]:
        return bootstrap(sidecar, admin_address=app_address, socket=socket, flush=self._settings.flush)

    def _publish(self) -> None:
        self._server.store.publish(self._pipeline.run(self._objects))

    def _mesh_settings(self) -> MeshSettings:
        return MeshSettings(
            credentials=self._credentials.directory_of,
            config_source=config_source(),
            trust_domain=self._settings.credentials.trust_domain,
        )

    def _launch(self, sidecar: str, start: Path, app_address: str) -> SidecarLaunch:
        store = self._server.store
        drain = round(self._settings.drain.total_seconds())
        return SidecarLaunch(
            argv=envoy_argv(self._settings.envoy, start, drain_seconds=drain),
            environment={},
            log=self._logs[sidecar],
            is_ready=lambda: store.is_started(sidecar) and says_ready(app_address),
        )

    def _explain(self, sidecar: str, kind: ResourceKind) -> str:
        log = self._logs.get(sidecar)
        return last_refusal(log, kind) if log else "the sidecar is gone"


def _make_private(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as problem:
        raise EnvironmentBrokenError(
            f"the reference mesh cannot make a directory: {problem}",
            str(directory),
            "choose a directory that may be written to, on a local file system",
        ) from problem
