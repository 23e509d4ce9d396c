"""A stream of JSON lines over an exec into a pod: ``conformance.probe.attach`` there leads on to the probe app."""

import json
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NoReturn

from conformance.cluster.kubernetes.executing import (
    ENDING,
    STDERR,
    STDOUT,
    Exec,
    ExecError,
    ExecTimeoutError,
    ending_in_words,
)
from conformance.cluster.kubernetes.rendering import PROBE_CONTAINER
from conformance.cluster.kubernetes.rest import Rest
from conformance.cluster.messages import message_in
from conformance.errors import ProbeError
from conformance.model.manifest import ObjectRef

_ATTACH = ("python", "-m", "conformance.probe.attach")
_COMPLAINT = 500
"""How much of what the other end complains of is kept. Unit: bytes."""
_LAST_WORDS = 2.0
"""How long to wait for why a stream broke, when writing to it failed. Unit: s."""


class ExecChannel:
    """A `Channel` to the probe app of one pod. One thread uses it at a time."""

    def __init__(self, rest: Rest, pod: ObjectRef, workload: str) -> None:
        """Connect.

        Raises:
            ProbeError: The API server leads nobody into the pod. An app that takes no connection shows when
                its first answer is waited for.
        """
        self._workload = workload
        self._pod = pod
        self._unread: list[bytes] = []
        self._lines: list[bytes] = []
        self._complaint = b""
        try:
            self._exec = Exec(rest, pod, PROBE_CONTAINER, _ATTACH, stdin=True)
        except ExecError as error:
            self._fail(f"cannot be reached by exec: {error}", error)

    def write(self, message: Mapping[str, Any]) -> None:
        """Send one message.

        Raises:
            ProbeError: The pod is gone.
        """
        try:
            self._exec.send(json.dumps(message).encode() + b"\n")
        except ExecError as error:
            self._fail_gone(error)

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
        self._exec.close()

    def _line(self, timeout: timedelta) -> bytes:
        end = time.monotonic() + timeout.total_seconds()
        while not self._lines:
            try:
                self._take(*self._exec.receive(end))
            except ExecTimeoutError as error:
                self._fail(f"said nothing within {timeout.total_seconds():g} s", error)
            except ExecError as error:
                self._fail_gone(error)
        return self._lines.pop(0)

    def _take(self, part: int, data: bytes) -> None:
        if part == STDOUT:
            *whole, rest = data.split(b"\n")
            for line in whole:
                self._lines.append(b"".join((*self._unread, line)))
                self._unread = []
            self._unread.append(rest)
        elif part == STDERR:
            self._complaint = (self._complaint + data)[-_COMPLAINT:]
        elif part == ENDING:
            raise ExecError(ending_in_words(data) or "its stream has ended")

    def _fail_gone(self, error: ExecError) -> NoReturn:
        self._hear_last_words()
        said = " ".join(self._complaint.decode("utf-8", "replace").split())
        self._fail(f"is gone: {said or error}", error)

    def _hear_last_words(self) -> None:
        """Take in why the other end went: it says so before the stream ends, but a failed write comes first."""
        end = time.monotonic() + _LAST_WORDS
        try:
            while not self._complaint:
                self._take(*self._exec.receive(end))
        except ExecError:
            return

    def _fail(self, what: str, cause: Exception | None) -> NoReturn:
        raise ProbeError(
            f"the probe app of {self._workload} {what}",
            f"workload {self._workload}, {self._pod}",
            "look at the end of its log in the evidence",
        ) from cause
