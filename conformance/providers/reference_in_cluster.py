"""The reference mesh inside a Kubernetes cluster as a provider: an installed mesh that can be broken on purpose."""

from collections.abc import Callable, Iterable
from datetime import timedelta

from conformance.cluster import ClusterView
from conformance.cluster.kubernetes import ApiClient
from conformance.kubemesh import MeshInstall, install, installed_window, period_of, set_faults
from conformance.model.scenario import MetricsSettings
from conformance.providers.installed import InstalledMesh
from conformance.providers.profile import Profile

Tell = Callable[[str], None]

_SLACK = timedelta(milliseconds=400)
"""How much later than its time a look at all sidecars may come. A guess: a busy node."""


class ReferenceInCluster(InstalledMesh):
    """The reference mesh of a cluster; it is installed first where that is wanted."""

    def __init__(  # noqa: PLR0913  # one of each
        self,
        profile: Profile,
        view: ClusterView,
        api: ApiClient,
        *,
        faults: tuple[str, ...],
        wanted: MeshInstall | None,
        tell: Tell,
    ) -> None:
        """Prepare; nothing is changed yet.

        Args:
            profile: The reference mesh's own.
            view: The cluster where it is.
            api: The same cluster's API server.
            faults: How it is to be wrong; with *wanted* they stand there already.
            wanted: What to install; None where it has to be there.
            tell: Hears what is done.
        """
        super().__init__(profile, view)
        self._api = api
        self._wanted = wanted
        self._faults = faults
        self._is_broken = False
        self._tell = tell
        self._window: timedelta | None = None

    @property
    def metrics(self) -> MetricsSettings:
        """What the installation says of its window, or else the profile."""
        if self._window is None:
            return super().metrics
        period = period_of(self._window)
        return MetricsSettings(window=self._window, lag=period + _SLACK, stretch=2 * period + _SLACK)

    def start(self) -> None:
        """Install the mesh if that is wanted, and see that it is there and ready.

        Raises:
            EnvironmentBrokenError: It is not there, or not ready.
        """
        if self._wanted is not None:
            install(self._api, self._wanted, self._tell)
        super().start()
        self._window = installed_window(self._api)
        if self._wanted is None and self._faults:
            self.set_faults(self._faults)

    def set_faults(self, names: Iterable[str]) -> None:
        """Become another wrong mesh, or none. When this returns, all replicas are it.

        Raises:
            UsageError: A fault of that name does not exist.
        """
        wanted = tuple(names)
        set_faults(self._api, wanted)
        self._is_broken = bool(wanted)

    def close(self) -> None:
        """Mend what was broken here; the mesh stays where it was installed."""
        if self._is_broken:
            self.set_faults(())
