"""What WAAS's routes take, as their OPTIONS tell it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from unispeech import languages
from unispeech.models import catalog
from unispeech.server.http.dependencies import TheService

router = APIRouter(tags=["WAAS"])

OUTPUTS = ["srt", "vtt", "json", "txt", "timecode_txt", "jojo"]
TASKS = ["transcribe", "translate"]


def models() -> list[str]:
    return [entry.name for entry in catalog.ENTRIES if entry.family == "whisper"]


def _parameter(options: list[str], default: str | None) -> dict[str, Any]:
    shown: dict[str, Any] = {"type": "enum", "options": options, "optional": True}
    return {**shown, "default": default} if default else shown


def language_names() -> list[str]:
    return sorted({*languages.WHISPER.values(), *languages.ALIASES} - set(_CODES))


_CODES = frozenset({*languages.WHISPER, *(a for a in languages.ALIASES if len(a) == 2)})


@router.options("/v1/transcribe")
async def transcribe_options(service: TheService) -> dict[str, Any]:
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


@router.options("/v1/detect")
async def detect_options(service: TheService) -> dict[str, Any]:
    return {"queryParams": {"model": _parameter(models(), service.settings.waas_model)}}


@router.options("/v1/download/{job_id}")
async def download_options(job_id: str) -> dict[str, Any]:
    return {"queryParams": {"output": _parameter(OUTPUTS, "srt")}}
