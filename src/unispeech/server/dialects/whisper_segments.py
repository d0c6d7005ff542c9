"""Segments in the form of openai-whisper, which WAAS and OpenAI's `verbose_json` return."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from unispeech.errors import ModelDamaged
from unispeech.models import catalog, weight_cache
from unispeech.stages import doubts
from unispeech.types import Segment

Encode = Callable[[str], list[int]]


def whisper_segment(segment: Segment, encode: Encode) -> dict[str, Any]:
    """Return a segment with the fields of openai-whisper.

    `temperature` is 0, as backends do not return it.
    """
    return {
        "id": segment.id,
        "seek": int(segment.start * 100),
        "start": segment.start,
        "end": segment.end,
        "text": segment.text,
        "tokens": encode(segment.text),
        "temperature": 0.0,
        "avg_logprob": segment.avg_logprob,
        "compression_ratio": round(doubts.compression_ratio(segment.text), 4),
        "no_speech_prob": segment.no_speech_prob,
    }


def encoder(model: str) -> Encode:
    """Return a function from text to the token IDs of a model.

    Backends return no tokens, and joining windows cuts them anyway, so the text is encoded again.
    A model whose files contain no `tokenizer.json` has no tokens.
    """
    path = _tokenizer_file(model)
    return _encoder(path) if path else lambda text: []


def _tokenizer_file(model: str) -> Path | None:
    entry = catalog.find(model)
    name = entry.name if entry else model
    folders = [Path(model)] if not entry else []
    for format in weight_cache.formats(name):
        try:
            cached = weight_cache.find(name, format)
        except ModelDamaged:
            continue
        folders += [cached.folder] if cached else []
    files = (folder / "tokenizer.json" for folder in folders)
    return next((file for file in files if file.is_file()), None)


@lru_cache(maxsize=4)
def _encoder(path: Path) -> Encode:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(path))
    return lambda text: list(tokenizer.encode(text, add_special_tokens=False).ids)
