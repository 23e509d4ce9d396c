"""What an application wrote down of the calls that reached it, in memory and bounded."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from conformance.model.traffic import Receipt
from conformance.probe.messages import to_bytes, to_text
from conformance.probe.shares import MARK, Tally

LIMIT = 100_000
"""How many receipts wait to be asked for before the oldest is dropped; a guess, far above what one step
sends.
"""

_TALLIES = 64
"""How many bursts are counted at a time before the oldest is forgotten: what interrupted runs leave behind.
"""

_MARK = MARK.encode()

_DIGITS = 7
"""Longest number of a call in a burst; a longer one is not ours, and would make the bits of a tally huge."""


@dataclass(slots=True)
class RawReceipt:
    """A receipt as bytes: most are never asked for, so decoding waits until one is."""

    call_id: bytes
    port: int
    protocol: str
    method: bytes
    raw_path: bytes
    headers: list[tuple[bytes, bytes]]


@dataclass(slots=True)
class _Count:
    numbers: set[int]
    duplicates: int = 0


class Ledger:
    """All receipts of one application.

    A call id that stands for one of a burst is only counted, since nobody asks for its path or headers.
    """

    def __init__(self, workload: str, limit: int = LIMIT) -> None:
        self._workload = workload
        self._limit = limit
        self._size = 0
        self._entries: OrderedDict[bytes, list[RawReceipt]] = OrderedDict()
        self._counts: OrderedDict[bytes, _Count] = OrderedDict()
        self._dropped = 0

    def write(self, receipt: RawReceipt) -> None:
        """Write down one delivery."""
        prefix, mark, number = receipt.call_id.rpartition(_MARK)
        if mark and number.isdigit() and len(number) <= _DIGITS:
            self._count(prefix, int(number))
            return
        self._entries.setdefault(receipt.call_id, []).append(receipt)
        self._size += 1
        if self._size > self._limit:
            self._drop_oldest()

    def take(self, ids: Iterable[str]) -> list[Receipt]:
        """Give the receipts of these call ids and forget them; the empty id stands for what carried none."""
        taken = [one for id_ in ids for one in self._entries.pop(to_bytes(id_), ())]
        self._size -= len(taken)
        return [self._read(one) for one in taken]

    def take_dropped(self) -> int:
        """Say how many receipts were dropped since this was last asked."""
        dropped, self._dropped = self._dropped, 0
        return dropped

    def take_tally(self, prefix: str) -> Tally:
        """Give what was counted of a burst and forget it."""
        count = self._counts.pop(to_bytes(prefix), None)
        if count is None:
            return Tally(seen=0, duplicates=0)
        return Tally(seen=_as_bits(count.numbers), duplicates=count.duplicates)

    def forget_all(self) -> int:
        """Forget everything; say how many receipts nobody had asked for."""
        forgotten, self._size, self._dropped = self._size, 0, 0
        self._entries.clear()
        self._counts.clear()
        return forgotten

    def _count(self, prefix: bytes, number: int) -> None:
        count = self._counts.get(prefix)
        if count is None:
            count = self._counts[prefix] = _Count(set())
            if len(self._counts) > _TALLIES:
                self._counts.popitem(last=False)
        if number in count.numbers:
            count.duplicates += 1
        count.numbers.add(number)

    def _drop_oldest(self) -> None:
        _, oldest = self._entries.popitem(last=False)
        self._size -= len(oldest)
        self._dropped += len(oldest)

    def _read(self, raw: RawReceipt) -> Receipt:
        return Receipt(
            call_id=to_text(raw.call_id),
            responder=self._workload,
            port=raw.port,
            protocol=raw.protocol,
            method=to_text(raw.method),
            raw_path=to_text(raw.raw_path),
            headers=tuple((to_text(name), to_text(value)) for name, value in raw.headers),
        )


def _as_bits(numbers: set[int]) -> int:
    bits = bytearray(max(numbers) // 8 + 1)
    for number in numbers:
        bits[number >> 3] |= 1 << (number & 7)
    return int.from_bytes(bits, "little")
