"""Shifting of transcripts in time."""

from __future__ import annotations

from unispeech.types import Gap, Segment, Transcript, Turn, Word, shifted

LETTERS = (Word(1.0, 1.1, "h", 1.0), Word(1.1, 1.5, "i", 1.0))
WORD = Word(1.0, 1.5, " hi", 0.5, characters=LETTERS)


def test_shifting_a_transcript_moves_every_time() -> None:
    transcript = Transcript(
        "hi", "en", 3.0, (Segment(0, 1.0, 1.5, " hi", (WORD,)),), "faster", "base",
        gaps=(Gap(2.0, 2.5, "nothing"),), turns=(Turn(0.5, 2.0, "SPEAKER_00"),),
    )  # fmt: skip

    moved = transcript.shifted(60.0004)

    (segment,), (gap,), (turn,) = moved.segments, moved.gaps, moved.turns
    (word,) = segment.words
    assert (segment.start, segment.end) == (word.start, word.end) == (61.0, 61.5)
    assert [(letter.start, letter.end) for letter in word.characters] == [
        (61.0, 61.1),
        (61.1, 61.5),
    ]
    assert (gap.start, gap.end) == (62.0, 62.5)
    assert (turn.start, turn.end) == (60.5, 62.0)


def test_shifting_by_zero_does_not_round_times() -> None:
    turn = Turn(0.12345, 1.0, "SPEAKER_00")
    assert shifted(turn, 0.0) == turn
