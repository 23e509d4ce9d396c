"""Answers that need no figures: what there is to ask for, and what becomes of those who ask for something else."""

import json
from typing import Any

from conformance.model.api import ApiAnswer
from conformance.tests.doubles.memory_metrics.asked import GROUP, KINDS, ROOT, VERSION, WIDE

Json = dict[str, Any]

GROUP_PATH = f"/apis/{GROUP}"
_SERVICE_PATH = f"/apis/apiregistration.k8s.io/v1/apiservices/{VERSION}.{GROUP}"


class RefusedError(Exception):
    """What was asked for is not to be had; *answer* says so."""

    def __init__(self, answer: ApiAnswer) -> None:
        super().__init__(answer)
        self.answer = answer


def as_json(body: Any, status: int = 200) -> ApiAnswer:
    """Answer with a document."""
    return ApiAnswer(status=status, body=json.dumps(body).encode())


def failure(code: int, reason: str) -> ApiAnswer:
    """Answer with a Status of Kubernetes."""
    body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": code}
    return as_json(body, code)


NOT_FOUND = failure(404, "NotFound")
FORBIDDEN = failure(403, "Forbidden")
NOT_ALLOWED = failure(405, "MethodNotAllowed")
BROKEN = failure(500, "InternalError")


def discovery() -> dict[str, Json]:
    """Give by their paths the documents that tell of this API."""
    condition = {"type": "Available", "status": "True"}
    return {
        GROUP_PATH: {"kind": "APIGroup", "name": GROUP, "versions": [{"version": VERSION}]},
        _SERVICE_PATH: {"spec": {"group": GROUP}, "status": {"conditions": [condition]}},
        ROOT: resource_list([_entry(name) for name in KINDS]),
    }


def resource_list(entries: list[Json]) -> Json:
    """List resources."""
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": f"{GROUP}/{VERSION}",
        "resources": entries,
    }


def _entry(name: str) -> Json:
    return {
        "name": name,
        "namespaced": name not in WIDE,
        "kind": "TrafficMetrics",
        "verbs": ["get", "list"],
    }
