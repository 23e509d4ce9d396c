"""The demo world on an embedded cluster of its own, with ways to call through it and to read its figures."""

import http.client
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from conformance.cluster import PodStatus
from conformance.cluster.embedded import LocalCluster
from conformance.model.api import ApiRequest
from conformance.model.manifest import ObjectRef
from conformance.places import fixtures_root
from conformance.providers.reference import ReferenceMesh
from conformance.refmesh.metrics import Inventory, read_inventory
from conformance.refmesh.metrics.asking import ROOT
from conformance.scenario import load_manifests, load_world

WORKLOADS = ("here/client-a", "here/client-b", "here/shop", "here/website-v1", "here/website-v2")
PORT, TCP_PORT = 8080, 8300

Json = Mapping[str, Any]


class Place:
    """The demo world: client-a may call shop, and website is split over its versions."""

    def __init__(self, cluster: LocalCluster, mesh: ReferenceMesh) -> None:
        self.cluster, self.mesh = cluster, mesh

    def call(
        self, source: str, service: str, path: str = "/metrics", timeout: float = 5.0, **headers: str
    ) -> int | None:
        """Send one call through the sidecar of *source*; None when no answer came in time."""
        connection = http.client.HTTPConnection(self.seen(source, service), PORT, timeout=timeout)
        try:
            connection.request("GET", path, headers={"host": f"{service}.here", **headers})
            return connection.getresponse().status
        except TimeoutError:
            return None
        finally:
            connection.close()

    def figures(self, path: str) -> Json:
        """Read what the API answers."""
        answer = self.cluster.call_api(ApiRequest(path=ROOT + path))
        assert answer.status == 200, answer.body
        found: Json = json.loads(answer.body)
        return found

    def pod(self, workload: str) -> PodStatus:
        """Give the pod of a workload."""
        (pod,) = [one for one in self.cluster.pods("here") if one.workload == f"here/{workload}"]
        return pod

    def of(self, workload: str) -> Json:
        """Read the figures of a workload's pod."""
        return self.figures(f"/namespaces/here/pods/{self.pod(workload).ref.name}")

    def inventory(self) -> Inventory:
        """Say what there is, as the mesh sees it."""
        return read_inventory(self.mesh._objects.values())

    def seen(self, source: str, service: str) -> str:
        """Say where calls of *source* to a Service lead."""
        stored = self.cluster.read(ObjectRef("Service", "here", service))
        assert stored is not None
        return self.cluster.intercepted_address(self.pod(source).address, stored.body["spec"]["clusterIP"])


@contextmanager
def a_place(directory: Path, flush: timedelta | None = None) -> Iterator[Place]:
    """Run the demo world; *flush* is how often its sidecars add their histograms up, unless it is at each look."""
    world = load_world(fixtures_root() / "world" / "world.yaml")
    policy = load_manifests(fixtures_root() / "world" / "demo-policy.yaml")
    with LocalCluster("metrics", directory) as cluster:
        mesh = ReferenceMesh(cluster)
        mesh._plane._settings = replace(mesh._plane._settings, flush=flush)
        try:
            mesh.start()
            cluster.apply(world.manifests({one: one for one in world.namespaces}, WORKLOADS))
            cluster.await_ready(WORKLOADS, timedelta(seconds=60))
            cluster.apply(policy)
            time.sleep(0.5)
            yield Place(cluster, mesh)
        finally:
            mesh.close()


def counts(item: Json) -> tuple[int, int]:
    """Give an object's successes and failures."""
    found = {one["name"]: one["value"] for one in item["metrics"]}
    return int(found["success_count"]), int(found["failure_count"])


def seconds(item: Json, percent: int) -> float:
    """Give one of an object's percentiles."""
    (text,) = [one["value"] for one in item["metrics"] if one["name"] == f"p{percent}_response_latency"]
    scale = {"u": 1e-6, "m": 1e-3}.get(text[-1])
    return float(text[:-1]) * scale if scale else float(text)
