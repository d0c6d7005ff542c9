"""OpenAI's realtime transcription over a WebSocket, for OpenAI's unmodified clients.

Each phrase is an item. Words are sent as deltas only when final, so a delta is never revised. If
the client turns off turn detection, an item ends where the client commits the buffer.
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
from unispeech.server.http.websockets import Client, receive, run_until_first_ends, send, serve
from unispeech.server.speech.speech import public
from unispeech.server.speech.streams import Stream, StreamMessage, StreamRequest

router = APIRouter(prefix="/v1", tags=["OpenAI"])

MALFORMED = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""Errors raised by reading a malformed event."""


@router.websocket("/realtime")
async def realtime(websocket: WebSocket) -> None:
    """Transcribe live audio (`intent=transcription`); speech to speech is not supported."""
    await serve(websocket, "realtime", Conversation)


class Conversation:
    """One connection: its configuration, the stream (from the first audio on), the open item."""

    def __init__(self, client: Client) -> None:
        query = client.websocket.query_params
        if query.get("intent") != "transcription":
            raise OptionError("intent is not 'transcription'", "add ?intent=transcription")
        self._stream: Stream | None = None
        self._forwarding: asyncio.Task[None] | None = None
        self._websocket, self._service = client.websocket, client.service
        self._client = client
        self._disconnected = asyncio.Event()
        self._numbers = itertools.count(1)
        self._id = f"sess_{secrets.token_hex(12)}"
        self._config = Config(query.get("model"))
        self._request(self._config)  # reject an unknown model now
        self._item = ""
        self._previous: str | None = None
        self._texts: list[str] = []
        self._has_completed = False  # an item since the last commit
        self._counted = 0.0  # seconds of audio in completed items

    async def run(self) -> None:
        await self._send({"type": "session.created", "session": self._session()})
        await run_until_first_ends(self._receive(), self._until_disconnected())

    async def _until_disconnected(self) -> None:
        await self._disconnected.wait()

    def end(self) -> None:
        """End the stream and discard its undecoded audio."""
        if self._stream is not None and self._forwarding is not None:
            self._service.streams.end(self._stream)
            self._forwarding.cancel()
            self._stream = None
        self._item, self._texts = "", []

    def _request(self, config: Config) -> StreamRequest:
        return config.stream_request(self._service, self._client.key)

    def _session(self) -> dict[str, Any]:
        return {
            "id": self._id,
            "object": "realtime.transcription_session",
            "type": "transcription",
            "audio": {"input": self._config.input},
            "include": [],
        }

    async def _send(self, event: dict[str, Any]) -> None:
        await send(self._websocket, {"event_id": f"event_{next(self._numbers)}", **event})

    async def _receive(self) -> None:
        """Handle the client's events one by one; an error is sent back and does not end the
        connection."""
        async for message in receive(self._websocket):
            event: Any = None
            try:
                event = json.loads(message.get("text") or "")
                await self._handle(event)
            except (UnispeechError, *MALFORMED) as error:
                await self._send_error(error, event)

    async def _send_error(self, error: Exception, event: Any) -> None:
        is_ours = isinstance(error, UnispeechError)
        message = public(error) if is_ours else f"not an event of this API: {str(event)[:80]}"
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

    async def _handle(self, event: dict[str, Any]) -> None:
        kind = event["type"]
        if kind in ("session.update", "transcription_session.update"):
            await self._update(kind, event["session"])
        elif kind == "input_audio_buffer.append":
            try:
                audio = base64.b64decode(event["audio"], validate=True)
            except binascii.Error as error:
                raise OptionError(f"audio is not base64 ({error})") from None
            await self._open_stream().put(audio)
        elif kind == "input_audio_buffer.commit":
            self._open_stream().flush()
        elif kind == "input_audio_buffer.clear":
            self.end()
            await self._send({"type": "input_audio_buffer.cleared"})
        else:
            raise OptionError(f"event {kind!r} is not supported")

    async def _update(self, kind: str, session: dict[str, Any]) -> None:
        """Change the configuration, which is only possible before the first audio."""
        if self._stream is not None:
            raise OptionError(
                "the session has received audio", "send session.update before the first audio"
            )
        config = copy.copy(self._config)
        config.update(session)
        self._request(config)  # raises if it cannot be honoured
        self._config = config
        beta = "transcription_" if kind.startswith("transcription") else ""
        await self._send({"type": f"{beta}session.updated", "session": self._session()})

    def _open_stream(self) -> Stream:
        """Return the stream, which the first audio opens together with a task that forwards it."""
        if self._stream is None:
            request = self._request(self._config)
            self._stream = self._service.streams.open(self._client.owner, request)
            self._counted = 0.0
            self._forwarding = asyncio.create_task(self._forward(self._stream, self._stream.read()))
            # It fails only if the client has disconnected, which `_receive` notices too.
            self._forwarding.add_done_callback(lambda task: task.cancelled() or task.exception())
        return self._stream

    async def _forward(self, stream: Stream, queue: asyncio.Queue[StreamMessage | None]) -> None:
        try:
            while (message := await queue.get()) is not None:
                if message.event is not None:
                    await self._forward_event(stream, message.event)
                elif message.kind == "flushed":
                    await self._after_flush(stream)
                elif message.error is not None:
                    await self._send_error(message.error, None)
                    self.end()  # the next audio opens a new stream
        except WebSocketDisconnect:
            self._disconnected.set()

    async def _forward_event(self, stream: Stream, event: Event) -> None:
        if event.type in ("partial", "final") and not self._item:
            self._item = f"item_{next(self._numbers)}"
            if self._config.detects_turns:
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
        elif event.type == "endpoint" and self._config.detects_turns:
            await self._send(
                {
                    "type": "input_audio_buffer.speech_stopped",
                    "audio_end_ms": round(event.end * 1000),
                    "item_id": self._item,
                }
            )
            await self._complete(stream)

    async def _after_flush(self, stream: Stream) -> None:
        """Complete the item that the client committed, even if it has no text."""
        if not self._config.detects_turns or self._item:
            await self._complete(stream)
        elif not self._has_completed:  # else the commit was for that item
            await self._send_error(OptionError("the buffer is empty", "send audio first"), None)
        self._has_completed = False

    async def _complete(self, stream: Stream) -> None:
        item = self._item or f"item_{next(self._numbers)}"
        text, seconds = "".join(self._texts), stream.seconds - self._counted
        previous, self._previous = self._previous, item
        self._item, self._texts, self._counted = "", [], stream.seconds
        self._has_completed = True
        await self._send(
            {"type": "input_audio_buffer.committed", "item_id": item, "previous_item_id": previous}
        )
        await self._send(
            {
                "type": "conversation.item.added",
                "previous_item_id": previous,
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
