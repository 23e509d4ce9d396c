"""The reference mesh on its own: a small world under a few rules, to call through and to look at."""

import secrets
import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from http import HTTPStatus

from conformance.cluster.embedded import LocalCluster
from conformance.cluster.embedded.door import ApiDoor
from conformance.model.api import ApiRequest
from conformance.model.manifest import Manifest, ObjectRef
from conformance.places import fixtures_root
from conformance.providers.reference import ReferenceMesh
from conformance.scenario import load_manifests, load_world
from conformance.spec import ApiGroup

_WORKLOADS = ("here/client-a", "here/client-b", "here/shop", "here/website-v1", "here/website-v2")
_ADMIN_PORT = 15000
_PORT = 8080
_KUBECONFIG = "kubeconfig"


def serve(tell: Callable[[str], None], stop: threading.Event, faults: Sequence[str] = ()) -> None:
    """Run the demo world until *stop* is set.

    Args:
        tell: Hears each line a person should read.
        stop: Ends the demo.
        faults: Named faults to give the mesh.

    Raises:
        EnvironmentBrokenError: This machine lacks something.
        UsageError: There is no such fault.
    """
    world = load_world(fixtures_root() / "world" / "world.yaml")
    policy = load_manifests(fixtures_root() / "world" / "demo-policy.yaml")
    with LocalCluster(f"demo-{secrets.token_hex(2)}") as cluster:
        mesh = ReferenceMesh(cluster, faults)
        try:
            mesh.start()
            tell("starting five workloads and their proxies ...")
            cluster.apply(world.manifests({one: one for one in world.namespaces}, _WORKLOADS))
            cluster.await_ready(_WORKLOADS, timedelta(seconds=60))
            cluster.apply(policy)
            with ApiDoor(cluster.call_api) as door:
                door.write_kubeconfig(cluster.scratch / _KUBECONFIG, cluster.name, "here")
                for line in [*_guide(cluster, policy), *_figures(cluster), "", "Ctrl-C ends it."]:
                    tell(line)
                stop.wait()
        finally:
            mesh.close()


def _guide(cluster: LocalCluster, policy: Sequence[Manifest]) -> list[str]:
    pods = {pod.workload: pod for pod in cluster.pods("here")}
    client_a, client_b = pods["here/client-a"].address, pods["here/client-b"].address

    def seen(caller: str, service: str) -> str:
        stored = cluster.read(ObjectRef("Service", "here", service))
        assert stored is not None
        return f"{cluster.intercepted_address(caller, stored.body['spec']['clusterIP'])}:{_PORT}"

    return [
        "",
        f"Policy in force: {', '.join(str(one.ref) for one in policy)}",
        "",
        "As client-a, which may GET /metrics of shop:",
        f"  curl -i http://{seen(client_a, 'shop')}/metrics",
        f"  curl -i http://{seen(client_a, 'shop')}/admin          (refused: no route covers it)",
        "As client-b, which may not:",
        f"  curl -i http://{seen(client_b, 'shop')}/metrics        (refused: no target lists it)",
        "Past every proxy of a caller, straight to the pod of shop:",
        f"  curl -i http://{pods['here/shop'].address}:{_PORT}/metrics   (refused: no certificate)",
        "Through a split, three quarters to website-v1:",
        f"  for i in $(seq 8); do curl -s http://{seen(client_a, 'website')}/ | grep -o 'website-v.'; done",
        "",
        "Envoy's admin pages:",
        *(f"  {key:18} http://{_admin(cluster, key)}/" for key in sorted(pods)),
    ]


def _figures(cluster: LocalCluster) -> list[str]:
    """Say how to see the figures of the traffic, where the mesh serves them."""
    if cluster.call_api(ApiRequest(path=f"/apis/{ApiGroup.METRICS.value}")).status != HTTPStatus.OK:
        return []
    kubeconfig = cluster.scratch / _KUBECONFIG
    return [
        "",
        "Who calls whom, and how it goes:",
        f"  smi-conformance top --edges --kubeconfig={kubeconfig}",
    ]


def _admin(cluster: LocalCluster, workload: str) -> str:
    for pod in cluster.list("Pod", "here"):
        annotations = pod.body["metadata"].get("annotations", {})
        owned = pod.name.startswith(workload.partition("/")[2])
        if owned and "smi-conformance/app-address" in annotations:
            return f"{annotations['smi-conformance/app-address']}:{_ADMIN_PORT}"
    return "?"
