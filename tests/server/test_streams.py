"""Streams without a socket: buffers, backpressure and reconnection."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

import numpy as np
import pytest
from fastapi import WebSocket, WebSocketDisconnect
from starlette.types import Message

from support.samples import SAMPLES
from unispeech.audio.recording import load
from unispeech.engine.engine import Engine
from unispeech.server.http import websockets
from unispeech.server.service_errors import Busy, NotFound
from unispeech.server.settings import Settings
from unispeech.server.speech.speech import Speech, SpeechRequest
from unispeech.server.speech.streams import (
    MAX_AUDIO_AHEAD,
    MAX_UNREAD,
    Stream,
    StreamMessage,
    StreamRequest,
    Streams,
)

Get = Callable[..., Engine]

SECOND = bytes(2 * 16_000)


class FakeSpeech:
    """Stand-in for the server's `Speech`: a real engine, which loads when the test says so."""

    def __init__(self, engine: Engine) -> None:
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


def opened(speech: FakeSpeech, sample_rate: int = 16_000) -> tuple[Streams, Stream]:
    streams = Streams(Settings(_env_file=None), cast(Speech, speech))  # type: ignore[call-arg]
    return streams, streams.open(
        "somebody", StreamRequest(SpeechRequest("faster", "tiny.en", {}), sample_rate=sample_rate)
    )


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
