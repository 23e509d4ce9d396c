"""Questions about everything, for faults that no single question is written down for."""

from conformance.refmesh.metrics import Asker, MetricsRequest, read_inventory
from conformance.refmesh.metrics.asking import ROOT
from conformance.refmesh.metrics.traffic import Flow, Side, Tally
from conformance.tests.doubles.mesh_figures import NODE, OneWindow, a_world, an_api, some_flows
from conformance.tests.refmesh_metrics.witnesses.asking import (
    DEPLOYMENT,
    DEPLOYMENTS,
    EDGES,
    IDLE,
    NOBODY,
    SHOP,
    SPLIT,
)

BATTERY = (
    [
        ("GET", path, query)
        for path in (
            "",
            "/",
            "/pods",
            "/deployments",
            "/namespaces",
            "/widgets",
            DEPLOYMENTS,
            DEPLOYMENT,
            SHOP,
            IDLE,
            NOBODY,
            f"{NOBODY}/edges",
            f"{DEPLOYMENT}/peers",
            f"{DEPLOYMENTS}/edges",
            EDGES,
            f"{SHOP}/edges",
            "/namespaces/here/deployments/client-a/edges",
            "/namespaces/here/deployments/client-a",
            "/namespaces/here/edges",
            "/namespaces/here",
            "/namespaces/nowhere/pods",
            f"/nodes/{NODE}",
            "/namespaces/here/widgets",
            SPLIT,
            f"{SPLIT}-of-nobody",
            "/namespaces/here/replicasets",
            "/namespaces/here/statefulsets/shop",
            "/namespaces/here/deployments/sho",
            "/namespaces/there/deployments/shop",
            "/namespaces/there/deployments/client-a/edges",
            "/namespaces/here/services/nobody",
            "/namespaces/here/services/shop/edges",
            "/namespaces/there/trafficsplits",
        )
        for query in ({},)
    ]
    + [
        ("GET", DEPLOYMENTS, {"labelSelector": selector})
        for selector in (
            "app=shop",
            "app==shop",
            "app!=shop",
            "app in (idle, shop)",
            "app=shop,side=client",
            "side",
        )
    ]
    + [("GET", "/deployments", {"labelSelector": "app=shop"})]
    + [("GET", "/pods", query) for query in ({"labelSelector": ""}, {"limit": "2"})]
    + [(method, SHOP, {}) for method in ("POST", "PATCH", "DELETE")]
)
"""Questions, to one of which every other wrong API has another answer than the clean one."""

READERS = [
    lambda action: action.verb == "get",
    lambda action: action.verb == "list" and action.resource == "pods",
    lambda action: action.resource == "pods",
    lambda action: action.resource == "pods/edges",
    lambda action: action.namespace == "here",
    lambda action: action.name == "shop",
    lambda action: False,
]
"""Rights under which `BATTERY` is asked; everything is allowed as well."""


def battery(*faults):
    """Ask everything, under all rights, twice."""
    source = OneWindow([*some_flows(read_inventory(a_world())), *more_flows()])
    apis = [an_api(*faults, source=source, may=may) for may in (None, *READERS)]
    asked = [
        MetricsRequest(
            method=method,
            path=ROOT + path,
            query=query,
            asker=Asker(user="system:serviceaccount:here:reader"),
        )
        for method, path, query in BATTERY
    ]
    return [
        answer for api in apis for request in asked for answer in (api.answer(request), api.answer(request))
    ]


def more_flows():
    """Have website-v1 call shop, so that calls go both ways, and client-a be told all kinds of things."""
    known = read_inventory(a_world())
    shop, website, client = (
        next(one for one in known.pods if one.startswith(f"here/{name}-"))
        for name in ("shop", "website-v1", "client-a")
    )
    tallies = {
        200: Tally(success=5, bins={(9e5, 9.1e5): 5}),
        201: Tally(success=2),
        404: Tally(success=3),
        502: Tally(failure=6),
        503: Tally(failure=4),
    }
    for status_, tally in tallies.items():
        for side in Side:
            yield Flow(
                side=side, source=website, destination=shop, service="here/shop", status=status_, tally=tally
            )
            yield Flow(side=side, source=client, destination=shop, status=status_, tally=tally)
