"""Any recording as 16 kHz mono, a block at a time, on the timeline of its file.

PyAV decodes and resamples (it carries FFmpeg's libraries, so no binary is needed). Samples are
16-bit on the way, as Whisper was trained and as openai-whisper and faster-whisper feed their
models: the same file gives the same samples here.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt

from unispeech.audio import containers, files, integrity, length, pcm, tracks
from unispeech.audio.clock import Clock
from unispeech.audio.downmix import Downmix, Piece
from unispeech.audio.length import Length
from unispeech.audio.resampling import Resampler
from unispeech.errors import AudioError
from unispeech.types import SAMPLE_RATE, Samples

if TYPE_CHECKING:
    import av

Source: TypeAlias = "str | Path | bytes | IO[bytes] | npt.NDArray[np.generic]"
"""A path, the bytes of a file, an open file, or samples (float in [-1, 1] or int16) of shape (n,)
or (n, channels)."""

BLOCK = 10 * SAMPLE_RATE
"""Samples in a block; the last may be shorter."""

MISSING = 0.15
"""Tolerance in seconds between header and recording: encoders round to whole frames."""

Mix: TypeAlias = "Callable[[npt.NDArray[np.float32]], Samples]"
"""Makes mono of a block: shape (1, n), or (1 + channels, n) with FFmpeg's mix first."""

PickTrack: TypeAlias = "Callable[[Sequence[tracks.Track]], tracks.Track | None]"
"""Chooses one of several audio tracks; None leaves it to the file's own default."""


class Recording:
    """Reader of one source. Iterate `blocks()` once; the other fields describe the result.

    A sample's index is its time in the file: sound that starts late, and holes in it, are filled
    with silence (`clock`). `duration` is the header's figure, an estimate or None, and the real
    length once all has been read. `warnings` collects a line for each fault that was survived;
    `complete` is False if the recording ended before its header says. With `keep`, the samples
    stay in memory for `sound()`.

    `track` chooses an audio track by number (from 1) or language; without it `pick_track` does, or
    the file's own default. Samples before `start` seconds are replaced by silence, and reading
    stops at `end`. `mix` makes mono of several channels, a block at a time; the default is
    FFmpeg's mix.
    """

    reader: ClassVar[Callable[[Recording, Path], Iterator[Piece]] | None] = None
    """Decodes the files named by path; None: `decode_here`. Set by `decoding_process`."""

    def __init__(
        self,
        source: Source,
        sample_rate: int | None = None,
        name: str = "",
        keep: bool = False,
        track: str | None = None,
        start: float = 0.0,
        end: float | None = None,
        mix: Mix | None = None,
        pick_track: PickTrack | None = None,
    ) -> None:
        self.name = name or files.name_of(source)
        self.duration: float | None = None
        self.complete = True
        self.warnings: list[str] = []
        self.holes: list[tuple[float, float]] = []
        """Start and length in seconds of what was filled with silence."""
        self.container = ""
        """FFmpeg's name of the format; "" of samples."""
        self.tracks: tuple[tracks.Track, ...] = ()
        self.track: tracks.Track | None = None
        """The track that is read."""
        self.header = Length()
        self._source = source
        self._sample_rate = sample_rate
        self.wanted_track = track
        self._start = round(start * SAMPLE_RATE)
        self._end = None if end is None else round(end * SAMPLE_RATE)
        self._mix = mix
        self.pick_track = pick_track
        self._kept: list[Samples] | None = [] if keep else None

    def blocks(self) -> Iterator[Samples]:
        """The samples, `BLOCK` at a time.

        Raises:
            AudioNotFound: the file does not exist.
            AudioError: the source cannot be read as sound, holds none, or has no such track.
        """
        seen = 0
        for piece in regroup(self._within(self._decode()), BLOCK):
            block = piece[0] if self._mix is None else self._mix(piece)
            seen += len(block)
            if self._kept is not None:
                self._kept.append(block)
            yield block
        if seen == 0:
            raise AudioError(f"{self.name}: there is no sound in it (0 seconds)")
        if seen <= self._start:
            raise AudioError(
                f"{self.name}: it ends at {seen / SAMPLE_RATE:.1f} s, before the part to read",
                option="start",
            )
        self.duration = seen / SAMPLE_RATE

    def read(self) -> Samples:
        """All samples, shape (n,). Raises as `blocks()` does."""
        return np.concatenate(list(self.blocks()))

    def sound(self) -> Samples:
        """The samples read so far, shape (n,); only with `keep`."""
        return np.concatenate([np.zeros(0, np.float32), *(self._kept or ())])

    def _within(self, pieces: Iterator[Piece]) -> Iterator[Piece]:
        """The same timeline, silent before `start` and ending at `end`."""
        seen = 0
        for piece in pieces:
            if seen < self._start:
                piece = piece.copy()
                piece[:, : self._start - seen] = 0
            if self._end is not None and seen + piece.shape[1] >= self._end:
                yield piece[:, : self._end - seen]
                return
            seen += piece.shape[1]
            yield piece

    def _decode(self) -> Iterator[Piece]:
        if hasattr(self._source, "dtype"):
            return self._from_array(self._source)
        if self._sample_rate is not None:
            raise AudioError(
                f"{self.name}: sample_rate is given for a file", "files state their own rate"
            )
        if isinstance(self._source, bytes | bytearray | memoryview):
            return self._from_file(io.BytesIO(self._source))
        if isinstance(self._source, str | Path):
            path = Path(self._source)
            reader = Recording.reader or Recording.decode_here
            return reader(self, path)
        if hasattr(self._source, "read"):
            return self._from_file(self._source)
        raise AudioError(
            f"a {type(self._source).__name__} is not a recording",
            "give a path, bytes, an open file, or an array with its sample rate",
        )

    def decode_here(self, path: Path) -> Iterator[Piece]:
        """Decode a file in this process."""
        with files.opened(path, self.name) as file:
            yield from self._from_file(file)

    def _from_file(self, file: Any) -> Iterator[Piece]:
        try:
            seekable = files.is_seekable(file)
            wav = length.before_opening(file) if seekable else None
            truncated = seekable and integrity.truncated(file)
            with containers.opened(file, ignore_length=wav is not None and wav.stale) as container:
                stream = self._choose(container)
                self.header = length.of(container, stream, file if seekable else None, wav)
                self.duration = self.header.seconds
                pieces = self._from_stream(container, stream, Clock(container, self.duration))
                yield from self._check_length(pieces, self.header, truncated)
        except AudioError:
            raise
        except Exception as error:  # FFmpeg's, or whatever a caller's own file object raises
            raise files.unreadable(self.name, error) from error

    def _choose(self, container: av.container.InputContainer) -> av.AudioStream:
        self.container = container.format.name
        self.tracks = available = tracks.of(container)
        if not available:
            problem = "video without sound" if containers.films(container) else "no sound in it"
            raise AudioError(f"{self.name}: {problem}", "give a file with an audio track")
        several = len(available) > 1 and self.wanted_track is None
        picked = self.pick_track(available) if several and self.pick_track else None
        self.track = track = picked or tracks.chosen(available, self.wanted_track, self.name)
        if several:
            others = ", ".join(str(other) for other in available if other is not track)
            self.warnings.append(f"{self.name}: used audio track {track}; other tracks: {others}")
        return container.streams.audio[track.number - 1]

    def _from_stream(
        self, container: av.container.InputContainer, stream: av.AudioStream, clock: Clock
    ) -> Iterator[Piece]:
        self.holes = clock.holes
        damaged = 0
        downmix = Downmix()
        for frame in _frames(container, stream):
            if frame is None:
                damaged += 1
                continue
            damaged += frame.is_corrupt
            if silence := clock.silence_before(frame):
                yield from downmix.push(None)
                channels = frame.layout.nb_channels
                yield from _silence(silence, 1 if channels == 1 else 1 + channels)
            yield from downmix.push(frame)
        yield from downmix.push(None)
        if damaged:
            pieces = "1 damaged piece was" if damaged == 1 else f"{damaged} damaged pieces were"
            self.warnings.append(f"{self.name}: {pieces} skipped or guessed")
        if downmix.cancelled:
            self.warnings.append(
                f"{self.name}: the channels are out of phase; used the loudest one where they "
                "cancel"
            )
        if downmix.bad_samples:
            self._warn_nan(downmix.bad_samples)

    def _check_length(
        self, pieces: Iterator[Piece], header: Length, truncated: bool
    ) -> Iterator[Piece]:
        seen = 0
        for piece in pieces:
            seen += piece.shape[1]
            yield piece
        read = seen / SAMPLE_RATE
        missing = header.stated is not None and read < header.stated - MISSING
        if missing or truncated:
            where = f"its header says {header.stated:.1f} s" if missing else "in mid-stream"
            self.complete = False
            self.warnings.append(
                f"{self.name}: the file ends after {read:.1f} s, {where}; "
                "transcribed what is there, get a whole copy for the rest"
            )
        if header.stale:
            self.warnings.append(
                f"{self.name}: the sound is longer than its header says; read all {read:.1f} s"
            )

    def _from_array(self, array: Any) -> Iterator[Piece]:
        rate = self._sample_rate
        if not isinstance(rate, int) or not 1000 <= rate <= 1_000_000:
            raise AudioError(
                f"sample_rate is {rate!r}",
                "pass the samples per second of the array, such as 16000",
            )
        if self.wanted_track not in (None, "1"):
            raise AudioError(
                f"an array has no audio track {self.wanted_track!r}",
                "leave out audio_track",
                code="no_such_track",
                option="audio_track",
            )
        if array.ndim not in (1, 2) or (array.ndim == 2 and array.shape[1] > 64):
            raise AudioError(
                f"an array of shape {array.shape} is not sound", "give (n,) or (n, channels)"
            )
        if array.dtype.kind == "i":
            array = pcm.to_float(array)
        elif array.dtype.kind != "f":
            raise AudioError(f"an array of {array.dtype} is not sound", "give float32 or int16")
        rows = np.atleast_2d(np.asarray(array, dtype=np.float32).T)
        bad = int(np.count_nonzero(~np.isfinite(rows)))
        if bad:
            rows = np.where(np.isfinite(rows), rows, np.float32(0))
            self._warn_nan(bad)
        if len(rows) > 1:
            rows = np.concatenate([rows.mean(axis=0, keepdims=True), rows])
        self.duration = rows.shape[1] / rate
        resamplers = [Resampler(rate) for _ in rows]
        for start in range(0, rows.shape[1], BLOCK):
            block = rows[:, start : start + BLOCK]
            yield np.stack([r.push(row) for r, row in zip(resamplers, block, strict=True)])
        yield np.stack([resampler.end() for resampler in resamplers])

    def _warn_nan(self, count: int) -> None:
        self.warnings.append(
            f"{self.name}: {count} samples are not numbers (NaN or infinite) and were replaced by "
            "silence"
        )


def load(source: Source, sample_rate: int | None = None) -> Samples:
    """Read a whole recording: mono, 16 kHz, shape (n,). See `Recording.blocks` for errors."""
    return Recording(source, sample_rate).read()


def _frames(
    container: av.container.InputContainer, stream: av.AudioStream
) -> Iterator[av.AudioFrame | None]:
    """The decoded frames; None for each packet that cannot be decoded."""
    import av

    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except av.InvalidDataError:
            yield None


def _silence(seconds: float, rows: int) -> Iterator[Piece]:
    samples = round(seconds * SAMPLE_RATE)
    for start in range(0, samples, BLOCK):
        yield np.zeros((rows, min(BLOCK, samples - start)), np.float32)


def regroup(pieces: Iterator[Piece], size: int) -> Iterator[Piece]:
    """The same samples in pieces of `size`, shorter at the end and where the channels change."""
    held: list[Piece] = []
    count = 0
    for piece in pieces:
        if held and len(held[0]) != len(piece):
            if count:
                yield np.concatenate(held, 1)
            held, count = [], 0
        held.append(piece)
        count += piece.shape[1]
        if count >= size:
            joined = np.concatenate(held, 1)
            whole = count // size * size
            for start in range(0, whole, size):
                yield joined[:, start : start + size]
            held, count = [joined[:, whole:]], count - whole
    if count:
        yield np.concatenate(held, 1)
