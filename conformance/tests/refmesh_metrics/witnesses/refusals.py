"""Of faults about what may be asked: what discovery lists, who is let in, and what is refused."""

from conformance.tests.doubles.mesh_figures import an_api, pod_of
from conformance.tests.doubles.mesh_figures import read as read_whole
from conformance.tests.refmesh_metrics.witnesses.asking import EDGES, IDLE, NOBODY, SHOP, body, status


def resources(*faults):
    return {one["name"]: one for one in read_whole(an_api(*faults), "")["resources"]}


def may_pods(action):
    return action.resource == "pods"


def may_cluster(action):
    return not action.namespace and action.resource == "nothing"


WITNESSES = {
    "metrics-discovery-empty": (lambda *one: len(resources(*one)), 11, 0),
    "metrics-advertises-unserved": (status("/jobs"), 200, 404),
    "metrics-hides-served": (lambda *one: "pods" in resources(*one), True, False),
    "metrics-discovery-wrong-kind": (lambda *one: resources(*one)["pods"]["kind"], "TrafficMetrics", "Pod"),
    "metrics-discovery-wrong-scope": (lambda *one: resources(*one)["nodes"]["namespaced"], False, True),
    "metrics-discovery-get-only": (lambda *one: resources(*one)["pods"]["verbs"], ["get", "list"], ["get"]),
    "metrics-unknown-is-empty": (
        lambda *one: (status(NOBODY)(*one), bool(body(NOBODY)(*one))),
        (404, True),
        (200, False),
    ),
    "metrics-unknown-is-500": (status(NOBODY), 404, 500),
    "metrics-idle-is-500": (status(IDLE), 200, 500),
    "metrics-accepts-writes": (status(SHOP, "DELETE"), 405, 200),
    "metrics-bare-errors": (lambda *one: body(NOBODY)(*one).get("kind"), "Status", None),
    "metrics-open-to-all": (status(SHOP, may=lambda _: False), 403, 200),
    "metrics-edges-under-parent": (
        status(EDGES.replace("deployments/shop", f"pods/{pod_of('shop')}"), may=may_pods),
        403,
        200,
    ),
    "metrics-open-in-namespaces": (status(SHOP, may=may_cluster), 403, 200),
}
