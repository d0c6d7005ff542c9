"""Markers for editing programs: an edit decision list, and Final Cut Pro XML."""

from __future__ import annotations

import math
from fractions import Fraction
from xml.etree.ElementTree import Element, SubElement

from unispeech.text.formats.base import Details
from unispeech.text.formats.markup import clean, document
from unispeech.text.formats.plain import line, title
from unispeech.text.formats.timestamps import timecode
from unispeech.text.subtitles import Layout
from unispeech.types import Segment, Transcript

FPS = 25.0
"""Frames per second, unless the layout has its own."""


def edl(transcript: Transcript, layout: Layout, details: Details) -> str:
    """CMX 3600 with a marker per segment, as DaVinci Resolve imports them; the `LOC` comment is
    Avid's. Time codes count every frame."""
    rate = frames_per_second(layout)
    blocks = [f"TITLE: {_line(title(transcript, details))}\nFCM: NON-DROP FRAME\n"]
    for number, segment in enumerate(transcript.segments, 1):
        start, end = _timecode(segment.start, rate), _timecode(segment.start + 1 / rate, rate)
        frames = max(1, round((segment.end - segment.start) * rate))
        text = _line(line(segment)).replace("|", "/")
        blocks.append(
            f"{number:03d}  001      V     C        {start} {end} {start} {end}\n"
            f"* LOC: {start} BLUE    {text}\n"
            f" |C:ResolveColorBlue |M:{text} |D:{frames}\n"
        )
    return "\n".join(blocks)


def _line(text: str) -> str:
    return " ".join(text.split())


def _timecode(seconds: float, rate: float) -> str:
    return ":".join(f"{part:02d}" for part in timecode(seconds, rate))


def frames_per_second(layout: Layout) -> float:
    return layout.fps or FPS


def fcpxml(transcript: Transcript, layout: Layout, details: Details) -> str:
    """A project with an empty clip as long as the recording, which has the markers."""
    frame = 1 / _exact(frames_per_second(layout))

    def whole(seconds: float, least: int = 0) -> str:
        duration = max(least, round(Fraction(seconds) / frame)) * frame
        return f"{duration.numerator}/{duration.denominator}s" if duration else "0s"

    last = max((segment.end for segment in transcript.segments), default=0.0)
    length = whole(math.ceil(max(transcript.duration, last)), 1)
    name = clean(_line(title(transcript, details)))
    root = Element("fcpxml", {"version": "1.9"})
    SubElement(SubElement(root, "resources"), "format", {
        "id": "r1", "frameDuration": f"{frame.numerator}/{frame.denominator}s",
        "width": "1920", "height": "1080",
    })  # fmt: skip
    event = SubElement(SubElement(root, "library"), "event", {"name": name})
    sequence = SubElement(
        SubElement(event, "project", {"name": name}), "sequence",
        {"format": "r1", "duration": length, "tcStart": "0s", "tcFormat": "NDF"},
    )  # fmt: skip
    gap = SubElement(
        SubElement(sequence, "spine"), "gap",
        {"name": "Gap", "offset": "0s", "start": "0s", "duration": length},
    )  # fmt: skip
    for segment in transcript.segments:
        SubElement(gap, "marker", {
            "start": whole(segment.start), "duration": whole(segment.end - segment.start, 1),
            "value": clean(_line(line(segment))), **_note(segment),
        })  # fmt: skip
    return document(root, "<!DOCTYPE fcpxml>\n")


def _note(segment: Segment) -> dict[str, str]:
    return {"note": clean(segment.language)} if segment.language else {}


def _exact(rate: float) -> Fraction:
    """The rate as broadcasters mean it: 29.97 is 30000/1001."""
    if abs(rate - round(rate)) < 0.001:
        return Fraction(round(rate))
    return Fraction(round(rate) * 1000, 1001)
