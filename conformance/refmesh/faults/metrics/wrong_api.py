"""A metrics API that can be wrong in named ways: the clean one, with a place for faults behind each of its steps."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from conformance.refmesh.metrics.api import MetricsApi
from conformance.refmesh.metrics.asking import Action, MetricsAnswer, MetricsRequest, Question
from conformance.refmesh.metrics.figures import Figures
from conformance.refmesh.metrics.inventory import Inventory
from conformance.refmesh.metrics.rendering import Json
from conformance.refmesh.metrics.source import TrafficSource
from conformance.refmesh.metrics.traffic import Traffic


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsStages:
    """The steps of an answer that a fault changes."""

    inventory: Callable[[Inventory], Inventory] | None = None
    """Changes what there is, and who belongs to what."""
    traffic: Callable[[Traffic, "WrongApi"], Traffic] | None = None
    """Changes what was measured."""
    document: Callable[[Json, Question, "WrongApi"], Json] | None = None
    """Changes what is answered about an object that is there."""
    answer: Callable[[MetricsAnswer, MetricsRequest, "WrongApi"], MetricsAnswer] | None = None
    """Has the last word."""
    may: Callable[[Action], Action | None] | None = None
    """Says what is asked of RBAC in place of an action; None asks nothing and lets everybody."""


class WrongApi(MetricsApi):
    """Wrong in the ways of the faults in force; without any it is the clean API.

    Args:
        source: Where traffic comes from.
        inventory: Gives what there is now.
        may: Says whether somebody may do something.
        stages: Gives the stages in force, in the order in which they act.
        silent: Gives the keys of pods whose sidecars do not tell.
    """

    def __init__(
        self,
        source: TrafficSource,
        inventory: Callable[[], Inventory],
        may: Callable[[Action], bool],
        stages: Callable[[], Iterable[MetricsStages]],
        silent: Callable[[], frozenset[str]] = frozenset,
    ) -> None:
        super().__init__(
            source, lambda: self._changed(inventory()), lambda action: self._allowed(action, may), silent
        )
        self._stages = stages

    @property
    def known(self) -> Inventory:
        """What there is now."""
        return self._inventory()

    @property
    def since_start(self) -> Traffic:
        """All that sidecars have counted since they started."""
        return self._source.since_start(self.known)

    def figures(self) -> Figures:
        """Give the figures of now."""
        return Figures(self._traffic(self.known), self.known)

    def clean(self, question: Question) -> Json:
        """Answer as if no document were changed."""
        return super().document(question)

    def answer(self, request: MetricsRequest) -> MetricsAnswer:
        """Answer a request."""
        answer = super().answer(request)
        for stage in self._stages():
            if stage.answer:
                answer = stage.answer(answer, request, self)
        return answer

    def document(self, question: Question) -> Json:
        """Give what a question is answered with."""
        document = super().document(question)
        for stage in self._stages():
            if stage.document:
                document = stage.document(document, question, self)
        return document

    def _changed(self, inventory: Inventory) -> Inventory:
        for stage in self._stages():
            if stage.inventory:
                inventory = stage.inventory(inventory)
        return inventory

    def _traffic(self, inventory: Inventory) -> Traffic:
        traffic = super()._traffic(inventory)
        for stage in self._stages():
            if stage.traffic:
                traffic = stage.traffic(traffic, self)
        return traffic

    def _allowed(self, action: Action, may: Callable[[Action], bool]) -> bool:
        asked: Action | None = action
        for stage in self._stages():
            if stage.may and asked is not None:
                asked = stage.may(asked)
        return asked is None or may(asked)
