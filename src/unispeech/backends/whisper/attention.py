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
from unispeech.types import Word

TICK = 0.02
"""Seconds of one frame of the encoder."""


def words(
    model: Any,
    tokenizer: Any,
    encoded: torch.Tensor,
    sequence: Sequence[int],
    begin: int,
    duration: float,
    language: str | None,
) -> tuple[Word, ...]:
    """The words of a chunk with times from its start.

    `encoded` is (1, 1500, width). `sequence` is what was decoded, from <|startoftranscript|> on;
    its text starts at `begin`. Leaves the model with eager attention: no other kind can be looked
    at.
    """
    text = [token for token in sequence[begin:] if token < model.generation_config.eos_token_id]
    if not text:
        return ()
    config = model.generation_config
    ids = [*sequence[:begin], *text, config.eos_token_id]
    model.set_attn_implementation("eager")
    outputs = model(
        decoder_input_ids=torch.tensor([ids], device=model.device),
        encoder_outputs=BaseModelOutput(last_hidden_state=encoded),
        output_attentions=True,
        use_cache=False,
    )
    likely = outputs.logits[0, begin - 1 : -2, : config.eos_token_id].float().softmax(-1)
    chances = likely[torch.arange(len(text)), text].tolist()
    heads = torch.stack([outputs.cross_attentions[i][0, h] for i, h in config.alignment_heads])
    times = _times(heads, begin - 1, duration, model.config.median_filter_width)
    spoken = list(zip(text, times[:-1], chances, strict=True))
    return timed(tokenizer, spoken, times[-1], language)


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
    """Words from (token, second at which it begins, probability); the last one ends at `end`.

    Punctuation belongs to a word but not to its time: the pause after it is nobody's.
    """
    ids = [token for token, _, _ in spoken]
    begins = [*(begin for _, begin, _ in spoken), end]
    name = languages.WHISPER.get(language or "en", "english")
    texts, _, places = _combine_tokens_into_words(tokenizer, ids, name)
    found = []
    for text, place in zip(texts, places, strict=True):
        if place:
            heard = [i for i in place if any(c.isalnum() for c in tokenizer.decode([ids[i]]))]
            heard = heard or place
            start, stop = begins[place[0]], begins[heard[-1] + 1]
            chance = float(np.mean([spoken[i][2] for i in heard]))
            found.append(Word(start, max(start, stop), text, chance))
    return tuple(found)
