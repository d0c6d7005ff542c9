"""What this server has and allows."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter

from unispeech.backends import registry
from unispeech.formats import FORMATS
from unispeech.models import shelf
from unispeech.server.access import Caller, TheService

router = APIRouter(tags=["Info"])


@router.get("/info")
async def info(service: TheService, key: Caller) -> dict[str, Any]:
    """What this server has and allows, for pages and clients."""
    kept = await asyncio.to_thread(shelf.listing)
    return {
        "model": service.speech.model(None) if "/" not in service.settings.model else "local",
        "backend": service.settings.backend,
        "models": sorted({one.name for one in kept}),
        "backends": [spec.name for spec in registry.specs().values() if spec.installed()],
        "formats": list(FORMATS),
        "max_upload": service.max_upload(key),
        "max_duration": service.max_duration(key),
        "retention_days": service.settings.retention_days,
        "webhooks": sorted(service.notices.webhooks),
        "disclaimer": service.settings.disclaimer,
    }
