"""How a fault is told: a question to which the clean mesh gives the right answer and the wrong one another."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from conformance.tests.doubles.mesh_worlds import a_pod, a_service, shop_world, website_world
from conformance.tests.doubles.smi_objects import (
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


def connects(source, target=SHOP, *, right, after, port=8300, world=shop_world):
    """Ask whether a raw connection gets through."""
    return Witness(
        policies=after,
        ask=lambda mesh: mesh.may_connect(source, target, port),
        right=right,
        wrong=not right,
        world=world,
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


def scaled_world():
    """The website's world, with a second pod of website-v1."""
    return (
        *website_world(),
        a_pod("website-v1-b", 20, labels={"app": "website", "version": "v1"}, ports={"http-8080": 8080}),
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


NEW_SHOP = "here/shop-new-0"


def empty_world():
    """Nobody: who is there comes and goes."""
    return ()


def replaced(name, *policies):
    """Have a new pod take the place of the one of this name under the first policy, and then apply the others.

    Unless they are given, the policy is that client-a is granted the shop.
    """
    first, *later = policies or (granted(),)
    (old,) = (one for one in shop_world() if one["kind"] == "Pod" and is_called(one, name))
    others = [one for one in shop_world() if one is not old and one != old]
    ports = {} if name.startswith("client") else None
    new = a_pod(f"{name}-new", 20, account=name, labels={"app": name}, ports=ports)
    return ((*others, old, *first), *((*others, new, *one) for one in (first, *later)))


def is_called(pod, name):
    """Say whether a pod of the namespace ``here`` is the one of this workload."""
    return (pod["metadata"]["namespace"], pod["metadata"]["name"]) == ("here", f"{name}-0")
