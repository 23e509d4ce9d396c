"""Reads one HTTP response from the bytes of one connection, then the next."""

import httptools

from conformance.probe.messages import CALL_HEADER, RESPONDER_HEADER

KEPT = 120
"""How much of a body, or of bytes that are no response, is kept for people to read. Unit: bytes."""

_RESPONDER = RESPONDER_HEADER.encode()
_CALL = CALL_HEADER.encode()
_FRAMING = {b"content-length", b"transfer-encoding"}
_FIRST_FINAL = 200
_SWITCHING = 101


class GarbledError(Exception):
    """What came is no HTTP response; the text says why and how it begins."""


class ResponseReader:
    """The response to the present call. Names that start with ``on_`` are what the parser calls."""

    __slots__ = (
        "_has_body",
        "_has_head",
        "_is_framed",
        "_parser",
        "body",
        "echoed_id",
        "has_begun",
        "is_complete",
        "is_reusable",
        "responder",
        "status",
    )

    def __init__(self) -> None:
        self._has_body = True
        self._parser = httptools.HttpResponseParser(self)
        self.expect(has_body=True)

    def expect(self, *, has_body: bool) -> None:
        """Forget the response before, and get ready for the next.

        Args:
            has_body: False for the answer to HEAD or CONNECT, which ends with its headers whatever they say.
        """
        if not self._has_body:
            self._parser = httptools.HttpResponseParser(self)  # the old one still waits for the body
        self._has_body = has_body
        self._has_head = self._is_framed = False
        self.has_begun = self.is_complete = False
        self.is_reusable = True
        """Whether the connection can carry another call after this response."""
        self.status: int | None = None
        self.responder: bytes | None = None
        self.echoed_id: bytes | None = None
        self.body = b""

    def feed(self, data: bytes) -> bool:
        """Take bytes as they come; say whether the response is complete.

        Raises:
            GarbledError: They are no HTTP response.
        """
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.is_reusable = False
        except httptools.HttpParserError as error:
            self.is_reusable = False
            if not self.is_complete:
                raise GarbledError(f"{error}: {data[:KEPT]!r}") from error
        return self.is_complete

    def feed_end(self) -> bool:
        """Take the end of the connection; say whether it makes the response complete, as in HTTP/1.0."""
        self.is_complete = self.is_complete or (self._has_head and not self._is_framed)
        return self.is_complete

    def on_message_begin(self) -> None:
        """Start a response, or notice that a second one came unasked."""
        self.has_begun = True
        if self.is_complete:
            self.is_reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep what the application says of itself."""
        lower = name.lower()
        if self.is_complete:
            return
        if lower == _RESPONDER:
            self.responder = value
        elif lower == _CALL:
            self.echoed_id = value
        elif lower in _FRAMING:
            self._is_framed = True

    def on_headers_complete(self) -> None:
        """Take the status; an interim response (1xx) has none that counts."""
        status = self._parser.get_status_code()
        if self.is_complete or (status < _FIRST_FINAL and status != _SWITCHING):
            return
        self.status = status
        self._has_head = True
        if not self._has_body:
            self._finish()

    def on_body(self, part: bytes) -> None:
        """Keep the start of the body."""
        if len(self.body) < KEPT:
            self.body = (self.body + part)[:KEPT]

    def on_message_complete(self) -> None:
        """Notice the end of a response that says where it ends."""
        if self._has_head:
            self._finish()

    def _finish(self) -> None:
        if not self.is_complete:
            self.is_complete = True
            self.is_reusable = self.is_reusable and self._parser.should_keep_alive()
