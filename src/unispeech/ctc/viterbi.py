"""The most likely path of a CTC model through known tokens.

The Viterbi algorithm runs over a moving window of states, and remembers the steps of one block of
frames at a time, so that hours of sound fit into memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from unispeech.errors import AudioError
from unispeech.types import Floats

Span = tuple[int, int]
"""The first frame, and the frame after the last."""
WINDOW = 2048
"""States in the window, two per letter. Exact for texts of fewer than 1,000 letters; for longer
texts, exact unless the most likely position is off by about half a minute of speech."""
BLOCK = 4096
"""Frames whose steps are in memory at once."""
IMPOSSIBLE = -1e30


def path(
    scores: Floats,
    tokens: Sequence[int],
    blank: int,
    around: int | None = None,
    window: int = WINDOW,
    block: int = BLOCK,
) -> list[Span]:
    """The frames of each token on the most likely path.

    `scores` has shape (frames, columns). `tokens` are columns; negative numbers count from the
    last. A blank may stand between two tokens, and `around` (default: the blank) before the first
    and after the last.

    Raises:
        AudioError: there are fewer frames than tokens and blanks between equal tokens.
    """
    repeats = sum(a == b for a, b in zip(tokens, tokens[1:], strict=False))
    if len(scores) < len(tokens) + repeats:
        raise AudioError(
            f"the text has {len(tokens)} letters, too many for the sound",
            "check that the text belongs to the recording",
        )
    labels = np.full(2 * len(tokens) + 1, blank)
    labels[1::2] = np.asarray(tokens) % scores.shape[1]
    if around is not None:
        labels[[0, -1]] = around % scores.shape[1]
    can_skip = np.zeros(len(labels), np.bool_)
    can_skip[3::2] = labels[3::2] != labels[1:-2:2]
    states = _best_states(scores, labels, can_skip, window, block)
    edges = np.searchsorted(states, np.arange(1, len(labels))).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))


def _best_states(
    scores: Floats,
    labels: npt.NDArray[np.int_],
    can_skip: npt.NDArray[np.bool_],
    window: int,
    block: int,
) -> npt.NDArray[np.int_]:
    """The state of each frame, which rises by 0 to 2 per frame.

    Only the steps of one block of frames are in memory. The blocks before the last are searched
    twice: forwards for the scores at their ends, and again, last block first, for their steps.
    """
    frames, width = len(scores), min(window, len(labels))
    trellis = _Trellis(scores, labels, can_skip, width)
    blocks = [range(at, min(at + block, frames)) for at in range(1, frames, block)]
    low, best = 0, np.full(width, IMPOSSIBLE)
    best[:2] = scores[0, labels[:2]]
    before = [(low, best)]
    for span in blocks[:-1]:
        low, best = trellis.search(low, best, span)
        before.append((low, best))
    states = np.zeros(frames, np.int64)
    state = -1
    for span, (low, best) in zip(reversed(blocks), reversed(before), strict=False):
        steps, lows = np.zeros((len(span), width), np.uint8), np.zeros(len(span), np.int64)
        low, best = trellis.search(low, best, span, steps, lows)
        if state < 0:
            state = _last_state(low, best, len(labels))
        for number in range(len(span) - 1, -1, -1):
            states[span[number]] = state
            state -= int(steps[number, state - lows[number]])
    states[0] = state if state >= 0 else _last_state(low, best, len(labels))
    return states


def _last_state(low: int, best: npt.NDArray[np.float64], count: int) -> int:
    """The last token or the blank after it, whichever ends the better path."""
    last = best[count - 2 - low : count - low]
    if len(last) < 2 or last.max() <= IMPOSSIBLE / 2:
        raise AudioError(
            "the text does not fit the sound", "check that the text belongs to the recording"
        )
    return count - 1 - int(last[0] > last[1])


@dataclass(frozen=True, slots=True)
class _Trellis:
    """The Viterbi search over a moving window of states."""

    scores: Floats
    labels: npt.NDArray[np.int_]
    can_skip: npt.NDArray[np.bool_]
    width: int

    def search(
        self,
        low: int,
        best: npt.NDArray[np.float64],
        frames: range,
        steps: npt.NDArray[np.uint8] | None = None,
        lows: npt.NDArray[np.int64] | None = None,
    ) -> tuple[int, npt.NDArray[np.float64]]:
        """The window and its scores after some frames.

        `steps` and `lows` receive each state's step and the first state of the window.
        """
        outside = np.full(self.width, IMPOSSIBLE)
        for number, frame in enumerate(frames):
            shift = _shift(best, low, len(self.labels), len(self.scores) - frame)
            low += shift
            # the states of the new window and the two states below
            before = np.concatenate([outside[:2], best, outside])[shift : shift + self.width + 2]
            skips = self.can_skip[low : low + self.width]
            ways = np.stack([before[2:], before[1:-1], np.where(skips, before[:-2], IMPOSSIBLE)])
            if steps is not None and lows is not None:
                steps[number] = ways.argmax(axis=0)
                lows[number] = low
            best = ways.max(axis=0) + self.scores[frame, self.labels[low : low + self.width]]
        return low, best


def _shift(best: npt.NDArray[np.float64], low: int, count: int, remaining: int) -> int:
    """Number of states to move the window by, to centre it on the most likely state.

    Never past a state from which the remaining frames could still reach the end.
    """
    width = len(best)
    middle = int(best.argmax()) - width // 2
    needed = count - width - low - 2 * remaining  # keeps the end reachable
    return max(0, min(max(middle, needed), count - width - low))
