"""Keeps up with the objects of one kind: one list, then a stream of changes that goes on where the last one ended.

An API server ends streams now and then, and may forget how far a listener had got (410 Gone); then everything is
listed anew, so that nothing is missed and what was deleted meanwhile goes.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Protocol

from conformance.errors import ConformanceError
from conformance.kubemesh.rest import ApiRefusedError

logger = logging.getLogger(__name__)

Body = dict[str, Any]
Key = tuple[str, str]
"""Namespace and name."""

# Seconds after which the API server ends a stream, and the next one begins where it ended. A connection that died in
# silence, as when a node loses its network, would else leave this replica with old policy for as long.
_STREAM = 60
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0  # seconds between attempts while the API server does not answer
_ABSENT_PAUSE = 1.0  # seconds until a kind that the cluster does not know is asked for again
_ABSENT_PROOF = 4  # times; an API server that starts does not know its custom kinds for a moment
_PAGE = "500"  # objects per page of a list


class Source(Protocol):
    """What a watch needs of an API server."""

    def get(self, path: str, **query: str) -> Body:
        """Read a list, or a page of it."""

    def watch(self, path: str, timeout: int, **query: str) -> Iterator[Body]:
        """Listen to changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """Which objects are listened to."""

    api_version: str
    kind: str
    path: str
    """Of the list."""
    selector: str = ""
    """A field selector, such as ``metadata.name=one``."""


def always(watched: Watched) -> Callable[[], Watched]:
    """Listen to these whatever the cluster serves: kinds that every cluster knows."""
    return lambda: watched


class Watch:
    """The objects of one kind as they are now. Runs in a thread of its own.

    Args:
        source: The API server.
        find: Says what to watch; None while the cluster does not know the kind. Asked before each list.
        on_change: Called after every change, from the watch's thread, and once everything was listed.
    """

    def __init__(
        self, source: Source, find: Callable[[], Watched | None], on_change: Callable[[], object]
    ) -> None:
        self._source = source
        self._find = find
        self._on_change = on_change
        self._objects: dict[Key, Body] = {}
        self._version = ""
        self._absences = 0
        self._synced = threading.Event()
        self._closing = threading.Event()

    @property
    def is_synced(self) -> bool:
        """Whether everything was listed once, or the cluster is known not to have the kind."""
        return self._synced.is_set()

    def objects(self) -> tuple[Body, ...]:
        """Give all objects; they are not changed in place. Safe from every thread."""
        return tuple(self._objects.copy().values())

    def start(self) -> None:
        """Begin to listen."""
        threading.Thread(target=self._run, name="smi-watch", daemon=True).start()

    def close(self) -> None:
        """Listen no more; the thread ends with the next event."""
        self._closing.set()

    def _run(self) -> None:
        pause = _FIRST_PAUSE
        while not self._closing.is_set():
            try:
                watched = self._find()
                if watched is None:
                    self._note_absence()
                    continue
                self._absences = 0
                self.follow(watched)
                pause = _FIRST_PAUSE
            except ConformanceError as problem:
                logger.warning("watch of %s: %s", getattr(problem, "where", "?"), problem.what)
                self._closing.wait(pause)
                pause = min(2 * pause, _LONGEST_PAUSE)
            except (
                Exception
            ):  # whatever happens, a mesh that listens no more would enforce old policy for ever
                logger.exception("a watch broke off; it begins anew")
                self._version = ""
                self._closing.wait(_LONGEST_PAUSE)

    def _note_absence(self) -> None:
        self._absences += 1
        if self._absences >= _ABSENT_PROOF:
            self._version = ""
            self._replace({})
        self._closing.wait(_ABSENT_PAUSE)

    def follow(self, watched: Watched) -> None:
        """List where nothing is known yet, then listen until the stream ends.

        Raises:
            ConformanceError: The API server refuses or does not answer; call again to go on.
        """
        if not self._version:
            self._list(watched)
        asked = _selecting(watched) | {"resourceVersion": self._version, "allowWatchBookmarks": "true"}
        try:
            for event in self._source.watch(watched.path, _STREAM, **asked):
                self._take(event, watched)
                if self._closing.is_set():
                    return
        except ApiRefusedError as refusal:
            if refusal.status in {HTTPStatus.GONE, HTTPStatus.NOT_FOUND}:
                self._version = ""  # list anew
            if refusal.status != HTTPStatus.GONE:
                raise

    def _list(self, watched: Watched) -> None:
        query = _selecting(watched) | {"limit": _PAGE}
        page = self._source.get(watched.path, **query)
        items = list(page.get("items") or ())
        while token := page["metadata"].get("continue"):
            page = self._source.get(watched.path, **query, **{"continue": token})
            items += page.get("items") or ()
        self._version = page["metadata"]["resourceVersion"]
        self._replace({_key(one): _complete(one, watched) for one in items})

    def _replace(self, objects: dict[Key, Body]) -> None:
        if not self.is_synced or objects != self._objects:
            self._objects = objects
            self._synced.set()
            self._on_change()

    def _take(self, event: Mapping[str, Any], watched: Watched) -> None:
        body = event["object"]
        if event["type"] in {"ADDED", "MODIFIED"}:
            self._objects[_key(body)] = _complete(body, watched)
        elif event["type"] == "DELETED":
            self._objects.pop(_key(body), None)
        # Noted only now: what was not taken comes again.
        self._version = body["metadata"]["resourceVersion"]
        if event["type"] != "BOOKMARK":
            self._on_change()


def _selecting(watched: Watched) -> dict[str, str]:
    return {"fieldSelector": watched.selector} if watched.selector else {}


def _key(body: Mapping[str, Any]) -> Key:
    return body["metadata"].get("namespace", ""), body["metadata"]["name"]


def _complete(body: Body, watched: Watched) -> Body:
    """Give an object its kind, which lists leave out."""
    return {"apiVersion": watched.api_version, "kind": watched.kind} | body
