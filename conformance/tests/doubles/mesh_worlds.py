"""Pods and Services as Kubernetes stores them, for tests that run no process.

Number *i* is a pod at 127.9.0.i or a Service at 127.9.1.i; the application of a pod is at 127.9.2.i, and a
sidecar takes calls to number *t* at 127.10.i.t (Services: t + 128).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from conformance.refmesh.pipeline import Pipeline
from conformance.refmesh.translate import MeshSettings

Body = dict[str, Any]

HTTP_AND_TCP = {"http-8080": 8080, "tcp-8300": 8300}


def a_pod(
    name: str,
    number: int,
    *,
    namespace: str = "here",
    account: str = "",
    labels: Mapping[str, str] | None = None,
    ports: Mapping[str, int] | None = None,
    is_meshed: bool = True,
) -> Body:
    """Write a ready pod, by default in the mesh and with one HTTP and one TCP port; app label and account as
    *name*.
    """
    inside = {"smi-conformance/sidecar": "true", "smi-conformance/app-address": f"127.9.2.{number}"}
    listed = HTTP_AND_TCP if ports is None else ports
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "namespace": namespace,
            "name": f"{name}-0",
            "labels": dict(labels or {"app": name}),
            "annotations": inside if is_meshed else {},
        },
        "spec": {
            "serviceAccountName": account or name,
            "containers": [{"ports": [{"name": one, "containerPort": port} for one, port in listed.items()]}],
        },
        "status": {"podIP": f"127.9.0.{number}", "conditions": [{"type": "Ready", "status": "True"}]},
    }


def a_service(
    name: str,
    number: int,
    *,
    namespace: str = "here",
    selector: Mapping[str, str] | None = None,
    ports: Sequence[Body] | None = None,
) -> Body:
    """Write a Service in front of the pods labelled as *name*; ports as `a_pod` has them."""
    usual = [{"name": one, "port": port, "targetPort": port} for one, port in HTTP_AND_TCP.items()]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"namespace": namespace, "name": name},
        "spec": {
            "clusterIP": f"127.9.1.{number}",
            "selector": dict(selector or {"app": name}),
            "ports": list(usual if ports is None else ports),
        },
    }


def shop_world() -> tuple[Body, ...]:
    """Two clients and a shop in the mesh, namesakes in another namespace, and a pod without a sidecar."""
    return (
        a_pod("client-a", 1, ports={}),
        a_pod("client-b", 2, ports={}),
        a_pod("lookalike", 3, ports={}, labels={"app": "client-a"}),
        a_pod("shop", 4),
        a_pod("bank", 5),
        a_pod("client-a", 6, namespace="there", ports={}),
        a_pod("shop", 7, namespace="there"),
        a_pod("outsider", 8, namespace="outside", is_meshed=False),
        a_service("shop", 4),
        a_service("bank", 5),
        a_service("shop", 7, namespace="there"),
    )


def website_world() -> tuple[Body, ...]:
    """A client, and three versions of a website behind a root Service of two ports; another root
    elsewhere.
    """
    http = {"http-8080": 8080, "http-9090": 9090}
    ports = [{"name": one, "port": port} for one, port in http.items()]
    versions = [f"v{number}" for number in (1, 2, 3)]
    pods = [
        a_pod(f"website-{one}", number, labels={"app": "website", "version": one}, ports=http)
        for number, one in enumerate(versions, start=2)
    ]
    services = [
        a_service(f"website-{one}", number, selector={"app": "website", "version": one}, ports=ports)
        for number, one in enumerate(versions, start=2)
    ]
    elsewhere = [
        a_service(name, number, namespace="there", ports=ports)
        for number, name in enumerate(("website", "website-v1", "website-v2"), start=6)
    ]
    root = a_service("website", 1, selector={"app": "website"}, ports=ports)
    return (a_pod("client-a", 1, ports={}), *pods, root, *services, *elsewhere)


class Addresses:
    """Gives each pair of caller and target an address, as the module's text says."""

    def listen_address(self, caller_address: str, target_address: str) -> str:
        """Make it from the two addresses' last numbers."""
        caller = caller_address.rsplit(".", 1)[1]
        _, _, kind, target = target_address.split(".")
        return f"127.10.{caller}.{int(target) + (128 if kind == '1' else 0)}"


def mesh_settings(credentials: str = "/credentials") -> MeshSettings:
    """Keep each sidecar's secrets below *credentials*, and fetch routes from nowhere in particular."""
    return MeshSettings(
        credentials=lambda sidecar: f"{credentials}/{sidecar.replace('/', '.')}",
        config_source={"ads": {}},
    )


def a_pipeline(*faults: str) -> Pipeline:
    """Make a pipeline that is wrong in these ways."""
    made = Pipeline(Addresses(), mesh_settings())
    made.set_faults(faults)
    return made


def snapshots(objects: Iterable[Body], *faults: str) -> Mapping[str, Any]:
    """Run *objects* once through a pipeline that is wrong in these ways."""
    return a_pipeline(*faults).run(objects)
