"""The one route configuration of a sidecar: what may come in, and where that which goes out is sent.

Its routes select by the listener that a call came through, and within that by what a split asks for.
"""

from collections.abc import Iterable, Mapping

from conformance.refmesh.policy import HttpMatch, SplitRule
from conformance.refmesh.snapshot import POLICY
from conformance.refmesh.translate import access, envoy, names
from conformance.refmesh.translate.envoy import Json
from conformance.refmesh.translate.splits import Shares

_NO_TIMEOUTS = {"timeout": "0s", "idle_timeout": "0s"}


def inbound_route(port: int, rules: Json) -> Json:
    """Lead calls to the application if *rules* let them in."""
    guard = envoy.typed(envoy.HTTP_RBAC_PER_ROUTE, {"rbac": {"rules": rules}})
    return plain_route(names.inbound(port), names.application(port)) | {
        "typed_per_filter_config": {names.RBAC: guard}
    }


def plain_route(listener: str, cluster: str) -> Json:
    """Lead everything that came through *listener* to *cluster*."""
    return {"match": _came_through(listener), "route": {"cluster": cluster, **_NO_TIMEOUTS}}


def split_routes(listener: str, split: SplitRule, shares: Shares) -> list[Json]:
    """Share out the calls that *split* selects; the rest goes on to the root's own endpoints.

    Spec:
        split.smi-spec.io/v1alpha4, A/B testing: requests that fit no match are handled by the root service.
    """
    action = _shared_out(shares)
    if split.matches is None:
        return [{"match": _came_through(listener), **action}]
    chosen = [{"match": _fits(listener, match), **action} for match in split.matches]
    return [*chosen, plain_route(listener, listener)]


def route_configuration(routes: Iterable[Json]) -> Mapping[str, Json]:
    """Wrap *routes* as the sidecar's only route configuration, by name."""
    host = {"name": POLICY, "domains": ["*"], "routes": list(routes)}
    return {POLICY: {"@type": envoy.ROUTES, "name": POLICY, "virtual_hosts": [host]}}


def _shared_out(shares: Shares) -> Json:
    if not shares:
        return {"direct_response": {"status": 503, "body": {"inline_string": "split has nowhere to send to"}}}
    clusters = [{"name": name, "weight": weight} for name, weight in shares]
    return {"route": {"weighted_clusters": {"clusters": clusters}, **_NO_TIMEOUTS}}


def _came_through(listener: str) -> Json:
    mark = {"key": names.LISTENER_MARK, "string_match": {"exact": listener}}
    return {"prefix": "/", "filter_state": [mark]}


def _fits(listener: str, match: HttpMatch) -> Json:
    condition = _came_through(listener) | {"headers": access.header_conditions(match)}
    if match.path is not None:
        del condition["prefix"]
        condition |= envoy.regex(access.from_start(match.path))
    return condition
