"""Formats of a transcript, written and read. `registry.py` is the table of them."""

from unispeech.text.formats.base import DETAILS, Details, Format
from unispeech.text.formats.objects import as_dict, segment_dict
from unispeech.text.formats.plain import line
from unispeech.text.formats.read_cues import read_cues
from unispeech.text.formats.registry import (
    FORMATS,
    check_choices,
    check_speakers,
    encoded,
    extensions,
    find,
    losses,
    parse,
    read,
    readable,
    render,
    without_speakers,
)
from unispeech.text.formats.timestamps import timestamp

__all__ = [
    "DETAILS", "FORMATS", "Details", "Format", "as_dict", "check_choices", "check_speakers",
    "encoded", "extensions", "find", "line", "losses", "parse", "read", "read_cues", "readable",
    "render", "segment_dict", "timestamp", "without_speakers",
]  # fmt: skip
