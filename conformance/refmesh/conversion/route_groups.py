"""HTTPRouteGroups in other versions.

v1alpha1 has no headers and needs path and methods in every entry. An entry with headers is shown there as one that
no request fits: without its headers it would fit more than it was written to.
"""

from collections import Counter
from typing import Any

from conformance.refmesh.conversion.layout import Spec
from conformance.refmesh.conversion.steps import Edit, Step, original_of
from conformance.refmesh.reading.stored import mappings
from conformance.spec import ApiVersion

NO_PATH = r"[^\s\S]"
"""A pattern that fits nothing, in every dialect that meshes use: a character that is neither space nor other."""

_V1 = ApiVersion.V1ALPHA1


def render_group(spec: Spec, step: Step) -> Spec:
    """Tell *spec* as *step* asks, entry by entry, in their order."""
    if "matches" not in spec:
        return dict(spec)
    return {**spec, "matches": [_entry(one, step) for one in mappings(spec["matches"])]}


def _entry(entry: Spec, step: Step) -> dict[str, Any]:
    if not step.crosses(_V1):
        return dict(entry)
    told = {key: value for key, value in entry.items() if key != "headers"}
    if step.to is not _V1:
        return told
    told = {**told, "pathRegex": entry.get("pathRegex", ".*"), "methods": entry.get("methods", ["*"])}
    return told | {"pathRegex": NO_PATH} if entry.get("headers") else told


def merge_group(edit: Edit) -> Spec:
    """Bring *edit* together with what its version could not show: entries that nobody touched stay as written.

    Of entries that share a name the first hides the others; one that comes back alone would say more than before.

    Returns:
        The group as it now is, in the version of the original. Only v1alpha1 leaves anything out, and what it says
        can be said in all others.
    """
    rendered = mappings(edit.rendering.get("matches"))
    originals = mappings(edit.original.get("matches"))
    names = Counter(str(one.get("name")) for one in originals)
    entries = [
        (names[str(one.get("name"))] == 1 and original_of(one, rendered, originals))
        or _entry(one, edit.step.back)
        for one in mappings(edit.shown.get("matches"))
    ]
    return {**edit.original, "matches": entries}
