"""Of faults about which requests a rule means."""

from conformance.tests.doubles.smi_objects import a_group, a_port_route, a_rule, a_target, an_entry
from conformance.tests.refmesh_faults.witnesses.asking import BOTH, HEADERS, A, B, connects, granted, sends

WITNESSES = {
    "grants-whole-group": sends(A, path="/api", right=False, after=(granted(*BOTH, matches=["metrics"]),)),
    "forgets-omitted-matches": sends(A, right=True, after=(granted(),)),
    "first-match-only": sends(
        A, path="/api", right=True, after=(granted(*BOTH, matches=["metrics", "api"]),)
    ),
    "first-entry-only": sends(A, path="/api", right=True, after=(granted(*BOTH),)),
    "first-rule-only": sends(A, right=True, after=(granted(rules=[a_rule("gone"), a_rule()]),)),
    "last-rule-only": sends(A, right=True, after=(granted(rules=[a_rule(), a_rule("gone")]),)),
    "unknown-match-opens-group": sends(A, right=False, after=(granted(matches=["metric"]),)),
    "missing-route-opens": sends(A, right=False, after=((a_target(),),)),
    "no-rules-open": sends(A, right=False, after=((a_target("v1alpha2", rules=[]),),)),
    "ignores-route-kind": connects(
        A, right=False, after=((*granted(), a_port_route(name="routes", ports=[])),)
    ),
    "ignores-route-namespace": sends(A, right=False, after=((a_target(), a_group(namespace="there")),)),
    "unbound-routes-act": sends(B, right=False, after=((a_group(name="shop"),),)),
    "ignores-path": sends(A, path="/api", right=False, after=(granted(),)),
    "ignores-methods": sends(A, method="POST", right=False, after=(granted(),)),
    "ignores-headers": sends(A, right=False, after=(granted(HEADERS),)),
    "any-header-suffices": sends(A, headers={"x-one": "one"}, right=False, after=(granted(HEADERS),)),
    "any-condition-suffices": sends(A, method="POST", right=False, after=(granted(),)),
    "prefix-instead-of-regex": sends(
        A, path="/v1/item", right=True, after=(granted(an_entry(pathRegex="/v[12]/item$")),)
    ),
    "unanchored-path": sends(A, path="/x/metrics", right=False, after=(granted(),)),
    "anchors-first-alternative": sends(
        A, path="/x/far", right=False, after=(granted(an_entry(pathRegex="/near$|/far$")),)
    ),
    "ignores-path-case": sends(A, path="/METRICS", right=False, after=(granted(),)),
    "first-method-only": sends(
        A, method="PUT", right=True, after=(granted(an_entry(methods=["GET", "PUT"])),)
    ),
    "get-includes-head": sends(A, method="HEAD", right=False, after=(granted(),)),
    "literal-header-values": sends(
        A, headers={"x-one": "one", "x-two": "two times"}, right=True, after=(granted(HEADERS),)
    ),
    "header-name-suffices": sends(
        A, headers={"x-one": "1", "x-two": "2"}, right=False, after=(granted(HEADERS),)
    ),
    "absent-header-fits": sends(A, headers={"x-one": "one"}, right=False, after=(granted(HEADERS),)),
    "ignores-header-value-case": sends(
        A, headers={"x-one": "ONE", "x-two": "two"}, right=False, after=(granted(HEADERS),)
    ),
    "last-header-only": sends(A, headers={"x-two": "two"}, right=False, after=(granted(HEADERS),)),
    "bad-pattern-opens": sends(A, path="/b", right=False, after=(granted(an_entry(pathRegex="/a(")),)),
    "bad-header-pattern-is-dropped": sends(
        A, right=False, after=(granted(an_entry(headers={"x-one": "("})),)
    ),
    "empty-group-opens": sends(A, right=False, after=((a_target(), {**a_group(), "spec": {"matches": []}}),)),
}
