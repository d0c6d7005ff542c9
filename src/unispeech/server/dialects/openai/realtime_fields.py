"""Values of the realtime API's session fields: audio format, turn detection, delay."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from unispeech.audio import g711
from unispeech.audio.pcm import check_rate
from unispeech.errors import OptionError

RATE = 24_000
"""Default sample rate of `audio/pcm`, in Hz."""
BETA_FORMATS = {"pcm16": "audio/pcm", "g711_ulaw": "audio/pcmu", "g711_alaw": "audio/pcma"}
"""Names of the audio formats in the beta."""
LAWS: Mapping[str, g711.Law] = {"audio/pcmu": "mulaw", "audio/pcma": "alaw"}
PAUSE, MIN_PAUSE, MAX_PAUSE = 0.7, 0.2, 10.0
"""Seconds of silence that end an item: default of `server_vad`, and limits."""
PADDING, MAX_PADDING = 0.3, 2.0
"""Seconds of sound kept before speech: default, and limit."""
EAGERNESS = {"low": 2.0, "medium": 1.0, "auto": 1.0, "high": 0.5}
"""Seconds of silence that end an item with `semantic_vad`. OpenAI's model estimates whether the
sentence is complete, and waits at most 8, 4 and 2 s; a pause is the whole criterion here."""
DELAYS = {"minimal": 0.25, "low": 0.5, "medium": 1.0, "high": 2.0, "xhigh": 4.0}
"""Seconds between two decodings of a phrase. Words are final when two decodings agree."""


@dataclass(frozen=True, slots=True)
class Format:
    """Format of the audio that the client sends."""

    type: str = "audio/pcm"
    rate: int = RATE

    def json(self) -> dict[str, Any]:
        return {"type": self.type} | ({} if self.type in LAWS else {"rate": self.rate})

    @property
    def beta(self) -> str:
        return next(name for name, type in BETA_FORMATS.items() if type == self.type)

    def to_pcm(self, data: bytes) -> bytes:
        """Return the audio as signed 16-bit PCM."""
        law = LAWS.get(self.type)
        return g711.decode(data, law) if law else data


@dataclass(frozen=True, slots=True)
class Turns:
    """Detection of the end of a turn, by the length of a pause."""

    type: str = "server_vad"
    pause: float = PAUSE
    padding: float = PADDING
    threshold: float = 0.5
    eagerness: str = "auto"

    def json(self) -> dict[str, Any]:
        if self.type == "semantic_vad":
            return {"type": self.type, "eagerness": self.eagerness}
        return {
            "type": self.type,
            "threshold": self.threshold,
            "prefix_padding_ms": round(self.padding * 1000),
            "silence_duration_ms": round(self.pause * 1000),
        }


def read_format(value: Any) -> Format:
    """Read a format: an object, or a name of the beta.

    Raises:
        OptionError: the format is not supported.
        AudioError: the sample rate is out of range.
    """
    if value is None:
        return Format()
    name = BETA_FORMATS.get(value, value) if isinstance(value, str) else value.get("type")
    name = name or "audio/pcm"
    if name not in BETA_FORMATS.values():
        raise OptionError(
            f"audio format {name!r:.80} is not supported",
            f"send {', '.join(BETA_FORMATS.values())}",
        )
    if name in LAWS:
        return Format(name, g711.RATE)
    rate = RATE if isinstance(value, str) else value.get("rate") or RATE
    if not isinstance(rate, int):
        raise OptionError(f"the audio rate is {rate!r:.80}", "use a whole number of Hz")
    check_rate(rate)
    return Format(name, rate)


def read_turns(type: object) -> Turns:
    """Return the default turn detection of a type.

    Raises:
        OptionError: the type is not supported.
    """
    if type == "server_vad":
        return Turns()
    if type == "semantic_vad":
        return Turns("semantic_vad", EAGERNESS["auto"])
    raise OptionError(
        f"turn_detection {type!r:.80} is not supported", "use 'server_vad', 'semantic_vad' or null"
    )


def with_turn_field(turns: Turns, name: str, value: Any) -> Turns:
    """Apply a field of `turn_detection`; null leaves its default.

    Raises:
        OptionError: the field is not supported, or its value is wrong.
    """
    # Two fields concern the model's responses, of which a transcription session has none.
    if value is None or name in ("create_response", "interrupt_response"):
        return turns
    match turns.type, name:
        case "semantic_vad", "eagerness":
            if value not in EAGERNESS:
                raise OptionError(
                    f"eagerness is {value!r:.80}", f"use one of {', '.join(EAGERNESS)}"
                )
            return replace(turns, pause=EAGERNESS[value], eagerness=value)
        case "server_vad", "silence_duration_ms":
            return replace(turns, pause=_limited(name, value, 0.001, MIN_PAUSE, MAX_PAUSE))
        case "server_vad", "prefix_padding_ms":
            return replace(turns, padding=_limited(name, value, 0.001, 0.0, MAX_PADDING))
        case "server_vad", "threshold":
            return replace(turns, threshold=_limited(name, value, 1.0, 0.01, 0.99))
    raise OptionError(f"turn_detection.{name[:80]} is not supported", "leave it out")


def _limited(name: str, value: Any, unit: float, low: float, high: float) -> float:
    """Return a number in its unit, moved into the limits."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise OptionError(f"{name} is {value!r:.80}", "use a number")
    return min(max(value * unit, low), high)


def read_delay(value: Any) -> str | None:
    """Read `delay`.

    Raises:
        OptionError: it is not a delay of the API.
    """
    if value is not None and value not in DELAYS:
        raise OptionError(f"delay is {value!r:.80}", f"use one of {', '.join(DELAYS)}")
    return value or None
