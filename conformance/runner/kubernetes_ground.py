"""Real clusters to stand on: one that kind makes for the run, or one that a kubeconfig leads to."""

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from conformance.cluster.images import Images, build_images, image_names
from conformance.cluster.kind import KindHost
from conformance.cluster.kubernetes import (
    ApiClient,
    KubernetesCluster,
    KubernetesSettings,
    ProxyAdmin,
    connect,
    missing_permissions,
    server_version,
)
from conformance.cluster.kubernetes.account import suite_account
from conformance.cluster.kubernetes.view import KubernetesView
from conformance.errors import EnvironmentBrokenError
from conformance.kubemesh import MeshInstall
from conformance.providers.installed import InstalledMesh
from conformance.providers.profile import Profile
from conformance.providers.reference_in_cluster import ReferenceInCluster
from conformance.runner.choosing import choose_profile
from conformance.runner.doctor import RIGHTS, policy_of_others
from conformance.runner.ground import Ground
from conformance.runner.settings import RunSettings, Tell

_READY_DEADLINE = timedelta(minutes=5)
"""Longest wait for workloads. A guess: some nodes pull images meanwhile, and some clusters grow by a node."""

_WINDOW = timedelta(seconds=4)
"""What metrics cover on a mesh of the suite's own: short, so that scenarios need not wait for older traffic to go."""

_SETTLE = timedelta(milliseconds=100)
"""How long a delivery may be under way when its caller has gone. A guess: four times as long as on one machine."""


def open_kind(settings: RunSettings, undo: ExitStack, tell: Tell) -> Ground:
    """Make a kind cluster, or use the one that is named; the reference mesh is installed in it where it is wanted.

    Raises:
        UsageError: pytest-kind is missing, or what was named does not fit.
        EnvironmentBrokenError: Docker or kind is missing, or the cluster does not come up.
    """
    host = undo.enter_context(KindHost(settings.kubernetes.kind, settings.run_id, tell))
    images = build_images(tell, settings.kubernetes.image_base)
    for image in images.all:
        host.load(image)
    return _Opening(settings, undo, tell, images, "kind").ground(host.kubeconfig, host.context, install=True)


def open_kubeconfig(settings: RunSettings, undo: ExitStack, tell: Tell) -> Ground:
    """Use the cluster that a kubeconfig leads to. Nothing is installed in it but the sample workloads.

    Raises:
        UsageError: There is no such kubeconfig, context or provider.
        EnvironmentBrokenError: The cluster does not answer, or lacks something.
    """
    options = settings.kubernetes
    images = image_names(options.image_base, options.registry)
    name = options.context or "kubeconfig"
    return _Opening(settings, undo, tell, images, name).ground(
        options.kubeconfig, options.context, install=False
    )


@dataclass(frozen=True, slots=True)
class _Opening:
    """What both ways have in common, once there is an API server."""

    settings: RunSettings
    undo: ExitStack
    tell: Tell
    images: Images
    name: str

    def ground(self, kubeconfig: Path | None, context: str | None, *, install: bool) -> Ground:
        api = connect(kubeconfig, context)
        self.undo.callback(api.close)
        # An administrator's cluster: the suite takes no more rights there than anywhere else.
        own = self._own_account(api) if install else api
        view = KubernetesView(own, self.name)
        _check_rights(own, self.name)
        profile = choose_profile(self.settings.provider, view, self.tell)
        mesh = self._mesh(profile, view, api, install=install)
        self.undo.callback(mesh.close)
        mesh.start()
        return Ground(
            cluster=self._cluster(own, profile),
            provider=mesh,
            breakable=mesh if isinstance(mesh, ReferenceInCluster) else None,
            facts=(("kubernetes", server_version(api)), ("policy of others", policy_of_others(view))),
            ready_deadline=_READY_DEADLINE,
            settle=_SETTLE,
        )

    def _own_account(self, api: ApiClient) -> ApiClient:
        own = suite_account(api)
        self.undo.callback(own.close)
        return own

    def _mesh(
        self, profile: Profile, view: KubernetesView, api: ApiClient, *, install: bool
    ) -> InstalledMesh:
        if profile.name != "reference":
            return InstalledMesh(profile, view)
        faults = self.settings.faults
        wanted = MeshInstall(image=self.images.mesh, faults=faults, window=_WINDOW) if install else None
        return ReferenceInCluster(profile, view, api, faults=faults, wanted=wanted, tell=self.tell)

    def _cluster(self, api: ApiClient, profile: Profile) -> KubernetesCluster:
        settings = KubernetesSettings(
            run_id=self.settings.run_id,
            name=self.name,
            probe_image=self.images.probe,
            enrolment=profile.enrolment,
            proxy=_proxy_admin(profile),
        )
        cluster = KubernetesCluster(api, settings)
        self.undo.callback(cluster.close)
        return cluster


def _proxy_admin(profile: Profile) -> ProxyAdmin | None:
    said = profile.proxy_configuration
    if not (said.container and said.port and said.path):
        return None
    return ProxyAdmin(container=said.container, port=said.port, path=said.path)


def _check_rights(api: ApiClient, name: str) -> None:
    missing = missing_permissions(api)
    if missing:
        raise EnvironmentBrokenError(
            f"the account may not {', '.join(missing)}; nothing was created", f"cluster {name}", RIGHTS
        )
