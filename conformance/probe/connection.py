"""The calling end of one HTTP connection: bytes out, one response in, one call at a time.

It says what happened and never tries again: a second attempt would hide that the first was cut.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import cast

from conformance.model.traffic import Ending, HttpRequest, Observation
from conformance.probe.messages import CALL_HEADER, to_bytes, to_text
from conformance.probe.response import GarbledError, ResponseReader

AFTER_ID = b"\r\n\r\n"
"""What ends a request, after the call's id."""

_DEFAULT_PORT = 80
_FRAMING = {"content-length", "transfer-encoding"}


def up_to_id(request: HttpRequest, host: str, port: int) -> bytes:
    """Write a request up to the value of its last header, which is the call's id; `AFTER_ID` ends it.

    Nothing is tidied. A ``host`` header of the request's own replaces the name that was called.
    """
    own = {name.lower() for name, _ in request.headers}
    headers = list(request.headers)
    if "host" not in own:
        headers.insert(0, ("host", host if port == _DEFAULT_PORT else f"{host}:{port}"))
    if request.method in {"POST", "PUT", "PATCH"} and not own & _FRAMING:
        headers.append(("content-length", "0"))
    lines = [f"{request.method} {request.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    return to_bytes("\r\n".join([*lines, f"{CALL_HEADER}: "]))


def has_body(request: HttpRequest) -> bool:
    """Say whether the answer to *request* may have a body."""
    return request.method not in {"HEAD", "CONNECT"}


class HttpConnection(asyncio.Protocol):
    """One connection. *on_end* is called once for each call that was started and not abandoned.

    At the end of a call `ending`, `detail` and `response` say what came of it, until the next is started.
    """

    def __init__(self, on_end: Callable[["HttpConnection"], None]) -> None:
        self._on_end = on_end
        self._is_busy = False
        self.is_open = False
        """Whether another call may be started."""
        self.response = ResponseReader()
        self.ending = Ending.CLOSED
        self.detail = ""
        self.number = -1
        """The present call's number; kept for whoever is called at its end."""
        self.started = 0.0
        """When the present call began, on the clock `time.perf_counter`; likewise. Unit: seconds."""

    def start(self, request: bytes, *, has_body: bool) -> None:
        """Send one request to the letter. A connection that is gone ends the call at once."""
        self._is_busy = True
        self.response.expect(has_body=has_body)
        if self.is_open:
            self._transport.write(request)
        else:
            self._end(self.ending, self.detail)

    def close(self) -> None:
        """Close in order."""
        self._is_busy = self.is_open = False
        self._transport.close()

    def abandon(self) -> None:
        """Cut the connection, and its call with it."""
        self._is_busy = self.is_open = False
        self._transport.abort()

    def observation(self, call_id: str, elapsed: float) -> Observation:
        """Say what came of the call that ended last.

        Args:
            call_id: Its id.
            elapsed: Since it began. Unit: seconds.
        """
        response = self.response
        is_answered = self.ending is Ending.ANSWERED
        speaks = is_answered and response.responder is not None
        return Observation(
            call_id=call_id,
            ending=self.ending,
            status=response.status,
            responder=_text(response.responder) if speaks else None,
            echoed_id=_text(response.echoed_id) if speaks else None,
            elapsed=timedelta(seconds=elapsed),
            detail="" if speaks else self.detail or response.body.decode("utf-8", "replace"),
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        self._transport = cast("asyncio.Transport", transport)
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        """Read what came."""
        if not self._is_busy:
            self.close()  # nobody asked for it, and the next answer could not be told from it
            return
        try:
            is_complete = self.response.feed(data)
        except GarbledError as error:
            self.is_open = False
            self._end(Ending.GARBLED, str(error))
            return
        if is_complete:
            self.is_open = self.is_open and self.response.is_reusable
            self._end(Ending.ANSWERED, "")

    def eof_received(self) -> None:
        """Notice that the peer closed in order."""
        self.is_open = False
        if not self._is_busy:
            self.ending, self.detail = Ending.CLOSED, "closed before the request"
        elif self.response.feed_end():
            self._end(Ending.ANSWERED, "")
        else:
            self._end(Ending.CLOSED, "closed within the response" if self.response.has_begun else "")

    def connection_lost(self, exc: Exception | None) -> None:
        """Notice that the connection is gone."""
        self.is_open = False
        if self._is_busy:
            self._end(Ending.RESET if exc else Ending.CLOSED, str(exc or ""))
        elif exc:
            self.ending, self.detail = Ending.RESET, f"before the request: {exc}"

    def _end(self, ending: Ending, detail: str) -> None:
        self._is_busy = False
        self.ending = ending
        self.detail = detail
        self._on_end(self)


def _text(raw: bytes | None) -> str | None:
    return None if raw is None else to_text(raw)
