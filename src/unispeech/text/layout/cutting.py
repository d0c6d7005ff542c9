"""The best breaks of a run of pieces into cues and lines, found by dynamic programming.

A violation of a limit outweighs every preference. Among cuts with as few violations as can be, the
costs of the breaks, unequal lines, single words and the number of cues decide. The times of a cue
depend on its pieces and on the start of the next, so costs add up, and the best cut is exact.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from unispeech.text.layout import showing
from unispeech.text.layout.cells import has_full_signs, length, width
from unispeech.text.layout.limits import Layout
from unispeech.text.layout.phrases import AFTER_SENTENCE
from unispeech.text.layout.pieces import Piece

TOO_LARGE = 1e9
"""Cost of too wide or too many lines, or of a longer cue than allowed: cutting avoids these."""
WRONG_TIME = 1e6
"""Cost of a cue that is too fast or too short, which fast speech may leave no way around."""
EXCESS = 100.0
"""Cost of each second that a cue is too short to be read, so that the excess is spread."""
CUE = 5.0
"""Cost of a cue, so that there are few."""
CUT_SENTENCE = 40.0
"""Cost of a break between cues inside a sentence: more than that of any break between lines, so
that a sentence that fits a cue is one. A pause lowers it, to nothing if it lasts a second."""
ORPHAN = 40.0
"""Cost of a line or cue with a single word of a longer sentence."""
IMBALANCE = 0.4
"""Cost of each cell by which lines differ."""
FLASH = 40.0
"""Cost of each second by which a cue is shown for less than one, unless the layout has a bound."""
PAUSE = 20.0
"""Cost of a second of silence inside a cue."""
DASHED = 4.0
"""Cost of two speakers in a cue."""
DASH = "- "


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines of a cue: the first piece of each, the cost, and the cells, words and lines beyond
    the limits."""

    firsts: tuple[int, ...]
    cost: float
    excess: int


class Run:
    """Pieces that may share cues, and the text before its first line (the speaker's name)."""

    def __init__(
        self,
        pieces: Sequence[Piece],
        layout: Layout,
        label: str = "",
        following: float | None = None,
        duration: float = math.inf,
    ) -> None:
        self.pieces = pieces
        self.layout = layout
        self.label = label
        self.following = following
        """Start of the next run, or None."""
        self.duration = duration
        self.starts = [showing.shown_start(piece.start, layout) for piece in pieces]
        self._is_full = has_full_signs("".join(piece.text for piece in pieces))
        self._widths = [0, *accumulate(width(piece.text, self._is_full) for piece in pieces)]
        self._leads = [int(piece.text[:1].isspace()) for piece in pieces]
        self._words = [0, *accumulate(len(piece.text.split()) for piece in pieces)]
        self._lengths = [0, *accumulate(length(piece.text) for piece in pieces)]
        changes = (a.speaker != b.speaker for a, b in zip(pieces, pieces[1:], strict=False))
        self._changes = [0, 0, *accumulate(map(int, changes))]

    def best(self) -> list[tuple[int, int, tuple[int, ...]]]:
        """The cues: first and last piece, and the first piece of each line."""
        size = len(self.pieces)
        if self._line_limit() is None and self.layout.max_duration is None:
            return [(0, size, self.lines(0, size).firsts)]
        costs = [0.0] + [math.inf] * size
        chosen: list[tuple[int, tuple[int, ...]]] = [(0, ())] * (size + 1)
        for last in range(1, size + 1):
            for first in range(last - 1, -1, -1):
                lines = self.lines(first, last)
                cost = costs[first] + self._cue_cost(first, last, lines)
                if cost < costs[last]:
                    costs[last], chosen[last] = cost, (first, lines.firsts)
                if self._is_hopeless(first, last):
                    break
        cues = []
        last = size
        while last:
            first, firsts = chosen[last]
            cues.append((first, last, firsts))
            last = first
        return cues[::-1]

    def lines(self, first: int, last: int) -> Lines:
        """The best lines of the pieces `first` to `last` (exclusive)."""
        if self._speakers(first, last) > 1:
            return self._dashed(first, last)
        limit = self._line_limit()
        if self._fits(first, last) or limit == 1:
            return Lines((first,), 0.0, self._excess(first, last))
        return self._broken(first, last, limit)

    def _broken(self, first: int, last: int, limit: int | None) -> Lines:
        """As few lines as fit, balanced. Too many pieces make the last line too wide."""
        fewest = self._fewest_lines(first, last)
        count = fewest if limit is None else min(fewest, limit)
        count = min(count, last - first)
        table: list[dict[int, tuple[float, int, tuple[int, ...]]]] = [{first: (0.0, 0, ())}]
        target = self._width(first, last) / count
        for line in range(count):
            ends: dict[int, tuple[float, int, tuple[int, ...]]] = {}
            for begin, (cost, excess, firsts) in table[-1].items():
                for end in self._line_ends(begin, last, count - line - 1):
                    too_wide = excess + self._excess(begin, end)
                    total = cost + self._line_cost(begin, end, last, target)
                    known = ends.get(end)
                    if known is None or (too_wide, total) < (known[1], known[0]):
                        ends[end] = (total, too_wide, (*firsts, begin))
            table.append(ends)
        cost, excess, firsts = table[-1][last]
        return Lines(firsts, cost, excess)

    def _line_ends(self, begin: int, last: int, left: int) -> list[int]:
        """The pieces that a line may end before, with `left` more lines to fill."""
        if not left:
            return [last]
        ends = [end for end in range(begin + 1, last - left + 1) if self._fits(begin, end)]
        return ends or [begin + 1]

    def _line_cost(self, begin: int, end: int, last: int, target: float) -> float:
        cost = IMBALANCE * abs(self._width(begin, end) - target)
        if end < last:
            cost += self.pieces[end].break_cost
        is_short = end - begin == 1 and self._width(begin, end) < target / 2
        if is_short and not self._is_sentence(begin, end):
            cost += ORPHAN
        return cost

    def _dashed(self, first: int, last: int) -> Lines:
        """A line for each speaker."""
        firsts = (
            first,
            *(n for n in range(first + 1, last) if self._changes[n + 1] > self._changes[n]),
        )
        ends = (*firsts[1:], last)
        excess = sum(
            self._excess(begin, end, len(DASH)) for begin, end in zip(firsts, ends, strict=True)
        )
        limit = self._line_limit() or len(firsts)
        return Lines(firsts, DASHED, excess + max(0, len(firsts) - limit))

    def _cue_cost(self, first: int, last: int, lines: Lines) -> float:
        """The cost of a cue: that of its lines, its times, and the break before it."""
        layout, pieces = self.layout, self.pieces
        start, speech_end = self.starts[first], pieces[last - 1].end
        following = self.starts[last] if last < len(pieces) else self.following
        length = self._length(first, last, lines)
        end = showing.shown_end(start, speech_end, length, following, layout, self.duration)
        cost = CUE + lines.cost + self._violations(first, last, lines, end - start, length)
        cost += PAUSE * sum(
            max(0.0, pieces[n].start - pieces[n - 1].end - 0.3) for n in range(first + 1, last)
        )
        if first:
            pause = min(1.0, max(0.0, pieces[first].start - pieces[first - 1].end))
            cost += 2 * pieces[first].break_cost - 10 * pause
            if pieces[first].break_cost != AFTER_SENTENCE:
                cost += CUT_SENTENCE * (1 - pause)
        if last - first == 1 and not self._is_sentence(first, last):
            cost += ORPHAN
        if layout.min_duration is None:
            cost += FLASH * max(0.0, 1 - (end - start))
        return cost + self._density(start, end, length)

    def _is_sentence(self, first: int, last: int) -> bool:
        pieces = self.pieces
        begins = not first or pieces[first].break_cost == AFTER_SENTENCE
        return begins and (last == len(pieces) or pieces[last].break_cost == AFTER_SENTENCE)

    def _violations(
        self, first: int, last: int, lines: Lines, duration: float, length: int
    ) -> float:
        layout = self.layout
        speech = self.pieces[last - 1].end - self.starts[first]
        too_long = layout.max_duration is not None and speech > layout.max_duration + 0.0015
        too_fast = layout.max_cps is not None and length > (layout.max_cps + 0.05) * duration
        too_short = layout.min_duration is not None and duration < layout.min_duration - 0.0015
        too_large = lines.excess + (too_long and last - first > 1)
        return TOO_LARGE * too_large + WRONG_TIME * (too_fast + too_short)

    def _density(self, start: float, end: float, length: int) -> float:
        """A cost for reading speeds above the limit."""
        if self.layout.max_cps is None:
            return 0.0
        excess = length / self.layout.max_cps - max(end - start, 0.001)
        return EXCESS * max(0.0, excess)

    def _is_hopeless(self, first: int, last: int) -> bool:
        """True if a cue from an earlier piece can only be worse: it is too full already."""
        if last - first < 2:
            return False
        longest, limit = self.layout.max_duration, self._line_limit()
        speech = self.pieces[last - 1].end - self.starts[first]
        if longest is not None and speech > longest + 0.0015:
            return True
        words, wide = self.layout.max_words_per_line, self.layout.max_line_width
        if limit is None:
            return False
        if words is not None and self._words[last] - self._words[first] > words * limit:
            return True
        return wide is not None and self._width(first, last) > (wide + 1) * limit

    def _line_limit(self) -> int | None:
        if self.layout.max_line_count is None and self.layout.max_words_per_line is not None:
            return 1
        return self.layout.max_line_count

    def _fewest_lines(self, first: int, last: int) -> int:
        count, begin = 1, first
        for end in range(first + 1, last + 1):
            if end - begin > 1 and not self._fits(begin, end):
                count, begin = count + 1, end - 1
        return count

    def _speakers(self, first: int, last: int) -> int:
        return self._changes[last] - self._changes[first + 1] + 1

    def _label(self, first: int) -> int:
        return width(self.label, self._is_full) if first == 0 else 0

    def _width(self, first: int, last: int) -> int:
        return self._widths[last] - self._widths[first] - self._leads[first] + self._label(first)

    def _fits(self, first: int, last: int) -> bool:
        return self._excess(first, last) == 0

    def _excess(self, first: int, last: int, extra: int = 0) -> int:
        """Cells and words beyond the limits of a line."""
        limit, most = self.layout.max_line_width, self.layout.max_words_per_line
        cells = 0 if limit is None else self._width(first, last) + extra - limit
        words = 0 if most is None else self._words[last] - self._words[first] - most
        return max(0, cells) + max(0, words)

    def _length(self, first: int, last: int, lines: Lines) -> int:
        """Characters of the cue's text, as `Cue.cps` counts them."""
        total = self._lengths[last] - self._lengths[first]
        if self._speakers(first, last) > 1:
            total += len(DASH) * len(lines.firsts)
        total += len(self.label) if first == 0 else 0
        return total - sum(self._leads[n] for n in lines.firsts)
