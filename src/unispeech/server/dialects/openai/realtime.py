"""OpenAI's realtime transcription over a WebSocket, for its own unmodified clients.

A phrase is an item: its words come as deltas when they are final, so a delta is never taken back.
Where the client turns turn detection off, an item ends where it commits the buffer.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import copy
import itertools
import json
import secrets
from typing import Any

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from unispeech.errors import OptionError, UnispeechError
from unispeech.realtime.events import Event
from unispeech.server.dialects.openai.realtime_config import Config
from unispeech.server.http.websockets import Visitor, both, messages, talk, tell
from unispeech.server.speech.speech import public
from unispeech.server.speech.streams import News, Stream, Wish

router = APIRouter(prefix="/v1", tags=["OpenAI"])

WRONG = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What comes of reading an event that is none."""


@router.websocket("/realtime")
async def realtime(websocket: WebSocket) -> None:
    """`intent=transcription`; there is no speech to speech here."""
    await talk(websocket, "realtime", Conversation)


class Conversation:
    """One connection: its configuration, its stream once there is sound, the item being said."""

    def __init__(self, visitor: Visitor) -> None:
        query = visitor.websocket.query_params
        if query.get("intent") != "transcription":
            raise OptionError("intent is not 'transcription'", "add ?intent=transcription")
        self._stream: Stream | None = None
        self._telling: asyncio.Task[None] | None = None
        self._websocket, self._service = visitor.websocket, visitor.service
        self._visitor = visitor
        self._unreachable = asyncio.Event()
        self._numbers = itertools.count(1)
        self._id = f"sess_{secrets.token_hex(12)}"
        self._config = Config(query.get("model"))
        self._wish(self._config)
        self._item = ""
        self._previous: str | None = None
        self._texts: list[str] = []
        self._completed = False  # an item, since the client committed
        self._counted = 0.0

    async def run(self) -> None:
        await self._send({"type": "session.created", "session": self._session()})
        await both(self._receive(), self._until_unreachable())

    async def _until_unreachable(self) -> None:
        await self._unreachable.wait()

    def end(self) -> None:
        """Let the stream go, with whatever of it was not heard."""
        if self._stream is not None and self._telling is not None:
            self._service.streams.end(self._stream)
            self._telling.cancel()
            self._stream = None
        self._item, self._texts = "", []

    def _wish(self, config: Config) -> Wish:
        return config.wish(self._service, self._visitor.key)

    def _session(self) -> dict[str, Any]:
        return {
            "id": self._id,
            "object": "realtime.transcription_session",
            "type": "transcription",
            "audio": {"input": self._config.input},
            "include": [],
        }

    async def _send(self, event: dict[str, Any]) -> None:
        await tell(self._websocket, {"event_id": f"event_{next(self._numbers)}", **event})

    async def _receive(self) -> None:
        """What the client says, one message at a time; a wrong one is answered and forgotten."""
        async for message in messages(self._websocket):
            event: Any = None
            try:
                event = json.loads(message.get("text") or "")
                await self._hear(event)
            except (UnispeechError, *WRONG) as error:
                await self._complain(error, event)

    async def _complain(self, error: Exception, event: Any) -> None:
        known = isinstance(error, UnispeechError)
        message = public(error) if known else f"not an event of this API: {str(event)[:80]}"
        id = event.get("event_id") if isinstance(event, dict) else None
        await self._send(
            {
                "type": "error",
                "error": {
                    "type": "invalid_request_error",
                    "code": "invalid_value",
                    "message": message,
                    "param": None,
                    "event_id": id,
                },
            }
        )

    async def _hear(self, event: dict[str, Any]) -> None:
        kind = event["type"]
        if kind in ("session.update", "transcription_session.update"):
            await self._update(kind, event["session"])
        elif kind == "input_audio_buffer.append":
            try:
                sound = base64.b64decode(event["audio"], validate=True)
            except binascii.Error as error:
                raise OptionError(f"audio is not base64 ({error})") from None
            await (await self._opened()).put(sound)
        elif kind == "input_audio_buffer.commit":
            (await self._opened()).flush()
        elif kind == "input_audio_buffer.clear":
            self.end()
            await self._send({"type": "input_audio_buffer.cleared"})
        else:
            raise OptionError(f"there is no event {kind!r} here")

    async def _update(self, kind: str, session: dict[str, Any]) -> None:
        """Take a configuration, unless there is sound already."""
        if self._stream is not None:
            raise OptionError("the session has begun", "send session.update before the first sound")
        config = copy.copy(self._config)
        config.update(session)
        self._wish(config)
        self._config = config
        beta = "transcription_" if kind.startswith("transcription") else ""
        await self._send({"type": f"{beta}session.updated", "session": self._session()})

    async def _opened(self) -> Stream:
        """The stream, opened with the first sound, and somebody who tells its news."""
        if self._stream is None:
            self._stream = self._service.streams.open(self._visitor.owner, self._wish(self._config))
            self._counted = 0.0
            self._telling = asyncio.create_task(self._tell(self._stream, self._stream.read()))
            # Where it fails the client has gone, which `_receive` hears too.
            self._telling.add_done_callback(lambda task: task.cancelled() or task.exception())
        return self._stream

    async def _tell(self, stream: Stream, queue: asyncio.Queue[News | None]) -> None:
        try:
            while (news := await queue.get()) is not None:
                if news.event is not None:
                    await self._told(stream, news.event)
                elif news.kind == "flushed":
                    await self._flushed(stream)
                elif news.error is not None:
                    await self._complain(news.error, None)
                    self.end()  # the next sound begins a new stream
        except WebSocketDisconnect:
            self._unreachable.set()

    async def _told(self, stream: Stream, event: Event) -> None:
        if event.type in ("partial", "final") and not self._item:
            self._item = f"item_{next(self._numbers)}"
            if self._config.by_voice:
                await self._send(
                    {
                        "type": "input_audio_buffer.speech_started",
                        "audio_start_ms": round(event.start * 1000),
                        "item_id": self._item,
                    }
                )
        if event.type == "final":
            self._texts.append(event.text if self._texts else event.text.lstrip())
            await self._send(
                {
                    "type": "conversation.item.input_audio_transcription.delta",
                    "item_id": self._item,
                    "content_index": 0,
                    "delta": self._texts[-1],
                }
            )
        elif event.type == "endpoint" and self._config.by_voice:
            await self._send(
                {
                    "type": "input_audio_buffer.speech_stopped",
                    "audio_end_ms": round(event.end * 1000),
                    "item_id": self._item,
                }
            )
            await self._complete(stream)

    async def _flushed(self, stream: Stream) -> None:
        """The client committed: that is an item, also where nothing was said in it."""
        if not self._config.by_voice or self._item:
            await self._complete(stream)
        elif not self._completed:  # else it is what was committed
            await self._complain(OptionError("the buffer is empty", "send sound first"), None)
        self._completed = False

    async def _complete(self, stream: Stream) -> None:
        item = self._item or f"item_{next(self._numbers)}"
        text, seconds = "".join(self._texts), stream.seconds - self._counted
        before, self._previous = self._previous, item
        self._item, self._texts, self._counted = "", [], stream.seconds
        self._completed = True
        await self._send(
            {"type": "input_audio_buffer.committed", "item_id": item, "previous_item_id": before}
        )
        await self._send(
            {
                "type": "conversation.item.added",
                "previous_item_id": before,
                "item": {
                    "id": item,
                    "type": "message",
                    "role": "user",
                    "status": "completed",
                    "content": [{"type": "input_audio", "transcript": None}],
                },
            }
        )
        await self._send(
            {
                "type": "conversation.item.input_audio_transcription.completed",
                "item_id": item,
                "content_index": 0,
                "transcript": text,
                "usage": {"type": "duration", "seconds": round(seconds, 3)},
            }
        )
