"""TrafficTargets in other versions.

| What is said | Where it cannot be said | What is shown there |
| --- | --- | --- |
| ``destination.port`` | from v1alpha3 on | rules whose routes cannot exist |
| a TCPRoute, which may have ports | before v1alpha3 | rules whose routes cannot exist |
| a UDPRoute | before v1alpha3 | a route group that cannot exist |
| an IdentityBinding | before v1alpha4 | a name that nobody can bear |
| a destination elsewhere, which v1alpha4 refuses | before v1alpha4 | a name that nobody can bear |
| no rules or no sources | from v1alpha3 on | one that leads nowhere, as these lists need one |

A missing TCPRoute beside a sound HTTPRouteGroup would not do: some meshes pass over what does not exist, and would
then open every port. So all rules lose their routes together.

Only the target is known here, not its TCPRoutes. Access v1alpha1 and v1alpha2 go with versions of the specs group in
which a TCPRoute means every port, so no rule told in them may name one that might have had ports.
"""

from typing import Any

from conformance.refmesh.conversion.layout import Spec
from conformance.refmesh.conversion.steps import Edit, Step, elsewhere, original_of
from conformance.refmesh.reading.stored import mapping, mappings, text
from conformance.spec import ApiVersion

_V2, _V3, _V4 = ApiVersion.V1ALPHA2, ApiVersion.V1ALPHA3, ApiVersion.V1ALPHA4
_WITH_PORT = _V2
"""The last version that has ``destination.port``; the next one has UDPRoutes, and ports in routes."""
_WITHOUT_BINDINGS = _V3
"""The last version that knows no IdentityBinding; the next one grants only in the destination's namespace."""


def render_target(spec: Spec, step: Step) -> Spec:
    """Tell *spec* as *step* asks, granting at most what it grants."""
    told: dict[str, Any] = {"destination": _destination(mapping(spec.get("destination")), step)}
    if "rules" in spec:
        told["rules"] = [dict(rule) for rule in mappings(spec["rules"])]
    if "sources" in spec:
        told["sources"] = [_subject(one, step) for one in mappings(spec["sources"])]
    if not step.crosses(_WITH_PORT):
        return told
    if step.to.ordinal <= _WITH_PORT.ordinal:
        return {**told, "rules": _earlier_rules(spec, step)}
    return {
        **told,
        "rules": _later_rules(spec, step) or [{"kind": "HTTPRouteGroup", "name": elsewhere("none", step.of)}],
        "sources": told.get("sources") or [{"kind": "ServiceAccount", "name": elsewhere("nobody", step.of)}],
    }


def _destination(subject: Spec, step: Step) -> dict[str, Any]:
    told = _subject(subject, step)
    if step.to.ordinal > _WITH_PORT.ordinal:
        told.pop("port", None)
    if step.of is _V4 and step.to is not _V4 and text(subject.get("namespace")) not in {"", step.namespace}:
        return told | {"name": elsewhere(subject.get("name"), step.of)}
    return told


def _subject(subject: Spec, step: Step) -> dict[str, Any]:
    told = {key: value for key, value in subject.items() if key != "group" or step.to is _V4}
    if subject.get("kind") == "IdentityBinding" and step.crosses(_WITHOUT_BINDINGS):
        return told | {"name": elsewhere(subject.get("name"), step.of)}
    return told


def _later_rules(spec: Spec, step: Step) -> list[dict[str, Any]]:
    limited = mapping(spec.get("destination")).get("port") is not None
    return [
        _nowhere(rule, step) if limited or rule.get("kind") == "UDPRoute" else dict(rule)
        for rule in mappings(spec.get("rules"))
    ]


def _earlier_rules(spec: Spec, step: Step) -> list[dict[str, Any]]:
    """Tell rules to a version without UDPRoutes.

    Leaving a UDPRoute out would do for what is granted. But whoever then writes the target as it is shown, meaning
    no UDP, would change nothing, and the UDPRoute would stay.
    """
    rules = mappings(spec.get("rules"))
    limited = any(rule.get("kind") == "TCPRoute" for rule in rules)
    return [_earlier_rule(rule, step, limited=limited) for rule in rules]


def _earlier_rule(rule: Spec, step: Step, *, limited: bool) -> dict[str, Any]:
    if rule.get("kind") == "UDPRoute":
        return {**_nowhere(rule, step), "kind": "HTTPRouteGroup"}
    return _nowhere(rule, step) if limited else dict(rule)


def _nowhere(rule: Spec, step: Step) -> dict[str, Any]:
    return {**rule, "name": elsewhere(rule.get("name"), step.of)}


def merge_target(edit: Edit) -> Spec | None:
    """Bring *edit* together with what its version could not show.

    Only changes of sources are brought together. Fewer sources get less of what was written. More sources get what
    was shown to whoever added them, so they are taken only where destination and rules were shown in full.

    Returns:
        The target as it now is, in the version of the original; None where what is shown has to count alone.
    """
    if _without_sources(edit.shown) != _without_sources(edit.rendering):
        return None
    rendered = mappings(edit.rendering.get("sources"))
    originals = mappings(edit.original.get("sources"))
    full = _shown_in_full(edit)
    sources: list[Any] = []
    for one in mappings(edit.shown.get("sources")):
        source = original_of(one, rendered, originals)
        if source is None and full:
            source = _exactly(one, edit.step.back)
        if source is None:
            return None
        sources.append(source)
    return {**edit.original, "sources": sources} if sources else None


def _without_sources(spec: Spec) -> Spec:
    return {name: value for name, value in spec.items() if name != "sources"}


def _shown_in_full(edit: Edit) -> bool:
    """Say whether only sources are missing from the rendering; a group says no more than its kind does."""
    before, after = edit.original, render_target(edit.rendering, edit.step.back)
    destination = {key: value for key, value in mapping(before.get("destination")).items() if key != "group"}
    return (destination, before.get("rules")) == (after.get("destination"), after.get("rules"))


def _exactly(subject: Spec, step: Step) -> Spec | None:
    told = _subject(subject, step)
    return told if _subject(told, step.back) == subject else None
