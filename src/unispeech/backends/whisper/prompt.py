"""Fitting of the initial prompt and the hotwords into the model's context (decision 0090)."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import replace

from unispeech.options import DecodeOptions

CONTEXT = 448
"""Tokens in the decoder's context of every Whisper model."""
LIMIT = CONTEXT // 2 - 1
"""Maximum tokens of hotwords and prompt together (openai/whisper, decoding.py)."""
LONGEST_WORD = 40
"""Characters to skip at most so that a cut text begins with a whole word."""

Count = Callable[[str], int]
"""Number of tokens of a text."""


def fit(options: DecodeOptions, count: Count, limit: int = LIMIT) -> DecodeOptions:
    """Cut the initial prompt and the hotwords so that they have at most `limit` tokens together.

    Both lose their beginning. The prompt is cut first; the hotwords are cut only if they take more
    than half of the limit. The result does not change if it is fitted again.
    """
    prompt, hotwords = options.initial_prompt or "", options.hotwords or ""
    if not prompt and not hotwords:
        return options
    prompt_tokens, hotword_tokens = _count(prompt, count), _count(hotwords, count)
    if prompt_tokens + hotword_tokens <= limit:
        return options
    hotwords = newest(hotwords, count, max(limit - prompt_tokens, limit // 2))
    prompt = newest(prompt, count, limit - _count(hotwords, count))
    return replace(options, initial_prompt=prompt or None, hotwords=hotwords or None)


def newest(text: str, count: Count, limit: int) -> str:
    """Return the longest end of a text that has at most `limit` tokens and begins with a word."""
    if _count(text, count) <= limit:
        return text
    starts = range(len(text) + 1)
    start = bisect_left(starts, True, key=lambda at: _count(text[at:], count) <= limit)
    if not text[start - 1].isspace() and (
        space := re.search(r"\s", text[start : start + LONGEST_WORD])
    ):
        start += space.end()
    while _count(text[start:], count) > limit:  # shorter texts may have more tokens
        start += 1
    return text[start:].strip()


def _count(text: str, count: Count) -> int:
    stripped = text.strip()
    return count(f" {stripped}") if stripped else 0
