"""One client: its requests, the sound that it sends, and the text that it gets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from wyoming.asr import (
    Transcribe,
    Transcript,
    TranscriptChunk,
    TranscriptStart,
    TranscriptStop,
)
from wyoming.audio import AudioChunk, AudioFormat, AudioStart, AudioStop
from wyoming.event import Event, Eventable
from wyoming.info import Describe
from wyoming.ping import Ping, Pong

from unispeech.engine.engine import Engine
from unispeech.errors import Cancelled
from unispeech.realtime import events
from unispeech.realtime.intake import Intake, listen
from unispeech.types import SAMPLE_RATE, Samples
from unispeech.wyoming.framing import MALFORMED, malformed
from unispeech.wyoming.program import Program, call_options
from unispeech.wyoming.sound import Sound

Send = Callable[[Eventable], Any]
"""Coroutine function that sends an event to the client."""


class Conversation:
    """Requests of one connection, one after another. `take` gets each event of the client.

    Events that do not concern speech to text are ignored, as the protocol asks.
    """

    def __init__(
        self, program: Program, longest: float, send: Send, is_gone: Callable[[], bool]
    ) -> None:
        """`longest` is the limit of the sound of a request, in seconds."""
        self._program = program
        self._longest = longest
        self._send, self._is_gone = send, is_gone
        self._request = Transcribe()
        self._recognition: Whole | Live | None = None

    async def take(self, event: Event) -> None:
        """Handle an event.

        Raises:
            UnispeechError: the event is malformed, or the request cannot be honoured.
        """
        try:
            message = _parsed(event)
        except MALFORMED as error:
            raise malformed(event.type) from error
        if isinstance(message, Describe):
            await self._send(self._program.info())
        elif isinstance(message, Ping):
            await self._send(Pong(message.text))
        elif isinstance(message, Transcribe):
            self._request = message
        elif isinstance(message, AudioStart):
            self._start(message)
        elif isinstance(message, AudioChunk):
            if self._recognition is None:  # some clients leave `audio-start` out
                self._start(message)
            assert self._recognition is not None
            self._recognition.feed(message)
        elif isinstance(message, AudioStop) and self._recognition is not None:
            recognition, self._recognition = self._recognition, None
            self._request = Transcribe()
            await recognition.finish()

    def end(self) -> None:
        """Drop the sound of a client that has gone."""
        if self._recognition is not None:
            self._recognition.drop()
            self._recognition = None

    def _start(self, format: AudioFormat) -> None:
        """Begin a request. Sound of an earlier one without an end is dropped."""
        self.end()
        engine = self._program.find(self._request.name)
        options = call_options(self._request, engine)
        engine.resolve(**options)  # raises before any sound
        sound = Sound(format, self._longest)
        if self._program.streams:
            self._recognition = Live(engine, options, sound, self._send)
        else:
            self._recognition = Whole(engine, options, sound, self._send, self._is_gone)


class Whole:
    """Transcription of all sound at its end."""

    def __init__(
        self,
        engine: Engine,
        options: dict[str, Any],
        sound: Sound,
        send: Send,
        is_gone: Callable[[], bool],
    ) -> None:
        self._work = partial(engine.transcribe, cancelled=is_gone, **options)
        self._sound, self._send = sound, send
        self._pieces: list[Samples] = []

    def feed(self, chunk: AudioChunk) -> None:
        self._pieces.append(self._sound.feed(chunk, chunk.audio))

    async def finish(self) -> None:
        """Transcribe, and send the text."""
        samples = np.concatenate([*self._pieces, self._sound.end()])
        if not len(samples):
            await self._send(Transcript(""))
            return
        result = await asyncio.to_thread(self._work, samples, SAMPLE_RATE)
        await self._send(Transcript(result.text.strip(), language=result.language or None))

    def drop(self) -> None:
        self._pieces.clear()


class Live:
    """Transcription while the sound arrives: each part of the text is sent when it is final."""

    def __init__(self, engine: Engine, options: dict[str, Any], sound: Sound, send: Send) -> None:
        self._sound, self._send = sound, send
        self._intake = Intake()
        self._events = listen(engine.listen(**options), self._intake)
        self._text = self._language = ""
        self._started = False
        self._following = asyncio.create_task(self._follow())

    def feed(self, chunk: AudioChunk) -> None:
        self._intake.put(self._sound.feed(chunk, chunk.audio))

    async def finish(self) -> None:
        """Decode the rest, and send the end of the text and all of it."""
        self._intake.put(self._sound.end())
        self._intake.close()
        await self._following
        await self._start()
        await self._send(Transcript(self._text.rstrip(), language=self._language or None))
        await self._send(TranscriptStop())

    def drop(self) -> None:
        """Decode no more: `listen` ends at this error without its last phrase."""
        self._intake.close(Cancelled())
        self._following.add_done_callback(lambda task: task.cancelled() or task.exception())

    async def _follow(self) -> None:
        while (event := await asyncio.to_thread(_next, self._events)) is not None:
            if event.type == "final":
                self._language = event.language
                text = event.text if self._text else event.text.lstrip()
                self._text += text
                await self._start()
                await self._send(TranscriptChunk(text))

    async def _start(self) -> None:
        if not self._started:
            self._started = True
            await self._send(TranscriptStart(language=self._language or None))


def _next(source: Iterator[events.Event]) -> events.Event | None:
    return next(source, None)


def _parsed(event: Event) -> Eventable | None:
    """Return the message of an event; None for those of other services."""
    for kind in (Describe, Ping, Transcribe, AudioStart, AudioChunk, AudioStop):
        if kind.is_type(event.type):
            message: Eventable = kind.from_event(event)
            _check(message)
            return message
    return None


def _check(message: Eventable) -> None:
    """Raises:
    TypeError, ValueError: a field has a wrong type.
    """
    if isinstance(message, AudioFormat):
        values = (message.rate, message.width, message.channels)
        if any(type(value) is not int or value < 1 for value in values):
            raise ValueError(values)
    if isinstance(message, Transcribe):
        words = [*(message.transcript_names or ()), *(message.transcript_terms or ())]
        if not all(
            isinstance(word or "", str) for word in (message.name, message.language, *words)
        ):
            raise TypeError(message)
