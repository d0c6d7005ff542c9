"""WAAS's OPTIONS routes, which describe the query parameters."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from unispeech import languages
from unispeech.server.http.dependencies import TheService
from unispeech.server.http.routing import Route

router = APIRouter(tags=["WAAS"], route_class=Route)

OUTPUTS = ["srt", "vtt", "json", "txt", "timecode_txt", "jojo"]
TASKS = ["translate", "transcribe"]


MODELS = [
    "tiny.en", "tiny", "base.en", "base", "small.en", "small", "medium.en", "medium",
    "large-v1", "large-v2", "large-v3", "large", "large-v3-turbo", "turbo",
]  # fmt: skip
"""openai-whisper's `available_models()` in its order, which WAAS returns."""
_ORDER = (
    "en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th "
    "ur hr bg lt la mi ml cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr "
    "pa si km sn yo so af oc ka be tg sd gu am yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt "
    "haw ln ha ba jw su yue"
)
LANGUAGES = [languages.WHISPER[code] for code in _ORDER.split()]
"""Names of Whisper's languages in the order of openai-whisper's `tokenizer.LANGUAGES`."""
DEFAULT_NAME = "untitled-transcription"


def _parameter(options: list[str], default: str | None) -> dict[str, Any]:
    parameter: dict[str, Any] = {"type": "enum", "options": options, "optional": True}
    return {**parameter, "default": default} if default else parameter


def is_language(name: str) -> bool:
    """Return whether WAAS clients may send the name: those above, other English names, `auto`."""
    return (
        name in LANGUAGES
        or languages.is_automatic(name)
        or (len(name) > 2 and name in languages.ALIASES)
    )


@router.options("/v1/transcribe", summary="Describe the parameters of /v1/transcribe")
async def transcribe_options(service: TheService) -> dict[str, Any]:
    """Return the query parameters with their values and defaults."""
    text = {"type": "string", "optional": True}
    return {
        "queryParams": {
            "model": _parameter(MODELS, service.settings.waas_model),
            "task": _parameter(TASKS, "transcribe"),
            "languages": _parameter(LANGUAGES, None),
            "email_callback": text,
            "webhook_id": text,
            "filename": {**text, "default": DEFAULT_NAME},
        }
    }


@router.options("/v1/detect", summary="Describe the parameters of /v1/detect")
async def detect_options(service: TheService) -> dict[str, Any]:
    """Return the query parameters with their values and defaults."""
    return {"queryParams": {"model": _parameter(MODELS, service.settings.waas_model)}}


@router.options("/v1/download/{job_id}", summary="Describe the parameters of /v1/download")
async def download_options(job_id: str) -> dict[str, Any]:
    """Return the query parameters with their values and defaults."""
    return {"queryParams": {"output": _parameter(OUTPUTS, "srt")}}
