"""The seam for meshes: what the suite has to know of a mesh, and how the mesh comes to life."""

from collections.abc import Iterable, Mapping
from typing import Literal, Protocol

from conformance.model.scenario import ConvergenceSettings, Feature, MetricsSettings
from conformance.model.topology import Service
from conformance.spec import KINDS, ApiGroup, ApiVersion, Level

HeadersShape = Literal["map", "list"]
"""How a provider's CRD wants the header filters of an HTTPRouteGroup written.

Spec: the text showed a list of one-pair maps up to v0.6.0 and shows a map since 2021, without a new version.
"""


class Provider(Protocol):
    """A mesh that implements SMI, as the suite sees it."""

    @property
    def name(self) -> str:
        """What people call it, such as ``reference``."""

    @property
    def features(self) -> frozenset[Feature]:
        """What it claims beyond HTTP between meshed workloads."""

    @property
    def levels(self) -> frozenset[Level]:
        """Which requirements it wants to be held to; what the text leaves open is asked of all meshes."""

    @property
    def convergence(self) -> ConvergenceSettings:
        """How long it may take to act on a change."""

    @property
    def metrics(self) -> MetricsSettings:
        """What has to be known of its metrics before they can be read."""

    @property
    def headers_shape(self) -> HeadersShape:
        """How it wants header filters written."""

    @property
    def looked_for_metrics(self) -> str:
        """What was asked to find its metrics API, and answered, in one line; for who wonders why it was not found."""

    @property
    def webhooks(self) -> frozenset[str]:
        """Names of its own admission webhooks for SMI objects; what they deny is the mesh's word."""

    def host(self, service: Service) -> str:
        """Give the full name by which a caller in the mesh reaches a Service in it.

        Most meshes take calls to the Service's own name; one may have names of its own, and see no other call.
        """

    def served(self) -> Mapping[ApiGroup, tuple[ApiVersion, ...]]:
        """Say which versions of which groups it serves, oldest first. Groups it does not serve are absent."""

    def kinds(self) -> Mapping[str, tuple[ApiVersion, ...]]:
        """Say which versions of which kinds it serves; a mesh may lack one kind of a group that it serves."""

    def check_joined(self, namespaces: Iterable[str]) -> None:
        """See that every pod in meshed *namespaces* has joined: without its proxy nothing about a mesh is seen.

        Raises:
            NotReadyError: One has not.
            EnvironmentBrokenError: None has.
        """

    def check_running(self) -> None:
        """See that the mesh itself still runs: asked after what did not pass, since a mesh that went shows nothing.

        Raises:
            EnvironmentBrokenError: A part of it has gone.
        """

    def start(self) -> None:
        """Make the mesh ready to take in pods.

        Raises:
            EnvironmentBrokenError: Something that the mesh needs is not there.
        """

    def facts(self) -> tuple[tuple[str, str], ...]:
        """Name what a reader of the report needs to know of this mesh: versions, settings."""

    def close(self) -> None:
        """Remove what `start` made. Safe to call twice."""


def kinds_of(groups: Mapping[ApiGroup, tuple[ApiVersion, ...]]) -> Mapping[str, tuple[ApiVersion, ...]]:
    """Say which kinds there are where every kind of a served group is served."""
    found = {
        kind.name: tuple(one for one in groups.get(kind.group, ()) if one in kind.versions) for kind in KINDS
    }
    return {name: versions for name, versions in found.items() if versions}
