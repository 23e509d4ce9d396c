"""Of faults about how an item is written down."""

from datetime import UTC, datetime

from conformance.tests.doubles.mesh_figures import an_api, pod_of, values
from conformance.tests.doubles.mesh_figures import read as read_whole
from conformance.tests.refmesh_metrics.witnesses.asking import IDLE, P50, P90, SHOP, body, both, of

WITNESSES = {
    "metrics-idle-is-nan": (of(IDLE, P50), "0", "NaN"),
    "metrics-negative-when-idle": (both(IDLE), ("0", "0"), ("-1", "-1")),
    "metrics-value-no-quantity": (of(SHOP, "success_count"), "100", "100.0 calls"),
    "metrics-omits-p90": (lambda *one: P90 in values(read_whole(an_api(*one), SHOP)), True, False),
    "metrics-other-object": (body(SHOP, "resource", "name"), pod_of("shop"), f"{pod_of('shop')}-other"),
    "metrics-duplicate-names": (lambda *one: len(body(SHOP, "metrics")(*one)), 5, 6),
    "metrics-seconds-as-ms": (lambda *one: body(SHOP, "metrics")(*one)[0]["unit"], "seconds", "ms"),
    "metrics-unit-missing": (lambda *one: body(SHOP, "metrics")(*one)[0].get("unit"), "seconds", None),
    "metrics-timestamp-stuck": (lambda *one: body(SHOP, "timestamp")(*one)[:4], "2026", "2019"),
    "metrics-timestamp-ahead": (
        lambda *one: body(SHOP, "timestamp")(*one) > datetime.now(UTC).isoformat(),
        False,
        True,
    ),
    "metrics-window-no-duration": (body(SHOP, "window"), "2s", 30),
    "metrics-received-as-sent": (body(SHOP, "edge", "direction"), "from", "to"),
}
