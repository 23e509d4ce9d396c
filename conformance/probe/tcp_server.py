"""The TCP port of a sample workload: a line comes in, the same line goes out with the workload's name.

Any bytes count as delivered, so what is no such line is noted too, without a call id.
"""

import asyncio
from typing import cast

from conformance.probe.ledger import Ledger, RawReceipt

LINE = b"CALL %b\n"
"""What a caller sends: the call's id."""

ECHO = b"ECHO %b %b\n"
"""What comes back: the call's id and the key of the workload that answers."""

_LONGEST_LINE = 1024
"""Longest line that is waited for. Unit: bytes."""

_KEPT = 120
"""How much is noted of bytes that are no such line. Unit: bytes."""


class TcpEcho(asyncio.Protocol):
    """One connection to a TCP port of the workload *who*."""

    def __init__(self, who: str, port: int, ledger: Ledger) -> None:
        self._who = who.encode()
        self._port = port
        self._ledger = ledger
        self._unread = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Note a line that did not end."""
        del exc
        if self._unread:
            self._note(b"", self._unread)

    def data_received(self, data: bytes) -> None:
        """Answer every whole line."""
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            self._take(line)
        if len(self._unread) > _LONGEST_LINE:
            self._take(self._unread)
            self._unread = b""

    def _take(self, line: bytes) -> None:
        word, _, call = line.partition(b" ")
        if word == b"CALL" and call and b" " not in call:
            self._note(call, line)
            self._transport.write(ECHO % (call, self._who))
        else:
            self._note(b"", line)
            self._transport.close()

    def _note(self, call: bytes, line: bytes) -> None:
        self._ledger.write(RawReceipt(call, self._port, "tcp", b"", line[:_KEPT], []))
