"""Session configuration of the realtime API, in OpenAI's current and its beta form."""

from __future__ import annotations

from typing import Any

from unispeech.audio.pcm import check_rate
from unispeech.errors import OptionError
from unispeech.realtime.options import LiveOptions
from unispeech.server.service import Service
from unispeech.server.speech.streams import StreamRequest
from unispeech.server.storage.keys import Key

RATE = 24_000
"""Default sample rate of `audio/pcm` in Hz."""
PAUSE = 700
MIN_PAUSE, MAX_PAUSE = 200, 10_000
"""Milliseconds of silence that end an item: default and limits."""
BETA = {
    "input_audio_format": "format",
    "input_audio_transcription": "transcription",
    "input_audio_noise_reduction": "noise_reduction",
    "turn_detection": "turn_detection",
}
"""Flat fields of the beta's `transcription_session.update`, with their current names."""
IGNORED = {"type", "id", "object", "expires_at", "client_secret", "modalities"}
"""Fields without effect, accepted because clients echo the session that they received."""


class Config:
    """Configuration of one connection; `input` is the API's `audio.input`."""

    def __init__(self, model: str | None) -> None:
        self.input: dict[str, Any] = {
            "format": {"type": "audio/pcm", "rate": RATE},
            "transcription": {"model": model or "whisper-1"},
            "turn_detection": {"type": "server_vad", "silence_duration_ms": PAUSE},
        }

    @property
    def detects_turns(self) -> bool:
        """True if a pause ends an item."""
        return self.input["turn_detection"] is not None

    def update(self, session: dict[str, Any]) -> None:
        """Apply a partial configuration.

        Raises:
            OptionError: a field is not supported. The configuration is unchanged then.
        """
        if session.get("type", "transcription") != "transcription":
            raise OptionError(
                f"session type {session['type']!r} is not supported", "use 'transcription'"
            )
        if session.get("include"):
            raise OptionError(f"include {session['include']!r} is not supported", "leave it out")
        audio = session.get("audio") or {}
        fields = dict(audio.get("input") or {})
        fields |= {BETA[name]: value for name, value in session.items() if name in BETA}
        if fields.get("format") == "pcm16":
            fields["format"] = {"type": "audio/pcm", "rate": RATE}
        unknown = set(session) - {*BETA, *IGNORED, "audio", "include"}
        unknown |= (set(audio) - {"input"}) | (set(fields) - {*self.input, "noise_reduction"})
        if fields.pop("noise_reduction", None):
            unknown.add("noise_reduction")
        if unknown:
            raise OptionError(f"{min(unknown)} is not supported", "leave it out")
        self.input = self.input | fields

    def stream_request(self, service: Service, key: Key) -> StreamRequest:
        """Return the configuration as a request for a stream.

        Raises:
            UnispeechError: a value is wrong or cannot be honoured.
        """
        transcription = self.input["transcription"] or {}
        turns = self.input["turn_detection"] or {}
        format = self.input["format"] or {}
        if not isinstance(format, dict) or format.get("type", "audio/pcm") != "audio/pcm":
            name = format["type"] if isinstance(format, dict) else format
            raise OptionError(f"audio format {name!r} is not supported", "send audio/pcm")
        rate = format.get("rate", RATE)
        if not isinstance(rate, int):
            raise OptionError(f"the audio rate is {rate!r}", "use a whole number of Hz")
        check_rate(rate)
        if turns.get("type", "server_vad") != "server_vad":
            raise OptionError(
                f"turn_detection {turns['type']!r} is not supported", "use 'server_vad' or null"
            )
        pause = turns.get("silence_duration_ms", PAUSE)
        pause = min(max(pause, MIN_PAUSE), MAX_PAUSE)
        options = {
            "language": transcription.get("language"),
            "initial_prompt": transcription.get("prompt"),
        }
        if turns.get("threshold") is not None:
            options["vad_threshold"] = turns["threshold"]
        return StreamRequest(
            service.speech.make_request(transcription.get("model"), **options),
            LiveOptions(endpoint=pause / 1000),
            rate,
            service.max_duration(key),
        )
