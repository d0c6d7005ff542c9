"""Conversion of CTranslate2 and faster-whisper results into segments and words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from faster_whisper.tokenizer import Tokenizer
from faster_whisper.transcribe import merge_punctuations

from unispeech.errors import BackendError
from unispeech.types import Chunk, Segment, Word

PREPENDED = "\"'“¿([{-"
APPENDED = "\"'.。,，!！?？:：”)]}、"


def segment(tokenizer: Tokenizer, output: Any, chunk: Chunk) -> Segment:
    """Return the text of a chunk as one segment.

    `avg_logprob` counts the end token too, as in openai/whisper.
    """
    tokens: list[int] = output.sequences_ids[0]
    return Segment(
        id=0,
        start=0.0,
        end=chunk.duration,
        text=tokenizer.decode(tokens),
        avg_logprob=output.scores[0] * len(tokens) / (len(tokens) + 1),
        no_speech_prob=output.no_speech_prob,
    )


def words(alignment: list[dict[str, Any]]) -> tuple[Word, ...]:
    merge_punctuations(alignment, PREPENDED, APPENDED)
    return tuple(
        Word(float(w["start"]), float(w["end"]), w["word"], float(w["probability"]))
        for w in alignment
        if w["word"]
    )


def native(segments: Any) -> Iterator[Segment]:
    try:
        for segment in segments:
            yield Segment(
                id=segment.id - 1,
                start=segment.start,
                end=segment.end,
                text=segment.text,
                words=tuple(
                    Word(w.start, w.end, w.word, w.probability) for w in segment.words or ()
                ),
                avg_logprob=segment.avg_logprob,
                no_speech_prob=segment.no_speech_prob,
            )
    except (RuntimeError, ValueError) as error:
        raise BackendError(f"faster: {error}") from error
