"""How figures stand in a table: which columns, in which words, in which order. Pure."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from conformance.model.manifest import ObjectRef
from conformance.top.figures import PERCENTILES, Figures

UNKNOWN, NOTHING, IDLE, ANYBODY = "?", "-", "idle", "(any)"


class Order(StrEnum):
    """What a table is sorted by; names decide between equals."""

    CALLS = "calls"
    """The busiest first."""
    NAME = "name"
    SUCCESS = "success"
    """What fails most first."""
    LATENCY = "latency"
    """The slowest p99 first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: its title, and what it says of each row."""

    title: str
    text: Callable[[Figures], str]
    is_number: bool = False
    """Numbers stand at the right and are never cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The columns and rows of one table."""

    columns: tuple[Column, ...]
    rows: tuple[Figures, ...]

    @classmethod
    def of(cls, figures: Iterable[Figures], *, with_namespace: bool, edges: bool, order: Order) -> "Layout":
        """Lay out *figures*.

        Args:
            figures: As they were read.
            with_namespace: Whether the objects may lie in several.
            edges: Whether these are edges, which have a peer.
            order: What comes first.
        """
        rows = tuple(sorted(figures, key=lambda one: (_rank(one, order), _names(one))))
        columns = (
            *((_NAMESPACE,) if with_namespace else ()),
            _NAME,
            *(_EDGE if edges else ()),
            *(_BACKEND if any(one.backend for one in rows) else ()),
            *_NUMBERS,
        )
        return cls(columns=columns, rows=rows)

    @property
    def titles(self) -> tuple[str, ...]:
        """What stands above the columns."""
        return tuple(one.title for one in self.columns)

    def cells(self, row: Figures) -> tuple[str, ...]:
        """Say what stands in each column of *row*."""
        return tuple(one.text(row) for one in self.columns)


def window_words(figures: Sequence[Figures]) -> str:
    """Say how long the windows of *figures* are, such as ``30 s``; a range where they differ; empty if none tells."""
    lengths = sorted({one.window.total_seconds() for one in figures if one.window})
    if not lengths:
        return ""
    ends = dict.fromkeys((lengths[0], lengths[-1]))
    return f"{' to '.join(f'{one:.3g}' for one in ends)} s"


def plain_lines(layout: Layout) -> list[str]:
    """Write the table as lines of text, as wide as it takes."""
    table = [layout.titles, *map(layout.cells, layout.rows)]
    widths = [max(len(row[index]) for row in table) for index in range(len(layout.columns))]
    return ["  ".join(_padded(layout.columns, row, widths)).rstrip() for row in table]


def _padded(columns: Sequence[Column], row: Sequence[str], widths: Sequence[int]) -> Iterable[str]:
    for column, text, width in zip(columns, row, widths, strict=True):
        yield text.rjust(width) if column.is_number else text.ljust(width)


def _rank(figures: Figures, order: Order) -> float:
    """Say how far down it stands. What is idle or not known stands below all that is not."""
    match order:
        case Order.CALLS:
            known = figures.rate if figures.rate is not None else figures.calls
            return -(known or 0)
        case Order.SUCCESS:
            return math.inf if figures.success_share is None else figures.success_share
        case Order.LATENCY:
            return math.inf if figures.is_idle else -figures.latency.get(99, -math.inf)
        case Order.NAME:
            return 0


def _names(figures: Figures) -> tuple[str, ...]:
    peer = figures.peer or ObjectRef("", "", "")
    backend = figures.backend.name if figures.backend else ""
    resource = figures.resource
    return (resource.namespace, resource.name, figures.direction, peer.namespace, peer.name, backend)


def _peer(figures: Figures) -> str:
    peer, own = figures.peer, figures.resource
    if peer is None:
        return ANYBODY
    kind = f"{peer.kind} " if peer.kind not in {"", own.kind} else ""
    namespace = f"{peer.namespace}/" if peer.namespace not in {"", own.namespace} else ""
    return f"{kind}{namespace}{peer.name or '*'}"


def _success(figures: Figures) -> str:
    if figures.is_idle:
        return IDLE
    share = figures.success_share
    # Rounded down, so that a hundred percent means that nothing failed.
    return UNKNOWN if share is None else f"{math.floor(share * 10_000) / 100:.2f}%"


def _rate(figures: Figures) -> str:
    if figures.rate is None:
        return UNKNOWN
    return "0" if figures.is_idle else _short(figures.rate)


def _latency(percentile: int) -> Callable[[Figures], str]:
    def words(figures: Figures) -> str:
        if figures.is_idle:
            return NOTHING
        seconds = figures.latency.get(percentile)
        return UNKNOWN if seconds is None else latency_words(timedelta(seconds=seconds))

    return words


def latency_words(latency: timedelta) -> str:
    """Write a latency with three digits or so, in ms below a second."""
    seconds = latency.total_seconds()
    return f"{_short(seconds * 1000)}ms" if seconds < 1 else f"{_short(seconds)}s"


def _short(value: float) -> str:
    digits = 2 if value < 10 else 1 if value < 100 else 0  # noqa: PLR2004  three digits in all
    return f"{value:.{digits}f}"


_NAMESPACE = Column(title="NAMESPACE", text=lambda one: one.resource.namespace or NOTHING)
_NAME = Column(title="NAME", text=lambda one: one.resource.name or UNKNOWN)
_EDGE = (
    Column(title="PEER", text=lambda one: f"{one.direction or UNKNOWN} {_peer(one)}"),
    Column(title="SIDE", text=lambda one: one.side or UNKNOWN),
)
_BACKEND = (
    Column(title="BACKEND", text=lambda one: one.backend.name if one.backend else NOTHING),
    Column(title="WEIGHT", text=lambda one: one.backend.weight if one.backend else NOTHING, is_number=True),
)
_NUMBERS = (
    Column(title="SUCCESS", text=_success, is_number=True),
    Column(title="CALLS/S", text=_rate, is_number=True),
    *(Column(title=f"P{one}", text=_latency(one), is_number=True) for one in PERCENTILES),
)
