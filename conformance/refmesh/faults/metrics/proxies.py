"""Metrics APIs whose proxies overlook calls, or count what is none."""

from collections.abc import Callable
from functools import partial

from conformance.refmesh.faults.fault import Fault, Situation, Snapshots
from conformance.refmesh.faults.metrics.wrong_api import MetricsStages
from conformance.refmesh.faults.resources import each_sidecar, is_inbound, rewritten, with_listeners
from conformance.refmesh.metrics.rendering import Json
from conformance.refmesh.metrics.traffic import Side
from conformance.refmesh.snapshot import Resource
from conformance.refmesh.translate import envoy, names
from conformance.refmesh.translate.telemetry import access_log

_HEALTH_PATH = "/healthz"
_CEL = "envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter"


def _with_tcp_counted(snapshots: Snapshots, situation: Situation) -> Snapshots:
    """Have the proxies count raw connections as calls that were answered well."""
    pods = {pod.key: pod for pod in situation.world.pods}
    return {key: with_listeners(one, partial(_counted, pods[key].key)) for key, one in snapshots.items()}


def _counted(pod: str, name: str, listener: Resource) -> Resource:
    if not is_inbound(name):
        return listener
    (log,) = access_log(pod, Side.SERVER)
    as_calls = rewritten(log, lambda node: _answered(node) if node.get("name") == "smi_status" else node)

    def change(node: Json) -> Json:
        is_tcp = str(node.get("@type", "")).endswith("TcpProxy")
        return {**node, "access_log": [as_calls]} if is_tcp else node

    changed: Resource = rewritten(listener, change)
    return changed


def _answered(tag: Json) -> Json:
    return {**tag, "value_format": "200"}


def _overlooking(name: str, says: str, change: Callable[[str, Json], Json]) -> Fault:
    """Make a fault of the access logs, of which each listener for HTTP has one."""

    def listener(name: str, one: Resource) -> Resource:
        changed: Resource = rewritten(one, lambda node: change(name, node) if "access_log" in node else node)
        return changed

    return Fault(
        name=name,
        says=says,
        snapshots=lambda snapshots, _: each_sidecar(snapshots, lambda one: with_listeners(one, listener)),
        metrics=MetricsStages(),
    )


def _filtered(condition: Json) -> Callable[[str, Json], Json]:
    """Count only what meets a condition in Envoy's words."""
    return lambda _, node: {
        **node,
        "access_log": [{**one, "filter": condition} for one in node["access_log"]],
    }


def _one_port(name: str, node: Json) -> Json:
    is_other = is_inbound(name) and name != names.inbound(8080)
    return {**node, "access_log": []} if is_other else node


def _header(name: str, value: str, **rest: bool) -> Json:
    return {"header_filter": {"header": {"name": name, "string_match": {"exact": value}, **rest}}}


def _by_forwarded_for(_name: str, node: Json) -> Json:
    return rewritten(node, lambda one: _claimed(one) if one.get("name") == "smi_source" else one)  # type: ignore[no-any-return] # JSON


def _claimed(tag: Json) -> Json:
    return {**tag, "value_format": "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"}


FAULTS: tuple[Fault, ...] = (
    Fault(
        name="metrics-counts-tcp",
        says="Raw TCP connections are counted as calls.",
        snapshots=_with_tcp_counted,
        metrics=MetricsStages(),
    ),
    _overlooking(
        "metrics-counts-get-only",
        "Only calls of the method GET are counted.",
        _filtered(_header(":method", "GET")),
    ),
    _overlooking(
        "metrics-skips-health-paths",
        "Calls to /healthz are not counted.",
        _filtered(_header(":path", _HEALTH_PATH, invert_match=True)),
    ),
    _overlooking("metrics-counts-one-port", "A pod's calls are counted on port 8080 alone.", _one_port),
    _overlooking(
        "metrics-drops-unanswered",
        "Calls that the application does not answer are not counted.",
        _filtered({"extension_filter": envoy.extension("cel", _CEL, {"expression": "response.flags == 0"})}),
    ),
    _overlooking(
        "metrics-skips-options",
        "Calls of the method OPTIONS are not counted.",
        _filtered(_header(":method", "OPTIONS", invert_match=True)),
    ),
    _overlooking(
        "metrics-believes-forwarded-for",
        "Whoever X-Forwarded-For names is taken for the caller.",
        _by_forwarded_for,
    ),
)
