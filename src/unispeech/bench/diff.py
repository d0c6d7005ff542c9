"""What was said against what was heard, word by word, and the recordings where they differ most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from unispeech.bench.normaliser import units
from unispeech.bench.results import Results, Row
from unispeech.languages import is_spaceless

Kind = Literal["equal", "wrong", "missing", "added", "skip"]
CONTEXT = 15
"""Right words shown before and after a wrong one in a long text."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the comparison."""

    kind: Kind
    said: str = ""
    heard: str = ""


def pieces(reference: str, hypothesis: str, language: str | None) -> list[Piece]:
    """The comparison after normalising: it shows exactly what is counted."""
    import jiwer

    said, heard = units(reference, language), units(hypothesis, language)
    glue = "" if is_spaceless(language) else " "
    runs = jiwer.process_words(" ".join(said), " ".join(heard)).alignments[0]
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
                    glue.join(said[run.ref_start_idx : run.ref_end_idx]),
                    glue.join(heard[run.hyp_start_idx : run.hyp_end_idx]),
                )
                for run in runs
            ],
            glue,
        )
    )


def _shortened(found: Sequence[Piece], glue: str) -> Iterator[Piece]:
    """The same, with long stretches of right words left out."""
    for number, piece in enumerate(found):
        words = piece.said.split(" ") if glue else list(piece.said)
        first, last = number == 0, number == len(found) - 1
        if piece.kind != "equal" or len(words) <= 2 * CONTEXT + 5:
            yield piece
            continue
        head = [] if first and not last else words[:CONTEXT]
        tail = [] if last and not first else words[-CONTEXT:]
        if head:
            yield Piece("equal", glue.join(head))
        yield Piece("skip", f"{len(words) - len(head) - len(tail)} right")
        if tail:
            yield Piece("equal", glue.join(tail))


@dataclass(frozen=True, slots=True)
class Worst:
    """One recording that somebody got wrong: its place in the data, and every row's comparison."""

    number: int
    errors: int
    versions: tuple[tuple[list[Row], int, list[Piece]], ...]
    """The rows that heard the same, their errors, and the comparison; fewest errors first."""


def worst(results: Results, count: int) -> list[Worst]:
    """The recordings with most errors in any row, worst first."""
    rows = [row for row in results.rows if row.scores]
    found: list[tuple[int, int]] = []
    for number in range(len(results.utterances)):
        scores = [score for row in rows if (score := row.scores[number]) is not None]
        if scores and (errors := max(score.errors for score in scores)):
            found.append((errors, number))
    found.sort(key=lambda item: (-item[0], item[1]))
    return [_versions(results, rows, number, errors) for errors, number in found[:count]]


def _versions(results: Results, rows: Sequence[Row], number: int, errors: int) -> Worst:
    utterance = results.utterances[number]
    alike: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        alike.setdefault(tuple(units(row.texts[number], utterance.language)), []).append(row)
    versions: list[tuple[list[Row], int, list[Piece]]] = []
    for group in alike.values():
        score = group[0].scores[number]
        if score is not None:
            heard = group[0].texts[number]
            compared = pieces(utterance.text or "", heard, utterance.language)
            versions.append((group, score.errors, compared))
    versions.sort(key=lambda version: version[1])
    return Worst(number, errors, tuple(versions))
