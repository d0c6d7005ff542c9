"""The bias of word times that runtimes derive from Whisper's attention, by runtime and model.

Measured by `benchmarks/attention_bias.py`, which prints these rows. Model and runtime both matter:
the alignment heads differ, and so does the smoothing of their attention.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bias:
    """Seconds by which starts and ends are late; negative if they are early."""

    start: float = 0.0
    end: float = 0.0
    languages: tuple[str, ...] = ()
    """The languages in which that was found; empty for a model of one language."""

    def of(self, language: str | None) -> Bias:
        """The bias in a language; none in a language in which it was not found."""
        return self if not self.languages or language in self.languages else NO_BIAS


NO_BIAS = Bias()
BIASES: Mapping[tuple[str, str], Bias] = {
    ("faster", "tiny.en"): Bias(0.09, 0.09),
    ("faster", "base"): Bias(-0.066, -0.07, ("en", "de", "es", "pt")),
    ("openai", "tiny.en"): Bias(0.09, 0.09),
    ("openai", "base"): Bias(-0.056, -0.06, ("en", "de")),
    ("hf", "tiny.en"): Bias(0.09, 0.09),
    ("hf", "base"): Bias(-0.056, -0.06, ("en", "de")),
    ("cpp", "tiny.en"): Bias(0.09, 0.09),
    ("cpp", "base"): Bias(-0.03, -0.03, ("en",)),
}
"""By backend and model, whatever the precision. Times without a measured bias are left as they are:
with `base` in `faster`, synthetic French, Italian, Dutch and Polish have none. With `base` in
`openai` and `hf`, no other languages than these were measured."""

SAME = {"whisperx": "faster"}
"""Backends whose times come from the code of another: `WhisperX` inherits from `FasterWhisper`."""


def bias(backend: str, model: str) -> Bias:
    """The bias of a model in a backend; none if it was not measured."""
    return BIASES.get((SAME.get(backend, backend), model), NO_BIAS)
