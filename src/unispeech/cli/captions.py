"""Live captions on a terminal.

Finished lines scroll. The current line is rewritten in place, with the words that may still change
in grey. A status line below shows the level, the time and the lag.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from unispeech.realtime.events import Event
from unispeech.realtime.lines import Lines
from unispeech.text import formats
from unispeech.types import Segment

METER = 14
"""Cells of the level meter."""
QUIET = -54.0
"""The level at which the meter is empty, in decibels relative to full scale."""
BLOCKS = " ▏▎▍▌▋▊▉█"
SLOW = 2.0
"""Seconds of lag from which it is shown in yellow."""


class Captions:
    """The state of the screen. rich renders it from another thread, which only reads."""

    def __init__(
        self, title: str, level: Callable[[], float], time: Callable[[], float],
        lag: Callable[[], float],
    ) -> None:  # fmt: skip
        self.title = title
        self._level, self._time, self._lag = level, time, lag
        self._lines = Lines()
        self._partial: Event | None = None
        self._console: Console | None = None
        self._loud = 0.0

    def add(self, event: Event, write: bool = True) -> list[Segment]:
        """Update the screen, print the lines that the event completes, and return them."""
        done = self._lines.add(event)
        if event.type == "partial":
            self._partial = event
        elif event.type in ("final", "endpoint"):
            self._partial = None
        for line in done if write else ():
            self._write(line)
        return done

    def end(self) -> list[Segment]:
        """Return the final words of the unfinished line as a line, at the end of the stream."""
        return self._lines.end()

    def _write(self, line: Segment) -> None:
        if self._console is not None and self._console.file is sys.stdout:
            self._console.print(_row(line.start, Text(line.text.strip())))
        else:
            click.echo(formats.line(line))
            sys.stdout.flush()

    @contextmanager
    def shown(self, enabled: bool) -> Iterator[None]:
        """Keep the captions up to date on the terminal of stdout, or else of stderr."""
        if not enabled or not (sys.stdout.isatty() or sys.stderr.isatty()):
            yield
            return
        file = sys.stdout if sys.stdout.isatty() else sys.stderr
        self._console = Console(file=file, highlight=False)
        live = Live(
            get_renderable=self._render,
            console=self._console,
            refresh_per_second=12,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=file is sys.stdout and sys.stderr.isatty(),
            vertical_overflow="crop",
        )
        with live:
            yield

    def _render(self) -> RenderableType:
        line = Text(self._lines.text.lstrip(), "bold")
        start = self._lines.start
        partial = self._partial
        if partial is not None:
            start = partial.start if start is None else start
            line.append(partial.text if line else partial.text.lstrip(), "grey58 italic")
        row = _row(start, line) if start is not None else Text("")
        return Group(row, Text(""), self._status())

    def _status(self) -> Text:
        seconds, lag = self._time(), self._lag()
        status = Text("  ")
        status.append("●" if int(seconds * 2) % 2 == 0 else "○", "red")
        status.append(f" {_clock(seconds)} ")
        status.append_text(self._meter())
        if lag >= 0.05:
            status.append(f" {lag:4.1f} s behind", "yellow" if lag > SLOW else "grey58")
        else:
            status.append("  up to date ", "grey58")
        status.append(f"  {self.title}", "grey58")
        status.no_wrap = True
        status.overflow = "ellipsis"
        return status

    def _meter(self) -> Text:
        """The level meter: rises at once and falls slowly."""
        level = self._level()
        decibels = 20 * math.log10(level) if level > 0 else QUIET
        self._loud = max(1 - decibels / QUIET, self._loud - 0.08, 0.0)
        eighths = min(round(self._loud * METER * 8), METER * 8)
        bar = "█" * (eighths // 8) + (BLOCKS[eighths % 8] if eighths % 8 else "")
        meter = Text("▕", "grey37")
        for style, part in (("green", bar[:9]), ("yellow", bar[9:12]), ("red", bar[12:])):
            meter.append(part, style)
        meter.append(" " * (METER - len(bar)))
        return meter.append("▏", "grey37")


def _row(start: float, text: Text) -> Table:
    row = Table.grid(padding=(0, 2))
    row.add_column(width=7, justify="right", no_wrap=True)
    row.add_column(overflow="fold")
    row.add_row(Text(_clock(start), "grey50"), text)
    return row


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
