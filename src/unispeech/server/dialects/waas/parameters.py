"""WAAS's OPTIONS routes, which describe the query parameters."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from unispeech import languages
from unispeech.models import catalog
from unispeech.server.http.dependencies import TheService
from unispeech.server.http.routing import Route

router = APIRouter(tags=["WAAS"], route_class=Route)

OUTPUTS = ["srt", "vtt", "json", "txt", "timecode_txt", "jojo"]
TASKS = ["transcribe", "translate"]


def models() -> list[str]:
    return [entry.name for entry in catalog.ENTRIES if entry.family == "whisper"]


def _parameter(options: list[str], default: str | None) -> dict[str, Any]:
    parameter: dict[str, Any] = {"type": "enum", "options": options, "optional": True}
    return {**parameter, "default": default} if default else parameter


def language_names() -> list[str]:
    return sorted({*languages.WHISPER.values(), *languages.ALIASES} - set(_CODES))


_CODES = frozenset({*languages.WHISPER, *(alias for alias in languages.ALIASES if len(alias) == 2)})


@router.options("/v1/transcribe", summary="Describe the parameters of /v1/transcribe")
async def transcribe_options(service: TheService) -> dict[str, Any]:
    """Return the query parameters with their values and defaults."""
    text = {"type": "string", "optional": True}
    return {
        "queryParams": {
            "model": _parameter(models(), service.settings.waas_model),
            "task": _parameter(TASKS, "transcribe"),
            "languages": _parameter(language_names(), None),
            "email_callback": text,
            "webhook_id": text,
            "filename": text,
        }
    }


@router.options("/v1/detect", summary="Describe the parameters of /v1/detect")
async def detect_options(service: TheService) -> dict[str, Any]:
    """Return the query parameters with their values and defaults."""
    return {"queryParams": {"model": _parameter(models(), service.settings.waas_model)}}


@router.options("/v1/download/{job_id}", summary="Describe the parameters of /v1/download")
async def download_options(job_id: str) -> dict[str, Any]:
    """Return the query parameters with their values and defaults."""
    return {"queryParams": {"output": _parameter(OUTPUTS, "srt")}}
