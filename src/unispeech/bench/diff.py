"""Word-by-word comparison of references and hypotheses, and the recordings that differ most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from unispeech.bench.normaliser import units
from unispeech.bench.results import Results, Row
from unispeech.languages import is_spaceless

Kind = Literal["equal", "wrong", "missing", "added", "skip"]
CONTEXT = 15
"""Correct words shown before and after an error in a long text."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the comparison."""

    kind: Kind
    expected: str = ""
    decoded: str = ""


def pieces(reference: str, hypothesis: str, language: str | None) -> list[Piece]:
    """Compare two texts after normalisation, which is what the error rates count."""
    import jiwer

    expected, decoded = units(reference, language), units(hypothesis, language)
    separator = "" if is_spaceless(language) else " "
    runs = jiwer.process_words(" ".join(expected), " ".join(decoded)).alignments[0]
    kinds: dict[str, Kind] = {
        "equal": "equal",
        "substitute": "wrong",
        "delete": "missing",
        "insert": "added",
    }
    return list(
        _shortened(
            [
                Piece(
                    kinds[run.type],
                    separator.join(expected[run.ref_start_idx : run.ref_end_idx]),
                    separator.join(decoded[run.hyp_start_idx : run.hyp_end_idx]),
                )
                for run in runs
            ],
            separator,
        )
    )


def _shortened(pieces: Sequence[Piece], separator: str) -> Iterator[Piece]:
    """Replace long stretches of correct words by their number."""
    for number, piece in enumerate(pieces):
        words = piece.expected.split(" ") if separator else list(piece.expected)
        first, last = number == 0, number == len(pieces) - 1
        if piece.kind != "equal" or len(words) <= 2 * CONTEXT + 5:
            yield piece
            continue
        head = [] if first and not last else words[:CONTEXT]
        tail = [] if last and not first else words[-CONTEXT:]
        if head:
            yield Piece("equal", separator.join(head))
        yield Piece("skip", f"{len(words) - len(head) - len(tail)} correct")
        if tail:
            yield Piece("equal", separator.join(tail))


@dataclass(frozen=True, slots=True)
class Worst:
    """A recording with errors: its index in the data, and the comparison of each row."""

    number: int
    errors: int
    versions: tuple[tuple[list[Row], int, list[Piece]], ...]
    """Rows with the same text, their errors, and the comparison; fewest errors first."""


def worst(results: Results, count: int) -> list[Worst]:
    """Return the recordings with the most errors in any row, worst first."""
    rows = [row for row in results.rows if row.scores]
    ranking: list[tuple[int, int]] = []
    for number in range(len(results.utterances)):
        scores = [score for row in rows if (score := row.scores[number]) is not None]
        if scores and (errors := max(score.errors for score in scores)):
            ranking.append((errors, number))
    ranking.sort(key=lambda item: (-item[0], item[1]))
    return [_versions(results, rows, number, errors) for errors, number in ranking[:count]]


def _versions(results: Results, rows: Sequence[Row], number: int, errors: int) -> Worst:
    utterance = results.utterances[number]
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(units(row.texts[number], utterance.language)), []).append(row)
    versions: list[tuple[list[Row], int, list[Piece]]] = []
    for group in groups.values():
        score = group[0].scores[number]
        if score is not None:
            text = group[0].texts[number]
            compared = pieces(utterance.text or "", text, utterance.language)
            versions.append((group, score.errors, compared))
    versions.sort(key=lambda version: version[1])
    return Worst(number, errors, tuple(versions))
