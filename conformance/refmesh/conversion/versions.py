"""From any version to any other, by way of what was written."""

from collections.abc import Callable, Mapping
from typing import Any

from conformance.refmesh.conversion.layout import Spec, lifted, lowered
from conformance.refmesh.conversion.memory import digest_of, memory_of, remembering, without_memory
from conformance.refmesh.conversion.objects import Fields, SmiObject, demand_version, taken_apart
from conformance.refmesh.conversion.port_routes import merge_port_route, render_port_route
from conformance.refmesh.conversion.route_groups import merge_group, render_group
from conformance.refmesh.conversion.splits import merge_split, render_split
from conformance.refmesh.conversion.steps import Edit, Step
from conformance.refmesh.conversion.targets import merge_target, render_target
from conformance.spec import ApiVersion

_RENDERERS: Mapping[str, Callable[[Spec, Step], Spec]] = {
    "HTTPRouteGroup": render_group,
    "TCPRoute": render_port_route,
    "TrafficSplit": render_split,
    "TrafficTarget": render_target,
}
_MERGERS: Mapping[str, Callable[[Edit], Spec | None]] = {
    "HTTPRouteGroup": merge_group,
    "TCPRoute": merge_port_route,
    "TrafficSplit": merge_split,
    "TrafficTarget": merge_target,
}


def convert(body: Mapping[str, Any], version: ApiVersion) -> dict[str, Any]:
    """Tell an SMI object in *version*.

    Args:
        body: The object as JSON, in any version of its kind. It is not changed.
        version: The version to tell it in.

    Returns:
        The object. Of its metadata only the annotation `WRITTEN_AS` may differ, as Kubernetes demands. Told in the
        version it was written in, it is word for word what was written. Told in another, it grants and moves at
        most what was written, except for the ports of a TCPRoute, which versions before v1alpha4 cannot limit.

    Raises:
        ManifestRefusedError: *body* is of no kind of SMI, or its kind does not have *version*.
    """
    shown = taken_apart(body)
    demand_version(shown, version)
    original = _written(shown)
    if original.version is version:
        return original.body()
    rendering = original.told_as(version, _rendered(original, version))
    return remembering(rendering, original).body()


def written(body: Mapping[str, Any]) -> dict[str, Any]:
    """Give an SMI object as it was last written, in the version it was written in.

    An edit of a rendering is such a writing. What the edited version could not show is kept where it is clear what
    it belongs to and nobody gets more by it than was written or edited; otherwise what is shown counts alone.

    Args:
        body: The object as JSON, in any version of its kind. It is not changed.

    Raises:
        ManifestRefusedError: *body* is of no kind of SMI, or in a version that its kind does not have.
    """
    return _written(taken_apart(body)).body()


def _written(shown: SmiObject) -> SmiObject:
    """Believe a memory only as far as it leads to what is shown.

    Whoever may write the object may write its annotation; what a reviewer of the visible fields would not find must
    not come into force by it.
    """
    memory = memory_of(shown)
    shown = without_memory(shown)
    if memory is None:
        return shown
    original = shown.told_as(memory.version, memory.fields)
    rendering = _rendered(original, shown.version)
    if digest_of(rendering) == digest_of(shown.fields):
        return original
    if memory.digest == digest_of(shown.fields):
        return shown  # nobody edited it: the memory is not ours, or renderings were made otherwise then
    return _edited(original, rendering, shown)


def _rendered(original: SmiObject, version: ApiVersion) -> Fields:
    kind, step = original.kind.name, _step(original, version)
    spec = lifted(kind, original.version, original.fields)
    return lowered(kind, version, _RENDERERS[kind](spec, step))


def _step(original: SmiObject, version: ApiVersion) -> Step:
    return Step(of=original.version, to=version, namespace=original.namespace)


def _edited(original: SmiObject, rendering: Fields, shown: SmiObject) -> SmiObject:
    """Let the edit count, with what it was not about where that can be told apart."""
    kind = original.kind.name
    edit = Edit(
        original=lifted(kind, original.version, original.fields),
        rendering=lifted(kind, shown.version, rendering),
        shown=lifted(kind, shown.version, shown.fields),
        step=_step(original, shown.version),
    )
    if _RENDERERS[kind](edit.rendering, edit.step.back) == edit.original:
        return shown  # everything was on show
    merged = _MERGERS[kind](edit)
    if merged is None:
        return shown
    return original.told_as(original.version, lowered(kind, original.version, merged))
