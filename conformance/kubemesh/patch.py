"""What a pod becomes when it joins the mesh, as a JSON patch. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from conformance.kubemesh import names
from conformance.refmesh.reading.world import APP_ADDRESS, SIDECAR

Json = dict[str, Any]

_TOKEN_VOLUME = "smi-token"  # noqa: S105 - a volume's name
_RUN_VOLUME = "smi-mesh"
_TOKEN_LIFETIME = 3600  # seconds; the kubelet renews it when four fifths are over
_SCRAPE = "prometheus.io"
_SCRAPING = {
    f"{_SCRAPE}/scrape": "true",
    f"{_SCRAPE}/port": str(names.READY_PORT),
    f"{_SCRAPE}/path": names.SCRAPED_PATH,
}
_INSIDE = "127.0.0.1"  # where an application listens behind its sidecar


@dataclass(frozen=True, slots=True, kw_only=True)
class Injection:
    """What is the same for all sidecars."""

    image: str
    pull_policy: str
    authority: str
    """The mesh's certificate authority, PEM."""
    scraped: bool = False
    """Whether a Prometheus may read what sidecars count; without TLS, and whoever else reaches the pod may, too."""


def is_left_alone(pod: Mapping[str, Any]) -> bool:
    """Say whether a pod stays outside: on request, or because it shares its node's network."""
    annotations = pod.get("metadata", {}).get("annotations") or {}
    on_node = pod.get("spec", {}).get("hostNetwork", False)
    return bool(on_node) or annotations.get(names.INJECT) == "false"


def why_refused(pod: Mapping[str, Any]) -> str:
    """Say why a pod may not join; empty where it may.

    A container that runs as the sidecar's user could open connections past the sidecar.
    """
    if is_left_alone(pod):
        return ""
    spec = pod.get("spec", {})
    ours = {names.PROXY, names.REDIRECT}
    listed = [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]
    contexts = [one.get("securityContext") for one in listed if one.get("name") not in ours]
    users = {(one or {}).get("runAsUser") for one in (*contexts, spec.get("securityContext"))}
    if names.PROXY_USER not in users:
        return ""
    return f"uid {names.PROXY_USER} is the mesh's sidecar; run this pod's containers as another user"


def patch(pod: Mapping[str, Any], injection: Injection) -> list[Json]:
    """Write the operations that give *pod* its sidecar; none where it is left alone or has all of it already."""
    if is_left_alone(pod):
        return []
    spec = pod["spec"]
    return [
        *_annotated(pod.get("metadata", {}), injection),
        *_with(spec, "volumes", [_token_volume(), _run_volume()]),
        *_with(spec, "initContainers", [_redirect_container(injection)], first=True),
        *_with(spec, "containers", [_proxy_container(injection)]),
    ]


def _annotated(metadata: Mapping[str, Any], injection: Injection) -> list[Json]:
    old = metadata.get("annotations")
    # Where the application is scraped itself, that is not taken away from it.
    scraping = _SCRAPING if injection.scraped and f"{_SCRAPE}/scrape" not in (old or {}) else {}
    new = {**(old or {}), **scraping, SIDECAR: "true", APP_ADDRESS: _INSIDE}
    if old == new:
        return []
    return [{"op": "add", "path": "/metadata/annotations", "value": new}]


def _with(spec: Mapping[str, Any], key: str, ours: list[Json], *, first: bool = False) -> list[Json]:
    """Put *ours* into a list of named things, in the place of what bears their names.

    Whatever a pod brings under our names is not trusted to be ours.
    """
    old = list(spec.get(key) or ())
    own = {one["name"] for one in ours}
    others = [one for one in old if one.get("name") not in own]
    present = [one for one in old if one.get("name") in own]
    if len(present) == len(ours) and all(_covers(had, one) for had, one in zip(present, ours, strict=True)):
        return []
    return [{"op": "add", "path": f"/spec/{key}", "value": [*ours, *others] if first else [*others, *ours]}]


def _covers(had: Any, wanted: Any) -> bool:
    """Say whether *had* says all that *wanted* says; the API server fills in defaults and adds mounts."""
    if isinstance(wanted, dict):
        return isinstance(had, dict) and all(
            key in had and _covers(had[key], one) for key, one in wanted.items()
        )
    if isinstance(wanted, list):
        return isinstance(had, list) and all(any(_covers(it, one) for it in had) for one in wanted)
    return bool(had == wanted)


def _token_volume() -> Json:
    token = {"audience": names.AUDIENCE, "expirationSeconds": _TOKEN_LIFETIME, "path": "token"}
    return {"name": _TOKEN_VOLUME, "projected": {"sources": [{"serviceAccountToken": token}]}}


def _run_volume() -> Json:
    return {"name": _RUN_VOLUME, "emptyDir": {"medium": "Memory"}}


def _redirect_container(injection: Injection) -> Json:
    return _container(injection, names.REDIRECT, "redirect") | {
        "securityContext": {
            "runAsUser": 0,
            "runAsGroup": 0,
            "runAsNonRoot": False,
            "readOnlyRootFilesystem": True,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"], "add": ["NET_ADMIN"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}},
    }


def _proxy_container(injection: Injection) -> Json:
    return _container(injection, names.PROXY, "agent") | {
        "env": [
            {"name": "SMI_AUTHORITY", "value": injection.authority},
            {"name": "SMI_SCRAPED", "value": "true" if injection.scraped else ""},
            _from_pod("SMI_POD", "metadata.name"),
            _from_pod("SMI_NAMESPACE", "metadata.namespace"),
        ],
        "volumeMounts": [
            {"name": _RUN_VOLUME, "mountPath": names.RUN_DIRECTORY},
            {"name": _TOKEN_VOLUME, "mountPath": names.TOKEN_DIRECTORY, "readOnly": True},
        ],
        "readinessProbe": {
            "httpGet": {"path": "/ready", "port": names.READY_PORT},
            "periodSeconds": 1,
            "timeoutSeconds": 2,
            "failureThreshold": 5,
        },
        "securityContext": {
            "runAsUser": names.PROXY_USER,
            "runAsGroup": names.PROXY_USER,
            "runAsNonRoot": True,
            "readOnlyRootFilesystem": True,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}},
    }


def _container(injection: Injection, name: str, module: str) -> Json:
    return {
        "name": name,
        "image": injection.image,
        "imagePullPolicy": injection.pull_policy,
        "command": ["python", "-m", f"conformance.kubemesh.{module}"],
    }


def _from_pod(name: str, path: str) -> Json:
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}
