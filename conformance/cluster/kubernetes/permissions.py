"""What the suite's account has to be allowed in a cluster, and what of it is missing.

``fixtures/rbac/suite.yaml`` grants exactly this.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kubernetes.client import ApiClient

from conformance.cluster.kubernetes.kinds import RESOURCES
from conformance.cluster.kubernetes.rest import Rest
from conformance.spec import ApiGroup

_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


@dataclass(frozen=True, slots=True, order=True)
class Permission:
    """One verb on one resource, in every namespace."""

    group: str
    resource: str
    """With its subresource, such as ``pods/log``."""
    verb: str

    def __str__(self) -> str:
        where = f" in {self.group}" if self.group else ""
        return f"{self.verb} {self.resource}{where}"


_BESIDE = (
    Permission("", "pods/log", "get"),
    # A WebSocket is opened with GET; from Kubernetes 1.35 on, its exec asks for the right to create as well.
    Permission("", "pods/exec", "get"),
    Permission("", "pods/exec", "create"),
    # Requests as the sample workloads' accounts.
    Permission("", "serviceaccounts/token", "create"),
    # Metrics are read, and the right to read them is given to the sample workloads' accounts: nobody can give what he
    # has not. Which resources a mesh serves is the mesh's affair.
    Permission(ApiGroup.METRICS.value, "*", "get"),
    Permission(ApiGroup.METRICS.value, "*", "list"),
    # Whether they are an API of the cluster's own, and available.
    Permission("apiregistration.k8s.io", "apiservices", "get"),
)


def needed_permissions() -> tuple[Permission, ...]:
    """List what the suite does in a cluster, sorted."""
    own = (Permission(one.group, one.plural, verb) for one in RESOURCES.values() for verb in one.verbs)
    return tuple(sorted((*own, *_BESIDE)))


def missing_permissions(api: ApiClient) -> tuple[str, ...]:
    """Ask the API server what of it this account may not do.

    Returns:
        In words, such as ``create pods/exec``; empty when nothing is missing.

    Raises:
        EnvironmentBrokenError: The API server cannot be asked.
    """
    return tuple(str(one) for one in _refused(Rest(api), needed_permissions()))


def _refused(rest: Rest, wanted: Iterable[Permission]) -> Iterator[Permission]:
    for one in wanted:
        if not is_allowed(rest, one):
            yield one


def is_allowed(rest: Rest, wanted: Permission) -> bool:
    """Ask the API server whether this account may do one thing.

    Raises:
        EnvironmentBrokenError: The API server cannot be asked.
    """
    resource, _, subresource = wanted.resource.partition("/")
    attributes = {
        "group": wanted.group,
        "resource": resource,
        "subresource": subresource,
        "verb": wanted.verb,
    }
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    return bool(rest.post(_REVIEWS, review)["status"]["allowed"])
