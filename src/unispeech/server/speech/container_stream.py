"""Decoding of a stream that arrives in a container, as browsers' MediaRecorder sends it, or as a
file of sound.

FFmpeg reads untrusted bytes, so each stream has a child process with a memory limit.
"""

from __future__ import annotations

import contextlib
import errno
import multiprocessing
import queue
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, Literal

import numpy as np

from unispeech.audio import files
from unispeech.audio.containers import MAX_HEADER
from unispeech.audio.pcm import PcmDecoder
from unispeech.errors import AudioError
from unispeech.realtime.intake import Intake
from unispeech.server.speech.decoders import TooLong, prepare_process, signals_blocked
from unispeech.types import SAMPLE_RATE, Samples

Form = Literal["pcm", "container", "any"]
"""Form of a stream; in `any` the first bytes tell a container from PCM."""
CONTAINERS = {
    b"\x1aE\xdf\xa3": "matroska", b"OggS": "ogg", b"RIFF": "wav", b"fLaC": "flac",
}  # fmt: skip
"""FFmpeg's demuxers by the first bytes of a file (WebM is Matroska)."""
MP3 = (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2")
"""First bytes of an MP3 file: a tag, or a frame. They may be PCM as well."""
MAGIC = 8
"""Bytes that tell a container from PCM."""
MAX_AHEAD = 10.0
"""Seconds of undecoded sound above which a container is not decoded further."""
MAX_QUEUED = 4 << 20
"""Bytes of the client that wait for the decoder, above which no more is read from it."""
OPTIONS = {"probesize": "65536", "analyzeduration": "0"}
"""FFmpeg options that keep the beginning from waiting for seconds of sound. `nobuffer` would drop
the packets that were probed: 2 s of a WAV, 20 ms of a WebM file."""


def container(data: bytes, may_be_pcm: bool = True) -> str | None:
    """Return the demuxer for a stream that begins with these bytes; None: it is PCM.

    Raises:
        AudioError: an MP4 file, which cannot be decoded while it arrives, or not a container.
    """
    if data[4:8] == b"ftyp":
        raise AudioError("a stream cannot be MP4", "send WebM, Ogg or PCM")
    for magic, demuxer in CONTAINERS.items():
        if data.startswith(magic):
            return demuxer
    if may_be_pcm:
        return None
    if data.startswith(MP3):
        return "mp3"
    raise AudioError(
        "the stream is not WebM, Ogg, WAV, FLAC or MP3",
        "send one of these, or raw audio with its encoding and sample rate",
    )


class StreamInput:
    """Sound of a stream, put into its intake: PCM, or the contents of a container, which a child
    process with at most `memory` bytes decodes.

    Raises:
        AudioError: the sample rate is out of range.
    """

    def __init__(
        self, intake: Intake, sample_rate: int, max_duration: float, form: Form, memory: int
    ) -> None:
        self._intake, self._memory, self._max_duration = intake, memory, max_duration
        self._pcm = PcmDecoder(sample_rate)
        self._bytes_per_second = 2 * sample_rate
        self._may_be_pcm = form == "any"
        self._start: bytes | None = None if form == "pcm" else b""  # while the demuxer is unknown
        self._decoder: ContainerDecoder | None = None
        self._bytes = 0
        self._decoded = 0  # samples of the container

    @property
    def seconds(self) -> float:
        """Seconds of sound received; of a container, decoded."""
        return (
            self._decoded / SAMPLE_RATE if self._decoder else self._bytes / self._bytes_per_second
        )

    @property
    def is_full(self) -> bool:
        return self._decoder is not None and self._decoder.is_full

    def feed(self, data: bytes) -> None:
        """Add bytes of any number.

        Raises:
            TooLong: the stream would exceed `max_duration`; nothing is added.
        """
        if self._start is not None:
            data = self._recognized(data)
        if self._decoder is not None:
            self._decoder.feed(data)
            return
        if (self._bytes + len(data)) / self._bytes_per_second > self._max_duration:
            raise self._too_long()
        self._bytes += len(data)
        self._intake.put(self._pcm.feed(data))

    def _recognized(self, data: bytes) -> bytes:
        """Return the bytes to decode, once there are enough to tell the form.

        A form that cannot be decoded ends the intake with an error.
        """
        assert self._start is not None
        self._start += data
        if len(self._start) < MAGIC:
            return b""
        data, self._start = self._start, None
        try:
            demuxer = container(data, self._may_be_pcm)
        except AudioError as error:
            self._intake.close(error)
            return b""
        if demuxer is not None:
            self._decoder = ContainerDecoder(demuxer, self._memory, self._put, self._intake.close)
        return data

    def _put(self, samples: Samples) -> bool:
        """Add samples of the container; return False if no more may come."""
        self._decoded += len(samples)
        if self._decoded / SAMPLE_RATE > self._max_duration:
            self._intake.close(self._too_long())
            return False
        while self._intake.waiting > MAX_AHEAD and not self._intake.closed:
            time.sleep(0.05)
        self._intake.put(samples)
        return not self._intake.closed

    def _too_long(self) -> TooLong:
        return TooLong(f"a stream may last {self._max_duration:g} s")

    def end(self) -> None:
        """End the sound; the rest is still put into the intake, which is closed after it."""
        if self._decoder is not None:
            self._decoder.end()
            return
        self._intake.put(self._pcm.feed(self._start or b""))
        self._start = None
        self._intake.put(self._pcm.end())
        self._intake.close()

    def stop(self) -> None:
        """Discard what is not decoded yet."""
        if self._decoder is not None:
            self._decoder.kill()
        self._intake.close()


class ContainerDecoder:
    """Child process that decodes one stream.

    `on_samples`, which returns False to end the decoding, and `on_end` are called in a thread.
    """

    def __init__(
        self,
        demuxer: str,
        memory: int,
        on_samples: Callable[[Samples], bool],
        on_end: Callable[[AudioError | None], None],
        max_silent: int = MAX_HEADER,
    ) -> None:
        context = multiprocessing.get_context("spawn")
        self._connection, other = context.Pipe()
        self._process = context.Process(
            target=_decode, args=(other, demuxer, memory, max_silent), daemon=True
        )
        with signals_blocked():
            self._process.start()
        other.close()
        self._queue: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        self._fed = self._sent = 0  # bytes; each is written by one thread
        self._on_samples, self._on_end = on_samples, on_end
        for work in (self._send, self._receive):
            threading.Thread(target=work, name="unispeech-container", daemon=True).start()

    @property
    def is_full(self) -> bool:
        """True while the decoder is behind, so that no more should be fed."""
        return self._fed - self._sent > MAX_QUEUED

    def feed(self, data: bytes) -> None:
        if data:
            self._fed += len(data)
            self._queue.put(data)

    def end(self) -> None:
        """End the stream; the rest is still decoded."""
        self._queue.put(b"")

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()
        self._queue.put(b"")

    def _send(self) -> None:
        with contextlib.suppress(OSError):
            while data := self._queue.get():
                self._connection.send_bytes(data)
                self._sent += len(data)
            self._connection.send_bytes(b"")

    def _receive(self) -> None:
        error: AudioError | None = None
        try:
            while data := self._connection.recv_bytes():
                if not self._on_samples(np.frombuffer(data, np.float32)):
                    return
            message = self._connection.recv()
            error = AudioError(f"the stream cannot be decoded ({message})") if message else None
        except (EOFError, OSError):
            error = AudioError("the decoder of the stream crashed", "send PCM")
        finally:
            self.kill()
            self._process.join()
            self._on_end(error)


class _Pipe:
    """File that reads what arrives from the parent, at most `max_silent` bytes between sounds."""

    def __init__(self, connection: Connection[Any, Any], max_silent: int) -> None:
        self._connection = connection
        self._max_silent = max_silent
        self._buffer = memoryview(b"")
        self._ended = False
        self.silent = 0
        """Bytes since the last sound. FFmpeg reads pictures and attachments into memory."""

    def read(self, size: int) -> bytes:
        if not self._buffer and not self._ended:
            try:
                self._buffer = memoryview(self._connection.recv_bytes())
            except EOFError:
                self._buffer = memoryview(b"")
            self._ended = not self._buffer
        piece, self._buffer = bytes(self._buffer[:size]), self._buffer[size:]
        self.silent += len(piece)
        if self.silent > self._max_silent:
            raise OSError(errno.EFBIG, f"more than {self._max_silent >> 20} MiB without sound")
        return piece


def _decode(connection: Connection[Any, Any], demuxer: str, memory: int, max_silent: int) -> None:
    """Run in the child: send float32 samples of 16 kHz, an empty message, and the error or None."""
    prepare_process(memory)
    import av

    error = None
    pipe = _Pipe(connection, max_silent)
    try:
        with av.open(
            pipe, mode="r", format=demuxer, options=OPTIONS, metadata_errors="ignore",
            buffer_size=4096,
        ) as file:  # fmt: skip
            resampler = av.AudioResampler("flt", "mono", SAMPLE_RATE)
            for frame in file.decode(audio=0):
                pipe.silent = 0
                _send(connection, resampler.resample(frame))
            _send(connection, resampler.resample(None))
    except (av.FFmpegError, IndexError, ValueError, OSError, MemoryError) as failure:
        error = files.reason(failure)
    connection.send_bytes(b"")
    connection.send(error)


def _send(connection: Connection[Any, Any], frames: Any) -> None:
    for frame in frames:
        if data := frame.to_ndarray().astype(np.float32).tobytes():
            connection.send_bytes(data)
