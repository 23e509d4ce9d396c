"""Faults of what may be asked: what discovery says, who may ask, and what is answered where nothing is to be had."""

from collections.abc import Callable
from dataclasses import replace

from conformance.model.api import ApiAction, ApiAnswer
from conformance.model.topology import Identity
from conformance.tests.doubles.memory_metrics.answers import (
    BROKEN,
    GROUP_PATH,
    Json,
    RefusedError,
    as_json,
    discovery,
    resource_list,
)
from conformance.tests.doubles.memory_metrics.asked import KINDS, ROOT, Asked, Key, action_of
from conformance.tests.doubles.memory_metrics.moment import Moment, received
from conformance.tests.doubles.memory_metrics.steps import Steps, listed


def _nothing_discovered() -> dict[str, Json]:
    found = discovery()
    del found[GROUP_PATH]
    return {**found, ROOT: resource_list([])}


def _entries(change: Callable[[Json], Json | None]) -> Steps:
    """Change the entries of discovery, or leave some out."""

    def changed() -> dict[str, Json]:
        found = discovery()
        entries = [change(one) for one in found[ROOT]["resources"]]
        return {**found, ROOT: resource_list([one for one in entries if one])}

    return Steps(discovery=changed)


def _all_but_replicasets(entry: Json) -> Json | None:
    return None if entry["name"] == "replicasets" else entry


def _edges_as_their_owner(account: Identity, asked: Asked) -> ApiAction:
    return action_of(account, replace(asked, part=""))


def _another(moment: Moment) -> Key:
    others = [one for one in moment.objects.ends(moment.asked.plural) if one != moment.asked.key]
    return others[0] if others else moment.asked.key


def _never_idle(moment: Moment) -> Key:
    if not received(moment):
        raise RefusedError(BROKEN)
    return moment.asked.key


def _busy_alone(moment: Moment) -> list[Key]:
    """List whom figures can be made for; those of splits are made from elsewhere."""
    is_split = moment.asked.plural == "trafficsplits"
    return [key for key in listed(moment) if is_split or received(moment.about(key))]


FAULTS = {
    "metrics-accepts-writes": Steps(writing=as_json({})),
    "metrics-advertises-unserved": Steps(served=KINDS.keys() - {"jobs"}),
    "metrics-bare-errors": Steps(missing=ApiAnswer(status=404, body=b"404 page not found")),
    "metrics-discovery-empty": Steps(discovery=_nothing_discovered),
    "metrics-discovery-wrong-kind": _entries(lambda one: {**one, "kind": KINDS[one["name"]]}),
    "metrics-discovery-wrong-scope": _entries(lambda one: {**one, "namespaced": True}),
    "metrics-edges-under-parent": Steps(action=_edges_as_their_owner),
    "metrics-hides-served": _entries(_all_but_replicasets),
    "metrics-idle-is-500": Steps(meant=_never_idle, listed=_busy_alone),
    "metrics-open-to-all": Steps(action=lambda *_: None),
    "metrics-other-object": Steps(meant=_another),
    "metrics-unknown-is-500": Steps(missing=BROKEN),
    "metrics-unknown-is-empty": Steps(missing=as_json({})),
}
