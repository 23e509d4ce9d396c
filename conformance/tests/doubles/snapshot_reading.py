"""Says what a set of snapshots does with a call, as Envoy would: a small reading of RBAC rules and routes.

It knows just the shapes that the reference mesh and its faults write, and stumbles over any other. That Envoy
itself agrees is shown by the tests that run it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import re2

from conformance.refmesh.snapshot import Snapshot

Json = Mapping[str, Any]
RBAC = "envoy.filters.http.rbac"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """An HTTP request as it arrives, with who sends it."""

    method: str = "GET"
    path: str = "/metrics"
    headers: Mapping[str, str] = field(default_factory=dict)
    spiffe: str = ""
    address: str = ""

    def header(self, name: str) -> str | None:
        """Give a header's value, or a pseudo-header's; None when it is absent."""
        special = {
            ":method": self.method,
            ":path": self.path,
            ":authority": self.headers.get("host", "shop.here"),
        }
        return special.get(name, self.headers.get(name))


class Mesh:
    """The snapshots of a world, and who is who in it."""

    def __init__(self, objects: Iterable[Json], snapshots: Mapping[str, Snapshot]) -> None:
        self.snapshots = snapshots
        pods = [one for one in objects if one["kind"] == "Pod"]
        self._pods = {f"{one['metadata']['namespace']}/{one['metadata']['name']}": one for one in pods}

    def may_send(self, source: str, target: str, port: int = 8080, **request: Any) -> bool:
        """Say whether a request of pod *source* reaches the application of pod *target*."""
        call = self._call(source, **request)
        out = self._route(source, f"pod|{target}|{port}", call)
        if out and not _is_open(out, call):
            return False
        mark = f"inbound|{port}" if source in self.snapshots else f"inbound|{port}|plain"
        chains = self.snapshots[target].listeners[f"inbound|{port}"]["filter_chains"]
        route = self._route(target, mark, call)
        return len(chains) > mark.count("plain") and route is not None and _is_open(route, call)

    def may_connect(self, source: str, target: str, port: int = 8300) -> bool:
        """Say whether a raw connection of pod *source* reaches the application of pod *target*."""
        call = self._call(source)
        chain = self.snapshots[target].listeners[f"inbound|{port}"]["filter_chains"][0]
        context = chain["transport_socket"]["typed_config"]["common_tls_context"].get(
            "combined_validation_context"
        )
        default = context["default_validation_context"] if context else {}
        names = default.get("match_typed_subject_alt_names")
        is_known = names is None or call.spiffe in [one["matcher"]["exact"] for one in names]
        return is_known and _lets_in(chain["filters"][0]["typed_config"]["rules"], call)

    def shares(
        self, source: str, service: str, port: int = 8080, **request: Any
    ) -> dict[str, Fraction] | int:
        """Say how calls of pod *source* to a Service's port are shared out, by Service; or the status they
        get.
        """
        route = self._route(source, f"service|{service}|{port}", self._call(source, **request))
        if route is None:
            return 404
        if "direct_response" in route:
            return int(route["direct_response"]["status"])
        action = route["route"]
        shares = action.get("weighted_clusters", {}).get(
            "clusters", [{"name": action.get("cluster"), "weight": 1}]
        )
        total = sum(one["weight"] for one in shares)
        return {one["name"].split("|")[1].split("/")[1]: Fraction(one["weight"], total) for one in shares}

    def clusters(self, source: str, service: str, port: int) -> list[str]:
        """Name the clusters that calls of pod *source* to a Service's port are shared out to."""
        route = self._route(source, f"service|{service}|{port}", self._call(source))
        assert route is not None
        return [one["name"] for one in route["route"]["weighted_clusters"]["clusters"]]

    def _call(self, source: str, **request: Any) -> Call:
        pod = self._pods[source]
        account, namespace = pod["spec"]["serviceAccountName"], pod["metadata"]["namespace"]
        spiffe = f"spiffe://cluster.local/ns/{namespace}/sa/{account}" if source in self.snapshots else ""
        return Call(spiffe=spiffe, address=pod["status"]["podIP"], **request)

    def _route(self, sidecar: str, mark: str, call: Call) -> Json | None:
        if sidecar not in self.snapshots:
            return None
        (host,) = self.snapshots[sidecar].routes["policy"]["virtual_hosts"]
        return next((one for one in host["routes"] if _fits(one["match"], mark, call)), None)


def _fits(match: Json, mark: str, call: Call) -> bool:
    if match["filter_state"][0]["string_match"]["exact"] != mark:
        return False
    path = match.get("safe_regex")
    is_path = path is None or _full(path["regex"], call.path.partition("?")[0])
    return is_path and all(_header(one, call) for one in match.get("headers", ()))


def _is_open(route: Json, call: Call) -> bool:
    guard = route.get("typed_per_filter_config", {}).get(RBAC, {"rbac": {}})["rbac"]
    return "rules" not in guard or _lets_in(guard["rules"], call)


def _lets_in(rules: Json, call: Call) -> bool:
    assert rules["action"] == "ALLOW"
    return any(
        any(_holds(one, call) for one in policy["permissions"])
        and any(_holds(one, call) for one in policy["principals"])
        for policy in rules["policies"].values()
    )


def _holds(rule: Json, call: Call) -> bool:
    ((kind, body),) = rule.items()
    if kind in {"and_rules", "and_ids"}:
        return all(_holds(one, call) for one in _members(body))
    if kind == "or_rules":
        return any(_holds(one, call) for one in _members(body))
    if kind == "not_rule":
        return not _holds(body, call)
    return _is_true(kind, body, call)


def _is_true(kind: str, body: Any, call: Call) -> bool:
    match kind:
        case "any":
            return bool(body)
        case "header":
            return _header(body, call)
        case "url_path":
            return _full(body["path"]["safe_regex"]["regex"], call.path.partition("?")[0])
        case "authenticated":
            return bool(call.spiffe == body["principal_name"]["exact"])
        case "direct_remote_ip":
            return bool(call.address == body["address_prefix"])
    raise AssertionError(f"this reading does not know {kind}")


def _members(body: Json) -> Iterable[Json]:
    (members,) = body.values()
    return list(members)


def _header(matcher: Json, call: Call) -> bool:
    value = call.header(matcher["name"])
    if value is None or matcher.get("present_match"):
        return value is not None
    ((kind, pattern),) = matcher["string_match"].items()
    match kind:
        case "safe_regex":
            return _full(pattern["regex"], value)
        case "contains":
            return pattern in value
        case "prefix":
            return value.startswith(pattern)
    raise AssertionError(f"this reading does not know {kind}")


def _full(pattern: str, value: str) -> bool:
    return re2.fullmatch(pattern, value) is not None
