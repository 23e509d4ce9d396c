"""Of faults about ports and raw TCP."""

from conformance.tests.doubles.smi_objects import a_group, a_port_route, a_rule, a_target, an_account
from conformance.tests.refmesh_faults.witnesses.asking import TCP, A, B, connects, granted, on_ports, sends

WITNESSES = {
    "ignores-destination-port": sends(A, right=False, after=((a_target("v1alpha2", port=9090), a_group()),)),
    "ignores-tcp-ports": connects(A, right=False, after=(on_ports(8301),)),
    "first-tcp-port-only": connects(A, right=True, after=(on_ports(8301, 8300),)),
    "tcp-ports-are-a-range": connects(A, right=False, after=(on_ports(8299, 8301),)),
    "empty-ports-grant-nothing": connects(A, right=True, after=(on_ports(),)),
    "last-tcp-route-only": connects(
        A,
        right=True,
        after=(
            (
                *on_ports(8300, rules=(TCP, a_rule("other", "TCPRoute"))),
                a_port_route(name="other", ports=[8301]),
            ),
        ),
    ),
    "missing-tcp-route-opens": connects(A, right=False, after=((a_target(rules=[TCP]),),)),
    "destination-port-for-http-only": connects(
        A, right=False, after=((a_target("v1alpha2", port=8301, rules=[TCP]), a_port_route("v1alpha3")),)
    ),
    "recombines-tcp": connects(
        A,
        right=False,
        after=(
            (
                *on_ports(8301),
                a_target(name="two", sources=[an_account("client-b")], rules=[a_rule("two", "TCPRoute")]),
                a_port_route(name="two", ports=[8300]),
            ),
        ),
    ),
    "tcp-open-by-default": connects(B, right=False, after=((),)),
    "http-grant-opens-tcp": connects(A, right=False, after=(granted(),)),
    "tcp-and-http-either-or": sends(
        A, right=False, after=((a_target(rules=[TCP, a_rule()]), a_port_route(ports=[9090]), a_group()),)
    ),
    "route-group-needs-tcp-route": sends(A, right=True, after=(granted(),)),
}
