"""Live transcription over a WebSocket. Described in docs/guides/live.md."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from fastapi import APIRouter, WebSocket

from unispeech.errors import OptionError, UnispeechError
from unispeech.realtime.options import LiveOptions
from unispeech.server.api.schemas import StreamOptions, checked
from unispeech.server.http.websockets import Visitor, both, hang_up, messages, talk, tell
from unispeech.server.speech.speech import public
from unispeech.server.speech.streams import News, Stream, Wish
from unispeech.types import SAMPLE_RATE

router = APIRouter(tags=["Live"])

NUMBERS = ("step", "endpoint")
OTHERS = ("sample_rate", "session", "after")


@router.websocket("/v1/stream")
async def stream(websocket: WebSocket) -> None:
    """Binary messages are sound, what comes back is JSON."""
    await talk(websocket, "unispeech", Listening)


class Listening:
    """One connection to a stream, new or resumed."""

    def __init__(self, visitor: Visitor) -> None:
        asked = dict(visitor.websocket.query_params)
        after = _number(asked, "after", int) or 0
        self._websocket = visitor.websocket
        self._streams = visitor.service.streams
        self._resumed = "session" in asked
        self._stream = _open(visitor, asked)
        self._queue = self._stream.read(after)
        self._known = self._resumed  # the client knows what its stream is called

    async def run(self) -> None:
        stream = self._stream
        hello = {"session": stream.id, "resumed": self._resumed, "received": stream.received}
        await tell(self._websocket, {"type": "session", **hello})
        self._known = True
        await both(
            _receive(self._websocket, stream, self._queue), _send(self._websocket, self._queue)
        )

    def end(self) -> None:
        """The stream waits a while for its client, unless all is said."""
        if not self._known or (self._stream.ended and self._queue.empty()):
            self._streams.end(self._stream)
        self._streams.lost(self._stream, self._queue)


def _open(visitor: Visitor, asked: dict[str, str]) -> Stream:
    service = visitor.service
    if "session" in asked:
        return service.streams.find(asked["session"], visitor.owner)
    unknown = set(asked) - {*StreamOptions.model_fields, *NUMBERS, *OTHERS}
    if unknown:
        raise OptionError(f"there is no parameter {min(unknown)!r}", "see docs/guides/live.md")
    given = {n: v for n, v in asked.items() if v and n in StreamOptions.model_fields}
    options = checked(StreamOptions, given).options()
    times = {name: _number(asked, name, float) for name in NUMBERS}
    return service.streams.open(
        visitor.owner,
        Wish(
            service.speech.ask(**options),
            LiveOptions(**{name: value for name, value in times.items() if value is not None}),
            _number(asked, "sample_rate", int) or SAMPLE_RATE,
            service.max_duration(visitor.key),
        ),
    )


def _number(asked: dict[str, str], name: str, kind: type) -> Any:
    try:
        return kind(asked[name]) if asked.get(name) else None
    except ValueError:
        raise OptionError(f"{name} is {asked[name]!r}", "give a number") from None


async def _receive(websocket: WebSocket, stream: Stream, queue: asyncio.Queue[News | None]) -> None:
    """Sound and wishes, until the client has gone."""
    async for message in messages(websocket):
        try:
            if message.get("bytes") is not None:
                await stream.put(message["bytes"], queue)
            else:
                _command(stream, message.get("text") or "")
        except UnispeechError as error:
            await tell(websocket, {"type": "error", "message": public(error)})
            stream.finish()


def _command(stream: Stream, text: str) -> None:
    commands = {"flush": stream.flush, "finish": stream.finish}
    try:
        commands[json.loads(text)["type"]]()
    except (ValueError, KeyError, TypeError, RecursionError):
        raise OptionError(
            f"not a command: {text[:80]!r}", 'send {"type": "finish"} or {"type": "flush"}'
        ) from None


async def _send(websocket: WebSocket, queue: asyncio.Queue[News | None]) -> None:
    """Everything there is to say, until the stream is over or another connection reads it."""
    while (news := await queue.get()) is not None:
        if news.event is not None:
            said = news.event.json()
        elif news.error is not None:
            said = {"type": "error", "message": public(news.error)}
        else:
            said = {"type": news.kind}
        await tell(websocket, {"id": news.number, **said})
        if news.kind in ("error", "done"):
            await hang_up(websocket, 1000 if news.kind == "done" else 1011)
            return
    await hang_up(websocket, 4001, "another connection reads this stream now")
