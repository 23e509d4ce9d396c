"""Runs a command in a container and speaks with it, over one WebSocket to the API server.

The client library's own stream collects all it ever reads, and swaps a method of a shared connection while it
opens; a stream that lives as long as a run, opened from any thread, cannot use it. What it offers to open a
WebSocket with the credentials of a kubeconfig is used.
"""

import contextlib
import json
import socket
import ssl
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import websocket
from kubernetes.stream import ws_client

from conformance.cluster.kubernetes.kinds import POD
from conformance.cluster.kubernetes.refusals import RBAC_HINT, read_answer
from conformance.cluster.kubernetes.rest import Rest
from conformance.model.manifest import ObjectRef

STDIN, STDOUT, STDERR, ENDING = 0, 1, 2, 3
"""Which part of the conversation a frame belongs to; the last tells how the command ended."""

_OPENING = 30.0
"""How long the server may take to open the stream. Unit: s."""
_SENDING = 30.0
"""How long the server may take to take what is sent. Unit: s."""
_PART = 65536
"""How much is sent in one frame. Unit: bytes."""
_FAREWELL = 1
"""How long the server may take to say good-bye. Unit: s."""
_open: Any = ws_client.create_websocket
_CONNECTION_ERRORS = (OSError, ssl.SSLError, websocket.WebSocketException)


class ExecError(Exception):
    """The command cannot be run, or the conversation with it has ended; says why, in words for a person."""


class ExecTimeoutError(ExecError):
    """The command said nothing in time."""


class Exec:
    """A command that runs in a container. One thread uses it at a time."""

    def __init__(
        self, rest: Rest, pod: ObjectRef, container: str, command: Sequence[str], *, stdin: bool
    ) -> None:
        """Start it.

        Args:
            rest: The server.
            pod: Where.
            container: In which of its containers.
            command: What to run.
            stdin: Whether something will be sent to it.

        Raises:
            ExecError: It cannot be started.
        """
        flags = {"stdin": stdin, "stdout": True, "stderr": True, "tty": False}
        query = [("container", container), *((name, str(flag).lower()) for name, flag in flags.items())]
        query += [("command", word) for word in command]
        path = f"{POD.path(POD.api_version, pod.namespace, pod.name)}/exec?{urlencode(query)}"
        url = "ws" + rest.host.removeprefix("http") + path
        if websocket.getdefaulttimeout() is None:  # there is no other way to one for opening
            websocket.setdefaulttimeout(_OPENING)
        try:
            self._socket = _open(rest.api.configuration, url, rest.headers())
        except websocket.WebSocketBadStatusException as error:
            raise ExecError(_refusal(error)) from error
        except _CONNECTION_ERRORS as error:
            raise ExecError(f"the API server does not answer: {error}") from error
        with contextlib.suppress(OSError):  # a stream may rest for minutes, and what is between may forget it
            self._socket.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)

    def send(self, data: bytes) -> None:
        """Send to the command's stdin.

        Raises:
            ExecError: The conversation has ended.
        """
        try:
            self._socket.settimeout(_SENDING)
            for start in range(0, len(data), _PART):
                self._socket.send_binary(bytes([STDIN]) + data[start : start + _PART])
        except _CONNECTION_ERRORS as error:
            raise ExecError(f"its stream broke: {error}") from error

    def receive(self, end: float) -> tuple[int, bytes]:
        """Wait for what comes next.

        Args:
            end: Until when, by `time.monotonic`.

        Returns:
            To which part it belongs, and the data, which may be empty.

        Raises:
            ExecTimeoutError: Nothing came in time.
            ExecError: The conversation has ended.
        """
        try:
            self._socket.settimeout(max(end - time.monotonic(), 0.001))
            kind, data = self._socket.recv_data()
        except (TimeoutError, websocket.WebSocketTimeoutException) as error:
            raise ExecTimeoutError("nothing came in time") from error
        except _CONNECTION_ERRORS as error:
            raise ExecError(f"its stream broke: {error}") from error
        if kind == websocket.ABNF.OPCODE_CLOSE:
            raise ExecError("its stream was closed")
        return (data[0], bytes(data[1:])) if data else (STDERR, b"")

    def close(self) -> None:
        """End the conversation; a command that reads its stdin then ends, too."""
        with contextlib.suppress(*_CONNECTION_ERRORS):
            self._socket.close(timeout=_FAREWELL)
        with contextlib.suppress(*_CONNECTION_ERRORS):
            self._socket.shutdown()  # after an error the library takes the socket for closed, and leaves it open


def output(  # noqa: PLR0913  where, what, and how much of it
    rest: Rest, pod: ObjectRef, container: str, command: Sequence[str], *, timeout: timedelta, limit: int
) -> bytes:
    """Run a command and give what it writes to stdout, the first *limit* bytes of it.

    Raises:
        ExecError: It cannot be run, does not end in time, or ends with another code than 0.
    """
    end = time.monotonic() + timeout.total_seconds()
    said = {STDOUT: bytearray(), STDERR: bytearray()}
    running = Exec(rest, pod, container, command, stdin=False)
    with contextlib.closing(running):
        while True:
            part, data = running.receive(end)
            if part == ENDING:
                _check_ending(data, bytes(said[STDERR]))
                return bytes(said[STDOUT])
            if part in said and len(said[part]) < limit:
                said[part] += data[: limit - len(said[part])]


def ending_in_words(data: bytes) -> str:
    """Say how a command ended; empty when well."""
    try:
        status = json.loads(data)
    except ValueError:
        return data.decode("utf-8", "replace")
    return "" if status.get("status") == "Success" else str(status.get("message", ""))


def _check_ending(data: bytes, complaint: bytes) -> None:
    ending = ending_in_words(data)
    if ending:
        raise ExecError(f"{ending}: {complaint.decode('utf-8', 'replace').strip()[-500:]}")


def _refusal(error: websocket.WebSocketBadStatusException) -> str:
    answer = read_answer(error.status_code, bytes(error.resp_body or b""))
    if answer.is_forbidden:
        return f"the account may not do this: {answer.message}; {RBAC_HINT}"
    return f"the API server answered {error.status_code}: {answer.message}"
