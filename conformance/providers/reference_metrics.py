"""The reference mesh's metrics on the embedded cluster: the place of an aggregated API server."""

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

from conformance.cluster import EmbeddedCluster
from conformance.model.api import ApiAction, ApiAnswer, ApiRequest
from conformance.model.topology import Identity
from conformance.refmesh.faults import MetricsStages, WrongApi
from conformance.refmesh.metrics import (
    GROUP,
    VERSION,
    Action,
    Asker,
    History,
    Inventory,
    MetricsRequest,
    Sampled,
    Sampler,
    read_inventory,
)
from conformance.refmesh.reading import read_world

WINDOW = timedelta(seconds=2)
"""What figures cover: short, so that scenarios need not wait long for older traffic to leave it."""
PERIOD = timedelta(seconds=0.3)
"""Between two looks at the sidecars."""

_ACCOUNT = "system:serviceaccount"

Objects = Callable[[], Iterable[Mapping[str, Any]]]
"""Gives all objects there are now."""


class ReferenceMetrics:
    """An `ExtensionApi`, with what it takes to fill it.

    Args:
        cluster: Whose API server leads here, and knows who may what.
        objects: What there is.
        stages: Gives what the faults in force do to the answers.
    """

    group = GROUP
    version = VERSION

    def __init__(
        self, cluster: EmbeddedCluster, objects: Objects, stages: Callable[[], Iterable[MetricsStages]]
    ) -> None:
        self._cluster = cluster
        self._objects = objects
        self._lock = threading.Lock()
        self._inventory: Inventory | None = None
        self._sidecars: Mapping[str, str] | None = None
        history = History(WINDOW)
        self._sampler = Sampler(history, self._admin_pages, PERIOD)
        source = Sampled(history, refresh=self._sampler.refresh)
        self._api = WrongApi(source, self._known, self._may, stages)

    def start(self) -> None:
        """Begin to look at sidecars, and to be asked."""
        self._sampler.start()
        self._cluster.aggregate(self)

    def close(self) -> None:
        """Stop looking. Safe to call twice."""
        self._sampler.close()

    def forget(self) -> None:
        """Hear that objects have changed: what was made of them is out of date."""
        with self._lock:
            self._inventory = self._sidecars = None

    def answer(self, request: ApiRequest) -> ApiAnswer:
        """Answer a request below ``/apis/metrics.smi-spec.io/v1alpha1``."""
        account = request.account
        answer = self._api.answer(
            MetricsRequest(
                method=request.method,
                path=request.path,
                query=dict(request.query),
                asker=Asker(user=f"{_ACCOUNT}:{account.namespace}:{account.account}" if account else ""),
            )
        )
        return ApiAnswer(
            status=answer.status,
            body=json.dumps(answer.body).encode(),
            headers={"content-type": answer.content_type},
        )

    def _may(self, action: Action) -> bool:
        """Ask the cluster; its own administrator may all, and everybody may see what there is."""
        if not action.asker.user or not action.resource:
            return True
        _, _, key = action.asker.user.partition(f"{_ACCOUNT}:")
        namespace, _, account = key.partition(":")
        return self._cluster.allows(
            ApiAction(
                account=Identity(namespace, account),
                verb=action.verb,
                group=GROUP,
                resource=action.resource,
                namespace=action.namespace,
                name=action.name,
            )
        )

    def _known(self) -> Inventory:
        with self._lock:
            if self._inventory is None:
                self._inventory = read_inventory(self._objects())
            return self._inventory

    def _admin_pages(self) -> Mapping[str, str]:
        with self._lock:
            if self._sidecars is None:
                world = read_world(self._objects())
                self._sidecars = {pod.key: pod.app_address for pod in world.sidecars}
            return self._sidecars
