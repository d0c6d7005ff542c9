"""Transcripts of this process, which agents search and read as resources."""

from __future__ import annotations

import secrets
import threading
from bisect import bisect_right
from collections import OrderedDict
from dataclasses import dataclass

from unispeech.errors import OptionError
from unispeech.types import Transcript

KEPT = 100
"""Transcripts in memory; the oldest goes first."""


class UnknownTranscript(OptionError):
    """No transcript in memory has this id."""

    code = "transcript_not_found"


class Transcripts:
    """The last transcripts by id. Safe to use from several threads."""

    def __init__(self, limit: int = KEPT) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._rows: OrderedDict[str, Transcript] = OrderedDict()

    def add(self, transcript: Transcript) -> str:
        """Keep a transcript and return its id."""
        id = secrets.token_hex(4)
        with self._lock:
            self._rows[id] = transcript
            if len(self._rows) > self._limit:
                self._rows.popitem(last=False)
        return id

    def get(self, id: str) -> Transcript:
        """Raises:
        UnknownTranscript: there is none, or no longer.
        """
        with self._lock:
            if id in self._rows:
                return self._rows[id]
        raise UnknownTranscript(
            f"there is no transcript {id!r}", "transcribe the recording again", option="transcript"
        )

    def __contains__(self, id: str) -> bool:
        with self._lock:
            return id in self._rows

    def list(self) -> list[tuple[str, Transcript]]:
        """Ids and transcripts, the oldest first."""
        with self._lock:
            return list(self._rows.items())


@dataclass(frozen=True, slots=True)
class Match:
    """A place where the words of a query are spoken, in seconds, and the text of its segments."""

    start: float
    end: float
    text: str


def search(transcript: Transcript, query: str) -> list[Match]:
    """Find a phrase, also across segments. Case and spaces do not count.

    Raises:
        OptionError: the query has no words.
    """
    phrase = _folded(query)
    if not phrase:
        raise OptionError("query is empty", "give at least one word", option="query")
    texts = [_folded(segment.text) for segment in transcript.segments]
    starts, joined = [], ""
    for text in texts:
        starts.append(len(joined))
        joined += text + " "
    matches = []
    at = joined.find(phrase)
    while at >= 0:
        first = bisect_right(starts, at) - 1
        last = bisect_right(starts, at + len(phrase) - 1) - 1
        segments = transcript.segments[first : last + 1]
        text = " ".join(segment.text.strip() for segment in segments)
        matches.append(Match(segments[0].start, segments[-1].end, text))
        at = joined.find(phrase, at + len(phrase))
    return matches


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())
