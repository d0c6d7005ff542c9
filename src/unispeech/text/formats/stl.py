"""EBU STL (EBU Tech 3264, 1991): open subtitles at 25 frames per second.

A block of 1024 bytes about the file is followed by one or more of 128 bytes for each subtitle.
"""

from __future__ import annotations

import struct
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime

from unispeech.errors import OptionError
from unispeech.text.formats.base import Details
from unispeech.text.formats.plain import title
from unispeech.text.formats.scc import narrow_cues, within_day
from unispeech.text.formats.spoken_cues import SpokenCue
from unispeech.text.formats.timestamps import timecode
from unispeech.text.subtitles import Layout
from unispeech.types import Transcript

FPS = 25
WIDTH, LINES = 38, 2
TEXT_SIZE = 112
"""Bytes of text in a block."""
UNUSED, NEWLINE, CENTRED = b"\x8f", b"\x8a", 2
LAST_BLOCK = 0xFF
ROWS = 23
"""Rows of the screen."""
ISO_PARTS = {b"01": "iso8859_5", b"02": "iso8859_6", b"03": "iso8859_7", b"04": "iso8859_8"}
"""Character code tables beside 00, which is ISO 6937: Cyrillic, Arabic, Greek, Hebrew."""
ACCENTS = {
    "\u0300": 0xC1, "\u0301": 0xC2, "\u0302": 0xC3, "\u0303": 0xC4, "\u0304": 0xC5, "\u0306": 0xC6,
    "\u0307": 0xC7, "\u0308": 0xC8, "\u030a": 0xCA, "\u0327": 0xCB, "\u030b": 0xCD, "\u0328": 0xCE,
    "\u030c": 0xCF,
}  # fmt: skip
"""Combining accents and the bytes of ISO 6937, which stand before the letter."""
LATIN = dict(zip(
    "¡¢£¥§¤‘“«←↑→↓°±²³×µ¶·÷’”»¼½¾¿—¹®©™♪¬¦⅛⅜⅝⅞ΩÆÐªĦĲĿŁØŒºÞŦŊŉĸæđðħıĳŀłøœßþŧŋ",
    bytes.fromhex(
        "a1a2a3a5a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf"
        "d0d1d2d3d4d5d6d7dcdddedfe0e1e2e3e4e6e7e8e9eaebecedeeef"
        "f0f1f2f3f4f5f6f7f8f9fafbfcfdfe"
    ), strict=True,
))  # fmt: skip
"""Letters and signs of ISO 6937 outside ASCII."""
_FROM_01 = (
    "sq br ca hr cy cs da de en es eo et eu fo fr fy ga gd gl is it se la lv lb lt hu mt nl no oc "
    "pl pt ro rm sr sk sl fi sv tr"
)
_FROM_45 = (
    "zu vi uz ur uk th te tt ta tg sw srn so si sn sh rue ru qu ps pa pap or ne nd mr mo ms mg mk "
    "lo ko km kk kn ja id hi he ha gn gu el ka ff prs zh cv my bg bn be bm az as hy ar am"
)
LANGUAGES = {
    **{code: number for number, code in enumerate(_FROM_01.split(), 0x01)},
    **{code: number for number, code in enumerate(_FROM_45.split(), 0x45)},
    "fa": 0x5A, "nn": 0x1E,
}  # fmt: skip
"""Language codes (appendix 3)."""
PLAIN = str.maketrans({
    "\u2013": "-", "\u2026": "...", "\u2011": "-", "\xa0": " ", "\u201e": '"', "\u200f": "",
    "\u200e": "", "\u202b": "", "\u202c": "",
})  # fmt: skip
"""Marks that ISO 6937 lacks, in a plainer form."""


def stl(transcript: Transcript, layout: Layout, details: Details) -> bytes:
    """The file.

    Raises:
        OptionError: no character table has the letters, or the recording is longer than a day.
    """
    spoken = list(within_day(narrow_cues(transcript, layout, WIDTH, LINES, PLAIN), "stl"))
    table = _table("".join(line for cue in spoken for line in cue.lines))
    blocks = [
        block for number, cue in enumerate(spoken, 1) for block in _subtitle(number, cue, table)
    ]
    return _about(transcript, details, table, len(blocks), spoken) + b"".join(blocks)


def _table(text: str) -> bytes:
    """The number of the first table with all letters of a text."""
    first = ""
    for table in (b"00", *ISO_PARTS):
        try:
            _encoded(text, table)
            return table
        except UnicodeEncodeError as error:
            first = first or text[error.start]
    raise OptionError(
        f"format stl: its Latin, Cyrillic, Arabic, Greek and Hebrew tables do not have all "
        f"letters of the text (the first without one in Latin: {first!r})",
        "use ttml or vtt",
    )


def _encoded(text: str, table: bytes) -> bytes:
    if table in ISO_PARTS:
        return text.encode(ISO_PARTS[table])
    return b"".join(_latin(character, at, text) for at, character in enumerate(text))


def _latin(character: str, at: int, text: str) -> bytes:
    if " " <= character <= "~" and character != "$":
        return character.encode()
    if character == "$":
        return b"\xa4"
    if character in LATIN:
        return bytes([LATIN[character]])
    decomposed = unicodedata.normalize("NFD", character)
    letter, accents = decomposed[0], decomposed[1:]
    if accents in ACCENTS and letter.isascii():
        return bytes([ACCENTS[accents]]) + letter.encode()
    raise UnicodeEncodeError("iso6937", text, at, at + 1, "no such letter")


def _subtitle(number: int, cue: SpokenCue, table: bytes) -> Iterator[bytes]:
    """The blocks of text and timing information (TTI) of a subtitle."""
    text = NEWLINE.join(_encoded(line, table) for line in cue.lines)
    parts = _parts(text)
    start, end = timecode(cue.start, FPS), timecode(max(cue.end, cue.start + 1 / FPS), FPS)
    for place, part in enumerate(parts):
        extension = LAST_BLOCK if place == len(parts) - 1 else place
        row = ROWS - 2 * len(cue.lines) + 1
        yield struct.pack(
            "<BHBB4B4BBBB112s", 0, number % 65536, extension, 0, *start, *end, row, CENTRED, 0,
            part.ljust(TEXT_SIZE, UNUSED),
        )  # fmt: skip


def _parts(text: bytes) -> list[bytes]:
    """A text in pieces of one block; an accent stays with its letter."""
    parts: list[bytes] = []
    while len(text) > TEXT_SIZE:
        end = TEXT_SIZE - (0xC1 <= text[TEXT_SIZE - 1] <= 0xCF)
        parts.append(text[:end])
        text = text[end:]
    return [*parts, text]


def _about(
    transcript: Transcript, details: Details, table: bytes, blocks: int, cues: list[SpokenCue]
) -> bytes:
    """The block of general subtitle information (GSI)."""
    if blocks > 99_999:
        raise OptionError("format stl: more than 99999 subtitles", "cut the recording")
    date = f"{details.date or datetime.now(UTC):%y%m%d}".encode()
    name = unicodedata.normalize("NFD", title(transcript, details)).encode("ascii", "ignore")[:32]
    first = "".join(f"{part:02d}" for part in timecode(cues[0].start if cues else 0, FPS)).encode()
    fields = (
        (b"850", 3), (b"STL25.01", 8), (b"0", 1), (table, 2),
        (b"%02X" % LANGUAGES.get(transcript.language, 0), 2),
        (name, 32), (b"", 32), (b"", 32), (b"", 32), (b"", 32), (b"", 32), (b"", 16),
        (date, 6), (date, 6), (b"00", 2), (b"%05d" % blocks, 5), (b"%05d" % len(cues), 5),
        (b"001", 3), (b"%02d" % WIDTH, 2), (b"%02d" % ROWS, 2), (b"1", 1), (b"00000000", 8),
        (first, 8), (b"1", 1), (b"1", 1), (b"", 3), (b"", 32), (b"", 32), (b"", 32), (b"", 651),
    )  # fmt: skip
    return b"".join(value.ljust(size) for value, size in fields)
