"""Live streams: one thread each, shared engines, numbered news that outlive a lost connection."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections import deque
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from unispeech.audio.pcm import PcmDecoder
from unispeech.realtime.events import Event
from unispeech.realtime.intake import Intake
from unispeech.realtime.options import LiveOptions
from unispeech.realtime.session import Session
from unispeech.server.observe import metrics
from unispeech.server.service_errors import Busy, NotFound
from unispeech.server.settings import Settings
from unispeech.server.speech.decoders import TooLong
from unispeech.server.speech.speech import Ask, Speech
from unispeech.types import SAMPLE_RATE, Samples

AHEAD = 10.0
"""Seconds of sound that may wait to be heard; then the client has to."""
KEPT = 5000
"""News that are kept for a client that comes back."""
UNREAD = 64
"""News a slow reader may have before partials are left out for it."""
BEHIND = 512
"""News that may wait for a slow reader; then its sound has to."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a stream is to be heard with."""

    ask: Ask
    live: LiveOptions = field(default_factory=LiveOptions)
    sample_rate: int = SAMPLE_RATE
    longest: float = float("inf")
    """Seconds of sound that are taken."""


@dataclass(frozen=True, slots=True)
class News:
    """What a stream has to say, in order: events, that a flush was done, and how it ended."""

    number: int
    kind: Literal["event", "flushed", "error", "done"]
    event: Event | None = None
    error: Exception | None = None


class Stream:
    """The sound of one client on its way to text. Every method runs in the event loop."""

    def __init__(self, owner: str, wish: Wish, speech: Speech) -> None:
        self.id = uuid.uuid4().hex
        self.owner = owner
        self.received = 0  # bytes, all of them on their way to be heard
        self.ended = False
        self.left = 0  # readers
        self._wish = wish
        self._speech = speech
        self._pcm = PcmDecoder(wish.sample_rate)
        self._intake = Intake()
        self._news: deque[News] = deque(maxlen=KEPT)
        self._count = 0
        self._reader: asyncio.Queue[News | None] | None = None
        self._finished = False
        self._unwanted = False
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(
            target=self._work, name=f"unispeech-stream-{self.id[:8]}", daemon=True
        )
        self._thread.start()

    @property
    def seconds(self) -> float:
        """Of sound that were received."""
        return self.received / 2 / self._wish.sample_rate

    async def put(self, data: bytes, reader: asyncio.Queue[News | None] | None = None) -> None:
        """Signed 16-bit little-endian mono PCM. Waits while too much waits to be heard or read.

        `reader` is what the connection that brings it reads: nothing is taken from one whose place
        another has taken, since that sends from `received` on.

        Raises:
            TooLong: the stream is longer than this caller's may be.
        """
        if (self.received + len(data)) / 2 / self._wish.sample_rate > self._wish.longest:
            raise TooLong(f"a stream may last {self._wish.longest:g} s")
        while not self.ended and (self._intake.waiting > AHEAD or self._unread > BEHIND):
            await asyncio.sleep(0.05)
        if self._finished or (reader is not None and reader is not self._reader):
            return
        self.received += len(data)
        self._intake.put(self._pcm.feed(data))

    @property
    def _unread(self) -> int:
        return self._reader.qsize() if self._reader is not None else 0

    def flush(self) -> None:
        """End the phrase here; `flushed` comes in the news when that is done."""
        self._intake.mark()

    def finish(self) -> None:
        """No more sound will come; what is there is still heard."""
        if not self._finished:
            self._finished = True
            self._intake.put(self._pcm.end())
            self._intake.close()

    def drop(self) -> None:
        """Nobody wants to know any more: what was not heard is let go."""
        self._finished = self._unwanted = True
        self._intake.close()

    def read(self, after: int = 0) -> asyncio.Queue[News | None]:
        """The news after a number, and then what comes. The reader before gets None."""
        self.leave()
        self._reader = asyncio.Queue()
        for news in self._news:
            if news.number > after:
                self._reader.put_nowait(news)
        return self._reader

    def leave(self, queue: asyncio.Queue[News | None] | None = None) -> bool:
        """Nobody reads any more; whether the given one was the reader."""
        if self._reader is None or queue not in (None, self._reader):
            return False
        self._reader.put_nowait(None)
        self._reader = None
        self.left += 1
        return True

    def _tell(self, kind: Literal["event", "flushed", "error", "done"], **what: Any) -> None:
        self._count += 1
        news = News(self._count, kind, **what)
        partial = news.event is not None and news.event.type == "partial"
        self.ended |= kind in ("error", "done")
        if not partial:
            self._news.append(news)
        if self._reader is not None and not (partial and self._reader.qsize() > UNREAD):
            self._reader.put_nowait(news)

    def _say(self, kind: str, **what: Any) -> None:
        """From the thread."""
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(lambda: self._tell(kind, **what))  # type: ignore[arg-type]

    def _work(self) -> None:
        try:
            with self._speech.engine(self._wish.ask) as engine:
                options = self._speech.with_own(self._wish.ask.options)
                session = engine.listen(**options, **asdict(self._wish.live))
                for samples, waiting in self._intake:
                    if self._unwanted:
                        break
                    self._hear(session, samples, waiting)
                for event in session.finish() if not self._unwanted else ():
                    self._say("event", event=event)
                metrics.AUDIO_SECONDS.inc(session.time)
            self._say("done")
        except Exception as error:
            self._intake.close()
            self._say("error", error=error)

    def _hear(self, session: Session, samples: Samples, waiting: float) -> None:
        for event in session.feed(samples, waiting) if len(samples) else session.flush():
            self._say("event", event=replace(event, lag=self._intake.waiting))
        if not len(samples):
            self._say("flushed")


class Streams:
    """The streams of one server process, and those whose clients may come back."""

    def __init__(self, settings: Settings, speech: Speech) -> None:
        self._settings = settings
        self._speech = speech
        self._streams: dict[str, Stream] = {}

    def open(self, owner: str, wish: Wish) -> Stream:
        """A new stream.

        Raises:
            Busy: there are too many, here or of this caller.
            AudioError: a sample rate that no sound has.
        """
        going = [stream for stream in self._streams.values() if not stream.ended]
        if len(going) >= self._settings.streams_at_once:
            raise Busy("too many live streams", "try again in a moment")
        mine = sum(stream.owner == owner for stream in going)
        if mine >= self._settings.streams_per_key:
            raise Busy(f"you have {mine} live streams already", "end one of them first")
        stream = Stream(owner, wish, self._speech)
        self._streams[stream.id] = stream
        return stream

    def find(self, id: str, owner: str) -> Stream:
        """A stream that is still here.

        Raises:
            NotFound: the stream has ended and is forgotten, or belongs to another caller.
        """
        stream = self._streams.get(id)
        if stream is None or stream.owner != owner:
            raise NotFound("there is no such stream", "start a new one", code="stream_not_found")
        return stream

    def lost(self, stream: Stream, queue: asyncio.Queue[News | None]) -> None:
        """The client has gone. Unless it comes back in time, the stream ends."""
        if not stream.leave(queue) or stream.id not in self._streams:
            return
        left = stream.left

        def forget() -> None:
            if stream._reader is None and stream.left == left:  # it has not come back since
                self.end(stream)

        asyncio.get_running_loop().call_later(self._settings.stream_resume, forget)

    def end(self, stream: Stream) -> None:
        """Let the stream and everything it holds go."""
        stream.drop()
        self._streams.pop(stream.id, None)

    def close(self) -> None:
        """The server stops: nobody is waited for."""
        for stream in list(self._streams.values()):
            self.end(stream)
