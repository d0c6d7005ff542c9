"""Deepgram's `/v1/listen`, for recordings and live audio."""

from __future__ import annotations

from fastapi import APIRouter

from unispeech.server.dialects.deepgram import live, prerecorded

router = APIRouter()
for part in (prerecorded, live):
    router.include_router(part.router)
