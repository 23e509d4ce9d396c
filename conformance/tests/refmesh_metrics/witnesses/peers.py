"""Of faults about edges, and about a split's backends."""

from conformance.tests.doubles.mesh_figures import an_api, counts
from conformance.tests.doubles.mesh_figures import read as read_whole
from conformance.tests.refmesh_metrics.witnesses.asking import EDGES, SPLIT, body, edges, status

CLEAN_EDGES = {
    ("from", "server", "here", "client-a", ("110", "0")),
    ("from", "server", "here", "client-b", ("0", "8")),
    ("from", "server", "there", "client-a", ("20", "0")),
    ("to", "client", "here", "website-v1", ("6", "0")),
}
V1 = {"apex": "website", "name": "website-v1", "weight": 70}
V2 = {"apex": "website", "name": "website-v2", "weight": 30}
BACKENDS = [(V1, ("70", "0")), (V2, ("0", "30"))]


def backends(*faults):
    return [(one["backend"], counts(one)) for one in read_whole(an_api(*faults), SPLIT)["items"]]


WITNESSES = {
    "metrics-edges-pods-for-all": (
        lambda *one: body(EDGES, "items")(*one)[0]["edge"]["resource"]["kind"],
        "Deployment",
        "Pod",
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
        body(EDGES, "resource"),
        {"kind": "Deployment", "apiVersion": "apps/v1", "namespace": "here", "name": "shop"},
        {"kind": "Deployment", "namespace": "here"},
    ),
    "metrics-split-root-only": (
        backends,
        BACKENDS,
        [(V1, ("70", "0"))],
    ),
    "metrics-split-fixed-weight": (
        backends,
        BACKENDS,
        [({**V1, "weight": 50}, ("70", "0")), ({**V2, "weight": 50}, ("0", "30"))],
    ),
    "metrics-split-swaps-apex": (
        backends,
        BACKENDS,
        [({**one, "apex": one["name"], "name": one["apex"]}, count) for one, count in BACKENDS],
    ),
    "metrics-split-counts-direct": (
        backends,
        BACKENDS,
        [(V1, ("83", "0")), (V2, ("0", "30"))],
    ),
    "metrics-one-failed-backend-for-all": (
        backends,
        BACKENDS,
        [(V1, ("70", "15")), (V2, ("0", "15"))],
    ),
}
