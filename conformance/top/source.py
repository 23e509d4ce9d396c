"""Where figures come from: the metrics API of a cluster, found by discovery and asked as its caller's account."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from conformance.cluster import ClusterView
from conformance.errors import EnvironmentBrokenError, UsageError
from conformance.model.api import ApiAnswer, ApiRequest
from conformance.spec import ApiGroup
from conformance.top.figures import Figures, read_document
from conformance.top.resources import MetricsResource, named, read_resources

_GROUP = ApiGroup.METRICS.value
_ROOT = f"/apis/{_GROUP}"
_AT_A_TIME = 8
"""How many edges are asked for at a time. A guess: enough to hide the way, too few to be a burden."""
_OK, _NOT_FOUND, _REFUSED = 200, 404, (401, 403)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What somebody wants to see."""

    resource: MetricsResource
    namespace: str = ""
    """Empty for all namespaces, and for what is not namespaced."""
    name: str = ""
    """Empty for all objects."""
    selector: str = ""
    """Labels, as Kubernetes writes selectors."""
    edges: bool = False
    """Whom the objects talk to, in place of the objects themselves."""

    def __str__(self) -> str:
        kind = self.resource.one if self.name else self.resource.name
        what = f"edges of {kind}" if self.edges else kind
        name = f" {self.name}" if self.name else ""
        where = f" in namespace {self.namespace}" if self.namespace else ""
        everywhere = " in all namespaces" if self.resource.namespaced and not self.namespace else ""
        return f"{what}{name}{where}{everywhere}{f' with {self.selector}' if self.selector else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was answered, and when."""

    figures: tuple[Figures, ...]
    at: datetime
    """By this machine's clock."""


class MetricsApi:
    """The metrics API that a cluster serves. Found at once."""

    def __init__(self, cluster: ClusterView) -> None:
        """Look for it.

        Raises:
            EnvironmentBrokenError: The cluster serves none, or does not tell, or does not answer.
        """
        self._cluster = cluster
        self.version = self._find()
        """Such as ``metrics.smi-spec.io/v1alpha1``."""
        self.resources = read_resources(self._get(f"/apis/{self.version}"))

    def resource(self, word: str) -> MetricsResource:
        """Give the resource that *word* names: plural, singular or short, as kubectl takes it.

        Raises:
            UsageError: None of those that are served.
        """
        found = named(word, self.resources)
        if found is None:
            raise UsageError(
                f"no metrics of {word!r} are served",
                f"/apis/{self.version}, cluster {self._cluster.name}",
                f"ask for {', '.join(sorted(one.name for one in self.resources)) or 'nothing: it serves none'}",
            )
        return found

    def read(self, question: Question) -> Reading:
        """Ask, once.

        Raises:
            UsageError: There is no such object, or the selector is none.
            EnvironmentBrokenError: The API does not answer, or does not let this account read.
        """
        if question.edges and not question.name:
            figures = self._all_edges(replace(question, edges=False))
        else:
            figures = read_document(self._get(self._path(question), question))
        return Reading(figures=figures, at=datetime.now(UTC))

    def _all_edges(self, question: Question) -> tuple[Figures, ...]:
        objects = read_document(self._get(self._path(question), question))
        refs = dict.fromkeys(one.resource for one in objects if one.resource.name)
        asked = [
            replace(question, namespace=ref.namespace, name=ref.name, selector="", edges=True) for ref in refs
        ]
        with ThreadPoolExecutor(_AT_A_TIME) as several:
            return tuple(edge for edges in several.map(self._edges_if_there, asked) for edge in edges)

    def _edges_if_there(self, question: Question) -> tuple[Figures, ...]:
        """Ask for the edges of what was listed a moment ago; what has gone since has none."""
        answer = self._cluster.call_api(ApiRequest(path=self._path(question)))
        if answer.status == _NOT_FOUND:
            return ()
        return read_document(self._json(answer, self._path(question), question))

    def _path(self, question: Question) -> str:
        is_inside = question.resource.namespaced and question.namespace
        parts = ("namespaces", question.namespace) if is_inside else ()
        parts = (*parts, question.resource.name, *((question.name,) if question.name else ()))
        path = "/".join(quote(part, safe="") for part in parts)
        return f"/apis/{self.version}/{path}{'/edges' if question.edges else ''}"

    def _find(self) -> str:
        answer = self._cluster.call_api(ApiRequest(path=_ROOT))
        if answer.status == _NOT_FOUND:
            raise EnvironmentBrokenError(
                f"this cluster serves no {_GROUP}",
                f"{_ROOT}, cluster {self._cluster.name}",
                "install a mesh, or an adapter, that serves SMI's traffic metrics",
            )
        group = self._json(answer, _ROOT)
        versions = [group.get("preferredVersion"), *(group.get("versions") or ())]
        names = [str(one["groupVersion"]) for one in versions if one and one.get("groupVersion")]
        if not names:
            raise EnvironmentBrokenError(
                f"{_GROUP} is served in no version",
                f"{_ROOT}, cluster {self._cluster.name}",
                "see what kubectl get apiservices says of it",
            )
        return names[0]

    def _get(self, path: str, question: Question | None = None) -> Mapping[str, Any]:
        query = (("labelSelector", question.selector),) if question and question.selector else ()
        return self._json(self._cluster.call_api(ApiRequest(path=path, query=query)), path, question)

    def _json(self, answer: ApiAnswer, path: str, question: Question | None = None) -> Mapping[str, Any]:
        try:
            said = json.loads(answer.body)
        except ValueError:
            said = None
        where = f"{path}, cluster {self._cluster.name}"
        if answer.status != _OK:
            raise _refusal(answer.status, said, where, question)
        if not isinstance(said, dict):
            raise EnvironmentBrokenError(
                "what was answered is no JSON object", where, f"see what kubectl get --raw '{path}' gives"
            )
        return said


def _refusal(
    status: int, said: object, where: str, question: Question | None
) -> EnvironmentBrokenError | UsageError:
    words = str(said.get("message") or "") if isinstance(said, dict) else ""
    if status == _NOT_FOUND and question is not None:
        hint = "see whether it is there, and whether its name and its namespace are right"
        return UsageError(f"there is nothing to show for {question}: {words or status}", where, hint)
    if status in _REFUSED:
        hint = f"ask for get and list on {_GROUP}, and on its sub-resources (pods/edges) for edges"
        return EnvironmentBrokenError(f"this account may not read that: {words or status}", where, hint)
    if status == 400:  # noqa: PLR2004  HTTP's
        return UsageError(
            f"the API does not understand that: {words}", where, "see whether the selector is one"
        )
    return EnvironmentBrokenError(
        f"the metrics API answered {status}: {words or 'nothing that says why'}",
        where,
        "see whether what serves it is well: kubectl get apiservices, and the mesh's own pods",
    )
