"""Of faults about lists and their selectors."""

from conformance.tests.refmesh_metrics.witnesses.asking import DEPLOYMENTS, body, listed

WITNESSES = {
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
        lambda *one: body(DEPLOYMENTS, "resource")(*one).get("name"),
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
}
