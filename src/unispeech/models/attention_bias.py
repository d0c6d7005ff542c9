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


NO_BIAS = Bias()
BIASES: Mapping[tuple[str, str], Bias] = {
    ("faster", "tiny.en"): Bias(0.09, 0.09),
    ("faster", "base"): Bias(-0.066, -0.07),
}
"""By backend and model. What is not measured is left as it is."""


def bias(backend: str, model: str) -> Bias:
    """The bias of a model in a backend; none if it was not measured."""
    return BIASES.get((backend, model), NO_BIAS)
