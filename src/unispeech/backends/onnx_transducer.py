"""Greedy decoding of NeMo's transducers for a batch at a time.

onnx-asr decodes the rows of a batch one after another. Here all rows take a step together, each at
its own frame and with its own state, so a batch needs as many calls of the joint network as its
longest row. The results are the same (Xu et al. 2023, "Efficient Sequence Transduction by Jointly
Predicting Tokens and Durations", algorithm 2).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx_asr.models.nemo import NemoConformerRnnt, NemoConformerTdt

Values = npt.NDArray[np.float32]


@dataclass(slots=True)
class Hypothesis:
    """The tokens of one row, and the frame and log probability of each."""

    tokens: list[int] = field(default_factory=list)
    frames: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)


def can_decode(asr: Any) -> bool:
    """Return True for a transducer of NeMo whose joint network takes batches."""
    if not isinstance(asr, NemoConformerRnnt):
        return False
    shapes = {value.name: value.shape for value in asr._decoder_joint.get_inputs()}
    return not any(isinstance(shapes[name][0], int) for name in ("encoder_outputs", "targets"))


def recognize(asr: Any, samples: Values, lengths: npt.NDArray[np.int64]) -> Iterator[Any]:
    """Return onnx-asr's result of each row, as its `recognize_batch` does."""
    encoded, frames = asr._encode(*asr._preprocessor(samples, lengths))
    for row in _decode(asr, encoded, frames):
        yield asr._decode_tokens(row.tokens, row.frames, row.logprobs)


def _decode(asr: Any, encoded: Values, lengths: npt.NDArray[np.int64]) -> list[Hypothesis]:
    rows = [Hypothesis() for _ in encoded]
    vocabulary, blank = asr._vocab_size, asr._blank_idx
    has_durations = isinstance(asr, NemoConformerTdt)
    states = [np.repeat(state, len(rows), axis=1) for state in asr._create_state()]
    last = np.full((len(rows), 1), blank, np.int32)
    at = np.zeros(len(rows), np.int64)
    emitted = np.zeros(len(rows), np.int64)  # tokens at the current frame
    while (active := np.flatnonzero(at < lengths)).size:
        logits, *after = _step(asr, encoded[active, at[active]], last[active], states, active)
        scores = logits[:, :vocabulary]
        best = scores.argmax(-1)
        skip = logits[:, vocabulary:].argmax(-1) if has_durations else np.zeros_like(best)
        top = scores[np.arange(len(best)), best]
        logprobs = top - np.logaddexp.reduce(scores.astype(np.float64), axis=-1)
        is_token = best != blank
        for n in np.flatnonzero(is_token):
            row = rows[active[n]]
            row.tokens.append(int(best[n]))
            row.frames.append(int(at[active[n]]))
            row.logprobs.append(float(logprobs[n]))
        moved = active[is_token]
        last[moved, 0] = best[is_token]
        for state, new in zip(states, after, strict=True):
            state[:, moved] = new[:, is_token]
        emitted[active] += is_token
        full = ~is_token | (emitted[active] == asr._max_tokens_per_step)
        at[active] += np.where(skip > 0, skip, full)
        emitted[active] = np.where((skip > 0) | full, 0, emitted[active])
    return rows


def _step(
    asr: Any, sound: Values, last: npt.NDArray[np.int32], states: list[Values], rows: Any
) -> tuple[Values, Values, Values]:
    """Return logits and the next states of some rows, from a frame and the last token of each."""
    logits, first, second = asr._decoder_joint.run(
        ["outputs", "output_states_1", "output_states_2"],
        {
            "encoder_outputs": sound[:, :, None],
            "targets": last,
            "target_length": np.ones(len(rows), np.int32),
            "input_states_1": states[0][:, rows],
            "input_states_2": states[1][:, rows],
        },
    )
    return logits.reshape(len(rows), -1), first, second
