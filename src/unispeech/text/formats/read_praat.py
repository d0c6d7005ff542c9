"""Reader of TextGrid files, long and short, as Praat and its companions write them.

Praat's own reader takes free-standing numbers, texts in quotes and flags in angle brackets, and
skips everything else (manual page "TextGrid file formats"); so does this one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from unispeech.errors import OptionError
from unispeech.text.formats.plain import NOBODY
from unispeech.text.formats.praat import OF, SEGMENTS, WORDS
from unispeech.text.formats.subrip import spaced, transcript_of
from unispeech.types import Segment, Transcript, Word

_TOKEN = re.compile(
    r'(?<!\S)(?:"(?P<text>(?:[^"]|"")*)"|(?P<flag><[^<>\s]*>)'
    r"|(?P<number>[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?))(?!\S)"
    r'|(?P<open>(?<!\S)"(?:[^"]|"")*\Z)|(?P<comment>![^\n]*)'
)
_UTTERANCES = ("segment", "utterance", "sentence", "phrase", "text", "transcript")
"""Names of tiers that hold what is said in whole phrases."""


@dataclass(frozen=True, slots=True)
class _Tier:
    name: str
    spans: tuple[tuple[float, float, str], ...]

    @property
    def speaker(self) -> str | None:
        name, separator, _ = self.name.rpartition(OF)
        return name if separator and name != NOBODY else None

    @property
    def kind(self) -> str:
        return self.name.rpartition(OF)[2].casefold()


def read_textgrid(text: str, name: str) -> Transcript:
    """Read the tiers of phrases, with the words of word tiers; without any, each word.

    Raises:
        OptionError: the file is malformed; the message has the line.
    """
    tiers = list(_Reader(text, name).tiers())
    words = [tier for tier in tiers if tier.kind == WORDS]
    phrases = [tier for tier in tiers if tier.kind.startswith(_UTTERANCES)]
    segments = [
        replace(segment, words=_words_within(segment, words, tier.name))
        for tier in phrases or words or tiers[:1]
        for segment in _segments(tier)
    ]
    segments.sort(key=lambda segment: (segment.start, segment.end))
    return transcript_of([replace(s, id=number) for number, s in enumerate(segments)], name)


def _segments(tier: _Tier) -> Iterator[Segment]:
    for start, end, label in tier.spans:
        if label.strip():
            yield Segment(0, start, end, spaced(label), speaker=tier.speaker)


def _words_within(segment: Segment, tiers: list[_Tier], name: str) -> tuple[Word, ...]:
    """The words of the speaker's word tier that lie inside a segment."""
    own = f"{name.removesuffix(SEGMENTS)}{WORDS}" if name.endswith(SEGMENTS) else ""
    return tuple(
        Word(start, end, spaced(label), 1.0)
        for tier in tiers
        if tier.name == own
        for start, end, label in tier.spans
        if label.strip() and segment.start <= (start + end) / 2 <= segment.end
    )


class _Reader:
    """The values of a file, in order."""

    def __init__(self, text: str, name: str) -> None:
        self._text, self._name = text, name
        self._tokens = (found for found in _TOKEN.finditer(text) if not found["comment"])
        self._line, self._at = 1, 0

    def tiers(self) -> Iterator[_Tier]:
        if self._next("text", "ooTextFile") != "ooTextFile" or self._next("text", "") != "TextGrid":
            raise self._error("no TextGrid", "give a file that Praat saved as text")
        self._next("number", "the start"), self._next("number", "the end")
        if self._next("flag", "<exists>") != "<exists>":
            return
        for _ in range(self._count("tiers")):
            yield self._tier()

    def _tier(self) -> _Tier:
        kind, name = self._next("text", "the class"), self._next("text", "the name of a tier")
        self._next("number", "the start"), self._next("number", "the end")
        if kind not in ("IntervalTier", "TextTier"):
            raise self._error(f"tiers of the class {kind[:40]!r} are unknown")
        spans = []
        for _ in range(self._count("intervals")):
            start = float(self._next("number", "a time"))
            end = float(self._next("number", "a time")) if kind == "IntervalTier" else start
            if end < start:
                raise self._error(f"the end {end:g} s is before the start {start:g} s")
            spans.append((start, end, self._next("text", "a label").replace('""', '"')))
        return _Tier(name.replace('""', '"'), tuple(spans))

    def _count(self, noun: str) -> int:
        value = self._next("number", f"the number of {noun}")
        if not value.isdigit():
            raise self._error(f"{value} is no number of {noun}")
        return int(value)

    def _next(self, kind: str, noun: str) -> str:
        found = next(self._tokens, None)
        position = found.start() if found else len(self._text)
        self._line += self._text.count("\n", self._at, position)
        self._at = position
        if found is None:
            raise self._error(f"the file ends before {noun or 'its class'}")
        value: str | None = found[kind]
        if value is None:
            raise self._error(f"{found[0][:40]!r} stands for {noun or 'the class'}")
        return value

    def _error(self, problem: str, hint: str = "") -> OptionError:
        return OptionError(f"{self._name}: line {self._line}: {problem}", hint)
