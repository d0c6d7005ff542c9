"""Praat's TextGrid, long text format: a tier of words, and a tier of phones if there are any.

Praat (Boersma and Weenink), manual page "TextGrid file formats". The intervals of a tier cover the
whole recording; those without a label are pauses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from unispeech.types import Transcript, Word

Interval = tuple[float, float, str]
SHORTEST = 0.001
"""Seconds. Praat refuses intervals without a duration; times are rounded to this."""


def textgrid(transcript: Transcript) -> str:
    """Render the word times. Segments without words are intervals themselves."""
    words = [word for segment in transcript.segments for word in segment.words or (segment,)]
    tiers = [("words", [(w.start, w.end, _label(w)) for w in words])]
    phones = [phone for word in words if isinstance(word, Word) for phone in word.phones]
    if phones:
        tiers.append(("phones", [(p.start, p.end, p.word) for p in phones]))
    ends = [end for _, spans in tiers for _, end, _ in spans]
    length = max([transcript.duration, SHORTEST, *ends])
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0"]
    lines += [f"xmax = {length:.3f}", "tiers? <exists>", f"size = {len(tiers)}", "item []:"]
    for number, (name, spans) in enumerate(tiers, 1):
        lines += [f"    item [{number}]:", *_tier(name, _covering(spans, length), length)]
    return "\n".join(lines) + "\n"


def _label(timed: object) -> str:
    text: str = timed.word if isinstance(timed, Word) else getattr(timed, "text", "")
    return text.strip()


def _tier(name: str, intervals: list[Interval], length: float) -> Iterator[str]:
    yield from ('        class = "IntervalTier"', f'        name = "{name}"', "        xmin = 0")
    yield f"        xmax = {length:.3f}"
    yield f"        intervals: size = {len(intervals)}"
    for number, (start, end, label) in enumerate(intervals, 1):
        quoted = label.replace('"', '""')
        yield f"        intervals [{number}]:"
        yield f"            xmin = {start:.3f}"
        yield f"            xmax = {end:.3f}"
        yield f'            text = "{quoted}"'


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
