"""Query parameters of Deepgram's `/v1/listen`.

Features that change the text or add to it, and that this server does not have, are rejected by
name. All other parameters are accepted, as Deepgram does.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.datastructures import QueryParams

from unispeech import languages
from unispeech.audio import g711
from unispeech.audio.pcm import check_rate
from unispeech.errors import OptionError
from unispeech.server.service import Service
from unispeech.server.speech.speech import SpeechRequest

HOSTED = re.compile(r"(nova|enhanced|flux|whisper|general)\b.*|\d+(-\w+)*")
"""Names of Deepgram's models, which stand for the server's default model."""
UNSUPPORTED = (
    "callback", "custom_intent", "custom_topic", "detect_entities", "intents", "multichannel",
    "profanity_filter", "redact", "replace", "search", "sentiment", "summarize", "topics",
    "translate",
)  # fmt: skip
"""Features that this server does not have."""
DIARIZERS = {"latest", "v1", "v2"}
"""Versions of Deepgram's diarization, which stand for the server's. `v2` is not for live audio."""
OFF = frozenset({"", "false", "none", "0"})
"""Values that turn a feature off."""
HONOURED = frozenset(
    {
        "channels", "detect_language", "diarize", "diarize_model", "encoding", "endpointing",
        "interim_results", "keyterm", "keywords", "language", "model", "paragraphs",
        "punctuate", "sample_rate", "smart_format", "tag", "utt_split", "utterance_end_ms",
        "utterances", "vad_events",
    }
)  # fmt: skip
"""Parameters with an effect. All others are accepted without one."""
ENCODINGS = ("linear16", "mulaw", "alaw")
CONTAINED = ("flac", "ogg-opus")
"""Encodings of files, which are decoded like files without `encoding`."""
DETECTED = ("", "multi", "auto")
"""Values of `language` that ask for detection."""
MIN_ENDPOINT, MAX_ENDPOINT = 0.3, 10.0
"""Seconds of silence that end a phrase: default and lower limit, and upper limit. Deepgram's
default of 10 ms would cut phrases at every breath, and their words would lose their context."""
UTTERANCE_SPLIT = 0.8
"""Seconds of silence between two utterances of a recording, by default."""
Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True)
class Encoding:
    """Encoding of raw audio."""

    name: str
    rate: int

    def to_pcm(self, data: bytes) -> bytes:
        """Return signed 16-bit PCM."""
        if self.name == "linear16":
            return data
        return g711.decode(data, "mulaw" if self.name == "mulaw" else "alaw")


class Parameters:
    """Checked parameters of one request.

    Raises:
        OptionError: a value is wrong, or a feature is not supported.
    """

    def __init__(self, query: QueryParams, is_live: bool) -> None:
        self._query = query
        for name in UNSUPPORTED:
            if any(value.lower() not in OFF for value in query.getlist(name)):
                raise OptionError(f"{name} is not supported", "leave it out", option=name)
        if self._number("channels", int, 1) != 1:
            raise OptionError("channels is more than 1", "send mono audio", option="channels")
        self.model = self._text("model")
        self.punctuates = self._flag("punctuate") or self._flag("smart_format")
        self.interim = self._flag("interim_results")
        self.vad_events = self._flag("vad_events")
        self._is_live = is_live
        self.diarizes = self._diarizes()
        self.utterances = self._flag("utterances")
        self.paragraphs = self._flag("paragraphs")
        self.detects_language = (
            self._flag("detect_language") or self._text("language").lower() in DETECTED
        )
        self.utterance_split = self._number("utt_split", float, UTTERANCE_SPLIT)
        self.utterance_end = self._number("utterance_end_ms", float, 0.0) / 1000
        self.endpoint = self._endpoint()
        self.tags = query.getlist("tag")

    @property
    def ignored(self) -> list[str]:
        """Names of parameters without effect."""
        names = [name for name in self._query if name not in {*HONOURED, *UNSUPPORTED}]
        return [*names, *(warning["parameter"] for warning in self.warnings)]

    @property
    def warnings(self) -> list[dict[str, str]]:
        """Requested features that the result lacks, in the form of Deepgram's metadata."""
        if not (self._is_live and self.diarizes):
            return []
        name = "diarize_model" if self._text("diarize_model") else "diarize"
        message = "speakers need the complete recording; words of live audio have none"
        return [{"parameter": name, "type": "unsupported_model", "message": message}]

    def encoding(self) -> Encoding | None:
        """Return the encoding of raw audio; None for a file or a stream in a container.

        Raises:
            OptionError: the encoding is not supported.
            AudioError: the sample rate is out of range.
        """
        name = self._text("encoding")
        if not name or name in CONTAINED:
            return None
        if name not in ENCODINGS:
            raise OptionError(
                f"encoding {name[:50]!r} is not supported",
                f"use one of {', '.join((*ENCODINGS, *CONTAINED))}", option="encoding",
            )  # fmt: skip
        rate = self._number("sample_rate", int, 0)
        if not rate:
            raise OptionError(
                "sample_rate is missing", "send it with encoding", option="sample_rate"
            )
        check_rate(rate)
        return Encoding(name, rate)

    def speech_request(self, service: Service, **options: Any) -> SpeechRequest:
        """Return the request for the engine.

        Raises:
            UnispeechError: see `Speech.make_request`.
        """
        return service.speech.make_request(
            None if not self.model or HOSTED.fullmatch(self.model) else self.model,
            language=None if self.detects_language else self._text("language"),
            hotwords=self._hotwords(),
            **options,
        )

    def _diarizes(self) -> bool:
        version = self._text("diarize_model").lower()
        if version in OFF:
            return self._flag("diarize")
        if version not in DIARIZERS or (self._is_live and version == "v2"):
            raise OptionError(
                f"diarize_model is {version[:50]!r}", "use latest", option="diarize_model"
            )
        return True

    def _hotwords(self) -> str | None:
        """Return the words of `keywords` and `keyterm`. Their boosts have no counterpart."""
        words = [word.partition(":")[0] for word in self._query.getlist("keywords")]
        return ", ".join(filter(None, [*words, *self._query.getlist("keyterm")])) or None

    def _endpoint(self) -> float | None:
        """Return the pause that ends a phrase, in seconds; None without endpointing."""
        text = self._text("endpointing").lower()
        if text == "false":
            return None
        pause = 0.0 if text == "true" else self._number("endpointing", float, 0.0) / 1000
        return min(max(pause, MIN_ENDPOINT), MAX_ENDPOINT)

    def _text(self, name: str) -> str:
        return str(self._query.get(name, ""))

    def _flag(self, name: str) -> bool:
        value = self._text(name).lower()
        if value not in {"true", "false", ""}:
            raise OptionError(f"{name} is {value[:50]!r}", "use true or false", option=name)
        return value == "true"

    def _number(self, name: str, type: Callable[[str], Number], default: Number) -> Number:
        text = self._text(name)
        try:
            value = type(text) if text else default
        except ValueError:
            raise OptionError(f"{name} is {text[:50]!r}", "use a number", option=name) from None
        if not 0 <= value <= 1e9:
            raise OptionError(f"{name} is {text[:50]!r}", "use a positive number", option=name)
        return value


def language_code(language: str) -> str:
    """Return the code that Deepgram uses for a language: two letters if it has them."""
    return languages.iso639_1(language) or language
