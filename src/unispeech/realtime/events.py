"""What a session says while it listens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from unispeech.types import Word

Kind = Literal["partial", "final", "endpoint", "gap"]


@dataclass(frozen=True, slots=True)
class Event:
    """One piece of news. Times are seconds from the start of the stream.

    `partial` is what was said since the last final, as far as heard; the next event may say it
    otherwise. `final` never changes, and its text is only what is new: joining the texts of all
    finals with nothing between them gives the transcript. `endpoint` closes a phrase: the speaker
    paused; its text is the whole phrase, all of it already final. `gap` is speech without a
    trustworthy text, and why.
    """

    type: Kind
    start: float
    end: float
    text: str
    words: tuple[Word, ...] = ()
    language: str = ""
    lag: float = 0.0
    """Seconds of sound that had arrived and were not yet heard when this was said."""
    reason: str = ""
    """Of a gap."""

    def json(self) -> dict[str, Any]:
        """As one object of plain values, the same keys for every type but a gap's `reason`."""
        words = [
            {"word": w.word, "start": w.start, "end": w.end, "probability": round(w.probability, 3)}
            for w in self.words
        ]
        said: dict[str, Any] = {
            "type": self.type,
            "start": self.start,
            "end": self.end,
            "text": self.text,
            "words": words,
            "language": self.language,
            "lag": round(self.lag, 3),
        }
        return {**said, "reason": self.reason} if self.type == "gap" else said
