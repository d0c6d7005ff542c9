"""Deepgram's WebSocket `/v1/listen`: transcribe live audio."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, WebSocket

from unispeech.errors import AudioError, OptionError, UnispeechError
from unispeech.realtime.events import Event
from unispeech.realtime.options import LiveOptions
from unispeech.server.dialects.deepgram import results
from unispeech.server.dialects.deepgram.parameters import Parameters, language_code
from unispeech.server.http import ignored_fields
from unispeech.server.http.websockets import (
    Client,
    close,
    receive,
    run_until_first_ends,
    send,
    serve,
)
from unispeech.server.observe import logs
from unispeech.server.speech.decoders import TooLong
from unispeech.server.speech.speech import public
from unispeech.server.speech.streams import StreamMessage, StreamRequest

router = APIRouter(prefix="/v1", tags=["Deepgram"])

HOLD = 0.25
"""Seconds for which final words wait for the end of their phrase, which makes them
`speech_final`."""
NO_ENDPOINT = 10.0
"""Pause in seconds that ends a phrase inside the session if `endpointing` is off."""
UNDECODABLE = "DATA-0000"
"""Reason of the close if the audio cannot be decoded."""
MALFORMED = (ValueError, KeyError, TypeError, RecursionError)
"""Errors raised by reading a malformed message."""


@router.websocket("/listen")
async def listen(websocket: WebSocket) -> None:
    """Receive audio as binary messages, and send results as JSON."""
    await serve(websocket, "token", LiveSession)


class LiveSession:
    """One connection and its stream."""

    def __init__(self, client: Client) -> None:
        parameters = Parameters(client.websocket.query_params, is_live=True)
        encoding = parameters.encoding()
        speech_request = parameters.speech_request(client.service)
        live = LiveOptions(endpoint=parameters.endpoint or NO_ENDPOINT)
        limit = client.service.max_duration(client.key)
        request = StreamRequest(speech_request, live, max_duration=limit, form="container")
        if encoding is not None:
            request = replace(request, sample_rate=encoding.rate, form="pcm")
        self._websocket = client.websocket
        self._streams = client.service.streams
        self._encoding = encoding
        self._sha256 = hashlib.sha256()
        self._stream = self._streams.open(client.owner, request)
        self.headers: Mapping[str, str] = {
            "dg-request-id": logs.request_id.get(),
            **ignored_fields.report(parameters.ignored, dialect="deepgram"),
        }
        self._results = LiveResults(parameters, speech_request.backend, speech_request.model)

    async def run(self) -> None:
        await run_until_first_ends(self._receive(), self._send())

    def end(self) -> None:
        self._streams.end(self._stream)

    async def _receive(self) -> None:
        """Read audio and commands until the client disconnects."""
        async for message in receive(self._websocket):
            try:
                if data := message.get("bytes"):
                    self._sha256.update(data)
                    await self._stream.put(self._encoding.to_pcm(data) if self._encoding else data)
                    await self._send_all(self._results.at(self._stream.processed))
                elif message.get("text"):
                    self._run_command(message["text"])
                else:  # an empty message ends the stream, too
                    self._stream.finish()
            except UnispeechError as error:
                await send(self._websocket, _error(error))

    def _run_command(self, text: str) -> None:
        try:
            kind = json.loads(text)["type"]
        except MALFORMED:
            kind = None
        if kind == "Finalize":
            self._results.finalizing += 1
            self._stream.flush()
        elif kind == "CloseStream":
            self._stream.finish()
        elif kind != "KeepAlive":
            raise OptionError(
                f"{text[:80]!r} is not a message", "send KeepAlive, Finalize or CloseStream"
            )

    async def _send(self) -> None:
        """Send results until the stream ends."""
        queue = self._stream.read()
        getting = asyncio.create_task(queue.get())
        try:
            while True:
                await asyncio.wait({getting}, timeout=HOLD if self._results.is_holding else None)
                if not getting.done():
                    await self._send_all(self._results.release())
                    continue
                message = getting.result()
                if message is None or message.kind in ("done", "error"):
                    await self._finish(message)
                    return
                await self._send_all(self._results.of(message))
                getting = asyncio.create_task(queue.get())
        finally:
            getting.cancel()

    async def _finish(self, message: StreamMessage | None) -> None:
        await self._send_all(self._results.release())
        if message is not None and message.error is not None:
            await send(self._websocket, _error(message.error))
            # As Deepgram: 1008 with this reason if the payload is not audio.
            if isinstance(message.error, AudioError) and not isinstance(message.error, TooLong):
                await close(self._websocket, 1008, UNDECODABLE)
            else:
                await close(self._websocket, 1011)
            return
        await self._send_all(self._results.at(self._stream.seconds))
        digest = self._sha256.hexdigest()
        body = self._results.metadata(digest, self._stream.seconds)
        await send(self._websocket, {"type": "Metadata", **body})
        await close(self._websocket, 1000)

    async def _send_all(self, messages: list[dict[str, Any]]) -> None:
        for message in messages:
            await send(self._websocket, message)


class LiveResults:
    """Messages of one stream, from its events.

    Final words are held until the next event, which may be the end of their phrase.
    """

    def __init__(self, parameters: Parameters, backend: str, model: str) -> None:
        self.finalizing = 0
        """Number of `Finalize` messages that the stream has not reached yet."""
        self._parameters = parameters
        self._backend, self._model = backend, model
        self._id = logs.request_id.get()
        self._held: dict[str, Any] | None = None
        self._end = 0.0  # of the last final result
        self._is_speaking = False
        self._word_end: float | None = None  # of the last word without `UtteranceEnd`

    @property
    def is_holding(self) -> bool:
        """True if a message waits that the client must get in a moment."""
        return self._held is not None and not self.finalizing

    def of(self, message: StreamMessage) -> list[dict[str, Any]]:
        """Return the messages of an event, or of the end of a flush."""
        if message.kind == "flushed":
            return self._finalized()
        event = message.event
        if event is None or event.type == "gap":
            return []
        if event.type == "endpoint":
            return self._ended(event)
        messages = [*self.at(event.start), *self.release(), *self._started(event)]
        self._word_end = event.end
        if event.type == "final":
            self._held = self._result(event, is_final=True)
            self._end = event.end
        elif self._parameters.interim:
            messages.append(self._result(event, is_final=False))
        return messages

    def release(self) -> list[dict[str, Any]]:
        """Return the held message."""
        held, self._held = self._held, None
        return [held] if held is not None else []

    def at(self, time: float) -> list[dict[str, Any]]:
        """Return `UtteranceEnd` if the pause at this time of the stream is long enough."""
        pause, end = self._parameters.utterance_end, self._word_end
        if not pause or end is None or self._is_speaking or time < end + pause:
            return []
        held, self._word_end = self.release(), None
        channel = [results.CHANNEL, 1]
        message = {"type": "UtteranceEnd", "channel": channel, "last_word_end": round(end, 3)}
        return [*held, message]

    def metadata(self, sha256: str, duration: float) -> dict[str, Any]:
        body = results.metadata(self._id, sha256, duration, self._backend, self._model)
        warnings = self._parameters.warnings
        return body | ({"warnings": warnings} if warnings else {})

    def _started(self, event: Event) -> list[dict[str, Any]]:
        if self._is_speaking:
            return []
        self._is_speaking = True
        if not self._parameters.vad_events:
            return []
        start = round(event.start, 3)
        return [{"type": "SpeechStarted", "channel": [results.CHANNEL], "timestamp": start}]

    def _ended(self, event: Event) -> list[dict[str, Any]]:
        """End the phrase: its last words are `speech_final`."""
        self._is_speaking = False
        if self._parameters.endpoint is None and not self.finalizing:
            return self.release()
        held = self._held or self._result(None, is_final=True)
        self._held = {**held, "speech_final": True}
        return [] if self.finalizing else self.release()

    def _finalized(self) -> list[dict[str, Any]]:
        self.finalizing -= 1
        held = self._held or self._result(None, is_final=True)
        self._held = None
        return [{**held, "speech_final": True, "from_finalize": True}]

    def _result(self, event: Event | None, is_final: bool) -> dict[str, Any]:
        start = self._end
        words = event.words if event else ()
        best = results.alternative(words, self._parameters)
        if event and event.language:
            best["languages"] = [language_code(event.language)]
        return {
            "type": "Results",
            "channel_index": [results.CHANNEL, 1],
            "start": round(start, 3),
            "duration": round(max(event.end - start, 0.0), 3) if event else 0.0,
            "is_final": is_final,
            "speech_final": False,
            "from_finalize": False,
            "channel": {"alternatives": [best]},
            "metadata": {
                "request_id": self._id,
                "model_info": results.model_info(self._backend, self._model),
                "model_uuid": results.model_uuid(self._model),
            },
        }


def _error(error: Exception) -> dict[str, Any]:
    text = public(error)
    code = getattr(error, "code", "") or "failed"
    return {"type": "Error", "variant": code, "description": text, "message": text, "code": code}
