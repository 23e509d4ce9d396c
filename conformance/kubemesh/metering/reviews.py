"""Who may what: the API server is asked (SubjectAccessReview), and what it allows is remembered for some seconds."""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from conformance.kubemesh.rest import Rest
from conformance.refmesh.metrics import GROUP, VERSION, Action

logger = logging.getLogger(__name__)

_REVIEWS = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
_ALLOWED, _DENIED = 5.0, 0.5  # seconds that an answer is believed: what is granted should show at once
_MOST = 4096  # answers that are remembered


class Reviews:
    """Asks the API server. Safe to use from several threads.

    Args:
        rest: The API server.
        clock: Tells seconds that only grow.
    """

    def __init__(self, rest: Rest, clock: Callable[[], float] = time.monotonic) -> None:
        self._rest = rest
        self._clock = clock
        self._known: OrderedDict[Action, tuple[bool, float]] = OrderedDict()
        self._lock = threading.Lock()

    def may(self, action: Action) -> bool:
        """Say whether somebody may do something.

        What kinds of figures there are everybody may know whom the API server lets through: it asks itself for that
        list as a user of no group, and decides itself who is shown it.

        Raises:
            EnvironmentBrokenError: The API server refuses the question, or does not answer.
        """
        if not action.resource:
            return True
        with self._lock:
            known = self._known.get(action)
        if known and known[1] > self._clock():
            return known[0]
        is_allowed = self._ask(action)
        with self._lock:
            self._known[action] = is_allowed, self._clock() + (_ALLOWED if is_allowed else _DENIED)
            self._known.move_to_end(action)
            while len(self._known) > _MOST:
                self._known.popitem(last=False)
        return is_allowed

    def _ask(self, action: Action) -> bool:
        status = self._rest.post(_REVIEWS, review_of(action)).get("status") or {}
        return status.get("allowed") is True and status.get("denied") is not True


def review_of(action: Action) -> dict[str, Any]:
    """Write the question."""
    asker = action.asker
    spec: dict[str, Any] = {
        "resourceAttributes": _resource(action),
        "user": asker.user,
        "groups": list(asker.groups),
        "extra": {name: list(values) for name, values in asker.extra},
    }
    if asker.uid:
        spec["uid"] = asker.uid
    return {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}


def _resource(action: Action) -> dict[str, str]:
    resource, _, part = action.resource.partition("/")
    return {
        "group": GROUP,
        "version": VERSION,
        "resource": resource,
        "subresource": part,
        "verb": action.verb,
        "namespace": action.namespace,
        "name": action.name,
    }
