"""Finds the metrics API of a cluster by discovery, as any Kubernetes client would."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from conformance.cluster import ClusterView
from conformance.errors import ConformanceError
from conformance.model.api import ApiRequest
from conformance.spec import ApiGroup

GROUP_PATH = f"/apis/{ApiGroup.METRICS.value}"
_OK = 200
_PREFERRED = "v1alpha1"
"""The version that the document is about. Others are taken where it is not served: the SDK made a v1alpha2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundMetrics:
    """What discovery said of the metrics API."""

    version: str
    """The version to ask; empty where there is none."""
    looked_for: str
    """What was asked and answered, in one line."""


def find_metrics(cluster: ClusterView) -> FoundMetrics:
    """Ask the API server which versions of ``metrics.smi-spec.io`` it knows."""
    request = ApiRequest(path=GROUP_PATH)
    try:
        answer = cluster.call_api(request)
    except ConformanceError as error:  # a cluster without the API is no broken one
        return FoundMetrics(version="", looked_for=f"{request} was not answered: {error.what}")
    versions = _versions(answer.body) if answer.status == _OK else []
    if not versions:
        return FoundMetrics(version="", looked_for=f"{request} answered {answer.status} and no version")
    version = _PREFERRED if _PREFERRED in versions else versions[0]
    return FoundMetrics(version=version, looked_for=f"{request} names {', '.join(versions)}")


def _versions(raw: bytes) -> list[str]:
    try:
        body: Any = json.loads(raw)
    except ValueError:
        return []
    listed = body.get("versions") if isinstance(body, Mapping) else None
    found = [one.get("version") for one in listed or () if isinstance(one, Mapping)]
    return [one for one in found if isinstance(one, str) and one]
