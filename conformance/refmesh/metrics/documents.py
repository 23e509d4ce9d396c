"""An answer about objects that are there, written from their figures. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from conformance.refmesh.metrics import rendering
from conformance.refmesh.metrics.asking import Question
from conformance.refmesh.metrics.figures import Figures
from conformance.refmesh.metrics.inventory import Inventory, Name
from conformance.refmesh.metrics.rendering import Json
from conformance.refmesh.metrics.selectors import fits, fits_fields
from conformance.refmesh.metrics.traffic import Side, Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One question with all that it takes to answer it."""

    figures: Figures
    inventory: Inventory
    question: Question
    left_out: frozenset[Name] = frozenset()
    """Objects that a list does not have, since nobody knows their figures."""

    def written(self) -> Json:
        """Write the answer."""
        question = self.question
        if question.edges:
            return self._edges()
        if question.resource.plural == "trafficsplits":
            return self._splits()
        if question.name:
            return self._own(question.key)
        return self._list(self._own(name) for name in self._names())

    def _names(self) -> Iterator[Name]:
        question = self.question
        for name, labels in sorted(self.inventory.names(question.resource.plural).items()):
            is_near = not question.resource.namespaced or question.namespace in {"", name[0]}
            fits_all = fits(question.selector, labels) and fits_fields(question.fields, *name)
            if is_near and name not in self.left_out and fits_all:
                yield name

    def _list(self, items: Iterator[Json]) -> Json:
        question = self.question
        about = rendering.kind_json(question.resource, question.namespace)
        return rendering.metrics_list(about, items, question.selector)

    def _own(self, name: Name) -> Json:
        tally = self.figures.received(self.question.resource.plural).get(name, Tally())
        return self._object(name, rendering.edge("from", Side.SERVER), tally)

    def _edges(self) -> Json:
        question = self.question
        about = rendering.reference(question.resource, question.key)
        if question.resource.plural == "trafficsplits":
            return rendering.metrics_list(about, self._backends(question.key))
        found = self.figures.edges(question.resource.plural, question.key)
        items = [
            self._object(
                question.key,
                rendering.edge(peer.direction, peer.side, rendering.reference(question.resource, peer.name)),
                tally,
            )
            for peer, tally in sorted(found.items(), key=lambda one: (one[0].direction, one[0].name))
        ]
        return rendering.metrics_list(about, items)

    def _splits(self) -> Json:
        """List one object per backend; of a single split, too, since one object cannot speak of two."""
        question = self.question
        if question.name:
            about = rendering.reference(question.resource, question.key)
            return rendering.metrics_list(about, self._backends(question.key))
        return self._list(one for name in self._names() for one in self._backends(name))

    def _backends(self, name: Name) -> Iterator[Json]:
        split = self.inventory.splits[name]
        tallies = self.figures.backends(name[0], split.root, split.weights)
        for backend, weight in split.weights.items():
            written = self._object(name, rendering.edge("from", Side.CLIENT), tallies[backend])
            yield written | {"backend": {"apex": split.root, "name": backend, "weight": weight}}

    def _object(self, name: Name, edge: Json, tally: Tally) -> Json:
        traffic = self.figures.traffic
        return rendering.metrics_object(
            self.question.resource, name, edge, tally, at=traffic.at, window=traffic.span
        )
