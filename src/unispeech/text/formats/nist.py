"""NIST's formats for scoring: RTTM, CTM and STM. Their fields have no spaces.

RTTM: RT-09 evaluation plan, appendix A. CTM and STM: the documentation of sclite (SCTK), `infmts`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from unispeech.text.formats.base import Details
from unispeech.text.formats.plain import language
from unispeech.text.formats.spoken_cues import words_of
from unispeech.text.subtitles import Layout
from unispeech.types import Transcript, Turn

UNKNOWN = "unknown"
"""Speaker of segments without a speaker, and what stands for an empty field."""


def rttm(transcript: Transcript, layout: Layout, details: Details) -> str:
    """Rich Transcription Time Marked: a line per speaker turn.

    Turns are those of the diarization, or of the segments if people have named the speakers since.
    """
    spoken = list(_spoken_turns(transcript))
    known = {turn.speaker for turn in transcript.turns}
    is_current = all(turn.speaker in known for turn in spoken)
    rows = [
        f"SPEAKER {_recording(transcript)} 1 {turn.start:.3f} {turn.end - turn.start:.3f} "
        f"<NA> <NA> {_field(turn.speaker)} <NA> <NA>\n"
        for turn in (transcript.turns if is_current else spoken)
    ]
    return "".join(rows)


def _spoken_turns(transcript: Transcript) -> Iterator[Turn]:
    """A turn for each stretch of a segment by one speaker."""
    for segment in transcript.segments:
        spoken = [
            (word.speaker or segment.speaker or "", word.start, word.end) for word in segment.words
        ] or [(segment.speaker or "", segment.start, segment.end)]
        for speaker, parts in groupby(spoken, lambda part: part[0]):
            stretch = list(parts)
            if speaker:
                yield Turn(stretch[0][1], stretch[-1][2], speaker)


def ctm(transcript: Transcript, layout: Layout, details: Details) -> str:
    """Time-marked words: recording, channel, start, duration, word, confidence.

    The language of what follows is a comment, which sclite skips.
    """
    rows: list[str] = []
    current = ""
    for segment in transcript.segments:
        code = language(segment, transcript)
        if code and code != current:
            rows.append(f";; language {_field(code)}\n")
            current = code
        for word in words_of(segment):
            if text := _field(word.word, empty=""):
                duration = max(0.0, word.end - word.start)
                rows.append(
                    f"{_recording(transcript)} 1 {word.start:.3f} {duration:.3f} {text} "
                    f"{min(1.0, max(0.0, word.probability)):.3f}\n"
                )
    return "".join(rows)


def stm(transcript: Transcript, layout: Layout, details: Details) -> str:
    """Segment time marks: recording, channel, speaker, start, end, label, text.

    The label has the language, by which sclite can group its scores.
    """
    rows = [
        f"{_recording(transcript)} 1 {_field(segment.speaker or '')} {segment.start:.3f} "
        f"{segment.end:.3f} <{_label(language(segment, transcript))}> {_words(segment.text)}\n"
        for segment in transcript.segments
    ]
    return "".join(rows)


def _label(code: str) -> str:
    """A label as sclite reads it; `o` is all."""
    return f"o,{_field(code)}" if code else "o"


def _words(text: str) -> str:
    """A text in which no word looks like a comment or an alternative of sclite."""
    return " ".join(text.replace("{", "(").replace("}", ")").split())


def _recording(transcript: Transcript) -> str:
    return _field(Path(transcript.source).stem, "recording")


def _field(text: str, empty: str = UNKNOWN) -> str:
    """A text as one field; a semicolon at its start would begin a comment."""
    return "_".join(text.split()).lstrip(";") or empty
