"""Session configuration of the realtime API, in OpenAI's current and its beta form.

Clients send partial configurations. Each field is applied by itself, so that a field that this
server does not support costs only that field.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from unispeech.errors import OptionError, UnispeechError
from unispeech.server.dialects.openai.realtime_fields import (
    Format,
    Turns,
    read_delay,
    read_format,
    read_turns,
    with_turn_field,
)

LIVE_MODELS = frozenset({"gpt-realtime-whisper", "gpt-live-transcribe"})
"""OpenAI's models that transcribe while audio arrives: without turn detection, and with deltas
before the item is committed."""
CONVERSATION_MODELS = ("gpt-realtime", "gpt-4o-realtime", "gpt-4o-mini-realtime", "gpt-audio")
"""Beginnings of the names of OpenAI's speech-to-speech models, which clients put into the URL."""
BETA = {
    "input_audio_format": "audio.input.format",
    "input_audio_transcription": "audio.input.transcription",
    "input_audio_noise_reduction": "audio.input.noise_reduction",
    "turn_detection": "audio.input.turn_detection",
}
"""Flat fields of the beta, with their current places."""
LOGPROBS = "item.input_audio_transcription.logprobs"
"""Value of `include` that adds log probabilities of the words."""
IGNORED = frozenset({"id", "object", "expires_at", "client_secret", "modalities"})
"""Fields without effect, accepted because clients echo the session that they received."""
MALFORMED = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""Errors raised by reading a malformed event."""


@dataclass(frozen=True, slots=True)
class Config:
    """Configuration of one connection."""

    model: str = "whisper-1"
    language: str | None = None
    prompt: str | None = None
    keywords: tuple[str, ...] = ()
    delay: str | None = None
    has_logprobs: bool = False
    format: Format = Format()
    turns: Turns | None = None
    sets_turns: bool = False
    """True if the client has set `turn_detection`; else the default of the model counts."""

    @property
    def turn_detection(self) -> Turns | None:
        """Turn detection; None if an item ends where the client commits the buffer."""
        return self.turns if self.sets_turns or self.is_live else Turns()

    @property
    def is_live(self) -> bool:
        """True if deltas are sent before the item is committed."""
        return self.model in LIVE_MODELS

    def ga(self) -> dict[str, Any]:
        """Return the session body, without its ID."""
        turns = self.turn_detection
        return {
            "object": "realtime.transcription_session",
            "type": "transcription",
            "audio": {
                "input": {
                    "format": self.format.json(),
                    "transcription": self._transcription(),
                    "noise_reduction": None,
                    "turn_detection": turns.json() if turns else None,
                }
            },
            "include": self._include,
        }

    def beta(self) -> dict[str, Any]:
        """Return the session body in the form of the beta, without its ID."""
        turns = self.turn_detection
        return {
            "object": "realtime.transcription_session",
            "modalities": ["audio", "text"],
            "input_audio_format": self.format.beta,
            "input_audio_transcription": self._transcription(),
            "input_audio_noise_reduction": None,
            "turn_detection": turns.json() if turns else None,
            "include": self._include,
        }

    @property
    def _include(self) -> list[str]:
        return [LOGPROBS] if self.has_logprobs else []

    def _transcription(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self.model,
            "language": self.language,
            "prompt": self.prompt or "",
        }
        if self.keywords:
            body["keywords"] = list(self.keywords)
        return body | ({"delay": self.delay} if self.delay else {})


def initial(query: Mapping[str, str]) -> Config:
    """Return the configuration of a new connection from its URL.

    `model` is OpenAI's; `transcription_model` and `language` are those of speaches.
    """
    config = Config(language=query.get("language") or None)
    model = query.get("transcription_model") or query.get("model") or config.model
    is_conversation = model.startswith(CONVERSATION_MODELS) and model not in LIVE_MODELS
    return config if is_conversation else replace(config, model=model)


def update(
    config: Config, session: Mapping[str, Any], check: Callable[[Config], object]
) -> tuple[Config, list[UnispeechError]]:
    """Apply a partial configuration. Return the new one, and an error for each field left out.

    `check` raises an error for a configuration that cannot be honoured. The `option` of an error
    is the field in dotted form, from `session` on.
    """
    refusals: list[UnispeechError] = []
    for path, value in _fields(session):
        try:
            changed = _apply(config, path, value)
            if changed != config:
                check(changed)
                config = changed
        except UnispeechError as error:
            error.option = f"session.{path}"
            refusals.append(error)
        except MALFORMED:
            refusals.append(_invalid(path, value))
    return config, refusals


def _fields(session: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the fields by their current places, and those of nested objects one by one."""
    flat: dict[str, Any] = {}
    for name, value in session.items():
        if name == "audio" and isinstance(value, dict):
            for direction, fields in value.items():
                if direction == "input" and isinstance(fields, dict):
                    flat |= {f"audio.input.{key}": field for key, field in fields.items()}
                else:
                    flat[f"audio.{direction}"] = fields
        elif name not in IGNORED:
            flat[BETA.get(name, name)] = value
    # The model decides which languages are possible, the type which numbers.
    yield from _nested(flat, "audio.input.transcription", "model")
    yield from _nested(flat, "audio.input.turn_detection", "type")
    yield from flat.items()


def _nested(flat: dict[str, Any], path: str, first: str) -> Iterator[tuple[str, Any]]:
    """Yield the fields of an object, one of them before the others."""
    if isinstance(flat.get(path), dict):
        fields = flat.pop(path)
        for key in sorted(fields, key=lambda key: key != first):
            yield f"{path}.{key}", fields[key]


def _apply(config: Config, path: str, value: Any) -> Config:
    parent, _, name = path.rpartition(".")
    if parent == "audio.input.transcription":
        return _apply_transcription(config, name, value)
    if path == "audio.input.turn_detection.type":
        return replace(config, turns=read_turns(value), sets_turns=True)
    if parent == "audio.input.turn_detection":
        turns = with_turn_field(config.turn_detection or Turns(), name, value)
        return replace(config, turns=turns, sets_turns=True)
    match path:
        case "type" if value != "transcription":
            raise OptionError(
                f"session type {value!r} is not supported: this server transcribes and does not "
                "answer", "use 'transcription'",
            )  # fmt: skip
        case "type" | "audio.input.noise_reduction":
            return config  # speech models are trained on noisy recordings; nothing is filtered
        case "include" if not set(value or ()) - {LOGPROBS}:
            return replace(config, has_logprobs=bool(value))
        case "audio.input.format":
            return replace(config, format=read_format(value))
        case "audio.input.transcription" if value is None:
            return config  # a transcription session always transcribes
        case "audio.input.turn_detection" if value is None:
            return replace(config, turns=None, sets_turns=True)
    shown = f" {value!r:.80}" if path == "include" else ""
    raise OptionError(f"{path[:100]}{shown} is not supported", "leave it out")


def _apply_transcription(config: Config, name: str, value: Any) -> Config:
    if name == "languages":
        if len(value or ()) > 1:
            raise OptionError(
                f"languages {value!r:.80} are several", "send one, or none to detect it"
            )
        name, value = "language", (value or [None])[0]
    match name:
        case "model":
            return replace(config, model=_text(name, value) or "whisper-1")
        case "language":
            return replace(config, language=_text(name, value))
        case "prompt":
            return replace(config, prompt=_text(name, value))
        case "keywords":
            return replace(config, keywords=tuple(str(word) for word in value or ()))
        case "delay":
            return replace(config, delay=read_delay(value))
    raise OptionError(f"transcription.{name[:80]} is not supported", "leave it out")


def _text(name: str, value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise OptionError(f"{name} is {value!r:.80}", "send a text")
    return value or None


def _invalid(path: str, value: Any) -> OptionError:
    return OptionError(f"{path[:100]} is {value!r:.80}", option=f"session.{path}")
