"""The events of a live session."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from unispeech.types import Word

Kind = Literal["partial", "final", "endpoint", "gap"]


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a session. Times are seconds from the start of the stream.

    - `partial`: the words since the last final one; the next event may change them.
    - `final`: new words that will not change. The texts of all finals, joined without a separator,
      are the transcript.
    - `endpoint`: the end of a phrase, at a pause. Its text is the whole phrase, already final.
    - `gap`: speech without a trustworthy text, with the reason.
    """

    type: Kind
    start: float
    end: float
    text: str
    words: tuple[Word, ...] = ()
    language: str = ""
    lag: float = 0.0
    """Seconds of sound that had arrived but were not yet processed at this event."""
    reason: str = ""
    """The reason of a gap; empty for other types."""
    original: tuple[Word, ...] = ()
    """The words of a final before text rules changed them; empty if they did not."""

    @property
    def before_rules(self) -> Event:
        """The event before text rules changed its text."""
        if not self.original:
            return self
        text = "".join(word.word for word in self.original)
        return replace(self, text=text, words=self.original, original=())

    def json(self) -> dict[str, Any]:
        """Return a JSON object with the same keys for every type, `reason` for a gap, and
        `original` for a text that rules changed."""
        fields: dict[str, Any] = {
            "type": self.type,
            "start": self.start,
            "end": self.end,
            "text": self.text,
            "words": [_word(word) for word in self.words],
            "language": self.language,
            "lag": round(self.lag, 3),
        }
        if self.original:
            fields["original"] = self.before_rules.text
        return {**fields, "reason": self.reason} if self.type == "gap" else fields


def _word(word: Word) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "word": word.word,
        "start": word.start,
        "end": word.end,
        "probability": round(word.probability, 3),
    }
    return {**fields, "timed_by": word.timed_by} if word.timed_by else fields
