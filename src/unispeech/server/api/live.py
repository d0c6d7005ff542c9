"""Live transcription over a WebSocket. Documented in docs/guides/live.md."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter, WebSocket

from unispeech.errors import OptionError, UnispeechError
from unispeech.realtime.options import LiveOptions
from unispeech.server.api.schemas import StreamOptions, validated
from unispeech.server.http.websockets import (
    Client,
    close,
    receive,
    run_until_first_ends,
    send,
    serve,
)
from unispeech.server.speech.speech import public
from unispeech.server.speech.streams import Stream, StreamMessage, StreamRequest
from unispeech.types import SAMPLE_RATE

router = APIRouter(tags=["Live"])

LIVE_OPTIONS = ("step", "endpoint")
CONNECTION_PARAMETERS = ("sample_rate", "session", "after")


@router.websocket("/v1/stream")
async def stream(websocket: WebSocket) -> None:
    """Receive audio as binary messages, and send events as JSON."""
    await serve(websocket, "unispeech", StreamSession)


class StreamSession:
    """Connection to a new or resumed stream."""

    def __init__(self, client: Client) -> None:
        self.headers: Mapping[str, str] = {}
        parameters = dict(client.websocket.query_params)
        after = _number(parameters, "after", int) or 0
        self._websocket = client.websocket
        self._streams = client.service.streams
        self._is_resumed = "session" in parameters
        self._broadcasts = client.service.broadcasts
        self._key = client.key.id
        self._stream = _open(client, parameters)
        self._queue = self._stream.read(after)
        self._can_resume = self._is_resumed  # the client knows the stream's ID

    async def run(self) -> None:
        stream = self._stream
        state = {"session": stream.id, "resumed": self._is_resumed, "received": stream.received}
        await send(self._websocket, {"type": "session", **state})
        self._can_resume = True
        await run_until_first_ends(self._receive(), _send(self._websocket, self._queue))

    async def _receive(self) -> None:
        """Read audio and commands until the client disconnects."""
        stream = self._stream
        async for message in receive(self._websocket):
            try:
                if message.get("bytes") is not None:
                    await stream.put(message["bytes"], self._queue)
                elif answer := self._run_command(message.get("text") or ""):
                    await send(self._websocket, answer)
            except UnispeechError as error:
                await send(self._websocket, {"type": "error", "message": public(error)})
                stream.finish()

    def _run_command(self, text: str) -> dict[str, Any] | None:
        """Run a command and return its answer, if it has one of its own."""
        try:
            command = json.loads(text)
            commands: dict[str, Callable[[], dict[str, Any] | None]] = {
                "flush": self._stream.flush,
                "finish": self._stream.finish,
                "share": lambda: self._share(command.get("secret")),
            }
            run = commands[command["type"]]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise OptionError(
                f"{text[:80]!r} is not a command", 'send {"type": "finish"} or {"type": "flush"}'
            ) from None
        return run()

    def _share(self, secret: str | None) -> dict[str, Any]:
        """Show the captions under the link of a secret; without one, end the link they have."""
        stream, broadcasts = self._stream, self._broadcasts
        new = broadcasts.begin(secret, self._key, stream) if secret is not None else None
        before = stream.publish_to(new)
        if before is not None and before is not new and before.is_written_by(stream):
            broadcasts.end(before)
        return {"type": "shared", "captions": new.id if new else None}

    def end(self) -> None:
        """Keep the stream for a while for its client, unless it is complete."""
        if not self._can_resume or (self._stream.ended and self._queue.empty()):
            self._streams.end(self._stream)
        self._streams.disconnect(self._stream, self._queue)


def _open(client: Client, parameters: dict[str, str]) -> Stream:
    service = client.service
    if "session" in parameters:
        return service.streams.find(parameters["session"], client.owner)
    known = {*StreamOptions.model_fields, *LIVE_OPTIONS, *CONNECTION_PARAMETERS}
    unknown = set(parameters) - known
    if unknown:
        raise OptionError(f"parameter {min(unknown)!r} is unknown", "see docs/guides/live.md")
    fields = {n: v for n, v in parameters.items() if v and n in StreamOptions.model_fields}
    options = validated(StreamOptions, fields).options()
    times = {name: _number(parameters, name, float) for name in LIVE_OPTIONS}
    return service.streams.open(
        client.owner,
        StreamRequest(
            service.speech.make_request(**options),
            LiveOptions(**{name: value for name, value in times.items() if value is not None}),
            _number(parameters, "sample_rate", int) or SAMPLE_RATE,
            service.max_duration(client.key),
            form="pcm" if "sample_rate" in parameters else "any",
        ),
    )


def _number(parameters: dict[str, str], name: str, type: type) -> Any:
    try:
        return type(parameters[name]) if parameters.get(name) else None
    except ValueError:
        raise OptionError(f"{name} is {parameters[name]!r}", "use a number") from None


async def _send(websocket: WebSocket, queue: asyncio.Queue[StreamMessage | None]) -> None:
    """Send the messages until the stream ends or another connection reads it."""
    while (message := await queue.get()) is not None:
        if message.event is not None:
            body = message.event.json()
        elif message.error is not None:
            body = {"type": "error", "message": public(message.error)}
        else:
            body = {"type": message.kind}
        await send(websocket, {"id": message.number, **body})
        if message.kind in ("error", "done"):
            await close(websocket, 1000 if message.kind == "done" else 1011)
            return
    await close(websocket, 4001, "another connection reads this stream now")
