"""How much of what was said is right. Counts for one recording, then sums over sums.

Words are those of `unispeech.bench.normaliser`. The alignment is jiwer's (Levenshtein, rapidfuzz).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from unispeech.bench.normaliser import characters, units

RUN = 5
"""Words that must be missing in a row to be called lost (or be added in a row): fewer are ordinary
recognition errors."""
BLOCK = 50
"""Reference words of a block of the bootstrap: long recordings are resampled by the block."""
RESAMPLES = 1000

WordTime = tuple[str, float, float]
"""A word, its start and its end in seconds from the start of the recording."""


@dataclass(frozen=True, slots=True)
class Score:
    """One recording's text against its reference."""

    words: int
    substitutions: int
    deletions: int
    insertions: int
    characters: int
    character_errors: int
    lost: int
    """Words deleted in runs of `RUN` or more."""
    added: int
    """Words inserted in runs of `RUN` or more; where nothing was said, every word."""
    blocks: tuple[tuple[int, int], ...]
    """Errors and reference words, for every `BLOCK` reference words."""

    @property
    def errors(self) -> int:
        return self.substitutions + self.deletions + self.insertions


def score(reference: str, hypothesis: str, language: str | None) -> Score:
    """Count the errors of one recording. An empty reference says that nothing was spoken."""
    import jiwer
    from rapidfuzz.distance import Levenshtein

    expected = units(reference, language)
    heard = units(hypothesis, language)
    wanted, got = (
        characters(reference, language),
        characters(hypothesis, language),
    )
    aligned = jiwer.process_words(" ".join(expected), " ".join(heard))
    runs = aligned.alignments[0]
    return Score(
        words=len(expected),
        substitutions=aligned.substitutions,
        deletions=aligned.deletions,
        insertions=aligned.insertions,
        characters=len(wanted),
        character_errors=Levenshtein.distance(wanted, got),
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

    def at(word: int) -> int:
        return min(count - 1, word * count // max(1, words))

    for run in runs:
        if run.type == "insert":
            errors[at(run.ref_start_idx)] += _inserted(run)
        elif run.type != "equal":
            for word in range(run.ref_start_idx, run.ref_end_idx):
                errors[at(word)] += 1
    sizes = [0] * count
    for word in range(words):
        sizes[at(word)] += 1
    return tuple(zip(errors, sizes, strict=True))


@dataclass(frozen=True, slots=True)
class Corpus:
    """Many recordings as one: sums over sums, in percent. None where there is nothing to divide."""

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
    """The 95 % bootstrap interval of a word error rate, in percent (Bisani and Ney 2004).

    The same blocks always give the same interval.
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
    """How far word times are from the reference, over the words that both have."""

    matched: int
    expected: int
    start_errors: tuple[float, ...]
    """Seconds, absolute."""
    end_errors: tuple[float, ...]


def word_times(expected: Sequence[WordTime], heard: Sequence[WordTime]) -> WordTimes:
    """Match words in order (longest common alignment) and compare their times."""
    from rapidfuzz.distance import Levenshtein

    wanted, found = [_plain(w[0]) for w in expected], [_plain(w[0]) for w in heard]
    pairs = [
        pair
        for op in Levenshtein.opcodes(wanted, found)
        if op.tag == "equal"
        for pair in zip(
            expected[op.src_start : op.src_end], heard[op.dest_start : op.dest_end], strict=True
        )
    ]
    return WordTimes(
        matched=len(pairs),
        expected=len(expected),
        start_errors=tuple(abs(ours[1] - theirs[1]) for ours, theirs in pairs),
        end_errors=tuple(abs(ours[2] - theirs[2]) for ours, theirs in pairs),
    )


def _plain(word: str) -> str:
    return "".join(c for c in word.casefold() if c.isalnum())
