"""The objects that make up an installation, as `fixtures/mesh` and `fixtures/crds` have them, filled in. Pure but for
reading those files.
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import yaml

from conformance.kubemesh import names, settings
from conformance.kubemesh.authority import LIFETIME
from conformance.kubemesh.metering import settings as metering
from conformance.kubemesh.metering.settings import DEFAULT_WINDOW
from conformance.kubemesh.trust import bundle_of
from conformance.places import fixtures_root
from conformance.refmesh.conversion import WebhookService, crd_with_webhook

Json = dict[str, Any]

_SERVICE = WebhookService(namespace=names.NAMESPACE, name=names.CONTROL_PLANE)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeshInstall:
    """What can be chosen about an installation."""

    image: str
    """Of the control plane and of the sidecars."""
    pull_policy: str = "IfNotPresent"
    replicas: int = 1
    """Of the control plane."""
    faults: tuple[str, ...] = ()
    """In which ways to be wrong from the start."""
    lifetime: timedelta = LIFETIME
    """Of certificates, in whole seconds; each is replaced when a third of it is over."""
    crds: bool = True
    """Bring the CRDs of SMI where the cluster has none."""
    window: timedelta = DEFAULT_WINDOW
    """What figures of Traffic Metrics cover."""
    prometheus: str = ""
    """Address of the Prometheus that has the figures, as pods reach it; empty where sidecars are asked."""


def control_plane(install: MeshInstall) -> list[Json]:
    """Write everything but CRDs, the webhook and the metrics server, in an order in which it can be applied."""
    told = {
        settings.IMAGE: install.image,
        settings.PULL_POLICY: install.pull_policy,
        settings.LIFETIME: str(round(install.lifetime.total_seconds())),
        settings.PROMETHEUS: install.prometheus,
    }
    objects = [_owned(one) for one in _read("mesh/control-plane.yaml")]
    for one in objects:
        if one["kind"] == "Deployment":
            one["spec"]["replicas"] = install.replicas
            _fill_in(one, install, told)
    return objects


def metrics_server(install: MeshInstall, authority: str) -> list[Json]:
    """Write the metrics server, its APIService last, in an order in which it can be applied.

    Args:
        install: What is wanted.
        authority: Whose certificates API server and metrics server are to believe, PEM.
    """
    told = {
        metering.AUTHORITY: authority,
        metering.WINDOW: f"{install.window.total_seconds():g}",
        settings.PROMETHEUS: install.prometheus,
    }
    objects = [_owned(one) for one in _read("mesh/metrics.yaml")]
    for one in objects:
        if one["kind"] == "Deployment":
            _fill_in(one, install, told)
        elif one["kind"] == "APIService":
            one["spec"]["caBundle"] = bundle_of(authority)
    return objects


def injector(authority: str) -> Json:
    """Write the webhook that injects sidecars.

    Args:
        authority: Whose certificates the API server is to believe, PEM.
    """
    (body,) = _read("mesh/injector.yaml")
    webhooks = [_trusting(one, authority) for one in body["webhooks"]]
    return _owned({**body, "webhooks": webhooks})


def crds(authority: str) -> list[Json]:
    """Write the CRDs of SMI, which serve all versions through the control plane."""
    paths = sorted((fixtures_root() / "crds").glob("*.yaml"))
    bodies = [body for path in paths for body in _documents(path.read_text(encoding="utf-8"))]
    return [_owned(crd_with_webhook(one, authority, _SERVICE)) for one in bodies]


def path_of(body: Mapping[str, Any]) -> str:
    """Give the path under which an API server has an object like *body*."""
    api_version, metadata = body["apiVersion"], body["metadata"]
    start = f"/api/{api_version}" if "/" not in api_version else f"/apis/{api_version}"
    inside = f"/namespaces/{metadata['namespace']}" if "namespace" in metadata else ""
    return f"{start}{inside}/{body['kind'].lower()}s/{metadata['name']}"


def _fill_in(deployment: Json, install: MeshInstall, told: Mapping[str, str]) -> None:
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    container |= {"image": install.image, "imagePullPolicy": install.pull_policy}
    container["env"] += [{"name": name, "value": value} for name, value in told.items()]


def _trusting(webhook: Json, authority: str) -> Json:
    return {**webhook, "clientConfig": {**webhook["clientConfig"], "caBundle": bundle_of(authority)}}


def _owned(body: Json) -> Json:
    owned = deepcopy(body)
    labels = owned["metadata"].setdefault("labels", {})
    labels |= dict((names.OWNER_LABEL,))
    return owned


def _read(name: str) -> Iterable[Json]:
    return _documents((fixtures_root() / name).read_text(encoding="utf-8"))


def _documents(text: str) -> Iterable[Json]:
    return (one for one in yaml.safe_load_all(text) if one)
