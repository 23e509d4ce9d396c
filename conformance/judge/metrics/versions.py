"""Questions about API versions that an answer writes. It may leave them out: the document's examples do."""

from collections.abc import Iterator, Mapping
from typing import Any

from conformance.judge.metrics.case import Case, Remark
from conformance.spec import measured_kind


def versions(case: Case) -> Iterator[Remark]:
    """Objects are of the version that was asked for, and references of the group that has their kind.

    Spec: traffic-metrics, "TrafficMetrics": a reference is Kubernetes' ObjectReference, whose ``apiVersion`` is that
    of whom it refers to.
    """
    for body in _bodies(case):
        yield from _own(case, body)
        edge = body.get("edge")
        for reference in (body.get("resource"), edge.get("resource") if isinstance(edge, Mapping) else None):
            if isinstance(reference, Mapping):
                yield from _referred(reference)


def _bodies(case: Case) -> Iterator[Mapping[str, Any]]:
    found = [case.body, *case.raw_items] if case.is_list else case.raw_items
    yield from (one for one in found if isinstance(one, Mapping))


def _own(case: Case, body: Mapping[str, Any]) -> Iterator[Remark]:
    wanted = "/".join(case.once.main.request.path.split("/")[2:4])
    if (written := body.get("apiVersion")) and written != wanted:
        yield Remark(f"an answer of {wanted}", f"it is of {written!r}")


def _referred(reference: Mapping[str, Any]) -> Iterator[Remark]:
    known, written = measured_kind(str(reference.get("kind") or "")), reference.get("apiVersion")
    if known is None or not written:
        return
    group, _, _ = str(written).rpartition("/")
    if group not in known.groups:
        yield Remark(
            f"a reference to {known.kind} with an API version of {' or '.join(known.groups) or 'the core'}",
            f"{reference.get('name') or 'the list'} has {written!r}",
            "resources are referred to as Kubernetes does, by kind and API version",
        )
