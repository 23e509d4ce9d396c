"""APIs that get the figures of splits wrong."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from conformance.refmesh.faults.metrics.documents import (
    answering,
    items_of,
    measuring,
    name_of,
    tally_behind,
    with_tally,
)
from conformance.refmesh.faults.metrics.wrong_api import WrongApi
from conformance.refmesh.metrics.api import Question
from conformance.refmesh.metrics.rendering import Json
from conformance.refmesh.metrics.traffic import Flow, Side, Tally, Traffic, added

_WHOLE = 100


def _splits(change: Callable[[Json, Question, WrongApi], Json]) -> Callable[[Json, Question, WrongApi], Json]:
    """Change what is shown of splits only."""
    return lambda body, question, api: (
        change(body, question, api) if question.resource.plural == "trafficsplits" else body
    )


def _backends(change: Callable[[Json], Json]) -> Callable[[Json, Question, WrongApi], Json]:
    """Change the ``backend`` of every item."""

    def document(body: Json, question: Question, api: WrongApi) -> Json:
        del question, api
        return {**body, "items": [{**one, "backend": change(one["backend"])} for one in body["items"]]}

    return _splits(document)


def _grouped(body: Json) -> dict[tuple[str, str], list[Json]]:
    found: dict[tuple[str, str], list[Json]] = {}
    for one in items_of(body):
        found.setdefault(name_of(one), []).append(one)
    return found


def _root_only(body: Json, question: Question, api: WrongApi) -> Json:
    figures = api.figures()

    def root(items: list[Json]) -> Json:
        apex = items[0]["backend"]["apex"]
        total = added(tally_behind(one, question, figures) for one in items)
        return with_tally({**items[0], "backend": {"apex": apex, "name": apex, "weight": _WHOLE}}, total)

    return {**body, "items": [root(items) for items in _grouped(body).values()]}


def _failing_alike(body: Json, question: Question, api: WrongApi) -> Json:
    """Show the share of failures of the whole split at each backend."""
    figures = api.figures()

    def shared(items: list[Json]) -> Iterable[Json]:
        tallies = [tally_behind(one, question, figures) for one in items]
        total = added(tallies)
        calls = total.success + total.failure
        for item, tally in zip(items, tallies, strict=True):
            failed = (tally.success + tally.failure) * total.failure / calls if calls else 0.0
            whole = tally.success + tally.failure
            yield with_tally(item, Tally(success=whole - failed, failure=failed, bins=tally.bins))

    return {**body, "items": [one for items in _grouped(body).values() for one in shared(items)]}


def _direct_too(measured: Traffic, api: WrongApi) -> Traffic:
    """Count calls to a backend's own Service as calls to the root."""
    roots = [
        (f"{namespace}/{backend}", f"{namespace}/{split.root}")
        for (namespace, _), split in api.known.splits.items()
        for backend in split.weights
        if backend != split.root
    ]
    copies = [
        replace(flow, service=root)
        for flow in measured.flows
        for backend, root in roots
        if flow.side is Side.CLIENT and flow.service == backend and flow.backend == backend
    ]
    # The pods' own figures and edges stay right: what is added has no pods at its ends.
    blind: tuple[Flow, ...] = tuple(replace(one, source="", destination="") for one in copies)
    return replace(measured, flows=measured.flows + blind)


FAULTS = (
    answering(
        "metrics-split-root-only",
        "All calls of a split are shown as the root Service's, and none as its backends'.",
        _splits(_root_only),
    ),
    answering(
        "metrics-split-fixed-weight",
        "The weight of every backend is shown as 100.",
        _backends(lambda backend: {**backend, "weight": _WHOLE}),
    ),
    answering(
        "metrics-split-swaps-apex",
        "The root Service is shown as the backend, and the backend as the root.",
        _backends(lambda backend: {**backend, "apex": backend["name"], "name": backend["apex"]}),
    ),
    measuring(
        "metrics-split-counts-direct",
        "Calls made straight to a backend's own Service count as calls to the root.",
        _direct_too,
    ),
    answering(
        "metrics-one-failed-backend-for-all",
        "The failures of one backend are shared out among all backends of the split.",
        _splits(_failing_alike),
    ),
)
