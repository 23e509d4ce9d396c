"""Has the API server trust the mesh's certificates: in the webhook, in the CRDs, in the APIService of the metrics."""

import base64
from collections.abc import Iterable, Mapping
from typing import Any

from conformance.kubemesh.names import CONTROL_PLANE, METRICS, NAMESPACE, WEBHOOK
from conformance.kubemesh.rest import Body, Rest
from conformance.spec import KINDS

_WEBHOOKS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"

METRICS_API = "/apis/apiregistration.k8s.io/v1/apiservices/v1alpha1.metrics.smi-spec.io"
"""Path of the APIService of Traffic Metrics."""


def bundle_of(authority: str) -> str:
    """Write a certificate as ``caBundle`` has it."""
    return base64.b64encode(authority.encode()).decode()


def keep_trusted(rest: Rest, authority: str) -> None:
    """Put the authority's certificate wherever the API server looks before it calls us, if it is not there.

    Raises:
        EnvironmentBrokenError: The API server refuses, or does not answer.
    """
    bundle = bundle_of(authority)
    webhook = f"{_WEBHOOKS}/{WEBHOOK}"
    if found := rest.find(webhook):
        _patch_webhook(rest, webhook, found, bundle)
    if found := rest.find(METRICS_API):
        _patch_metrics(rest, found, bundle)
    for path in _crd_paths():
        if found := rest.find(path):
            _patch_crd(rest, path, found, bundle)


def _patch_webhook(rest: Rest, path: str, found: Body, bundle: str) -> None:
    if all(one["clientConfig"].get("caBundle") == bundle for one in found["webhooks"]):
        return
    listed = [
        {**one, "clientConfig": {**one["clientConfig"], "caBundle": bundle}} for one in found["webhooks"]
    ]
    rest.patch(path, {"webhooks": listed})


def _patch_metrics(rest: Rest, found: Body, bundle: str) -> None:
    """An APIService that leads to somebody else's server is left alone."""
    if is_our_metrics(found) and found["spec"].get("caBundle") != bundle:
        rest.patch(METRICS_API, {"spec": {"caBundle": bundle}})


def is_our_metrics(api_service: Body) -> bool:
    """Say whether an APIService leads to our metrics server."""
    service = api_service["spec"].get("service") or {}
    return (service.get("namespace"), service.get("name")) == (NAMESPACE, METRICS)


def _patch_crd(rest: Rest, path: str, found: Body, bundle: str) -> None:
    webhook = found["spec"].get("conversion", {}).get("webhook") or {}
    client = webhook.get("clientConfig") or {}
    if _is_ours(client) and client.get("caBundle") != bundle:
        rest.patch(path, {"spec": {"conversion": {"webhook": {"clientConfig": {"caBundle": bundle}}}}})


def _is_ours(client: Mapping[str, Any]) -> bool:
    service = client.get("service") or {}
    return (service.get("namespace"), service.get("name")) == (NAMESPACE, CONTROL_PLANE)


def _crd_paths() -> Iterable[str]:
    return (f"{_CRDS}/{kind.plural}.{kind.group.value}" for kind in KINDS)
