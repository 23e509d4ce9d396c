"""Holds the objects, makes each change as one, and tells watchers of it in order."""

import threading
from collections.abc import Callable
from datetime import timedelta

from conformance.cluster.embedded.draft import Draft, Objects
from conformance.cluster.protocol import Change, Watcher


class Store:
    """All objects of a cluster. Reading needs no lock; changes come one after the other."""

    def __init__(self, reconcile: Callable[[Draft], None], act: Callable[[], None]) -> None:
        """Start empty.

        Args:
            reconcile: Completes each draft before it is taken over; whatever it raises undoes the change.
            act: Called after each change, when all watchers have heard of it.
        """
        self._reconcile = reconcile
        self._act = act
        self._changed = threading.Condition(threading.RLock())
        self._objects: Objects = {}
        self._revision = 0
        self._watchers: list[Watcher] = []

    @property
    def objects(self) -> Objects:
        """All objects as they are now: a mapping that never changes."""
        return self._objects

    def change(self, edit: Callable[[Draft], None]) -> None:
        """Let *edit* work on a draft, and take it over in one piece; if it raises, nothing has happened."""
        with self._changed:
            draft = Draft(self._objects, self._revision + 1)
            edit(draft)
            self._reconcile(draft)
            change = draft.change()
            if change.stored or change.deleted:
                self._revision += 1
                self._objects = draft.objects
                self._tell(change)

    def watch(self, watcher: Watcher) -> None:
        """Call *watcher* with everything that is there, then with every change."""
        with self._changed:
            watcher(Change(stored=tuple(self._objects.values()), deleted=()))
            self._watchers.append(watcher)

    def wait_for(self, condition: Callable[[], bool], deadline: timedelta) -> bool:
        """Wait until *condition* holds, asking after every change; say whether it does."""
        with self._changed:
            return self._changed.wait_for(condition, deadline.total_seconds())

    def _tell(self, change: Change) -> None:
        try:
            for watcher in self._watchers:
                watcher(change)
            # A mesh is asked about a pod only when it has heard of the pod's namespace.
            self._act()
        finally:
            self._changed.notify_all()
