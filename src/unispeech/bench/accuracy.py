"""Word and character error rates: counts for each recording, then sums of counts.

Words are counted after `unispeech.bench.normaliser`. jiwer aligns them (Levenshtein, rapidfuzz).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from unispeech.bench.normaliser import characters, units

RUN = 5
"""Words that must be missing in a row to count as lost, or extra in a row to count as added. Fewer
are ordinary recognition errors."""
BLOCK = 50
"""Reference words in a block of the bootstrap, which resamples blocks instead of recordings."""
RESAMPLES = 1000

WordTime = tuple[str, float, float]
"""A word, its start and its end in seconds from the start of the recording."""


@dataclass(frozen=True, slots=True)
class Score:
    """The errors of one recording's text, compared with its reference."""

    words: int
    substitutions: int
    deletions: int
    insertions: int
    characters: int
    character_errors: int
    lost: int
    """Words deleted in runs of `RUN` or more."""
    added: int
    """Words inserted in runs of `RUN` or more; in a recording without speech, every word."""
    blocks: tuple[tuple[int, int], ...]
    """Errors and reference words of each block of about `BLOCK` reference words."""

    @property
    def errors(self) -> int:
        return self.substitutions + self.deletions + self.insertions


def score(reference: str, hypothesis: str, language: str | None) -> Score:
    """Count the errors of one recording. An empty reference means that there is no speech."""
    import jiwer
    from rapidfuzz.distance import Levenshtein

    expected = units(reference, language)
    decoded = units(hypothesis, language)
    expected_characters = characters(reference, language)
    aligned = jiwer.process_words(" ".join(expected), " ".join(decoded))
    runs = aligned.alignments[0]
    return Score(
        words=len(expected),
        substitutions=aligned.substitutions,
        deletions=aligned.deletions,
        insertions=aligned.insertions,
        characters=len(expected_characters),
        character_errors=Levenshtein.distance(
            expected_characters, characters(hypothesis, language)
        ),
        lost=sum(n for n in map(_deleted, runs) if n >= RUN),
        added=sum(n for n in map(_inserted, runs) if n >= RUN or not expected),
        blocks=_blocks(runs, len(expected)),
    )


def _deleted(run: Any) -> int:
    return run.ref_end_idx - run.ref_start_idx if run.type == "delete" else 0


def _inserted(run: Any) -> int:
    return run.hyp_end_idx - run.hyp_start_idx if run.type == "insert" else 0


def _blocks(runs: Iterable[Any], words: int) -> tuple[tuple[int, int], ...]:
    count = max(1, round(words / BLOCK))
    errors = [0] * count

    def block(word: int) -> int:
        return min(count - 1, word * count // max(1, words))

    for run in runs:
        if run.type == "insert":
            errors[block(run.ref_start_idx)] += _inserted(run)
        elif run.type != "equal":
            for word in range(run.ref_start_idx, run.ref_end_idx):
                errors[block(word)] += 1
    sizes = [0] * count
    for word in range(words):
        sizes[block(word)] += 1
    return tuple(zip(errors, sizes, strict=True))


@dataclass(frozen=True, slots=True)
class Corpus:
    """The errors of many recordings. Rates are sums over sums, in percent; None without words."""

    words: int
    wer: float | None
    wer_low: float | None
    wer_high: float | None
    """The 95 % interval of a percentile bootstrap over blocks."""
    cer: float | None
    substitutions: int
    deletions: int
    insertions: int
    lost: int
    added: int


def corpus(scores: Sequence[Score]) -> Corpus:
    """Sum the scores of recordings."""
    words = sum(s.words for s in scores)
    characters = sum(s.characters for s in scores)
    low, high = interval([block for s in scores for block in s.blocks])
    return Corpus(
        words=words,
        wer=_percent(sum(s.errors for s in scores), words),
        wer_low=low,
        wer_high=high,
        cer=_percent(sum(s.character_errors for s in scores), characters),
        substitutions=sum(s.substitutions for s in scores),
        deletions=sum(s.deletions for s in scores),
        insertions=sum(s.insertions for s in scores),
        lost=sum(s.lost for s in scores),
        added=sum(s.added for s in scores),
    )


def _percent(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def interval(blocks: Sequence[tuple[int, int]]) -> tuple[float | None, float | None]:
    """Return the 95 % bootstrap interval of a word error rate, in percent (Bisani and Ney 2004).

    Deterministic. None without words or with a single block.
    """
    if len(blocks) < 2 or not sum(words for _, words in blocks):
        return None, None
    table = np.array(blocks)
    draws = np.random.default_rng(0).integers(0, len(table), (RESAMPLES, len(table)))
    errors, words = table[draws].sum(axis=1).T
    low, high = np.percentile(100 * errors / np.maximum(words, 1), [2.5, 97.5])
    return float(low), float(high)


@dataclass(frozen=True, slots=True)
class WordTimes:
    """The errors of word times, over the words that reference and hypothesis share."""

    matched: int
    expected: int
    start_errors: tuple[float, ...]
    """Seconds, absolute."""
    end_errors: tuple[float, ...]


def word_times(expected: Sequence[WordTime], decoded: Sequence[WordTime]) -> WordTimes:
    """Compare the times of the words that match."""
    pairs = matched(expected, decoded)
    return WordTimes(
        matched=len(pairs),
        expected=len(expected),
        start_errors=tuple(abs(ours[1] - theirs[1]) for ours, theirs in pairs),
        end_errors=tuple(abs(ours[2] - theirs[2]) for ours, theirs in pairs),
    )


def matched(
    expected: Sequence[WordTime], decoded: Sequence[WordTime]
) -> list[tuple[WordTime, WordTime]]:
    """Align the words (Levenshtein), and return the pairs of equal words."""
    from rapidfuzz.distance import Levenshtein

    texts = [_plain(w[0]) for w in expected], [_plain(w[0]) for w in decoded]
    return [
        pair
        for op in Levenshtein.opcodes(*texts)
        if op.tag == "equal"
        for pair in zip(
            expected[op.src_start : op.src_end], decoded[op.dest_start : op.dest_end], strict=True
        )
    ]


def _plain(word: str) -> str:
    return "".join(c for c in word.casefold() if c.isalnum())
