"""What this server has, allows and refuses, for pages and clients."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter

from unispeech import languages
from unispeech.backends import registry
from unispeech.backends.settle import Facts, Refusal, settle
from unispeech.backends.spec import BackendSpec
from unispeech.errors import UnispeechError
from unispeech.models import catalog, weight_cache
from unispeech.models.facts import ModelFacts
from unispeech.option_schema import Option
from unispeech.options import OPTIONS, LoadOptions, options_for, split_options
from unispeech.server.api.schemas import JobOptions, checked
from unispeech.server.api.transcripts import TYPES
from unispeech.server.http.dependencies import Caller, TheService
from unispeech.server.service import Service
from unispeech.server.speech.speech import public
from unispeech.server.storage.keys import Key
from unispeech.version import __version__

router = APIRouter(tags=["Info"])


@router.get("/info")
async def info(service: TheService, key: Caller) -> dict[str, Any]:
    """What this server has, allows and refuses, for pages and clients."""
    return await asyncio.to_thread(_info, service, key)


def _info(service: Service, key: Key) -> dict[str, Any]:
    settings = service.settings
    kept = {one.name for one in weight_cache.listing()}
    speakers = _speakers(service)
    return {
        "version": __version__,
        "keys_required": settings.keys_required,
        "backend": settings.backend,
        "model": service.speech.model(None) if "/" not in settings.model else "local",
        "backends": [_backend(spec, speakers) for spec in registry.specs().values()],
        "options": [_described(row) for row in options_for("api")],
        "models": [_model(entry, entry.name in kept) for entry in catalog.ENTRIES],
        "languages": [{"code": code, "name": name} for code, name in languages.WHISPER.items()],
        "formats": list(TYPES),
        "limits": {
            "max_upload": service.max_upload(key),
            "max_duration": service.max_duration(key),
            "retention_days": settings.retention_days,
            "queue_size": settings.queue_size,
            "fetch_urls": settings.fetch_urls,
            "upload_expires": 86_400,
        },
        "webhooks": sorted(service.notices.webhooks),
        "disclaimer": settings.disclaimer,
    }


def _model(entry: catalog.Entry, kept: bool) -> dict[str, Any]:
    return {
        "name": entry.name,
        "family": entry.family,
        "languages": list(entry.languages),
        "tasks": ["transcribe", "translate"] if entry.translates else ["transcribe"],
        "kept": kept,
        "megabytes": entry.megabytes,
        "licence": entry.licence,
    }


def _speakers(service: Service) -> dict[str, Any]:
    """Whether speakers can be told apart here, which is no matter of the backend."""
    return _verdict(service.speech.without_speakers())


def _backend(spec: BackendSpec, speakers: dict[str, Any]) -> dict[str, Any]:
    usable = registry.is_available(spec)
    return {
        "name": spec.name,
        "summary": spec.summary,
        "family": spec.family,
        "usable": usable,
        "reason": None if usable else f"not installed; run: {spec.install_command}",
        "default_model": spec.default_model,
        "options": {
            **{row.field: _offer(spec, row) for row in options_for("api")},
            "language": {**_verdict(None), "required": _refusal(spec, "language") is not None},
            "speakers": speakers,
        },
    }


def _offer(spec: BackendSpec, row: Option) -> dict[str, Any]:
    """What a backend makes of an option: of each value where there is a choice."""
    if row.choices:
        return _values(spec, row.name, row.choices)
    return _verdict(_refusal(spec, row.name, _probe(row)) if row.capability else None)


def _probe(row: Option) -> Any:
    """A value that a backend without the option refuses."""
    if row.bounds:
        return row.bounds[1]
    return "a" if row.value_type is str else not row.default


def _described(row: Option) -> dict[str, Any]:
    """An option for pages and clients, whatever the backend."""
    low, high = row.bounds or (None, None)
    return {
        "name": row.field, "type": "text" if row.value_type is str else row.value_type.__name__,
        "help": row.help, "unit": row.unit or None, "default": row.default,
        "choices": list(row.choices), "minimum": low, "maximum": high,
        "max_length": row.max_length,
        "page": "page" not in row.excluded,
        "again": row in options_for("range", "page", "again"),
    }  # fmt: skip


def _values(spec: BackendSpec, name: str, values: tuple[str, ...]) -> dict[str, Any]:
    refusals = {value: _refusal(spec, name, value) for value in values}
    return {
        "values": [value for value, refusal in refusals.items() if refusal is None],
        "refused": {value: public(one.error()) for value, one in refusals.items() if one},
    }


def _verdict(refusal: Refusal | None) -> dict[str, Any]:
    reason = public(refusal.error()) if refusal else None
    return {"allowed": refusal is None, "reason": reason}


def _refusal(spec: BackendSpec, name: str, value: Any = None) -> Refusal | None:
    """Why the backend would refuse a value of an option, whatever its model."""
    facts = Facts(ModelFacts(spec.default_model, spec.family))
    options = split_options({name: value})[1]
    return settle(spec, facts, LoadOptions(), options).refusal(name)


@router.post("/check")
async def check(options: dict[str, Any], service: TheService, key: Caller) -> dict[str, Any]:
    """Whether a job with these options would be taken, and all that is in its way. Nothing is
    loaded or made."""
    try:
        named = checked(JobOptions, options).options()
        ask = await asyncio.to_thread(lambda: service.speech.consider(**named))
        told = [_told(refusal, options) for refusal in ask.refusals]
        backend, model = ask.backend, ask.model
    except UnispeechError as error:
        told = [_told(Refusal.of(error), options)]
    if not told:
        nothing = {"param": None, "message": None, "hint": None}
        return {"ok": True, "backend": backend, "model": model, **nothing, "refusals": []}
    first = {name: told[0][name] for name in ("param", "message", "hint")}
    return {"ok": False, "backend": None, "model": None, **first, "refusals": told}


def _told(refusal: Refusal, options: dict[str, Any]) -> dict[str, Any]:
    """A refusal in the words of this API."""
    row = OPTIONS.get(refusal.option)
    param = row.field if row else refusal.option
    return {
        "code": refusal.code or "invalid_value",
        "param": param if param in options else None,
        "message": public(UnispeechError(refusal.reason)),
        "hint": refusal.hint or None,
    }
