"""Answers requests for Traffic Metrics, wherever they come from. Knows no HTTP server and no cluster.

Whoever calls `MetricsApi.answer` has found out who asks.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus

from conformance.refmesh.metrics import rendering
from conformance.refmesh.metrics.asking import (
    ROOT,
    Action,
    MetricsAnswer,
    MetricsRequest,
    Question,
    RefusedError,
    action_of,
    check_method,
    understood,
    unknown,
    untold,
    unwatched,
)
from conformance.refmesh.metrics.documents import Document
from conformance.refmesh.metrics.figures import Figures
from conformance.refmesh.metrics.inventory import Inventory, Name, Resource
from conformance.refmesh.metrics.rendering import GROUP, Json
from conformance.refmesh.metrics.source import SilentSourceError, TrafficSource
from conformance.refmesh.metrics.traffic import SHORTEST, Traffic


class MetricsApi:
    """The API ``metrics.smi-spec.io/v1alpha1``. Safe to use from several threads.

    Args:
        source: Where traffic comes from.
        inventory: Gives what there is now.
        may: Says whether somebody may do something.
        silent: Gives the keys of pods whose sidecars do not tell what they count. What they belong to has no figures:
            zeros would say that nobody called.
        clock: Tells the time where nothing has been measured yet.
    """

    def __init__(
        self,
        source: TrafficSource,
        inventory: Callable[[], Inventory],
        may: Callable[[Action], bool],
        silent: Callable[[], frozenset[str]] = frozenset,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._source = source
        self._inventory = inventory
        self._may = may
        self._silent = silent
        self._clock = clock
        self._kept: tuple[Traffic, Inventory, Figures] | None = None

    def answer(self, request: MetricsRequest) -> MetricsAnswer:
        """Answer a request for a path at or below `ROOT`, or for its group."""
        try:
            return self._answer(request)
        except RefusedError as refusal:
            return refusal.answer
        except SilentSourceError as problem:
            words = f"{problem.what}; where: {problem.where}; try: {problem.hint}"
            return RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, "ServiceUnavailable", words).answer

    def _answer(self, request: MetricsRequest) -> MetricsAnswer:
        parts = (
            request.path.removeprefix(ROOT).strip("/").split("/") if request.path.startswith(ROOT) else None
        )
        if parts is None or parts == [""]:
            self._check(request, None)
            check_method(request)
            return _good(rendering.resource_list() if parts else rendering.api_group())
        question = understood(parts, request)
        self._check(request, question)
        check_method(request)
        if question.is_watch:
            raise unwatched(question)
        return _good(self.document(question))

    def prepare(self) -> None:
        """Work out what the newest look at the sidecars brings, so that whoever asks next need not wait for it.

        Raises:
            SilentSourceError: The source of traffic cannot be asked.
        """
        inventory = self._inventory()
        self._figures(self._traffic(inventory), inventory)

    def document(self, question: Question) -> Json:
        """Give what a question is answered with.

        Raises:
            RefusedError: There is no such object, or one of its sidecars does not tell.
            SilentSourceError: The source of traffic cannot be asked.
        """
        inventory = self._inventory()
        if question.name and question.key not in inventory.names(question.resource.plural):
            raise unknown(question)
        figures = self._figures(self._traffic(inventory), inventory)
        silent = self._without_figures(question.resource, inventory)
        if question.name and (pod := silent.get(question.key)):
            raise untold(question, pod)
        return Document(
            figures=figures, inventory=inventory, question=question, left_out=frozenset(silent)
        ).written()

    def _without_figures(self, resource: Resource, inventory: Inventory) -> Mapping[Name, str]:
        """Name the objects that a pod belongs to whose sidecar does not tell, each with one such pod."""
        pods = self._silent()
        return {holder: pod for pod in pods for holder in inventory.holders(resource.plural, pod)}

    def _figures(self, traffic: Traffic, inventory: Inventory) -> Figures:
        """Work figures out, once for all that is asked of the same moment."""
        kept = self._kept
        if kept is None or kept[0] is not traffic or kept[1] is not inventory:
            kept = self._kept = traffic, inventory, Figures(traffic, inventory)
        return kept[2]

    def _traffic(self, inventory: Inventory) -> Traffic:
        found = self._source.traffic(inventory)
        return found or Traffic(flows=(), at=self._clock(), span=SHORTEST)

    def _check(self, request: MetricsRequest, question: Question | None) -> None:
        action = action_of(request, question)
        if not self._may(action):
            what = f'resource "{action.resource}" in API group "{GROUP}"' if action.resource else action.path
            where = f' in the namespace "{action.namespace}"' if action.namespace else ""
            words = f'User "{action.asker.user}" cannot {action.verb} {what}{where}'
            raise RefusedError(HTTPStatus.FORBIDDEN, "Forbidden", f"{action.resource} is forbidden: {words}")


def _good(body: Json) -> MetricsAnswer:
    return MetricsAnswer(status=HTTPStatus.OK, body=body)
