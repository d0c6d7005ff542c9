"""Any recording to 16 kHz mono, a block at a time.

PyAV decodes and resamples (it carries FFmpeg's libraries, so no binary is needed). Samples are
16-bit on the way, which is what Whisper was trained on and what openai-whisper and faster-whisper
feed their models: the same file gives the same samples here.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from unispeech.audio import containers, integrity, pcm
from unispeech.audio.downmix import Downmix
from unispeech.audio.resampling import Resampler
from unispeech.errors import AudioError, AudioNotFound
from unispeech.types import SAMPLE_RATE, Samples

if TYPE_CHECKING:
    import av

Source: TypeAlias = "str | Path | bytes | IO[bytes] | npt.NDArray[np.generic]"
"""A path, the bytes of a file, an open file, or samples (float in [-1, 1] or int16) of shape (n,)
or (n, channels)."""

BLOCK = 10 * SAMPLE_RATE
"""Samples in a block; the last may be shorter."""

MISSING = 0.15
"""Seconds that a recording may be shorter than its header says: encoders round to whole frames."""


class Recording:
    """One source being read. Iterate `blocks()` once; the other fields tell how it went.

    `duration` is what the header says (None where it does not), and the real length once all has
    been read. `warnings` collects a line for each thing that was wrong and survived; `complete` is
    False where the recording ended before its header says. With `keep`, all of the sound stays in
    memory for `sound()`.
    """

    def __init__(
        self,
        source: Source,
        sample_rate: int | None = None,
        name: str = "",
        keep: bool = False,
    ) -> None:
        self.name = name or _name(source)
        self.duration: float | None = None
        self.complete = True
        self.warnings: list[str] = []
        self._source = source
        self._sample_rate = sample_rate
        self._kept: list[Samples] | None = [] if keep else None

    def blocks(self) -> Iterator[Samples]:
        """The samples, `BLOCK` at a time.

        Raises:
            AudioNotFound: there is no such file.
            AudioError: it cannot be read as sound, or holds none.
        """
        seen = 0
        for block in _regroup(self._decode(), BLOCK):
            seen += len(block)
            if self._kept is not None:
                self._kept.append(block)
            yield block
        if seen == 0:
            raise AudioError(f"{self.name}: there is no sound in it (0 seconds)")
        self.duration = seen / SAMPLE_RATE

    def read(self) -> Samples:
        """All of it, shape (n,). Raises as `blocks()` does."""
        return np.concatenate(list(self.blocks()))

    def sound(self) -> Samples:
        """What has been read of it so far, shape (n,); only with `keep`."""
        return np.concatenate([np.zeros(0, np.float32), *(self._kept or ())])

    def _decode(self) -> Iterator[Samples]:
        if hasattr(self._source, "dtype"):
            return self._from_array(self._source)
        if self._sample_rate is not None:
            raise AudioError(
                f"{self.name}: sample_rate is given for a file", "files say their own rate"
            )
        if isinstance(self._source, bytes | bytearray | memoryview):
            return self._from_file(io.BytesIO(self._source))
        if isinstance(self._source, str | Path):
            return self._from_path(Path(self._source))
        if hasattr(self._source, "read"):
            return self._from_file(self._source)
        raise AudioError(
            f"a {type(self._source).__name__} is not a recording",
            "give a path, bytes, an open file, or an array with its sample rate",
        )

    def _from_path(self, path: Path) -> Iterator[Samples]:
        if not self.name:
            raise AudioError("the name of a recording is empty", "give a path")
        if not path.exists():
            raise AudioNotFound(f"{self.name}: there is no such file")
        if path.is_dir():
            raise AudioError(f"{self.name}: it is a folder", "name the files in it")
        try:
            with path.open("rb") as file:
                if not file.peek(1):
                    raise AudioError(f"{self.name}: the file is empty (0 bytes)")
                yield from self._from_file(file)
        except PermissionError as error:
            raise AudioError(f"{self.name}: not allowed to read it", "check its mode") from error

    def _from_file(self, file: Any) -> Iterator[Samples]:
        try:
            seekable = _seekable(file)
            promised = integrity.promised_duration(file) if seekable else None
            cut_short = seekable and integrity.cut_short(file)
            with containers.opened(file) as container:
                if not container.streams.audio:
                    what = "video without sound" if container.streams.video else "no sound in it"
                    raise AudioError(f"{self.name}: {what}", "give a file with an audio track")
                stream = container.streams.audio[0]
                stated = promised or containers.stated_duration(container, stream)
                self.duration = stated
                pieces = self._from_stream(container, stream)
                yield from self._check_length(pieces, stated, cut_short)
        except AudioError:
            raise
        except Exception as error:  # FFmpeg's, or whatever a caller's own file object raises
            raise AudioError(
                f"{self.name}: not audio or video that can be read ({_reason(error)})",
                "check that it plays, or convert it to WAV or FLAC",
            ) from error

    def _from_stream(
        self, container: av.container.InputContainer, stream: av.AudioStream
    ) -> Iterator[Samples]:
        import av

        damaged = 0
        downmix = Downmix()
        for packet in container.demux(stream):
            try:
                frames = packet.decode()
            except av.InvalidDataError:
                damaged += 1
                continue
            for frame in frames:
                damaged += frame.is_corrupt
                yield from downmix.push(frame)
        yield from downmix.push(None)
        if damaged:
            self.warnings.append(f"{self.name}: {damaged} damaged pieces were skipped or guessed")
        if downmix.cancelled:
            self.warnings.append(
                f"{self.name}: its channels cancel each other when mixed; "
                "the loudest was taken where they do"
            )
        if downmix.bad_samples:
            self._warn_nan(downmix.bad_samples)

    def _check_length(
        self, pieces: Iterator[Samples], stated: float | None, cut_short: bool
    ) -> Iterator[Samples]:
        seen = 0
        for piece in pieces:
            seen += len(piece)
            yield piece
        got = seen / SAMPLE_RATE
        missing = stated is not None and got < stated - MISSING
        if missing or cut_short:
            says = f"its header says {stated:.1f} s" if missing else "in the middle of its stream"
            self.complete = False
            self.warnings.append(
                f"{self.name}: it ends after {got:.1f} s, {says}; "
                "what is there was transcribed, get a whole copy for the rest"
            )

    def _from_array(self, array: Any) -> Iterator[Samples]:
        rate = self._sample_rate
        if not isinstance(rate, int) or not 1000 <= rate <= 1_000_000:
            raise AudioError(
                f"an array with sample_rate {rate!r}", "pass its samples a second: 16000, say"
            )
        if array.ndim not in (1, 2) or (array.ndim == 2 and array.shape[1] > 64):
            raise AudioError(
                f"an array of shape {array.shape} is not sound", "give (n,) or (n, channels)"
            )
        if array.dtype.kind == "i":
            array = pcm.to_float(array)
        elif array.dtype.kind != "f":
            raise AudioError(f"an array of {array.dtype} is not sound", "give float32 or int16")
        samples = np.asarray(array, dtype=np.float32)
        if samples.ndim == 2:
            samples = samples.mean(axis=1)
        bad = int(np.count_nonzero(~np.isfinite(samples)))
        if bad:
            samples = np.where(np.isfinite(samples), samples, np.float32(0))
            self._warn_nan(bad)
        self.duration = len(samples) / rate
        resampler = Resampler(rate)
        for start in range(0, len(samples), BLOCK):
            yield resampler.push(samples[start : start + BLOCK])
        yield resampler.end()

    def _warn_nan(self, count: int) -> None:
        self.warnings.append(
            f"{self.name}: {count} samples are not numbers (NaN or infinite) and were taken for "
            "silence"
        )


def load(source: Source, sample_rate: int | None = None) -> Samples:
    """Read a whole recording: mono, 16 kHz, shape (n,). See `Recording.blocks` for errors."""
    return Recording(source, sample_rate).read()


def _name(source: object) -> str:
    name = str(source) if isinstance(source, str | Path) else getattr(source, "name", None)
    if not isinstance(name, str):
        return f"<{type(source).__name__}>"
    return "".join(c if c.isprintable() else "?" for c in name)


def _seekable(file: Any) -> bool:
    return hasattr(file, "seekable") and bool(file.seekable())


def _reason(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error)
    return str(text).split(": '")[0].splitlines()[0][:120] if text else type(error).__name__


def _regroup(pieces: Iterator[Samples], size: int) -> Iterator[Samples]:
    """The same samples in pieces of `size`, the last one shorter."""
    held: list[Samples] = []
    count = 0
    for piece in pieces:
        held.append(piece)
        count += len(piece)
        if count >= size:
            joined = np.concatenate(held)
            whole = math.floor(count / size) * size
            for start in range(0, whole, size):
                yield joined[start : start + size]
            held, count = [joined[whole:]], count - whole
    if count:
        yield np.concatenate(held)
