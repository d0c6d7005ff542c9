"""Routes that describe the server: backends, models, options, limits."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter

from unispeech import languages
from unispeech.backends import registry
from unispeech.backends.settle import Facts, Refusal, settle
from unispeech.backends.spec import BackendSpec
from unispeech.errors import OptionError, UnispeechError
from unispeech.models import weight_cache
from unispeech.models.entry import Entry
from unispeech.models.facts import ModelFacts, family_title
from unispeech.models.recommend import accuracy_order, made_for
from unispeech.option_schema import Option
from unispeech.options import OPTIONS, LoadOptions, options_for, split_options
from unispeech.server.api.schemas import JobOptions, validated
from unispeech.server.api.transcripts import TYPES
from unispeech.server.api.vocabularies import options_with_words
from unispeech.server.http.dependencies import Caller, TheService
from unispeech.server.http.routing import Route
from unispeech.server.service import Service
from unispeech.server.speech.speech import public
from unispeech.server.storage.keys import Key
from unispeech.text.layout.limits import LAYOUT_OPTIONS
from unispeech.text.layout.presets import PRESETS
from unispeech.version import __version__

router = APIRouter(tags=["Info"], route_class=Route)


@router.get("/info", summary="Describe the server")
async def info(service: TheService, key: Caller) -> dict[str, Any]:
    """List backends, models, languages, formats and options, and the caller's limits.

    For each backend, `options` tells which options and values it accepts, and why not the others.
    """
    return await asyncio.to_thread(_info, service, key)


def _info(service: Service, key: Key) -> dict[str, Any]:
    settings = service.settings
    cached = {weights.name for weights in weight_cache.cached_models()}
    ranks = {name: rank for rank, name in enumerate(accuracy_order())}
    speakers = _verdict(service.speech.diarization_refusal())
    return {
        "version": __version__,
        "keys_required": service.keys_required(),
        "backend": settings.backend,
        "model": service.speech.models.resolve(None) if "/" not in settings.model else "local",
        "backends": [_backend(spec, speakers) for spec in registry.specs().values()],
        "options": [_describe_option(row) for row in options_for("api")],
        "models": [
            _model(entry, entry.name in cached, ranks[entry.name])
            for entry in service.speech.models.entries()
        ],
        "languages": [{"code": code, "name": name} for code, name in languages.WHISPER.items()],
        "formats": list(TYPES),
        "layout": {
            "options": [_describe_option(row) for row in LAYOUT_OPTIONS],
            "presets": [
                {"name": name, "about": preset.about, "values": dict(preset.values)}
                for name, preset in PRESETS.items()
            ],
        },
        "limits": {
            "max_upload": service.max_upload(key),
            "max_duration": service.max_duration(key),
            "retention_days": settings.retention_days,
            "queue_size": settings.queue_size,
            "fetch_urls": settings.fetch_urls,
            "upload_expires": 86_400,
            "caption_watchers": settings.caption_watchers,
        },
        "webhooks": sorted(service.notices.webhooks),
        "disclaimer": settings.disclaimer,
    }


def _model(entry: Entry, is_cached: bool, rank: int) -> dict[str, Any]:
    return {
        "name": entry.name,
        "family": entry.family,
        "backends": [name for name, spec in registry.specs().items() if spec.runs_entry(entry)],
        "made_for": list(made_for(entry.name)),
        "languages": list(entry.languages),
        "tasks": ["transcribe", "translate"] if entry.translates else ["transcribe"],
        "kept": is_cached,
        "rank": rank,
        "megabytes": entry.megabytes,
        "licence": entry.licence,
        "commercial": entry.is_commercial,
        "family_title": family_title(entry.family),
        "summary": entry.summary,
        "figures": asdict(entry.figures) if entry.figures else None,
    }


def _backend(spec: BackendSpec, speakers: dict[str, Any]) -> dict[str, Any]:
    usable = registry.is_available(spec)
    families = {family: _options(spec, family, speakers) for family in spec.names_of_families}
    return {
        "name": spec.name,
        "summary": spec.summary,
        "family": spec.family,
        "usable": usable,
        "reason": None if usable else f"not installed; run: {spec.install_command}",
        "default_model": spec.default_model,
        "options": families[spec.family],
        "families": families,
    }


def _options(spec: BackendSpec, family: str, speakers: dict[str, Any]) -> dict[str, Any]:
    """Describe the support of each option for the models of a family."""
    needs_language = _refusal(spec, family, "language") is not None
    return {
        **{row.field: _support(spec, family, row) for row in options_for("api")},
        "language": {**_verdict(None), "required": needs_language},
        "speakers": speakers,
    }


def _support(spec: BackendSpec, family: str, row: Option) -> dict[str, Any]:
    """Describe a backend's support of an option; of each value if it is an enumeration."""
    if row.choices:
        return _values(spec, family, row.name, row.choices)
    return _verdict(_refusal(spec, family, row.name, _probe(row)) if row.capability else None)


def _probe(row: Option) -> Any:
    """Return a value that a backend without this option refuses."""
    if row.bounds:
        return row.bounds[1]
    return "a" if row.value_type is str else not row.default


def _describe_option(row: Option) -> dict[str, Any]:
    """Describe an option, independent of the backend."""
    low, high = row.bounds or (None, None)
    return {
        "name": row.field, "type": "text" if row.value_type is str else row.value_type.__name__,
        "help": row.help, "unit": row.unit or None, "default": row.default,
        "choices": list(row.choices), "minimum": low, "maximum": high,
        "max_length": row.max_length,
        "page": "page" not in row.excluded,
        "again": row in options_for("range", "page", "again"),
    }  # fmt: skip


def _values(spec: BackendSpec, family: str, name: str, values: tuple[str, ...]) -> dict[str, Any]:
    refusals = {value: _refusal(spec, family, name, value) for value in values}
    return {
        "values": [value for value, refusal in refusals.items() if refusal is None],
        "refused": {
            value: public(refusal.error()) for value, refusal in refusals.items() if refusal
        },
    }


def _verdict(refusal: Refusal | None) -> dict[str, Any]:
    reason = public(refusal.error()) if refusal else None
    return {"allowed": refusal is None, "reason": reason}


def _refusal(spec: BackendSpec, family: str, name: str, value: Any = None) -> Refusal | None:
    """Return the backend's refusal of an option's value for any model of a family."""
    facts = Facts(ModelFacts(spec.default_model, family))
    try:
        options = split_options({name: value})[1]
    except OptionError as error:  # the library of a text rule is not installed
        return Refusal.of(error)
    return settle(spec, facts, LoadOptions(), options).refusal(name)


@router.post("/check", summary="Check the options of a job")
async def check(options: dict[str, Any], service: TheService, key: Caller) -> dict[str, Any]:
    """Check whether a job with these options would be accepted, without creating it.

    `refusals` lists all reasons against it; `message`, `hint` and `param` are those of the first.
    """
    try:
        fields = validated(JobOptions, options)
        named = await asyncio.to_thread(options_with_words, service.database, key, fields)
        speech_request = await asyncio.to_thread(lambda: service.speech.review_request(**named))
        refusals = [_describe_refusal(refusal, options) for refusal in speech_request.refusals]
        backend, model = speech_request.backend, speech_request.model
    except UnispeechError as error:
        refusals = [_describe_refusal(Refusal.of(error), options)]
    if not refusals:
        empty = {"param": None, "message": None, "hint": None}
        return {"ok": True, "backend": backend, "model": model, **empty, "refusals": []}
    first = {name: refusals[0][name] for name in ("param", "message", "hint")}
    return {"ok": False, "backend": None, "model": None, **first, "refusals": refusals}


def _describe_refusal(refusal: Refusal, options: dict[str, Any]) -> dict[str, Any]:
    """Describe a refusal with the field names of this API."""
    row = OPTIONS.get(refusal.option)
    param = row.field if row else refusal.option
    return {
        "code": refusal.code or "invalid_value",
        "param": param if param in options else None,
        "message": public(UnispeechError(refusal.reason)),
        "hint": refusal.hint or None,
    }
