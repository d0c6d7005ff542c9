"""API of WAAS (schibsted/WAAS), for its unmodified clients."""

from __future__ import annotations

from fastapi import APIRouter

from unispeech.server.dialects.waas import parameters, routes

router = APIRouter()
for part in (routes, parameters):
    router.include_router(part.router)
