"""The suite's own account in an administrator's cluster: with the rights of ``fixtures/rbac`` and no others."""

import time
from collections.abc import Mapping
from typing import Any

import yaml
from kubernetes.client import ApiClient

from conformance.cluster.kubernetes.credentials import as_bearer
from conformance.cluster.kubernetes.permissions import missing_permissions
from conformance.cluster.kubernetes.refusals import ApiError
from conformance.cluster.kubernetes.rest import Rest
from conformance.places import fixtures_root

_ACCOUNT = "/api/v1/namespaces/smi-conformance/serviceaccounts/suite"
_CLUSTER_WIDE = "/apis/rbac.authorization.k8s.io/v1"
_VALIDITY = 24 * 3600
"""How long the token holds: longer than any run. Unit: s."""
_PATIENCE = 10.0
"""How long rights may take to be known to the API server. Unit: s. A guess; it takes some milliseconds."""

_PLACES = {
    "Namespace": "/api/v1/namespaces",
    "ServiceAccount": "/api/v1/namespaces/smi-conformance/serviceaccounts",
    "ClusterRole": f"{_CLUSTER_WIDE}/clusterroles",
    "ClusterRoleBinding": f"{_CLUSTER_WIDE}/clusterrolebindings",
}


def suite_account(api: ApiClient) -> ApiClient:
    """Make the account, and connect as it.

    Args:
        api: A connection of somebody who may give rights.

    Returns:
        A connection of its own, to be closed by whoever asked for it.

    Raises:
        EnvironmentBrokenError: The account cannot be made.
    """
    rest = Rest(api)
    manifest = fixtures_root() / "rbac" / "suite.yaml"
    for body in yaml.safe_load_all(manifest.read_text("utf-8")):
        _keep(rest, body)
    request = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"expirationSeconds": _VALIDITY},
    }
    token = rest.post(f"{_ACCOUNT}/token", request)["status"]["token"]
    own = ApiClient(as_bearer(api.configuration, token))
    _await_rights(own)
    return own


def _keep(rest: Rest, body: Mapping[str, Any]) -> None:
    """Create what is not there yet; rights that are there are set anew, as they may be those of another release."""
    place = _PLACES[body["kind"]]
    try:
        rest.post(place, body)
    except ApiError as error:
        if not error.answer.is_conflict:
            raise
        if body["kind"] == "ClusterRole":
            rest.put(f"{place}/{body['metadata']['name']}", body)


def _await_rights(api: ApiClient) -> None:
    end = time.monotonic() + _PATIENCE
    while missing_permissions(api) and time.monotonic() < end:
        time.sleep(0.1)
