"""CustomResourceDefinitions that serve every version of their kind, by way of a conversion webhook."""

import base64
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

STORED = "v1alpha4"
"""The version that Kubernetes stores: the only one that every kind has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookService:
    """The Service that answers ConversionReviews."""

    namespace: str
    name: str
    path: str = "/convert"
    port: int = 443


def crd_with_webhook(crd: Mapping[str, Any], ca_bundle: str, service: WebhookService) -> dict[str, Any]:
    """Let *crd* serve all its versions, store v1alpha4 and ask *service* for the others.

    Args:
        crd: A definition of ``fixtures/crds``, as JSON. It is not changed.
        ca_bundle: The certificates that *service* is trusted by, as PEM text.
        service: Who converts. A kind with one version only has nothing to convert, and is left to itself.
    """
    told = deepcopy(dict(crd))
    for version in told["spec"]["versions"]:
        version |= {"served": True, "storage": version["name"] == STORED}
    if len(told["spec"]["versions"]) > 1:
        told["spec"]["conversion"] = _conversion(ca_bundle, service)
    return told


def _conversion(ca_bundle: str, service: WebhookService) -> dict[str, Any]:
    where = {"namespace": service.namespace, "name": service.name, "path": service.path, "port": service.port}
    bundle = base64.b64encode(ca_bundle.encode()).decode()
    return {
        "strategy": "Webhook",
        "webhook": {
            "clientConfig": {"service": where, "caBundle": bundle},
            "conversionReviewVersions": ["v1"],
        },
    }
