"""WebVTT subtitles (W3C WebVTT), with voice spans for speakers, and a reader."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence

from unispeech.errors import OptionError
from unispeech.text import timing
from unispeech.text.formats.base import Details
from unispeech.text.formats.spoken_cues import SpokenCue, spoken_cues
from unispeech.text.formats.subrip import (
    TIME,
    Block,
    joined_lines,
    seconds,
    spaced,
    times,
    transcript_of,
)
from unispeech.text.formats.timestamps import timestamp
from unispeech.text.layout.cutting import DASH
from unispeech.text.subtitles import Layout
from unispeech.types import Segment, Transcript, Word

_TIMES = re.compile(rf"\s*{TIME}\s+-->\s+{TIME}(?:\s.*)?")
_TAG = re.compile(r"<(/?)([^<>]*)>")
_TIME_TAG = re.compile(TIME)


def vtt(transcript: Transcript, layout: Layout, details: Details) -> str:
    """Cues with `<v Speaker>`, `<lang code>` if there are several languages, and the time of each
    word if asked for."""
    has_languages = len(transcript.languages) > 1
    blocks = [
        f"{_time(cue.start)} --> {_time(cue.end)}\n"
        f"{_payload(cue, has_languages, details.word_times)}\n\n"
        for cue in spoken_cues(transcript, layout)
    ]
    return "WEBVTT\n\n" + "".join(blocks)


def _time(seconds: float) -> str:
    return timestamp(seconds, ".", hours=False)


def _payload(cue: SpokenCue, has_languages: bool, word_times: bool) -> str:
    lines = [escaped(line) for line in cue.lines]
    if word_times and cue.has_times:
        lines = [cue.dash + "".join(_timed(words, cue.start)).strip() for words in cue.words]
    if cue.sharing:
        lines = [
            f"{_voice(name)}{line}</v>" if name else line
            for name, line in zip(cue.sharing, lines, strict=True)
        ]
    text = "\n".join(lines)
    if has_languages and cue.language:
        text = f"<lang {escaped(cue.language)}>{text}</lang>"
    return f"{_voice(cue.speaker)}{text}" if cue.speaker else text


def _voice(name: str) -> str:
    return f"<v {escaped(' '.join(name.split()))}>"


def _timed(words: Sequence[Word], start: float) -> Iterator[str]:
    for word in words:
        text = escaped(word.word.strip())
        space = " " if word.word[:1].isspace() else ""
        yield f"{space}<{_time(word.start)}>{text}" if word.start > start else space + text


def escaped(text: str) -> str:
    """Escape what a WebVTT player would take for a tag or an entity (W3C WebVTT, section 4.2.2)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def read_vtt(text: str, name: str) -> Transcript:
    """Read cues, with the speakers, languages and times of words in their tags.

    Raises:
        OptionError: a line is malformed; the message has its number.
    """
    segments: list[Segment] = []
    for block in blocks(text, name):
        for piece in _pieces(block):
            segments.append(piece.segment(len(segments)))
    languages = [segment.language for segment in segments if segment.language]
    return transcript_of(segments, name, languages[0] if languages else "")


def untagged(text: str) -> str:
    """A line of a cue without its tags and entities."""
    return html.unescape(_TAG.sub("", text))


def blocks(text: str, name: str) -> Iterator[Block]:
    """The cues of a WebVTT text.

    Raises:
        OptionError: it does not begin with WEBVTT, or times are malformed.
    """
    if not re.match(r"WEBVTT(?:[ \t\n]|$)", text):
        raise OptionError(f"{name}: line 1 is not WEBVTT", "begin the file with WEBVTT")
    block: Block | None = None
    is_note = True  # so is the header
    for number, row in enumerate(text.splitlines(), 1):
        if "-->" in row and not is_note:
            if block:
                yield block
            start, end = times(row, _TIMES, f"{name}: line {number}", "00:01.500 --> 00:03.000")
            block = Block(start, end, number)
        elif not row.strip():
            if block:
                yield block
            block, is_note = None, False
        elif block:
            block.lines.append(row)
        elif re.match(r"(NOTE|STYLE|REGION)(\s|$)", row):
            is_note = True
    if block:
        yield block


class _Piece:
    """Text of one cue by one speaker in one language."""

    def __init__(self, start: float, end: float, speaker: str | None, language: str | None) -> None:
        self.start, self.end = start, end
        self.speaker, self.language = speaker, language
        self.runs: list[tuple[float | None, str]] = []
        """Texts, each with the time that a tag gave it."""

    @property
    def text(self) -> str:
        return "".join(text for _, text in self.runs)

    def remove_dash(self) -> None:
        """Remove the dash that shows where the speaker changes."""
        start, text = self.runs[0]
        rest = text.lstrip().removeprefix(DASH)
        self.runs[0:1] = [(start, rest)] if rest.strip() else []

    def segment(self, number: int) -> Segment:
        has_times = any(start is not None for start, _ in self.runs)
        words = tuple(self._words()) if has_times else ()
        return Segment(number, self.start, self.end, spaced(" ".join(self.text.split())), words,
                       speaker=self.speaker, language=self.language)  # fmt: skip

    def _words(self) -> Iterator[Word]:
        """The words between two times share the span by their length."""
        runs: list[tuple[float, str]] = []
        for start, text in self.runs:
            if start is None and runs:
                runs[-1] = runs[-1][0], runs[-1][1] + text
            else:
                runs.append((self.start if start is None else start, text))
        # A space before a time tag belongs to the word behind it.
        for number in range(len(runs) - 1):
            start, text = runs[number]
            if text != text.rstrip():
                runs[number] = start, text.rstrip()
                runs[number + 1] = runs[number + 1][0], " " + runs[number + 1][1].lstrip()
        ends = [start for start, _ in runs[1:]] + [self.end]
        runs[0] = runs[0][0], spaced(runs[0][1])
        for (start, text), end in zip(runs, ends, strict=True):
            yield from timing.interpolated(text, start, max(start, end))


def _pieces(block: Block) -> list[_Piece]:
    """The texts of a cue by speaker and language. Several share its time by their length."""
    payload = joined_lines(block.lines)
    pieces = [_Piece(block.start, block.end, None, None)]
    at, clock = 0, None
    for tag in [*_TAG.finditer(payload), None]:
        text = html.unescape(payload[at : tag.start() if tag else None])
        if text:
            pieces[-1].runs.append((clock, text))
            clock = None
        if tag is None:
            break
        at = tag.end()
        clock = _follow(tag, pieces, clock)
    spoken = [piece for piece in pieces if piece.text.strip()]
    if len(spoken) > 1 and all(piece.text.lstrip().startswith(DASH) for piece in spoken):
        for piece in spoken:
            piece.remove_dash()
    _share_time(spoken, block)
    return spoken


def _follow(tag: re.Match[str], pieces: list[_Piece], clock: float | None) -> float | None:
    """Begin a piece at a voice or language tag; return the time of a time tag."""
    closes, (name, _, value) = bool(tag[1]), tag[2].strip().partition(" ")
    name, last = name.split(".")[0], pieces[-1]
    if found := _TIME_TAG.fullmatch(tag[2]):
        return seconds(*found.groups())
    value = html.unescape(value).strip()
    speaker, language = last.speaker, last.language
    if name == "v":
        speaker = None if closes else value or None
    elif name == "lang":
        language = None if closes else value or None
    if (speaker, language) != (last.speaker, last.language):
        pieces.append(_Piece(last.start, last.end, speaker, language))
    return clock


def _share_time(pieces: list[_Piece], block: Block) -> None:
    total = sum(len(piece.text) for piece in pieces)
    passed = 0
    for piece in pieces:
        known = [start for start, _ in piece.runs[:1] if start is not None]
        span = block.end - block.start
        piece.start = known[0] if known else round(block.start + span * passed / total, 3)
        passed += len(piece.text)
        piece.end = round(block.start + span * passed / total, 3)
    for piece, following in zip(pieces, pieces[1:], strict=False):
        piece.end = max(piece.start, following.start)
    if pieces:
        pieces[-1].end = max(pieces[-1].start, block.end)
