"""OpenAI's realtime transcription over a WebSocket, for OpenAI's unmodified clients."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import secrets
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from unispeech.errors import OptionError, UnispeechError
from unispeech.realtime.options import LiveOptions
from unispeech.server.dialects.openai import realtime_config, realtime_secrets
from unispeech.server.dialects.openai.realtime_config import MALFORMED, Config
from unispeech.server.dialects.openai.realtime_fields import DELAYS
from unispeech.server.dialects.openai.realtime_items import EmptyCommit, Items, Outbox
from unispeech.server.http.websockets import Client, receive, run_until_first_ends, send, serve
from unispeech.server.service import Service
from unispeech.server.speech.speech import public
from unispeech.server.speech.streams import Stream, StreamMessage, StreamRequest
from unispeech.server.storage.keys import Key

router = APIRouter(prefix="/v1", tags=["OpenAI"])
router.include_router(realtime_secrets.router)


@router.websocket("/realtime")
async def realtime(websocket: WebSocket) -> None:
    """Transcribe live audio; speech to speech is not supported."""
    await serve(websocket, "realtime", Conversation, realtime_secrets.admit)


def stream_request(service: Service, key: Key, config: Config) -> StreamRequest:
    """Return the configuration as a request for a stream.

    Raises:
        UnispeechError: a value is wrong or cannot be honoured.
    """
    turns = config.turn_detection
    live = {"endpoint": turns.pause if turns else None, "step": DELAYS.get(config.delay or "")}
    return StreamRequest(
        service.speech.make_request(
            config.model,
            language=config.language,
            initial_prompt=config.prompt,
            hotwords=", ".join(config.keywords) or None,
            vad_threshold=turns.threshold if turns else None,
            vad_pad=turns.padding if turns else None,
        ),
        LiveOptions(**{name: value for name, value in live.items() if value is not None}),
        config.format.rate,
        service.max_duration(key),
    )


def is_beta(websocket: WebSocket) -> bool:
    """Return whether the client speaks the beta of the API."""
    protocols = websocket.headers.get("sec-websocket-protocol", "").replace(" ", "").split(",")
    return (
        "realtime=v1" in websocket.headers.get("openai-beta", "")
        or "openai-beta.realtime-v1" in protocols
    )


class Conversation:
    """One connection: its configuration, and the stream that takes its audio."""

    def __init__(self, client: Client) -> None:
        self.headers: Mapping[str, str] = {}
        query = client.websocket.query_params
        self._client, self._service = client, client.service
        self._websocket = client.websocket
        self._disconnected = asyncio.Event()
        self._id = f"sess_{secrets.token_hex(12)}"
        self._outbox = Outbox(lambda event: send(self._websocket, event))
        self._outbox.is_beta = is_beta(client.websocket)
        self._names_transcription = query.get("intent") == "transcription"
        self._config = realtime_config.initial(query)
        self._check(self._config)  # reject an unknown model or language now
        if session := getattr(client.websocket.state, "session", None):  # of a client secret
            self._config, _ = realtime_config.update(self._config, session, self._check)
        self._stream: Stream | None = None
        self._items: Items | None = None
        self._streams: dict[Stream, asyncio.Task[None]] = {}
        self._seconds = 0.0  # of audio in earlier streams

    async def run(self) -> None:
        await self._send_session("created")
        await run_until_first_ends(self._receive(), self._until_disconnected())

    async def _until_disconnected(self) -> None:
        await self._disconnected.wait()

    def end(self) -> None:
        """End all streams and discard their undecoded audio."""
        for stream, forwarding in self._streams.items():
            self._service.streams.end(stream)
            forwarding.cancel()
        self._stream = None

    def _check(self, config: Config) -> StreamRequest:
        return stream_request(self._service, self._client.key, config)

    async def _send_session(self, change: str) -> None:
        is_beta = self._outbox.is_beta
        body = self._config.beta() if is_beta else self._config.ga()
        prefix = "transcription_" if is_beta and self._names_transcription else ""
        await self._outbox.send(f"{prefix}session.{change}", session={"id": self._id, **body})

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
        text = public(error) if is_ours else f"not an event of this API: {str(event)[:80]}"
        code = error.code if isinstance(error, EmptyCommit) else "invalid_value"
        await self._outbox.error(text, code, None, _event_id(event))

    async def _handle(self, event: dict[str, Any]) -> None:
        kind = event["type"]
        if kind in ("session.update", "transcription_session.update"):
            if kind.startswith("transcription"):
                self._outbox.is_beta = self._names_transcription = True
            await self._update(event["session"], event)
        elif kind == "input_audio_buffer.append":
            try:
                audio = base64.b64decode(event["audio"], validate=True)
            except binascii.Error as error:
                raise OptionError(f"audio is not base64 ({error})") from None
            await self._open_stream().put(self._config.format.to_pcm(audio))
        elif kind == "input_audio_buffer.commit":
            if self._items is None:
                raise EmptyCommit
            await self._items.commit(_event_id(event))
        elif kind == "input_audio_buffer.clear":
            if self._items is None:
                await self._outbox.send("input_audio_buffer.cleared")
            else:
                self._items.clear()
        else:
            raise OptionError(f"event {kind!r} is not supported")

    async def _update(self, session: dict[str, Any], event: dict[str, Any]) -> None:
        """Change the configuration, from the next audio on. Report the fields left out.

        The report follows the new session, since clients wait for it and take an error for its end.
        """
        config, refusals = await asyncio.to_thread(
            realtime_config.update, self._config, session, self._check
        )
        if self._stream is not None and config != self._config:
            self._replace_stream()
        self._config = config
        await self._send_session("updated")
        if refusals:
            reasons = " | ".join(map(public, refusals))[:1000]
            param = refusals[0].option
            await self._outbox.error(reasons, "invalid_value", param, _event_id(event))

    def _replace_stream(self) -> None:
        """Finish the stream, so that the next audio opens one with the new configuration.

        Raises:
            OptionError: the client has to commit its audio first.
        """
        assert self._stream is not None and self._items is not None
        if self._config.turn_detection is None and self._items.uncommitted:
            raise OptionError(
                "the buffer has audio that is not committed",
                "send session.update before it, or after a commit or clear",
            )
        self._seconds += self._stream.seconds
        self._stream.finish()
        self._stream, self._items = None, None

    def _open_stream(self) -> Stream:
        """Return the stream, which the first audio opens together with a task that forwards it."""
        if self._stream is None:
            request = self._check(self._config)
            stream = self._service.streams.open(self._client.owner, request)
            self._stream = stream
            self._items = Items(self._outbox, self._config, stream, self._seconds)
            forwarding = asyncio.create_task(self._forward(stream, stream.read(), self._items))
            # It fails only if the client has disconnected, which `_receive` notices too.
            forwarding.add_done_callback(lambda task: task.cancelled() or task.exception())
            self._streams[stream] = forwarding
        return self._stream

    async def _forward(
        self, stream: Stream, queue: asyncio.Queue[StreamMessage | None], items: Items
    ) -> None:
        """Forward a stream to its end. After an error, the next audio opens another."""
        try:
            while (message := await queue.get()) is not None and message.kind != "done":
                await items.handle(message)
                if message.kind == "error":
                    break
        except WebSocketDisconnect:
            self._disconnected.set()
        self._service.streams.end(stream)
        self._streams.pop(stream, None)
        if self._stream is stream:
            self._stream, self._items = None, None


def _event_id(event: Any) -> Any:
    return event.get("event_id") if isinstance(event, dict) else None
