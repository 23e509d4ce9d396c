"""Of faults about figures: which calls count, whose they are, and how long they took."""

from conformance.tests.doubles.mesh_figures import OneWindow, an_api, counts
from conformance.tests.doubles.mesh_figures import read as read_whole
from conformance.tests.refmesh_metrics.witnesses.asking import DEPLOYMENT, P50, P90, P99, SHOP, both, of


def later(*faults):
    """Ask while there is traffic, and again when it is over."""
    source = OneWindow()
    api = an_api(*faults, source=source)
    read_whole(api, SHOP)
    source.flows = ()
    return counts(read_whole(api, SHOP))


WITNESSES = {
    "metrics-forgets-failures": (both(SHOP), ("100", "8"), ("100", "0")),
    "metrics-latency-threefold": (lambda *one: of(SHOP, P99)(*one)[:2], "80", "24"),
    "metrics-swaps-p90-p99": (lambda *one: of(SHOP, P90)(*one)[:2], "20", "80"),
    "metrics-mean-for-percentiles": (lambda *one: of(SHOP, P50)(*one) == of(SHOP, P99)(*one), False, True),
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
}
