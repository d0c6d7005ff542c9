"""House rules for subtitles, by name, with their sources.

A value that a source leaves open is the project's own and marked `own`; one that was only found
quoted by others is marked `secondary`. Values of a language
replace those of the preset. Times are seconds, widths are cells: a Latin letter is one, a kanji
two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Preset:
    """The values of a preset, and where they come from."""

    about: str
    source: str
    """Title and address of the guideline."""
    values: Values
    languages: Mapping[str, Values] = field(default_factory=dict)
    """Values by language code, which replace `values`."""

    def for_language(self, language: str) -> dict[str, Any]:
        """The values for a language such as `ja`."""
        return {**self.values, **self.languages.get(language, {})}


NETFLIX = Preset(
    "streaming",
    "Netflix, Timed Text Style Guide: General Requirements, Subtitle Timing Guidelines and "
    "language guides, https://partnerhelp.netflixstudios.com/hc/en-us/articles/215758617",
    {
        "max_line_width": 42,
        "max_line_count": 2,
        "max_cps": 17.0,  # of English templates; secondary for other languages
        "min_duration": 0.833,  # 5/6 s
        "max_duration": 7.0,
        "min_gap": 0.083,  # 2 frames of 24
        "close_gap": 0.5,  # secondary
        "linger": 0.5,  # "up to 12 frames past" the sound
        "max_pause": 1.0,  # own
        "speaker_labels": "dash",
        "rtl_marks": "add",  # own
    },
    {
        "en": {"max_cps": 20.0},  # secondary
        "ar": {"max_cps": 20.0},  # secondary
        "hi": {"max_cps": 22.0},  # secondary
        "th": {"max_line_width": 35},
        # 13 characters, of which those of half width count half; speed secondary
        "ja": {"max_line_width": 26, "max_cps": 4.0},
        "zh": {"max_line_width": 32, "max_cps": 9.0},  # 16 full-width characters; secondary
        "yue": {"max_line_width": 32, "max_cps": 9.0},
        # 16 characters; Latin letters, spaces and punctuation count half; speed secondary
        "ko": {"max_line_width": 32, "max_cps": 12.0},
    },
)
BBC = Preset(
    "British television",
    "BBC, Subtitle Guidelines, https://www.bbc.co.uk/accessibility/forproducts/guides/subtitles/",
    {
        "max_line_width": 37,  # of a teletext row of 40, without its control codes (3.1)
        "max_line_count": 2,
        "max_cps": 17.0,  # 160 to 180 words a minute (4), with 5.7 characters a word, which is own
        "min_duration": 1.0,  # own; the guide has 0.3 s a word (4.1)
        "max_duration": 7.0,  # own
        "min_gap": 0.0,
        "close_gap": 1.0,  # a gap is to be a second or more, or none (4.5)
        "linger": 0.3,  # own; at most 1.5 s after speech has stopped (5.2)
        "max_pause": 1.5,
        "speaker_labels": "dash",  # for speakers without a colour (7.1)
        "rtl_marks": "add",
    },
)
EBU = Preset(
    "teletext and EBU STL",
    "EBU Tech 3264, Specification of the EBU Subtitling Data Exchange Format (40 characters a "
    "row); Ivarsson and Carroll, Code of Good Subtitling Practice (two lines, one to seven "
    "seconds, four frames)",
    {
        "max_line_width": 37,  # 40, less the codes for colour, double height and box
        "max_line_count": 2,
        "max_cps": 15.0,  # own
        "min_duration": 1.0,
        "max_duration": 7.0,
        "min_gap": 0.16,  # four frames of 25; secondary
        "linger": 0.3,  # own
        "max_pause": 1.0,  # own
        "fps": 25.0,
        "speaker_labels": "dash",
        "rtl_marks": "none",  # the code tables of Tech 3264 have no such mark
    },
)
YOUTUBE = Preset(
    "captions for the web",
    "DCMP Captioning Key, https://dcmp.org/learn/captioningkey (32 characters, two lines, 1.5 to "
    "6 seconds), as YouTube has no limits of its own",
    {
        "max_line_width": 32,
        "max_line_count": 2,
        "max_cps": 20.0,  # own
        "min_duration": 1.5,  # secondary
        "max_duration": 6.0,  # secondary
        "min_gap": 0.0,
        "close_gap": 0.5,  # own
        "linger": 0.3,  # own
        "max_pause": 1.0,  # own
        "speaker_labels": "name",
        "rtl_marks": "none",
    },
)
KARAOKE = Preset(
    "one short line at a time, for formats that colour each word as it is sung",
    "no guideline; the values are the project's own",
    {
        "max_line_width": 32,
        "max_line_count": 1,
        "max_duration": 8.0,
        "min_gap": 0.0,
        "close_gap": 0.5,
        "linger": 0.3,
        "max_pause": 0.8,
        "speaker_labels": "none",
        "rtl_marks": "none",
    },
)
PRESETS: Mapping[str, Preset] = {
    "netflix": NETFLIX, "bbc": BBC, "ebu": EBU, "youtube": YOUTUBE, "karaoke": KARAOKE,
}  # fmt: skip
