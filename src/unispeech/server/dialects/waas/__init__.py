"""The interface of WAAS (schibsted/WAAS), for its unmodified clients."""

from __future__ import annotations

from fastapi import APIRouter

from unispeech.server.dialects.waas import options, routes

router = APIRouter()
for part in (routes, options):
    router.include_router(part.router)
