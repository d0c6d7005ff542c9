"""Praat's TextGrid: tiers of segments, words and phones, and a reader of its text formats.

Praat (Boersma and Weenink), manual page "TextGrid file formats". The intervals of a tier cover the
whole recording; those without a label are pauses. With speakers, each has tiers of its own, named
as the Montreal Forced Aligner names them: `Ada - words`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from unispeech.text.formats.base import Details
from unispeech.text.formats.plain import NOBODY
from unispeech.text.subtitles import Layout
from unispeech.types import Segment, Transcript

Interval = tuple[float, float, str]
SHORTEST = 0.001
"""Seconds. Praat refuses intervals without a duration; times are rounded to this."""
SEGMENTS, WORDS, PHONES = "segments", "words", "phones"
OF = " - "
"""Between a speaker and the kind of a tier."""


def textgrid(transcript: Transcript, layout: Layout, details: Details) -> str:
    """Render the segments, and the words and phones if there are any."""
    tiers = [
        (f"{name}{OF}{kind}" if name else kind, spans)
        for name, segments in by_speaker(transcript)
        for kind, spans in _tiers(segments)
    ]
    ends = [end for _, spans in tiers for _, end, _ in spans]
    length = max([transcript.duration, SHORTEST, *ends])
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0"]
    lines += [f"xmax = {length:.3f}", "tiers? <exists>", f"size = {len(tiers)}", "item []:"]
    for number, (name, spans) in enumerate(tiers, 1):
        lines += [f"    item [{number}]:", *_tier(name, _covering(spans, length), length)]
    return "\n".join(lines) + "\n"


def by_speaker(transcript: Transcript) -> list[tuple[str, list[Segment]]]:
    """The segments of each speaker, in order of appearance. Without speakers the name is empty."""
    if not any(segment.speaker for segment in transcript.segments):
        return [("", list(transcript.segments))]
    groups: dict[str, list[Segment]] = {}
    for segment in transcript.segments:
        groups.setdefault(segment.speaker or NOBODY, []).append(segment)
    return list(groups.items())


def _tiers(segments: list[Segment]) -> Iterator[tuple[str, list[Interval]]]:
    yield SEGMENTS, [(s.start, s.end, s.text.strip()) for s in segments]
    words = [word for segment in segments for word in segment.words]
    if words:
        yield WORDS, [(w.start, w.end, w.word.strip()) for w in words]
    phones = [phone for word in words for phone in word.phones]
    if phones:
        yield PHONES, [(p.start, p.end, p.word) for p in phones]


def _tier(name: str, intervals: list[Interval], length: float) -> Iterator[str]:
    yield '        class = "IntervalTier"'
    yield f'        name = "{_quoted(name)}"'
    yield "        xmin = 0"
    yield f"        xmax = {length:.3f}"
    yield f"        intervals: size = {len(intervals)}"
    for number, (start, end, label) in enumerate(intervals, 1):
        yield f"        intervals [{number}]:"
        yield f"            xmin = {start:.3f}"
        yield f"            xmax = {end:.3f}"
        yield f'            text = "{_quoted(label)}"'


def _quoted(text: str) -> str:
    return " ".join(text.split()).replace('"', '""')


def _covering(spans: Iterable[Interval], length: float) -> list[Interval]:
    """The spans with the pauses between them. A span without a duration joins the next, or else
    the one before."""
    covering: list[Interval] = []
    at, waiting = 0.0, ""
    for start, end, label in spans:
        start, end = round(max(start, at), 3), round(min(end, length), 3)
        label = f"{waiting} {label}".strip()
        if end - start < SHORTEST / 2:
            waiting = label
            continue
        if start > at:
            covering.append((at, start, ""))
        covering.append((start, end, label))
        at, waiting = end, ""
    if round(length, 3) > at:
        covering.append((at, round(length, 3), waiting))
    elif waiting and covering:
        start, end, label = covering[-1]
        covering[-1] = start, end, f"{label} {waiting}"
    return covering
