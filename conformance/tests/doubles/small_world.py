"""A world for tests of oracle and judge: two namespaces in the mesh, one outside."""

from conformance.model.topology import AppProtocol, Port, Service, ServicePort, Topology, Workload

_PORTS = (
    Port(number=8080, protocol=AppProtocol.HTTP),
    Port(number=9090, protocol=AppProtocol.HTTP),
    *(Port(number=number, protocol=AppProtocol.TCP) for number in (8300, 8301, 8302, 8303)),
)


def a_workload(key: str, **changes: object) -> Workload:
    """Make a meshed workload that runs as the account of its own name and listens on all ports."""
    namespace, name = key.split("/")
    fields = {"name": name, "namespace": namespace, "account": name, "labels": {"app": name}, "ports": _PORTS}
    return Workload(**{**fields, **changes})  # type: ignore[arg-type] # builders take any field


def a_service(key: str, *, app: str = "", ports: dict[int, int] | None = None, **labels: str) -> Service:
    """Make a Service over the workloads of one app, each port leading to its own number."""
    namespace, name = key.split("/")
    mapping = ports if ports is not None else {port.number: port.number for port in _PORTS}
    protocols = {port.number: port.protocol for port in _PORTS}
    return Service(
        name=name,
        namespace=namespace,
        selector={"app": app or name, **labels},
        ports=tuple(
            ServicePort(port=port, target_port=target, protocol=protocols.get(target, AppProtocol.HTTP))
            for port, target in mapping.items()
        ),
    )


def a_topology(workloads: tuple[Workload, ...] = (), services: tuple[Service, ...] = ()) -> Topology:
    """Make the small world; what is given replaces or adds to what has the same key."""
    everyone = {one.key: one for one in (*_workloads(), *workloads)}
    named = {one.key: one for one in (*_services(), *services)}
    return Topology(workloads=everyone, services=named)


def _workloads() -> list[Workload]:
    versions = [
        a_workload(f"here/website-{version}", labels={"app": "website", "version": version})
        for version in ("v1", "v2", "v3")
    ]
    return [
        a_workload("here/client-a", ports=()),
        a_workload("here/client-b", ports=()),
        a_workload("here/client-c", ports=()),
        a_workload("here/lookalike", ports=(), labels={"app": "client-a", "role": "lookalike"}),
        a_workload("here/shop"),
        a_workload("here/bank"),
        a_workload("there/client-a", ports=()),
        a_workload("there/shop"),
        a_workload("outside/outsider", meshed=False),
        *versions,
    ]


def _services() -> list[Service]:
    versions = [a_service(f"here/website-{v}", app="website", version=v) for v in ("v1", "v2", "v3")]
    plain = [a_service(key) for key in ("here/shop", "here/bank", "there/shop", "outside/outsider")]
    return [*plain, *versions, a_service("here/website")]
