"""Streams without a socket: buffers, backpressure and reconnection."""

from __future__ import annotations

import asyncio
import multiprocessing
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from fastapi import WebSocket, WebSocketDisconnect
from starlette.types import Message

from support import matroska
from support.recordings import upsampled, write
from support.samples import SAMPLES, reference, words
from unispeech.audio.recording import load
from unispeech.engine.engine import Engine
from unispeech.errors import AudioError
from unispeech.server.http import websockets
from unispeech.server.service_errors import Busy, NotFound
from unispeech.server.settings import Settings
from unispeech.server.speech.container_stream import ContainerDecoder, container
from unispeech.server.speech.decoders import TooLong
from unispeech.server.speech.speech import Speech, SpeechRequest
from unispeech.server.speech.streams import (
    MAX_AUDIO_AHEAD,
    MAX_UNREAD,
    Stream,
    StreamMessage,
    StreamRequest,
    Streams,
)
from unispeech.types import Samples

Get = Callable[..., Engine]

SECOND = bytes(2 * 16_000)


class FakeSpeech:
    """Stand-in for the server's `Speech`: a real engine, which loads when the test says so."""

    def __init__(self, engine: Engine) -> None:
        self.settings = Settings(_env_file=None)  # type: ignore[call-arg]
        self.loaded = threading.Event()
        self._engine = engine

    @contextmanager
    def engine(self, ask: SpeechRequest) -> Iterator[Engine]:
        assert self.loaded.wait(60)
        yield self._engine

    def with_server_options(self, options: Mapping[str, Any]) -> dict[str, Any]:
        return dict(options)


@pytest.fixture
def speech(engine: Get) -> Iterator[FakeSpeech]:
    fake = FakeSpeech(engine())
    yield fake
    fake.loaded.set()


def opened(
    speech: FakeSpeech, sample_rate: int = 16_000, max_duration: float = 60
) -> tuple[Streams, Stream]:
    streams = Streams(Settings(_env_file=None), cast(Speech, speech))  # type: ignore[call-arg]
    return streams, streams.open(
        "somebody",
        StreamRequest(
            SpeechRequest("faster", "tiny.en", {}), sample_rate=sample_rate,
            form="any" if sample_rate == 16_000 else "pcm", max_duration=max_duration,
        ),
    )  # fmt: skip


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


async def read_all(queue: asyncio.Queue[StreamMessage | None]) -> list[StreamMessage]:
    """Return all messages up to the last."""
    messages: list[StreamMessage] = []
    async with asyncio.timeout(60):
        while not messages or messages[-1].kind not in ("done", "error"):
            message = await queue.get()
            assert message is not None
            messages.append(message)
    return messages


async def waiting(
    stream: Stream, reader: asyncio.Queue[StreamMessage | None] | None
) -> asyncio.Task[None]:
    """Return a task that waits to put a second of audio into a full stream."""
    for _ in range(int(MAX_AUDIO_AHEAD) + 1):
        await stream.put(SECOND, reader)
    task = asyncio.create_task(stream.put(SECOND, reader))
    await asyncio.sleep(0.2)
    assert not task.done()
    return task


def test_audio_that_was_not_accepted_is_not_counted(speech: FakeSpeech) -> None:
    """A client that reconnects sends it again."""

    async def work() -> None:
        _, stream = opened(speech)
        task = await waiting(stream, stream.read())
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert stream.received == (int(MAX_AUDIO_AHEAD) + 1) * len(SECOND)

    asyncio.run(work())


def test_audio_of_a_replaced_connection_is_dropped(speech: FakeSpeech) -> None:
    async def work() -> None:
        _, stream = opened(speech)
        task = await waiting(stream, stream.read())
        queue, received = stream.read(), stream.received
        speech.loaded.set()
        await task
        assert stream.received == received
        await stream.put(SECOND, queue)
        assert stream.received == received + len(SECOND)

    asyncio.run(work())


def test_audio_of_a_client_that_does_not_read_has_to_wait(speech: FakeSpeech) -> None:
    async def work() -> None:
        _, stream = opened(speech)
        queue = stream.read()
        for _ in range(MAX_UNREAD + 1):
            stream._publish("flushed")
        task = asyncio.create_task(stream.put(SECOND, queue))
        await asyncio.sleep(0.2)
        assert not task.done() and stream.received == 0
        await queue.get()
        await task
        assert stream.received == len(SECOND)

    asyncio.run(work())


def test_a_client_that_reads_nothing_counts_as_disconnected() -> None:
    class FakeSocket:
        """Stand-in for a WebSocket whose buffer stays full."""

        async def send_text(self, message: str) -> None:
            await asyncio.Event().wait()

    with pytest.raises(WebSocketDisconnect):
        asyncio.run(websockets.send(cast(Any, FakeSocket()), {}, timeout=0.01))


def test_a_client_that_disconnects_before_it_is_denied_is_no_error() -> None:
    attempts: list[str] = []

    async def send(message: Message) -> None:
        attempts.append(message["type"])
        raise OSError("the connection is closed")  # as uvicorn does

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    extensions: dict[str, object] = {"websocket.http.response": {}}
    scope = {"type": "websocket", "path": "/v1/stream", "headers": [], "extensions": extensions}
    socket = WebSocket(scope, receive, send)
    asyncio.run(websockets.deny(socket, Busy("too many live streams")))
    assert attempts == ["websocket.http.response.start"]


def test_each_disconnect_starts_the_resume_time_again(
    speech: FakeSpeech, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        streams, stream = opened(speech)
        timers: list[Callable[[], None]] = []
        loop = asyncio.get_running_loop()
        monkeypatch.setattr(loop, "call_later", lambda seconds, run: timers.append(run))
        streams.disconnect(stream, stream.read())
        streams.disconnect(stream, stream.read())  # it reconnected, and disconnected again
        timers[0]()
        assert streams.find(stream.id, "somebody") is stream
        timers[1]()
        with pytest.raises(NotFound):
            streams.find(stream.id, "somebody")

    asyncio.run(work())


def test_audio_after_the_end_is_dropped(speech: FakeSpeech) -> None:
    """The resampler has been flushed and accepts nothing more."""

    async def work() -> None:
        _, stream = opened(speech, sample_rate=24_000)
        speech.loaded.set()
        queue = stream.read()
        await stream.put(SECOND)
        stream.finish()
        stream.finish()
        await stream.put(SECOND)
        assert [message.kind for message in await read_all(queue)] == ["done"]
        assert stream.received == len(SECOND)

    asyncio.run(work())


def test_a_dropped_stream_is_not_decoded(speech: FakeSpeech) -> None:
    async def work() -> None:
        streams, stream = opened(speech)
        samples = load(SAMPLES / "english.wav")
        await stream.put((samples * 32767).astype(np.dtype("<i2")).tobytes())
        queue = stream.read()
        streams.end(stream)
        speech.loaded.set()
        assert [message.kind for message in await read_all(queue)] == ["done"]
        await until(lambda: not stream._thread.is_alive())

    asyncio.run(work())


def sample(path: Path) -> bytes:
    """A sample in the container of the suffix, as a browser's MediaRecorder or a file has it."""
    codecs = {".wav": "pcm_s16le", ".flac": "flac", ".mp3": "libmp3lame"}
    samples = load(SAMPLES / "english.wav")[None]
    if path.suffix in codecs:
        return write(path, samples, 16_000, codecs[path.suffix]).read_bytes()
    return write(path, upsampled(samples[0], 3)[None], 48_000, "libopus").read_bytes()


def transcribed(
    speech: FakeSpeech, data: bytes, piece: int, max_duration: float = 60
) -> list[StreamMessage]:
    async def work() -> list[StreamMessage]:
        streams, stream = opened(speech, max_duration=max_duration)
        reader = stream.read()
        for start in range(0, len(data), piece):
            await stream.put(data[start : start + piece])
        stream.finish()
        messages = await read_all(reader)
        streams.close()
        return messages

    speech.loaded.set()
    return asyncio.run(work())


@pytest.mark.parametrize(
    ("name", "piece"),
    [("a.webm", 5), ("b.webm", 4000), ("c.ogg", 1000), ("d.wav", 4000), ("e.flac", 1000)],
)
def test_a_recording_of_a_browser_is_decoded_while_it_arrives(
    speech: FakeSpeech, tmp_path: Path, name: str, piece: int
) -> None:
    data = sample(tmp_path / name)
    messages = transcribed(speech, data, piece)
    finals = [m.event.text for m in messages if m.event and m.event.type == "final"]
    assert messages[-1].kind == "done"
    assert words("".join(finals)) == words(reference("english"))


def test_a_container_is_limited_by_the_length_of_its_sound(
    speech: FakeSpeech, tmp_path: Path
) -> None:
    data = sample(tmp_path / "a.webm")
    last = transcribed(speech, data, 4000, max_duration=2)[-1]
    assert isinstance(last.error, TooLong)


@pytest.mark.parametrize("magic", [b"\x1aE\xdf\xa3", b"OggS"])
def test_a_damaged_container_is_an_error(speech: FakeSpeech, magic: bytes) -> None:
    last = transcribed(speech, magic + bytes(range(256)) * 100, 4000)[-1]
    assert isinstance(last.error, AudioError)


@pytest.mark.parametrize(("limit", "seconds"), [(4_000_000, 0), (6_000_000, 2)])
def test_a_stream_has_a_limit_of_bytes_without_sound(
    tmp_path: Path, limit: int, seconds: int
) -> None:
    """FFmpeg reads attachments into memory, and a stream of nothing else would never end."""
    matroska.write(tmp_path / "a.mkv", attachments=[1_000_000] * 5)
    samples: list[Samples] = []
    ended: queue.SimpleQueue[AudioError | None] = queue.SimpleQueue()

    def put(new: Samples) -> bool:
        samples.append(new)
        return True

    decoder = ContainerDecoder("matroska", 512 << 20, put, ended.put, limit)
    decoder.feed((tmp_path / "a.mkv").read_bytes())
    assert decoder.is_full
    decoder.end()
    assert (ended.get(timeout=60) is None) == bool(seconds)
    assert sum(map(len, samples)) == seconds * 16_000


def test_a_stream_cannot_be_mp4(speech: FakeSpeech) -> None:
    """Neither that nor raw samples in place of a container are taken for PCM afterwards."""
    last = transcribed(speech, b"\0\0\0\x20ftypiso5" + SECOND, 12)[-1]
    assert isinstance(last.error, AudioError)
    assert container(SECOND) is None
    with pytest.raises(AudioError):
        container(SECOND, may_be_pcm=False)


def test_mp3_is_recognized_only_where_pcm_is_not_possible(tmp_path: Path) -> None:
    data = sample(tmp_path / "a.mp3")
    assert container(data, may_be_pcm=False) == "mp3"
    assert container(data) is None


def test_the_length_of_a_stream_does_not_limit_the_bytes_of_a_container(
    speech: FakeSpeech, tmp_path: Path
) -> None:
    """The first message may be a whole file of better quality than PCM of 16 kHz."""
    samples = upsampled(load(SAMPLES / "english.wav"), 3)[None]
    data = write(tmp_path / "a.wav", samples, 48_000, "pcm_s16le").read_bytes()
    assert transcribed(speech, data, len(data), max_duration=15)[-1].kind == "done"


def test_a_dropped_stream_ends_its_decoder(speech: FakeSpeech, tmp_path: Path) -> None:
    data = sample(tmp_path / "a.webm")

    async def work() -> None:
        _, stream = opened(speech)
        await stream.put(data[:2000])
        (child,) = multiprocessing.active_children()
        stream.drop()
        await until(lambda: child not in multiprocessing.active_children())

    asyncio.run(work())
