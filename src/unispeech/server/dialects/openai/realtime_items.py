"""Items of OpenAI's realtime API: the phrases of a stream, as events in OpenAI's order.

`committed`, `conversation.item.added`, the deltas, `completed`, `conversation.item.done`. Deltas
are final words and never revised. Models that OpenAI streams send them before the item is
committed, all others afterwards (decision 0087).
"""

from __future__ import annotations

import asyncio
import itertools
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Any

from unispeech.errors import OptionError
from unispeech.realtime.events import Event
from unispeech.server.dialects.openai.realtime_config import Config
from unispeech.server.dialects.openai.render import logprobs
from unispeech.server.speech.speech import public
from unispeech.server.speech.streams import Stream, StreamMessage
from unispeech.types import Word

MIN_COMMIT = 0.1
"""Seconds of audio that a commit needs, as in OpenAI's API."""
TRANSCRIPTION = "conversation.item.input_audio_transcription"


class EmptyCommit(OptionError):
    """The client committed a buffer without audio."""

    code = "input_audio_buffer_commit_empty"

    def __init__(self) -> None:
        super().__init__(f"the buffer has less than {MIN_COMMIT:g} s of audio", "send audio first")


class Outbox:
    """Numbered events to one client, and the order of its items."""

    def __init__(self, send: Callable[[dict[str, Any]], Coroutine[Any, Any, None]]) -> None:
        self.is_beta = False
        self.last_item: str | None = None
        self._send = send
        self._numbers = itertools.count(1)

    def new_id(self, kind: str) -> str:
        return f"{kind}_{next(self._numbers)}"

    async def send(self, type: str, **fields: Any) -> None:
        await self._send({"event_id": self.new_id("event"), "type": type, **fields})

    async def error(self, message: str, code: str, param: str | None, event_id: Any) -> None:
        error = {"type": "invalid_request_error", "code": code, "message": message, "param": param}
        await self.send("error", error={**error, "event_id": event_id})


@dataclass(eq=False)
class Item:
    """One item: its final words, and how much of it the client knows."""

    id: str
    start: float = 0.0
    seconds: float = 0.0
    is_committed: bool = False
    texts: list[str] = field(default_factory=list)
    words: list[tuple[Word, ...]] = field(default_factory=list)
    """Words of each of `texts`."""
    sent: int = 0
    """Number of `texts` sent as deltas."""

    @property
    def transcript(self) -> str:
        return "".join(self.texts)

    def add(self, event: Event) -> None:
        self.texts.append(event.text if self.texts else event.text.lstrip())
        self.words.append(tuple(event.words))

    def body(self, transcript: str | None) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": "realtime.item",
            "type": "message",
            "role": "user",
            "status": "completed",
            "content": [{"type": "input_audio", "transcript": transcript}],
        }


@dataclass(frozen=True, slots=True)
class Mark:
    """Commit or clear that the stream has not reached yet."""

    item: Item | None = None
    """The committed item, without turn detection; None: words up to the mark are dropped."""
    event_id: Any = None
    completed: int = 0
    """Number of items that were complete when the client committed."""


class Items:
    """Items of one stream. `offset` is the audio of earlier streams of the session, in seconds."""

    def __init__(self, outbox: Outbox, config: Config, stream: Stream, offset: float) -> None:
        self._outbox = outbox
        self._config = config
        self._stream = stream
        self._offset = offset
        self._turns = config.turn_detection
        self._marks: deque[Mark] = deque()
        self._open: Item | None = None
        self._buffer_start = 0.0  # of the uncommitted audio, in seconds of the stream
        self._speech_end = 0.0  # of the last item
        self._completed = 0
        self._sending = asyncio.Lock()  # so that the events of a commit are not interleaved

    @property
    def uncommitted(self) -> float:
        """Seconds of audio since the last commit or clear."""
        return self._stream.seconds - self._buffer_start

    async def commit(self, event_id: Any) -> None:
        """Commit the buffer. With turn detection it is known only later if an item is open."""
        if self._turns is not None:
            self._marks.append(Mark(event_id=event_id, completed=self._completed))
            self._stream.flush()
            return
        if self.uncommitted < MIN_COMMIT:
            error = EmptyCommit()
            await self._outbox.error(str(error), error.code, None, event_id)
            return
        async with self._sending:
            item, self._open = self._open or self._new_item(), None
            item.seconds, self._buffer_start = self.uncommitted, self._stream.seconds
            self._marks.append(Mark(item=item))
            self._stream.flush()
            await self._announce(item)

    def clear(self) -> None:
        """Discard the audio after the last item. `cleared` follows the events before it."""
        self._marks.append(Mark())
        if self._turns is None:
            self._open = None
        self._buffer_start = self._stream.seconds
        self._stream.discard()

    async def handle(self, message: StreamMessage) -> None:
        """Send the events of a message of the stream."""
        async with self._sending:
            if message.event is not None:
                await self._handle_event(message.event)
            elif message.kind == "flushed":
                await self._after_flush(self._marks.popleft())
            elif message.kind == "discarded":
                self._marks.popleft()
                if self._turns is not None:
                    self._open = None
                await self._outbox.send("input_audio_buffer.cleared")
            elif message.error is not None:
                await self._fail(message.error)

    async def _handle_event(self, event: Event) -> None:
        if event.type == "endpoint" and self._turns is not None and self._open is not None:
            await self._end_turn(self._open, event, self._turns.pause)
        if event.type not in ("partial", "final"):
            return
        item = await self._item_of(event)
        if item is not None and event.type == "final":
            item.add(event)
            if item.is_committed or self._config.is_live:
                await self._send_deltas(item)

    async def _item_of(self, event: Event) -> Item | None:
        """Return the item that the words belong to; None if the client has cleared them."""
        mark = self._marks[0] if self._marks and self._turns is None else None
        if mark is not None:
            return mark.item
        if self._open is None:
            item = self._open = self._new_item()
            if self._turns is not None:
                item.start = max(self._speech_end, event.start - self._turns.padding)
                await self._outbox.send(
                    "input_audio_buffer.speech_started",
                    audio_start_ms=round((self._offset + item.start) * 1000),
                    item_id=item.id,
                )
        return self._open

    async def _end_turn(self, item: Item, event: Event, pause: float) -> None:
        self._speech_end = min(event.end + pause, self._stream.seconds)
        item.seconds = self._speech_end - item.start
        await self._outbox.send(
            "input_audio_buffer.speech_stopped",
            audio_end_ms=round((self._offset + self._speech_end) * 1000),
            item_id=item.id,
        )
        self._open = None
        await self._announce(item)
        await self._complete(item)

    async def _after_flush(self, mark: Mark) -> None:
        """Complete the committed item. With turn detection, the flush has ended the open turn; the
        commit was for that item, or else for an empty buffer."""
        if mark.item is not None:
            await self._complete(mark.item)
        elif mark.completed == self._completed:
            error = EmptyCommit()
            await self._outbox.error(str(error), error.code, None, mark.event_id)

    def _new_item(self) -> Item:
        return Item(self._outbox.new_id("item"))

    async def _announce(self, item: Item) -> None:
        """Send that an item is committed, and its words so far."""
        previous, self._outbox.last_item = self._outbox.last_item, item.id
        item.is_committed = True
        name = "conversation.item.created" if self._outbox.is_beta else "conversation.item.added"
        link = {"previous_item_id": previous}
        await self._outbox.send("input_audio_buffer.committed", item_id=item.id, **link)
        await self._outbox.send(name, **link, item=item.body(None))
        await self._send_deltas(item)

    async def _send_deltas(self, item: Item) -> None:
        while item.sent < len(item.texts):
            item.sent += 1
            delta = item.texts[item.sent - 1]
            place = {"item_id": item.id, "content_index": 0}
            more = self._logprobs(item.words[item.sent - 1])
            await self._outbox.send(f"{TRANSCRIPTION}.delta", **place, delta=delta, **more)

    def _logprobs(self, words: Iterable[Word]) -> dict[str, Any]:
        return {"logprobs": logprobs(words)} if self._config.has_logprobs else {}

    async def _complete(self, item: Item) -> None:
        self._completed += 1
        await self._outbox.send(
            f"{TRANSCRIPTION}.completed",
            item_id=item.id,
            content_index=0,
            transcript=item.transcript,
            usage={"type": "duration", "seconds": round(item.seconds, 3)},
            **self._logprobs(itertools.chain.from_iterable(item.words)),
        )
        if not self._outbox.is_beta:
            body = item.body(item.transcript)
            await self._outbox.send("conversation.item.done", item=body)

    async def _fail(self, error: Exception) -> None:
        """Report that the stream has failed: for each committed item, or else for the session."""
        message, code = public(error), getattr(error, "code", "") or "transcription_failed"
        items = [mark.item for mark in self._marks if mark.item is not None]
        for item in items:
            details = {"type": "server_error", "code": code, "message": message, "param": None}
            place = {"item_id": item.id, "content_index": 0}
            await self._outbox.send(f"{TRANSCRIPTION}.failed", **place, error=details)
        if not items:
            await self._outbox.error(message, code, None, None)
