"""Audio part of OpenAI's API, for OpenAI's unmodified clients."""

from __future__ import annotations

from fastapi import APIRouter

from unispeech.server.dialects.openai import realtime, routes

router = APIRouter()
for part in (routes, realtime):
    router.include_router(part.router)
router.include_router(routes.azure)
