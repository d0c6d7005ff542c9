"""What this server has, allows and refuses, for pages and clients."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter

from unispeech import languages
from unispeech.backends import registry
from unispeech.backends.base import refuse
from unispeech.backends.spec import BackendSpec
from unispeech.errors import UnispeechError
from unispeech.models import catalog, weight_cache
from unispeech.options import LoadOptions, split_options
from unispeech.server.api.schemas import MoreOptions, checked
from unispeech.server.api.transcripts import TYPES
from unispeech.server.http.dependencies import Caller, TheService
from unispeech.server.http.error_responses import Refused
from unispeech.server.service import Service
from unispeech.server.speech.speech import NoSpeakers, public
from unispeech.server.storage.keys import Key
from unispeech.version import __version__

router = APIRouter(tags=["Info"])

PROBES: dict[str, Any] = {
    "word_timestamps": True, "initial_prompt": "a", "hotwords": "a", "beam_size": 5,
    "temperature": 0.2, "language_per_chunk": True,
}  # fmt: skip
"""A value of each option that a backend without it refuses."""


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
    try:
        service.speech.check_speakers()
    except UnispeechError as error:
        return {"allowed": False, "reason": public(error)}
    return {"allowed": True, "reason": None}


def _backend(spec: BackendSpec, speakers: dict[str, Any]) -> dict[str, Any]:
    usable = registry.runs(spec)
    can = spec.capabilities
    return {
        "name": spec.name,
        "summary": spec.summary,
        "family": spec.family,
        "usable": usable,
        "reason": None if usable else f"not installed; run: {spec.install_command}",
        "default_model": spec.default_model,
        "options": {
            "task": _values(spec, "task", ("transcribe", "translate"), can.tasks),
            "strategy": _values(spec, "strategy", ("batched", "native"), can.strategies),
            "language": {"allowed": True, "reason": None, "required": not can.detect_language},
            **{name: _allowed(spec, name, value) for name, value in PROBES.items()},
            "speakers": speakers,
        },
    }


def _values(
    spec: BackendSpec, name: str, all: tuple[str, ...], has: tuple[str, ...]
) -> dict[str, Any]:
    refused = {value: _reason(spec, name, value) for value in all if value not in has}
    return {"values": [value for value in all if value in has], "refused": refused}


def _allowed(spec: BackendSpec, name: str, value: Any) -> dict[str, Any]:
    reason = _reason(spec, name, value)
    return {"allowed": reason is None, "reason": reason}


def _reason(spec: BackendSpec, name: str, value: Any) -> str | None:
    """Why the backend would refuse the option, in its own words; None where it takes it."""
    try:
        refuse(spec.name, spec.capabilities, LoadOptions(), split_options({name: value})[1])
    except UnispeechError as error:
        return str(error)
    return None


@router.post("/check")
async def check(options: dict[str, Any], service: TheService, key: Caller) -> dict[str, Any]:
    """Whether a job with these options would be taken. Nothing is loaded or made."""
    try:
        named = checked(MoreOptions, options).options()
        ask = await asyncio.to_thread(lambda: service.speech.ask(**named))
    except UnispeechError as error:
        param = error.message.partition(":")[0].split(" ")[0]
        param = "speakers" if isinstance(error, NoSpeakers) else param
        param = (error.param if isinstance(error, Refused) else None) or param
        return {"ok": False, "backend": None, "model": None,
                "param": param if param in options else None,
                "message": error.message, "hint": error.hint or None}  # fmt: skip
    return {"ok": True, "backend": ask.backend, "model": ask.model,
            "param": None, "message": None, "hint": None}  # fmt: skip
