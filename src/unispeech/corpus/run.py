"""A run over the rows of a shard: rows in, parts out."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from unispeech.corpus import schema
from unispeech.corpus.parts import Output, Record
from unispeech.corpus.rows import Row
from unispeech.corpus.sound import Reader, Taken
from unispeech.engine.engine import Engine
from unispeech.engine.sound import Input
from unispeech.errors import BackendError, ModelError, UnispeechError
from unispeech.types import Transcript

BROKEN = 10
"""Failures of the backend one after the other that end the run, as no recording causes them."""


class TooManyErrors(UnispeechError):
    """More rows failed than were allowed."""

    code = "too_many_errors"


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest part, and the largest number of failed rows; None is no limit."""

    rows: int = 1000
    seconds: float = 3600.0
    """Of sound."""
    errors: int | None = None

    def are_exceeded(self, failed: int) -> bool:
        """True if more rows have failed than are allowed."""
        return self.errors is not None and failed > self.errors


def too_many(failed: int, limits: Limits, output: Output) -> TooManyErrors:
    """The error of a run with too many failed rows."""
    return TooManyErrors(
        f"{failed} rows failed, more than {limits.errors}", f"see {output.folder / 'errors'}"
    )


@dataclass(slots=True)
class Tally:
    """Counts of a run so far."""

    rows: int = 0
    failed: int = 0
    sound: float = 0.0
    """Seconds."""


def run(
    engine: Engine,
    rows: Iterable[Row],
    output: Output,
    limits: Limits,
    on_row: Callable[[Tally], object] = lambda tally: None,
    failed_before: int = 0,
) -> Tally:
    """Transcribe rows and write them in parts. Rows of an unfinished part are not written.

    Raises:
        TooManyErrors: after the part with the last allowed failure is written.
        BackendError, ModelError: the backend failed for `BROKEN` rows in a row.
        OSError: a part cannot be written.
    """
    tally = Tally()
    part = _Part(output, limits)
    broken = 0
    for row, result, seconds in results(engine, rows):
        broken = broken + 1 if isinstance(result, BackendError | ModelError) else 0
        if broken == BROKEN:
            assert isinstance(result, UnispeechError)
            raise result
        tally.rows += 1
        if isinstance(result, UnispeechError):
            tally.failed += 1
            part.add(row, None, schema.error(row, result))
        else:
            tally.sound += result.duration
            part.add(row, schema.record(row, result, seconds), None)
        on_row(tally)
        if part.is_full and not broken:
            part.write()
        if limits.are_exceeded(failed_before + tally.failed):
            part.write()
            raise too_many(failed_before + tally.failed, limits, output)
    part.write()
    return tally


class _Part:
    """The rows of the part that is being filled."""

    def __init__(self, output: Output, limits: Limits) -> None:
        self._output = output
        self._limits = limits
        self._first = self._last = self._count = 0
        self._sound = 0.0
        self._records: list[Record] = []
        self._errors: list[Record] = []

    @property
    def is_full(self) -> bool:
        return self._count >= self._limits.rows or self._sound >= self._limits.seconds

    def add(self, row: Row, record: Record | None, error: Record | None) -> None:
        step = self._output.shard.count
        if self._count and row.number != self._last + step:
            self.write()  # a part has no row in it that another part has
        if not self._count:
            self._first = row.number
        self._last = row.number
        self._count += 1
        if record is not None:
            self._records.append(record)
            self._sound += record["duration"]
        if error is not None:
            self._errors.append(error)

    def write(self) -> None:
        if self._count:
            self._output.write(self._first, self._last, self._records, self._errors)
        self._count, self._sound = 0, 0.0
        self._records, self._errors = [], []


def results(
    engine: Engine, rows: Iterable[Row]
) -> Iterator[tuple[Row, Transcript | UnispeechError, float]]:
    """Each row with its transcript or error, and the seconds since the row before it.

    The rows share batches, also across parts.
    """
    has_language = engine.options.decode.language is not None
    reader = Reader(engine.options.sound, None if has_language else engine.facts.language)
    waiting: deque[Taken] = deque()

    def inputs() -> Iterator[Input]:
        for row in rows:
            taken = reader.take(row)
            waiting.append(taken)
            yield taken.input

    before = time.monotonic()
    for result in engine.transcribe_many(inputs()):
        taken = waiting.popleft()
        taken.close()
        if isinstance(result, Transcript):
            result = _in_recording(result, taken)
        now = time.monotonic()
        yield taken.row, result, now - before
        before = now


def _in_recording(transcript: Transcript, taken: Taken) -> Transcript:
    """The transcript of a part with the times and the warnings of its recording."""
    if not taken.row.is_part:
        return transcript
    lines = dict.fromkeys((*taken.warnings, *transcript.warnings))
    return replace(transcript.shifted(taken.shift), warnings=tuple(lines))
