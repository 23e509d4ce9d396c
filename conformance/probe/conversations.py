"""Keeps one open stream per workload and asks many at once: write to all, then read from all."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Protocol

from conformance.errors import ProbeError
from conformance.probe.messages import Message


class Stream(Protocol):
    """A stream of JSON objects to one probe app, one reply per request, in order."""

    def write(self, message: Message) -> None:
        """Send one object.

        Raises:
            ProbeError: Nobody is there.
        """

    def read(self, timeout: timedelta) -> Message:
        """Wait for the next object.

        Raises:
            ProbeError: Nobody is there, or nothing came within *timeout*.
        """

    def close(self) -> None:
        """Let go of the stream."""


class Conversations:
    """The open streams to probe apps.

    A stream that breaks, or that still owes a reply when another one breaks, is dropped; the next use of its
    workload opens a new one.
    """

    def __init__(self, open_stream: Callable[[str], Stream]) -> None:
        self._open_stream = open_stream
        self._streams: dict[str, Stream] = {}

    def ask(self, messages: Mapping[str, Message], timeout: timedelta) -> dict[str, Message]:
        """Send each workload (key) its message, and give the replies in the same order.

        Raises:
            ProbeError: One of them could not be reached, did not reply in time, or could not do what it was
                asked.
        """
        owing = list(messages)
        replies: dict[str, Message] = {}
        try:
            for workload, message in messages.items():
                self._stream(workload).write(message)
            for workload in messages:
                replies[workload] = self._streams[workload].read(timeout)
                owing.remove(workload)
        finally:
            for workload in owing:
                self.drop(workload)
        for workload, reply in replies.items():
            _raise_error(workload, reply)
        return replies

    def drop(self, workload: str) -> None:
        """Let go of the stream to one workload, if there is one."""
        stream = self._streams.pop(workload, None)
        if stream is not None:
            stream.close()

    def close(self) -> None:
        """Let go of all streams."""
        for workload in list(self._streams):
            self.drop(workload)

    def _stream(self, workload: str) -> Stream:
        if workload not in self._streams:
            self._streams[workload] = self._open_stream(workload)
        return self._streams[workload]


@contextmanager
def reading_reply_of(workload: str) -> Iterator[None]:
    """Turn the errors of decoding a reply into one that names the workload.

    Raises:
        ProbeError: The reply is not what the protocol says.
    """
    try:
        yield
    except (KeyError, TypeError, ValueError) as error:
        raise ProbeError(
            f"the probe app answered what its protocol does not know: {error!r}",
            f"workload {workload}",
            "check that the pod runs the probe app of this version of the suite",
        ) from error


def _raise_error(workload: str, reply: Message) -> None:
    if "error" in reply:
        raise ProbeError(
            f"the probe app could not do what it was asked: {reply['error']}",
            f"workload {workload}",
            "read its log; errors of the machine (ports, files, memory) are named in the first line",
        )
