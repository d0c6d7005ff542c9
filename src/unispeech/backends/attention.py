"""Word times from the attention of transformers' Whisper to the sound.

The method is openai/whisper's `timing.py`: read the text once more, look where the alignment heads
listen at each token, and find the monotone path through it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from transformers.modeling_outputs import BaseModelOutput
from transformers.models.whisper.generation_whisper import _dynamic_time_warping, _median_filter
from transformers.models.whisper.tokenization_whisper import _combine_tokens_into_words

from unispeech import languages
from unispeech.backends.tokens import TICK, Piece
from unispeech.types import Word


def words(
    model: Any,
    tokenizer: Any,
    encoded: torch.Tensor,
    start: Sequence[int],
    pieces: Sequence[Piece],
    duration: float,
    language: str | None,
) -> list[tuple[Word, ...]]:
    """The words of each piece of a chunk, with times from its start.

    `encoded` is the chunk's (1, 1500, width); `start` the tokens that begin a text of its language
    and task. Leaves the model with eager attention: no other kind can be looked at.
    """
    text = [token for piece in pieces for token in piece.tokens]
    if not text:
        return [() for _ in pieces]
    config = model.generation_config
    ids = [*start, config.no_timestamps_token_id, *text, config.eos_token_id]
    model.set_attn_implementation("eager")
    outputs = model(
        decoder_input_ids=torch.tensor([ids], device=model.device),
        encoder_outputs=BaseModelOutput(last_hidden_state=encoded),
        output_attentions=True,
        use_cache=False,
    )
    likely = outputs.logits[0, len(start) : -1, : config.eos_token_id].float().softmax(-1)
    chances = likely[torch.arange(len(text)), text].tolist()
    heads = torch.stack([outputs.cross_attentions[l][0, h] for l, h in config.alignment_heads])
    times = _times(heads, len(start), duration, model.config.median_filter_width)
    found, at = [], 0
    for piece in pieces:
        stop = at + len(piece.tokens)
        timed_tokens = list(zip(text[at:stop], times[at:stop], chances[at:stop], strict=True))
        found.append(timed(tokenizer, timed_tokens, times[stop], language))
        at = stop
    return found


def _times(heads: torch.Tensor, skipped: int, duration: float, width: int) -> list[float]:
    """When each text token begins, and when the last one ends: seconds.

    `heads` is (heads, tokens, 1500), softmax over the frames of the whole window.
    """
    frames = max(1, min(int(duration / TICK), heads.shape[-1]))
    weights = heads[..., :frames].float()
    weights = weights / weights.sum(-1, keepdim=True)
    deviation, mean = torch.std_mean(weights, dim=-2, keepdim=True, unbiased=False)
    smooth = _median_filter((weights - mean) / deviation, width).mean(0)[skipped:-1]
    rows, columns = _dynamic_time_warping(-smooth.double().cpu().numpy())
    jumps = np.pad(np.diff(rows), (1, 0), constant_values=1).astype(bool)
    begins: list[float] = (columns[jumps] * TICK).tolist()
    return begins


def timed(
    tokenizer: Any, spoken: Sequence[tuple[int, float, float]], end: float, language: str | None
) -> tuple[Word, ...]:
    """Words from (token, second at which it begins, probability); the last one ends at `end`."""
    ids = [token for token, _, _ in spoken]
    begins = [*(begin for _, begin, _ in spoken), end]
    name = languages.WHISPER.get(language or "en", "english")
    texts, _, places = _combine_tokens_into_words(tokenizer, ids, name)
    return tuple(
        Word(
            start=begins[place[0]],
            end=max(begins[place[0]], begins[place[-1] + 1]),
            word=text,
            probability=float(np.mean([spoken[i][2] for i in place])),
        )
        for text, place in zip(texts, places, strict=True)
        if place
    )
