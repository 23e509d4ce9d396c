"""Which kinds the suite handles on Kubernetes, where the API server serves them, and what it does to them.

The table is short on purpose: it is what the suite's account has to be allowed (`permissions`), and it spares
a run the discovery of a whole API. SMI's kinds come from `conformance.spec`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from conformance.spec import KINDS

_OWN = ("create", "get", "list", "update", "delete")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A kind of object as the API server serves it."""

    kind: str
    group: str
    """Empty for Kubernetes' core group."""
    plural: str
    version: str
    """The version that is asked for where no manifest names one; empty for SMI's kinds, which differ."""
    verbs: tuple[str, ...]
    """What the suite does to these objects."""
    namespaced: bool = True

    def path(self, api_version: str, namespace: str = "", name: str = "") -> str:
        """Give the path of one object, of all of a namespace, or of all of the cluster.

        Args:
            api_version: Such as ``v1`` or ``split.smi-spec.io/v1alpha4``.
            namespace: Empty for all, and for what is not namespaced.
            name: Empty for all.
        """
        root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
        within = f"/namespaces/{namespace}" if namespace and self.namespaced else ""
        return f"{root}{within}/{self.plural}" + (f"/{name}" if name else "")

    @property
    def api_version(self) -> str:
        """Such as ``apps/v1``."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def is_smi(self) -> bool:
        """Whether SMI defines it."""
        return not self.version


def _core(kind: str, plural: str, verbs: tuple[str, ...], *, namespaced: bool = True) -> Resource:
    return Resource(kind=kind, group="", plural=plural, version="v1", verbs=verbs, namespaced=namespaced)


_ALL = (
    _core("Namespace", "namespaces", _OWN, namespaced=False),
    _core("ServiceAccount", "serviceaccounts", _OWN),
    _core("Service", "services", _OWN),
    _core("Pod", "pods", ("get", "list")),
    _core("Event", "events", ("list",)),
    Resource(kind="Deployment", group="apps", plural="deployments", version="v1", verbs=(*_OWN, "watch")),
    # Sample workloads of other kinds; the first two are also what a mesh is made of.
    Resource(kind="StatefulSet", group="apps", plural="statefulsets", version="v1", verbs=_OWN),
    Resource(kind="DaemonSet", group="apps", plural="daemonsets", version="v1", verbs=_OWN),
    Resource(kind="Job", group="batch", plural="jobs", version="v1", verbs=_OWN),
    _core("ReplicationController", "replicationcontrollers", _OWN),
    *(
        Resource(
            kind=kind, group="rbac.authorization.k8s.io", plural=f"{kind.lower()}s", version="v1", verbs=_OWN
        )
        for kind in ("Role", "RoleBinding")
    ),
    Resource(
        kind="Lease",
        group="coordination.k8s.io",
        plural="leases",
        version="v1",
        verbs=("create", "get", "update"),
    ),
    Resource(
        kind="CustomResourceDefinition",
        group="apiextensions.k8s.io",
        plural="customresourcedefinitions",
        version="v1",
        verbs=("get", "list"),
        namespaced=False,
    ),
    *(
        Resource(kind=kind.name, group=kind.group.value, plural=kind.plural, version="", verbs=_OWN)
        for kind in KINDS
    ),
)

RESOURCES: Mapping[str, Resource] = {one.kind: one for one in _ALL}
"""Every kind that the suite handles, by name."""

NAMESPACE, LEASE, DEPLOYMENT, POD, EVENT = (
    RESOURCES[kind] for kind in ("Namespace", "Lease", "Deployment", "Pod", "Event")
)
