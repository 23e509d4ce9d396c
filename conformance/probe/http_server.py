"""The HTTP port of a sample workload: notes what reaches it, and says who it is.

A request that the parser refuses (a method it does not know, a path with bytes above 127) has been delivered all
the same: it is noted as far as it can be read, and answered with 400. So is one that is cut off within its headers,
and a raw TCP line of ours. Requests that arrive before the one before them is answered are not kept in order: no
peer of ours pipelines.
"""

import asyncio
import json
from http import HTTPStatus
from typing import cast

import httptools

from conformance.probe.ledger import Ledger, RawReceipt
from conformance.probe.messages import (
    CALL_HEADER,
    CUT,
    DELAY_AT_HEADER,
    DELAY_HEADER,
    RESPONDER_HEADER,
    STATUS_HEADER,
    to_text,
)

_CALL = CALL_HEADER.encode()
_DELAY = DELAY_HEADER.encode()
_DELAY_AT = DELAY_AT_HEADER.encode()
_STATUS = STATUS_HEADER.encode()
_CUT = CUT.encode()

_KEPT = 4096
"""How much is kept of a request whose headers have not ended yet, to note it if they never do. Unit: bytes.
"""

_CLOSES = b"connection: close\r\n"
"""Announces that this answer is the connection's last, so that a proxy does not send the next request there.
"""

_quoted = json.encoder.encode_basestring_ascii


class HttpEcho(asyncio.Protocol):
    """One connection to an HTTP port of the workload *who*."""

    def __init__(self, who: str, port: int, ledger: Ledger) -> None:
        self._who = who.encode()
        self._port = port
        self._ledger = ledger
        self._parser = httptools.HttpRequestParser(self)
        self._body_start = f'{{"responder":{_quoted(who)},"port":{port},"call":'
        self._head = b"content-type: application/json\r\n%b: %b\r\n%b: " % (
            RESPONDER_HEADER.encode(),
            self._who,
            _CALL,
        )
        self._headers: list[tuple[bytes, bytes]] = []
        self._wishes: dict[bytes, bytes] = {}
        self._unnoted = b""
        self._clear()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note a request that was cut off within its headers."""
        del exc
        if self._unnoted:
            self._note_unreadable()

    def data_received(self, data: bytes) -> None:
        """Read what came; the callbacks below are called from within."""
        if not self._is_noted:
            self._unnoted = (self._unnoted + data)[:_KEPT]
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._transport.close()  # what follows CONNECT or Upgrade is no HTTP
        except httptools.HttpParserError:
            self._refuse()

    def on_url(self, part: bytes) -> None:
        """Keep the path as it stands on the wire; it may come in parts."""
        self._path += part

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header as it stands on the wire."""
        lower = name.lower()
        if lower == _CALL:
            self._call = value
        elif lower in {_DELAY, _DELAY_AT, _STATUS}:
            self._wishes[lower] = value
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Note the request: from here on it has been delivered, whether its body follows or not."""
        self._method = self._parser.get_method()
        self._note()

    def on_message_complete(self) -> None:
        """Answer, at once or as late as the request asks for, or cut it off."""
        if self._wishes.get(_STATUS) == _CUT:
            self._transport.abort()
            return
        is_last = self._method == b"CONNECT" or not self._parser.should_keep_alive()
        answer = self._answer(self._wishes.get(_STATUS, b"200"), _CLOSES if is_last else b"")
        if _DELAY in self._wishes and self._wishes.get(_DELAY_AT, self._who) == self._who:
            delay = int(self._wishes[_DELAY]) / 1000
            asyncio.get_running_loop().call_later(delay, self._send, answer, is_last)
        else:
            self._send(answer, is_last)
        self._clear()

    def _send(self, answer: bytes, is_last: bool) -> None:  # noqa: FBT001  call_later takes no names
        self._transport.write(answer)
        if is_last:
            self._transport.close()

    def _answer(self, status: bytes, extra: bytes) -> bytes:
        phrase = _PHRASES.get(status, b"-")
        start = b"HTTP/1.1 %b %b\r\n%b%b%b\r\n" % (status, phrase, extra, self._head, self._call)
        if self._method == b"CONNECT":
            return (
                start + b"\r\n"
            )  # RFC 9110, 9.3.6: a tunnel starts after the headers, so a length means nothing
        body = (
            f"{self._body_start}{_quoted(to_text(self._call))},"
            f'"method":{_quoted(to_text(self._method))},"path":{_quoted(to_text(self._path))}}}'
        ).encode()
        return b"%bcontent-length: %d\r\n\r\n%b" % (
            start,
            len(body),
            b"" if self._method == b"HEAD" else body,
        )

    def _refuse(self) -> None:
        if not self._is_noted:
            self._note_unreadable()
        self._send(self._answer(b"400", _CLOSES), is_last=True)

    def _note_unreadable(self) -> None:
        self._call, self._method, self._path, self._headers = _read_anyhow(self._unnoted)
        self._note()

    def _note(self) -> None:
        self._unnoted = b""
        self._is_noted = True
        self._ledger.write(
            RawReceipt(self._call, self._port, "http", self._method, self._path, self._headers)
        )

    def _clear(self) -> None:
        self._is_noted = False
        self._call = self._method = self._path = b""
        self._headers = []
        self._wishes = {}


_PHRASES = {str(one.value).encode(): one.phrase.encode() for one in HTTPStatus}


def _read_anyhow(raw: bytes) -> tuple[bytes, bytes, bytes, list[tuple[bytes, bytes]]]:
    """Read call id, method, path and headers from bytes that a parser refuses."""
    first, *rest = raw.split(b"\r\n\r\n")[0].split(b"\r\n")
    method, _, remainder = first.partition(b" ")
    path = remainder.rpartition(b" HTTP/")[0] or remainder
    headers = [(name, value.strip()) for name, mark, value in (line.partition(b":") for line in rest) if mark]
    line_id = remainder.strip() if method == b"CALL" else b""  # a raw TCP line that came to an HTTP port
    call = next((value for name, value in headers if name.lower() == _CALL), line_id)
    return call, method, path, headers
