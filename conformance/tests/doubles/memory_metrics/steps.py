"""The steps from a question to its answer, each of which a fault may put another in the place of."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from conformance.model.api import ApiAction, ApiAnswer
from conformance.model.labels import fits
from conformance.model.topology import Identity
from conformance.tests.doubles.memory_metrics import answers, documents
from conformance.tests.doubles.memory_metrics.answers import NOT_ALLOWED, NOT_FOUND, Json
from conformance.tests.doubles.memory_metrics.asked import KINDS, WIDE, Asked, Key, action_of
from conformance.tests.doubles.memory_metrics.calls import Calls, Figures, counted, measured
from conformance.tests.doubles.memory_metrics.moment import Moment, received
from conformance.tests.doubles.memory_metrics.objects import Belongs, is_deployed_by
from conformance.tests.doubles.memory_metrics.peers import Backend, Edge, backends, edges


def meant(moment: Moment) -> Key:
    """Give the object that the answer to a GET is about."""
    return moment.asked.key


def listed(moment: Moment) -> list[Key]:
    """Give the objects that a list has."""
    return [key for key in in_scope(moment) if fits_selector(moment, key)]


def in_scope(moment: Moment) -> list[Key]:
    """Give the objects that lie where a list is asked for."""
    asked = moment.asked
    is_everywhere = asked.plural in WIDE or not asked.namespace
    return [key for key in moment.objects.ends(asked.plural) if is_everywhere or key[0] == asked.namespace]


def fits_selector(moment: Moment, key: Key) -> bool:
    """Say whether an object has the labels that are asked for."""
    asked = moment.asked
    return fits(asked.selector, moment.objects.labels(asked.plural, key))


def figures(calls: Calls, moment: Moment) -> Figures:
    """Count some calls; only wrong figures depend on who asks for what."""
    del moment
    return counted(calls)


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """A whole API: right as it stands, wrong with another function or value in one place."""

    discovery: Callable[[], dict[str, Json]] = answers.discovery
    served: Collection[str] = frozenset(KINDS)
    missing: ApiAnswer = NOT_FOUND
    writing: ApiAnswer = NOT_ALLOWED
    action: Callable[[Identity, Asked], ApiAction | None] = action_of
    """What RBAC is asked; with None it is not asked."""
    is_deployed_by: Belongs = is_deployed_by
    measured: Callable[[Calls, datetime], Calls] = measured
    meant: Callable[[Moment], Key] = meant
    listed: Callable[[Moment], list[Key]] = listed
    received: Callable[[Moment], Calls] = received
    edges: Callable[[Moment], list[Edge]] = edges
    backends: Callable[[Moment], list[Backend]] = backends
    figures: Callable[[Calls, Moment], Figures] = figures
    item: Callable[[Moment, Json, Figures], Json] = documents.item
    item_list: Callable[[Asked, Sequence[Json]], Json] = documents.item_list
