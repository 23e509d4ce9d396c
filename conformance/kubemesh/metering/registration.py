"""Keeps the way from the API server to the metrics server open.

An API server that looks whether an aggregated API is available keeps the connection on which it has asked, and takes
no notice there of whose certificate it was shown. Where it once reached somebody else at the Service's address, as it
can while the cluster's network follows a server that was replaced, it asks that one for ever. At another port of the
Service it has to connect anew.
"""

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from conformance.kubemesh.conditions import condition_of
from conformance.kubemesh.rest import Rest
from conformance.kubemesh.trust import METRICS_API, is_our_metrics

logger = logging.getLogger(__name__)

PORTS = (443, 8443)
"""Of the Service; both lead to the same port of the metrics server."""
PERIOD = 3.0
"""Between two looks. Unit: seconds."""
_PATIENCE = 12.0  # seconds that an API server gets to find out by itself; it looks again at least every 30


class Registration:
    """The APIService, as the server behind it sees it.

    Args:
        rest: The API server.
        clock: Tells seconds that only grow.
    """

    def __init__(self, rest: Rest, clock: Callable[[], float] = time.monotonic) -> None:
        self._rest = rest
        self._clock = clock
        self._wrong_since: float | None = None

    def look(self, *, is_ready: bool) -> None:
        """Have the API server connect anew where it goes on finding nothing, though there is something.

        Args:
            is_ready: Whether this server can be asked.

        Raises:
            EnvironmentBrokenError: The API server refuses, or does not answer.
        """
        found = self._rest.find(METRICS_API) if is_ready else None
        if found is None or not is_our_metrics(found) or not (words := _failure(found)):
            self._wrong_since = None
            return
        if self._wrong_since is None:
            self._wrong_since = self._clock()
        elif self._clock() - self._wrong_since > _PATIENCE:
            self._wrong_since = None
            port = next(one for one in PORTS if one != found["spec"]["service"].get("port"))
            logger.warning("the API server does not find us (%s); it is to ask at port %d", words, port)
            self._rest.patch(METRICS_API, {"spec": {"service": {"port": port}}})


def _failure(api_service: Mapping[str, Any]) -> str:
    """Say why the API server takes what answers it for no API; empty where it does not."""
    available = condition_of(api_service, "Available")
    is_wrong = available.get("status") == "False" and available.get("reason") == "FailedDiscoveryCheck"
    return str(available.get("message", "no reason given")) if is_wrong else ""
