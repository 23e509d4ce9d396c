"""The part of an API server that is asked plain questions: it leads them to the APIs that a mesh serves.

What Kubernetes calls the aggregation layer: who asks is found out here, discovery of groups is answered here, and all
else below a group and version is its API's own business, refusals included.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from conformance.cluster.embedded.draft import Objects
from conformance.cluster.protocol import ExtensionApi
from conformance.model.api import ApiAnswer, ApiRequest
from conformance.model.manifest import ObjectRef

_GROUPS = "/apis"
_REGISTRATION = "apiregistration.k8s.io/v1"
_SERVICES = f"{_GROUPS}/{_REGISTRATION}/apiservices"


class ApiFront:
    """Knows which APIs there are. Safe to use from several threads."""

    def __init__(self, objects: Callable[[], Objects]) -> None:
        """Serve no API yet; *objects* gives everything that is stored now."""
        self._objects = objects
        self._apis: Mapping[tuple[str, str], ExtensionApi] = {}

    def aggregate(self, api: ExtensionApi) -> None:
        """Lead requests for *api*'s group and version to it from now on."""
        self._apis = {**self._apis, (api.group, api.version): api}

    def answer(self, request: ApiRequest) -> ApiAnswer:
        """Answer one request, or have it answered."""
        if not self._knows(request):
            return status_answer(401, "Unauthorized", "Unauthorized")
        for (group, version), api in self._apis.items():
            root = f"{_GROUPS}/{group}/{version}"
            if request.path == root or request.path.startswith(f"{root}/"):
                return api.answer(request)
        return self._own(request)

    def _knows(self, request: ApiRequest) -> bool:
        who = request.account
        return who is None or ObjectRef("ServiceAccount", who.namespace, who.account) in self._objects()

    def _own(self, request: ApiRequest) -> ApiAnswer:
        found = dict(self._documents()).get(request.path.rstrip("/"))
        if found is None:
            return status_answer(404, "NotFound", "the server could not find the requested resource")
        if request.method not in {"GET", "HEAD"}:
            words = "the server does not allow this method on the requested resource"
            return status_answer(405, "MethodNotAllowed", words)
        return json_answer(200, found)

    def _documents(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        groups = dict.fromkeys(group for group, _ in self._apis)
        yield (
            _GROUPS,
            {"kind": "APIGroupList", "apiVersion": "v1", "groups": [self._group(one) for one in groups]},
        )
        for group in groups:
            yield f"{_GROUPS}/{group}", {"kind": "APIGroup", "apiVersion": "v1", **self._group(group)}
        services = [_service(group, version) for group, version in self._apis]
        for service in services:
            yield f"{_SERVICES}/{service['metadata']['name']}", service
        kind = {"kind": "APIServiceList", "apiVersion": _REGISTRATION}
        yield _SERVICES, {**kind, "metadata": {}, "items": services}

    def _group(self, group: str) -> dict[str, Any]:
        versions = [
            {"groupVersion": f"{group}/{version}", "version": version}
            for one, version in self._apis
            if one == group
        ]
        return {"name": group, "versions": versions, "preferredVersion": versions[0]}


def status_answer(status: int, reason: str, message: str) -> ApiAnswer:
    """Build a refusal in Kubernetes' shape."""
    body = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure"}
    return json_answer(status, {**body, "message": message, "reason": reason, "code": status})


def json_answer(status: int, body: Mapping[str, Any]) -> ApiAnswer:
    """Build an answer of one JSON object."""
    return ApiAnswer(
        status=status, body=json.dumps(body).encode(), headers={"content-type": "application/json"}
    )


def _service(group: str, version: str) -> dict[str, Any]:
    """Write the APIService of an API that answers: it runs in this process, so it is always there."""
    available = {
        "type": "Available",
        "status": "True",
        "reason": "Local",
        "message": "served by this process",
    }
    return {
        "kind": "APIService",
        "apiVersion": _REGISTRATION,
        "metadata": {"name": f"{version}.{group}"},
        "spec": {"group": group, "version": version, "groupPriorityMinimum": 1000, "versionPriority": 15},
        "status": {"conditions": [available]},
    }
