"""What a client of the realtime interface has configured: OpenAI's own shape, and its beta one."""

from __future__ import annotations

from typing import Any

from unispeech.audio.pcm import check_rate
from unispeech.errors import OptionError
from unispeech.realtime.options import LiveOptions
from unispeech.server.service import Service
from unispeech.server.speech.streams import Wish
from unispeech.server.storage.keys import Key

RATE = 24_000
"""Hz of `audio/pcm` where nothing is said."""
PAUSE = 700
SHORTEST_PAUSE, LONGEST_PAUSE = 200, 10_000
"""Milliseconds without speech that end an item."""
BETA = {
    "input_audio_format": "format",
    "input_audio_transcription": "transcription",
    "input_audio_noise_reduction": "noise_reduction",
    "turn_detection": "turn_detection",
}
"""The flat fields of `transcription_session.update`, by what they are called since."""
IGNORED = {"type", "id", "object", "expires_at", "client_secret", "modalities"}
"""Fields that change nothing here: clients send back what they were told."""


class Config:
    """The configuration of one connection; `input` is the wire's `audio.input`."""

    def __init__(self, model: str | None) -> None:
        self.input: dict[str, Any] = {
            "format": {"type": "audio/pcm", "rate": RATE},
            "transcription": {"model": model or "whisper-1"},
            "turn_detection": {"type": "server_vad", "silence_duration_ms": PAUSE},
        }

    @property
    def by_voice(self) -> bool:
        """Whether a pause ends an item."""
        return self.input["turn_detection"] is not None

    def update(self, session: dict[str, Any]) -> None:
        """Take a configuration; what it leaves out stays as it was.

        Raises:
            OptionError: it asks for what is not here. Nothing has changed then.
        """
        if session.get("type", "transcription") != "transcription":
            raise OptionError(f"a session of type {session['type']!r}", "use 'transcription'")
        if session.get("include"):
            raise OptionError(
                f"include: {session['include']!r} is not told here", "leave include out"
            )
        audio = session.get("audio") or {}
        given = dict(audio.get("input") or {})
        given |= {BETA[name]: value for name, value in session.items() if name in BETA}
        if given.get("format") == "pcm16":
            given["format"] = {"type": "audio/pcm", "rate": RATE}
        unknown = set(session) - {*BETA, *IGNORED, "audio", "include"}
        unknown |= (set(audio) - {"input"}) | (set(given) - {*self.input, "noise_reduction"})
        if given.pop("noise_reduction", None):
            unknown.add("noise_reduction")
        if unknown:
            raise OptionError(f"{min(unknown)}: there is none here", "leave it out")
        self.input = self.input | given

    def wish(self, service: Service, key: Key) -> Wish:
        """What that means for a stream.

        Raises:
            UnispeechError: it cannot be honoured.
        """
        said = self.input["transcription"] or {}
        turns = self.input["turn_detection"] or {}
        form = self.input["format"] or {}
        if not isinstance(form, dict) or form.get("type", "audio/pcm") != "audio/pcm":
            kind = form["type"] if isinstance(form, dict) else form
            raise OptionError(f"audio of type {kind!r}", "send audio/pcm")
        rate = form.get("rate", RATE)
        if not isinstance(rate, int):
            raise OptionError(f"audio at a rate of {rate!r}", "give it in Hz, as a whole number")
        check_rate(rate)
        if turns.get("type", "server_vad") != "server_vad":
            raise OptionError(f"turn_detection {turns['type']!r}", "use 'server_vad' or null")
        pause = turns.get("silence_duration_ms", PAUSE)
        pause = min(max(pause, SHORTEST_PAUSE), LONGEST_PAUSE)
        options = {"language": said.get("language"), "initial_prompt": said.get("prompt")}
        if turns.get("threshold") is not None:
            options["vad_threshold"] = turns["threshold"]
        return Wish(
            service.speech.ask(said.get("model"), **options),
            LiveOptions(endpoint=pause / 1000),
            rate,
            service.max_duration(key),
        )
