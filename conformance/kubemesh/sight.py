"""What of a whole cluster the mesh takes notice of. Pure.

A mesh of a cluster that is not its own must not stand between pods and what is none of its business: the API
server, DNS, other people's Services.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from conformance.kubemesh.names import MESH_LABEL
from conformance.refmesh.reading.world import SIDECAR

Body = Mapping[str, Any]

_API_SERVER = ("default", "kubernetes")
_OVER = frozenset({"Succeeded", "Failed"})


def seen(objects: Iterable[Body]) -> list[Body]:
    """Keep what concerns the mesh.

    That is every SMI object; the Services of enrolled namespaces; and the pods of enrolled namespaces, with those
    that have a sidecar wherever they are. Pods on their node's own network are left out, since what listens at their
    addresses is not theirs alone, and so are pods that are over, since their addresses are given to others.
    """
    listed = list(objects)
    enrolled = {one["metadata"]["name"] for one in listed if one["kind"] == "Namespace" and is_enrolled(one)}
    return [one for one in listed if _concerns(one, enrolled)]


def is_enrolled(namespace: Body) -> bool:
    """Say whether the pods of a namespace get a sidecar."""
    key, value = MESH_LABEL
    return bool((namespace["metadata"].get("labels") or {}).get(key) == value)


def _concerns(one: Body, enrolled: set[str]) -> bool:
    is_inside = one["metadata"].get("namespace") in enrolled
    match one["kind"]:
        case "Namespace" | "ConfigMap":
            return False
        case "Service":
            return is_inside and (one["metadata"]["namespace"], one["metadata"]["name"]) != _API_SERVER
        case "Pod":
            return (is_inside or _has_sidecar(one)) and _has_own_address(one)
        case _:
            return True


def _has_sidecar(pod: Body) -> bool:
    return bool((pod["metadata"].get("annotations") or {}).get(SIDECAR) == "true")


def _has_own_address(pod: Body) -> bool:
    on_node = pod["spec"].get("hostNetwork", False)
    return not on_node and (pod.get("status") or {}).get("phase") not in _OVER
