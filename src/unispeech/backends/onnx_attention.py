"""Greedy decoding of Canary for a batch.

In onnx-asr's own loop a row goes on after its end until every row has ended, and what it writes
then is part of its text. Here a row that has ended stays so: its text depends on its sound alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

SOURCE, TARGET = 4, 5
"""Places of the two language tokens in the prompt."""


def recognize(
    asr: Any,
    samples: npt.NDArray[np.float32],
    lengths: npt.NDArray[np.int64],
    language: str,
    target: str,
) -> Iterator[Any]:
    """Return onnx-asr's result of each row, decoded in one language into another or the same."""
    sound, mask = asr._encode(*asr._preprocessor(samples, lengths))
    tokens = np.repeat(asr._transcribe_input, len(samples), axis=0)
    tokens[:, SOURCE] = asr._tokens[f"<|{language}|>"]
    tokens[:, TARGET] = asr._tokens[f"<|{target}|>"]
    shape = next(x.shape for x in asr._decoder.get_inputs() if x.name == "decoder_mems")
    memory = np.empty((shape[0], len(samples), 0, shape[3]), np.float32)
    prompt = tokens.shape[1]
    logprobs = np.zeros((len(samples), 0), np.float32)
    ended = np.zeros(len(samples), np.bool_)
    while tokens.shape[1] < asr._max_sequence_length:
        scores, memory = asr._decode(tokens, sound, mask, memory)
        best = np.where(ended, asr._eos_token_id, scores[:, -1].argmax(-1))
        ended |= best == asr._eos_token_id
        if ended.all():
            break
        tokens = np.concatenate([tokens, best[:, None]], axis=1)
        found = np.take_along_axis(scores[:, -1], best[:, None], axis=-1)
        logprobs = np.concatenate([logprobs, found], axis=1)
    for row, values in zip(tokens[:, prompt:].tolist(), logprobs, strict=True):
        spoken = [n for n, token in enumerate(row) if not asr._vocab[token].startswith("<|")]
        yield asr._decode_tokens([row[n] for n in spoken], None, values[spoken])
