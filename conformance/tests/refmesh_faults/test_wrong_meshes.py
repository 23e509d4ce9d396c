"""Each wrong mesh gives a wrong answer to some question, and the clean one the right answer to the same."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pytest

from conformance.refmesh.faults import FAULTS
from conformance.refmesh.faults.written import renamed
from conformance.tests.doubles.mesh_worlds import a_pipeline, a_pod, a_service, shop_world, website_world
from conformance.tests.doubles.smi_objects import (
    a_binding,
    a_group,
    a_port_route,
    a_rule,
    a_split,
    a_target,
    an_account,
    an_entry,
)
from conformance.tests.doubles.snapshot_reading import Mesh

TCP = a_rule("ports", "TCPRoute")
A, B, SHOP, BANK = "here/client-a-0", "here/client-b-0", "here/shop-0", "here/bank-0"
LOOKALIKE, THERE_A, THERE_SHOP, OUTSIDER = (
    "here/lookalike-0",
    "there/client-a-0",
    "there/shop-0",
    "outside/outsider-0",
)
WEBSITE = "here/website-v1-0"
BOTH = [an_entry("metrics", pathRegex="/metrics$"), an_entry("api", pathRegex="/api$")]
HEADERS = an_entry(headers={"x-one": "one", "x-two": "two.*"})
FIREFOX = a_group("v1alpha4", an_entry(headers={"user-agent": ".*Firefox.*"}))
REFERENCE = {"kind": "HTTPRouteGroup", "name": "routes"}
HALF = {"website-v1": Fraction(1, 2), "website-v2": Fraction(1, 2)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """A question that tells a wrong mesh from a right one."""

    policies: tuple[tuple[Any, ...], ...]
    """What is in force, one after the other; asked after the last."""
    ask: Callable[[Mesh], Any]
    right: Any
    wrong: Any
    world: Callable[[], tuple[Any, ...]] = shop_world


def sends(source, target=SHOP, *, right, after, port=8080, world=shop_world, **request):
    """Ask whether a request gets through."""
    return Witness(
        policies=after,
        ask=lambda mesh: mesh.may_send(source, target, port, **request),
        right=right,
        wrong=not right,
        world=world,
    )


def connects(source, target=SHOP, *, right, after, port=8300):
    """Ask whether a raw connection gets through."""
    return Witness(
        policies=after, ask=lambda mesh: mesh.may_connect(source, target, port), right=right, wrong=not right
    )


def shares(*policies, right, wrong, to="here/website", port=8080, world=website_world, **request):
    """Ask how calls to a Service are shared out."""
    return Witness(
        policies=policies,
        ask=lambda mesh: mesh.shares("here/client-a-0", to, port, **request),
        right=right,
        wrong=wrong,
        world=world,
    )


def clusters(port, *, right, wrong):
    """Ask to which clusters calls to a port of the website are led, where the only backend turns its ports."""
    return Witness(
        policies=(splitting(turned=1),),
        ask=lambda mesh: mesh.clusters("here/client-a-0", "here/website", port),
        right=right,
        wrong=wrong,
        world=odd_world,
    )


def odd_world():
    """The website's world, with two more ways to website-v2: one of another port, one of other target ports."""
    selector = {"app": "website", "version": "v2"}
    turned = [
        {"name": "http-8080", "port": 8080, "targetPort": 9090},
        {"name": "http-9090", "port": 9090, "targetPort": 8080},
    ]
    odd = [{"name": "http-7070", "port": 7070, "targetPort": 8080}]
    return (
        *website_world(),
        a_service("odd", 11, selector=selector, ports=odd),
        a_service("turned", 12, selector=selector, ports=turned),
    )


def granted(*entries, matches=None, **target):
    """Write a target and the group it refers to."""
    target.setdefault("rules", [a_rule(matches=matches)])
    return (a_target(**target), a_group("v1alpha4", *entries))


def on_ports(*ports, rules=(TCP,)):
    """Write a target with a TCPRoute and a group that fits every request."""
    return (a_target(rules=rules), a_port_route(ports=ports), a_group("v1alpha4", {"name": "all"}))


def splitting(**backends):
    return (a_split(backends={name.replace("_", "-"): weight for name, weight in backends.items()}),)


def two_targets():
    """client-a may GET /metrics, client-b may GET /api."""
    return (
        *granted(an_entry(pathRegex="/metrics$"), name="one"),
        a_target(name="two", sources=[an_account("client-b")], rules=[a_rule("api")]),
        a_group("v1alpha4", an_entry(pathRegex="/api$"), name="api"),
    )


def overlapping():
    """client-a may do everything, client-b may GET /osm."""
    return (
        *granted({"name": "all"}, name="one"),
        a_target(name="two", sources=[an_account("client-b")], rules=[a_rule("osm")]),
        a_group("v1alpha4", an_entry(pathRegex="/osm$"), name="osm"),
    )


def some_shares(**parts):
    return {name.replace("_", "-"): Fraction(part) for name, part in parts.items()}


def nested_splits():
    return (
        a_split(backends={"website-v1": 1, "website-v2": 1}),
        a_split(root="website-v1", backends={"website-v3": 1}),
    )


def twin_world():
    """The shop's world, with a second Deployment that runs as the shop."""
    return (*shop_world(), a_pod("twin", 9, account="shop", ports={}))


def bound(namespace="here"):
    """Write a target whose source is the IdentityBinding ``callers``, which is not there yet."""
    return (a_target(sources=[an_account("callers", namespace, "IdentityBinding")]), a_group())


def forged(name, value):
    return sends(B, right=False, after=(granted({"name": "all"}),), headers={name: value})


FROM_ANYWHERE = (a_target(sources=[an_account("client-a", None)]), a_group())

WITNESSES = {
    "allows-everything": sends(OUTSIDER, right=False, after=((),)),
    "denies-everything": sends(A, right=True, after=(granted(),)),
    "ignores-routes": connects(A, right=False, after=(granted(),)),
    "first-source-only": sends(
        B, right=True, after=(granted(sources=[an_account("client-a"), an_account("client-b")]),)
    ),
    "empty-sources-open": sends(B, right=False, after=(granted(sources=[]),)),
    "ignores-source-namespace": sends(THERE_A, right=False, after=(granted(),)),
    "ignores-destination-namespace": sends(A, THERE_SHOP, right=False, after=(granted(),)),
    "omitted-namespace-is-any": sends(THERE_A, right=False, after=(FROM_ANYWHERE,)),
    "identity-from-labels": sends(LOOKALIKE, right=False, after=(granted(),)),
    "destination-from-labels": sends(
        A, WEBSITE, right=True, after=(granted(destination=an_account("website-v1")),), world=website_world
    ),
    "any-kind-is-an-account": sends(
        A, right=False, after=(granted(sources=[an_account("client-a", kind="Group")]),)
    ),
    "source-name-is-a-prefix": sends(A, right=False, after=(granted(sources=[an_account("client")]),)),
    "destination-name-is-a-prefix": sends(
        A, WEBSITE, right=False, after=(granted(destination=an_account("website")),), world=website_world
    ),
    "destination-may-be-a-service": sends(
        A, WEBSITE, right=False, after=(granted(destination=an_account("website")),), world=website_world
    ),
    "identity-from-deployment": sends(
        "here/twin-0",
        BANK,
        right=True,
        after=(granted(destination=an_account("bank"), sources=[an_account("shop")]),),
        world=twin_world,
    ),
    "group-is-an-account": sends(
        A, right=False, after=(granted(sources=[an_account("client-a", kind="Group")]),)
    ),
    "targets-keyed-by-name": sends(A, right=True, after=((*granted(), a_target(namespace="there")),)),
    "entries-keyed-by-name": sends(
        A,
        right=True,
        after=((*granted(), a_group("v1alpha4", an_entry(pathRegex="/api$"), name="two")),),
    ),
    "binding-labels-everywhere": sends(
        A,
        right=False,
        after=(
            (
                *bound("there"),
                a_binding(namespace="there", podLabelSelector={"matchLabels": {"app": "client-a"}}),
            ),
        ),
    ),
    "binding-wants-every-scheme": sends(
        A,
        right=True,
        after=(
            (
                *bound(),
                a_binding(serviceAccount="client-a", spiffeIdentities=["cluster.local/ns/here/sa/client-b"]),
            ),
        ),
    ),
    "grants-whole-namespace": sends(A, BANK, right=False, after=(granted(),)),
    "trusts-same-namespace": sends(B, right=False, after=(granted(),)),
    "trusts-same-account": sends(SHOP, right=False, after=(granted(),)),
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
    "ignores-destination-port": sends(A, right=False, after=((a_target("v1alpha2", port=9090), a_group()),)),
    "ignores-tcp-ports": connects(A, right=False, after=(on_ports(8301),)),
    "first-tcp-port-only": connects(A, right=True, after=(on_ports(8301, 8300),)),
    "tcp-ports-are-a-range": connects(A, right=False, after=(on_ports(8299, 8301),)),
    "empty-ports-grant-nothing": connects(A, right=True, after=(on_ports(),)),
    "last-tcp-route-only": connects(
        A,
        right=True,
        after=(
            (
                *on_ports(8300, rules=(TCP, a_rule("other", "TCPRoute"))),
                a_port_route(name="other", ports=[8301]),
            ),
        ),
    ),
    "missing-tcp-route-opens": connects(A, right=False, after=((a_target(rules=[TCP]),),)),
    "destination-port-for-http-only": connects(
        A, right=False, after=((a_target("v1alpha2", port=8301, rules=[TCP]), a_port_route("v1alpha3")),)
    ),
    "recombines-tcp": connects(
        A,
        right=False,
        after=(
            (
                *on_ports(8301),
                a_target(name="two", sources=[an_account("client-b")], rules=[a_rule("two", "TCPRoute")]),
                a_port_route(name="two", ports=[8300]),
            ),
        ),
    ),
    "tcp-open-by-default": connects(B, right=False, after=((),)),
    "http-grant-opens-tcp": connects(A, right=False, after=(granted(),)),
    "tcp-and-http-either-or": sends(
        A, right=False, after=((a_target(rules=[TCP, a_rule()]), a_port_route(ports=[9090]), a_group()),)
    ),
    "route-group-needs-tcp-route": sends(A, right=True, after=(granted(),)),
    "last-target-wins": sends(A, right=True, after=(two_targets(),)),
    "targets-narrow-each-other": sends(A, right=True, after=(two_targets(),)),
    "recombines-targets": sends(A, path="/api", right=False, after=(two_targets(),)),
    "first-fitting-route-decides": sends(B, path="/osm", right=True, after=(overlapping(),)),
    "first-fitting-entry-decides": sends(
        A,
        method="POST",
        right=True,
        after=(
            granted(
                an_entry("read", pathRegex="/metrics$", methods=["GET"]),
                an_entry("write", pathRegex="/metrics$", methods=["POST"]),
            ),
        ),
    ),
    "grants-go-both-ways": sends(SHOP, BANK, right=False, after=(granted(sources=[an_account("bank")]),)),
    "grants-carry-on": sends(
        A,
        BANK,
        right=False,
        after=(
            (
                *granted(),
                a_target(name="bank", destination=an_account("bank"), sources=[an_account("shop")]),
            ),
        ),
    ),
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
    "ignores-target-delete": sends(A, right=False, after=(granted(), (a_group(),))),
    "ignores-target-update": sends(
        A, right=False, after=(granted(), granted(sources=[an_account("client-b")]))
    ),
    "ignores-route-edit": sends(A, right=False, after=(granted(), granted(an_entry(pathRegex="/api$")))),
    "route-delete-opens": sends(A, path="/api", right=False, after=(granted(), (a_target(),))),
    "ignores-route-delete": sends(A, right=False, after=(granted(), (a_target(),))),
    "ignores-tcp-route-delete": connects(A, right=False, after=(on_ports(8300), (a_target(rules=[TCP]),))),
    "ignores-binding-delete": sends(
        A, right=False, after=((*bound(), a_binding(serviceAccount="client-a")), bound())
    ),
    "keeps-first-binding": sends(
        A,
        right=False,
        after=(
            (*bound(), a_binding(serviceAccount="client-a")),
            (*bound(), a_binding(serviceAccount="client-b")),
        ),
    ),
    "keeps-old-destination": sends(
        A, right=False, after=(granted(), granted(destination=an_account("bank")))
    ),
    "tcp-route-edits-add": connects(A, right=False, after=(on_ports(8300), on_ports(8301))),
    "whole-group-is-named-once": sends(A, path="/api", right=True, after=(granted(BOTH[0]), granted(*BOTH))),
    "deletes-by-rule": sends(A, right=True, after=((*granted(), a_target(name="twin")), granted())),
    "bad-pattern-freezes": sends(
        A, right=True, after=((), (*granted(), a_group("v1alpha4", an_entry(pathRegex="/a("), name="bad")))
    ),
    "split-sticky-to-old-weights": shares(
        splitting(website_v1=1),
        splitting(website_v2=1),
        right=some_shares(website_v2=1),
        wrong=some_shares(website_v1=1),
    ),
    "ignores-split-delete": shares(
        splitting(website_v1=1), (), right=some_shares(website=1), wrong=some_shares(website_v1=1)
    ),
    "ignores-splits": shares(
        splitting(website_v1=1), right=some_shares(website_v1=1), wrong=some_shares(website=1)
    ),
    "ignores-weights": shares(
        splitting(website_v1=3, website_v2=1),
        right=some_shares(website_v1="3/4", website_v2="1/4"),
        wrong=HALF,
    ),
    "swaps-weights": shares(
        splitting(website_v1=3, website_v2=1),
        right=some_shares(website_v1="3/4", website_v2="1/4"),
        wrong=some_shares(website_v1="1/4", website_v2="3/4"),
    ),
    "weight-percent-only": shares(
        splitting(website_v1=1, website_v2=1),
        right=HALF,
        wrong=some_shares(website_v1="1/100", website_v2="99/100"),
    ),
    "last-backend-gets-rest": shares(
        splitting(website_v1=2, website_v2=1),
        right=some_shares(website_v1="2/3", website_v2="1/3"),
        wrong=some_shares(website_v1="66/100", website_v2="34/100"),
    ),
    "small-share-rounded-up": shares(
        splitting(website_v1=999, website_v2=1),
        right=some_shares(website_v1="999/1000", website_v2="1/1000"),
        wrong=some_shares(website_v1="100/101", website_v2="1/101"),
    ),
    "zero-weight-gets-traffic": shares(
        splitting(website_v1=1, website_v2=0),
        right=some_shares(website_v1=1),
        wrong=some_shares(website_v1="49/50", website_v2="1/50"),
    ),
    "root-gets-extra-share": shares(
        splitting(website_v1=1),
        right=some_shares(website_v1=1),
        wrong=some_shares(website_v1="9/10", website="1/10"),
    ),
    "quantity-suffix-dropped": shares(
        (a_split("v1alpha1", {"website-v1": "1", "website-v2": "500m"}),),
        right=some_shares(website_v1="2/3", website_v2="1/3"),
        wrong=some_shares(website_v1="1/501", website_v2="500/501"),
    ),
    "ignores-split-matches": shares(
        (a_split(backends={"website-v1": 1}, matches=[REFERENCE]), FIREFOX),
        right=some_shares(website=1),
        wrong=some_shares(website_v1=1),
    ),
    "broken-split-matches-everything": shares(
        (a_split(backends={"website-v1": 1}, matches=[REFERENCE]),),
        right=some_shares(website=1),
        wrong=some_shares(website_v1=1),
    ),
    "first-split-match-only": shares(
        (a_split(backends={"website-v1": 1}, matches=[{**REFERENCE, "name": "gone"}, REFERENCE]), FIREFOX),
        headers={"user-agent": "Firefox"},
        right=some_shares(website_v1=1),
        wrong=some_shares(website=1),
    ),
    "split-unmatched-fail": shares(
        (a_split(backends={"website-v1": 1}, matches=[REFERENCE]), FIREFOX),
        right=some_shares(website=1),
        wrong=404,
    ),
    "splits-first-port-only": shares(
        splitting(website_v1=1), port=9090, right=some_shares(website_v1=1), wrong=some_shares(website=1)
    ),
    "split-leaks-to-backends": shares(
        splitting(website_v1=1, website_v2=1),
        to="here/website-v1",
        right=some_shares(website_v1=1),
        wrong=HALF,
    ),
    "split-in-every-namespace": shares(
        splitting(website_v1=1, website_v2=1), to="there/website", right=some_shares(website=1), wrong=HALF
    ),
    "splits-nest": shares(nested_splits(), right=HALF, wrong=some_shares(website_v3="1/2", website_v2="1/2")),
    "split-any-header-suffices": shares(
        (a_split(backends={"website-v1": 1}, matches=[REFERENCE]), a_group("v1alpha4", HEADERS)),
        headers={"x-one": "one"},
        right=some_shares(website=1),
        wrong=some_shares(website_v1=1),
    ),
    "split-first-entry-only": shares(
        (
            a_split(backends={"website-v1": 1}, matches=[REFERENCE]),
            a_group("v1alpha4", HEADERS, an_entry("firefox", headers={"user-agent": ".*Firefox.*"})),
        ),
        headers={"user-agent": "Firefox"},
        right=some_shares(website_v1=1),
        wrong=some_shares(website=1),
    ),
    "split-groups-of-any-namespace": shares(
        (
            a_split(backends={"website-v1": 1}, matches=[REFERENCE]),
            a_group("v1alpha4", {"name": "all"}, namespace="there"),
        ),
        right=some_shares(website=1),
        wrong=some_shares(website_v1=1),
    ),
    "split-keeps-first-group": shares(
        (a_split(backends={"website-v1": 1}, matches=[REFERENCE]), a_group("v1alpha4", {"name": "all"})),
        (a_split(backends={"website-v1": 1}, matches=[REFERENCE]), FIREFOX),
        right=some_shares(website=1),
        wrong=some_shares(website_v1=1),
    ),
    "split-keeps-old-root": shares(
        (renamed(a_split(backends={"website-v1": 1}), "rollout"),),
        (renamed(a_split(backends={"website-v1": 1}, root="website-v2"), "rollout"),),
        right=some_shares(website=1),
        wrong=some_shares(website_v1=1),
    ),
    "splits-keyed-by-name": shares(
        (*splitting(website_v1=1), a_split(backends={"website-v2": 1}, namespace="there")),
        right=some_shares(website_v1=1),
        wrong=some_shares(website=1),
    ),
    "split-takes-only-port": shares(
        splitting(website_v1=1, odd=1),
        right=some_shares(website_v1=1),
        wrong=some_shares(website_v1="1/2", odd="1/2"),
        world=odd_world,
    ),
    "split-unmatched-to-first": shares(
        (a_split(backends={"website-v1": 1}, matches=[REFERENCE]), FIREFOX),
        right=some_shares(website=1),
        wrong=some_shares(website_v1=1),
    ),
    "weights-capped-at-100": shares(
        splitting(website_v1=300, website_v2=100),
        right=some_shares(website_v1="3/4", website_v2="1/4"),
        wrong=HALF,
    ),
    "splits-collapse-ports": clusters(
        9090, right=["service|here/turned|9090"], wrong=["service|here/turned|8080"]
    ),
    "split-uses-root-target-port": clusters(
        8080, right=["service|here/turned|8080"], wrong=["pod|here/website-v2-0|8080"]
    ),
    "split-grants-access": Witness(
        policies=(
            (
                *splitting(website_v1=1, website_v2=1),
                a_target(destination=an_account("website-v1")),
                a_group(),
            ),
        ),
        ask=lambda mesh: mesh.may_send(A, "here/website-v2-0"),
        right=False,
        wrong=True,
        world=website_world,
    ),
}

ONLY_IN_ENVOY = {
    "judges-first-request-only",
    "passes-what-is-not-http",
    "split-mirrors-to-parked",
    "splits-per-connection",
    "untidied-paths",
}
"""Faults that no reading of rules shows; tests with a running Envoy do."""

ONLY_AT_ADMISSION = {"refuses-several-sources", "refuses-three-backends"}
"""Faults that change no rule, since what they are about is never stored; `test_admission.py` shows them."""


def answer(witness, *faults):
    pipeline = a_pipeline(*faults)
    for policy in witness.policies:
        objects = [*witness.world(), *policy]
        snapshots = pipeline.run(objects)
    return witness.ask(Mesh(objects, snapshots))


def test_every_fault_has_a_witness():
    """No wrong mesh is in the list without a question that tells it."""
    assert WITNESSES.keys() | ONLY_IN_ENVOY | ONLY_AT_ADMISSION == {
        name for name, fault in FAULTS.items() if not fault.metrics
    }


@pytest.mark.parametrize("name", WITNESSES)
def test_fault_is_told_from_the_clean_mesh(name):
    """The same question, after the same changes: right without the fault, wrong with it."""
    witness = WITNESSES[name]
    assert (answer(witness), answer(witness, name)) == (witness.right, witness.wrong)
