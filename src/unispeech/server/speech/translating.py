"""The request that translates a recording: with the model of its transcript, or the best other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from unispeech.backends import registry
from unispeech.errors import UnispeechError
from unispeech.models import catalog, weight_cache
from unispeech.models.facts import ENGLISH_ONLY
from unispeech.models.recommend import accuracy_order
from unispeech.options import TranscribeOptions
from unispeech.server.speech.speech import Speech, SpeechRequest

INHERITED = ("audio_track", "channels", "start", "end", "vad")
"""Options of the transcript that the translation inherits, with those of `vad_`: they choose the
sound. Others, such as words to expect, are for the original language."""


def translation_request(
    speech: Speech,
    backend: str,
    model: str,
    options: Mapping[str, Any],
    language: str | None,
    asked: tuple[str, str | None] | None = None,
) -> SpeechRequest | None:
    """Return the request that translates a recording into English; None if no model can.

    The backend, model and options are those of its transcript, and `language` is the only one in
    it, if there is one. The transcript's own model is preferred, then the most accurate model on
    the server; if a model and a backend (None: the server's) are `asked` for, only these.

    Raises:
        UnispeechError: what is asked for cannot translate the recording.
    """
    sound = {n: v for n, v in options.items() if n in INHERITED or n.startswith("vad_")}
    sound["task"] = "translate"
    spoken = _spoken(speech, backend, model, options.get("language") or language)
    for candidate in (asked,) if asked else ((model, backend), *_present(speech)):
        for known in dict.fromkeys((spoken, None)):
            found = _review(speech, *candidate, {**sound, "language": known})
            if found is not None:
                return found
    return speech.make_request(*asked, **sound) if asked else None


def _spoken(speech: Speech, backend: str, model: str, language: str | None) -> str | None:
    """Return the language, unless the model knows only English and finds it in any speech."""
    try:
        facts = speech.settled(backend, model, TranscribeOptions()).facts.model
    except UnispeechError:
        return language
    is_english_only = not isinstance(facts, UnispeechError) and facts.languages == ENGLISH_ONLY
    return None if is_english_only else language


def _present(speech: Speech) -> Iterator[tuple[str, str]]:
    """Yield the models on the server that translate, the most accurate first, each with the
    backends that run it, the server's first."""
    own = registry.find(speech.settings.backend)
    others = [spec for spec in registry.specs().values() if registry.is_available(spec)]
    specs = list({spec.name: spec for spec in (own, *others)}.values())
    for name in accuracy_order():
        entry = catalog.find(name)
        if entry is None or not entry.translates or not speech.models.may_name(name):
            continue
        if weight_cache.formats(name):
            yield from ((name, spec.name) for spec in specs if spec.runs_entry(entry))


def _review(
    speech: Speech, model: str, backend: str | None, options: Mapping[str, Any]
) -> SpeechRequest | None:
    try:
        request = speech.review_request(model, backend, **options)
    except UnispeechError:
        return None
    return None if request.refusals else request
