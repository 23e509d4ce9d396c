"""Has the API server trust the control plane's certificate, in the webhook and in the CRDs that it converts."""

import base64
from collections.abc import Iterable, Mapping
from typing import Any

from conformance.kubemesh.names import CONTROL_PLANE, NAMESPACE, WEBHOOK
from conformance.kubemesh.rest import Body, Rest
from conformance.spec import KINDS

_WEBHOOKS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


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
