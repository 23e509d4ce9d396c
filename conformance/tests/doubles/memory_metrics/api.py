"""The API itself: from a request to its answer."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from conformance.cluster.embedded.authorisation import is_allowed
from conformance.model.api import ApiAnswer, ApiRequest
from conformance.model.manifest import Manifest, ObjectRef
from conformance.tests.doubles.memory_metrics.answers import (
    FORBIDDEN,
    NOT_FOUND,
    Json,
    RefusedError,
    as_json,
)
from conformance.tests.doubles.memory_metrics.asked import ROOT, Asked, asked_in
from conformance.tests.doubles.memory_metrics.calls import Noted
from conformance.tests.doubles.memory_metrics.documents import AT_CLIENT, AT_SERVER, backend_of, edge_of
from conformance.tests.doubles.memory_metrics.faults import FAULTS
from conformance.tests.doubles.memory_metrics.moment import Moment
from conformance.tests.doubles.memory_metrics.objects import Objects
from conformance.tests.doubles.memory_metrics.steps import Steps


@dataclass(slots=True)
class MemoryMetrics:
    """Answers requests below ``/apis``; *now* is the clock, *objects* what is stored, *calls* what was noted."""

    objects: Callable[[str], Sequence[Manifest]]
    everything: Callable[[], Mapping[ObjectRef, Manifest]]
    now: Callable[[], datetime]
    fault: str = ""
    """One of `FAULTS`."""
    calls: list[Noted] = field(default_factory=list)
    _remembered: dict[Any, Any] = field(default_factory=dict)

    def answer(self, request: ApiRequest) -> ApiAnswer:
        """Answer one request."""
        try:
            return self._answer(request)
        except RefusedError as refused:
            return refused.answer

    @property
    def _steps(self) -> Steps:
        return FAULTS[self.fault] if self.fault else Steps()

    def _answer(self, request: ApiRequest) -> ApiAnswer:
        path = request.path.rstrip("/")
        if not path.startswith(f"{ROOT}/"):
            document = self._steps.discovery().get(path)
            return as_json(document) if document else NOT_FOUND
        asked = asked_in(request)
        self._admit(request, asked)
        if request.method != "GET":
            return self._steps.writing
        return as_json(self._document(asked))

    def _admit(self, request: ApiRequest, asked: Asked) -> None:
        """Turn away who asks for what is not served, and who may not ask."""
        if asked.plural not in self._steps.served:
            raise RefusedError(self._steps.missing)
        action = self._steps.action(request.account, asked) if request.account else None
        if action and not is_allowed(self.everything(), action):
            raise RefusedError(FORBIDDEN)

    def _document(self, asked: Asked) -> Json:
        moment = self._moment(asked)
        if not asked.name and not asked.part:
            return self._list(moment)
        if asked.part not in {"", "edges"} or asked.key not in moment.objects.ends(asked.plural):
            raise RefusedError(self._steps.missing)
        return self._edges(moment) if asked.part else self._one(moment)

    def _moment(self, asked: Asked) -> Moment:
        return Moment(
            asked=asked,
            objects=Objects(self.objects, self._steps.is_deployed_by),
            calls=self.calls,
            measured=self._steps.measured(self.calls, self.now()),
            now=self.now(),
            remembered=self._remembered,
        )

    def _one(self, moment: Moment) -> Json:
        if moment.asked.plural == "trafficsplits":
            return self._steps.item_list(moment.asked, self._backends(moment))
        return self._received(moment.about(self._steps.meant(moment)))

    def _list(self, moment: Moment) -> Json:
        found = [one for key in self._steps.listed(moment) for one in self._items(moment.about(key))]
        return self._steps.item_list(moment.asked, found)

    def _items(self, moment: Moment) -> list[Json]:
        """Give what a list has of one object."""
        is_split = moment.asked.plural == "trafficsplits"
        return self._backends(moment) if is_split else [self._received(moment)]

    def _received(self, moment: Moment) -> Json:
        figures = self._steps.figures(self._steps.received(moment), moment)
        return self._steps.item(moment, AT_SERVER, figures)

    def _edges(self, moment: Moment) -> Json:
        found = [
            self._steps.item(moment, edge_of(one), self._steps.figures(one.calls, moment))
            for one in self._steps.edges(moment)
        ]
        return self._steps.item_list(moment.asked, found)

    def _backends(self, moment: Moment) -> list[Json]:
        return [
            {
                **self._steps.item(moment, AT_CLIENT, self._steps.figures(one.calls, moment)),
                "backend": backend_of(one),
            }
            for one in self._steps.backends(moment)
        ]
