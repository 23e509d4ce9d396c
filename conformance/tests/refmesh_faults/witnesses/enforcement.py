"""Of faults about where, and whether, policy is enforced."""

from conformance.tests.refmesh_faults.witnesses.asking import OUTSIDER, A, B, forged, granted, sends

WITNESSES = {
    "client-side-only": sends(OUTSIDER, right=False, after=(granted(),)),
    "accepts-unmeshed-callers": sends(OUTSIDER, right=False, after=((),)),
    "delivers-then-denies": sends(B, right=False, after=(granted(),)),
    "opens-pod-address": sends(B, headers={"host": "127.9.0.4:8080"}, right=False, after=((),)),
    "believes-identity-headers": forged("l5d-client-id", "client-a.here.serviceaccount.identity"),
    "health-paths-open": sends(B, path="/healthz", right=False, after=((),)),
    "believes-probe-agent": forged("user-agent", "kube-probe/1.30"),
    "believes-path-headers": sends(
        A, path="/orders", headers={"x-original-url": "/metrics"}, right=False, after=(granted(),)
    ),
    "matches-query-string": sends(A, path="/no?p=/metrics", right=False, after=(granted(),)),
}
