"""A stream of JSON lines over a Unix socket."""

import json
import socket
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, NoReturn

from conformance.cluster.messages import message_in
from conformance.errors import ProbeError

_CONNECTING_TIME = 5.0
"""How long the app may take to accept the connection. Unit: s."""
_CHUNK = 65536
"""How much is read at a time. Unit: bytes."""


class SocketChannel:
    """A `Channel` to the probe app behind a Unix socket. One thread uses it at a time."""

    def __init__(self, path: Path, workload: str) -> None:
        """Connect.

        Raises:
            ProbeError: Nobody listens at *path*.
        """
        self._workload = workload
        self._unread = b""
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(_CONNECTING_TIME)
        try:
            self._socket.connect(str(path))
        except OSError as error:
            self._socket.close()
            self._fail(f"does not take a connection to its channel: {error.strerror or error}", error)

    def write(self, message: Mapping[str, Any]) -> None:
        """Send one message.

        Raises:
            ProbeError: The pod is gone.
        """
        try:
            self._socket.settimeout(None)
            self._socket.sendall(json.dumps(message).encode() + b"\n")
        except OSError as error:
            self._fail(f"is gone: {error.strerror or error}", error)

    def read(self, timeout: timedelta) -> Mapping[str, Any]:
        """Wait for the next message.

        Raises:
            ProbeError: The pod is gone, said nothing within *timeout*, or said what is no JSON object.
        """
        try:
            return message_in(self._line(timeout))
        except ValueError as error:
            self._fail(str(error), error)

    def close(self) -> None:
        """Let go of the stream; the pod goes on."""
        self._socket.close()

    def _line(self, timeout: timedelta) -> bytes:
        self._socket.settimeout(timeout.total_seconds())
        while b"\n" not in self._unread:
            try:
                data = self._socket.recv(_CHUNK)
            except TimeoutError as error:
                self._fail(f"said nothing within {timeout.total_seconds():g} s", error)
            except OSError as error:
                self._fail(f"is gone: {error.strerror or error}", error)
            if not data:
                self._fail("is gone: it closed its channel", None)
            self._unread += data
        line, _, self._unread = self._unread.partition(b"\n")
        return line

    def _fail(self, what: str, cause: Exception | None) -> NoReturn:
        raise ProbeError(
            f"the probe app of {self._workload} {what}",
            f"workload {self._workload}",
            "look at the end of its log in the evidence",
        ) from cause
