"""Where calls to a Service or a pod arrive, before any split."""

from conformance.errors import ScenarioError
from conformance.model.topology import Service, ServicePort, Topology, Workload
from conformance.model.traffic import AddressForm, Target
from conformance.oracle.grants import End


def workload_of(topology: Topology, key: str) -> Workload:
    """Find a workload.

    Raises:
        ScenarioError: The world has none of that key.
    """
    if key not in topology.workloads:
        raise ScenarioError(
            f"the world has no workload {key!r}",
            "a cell of the traffic plan",
            f"use one of {', '.join(sorted(topology.workloads))}",
        )
    return topology.workloads[key]


def service_of(topology: Topology, key: str) -> Service:
    """Find a Service.

    Raises:
        ScenarioError: The world has none of that key.
    """
    if key not in topology.services:
        raise ScenarioError(
            f"the world has no Service {key!r}",
            "a cell of the traffic plan",
            f"use one of {', '.join(sorted(topology.services))}, or address a pod by form: pod",
        )
    return topology.services[key]


def port_of(service: Service, number: int) -> ServicePort | None:
    """Find a port of a Service by its number; None when the Service does not expose it."""
    return next((port for port in service.ports if port.port == number), None)


def ends_of(topology: Topology, service: Service, number: int) -> tuple[End, ...]:
    """List where calls to a port of *service* arrive; empty when nobody listens there."""
    port = port_of(service, number)
    if port is None:
        return ()
    return tuple(
        End(workload=workload, port=port.target_port, service_ports=frozenset({number}))
        for workload in topology.behind(service)
        if _listens(workload, port.target_port)
    )


def pod_end(topology: Topology, workload: Workload, number: int) -> tuple[End, ...]:
    """Say where a call to a pod's own address arrives; empty when nobody listens on that port."""
    if not _listens(workload, number):
        return ()
    leading = [
        port.port
        for service in topology.services.values()
        if workload in topology.behind(service)
        for port in service.ports
        if port.target_port == number
    ]
    return (End(workload=workload, port=number, service_ports=frozenset(leading)),)


def _listens(workload: Workload, number: int) -> bool:
    return any(port.number == number for port in workload.ports)


def hosts_of(topology: Topology, caller: Workload, target: Target) -> tuple[str, ...]:
    """Spell the authority that *caller* sends to *target*; empty for addresses, which only the cluster knows."""
    if target.form not in {AddressForm.SERVICE, AddressForm.SHORT}:
        return ()
    service = service_of(topology, target.name)
    host = service.host(caller) if target.form is AddressForm.SERVICE else service.name
    return host, f"{host}:{target.port}"
