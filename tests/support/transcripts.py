"""Transcripts for property tests of formats: languages, scripts, speakers and long times."""

from __future__ import annotations

from hypothesis import strategies as st

from unispeech.text.timing import interpolated
from unispeech.types import Segment, Transcript, Turn

PHRASES = (
    "Good morning, dear listeners.", "a < b & c > d", "=1+1", "你好，世界。", "こんにちは",
    "שלום עולם", "مرحبا بالعالم", "{braces} and \\N", "--> arrow", 'the "quoted" word', "100 %",
    "# no heading", "it's", "día, año, Übung", "😀 yes", "-", "[x]: y", "a;b,c\td",
)  # fmt: skip
LATIN = ("Good morning, dear listeners.", "día, año, Übung", "100 % & more", "it's <b> so")
NAMES = (None, "Ada", "Dr. Ada B", "A<B>&C", "שרה", 'the "Voice"')


@st.composite
def transcripts(
    draw: st.DrawFn, phrases: tuple[str, ...] = PHRASES, names: tuple[str | None, ...] = NAMES
) -> Transcript:
    """A transcript of some segments in order, each at least 0.2 s long; half of them with words."""
    at = draw(st.sampled_from([0, 500, 3_599_000, 90_000_000]))
    segments: list[Segment] = []
    for number in range(draw(st.integers(0, 6))):
        text = draw(st.sampled_from(phrases))
        start = at + draw(st.sampled_from([0, 40, 2500]))
        at = start + draw(st.integers(200, 7000))
        words = interpolated(text, start / 1000, at / 1000) if draw(st.booleans()) else ()
        segments.append(
            Segment(number, start / 1000, at / 1000, text, words,
                    speaker=draw(st.sampled_from(names)),
                    language=draw(st.sampled_from([None, "en", "he", "zh"])))
        )  # fmt: skip
    turns = tuple(Turn(s.start, s.end, s.speaker) for s in segments if s.speaker)
    text = " ".join(segment.text for segment in segments)
    return Transcript(text, "en", at / 1000, tuple(segments), "faster", "tiny.en",
                      turns=turns, source="talks/my talk.wav")  # fmt: skip
