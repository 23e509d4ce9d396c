"""Shows a table again and again on a terminal, in place, as wide and as high as that is."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from rich.console import Console, Group, JustifyMethod, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from conformance.errors import ConformanceError
from conformance.top.figures import Figures
from conformance.top.layout import Layout, window_words
from conformance.top.source import Reading

_OLD = 3
"""Figures that ended so many windows ago, or intervals if these are longer, are called old. A guess."""
_SPANS = ((86400, "days"), (3600, "h"), (60, "min"))
_FRAME = 4
"""Lines around the rows: what is read, a blank one, the titles, and what is going on."""
_GAP = 2
"""Between two columns. Unit: characters."""
_NARROWEST = 6
"""Below this a name says nothing; then the right end of the table is cut. Unit: characters."""
_STEADY = 7
"""Least width of a number's column, so that the table does not move with every digit. Unit: characters."""
_GOOD, _FAIR = 0.999, 0.95
"""Shares of success from which on a row is green, or yellow. A matter of taste."""


@dataclass(slots=True, kw_only=True)
class Screen:
    """What is on the terminal: the last reading, and what has become of the attempt to get a newer one."""

    title: str
    """What is read, and where."""
    interval: timedelta
    lay_out: Callable[[tuple[Figures, ...]], Layout]
    reading: Reading | None = None
    trouble: str = ""
    """Why there is no newer reading; empty when there is none to be had."""
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    def run(self, read: Callable[[], Reading], console: Console) -> None:
        """Read and show until Ctrl-C; leave the last table standing.

        Raises:
            ConformanceError: The first reading failed; later ones are told on the screen and tried again.
        """
        self.reading = read()
        try:
            with Live(get_renderable=lambda: self.render(console), console=console, screen=True) as live:
                while True:
                    live.refresh()
                    time.sleep(self.interval.total_seconds())
                    self._read_again(read)
        except KeyboardInterrupt:
            console.print(self.render(console))

    def render(self, console: Console) -> RenderableType:
        """Draw everything for the console as it is now."""
        layout = self.lay_out(self.reading.figures if self.reading else ())
        room = max(console.size.height - _FRAME, 1)
        hidden = len(layout.rows) - room
        shown = layout.rows if hidden <= 0 else layout.rows[: room - 1]
        more = [Text(f"... and {len(layout.rows) - len(shown)} more", style="dim")] if hidden > 0 else []
        head = Text(self.title, style="bold", no_wrap=True, overflow="ellipsis")
        return Group(head, self._state(), Text(""), _table(layout, shown, console.size.width), *more)

    def _read_again(self, read: Callable[[], Reading]) -> None:
        try:
            self.reading, self.trouble = read(), ""
        except ConformanceError as error:
            self.trouble = error.what

    def _state(self) -> Text:
        if self.reading is None:
            return Text("")
        if self.trouble:
            since = f"as of {_clock_words(self.reading.at)}; not since: {self.trouble}"
            return Text(since, style="bold red", no_wrap=True, overflow="ellipsis")
        words = state_words(self.reading, self.interval, self.clock())
        return Text(words, style="dim", no_wrap=True, overflow="ellipsis")


def state_words(reading: Reading, interval: timedelta, now: datetime) -> str:
    """Say when was read what, and of which time the figures are."""
    figures = reading.figures
    windows = window_words(figures)
    until = max((one.until for one in figures if one.until), default=None)
    parts = [f"read at {_clock_words(reading.at)}"]
    if not figures:
        parts.append("nothing is there")
    if windows:
        parts.append(f"window {windows}")
    if until is not None:
        parts.append(f"until {_clock_words(until)}{_age(until, figures, interval, now)}")
    return ", ".join(parts)


def _age(until: datetime, figures: tuple[Figures, ...], interval: timedelta, now: datetime) -> str:
    usual = max([interval, *(one.window for one in figures if one.window)])
    age = now - until
    return f": {_span_words(age)} old" if age > _OLD * usual else ""


def _span_words(span: timedelta) -> str:
    seconds = span.total_seconds()
    length, unit = next((one for one in _SPANS if seconds >= 2 * one[0]), (1, "s"))
    return f"{seconds / length:.0f} {unit}"


def _clock_words(moment: datetime) -> str:
    return f"{moment.astimezone():%H:%M:%S}"


def _table(layout: Layout, rows: tuple[Figures, ...], width: int) -> Table:
    table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="bold")
    for column, broad in zip(layout.columns, _widths(layout, rows, width), strict=True):
        justify: JustifyMethod = "right" if column.is_number else "left"
        table.add_column(column.title, justify=justify, no_wrap=True, overflow="ellipsis", width=broad)
    for row in rows:
        table.add_row(*(Text(cell) for cell in layout.cells(row)), style=_style(row))
    return table


def _widths(layout: Layout, rows: tuple[Figures, ...], total: int) -> list[int]:
    """Say how broad each column is: as it wants, or else the broadest of those with words give way."""
    table = [layout.titles, *map(layout.cells, rows)]
    wanted = [max(len(line[index]) for line in table) for index in range(len(layout.columns))]
    widths = [
        max(width, _STEADY) if column.is_number else width
        for column, width in zip(layout.columns, wanted, strict=True)
    ]
    words = [index for index, column in enumerate(layout.columns) if not column.is_number]
    for _ in range(sum(widths) + _GAP * (len(widths) - 1) - total):
        broadest = max(words, key=lambda index: widths[index])
        widths[broadest] = max(widths[broadest] - 1, _NARROWEST)
    return widths


def _style(row: Figures) -> str:
    share = row.success_share
    if row.is_idle or share is None:
        return "dim"
    return "green" if share >= _GOOD else "yellow" if share >= _FAIR else "red"
