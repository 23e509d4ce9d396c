"""Each wrong metrics API gives a wrong answer to some question; the clean one gives the right answer to the same."""

from datetime import UTC, datetime

import pytest

from conformance.refmesh.faults import FAULTS
from conformance.refmesh.metrics import Asker, MetricsRequest, read_inventory
from conformance.refmesh.metrics.asking import ROOT
from conformance.refmesh.metrics.traffic import Flow, Side, Tally
from conformance.tests.doubles.mesh_figures import (
    NODE,
    OneWindow,
    a_world,
    an_api,
    ask,
    counts,
    pod_of,
    some_flows,
    values,
)
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
    return lambda *faults: ask(an_api(*faults, may=may), path, method).status


def body(path, *keys, **query):
    def look(*faults):
        found = ask(an_api(*faults), path, **query).body
        for key in keys:
            found = found[key]
        return found

    return look


def of(path, name):
    return lambda *faults: values(read_whole(an_api(*faults), path))[name]


def both(path):
    return lambda *faults: counts(read_whole(an_api(*faults), path))


def listed(path, **query):
    def look(*faults):
        return [
            (one["resource"]["namespace"], one["resource"]["name"], counts(one))
            for one in read_whole(an_api(*faults), path, **query)["items"]
        ]

    return look


def edges(path=EDGES):
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


def backends(*faults):
    return [(one["backend"], counts(one)) for one in read_whole(an_api(*faults), SPLIT)["items"]]


def resources(*faults):
    return {one["name"]: one for one in read_whole(an_api(*faults), "")["resources"]}


def may_pods(action):
    return action.resource == "pods"


def may_cluster(action):
    return not action.namespace and action.resource == "nothing"


def later(*faults):
    """Ask while there is traffic, and again when it is over."""
    source = OneWindow()
    api = an_api(*faults, source=source)
    read_whole(api, SHOP)
    source.flows = ()
    return counts(read_whole(api, SHOP))


CLEAN_EDGES = {
    ("from", "server", "here", "client-a", ("110", "0")),
    ("from", "server", "here", "client-b", ("0", "8")),
    ("from", "server", "there", "client-a", ("20", "0")),
    ("to", "client", "here", "website-v1", ("6", "0")),
}
V1 = {"apex": "website", "name": "website-v1", "weight": 70}
V2 = {"apex": "website", "name": "website-v2", "weight": 30}
NAMES = "resource"

WITNESSES = {
    "metrics-edges-pods-for-all": (
        lambda *one: body(EDGES, "items")(*one)[0]["edge"]["resource"]["kind"],
        "Deployment",
        "Pod",
    ),
    "metrics-forgets-failures": (both(SHOP), ("100", "8"), ("100", "0")),
    "metrics-latency-threefold": (lambda *one: of(SHOP, P99)(*one)[:2], "80", "24"),
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
    "metrics-idle-is-nan": (of(IDLE, P50), "0", "NaN"),
    "metrics-negative-when-idle": (both(IDLE), ("0", "0"), ("-1", "-1")),
    "metrics-value-no-quantity": (of(SHOP, "success_count"), "100", "100.0 calls"),
    "metrics-omits-p90": (lambda *one: P90 in values(read_whole(an_api(*one), SHOP)), True, False),
    "metrics-other-object": (body(SHOP, "resource", "name"), pod_of("shop"), f"{pod_of('shop')}-other"),
    "metrics-duplicate-names": (lambda *one: len(body(SHOP, "metrics")(*one)), 5, 6),
    "metrics-seconds-as-ms": (lambda *one: body(SHOP, "metrics")(*one)[0]["unit"], "seconds", "ms"),
    "metrics-unit-missing": (lambda *one: body(SHOP, "metrics")(*one)[0].get("unit"), "seconds", None),
    "metrics-swaps-p90-p99": (lambda *one: of(SHOP, P90)(*one)[:2], "20", "80"),
    "metrics-mean-for-percentiles": (lambda *one: of(SHOP, P50)(*one) == of(SHOP, P99)(*one), False, True),
    "metrics-timestamp-stuck": (lambda *one: body(SHOP, "timestamp")(*one)[:4], "2026", "2019"),
    "metrics-timestamp-ahead": (
        lambda *one: body(SHOP, "timestamp")(*one) > datetime.now(UTC).isoformat(),
        False,
        True,
    ),
    "metrics-window-no-duration": (body(SHOP, "window"), "2s", 30),
    "metrics-received-as-sent": (body(SHOP, "edge", "direction"), "from", "to"),
    "metrics-doubled-counts": (both(SHOP), ("100", "8"), ("200", "16")),
    "metrics-failure-as-success": (both(SHOP), ("100", "8"), ("108", "0")),
    "metrics-denied-as-success": (both(SHOP), ("100", "8"), ("103", "5")),
    "metrics-drops-failures": (both(SHOP), ("100", "8"), ("100", "0")),
    "metrics-totals-since-start": (both(SHOP), ("100", "8"), ("1000", "80")),
    "metrics-rates": (both(SHOP), ("100", "8"), ("50", "4")),
    "metrics-counts-connections": (both(SHOP), ("100", "8"), ("10", "0")),
    "metrics-sent-and-received": (both(SHOP), ("100", "8"), ("106", "8")),
    "metrics-stale-figures": (later, ("0", "0"), ("100", "8")),
    "metrics-percentiles-since-start": (lambda *one: of(SHOP, P50)(*one)[:2], "10", "80"),
    "metrics-aggregate-averages": (both(DEPLOYMENT), ("130", "8"), ("65", "4")),
    "metrics-aggregate-one-pod": (both(DEPLOYMENT), ("130", "8"), ("100", "8")),
    "metrics-averaged-percentiles": (lambda *one: of(DEPLOYMENT, P99)(*one)[:2], "80", "41"),
    "metrics-membership-by-prefix": (both(DEPLOYMENT), ("130", "8"), ("134", "8")),
    "metrics-membership-by-label": (both(DEPLOYMENT), ("130", "8"), ("132", "8")),
    "metrics-direct-owners-only": (both(DEPLOYMENT), ("130", "8"), ("0", "0")),
    "metrics-list-leaks-namespaces": (
        lambda *one: {each[0] for each in listed(DEPLOYMENTS)(*one)},
        {"here"},
        {"here", "there"},
    ),
    "metrics-list-ignores-selector": (
        lambda *one: len(listed(DEPLOYMENTS, labelSelector="app=shop")(*one)),
        1,
        7,
    ),
    "metrics-selector-filters-series": (
        lambda *one: {
            each[2] for each in listed("/namespaces/here/pods", labelSelector="app=website-v1")(*one)
        },
        {("83", "0")},
        {("0", "0")},
    ),
    "metrics-list-duplicates": (lambda *one: len(listed("/namespaces/there/pods")(*one)), 1, 2),
    "metrics-list-drops-last": (lambda *one: len(listed(DEPLOYMENTS)(*one)), 7, 6),
    "metrics-list-names-an-object": (
        lambda *one: body(DEPLOYMENTS, NAMES)(*one).get("name"),
        None,
        "client-a",
    ),
    "metrics-selector-merges": (
        listed(DEPLOYMENTS, labelSelector="app in (shop,website-v1)"),
        [("here", "shop", ("130", "8")), ("here", "website-v1", ("83", "0"))],
        [("here", "shop", ("213", "8"))],
    ),
    "metrics-selector-not-shown": (
        lambda *one: "selector" in body(DEPLOYMENTS, labelSelector="app=shop")(*one),
        True,
        False,
    ),
    "metrics-edges-copy-totals": (edges(), CLEAN_EDGES, {(*one[:4], ("130", "8")) for one in CLEAN_EDGES}),
    "metrics-edges-swap-direction": (
        edges(),
        CLEAN_EDGES,
        {({"to": "from", "from": "to"}[one[0]], *one[1:]) for one in CLEAN_EDGES},
    ),
    "metrics-edges-constant-side": (
        edges(),
        CLEAN_EDGES,
        {(one[0], "client", *one[2:]) for one in CLEAN_EDGES},
    ),
    "metrics-edges-declared": (
        lambda *one: ("from", "server", "here", "idle", ("0", "0")) in edges()(*one),
        False,
        True,
    ),
    "metrics-edges-assume-namespace": (
        edges(),
        CLEAN_EDGES,
        {(*one[:2], "here", *one[3:]) for one in CLEAN_EDGES},
    ),
    "metrics-edges-leak": (
        lambda *one: ("to", "client", "here", "shop", ("110", "0")) in edges()(*one),
        False,
        True,
    ),
    "metrics-edges-nameless": (
        lambda *one: all(item["edge"]["resource"] for item in body(EDGES, "items")(*one)),
        True,
        False,
    ),
    "metrics-edges-drop-one": (lambda *one: len(edges()(*one)), 4, 3),
    "metrics-edges-receive-only": (edges(), CLEAN_EDGES, {one for one in CLEAN_EDGES if one[0] == "from"}),
    "metrics-edges-missing": (status(EDGES), 200, 404),
    "metrics-edges-wrong-list": (
        body(EDGES, NAMES),
        {"kind": "Deployment", "apiVersion": "apps/v1", "namespace": "here", "name": "shop"},
        {"kind": "Deployment", "namespace": "here"},
    ),
    "metrics-split-root-only": (
        backends,
        [(V1, ("70", "0")), (V2, ("0", "30"))],
        [(V1, ("70", "0"))],
    ),
    "metrics-split-fixed-weight": (
        backends,
        [(V1, ("70", "0")), (V2, ("0", "30"))],
        [({**V1, "weight": 50}, ("70", "0")), ({**V2, "weight": 50}, ("0", "30"))],
    ),
    "metrics-split-swaps-apex": (
        backends,
        [(V1, ("70", "0")), (V2, ("0", "30"))],
        [
            ({**one, "apex": one["name"], "name": one["apex"]}, count)
            for one, count in [(V1, ("70", "0")), (V2, ("0", "30"))]
        ],
    ),
    "metrics-split-counts-direct": (
        backends,
        [(V1, ("70", "0")), (V2, ("0", "30"))],
        [(V1, ("83", "0")), (V2, ("0", "30"))],
    ),
    "metrics-one-failed-backend-for-all": (
        backends,
        [(V1, ("70", "0")), (V2, ("0", "30"))],
        [(V1, ("70", "15")), (V2, ("0", "15"))],
    ),
    "metrics-open-to-all": (status(SHOP, may=lambda _: False), 403, 200),
    "metrics-edges-under-parent": (
        status(EDGES.replace("deployments/shop", f"pods/{pod_of('shop')}"), may=may_pods),
        403,
        200,
    ),
    "metrics-open-in-namespaces": (status(SHOP, may=may_cluster), 403, 200),
}
"""By fault: a question, the right answer to it, and the wrong one."""

IN_SIDECARS = {
    "metrics-believes-forwarded-for",
    "metrics-counts-get-only",
    "metrics-counts-one-port",
    "metrics-counts-tcp",
    "metrics-drops-unanswered",
    "metrics-skips-health-paths",
    "metrics-skips-options",
}
"""Faults of what proxies count: no figure of this world shows them."""

NOT_HERE = {
    "metrics-cleared-by-reading",
    "metrics-edges-by-account",
    "metrics-edges-linger",
    "metrics-edges-near-only",
    "metrics-first-pods-only",
    "metrics-gone-pods-listed",
    "metrics-keeps-last",
    "metrics-latency-lingers",
    "metrics-never-found-again",
    "metrics-one-service-per-pod",
    "metrics-owners-are-deployments",
    "metrics-returned-pods-lost",
    "metrics-same-names-merged",
    "metrics-selector-by-pods",
    "metrics-services-select-everywhere",
    "metrics-split-any-root",
    "metrics-split-figures-sorted",
    "metrics-split-keeps-backends",
    "metrics-split-latency-of-root",
    "metrics-split-near-callers",
    "metrics-split-outlives",
    "metrics-split-percent",
    "metrics-splits-by-name",
}
"""Faults for which this world has no occasion: nothing goes, nobody shares an account, pods are of Deployments,
one split and one Service each."""

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


def test_every_fault_of_metrics_exists():
    """No question is about a wrong API that is not in the list."""
    known = {one.name for one in FAULTS.values() if one.metrics}
    assert WITNESSES.keys() | IN_SIDECARS | NOT_HERE <= known


@pytest.mark.parametrize(
    "name",
    [
        one.name
        for one in FAULTS.values()
        if one.metrics and one.name not in WITNESSES.keys() | IN_SIDECARS | NOT_HERE
    ],
)
def test_fault_changes_an_answer(name):
    """Some question has another answer than the clean API gives."""
    assert battery(name) != battery()


@pytest.mark.parametrize("name", WITNESSES)
def test_fault_is_told_from_the_clean_api(name):
    """The clean API gives the right answer and the wrong one the wrong answer."""
    look, right, wrong = WITNESSES[name]
    assert look() == right
    assert look(name) == wrong
