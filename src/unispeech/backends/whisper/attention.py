"""Word times from the cross-attention of transformers' Whisper.

The method is that of openai/whisper's `timing.py`: run the decoder over the finished text, take the
cross-attention of the alignment heads, and find the monotonic path through it.
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
"""Length of an encoder frame, in seconds."""


def words(
    model: Any,
    tokenizer: Any,
    encoded: torch.Tensor,
    sequence: Sequence[int],
    begin: int,
    duration: float,
    language: str | None,
) -> tuple[Word, ...]:
    """Return the words of a chunk, with times from its start.

    `encoded` is (1, 1500, width). `sequence` holds the decoded tokens from <|startoftranscript|>
    on; the text starts at `begin`. If it fills the decoder's context, its last token has no
    duration: the context also has to hold the end of the text. Leaves the model with eager
    attention, the only implementation that returns attention weights.
    """
    text = [token for token in sequence[begin:] if token < model.generation_config.eos_token_id]
    if not text:
        return ()
    config = model.generation_config
    timed = text[: model.config.max_target_positions - begin - 1]
    ids = [*sequence[:begin], *timed, config.eos_token_id]
    model.set_attn_implementation("eager")
    outputs = model(
        decoder_input_ids=torch.tensor([ids], device=model.device),
        encoder_outputs=BaseModelOutput(last_hidden_state=encoded),
        output_attentions=True,
        use_cache=False,
    )
    scores = outputs.logits[0, begin - 1 : -2, : config.eos_token_id].float().softmax(-1)
    probabilities = scores[torch.arange(len(timed)), timed].tolist()
    heads = torch.stack([outputs.cross_attentions[i][0, h] for i, h in config.alignment_heads])
    times = _times(heads, begin - 1, duration, model.config.median_filter_width)
    tokens = list(zip(timed, times[:-1], probabilities, strict=True))
    tokens += [(token, times[-1], 0.0) for token in text[len(timed) :]]
    return words_from_tokens(tokenizer, tokens, times[-1], language)


def _times(heads: torch.Tensor, skipped: int, duration: float, width: int) -> list[float]:
    """Return the start of each text token and the end of the last, in seconds.

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


def words_from_tokens(
    tokenizer: Any, tokens: Sequence[tuple[int, float, float]], end: float, language: str | None
) -> tuple[Word, ...]:
    """Combine tokens into words. Tokens are (id, start in seconds, probability).

    The last word ends at `end`. Punctuation is part of a word's text but not of its time, which
    would otherwise include the pause after it.
    """
    ids = [token for token, _, _ in tokens]
    starts = [*(start for _, start, _ in tokens), end]
    name = languages.WHISPER.get(language or "en", "english")
    texts, _, groups = _combine_tokens_into_words(tokenizer, ids, name)
    result = []
    for text, group in zip(texts, groups, strict=True):
        if group:
            spoken = [i for i in group if any(c.isalnum() for c in tokenizer.decode([ids[i]]))]
            spoken = spoken or group
            start, stop = starts[group[0]], starts[spoken[-1] + 1]
            probability = float(np.mean([tokens[i][2] for i in spoken]))
            result.append(Word(start, max(start, stop), text, probability))
    return tuple(result)
