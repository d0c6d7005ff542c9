"""Transcripts in OpenAI's response formats."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from fastapi.responses import JSONResponse, PlainTextResponse, Response

from unispeech import languages
from unispeech.server.dialects.openai.form import TranscriptionForm
from unispeech.server.dialects.whisper_segments import Encode, encoder, whisper_segment
from unispeech.text import formats
from unispeech.types import Segment, Transcript, Word

LEAST = 1e-10
"""Least probability of a word, so that its logarithm is finite."""


def render(transcript: Transcript, form: TranscriptionForm) -> Response:
    if form.format == "json":
        body = {"text": transcript.text, "usage": usage(transcript)}
        words = [word for segment in transcript.segments for word in segment.words]
        return JSONResponse(body | ({"logprobs": logprobs(words)} if form.has_logprobs else {}))
    if form.format == "verbose_json":
        return JSONResponse(verbose(transcript, form, encoder(form.speech_request.model)))
    if form.is_diarized:
        return JSONResponse(diarized(transcript))
    if form.format == "text":
        return PlainTextResponse(transcript.text + "\n")
    return PlainTextResponse(formats.render(transcript, form.format))


def logprobs(words: Iterable[Word]) -> list[dict[str, Any]]:
    """Return `logprobs` with a word in place of a token, since backends return probabilities of
    words: the mean over their tokens."""
    return [
        {
            "token": word.word,
            "bytes": list(word.word.encode("utf-8", "replace")),
            "logprob": math.log(max(word.probability, LEAST)),
        }
        for word in words
    ]


def usage(transcript: Transcript) -> dict[str, Any]:
    return {"type": "duration", "seconds": math.ceil(transcript.duration)}


def verbose(transcript: Transcript, form: TranscriptionForm, encode: Encode) -> dict[str, Any]:
    """Return `verbose_json` in OpenAI's form: language by name, words without the leading space."""
    body: dict[str, Any] = {
        "task": transcript.task,
        "language": languages.name("en" if transcript.task == "translate" else transcript.language),
        "duration": transcript.duration,
        "text": transcript.text,
        "segments": None,
        "usage": usage(transcript),
    }
    if not form.wants_words or "segment" in form.granularities:
        body["segments"] = [whisper_segment(segment, encode) for segment in transcript.segments]
    if form.wants_words:
        body["words"] = [
            {"word": word.word.strip(), "start": word.start, "end": word.end}
            for segment in transcript.segments
            for word in segment.words
        ]
    return body


def diarized(transcript: Transcript) -> dict[str, Any]:
    """Return `diarized_json`."""
    letter = lettering()
    return {
        "task": "transcribe",
        "duration": transcript.duration,
        "text": transcript.text,
        "segments": [diarized_segment(segment, letter) for segment in transcript.segments],
        "usage": usage(transcript),
    }


def diarized_segment(segment: Segment, letter: Callable[[str | None], str]) -> dict[str, Any]:
    """Return a segment with its speaker, which OpenAI requires; without one it is A."""
    return {
        "type": "transcript.text.segment",
        "id": f"seg_{segment.id}",
        "start": segment.start,
        "end": segment.end,
        "text": segment.text,
        "speaker": letter(segment.speaker),
    }


def lettering() -> Callable[[str | None], str]:
    """Return a function that names speakers A, B, ... Z, AA, AB, ... in order of appearance."""
    letters: dict[str | None, str] = {}

    def letter(name: str | None) -> str:
        if name not in letters:
            letters[name] = _letters(len(letters))
        return letters[name]

    return letter


def _letters(number: int) -> str:
    text = chr(ord("A") + number % 26)
    return _letters(number // 26 - 1) + text if number >= 26 else text
