"""Transcripts in OpenAI's shapes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from fastapi.responses import JSONResponse, PlainTextResponse, Response

from unispeech import languages
from unispeech.server.dialects.openai.form import Wanted
from unispeech.stages import guard
from unispeech.text import formats
from unispeech.types import Segment, Transcript


def render(transcript: Transcript, wanted: Wanted) -> Response:
    if wanted.format == "json":
        return JSONResponse({"text": transcript.text, "usage": usage(transcript)})
    if wanted.format == "verbose_json":
        return JSONResponse(verbose(transcript, wanted))
    if wanted.diarized:
        return JSONResponse(diarized(transcript))
    if wanted.format == "text":
        return PlainTextResponse(transcript.text + "\n")
    return PlainTextResponse(formats.render(transcript, wanted.format))


def usage(transcript: Transcript) -> dict[str, Any]:
    return {"type": "duration", "seconds": math.ceil(transcript.duration)}


def verbose(transcript: Transcript, wanted: Wanted) -> dict[str, Any]:
    """`verbose_json` as OpenAI gives it: the language's name, words without the leading space."""
    shown: dict[str, Any] = {
        "task": transcript.task,
        "language": languages.name("en" if transcript.task == "translate" else transcript.language),
        "duration": transcript.duration,
        "text": transcript.text,
        "segments": None,
        "usage": usage(transcript),
    }
    if not wanted.words or "segment" in wanted.granularities:
        shown["segments"] = [_segment(segment) for segment in transcript.segments]
    if wanted.words:
        shown["words"] = [
            {"word": word.word.strip(), "start": word.start, "end": word.end}
            for segment in transcript.segments
            for word in segment.words
        ]
    return shown


def _segment(segment: Segment) -> dict[str, Any]:
    """`tokens` is empty and `temperature` 0: not every runtime here tells them."""
    return {
        "id": segment.id,
        "seek": int(segment.start * 100),
        "start": segment.start,
        "end": segment.end,
        "text": segment.text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": segment.avg_logprob,
        "compression_ratio": round(guard.compression_ratio(segment.text), 4),
        "no_speech_prob": segment.no_speech_prob,
    }


def diarized(transcript: Transcript) -> dict[str, Any]:
    """`diarized_json`: who says what."""
    letter = lettering()
    return {
        "task": "transcribe",
        "duration": transcript.duration,
        "text": transcript.text,
        "segments": [said(segment, letter) for segment in transcript.segments],
        "usage": usage(transcript),
    }


def said(segment: Segment, letter: Callable[[str | None], str]) -> dict[str, Any]:
    """A segment with who says it. A speaker is not optional: where nobody was found it is A."""
    return {
        "type": "transcript.text.segment",
        "id": f"seg_{segment.id}",
        "start": segment.start,
        "end": segment.end,
        "text": segment.text,
        "speaker": letter(segment.speaker),
    }


def lettering() -> Callable[[str | None], str]:
    """Gives A, B, ... Z, AA, AB, ... to names, in the order in which they come."""
    given: dict[str | None, str] = {}

    def letter(name: str | None) -> str:
        if name not in given:
            given[name] = _letters(len(given))
        return given[name]

    return letter


def _letters(number: int) -> str:
    text = chr(ord("A") + number % 26)
    return _letters(number // 26 - 1) + text if number >= 26 else text
