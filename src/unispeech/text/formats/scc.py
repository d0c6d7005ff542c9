"""Scenarist closed captions (CEA-608, line 21), written by ttconv from our TTML."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from xml.etree import ElementTree

from unispeech.errors import OptionError
from unispeech.text.formats.base import Details
from unispeech.text.formats.spoken_cues import SpokenCue
from unispeech.text.formats.ttml import tree
from unispeech.text.subtitles import Layout, cues
from unispeech.types import Transcript

WIDTH, LINES = 32, 4
"""Characters in a line and lines on the screen."""
FPS = 30_000 / 1001
DAY = 86_400.0
"""Seconds that a time code can count."""
PLAIN = str.maketrans({
    "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-",
    "\u2026": "...", "\xa0": " ",
})  # fmt: skip
"""Typographic marks that line 21 has in a plainer form."""


def scc(transcript: Transcript, layout: Layout, details: Details) -> str:
    """Pop-on captions at 29.97 frames per second, drop frame.

    A caption takes two characters a frame to load, so a dense passage delays the next one.

    Raises:
        OptionError: line 21 has no such character, or the recording is longer than a day.
    """
    from ttconv.imsc import reader
    from ttconv.scc import writer
    from ttconv.scc.config import SccWriterConfiguration

    spoken = list(_loadable(within_day(narrow_cues(transcript, layout, WIDTH, 2, PLAIN), "scc")))
    for cue in spoken:
        _check(cue)
    root = tree(spoken, replace(transcript, language=""), details)
    logging.getLogger("ttconv").setLevel(logging.ERROR)  # it warns of what is checked here
    model = reader.to_model(ElementTree.ElementTree(root))
    text: str = writer.from_model(model, SccWriterConfiguration(force_popon=True))
    return text.rstrip("\n") + "\n"


def narrow_cues(
    transcript: Transcript, layout: Layout, width: int, lines: int, spellings: dict[int, str]
) -> Iterator[SpokenCue]:
    """Cues for a screen of `width` characters, with the names of speakers in the text.

    The layout's own limits hold if they are narrower. A longer word is cut.
    """
    layout = replace(
        layout,
        max_line_width=min(layout.max_line_width or width, width),
        max_line_count=min(layout.max_line_count or lines, LINES),
    )
    for cue in cues(transcript, layout):
        text = cue.text.translate(spellings)
        rows = [
            line[at : at + width]
            for line in text.split("\n")
            for at in range(0, max(1, len(line)), width)
        ]
        for first in range(0, len(rows), LINES):
            part = tuple(rows[first : first + LINES])
            yield SpokenCue(cue.start, cue.end, part, (), False, None, "")


def within_day(cues: Iterator[SpokenCue], format: str) -> Iterator[SpokenCue]:
    """The cues.

    Raises:
        OptionError: a cue ends after 24 hours, where time codes begin again.
    """
    for cue in cues:
        if cue.end >= DAY:
            raise OptionError(
                f"format {format}: its time codes end at 24 hours",
                "cut the recording, or use ttml or srt",
            )
        yield cue


def _check(cue: SpokenCue) -> None:
    from ttconv.scc.codes.characters import unicode_to_scc

    for line in cue.lines:
        for character in line:
            if character != " " and unicode_to_scc(character) == b" ":
                raise OptionError(
                    f"format scc: character {character!r} cannot be written ({cue.start:.1f} s)",
                    "use ttml or vtt",
                )


def _loadable(cues: Iterator[SpokenCue]) -> Iterator[SpokenCue]:
    """The cues one after the other, each with the time to load it before it appears."""
    ordered = sorted(cues, key=lambda cue: cue.start)
    previous = 0.0
    starts: list[float] = []
    for cue in ordered:
        frames = 12 + sum(4 + len(line) // 2 + 2 * _doubles(line) for line in cue.lines)
        starts.append(max(cue.start, previous + frames / FPS))
        previous = starts[-1]
    for number, (cue, start) in enumerate(zip(ordered, starts, strict=True)):
        end = max(cue.end, start + 0.5)
        if number + 1 < len(starts):
            end = min(end, starts[number + 1])
        yield replace(cue, start=round(start, 3), end=round(end, 3))


def _doubles(line: str) -> int:
    """Characters that take two bytes and perhaps a filler."""
    return sum(not character.isascii() for character in line)
