"""Live streams: a thread each, shared engines, and numbered messages for reconnecting clients."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections import deque
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from unispeech.realtime import intake
from unispeech.realtime.events import Event
from unispeech.realtime.intake import DISCARD_PHRASE, Intake
from unispeech.realtime.options import LiveOptions
from unispeech.realtime.session import Session
from unispeech.server.observe import metrics
from unispeech.server.service_errors import Busy, NotFound
from unispeech.server.settings import Settings
from unispeech.server.speech.broadcasts import Broadcast
from unispeech.server.speech.container_stream import Form, StreamInput
from unispeech.server.speech.speech import Speech, SpeechRequest
from unispeech.types import SAMPLE_RATE, Samples

MAX_AUDIO_AHEAD = 10.0
"""Seconds of undecoded audio above which no more is read from the client."""
HISTORY = 5000
"""Messages stored for a client that reconnects."""
MAX_UNREAD_PARTIALS = 64
"""Unread messages above which a slow client gets no more partial results."""
MAX_UNREAD = 512
"""Unread messages above which no more audio is read from a slow client."""


MessageKind = Literal["event", "flushed", "discarded", "error", "done"]


@dataclass(frozen=True, slots=True)
class StreamRequest:
    """Configuration of a stream."""

    speech: SpeechRequest
    live: LiveOptions = field(default_factory=LiveOptions)
    sample_rate: int = SAMPLE_RATE
    max_duration: float = float("inf")
    """Seconds of audio that the stream accepts."""
    form: Form = "pcm"


@dataclass(frozen=True, slots=True)
class StreamMessage:
    """Message of a stream, in order: an event, the end of a flush or discard, an error, the end."""

    number: int
    kind: MessageKind
    event: Event | None = None
    error: Exception | None = None


class Stream:
    """Live transcription for one client. Every public method runs in the event loop."""

    def __init__(self, owner: str, request: StreamRequest, speech: Speech) -> None:
        self.id = uuid.uuid4().hex
        self.owner = owner
        self.received = 0  # bytes accepted
        self.ended = False
        self.disconnects = 0
        self._broadcast: Broadcast | None = None
        self._request = request
        self._speech = speech
        self._intake = Intake()
        self._input = StreamInput(
            self._intake, request.sample_rate, request.max_duration,
            request.form, speech.settings.decode_memory,
        )  # fmt: skip
        self._history: deque[StreamMessage] = deque(maxlen=HISTORY)
        self._count = 0
        self._reader: asyncio.Queue[StreamMessage | None] | None = None
        self._finished = False
        self._dropped = False
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(
            target=self._work, name=f"unispeech-stream-{self.id[:8]}", daemon=True
        )
        self._thread.start()

    @property
    def seconds(self) -> float:
        """Seconds of audio received."""
        return self._input.seconds

    @property
    def processed(self) -> float:
        """Seconds of audio that have been decoded."""
        return self.seconds - self._intake.waiting

    async def put(
        self, data: bytes, reader: asyncio.Queue[StreamMessage | None] | None = None
    ) -> None:
        """Accept signed 16-bit little-endian mono PCM, or a container if the request allows it.
        Waits while decoding or the client lags.

        `reader` is the queue of the connection that sends the data. Data of a replaced connection
        is dropped, because the new one sends everything after `received`.

        Raises:
            TooLong: the stream exceeds the caller's maximum duration.
        """
        while not self.ended and (
            self._intake.waiting > MAX_AUDIO_AHEAD
            or self._unread > MAX_UNREAD
            or self._input.is_full
        ):
            await asyncio.sleep(0.05)
        if self._finished or (reader is not None and reader is not self._reader):
            return
        self._input.feed(data)
        self.received += len(data)

    @property
    def _unread(self) -> int:
        return self._reader.qsize() if self._reader is not None else 0

    def flush(self) -> None:
        """End the phrase here; the message `flushed` follows its text."""
        self._intake.end_phrase()

    def discard(self) -> None:
        """Discard the phrase up to here; the message `discarded` follows the events before it."""
        self._intake.discard_phrase()

    def finish(self) -> None:
        """End the audio; what was received is still decoded."""
        if not self._finished:
            self._finished = True
            self._input.end()

    def drop(self) -> None:
        """Discard the stream and its undecoded audio."""
        self._finished = self._dropped = True
        self._input.stop()

    def publish_to(self, broadcast: Broadcast | None) -> Broadcast | None:
        """Show the events from now on to others, or nobody. Returns the broadcast before."""
        before, self._broadcast = self._broadcast, broadcast
        return before

    def read(self, after: int = 0) -> asyncio.Queue[StreamMessage | None]:
        """Return a queue with the messages after a number, and all later ones. The previous reader
        gets None."""
        self.detach()
        self._reader = asyncio.Queue()
        for message in self._history:
            if message.number > after:
                self._reader.put_nowait(message)
        return self._reader

    def detach(self, queue: asyncio.Queue[StreamMessage | None] | None = None) -> bool:
        """Detach the reader (or this one); return False if it was not attached."""
        if self._reader is None or queue not in (None, self._reader):
            return False
        self._reader.put_nowait(None)
        self._reader = None
        self.disconnects += 1
        return True

    def _publish(self, kind: MessageKind, **fields: Any) -> None:
        self._count += 1
        message = StreamMessage(self._count, kind, **fields)
        is_partial = message.event is not None and message.event.type == "partial"
        self.ended |= kind in ("error", "done")
        if self._broadcast is not None:
            if message.event is not None:
                self._broadcast.show(self, message.event)
            elif self.ended:
                self._broadcast.stop(self)
        if not is_partial:
            self._history.append(message)
        if self._reader is None or (is_partial and self._reader.qsize() > MAX_UNREAD_PARTIALS):
            return
        self._reader.put_nowait(message)

    def _publish_from_thread(self, kind: str, **fields: Any) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(lambda: self._publish(kind, **fields))  # type: ignore[arg-type]

    def _work(self) -> None:
        try:
            with self._speech.engine(self._request.speech) as engine:
                options = self._speech.with_server_options(self._request.speech.options)
                session = engine.listen(**options, **asdict(self._request.live))
                for samples, waiting in self._intake:
                    if self._dropped:
                        break
                    self._feed(session, samples, waiting)
                for event in session.finish() if not self._dropped else ():
                    self._publish_from_thread("event", event=event)
                metrics.AUDIO_SECONDS.inc(session.time)
            self._publish_from_thread("done")
        except Exception as error:
            self._input.stop()
            self._publish_from_thread("error", error=error)

    def _feed(self, session: Session, samples: Samples, waiting: float) -> None:
        for event in intake.feed(session, samples, waiting):
            self._publish_from_thread("event", event=replace(event, lag=self._intake.waiting))
        if not len(samples):
            self._publish_from_thread("discarded" if samples is DISCARD_PHRASE else "flushed")


class Streams:
    """Streams of one server process, including those whose clients may reconnect."""

    def __init__(self, settings: Settings, speech: Speech) -> None:
        self._settings = settings
        self._speech = speech
        self._streams: dict[str, Stream] = {}

    def open(self, owner: str, request: StreamRequest) -> Stream:
        """Open a stream.

        Raises:
            Busy: the server or this caller has too many streams.
            AudioError: the sample rate is out of range.
        """
        active = [stream for stream in self._streams.values() if not stream.ended]
        if len(active) >= self._settings.streams_at_once:
            raise Busy("too many live streams", "try again in a moment")
        count = sum(stream.owner == owner for stream in active)
        if count >= self._settings.streams_per_key:
            raise Busy(f"you have {count} live streams already", "end one of them first")
        stream = Stream(owner, request, self._speech)
        self._streams[stream.id] = stream
        return stream

    def find(self, id: str, owner: str) -> Stream:
        """Return a stream of this caller.

        Raises:
            NotFound: the stream has ended, or belongs to another caller.
        """
        stream = self._streams.get(id)
        if stream is None or stream.owner != owner:
            raise NotFound("there is no such stream", "start a new one", code="stream_not_found")
        return stream

    def disconnect(self, stream: Stream, queue: asyncio.Queue[StreamMessage | None]) -> None:
        """Detach a client that has gone. The stream ends unless the client reconnects in time."""
        if not stream.detach(queue) or stream.id not in self._streams:
            return
        disconnects = stream.disconnects

        def end_if_gone() -> None:
            if stream._reader is None and stream.disconnects == disconnects:
                self.end(stream)

        asyncio.get_running_loop().call_later(self._settings.stream_resume, end_if_gone)

    def end(self, stream: Stream) -> None:
        """End a stream and forget it."""
        stream.drop()
        self._streams.pop(stream.id, None)

    def close(self) -> None:
        """End all streams."""
        for stream in list(self._streams.values()):
            self.end(stream)
