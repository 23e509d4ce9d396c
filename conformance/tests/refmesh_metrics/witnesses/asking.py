"""How a fault is told: looks at the clean API or at a wrong one, by the names of its faults."""

from conformance.tests.doubles.mesh_figures import an_api, ask, counts, pod_of, values
from conformance.tests.doubles.mesh_figures import read as read_whole

SHOP = f"/namespaces/here/pods/{pod_of('shop')}"
IDLE = f"/namespaces/here/pods/{pod_of('idle')}"
NOBODY = "/namespaces/here/pods/nobody"
DEPLOYMENT = "/namespaces/here/deployments/shop"
DEPLOYMENTS = "/namespaces/here/deployments"
EDGES = f"{DEPLOYMENT}/edges"
SPLIT = "/namespaces/here/trafficsplits/website-split"
P50, P90, P99 = (f"p{one}_response_latency" for one in (50, 90, 99))


def status(path, method="GET", may=None):
    """Look at the status of an answer."""
    return lambda *faults: ask(an_api(*faults, may=may), path, method).status


def body(path, *keys, **query):
    """Look at an answer, or below keys of it."""

    def look(*faults):
        found = ask(an_api(*faults), path, **query).body
        for key in keys:
            found = found[key]
        return found

    return look


def of(path, name):
    """Look at a metric of one object."""
    return lambda *faults: values(read_whole(an_api(*faults), path))[name]


def both(path):
    """Look at the counts of one object: successes, then failures."""
    return lambda *faults: counts(read_whole(an_api(*faults), path))


def listed(path, **query):
    """Look at who is in a list, with which counts."""

    def look(*faults):
        return [
            (one["resource"]["namespace"], one["resource"]["name"], counts(one))
            for one in read_whole(an_api(*faults), path, **query)["items"]
        ]

    return look


def edges(path=EDGES):
    """Look at the edges of an object: direction, side, the peer's namespace and name, counts."""

    def look(*faults):
        return {
            (
                one["edge"]["direction"],
                one["edge"]["side"],
                one["edge"]["resource"].get("namespace"),
                one["edge"]["resource"].get("name"),
                counts(one),
            )
            for one in read_whole(an_api(*faults), path)["items"]
        }

    return look
