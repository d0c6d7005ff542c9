"""Models that this server offers, and the requests that name them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wyoming.asr import Transcribe
from wyoming.info import AsrModel, AsrProgram, Attribution, Info

from unispeech import languages
from unispeech.engine.engine import Engine
from unispeech.errors import OptionError
from unispeech.version import __version__

NAME = "unispeech"


@dataclass(frozen=True)
class Program:
    """Loaded engines by the names of their models; the first is the default."""

    engines: Mapping[str, Engine]
    streams: bool = False
    """True if the text is sent in parts while the client speaks."""

    def info(self) -> Info:
        """Return the answer to `describe`."""
        program = AsrProgram(
            name=NAME,
            attribution=Attribution("The UniSpeech authors", ""),
            installed=True,
            description="Whisper and MMS models behind one engine",
            version=__version__,
            models=[_model(name, engine) for name, engine in self.engines.items()],
            supports_transcript_streaming=self.streams,
        )
        return Info(asr=[program])

    def find(self, name: str | None) -> Engine:
        """Return the engine of a model, or of the default.

        Raises:
            OptionError: the server does not offer the model.
        """
        if not name:
            return next(iter(self.engines.values()))
        if name not in self.engines:
            raise OptionError(
                f"model {name[:100]!r} is not offered here", f"use {', '.join(self.engines)}"
            )
        return self.engines[name]


def call_options(request: Transcribe, engine: Engine) -> dict[str, Any]:
    """Return the options of a request by name.

    Names and terms are hotwords where the backend takes them; they only bias the text.
    """
    options: dict[str, Any] = {}
    if request.language and not languages.is_automatic(request.language):
        options["language"] = request.language
    words = [*(request.transcript_names or ()), *(request.transcript_terms or ())]
    if words and engine.spec.capabilities.hotwords:
        options["hotwords"] = ", ".join(words)
    return options


def _model(name: str, engine: Engine) -> AsrModel:
    codes = {languages.iso639_1(code) or code for code in engine.facts.languages}
    return AsrModel(
        name=name,
        attribution=Attribution(engine.spec.name, ""),
        installed=True,
        description=f"{name} with {engine.spec.name}",
        version=None,
        languages=sorted(codes),
    )
