"""The sound of a row, as the engine takes it: a path, a stream, or the samples of a part."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np

from unispeech.audio.recording import Recording, Source
from unispeech.corpus.rows import Row
from unispeech.engine import sound
from unispeech.engine.sound import Input
from unispeech.errors import AudioError, AudioNotFound, UnispeechError, UnsupportedOption
from unispeech.options import SoundOptions
from unispeech.types import SAMPLE_RATE, Samples


class Failed(io.BytesIO):
    """A recording that fails when it is read, so that its error comes in its place."""

    def __init__(self, name: str, error: AudioError) -> None:
        super().__init__()
        self.name = name
        self._error = error

    def seekable(self) -> bool:
        """The first thing that a reader asks. Raises the error."""
        raise self._error


class Stream(io.BufferedIOBase):
    """A recording at a URL. The connection is made when it is read."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.name = url
        self._file: IO[bytes] | None = None

    def seekable(self) -> bool:
        return self._opened().seekable()

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._opened().seek(offset, whence)

    def tell(self) -> int:
        return self._opened().tell()

    def read(self, size: int | None = -1) -> bytes:
        return self._opened().read(-1 if size is None else size)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        super().close()

    def _opened(self) -> IO[bytes]:
        """Raises `AudioError` if there is no such file, or no connection."""
        if self._file is None:
            import fsspec

            try:
                self._file = fsspec.open(self.name, "rb").open()
            except FileNotFoundError as error:  # also the error of a connection, as its cause
                if error.__cause__ is None:
                    raise AudioNotFound(f"{self.name}: there is no such file") from error
                raise AudioError(f"{self.name}: cannot be opened ({error.__cause__})") from error
            except Exception as error:  # fsspec raises the errors of many libraries
                reason = str(error).splitlines()[0] if str(error) else type(error).__name__
                raise AudioError(f"{self.name}: cannot be opened ({reason})") from error
        return self._file


@dataclass(slots=True)
class Taken:
    """A row whose sound the engine has."""

    row: Row
    input: Input
    shift: float = 0.0
    """Seconds from the start of the recording to the start of the input."""
    warnings: list[str] = field(default_factory=list)
    """Lines about the recording of a part."""

    def close(self) -> None:
        if isinstance(self.input.source, io.BufferedIOBase):
            self.input.source.close()


class Reader:
    """Opener of rows. Parts of a recording that follow each other read it once.

    Args:
        options: how recordings are read.
        language: makes the code of a language that a row states; None if all rows have one.
    """

    def __init__(self, options: SoundOptions, language: Callable[[str], str] | None) -> None:
        self._options = options
        self._language = language
        self._parts: Parts | None = None

    def take(self, row: Row) -> Taken:
        """The sound of a row; never raises."""
        try:
            return self._taken(row)
        except UnispeechError as error:
            failure = AudioError(error.message, error.hint, code=error.code, option=error.option)
        except Exception as error:  # of a file system, or of the manifest's reader
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            failure = AudioError(f"{row.audio}: cannot be read ({reason})")
        return Taken(row, Input(Failed(row.audio, failure)))

    def _taken(self, row: Row) -> Taken:
        if row.problem:
            raise AudioError(row.problem, code="invalid_row")
        language = self._language(row.language) if self._language and row.language else None
        if not row.is_part:
            return Taken(row, Input(_source(row), language=language))
        if self._options.has_lanes:
            raise UnsupportedOption(
                f"{row.audio}: a part of a recording is read as one channel of one track",
                "leave out channels=each and audio_track=all", option="channels",
            )  # fmt: skip
        if self._parts is None or not self._parts.reaches(row):
            self._parts = Parts(row, self._options)
        samples = self._parts.samples(row)
        return Taken(
            row,
            Input(samples, SAMPLE_RATE, track="1", language=language, name=row.audio),
            row.start,
            list(self._parts.recording.warnings),
        )


class Parts:
    """Parts of one recording, in the order of their starts. Holds the samples of one part."""

    def __init__(self, row: Row, options: SoundOptions) -> None:
        self.audio = row.audio
        self.recording: Recording = sound.opened(Input(_source(row)), options, name=row.audio)
        self._blocks: Iterator[Samples] = self.recording.blocks()
        self._held = np.zeros(0, np.float32)
        self._first = 0
        """The index in the recording of the first sample held."""

    def reaches(self, row: Row) -> bool:
        """True if the part is of this recording and is still to come."""
        return self.audio == row.audio and round(row.start * SAMPLE_RATE) >= self._first

    def samples(self, row: Row) -> Samples:
        """The samples of a part, shape (n,).

        Raises:
            AudioError: the recording cannot be read, or ends before the part.
        """
        start = round(row.start * SAMPLE_RATE)
        end = None if row.end is None else round(row.end * SAMPLE_RATE)
        while end is None or self._first + len(self._held) < end:
            block = next(self._blocks, None)
            if block is None:
                break
            self._drop(start)
            self._held = np.concatenate([self._held, block])
        self._drop(start)
        found = self._held if end is None else self._held[: end - start]
        if self._first < start or not len(found):
            ends = (self._first + len(self._held)) / SAMPLE_RATE
            raise AudioError(
                f"{row.audio}: it ends at {ends:.1f} s, before the part at {row.start:g} s"
            )
        return found.copy()

    def _drop(self, start: int) -> None:
        """Forget the samples before one."""
        count = min(max(start - self._first, 0), len(self._held))
        self._held = self._held[count:]
        self._first += count


def _source(row: Row) -> Source:
    if row.content is not None:
        content: Any = io.BytesIO(row.content())
        content.name = row.audio
        return content  # type: ignore[no-any-return]
    if "://" in row.audio:
        return Stream(row.audio)  # type: ignore[return-value]
    return Path(row.audio)
