"""What kind's nodes say: whether they take pods, which comes after kind is done, and which images they have."""

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import urllib3
from kubernetes import client as kubernetes_api
from kubernetes import config as kubernetes_config

from conformance.cluster.images import is_held
from conformance.errors import EnvironmentBrokenError

_DEADLINE = timedelta(minutes=3)
"""Longest wait. A guess: the network of a node is up within 20 s on a small machine."""
_PAUSE = 0.2
"""Between two looks. Unit: s."""


def await_nodes(kubeconfig: Path, context: str, deadline: timedelta = _DEADLINE) -> None:
    """Wait until every node is ready.

    Raises:
        EnvironmentBrokenError: One is not by the deadline; the message carries the last thing seen.
    """
    last = time.monotonic() + deadline.total_seconds()
    with _api(kubeconfig, context) as api:
        while seen := _unready(kubernetes_api.CoreV1Api(api)):
            if time.monotonic() > last:
                raise EnvironmentBrokenError(
                    f"the nodes do not become ready within {deadline.total_seconds():.0f} s: {seen}",
                    f"context {context}",
                    f"look with kubectl --kubeconfig {kubeconfig} describe nodes",
                )
            time.sleep(_PAUSE)


def has_image(kubeconfig: Path, context: str, image: str) -> bool:
    """Say whether every node is known to have an image.

    A node tells of the fifty largest, and late of new ones: a no may be wrong, and then an image is loaded twice.
    """
    with _api(kubeconfig, context) as api:
        try:
            nodes = kubernetes_api.CoreV1Api(api).list_node(_request_timeout=10).items
        except (kubernetes_api.ApiException, urllib3.exceptions.HTTPError):
            return False
    return bool(nodes) and all(is_held(image, _names(node)) for node in nodes)


def _names(node: Any) -> set[str]:
    return {name for image in node.status.images or () for name in image.names or ()}


def _api(kubeconfig: Path, context: str) -> Any:
    load: Any = kubernetes_config.new_client_from_config  # ships no types
    return load(config_file=str(kubeconfig), context=context)


def _unready(core: Any) -> str:
    """Say what is missing; empty when nothing is."""
    try:
        nodes = core.list_node(_request_timeout=10).items
    except (kubernetes_api.ApiException, urllib3.exceptions.HTTPError) as error:
        return f"the API server does not answer: {error}"
    if not nodes:
        return "there is no node"
    return "; ".join(filter(None, map(_missing, nodes)))


def _missing(node: Any) -> str:
    said = [one for one in node.status.conditions or () if one.type == "Ready"]
    if said and said[0].status == "True":
        return ""
    return f"node {node.metadata.name}: {said[0].message if said else 'no word yet'}"
