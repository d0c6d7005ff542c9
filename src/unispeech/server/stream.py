"""Live transcription over a WebSocket, and the page that uses it. Described in docs/live.md."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from unispeech.errors import OptionError, UnispeechError
from unispeech.realtime.options import LiveOptions
from unispeech.server.answers import Refused, answer
from unispeech.server.keys import Key
from unispeech.server.service import Service
from unispeech.server.speech import public
from unispeech.server.streams import News, Stream, Wish
from unispeech.types import SAMPLE_RATE

router = APIRouter(tags=["Live"])

TEXTS = ("language", "task", "initial_prompt", "hotwords")
NUMBERS = ("step", "endpoint")
OTHERS = ("model", "backend", "sample_rate", "session", "after")


@dataclass(frozen=True, slots=True)
class Visitor:
    """A WebSocket that was let in, and whose it is."""

    key: Key
    owner: str
    """The key, or the address of a caller without one."""


async def admitted(websocket: WebSocket, service: Service) -> Visitor | None:
    """Who is calling; None, and answered, where they may not. Nothing is accepted yet."""
    try:
        key = await asyncio.to_thread(service.admit, websocket)
        _same_site(websocket, service)
    except UnispeechError as error:
        await websocket.send_denial_response(answer(websocket, error))
        return None
    return Visitor(key, key.id or (websocket.client.host if websocket.client else ""))


def _same_site(websocket: WebSocket, service: Service) -> None:
    """A page of another site may not use the visitor's network or key.

    Browsers apply no same-origin rule of their own to WebSockets (RFC 6455, section 10.2).
    """
    origin = websocket.headers.get("origin", "")
    here = websocket.headers.get("host", "")
    allowed = service.settings.cors_origins
    if origin and urlsplit(origin).netloc != here and not {origin, "*"} & set(allowed):
        raise Refused(403, "pages of this origin may not connect", "see UNISPEECH_CORS_ORIGINS")


@router.websocket("/v1/stream")
async def stream(websocket: WebSocket) -> None:
    """Binary messages are sound, what comes back is JSON."""
    service: Service = websocket.app.state.service
    visitor = await admitted(websocket, service)
    if visitor is None:
        return
    try:
        asked = dict(websocket.query_params)
        after = _number(asked, "after", int) or 0
        found, resumed = _open(service, visitor, asked), "session" in asked
    except UnispeechError as error:
        await websocket.send_denial_response(answer(websocket, error))
        return
    protocols = websocket.headers.get("sec-websocket-protocol", "").split(",")
    await websocket.accept(
        subprotocol="unispeech" if "unispeech" in map(str.strip, protocols) else None
    )
    queue = found.read(after)
    await websocket.send_json(
        {"type": "session", "session": found.id, "resumed": resumed, "received": found.received}
    )
    await both(_receive(websocket, found), _send(websocket, queue))
    if found.ended and queue.empty():
        service.streams.end(found)
    service.streams.lost(found, queue)


def _open(service: Service, visitor: Visitor, asked: dict[str, str]) -> Stream:
    if "session" in asked:
        return service.streams.find(asked["session"], visitor.owner)
    unknown = set(asked) - {*TEXTS, *NUMBERS, *OTHERS}
    if unknown:
        raise OptionError(f"there is no parameter {min(unknown)!r}", "see docs/live.md")
    options = {name: asked[name] for name in TEXTS if asked.get(name)}
    times = {name: _number(asked, name, float) for name in NUMBERS}
    return service.streams.open(
        visitor.owner,
        Wish(
            service.speech.ask(asked.get("model"), asked.get("backend"), **options),
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


async def both(*work: Any) -> None:
    """Run together until the first one ends, for whatever reason; then the other is stopped."""
    tasks = [asyncio.create_task(one) for one in work]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception) and not isinstance(
            result, WebSocketDisconnect | RuntimeError
        ):
            raise result


async def _receive(websocket: WebSocket, stream: Stream) -> None:
    """Sound and wishes, until the client has gone."""
    while True:
        message = await websocket.receive()
        if message["type"] == "websocket.disconnect":
            return
        try:
            if message.get("bytes") is not None:
                await stream.put(message["bytes"])
            else:
                _command(stream, message.get("text") or "")
        except UnispeechError as error:
            await websocket.send_json({"type": "error", "message": public(error)})
            stream.finish()


def _command(stream: Stream, text: str) -> None:
    commands = {"flush": stream.flush, "finish": stream.finish}
    try:
        commands[json.loads(text)["type"]]()
    except (ValueError, KeyError, TypeError):
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
        await websocket.send_json({"id": news.number, **said})
        if news.kind in ("error", "done"):
            await websocket.close(1000 if news.kind == "done" else 1011)
            return
    await websocket.close(4001, "another connection reads this stream now")
