"""An installed mesh as a provider: its profile's claims, as far as the cluster bears them out."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from conformance.cluster import ClusterView
from conformance.errors import ConformanceError, EnvironmentBrokenError, NotReadyError, UsageError
from conformance.model.manifest import ObjectRef
from conformance.model.scenario import ConvergenceSettings, Feature, MetricsSettings
from conformance.model.topology import Service
from conformance.providers.metrics import FoundMetrics, find_metrics
from conformance.providers.profile import ANY, MeshWorkload, Profile, Role
from conformance.providers.protocol import HeadersShape
from conformance.providers.readiness import missing_in, outage_of, progress_of
from conformance.providers.shapes import installed_headers_shape
from conformance.spec import ApiGroup, ApiVersion, Level

_LEADING: Mapping[ApiGroup, str] = {
    ApiGroup.ACCESS: "TrafficTarget",
    ApiGroup.SPECS: "HTTPRouteGroup",
    ApiGroup.SPLIT: "TrafficSplit",
}
"""The kind without which a group is of no use: its versions count as the group's."""

_ROUTES_DEFINITION = ObjectRef("CustomResourceDefinition", "", "httproutegroups.specs.smi-spec.io")


class InstalledMesh:
    """A mesh that somebody installed, as its profile describes it. Installs nothing and removes nothing."""

    def __init__(self, profile: Profile, cluster: ClusterView) -> None:
        self._profile = profile
        self._cluster = cluster
        self._kinds: Mapping[str, tuple[ApiVersion, ...]] | None = None
        self._shape: HeadersShape | None = None
        self._unread: list[str] = []
        self._metrics: FoundMetrics | None = None

    @property
    def name(self) -> str:
        """The profile's name."""
        return self._profile.name

    @property
    def profile(self) -> Profile:
        """What is known of the mesh."""
        return self._profile

    @property
    def features(self) -> frozenset[Feature]:
        """What the profile claims."""
        return self._profile.features

    @property
    def levels(self) -> frozenset[Level]:
        """What the profile claims."""
        return self._profile.levels

    @property
    def convergence(self) -> ConvergenceSettings:
        """What the profile gives the mesh."""
        return self._profile.convergence

    @property
    def metrics(self) -> MetricsSettings:
        """What the profile gives the mesh."""
        return self._profile.metrics

    @property
    def looked_for_metrics(self) -> str:
        """What discovery of the metrics API was asked, and answered."""
        return self._found_metrics().looked_for

    @property
    def headers_shape(self) -> HeadersShape:
        """What the installed definition wants, or the profile's word where that leaves it open."""
        return self._shape or self._profile.headers_shape

    @property
    def webhooks(self) -> frozenset[str]:
        """What the profile names."""
        return self._profile.webhooks

    def kinds(self) -> Mapping[str, tuple[ApiVersion, ...]]:
        """Say for each kind which versions are both claimed and installed, oldest first; others are absent."""
        if self._kinds is None:
            installed = self._cluster.served()
            found = {
                kind: tuple(one for one in claimed if one.value in installed.get(kind, ()))
                for kind, claimed in self._profile.kinds.items()
            }
            self._kinds = {kind: versions for kind, versions in found.items() if versions}
        return self._kinds

    def served(self) -> Mapping[ApiGroup, tuple[ApiVersion, ...]]:
        """Say which versions of which groups are both claimed and installed, oldest first."""
        kinds = self.kinds()
        stored = {group: kinds[kind] for group, kind in _LEADING.items() if kind in kinds}
        # Whatever the version is called, it is judged by the one document that there is.
        found = {ApiGroup.METRICS: (ApiVersion.V1ALPHA1,)} if self._found_metrics().version else {}
        return {**stored, **found}

    def start(self) -> None:
        """See that the mesh is there and ready; nothing is changed.

        Raises:
            UsageError: The suite cannot judge this mesh yet.
            EnvironmentBrokenError: A part of it is missing or not ready, or none of its SMI kinds is installed.
        """
        self._check_judgeable()
        self._kinds = None
        self._unread = []
        self._metrics = None
        self._check_workloads()
        self._check_kinds()
        self._shape = self._installed_shape()

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Name the mesh, how far its profile was tried, and what is claimed but not installed."""
        profile = self._profile
        return (
            ("mesh", profile.title),
            ("profile", profile.name + _written_for(profile)),
            ("profile tried", "; ".join(profile.was_run) or "never: its facts were only read"),
            ("SMI judged in", _worded(self.kinds()) or "nothing"),
            ("metrics", self.looked_for_metrics),
            *self._absent(),
            ("header filters", f"written as a {self.headers_shape}"),
            ("time-outs", _time_outs(profile.convergence)),
            *_told("not looked at", self._unread),
            *_told("known deviations", [f"{one.what} ({one.link})" for one in profile.deviations]),
        )

    def check_joined(self, namespaces: Iterable[str]) -> None:
        """See that every pod that lives in meshed namespaces has joined: without its proxy nothing is judged.

        Args:
            namespaces: Actual names of those whose pods are to join.

        Raises:
            NotReadyError: One has not; the message says what it lacks.
            EnvironmentBrokenError: None has, so that none will in the next scenario either.
        """
        pods = [one for namespace in namespaces for one in self._cluster.list("Pod", namespace)]
        living = [one for one in pods if "deletionTimestamp" not in one.body["metadata"]]
        lacks = {one.ref: lack for one in living if (lack := missing_in(one.body, self._profile.joined_by))}
        if not lacks:
            return
        ref, lack = next(iter(lacks.items()))
        how = NotReadyError if len(lacks) < len(living) else EnvironmentBrokenError
        raise how(
            f"{ref} has not joined {self._profile.title}: {lack}",
            f"cluster {self._cluster.name}, provider {self.name}",
            f"compare `join` of {self._profile.path.name} with the mesh that runs; see its injector's log",
        )

    def check_running(self) -> None:
        """See that every part of the mesh has a pod that is ready; what may not be looked at is taken to run.

        Raises:
            EnvironmentBrokenError: One has none.
        """
        for workload in self._profile.needs_running:
            outage = self._told_of(workload, outage_of)
            if outage:
                raise EnvironmentBrokenError(
                    f"{workload} went while the run was on: it {outage}",
                    f"cluster {self._cluster.name}, provider {self.name}",
                    "see why in its events and its log; nothing can be told of a mesh that is not there",
                )

    def host(self, service: Service) -> str:
        """Spell the host by which the profile has Services called."""
        return self._profile.host(service.name, service.namespace)

    def close(self) -> None:
        """Do nothing: whoever installed the mesh removes it."""

    def _found_metrics(self) -> FoundMetrics:
        """Look once: a mesh that is broken later must not turn from failing to unsupported."""
        if self._metrics is None:
            self._metrics = find_metrics(self._cluster)
        return self._metrics

    def _check_judgeable(self) -> None:
        if self._profile.withheld:
            raise UsageError(
                f"{self._profile.title} cannot be judged yet: {self._profile.withheld}",
                str(self._profile.path),
                "take out `withheld` in a profile of your own if that does not hold for your cluster",
            )

    def _check_workloads(self) -> None:
        for workload in self._profile.needs_running:
            progress = self._told_of(workload, progress_of)
            if progress:
                raise EnvironmentBrokenError(
                    f"{workload} {progress}",
                    f"cluster {self._cluster.name}, provider {self.name}",
                    self._advice(),
                )

    def _told_of(self, workload: MeshWorkload, lack: Callable[[Mapping[str, Any] | None], str]) -> str:
        try:
            stored = self._cluster.read(ObjectRef(workload.kind, workload.namespace, workload.name))
        except (
            ConformanceError
        ) as error:  # an account with few rights may judge a mesh that it cannot look into
            words = f"{workload}: {error.what}"
            if words not in self._unread:
                self._unread.append(words)
            return ""
        return lack(stored.body if stored else None)

    def _check_kinds(self) -> None:
        if self._profile.role is Role.WRITER or self.kinds():
            return
        raise EnvironmentBrokenError(
            f"none of the SMI kinds that {self._profile.title} acts on is served: {_worded(self._profile.kinds)}",
            f"cluster {self._cluster.name}, provider {self.name}",
            self._advice(),
        )

    def _advice(self) -> str:
        steps = "; then ".join(step.run for step in self._profile.install)
        return (
            f"install it: {steps}"
            if steps
            else f"see that the mesh of {self._profile.path.name} is installed"
        )

    def _installed_shape(self) -> HeadersShape | None:
        versions = self.kinds().get("HTTPRouteGroup", ())
        if not versions:
            return None
        try:
            stored = self._cluster.read(_ROUTES_DEFINITION)
        except ConformanceError:  # reading definitions is a right that the suite can do without
            return None
        return installed_headers_shape(stored.body, versions[-1]) if stored else None

    def _absent(self) -> Iterator[tuple[str, str]]:
        kinds = self.kinds()
        absent = {
            kind: tuple(one for one in claimed if one not in kinds.get(kind, ()))
            for kind, claimed in self._profile.kinds.items()
        }
        words = _worded({kind: versions for kind, versions in absent.items() if versions})
        if words:
            yield "claimed, not installed", words


def _written_for(profile: Profile) -> str:
    return "" if profile.release == ANY else f", written for {profile.release}"


def _time_outs(settings: ConvergenceSettings) -> str:
    spans = {
        "to act on a change": settings.deadline,
        "for one call while waiting": settings.waiting_call,
        "for one that is measured": settings.measured_call,
    }
    return ", ".join(f"{span.total_seconds():g} s {what}" for what, span in spans.items())


def _told(name: str, words: Sequence[str]) -> Iterator[tuple[str, str]]:
    if words:
        yield name, "; ".join(words)


def _worded(kinds: Mapping[str, tuple[ApiVersion, ...]]) -> str:
    return ", ".join(
        f"{kind} {'/'.join(one.value for one in versions)}" for kind, versions in sorted(kinds.items())
    )
