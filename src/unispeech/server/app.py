"""The application: the routes of every dialect behind one set of manners."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.middleware.gzip import GZipMiddleware
from starlette.exceptions import HTTPException

from unispeech.errors import UnispeechError
from unispeech.server import api
from unispeech.server.api import health, live
from unispeech.server.dialects import asr, openai, waas
from unispeech.server.http import docs_page, forms, static_page
from unispeech.server.http.error_responses import answer_async
from unispeech.server.http.middleware import Manners
from unispeech.server.service import Service
from unispeech.server.settings import Settings
from unispeech.server.speech.threads import started
from unispeech.server.storage.connection import AWAY
from unispeech.version import __version__

THREADS = 8
"""For what blocks for a moment: a look into the database, a file."""
ASKED = ["Authorization", "Content-Type", "If-Match", "If-None-Match", "Last-Event-ID", "Range",
         "Tus-Resumable", "Upload-Length", "Upload-Metadata", "Upload-Offset",
         "X-API-Key"]  # fmt: skip
"""Headers that pages of other origins may send, and below, read."""
TOLD = ["Content-Disposition", "Content-Range", "ETag", "Location", "Retry-After", "Tus-Resumable",
        "Upload-Expires", "Upload-Length", "Upload-Offset", "X-Request-ID"]  # fmt: skip


def create_app(settings: Settings) -> FastAPI:
    """The service as an ASGI application; its work begins with its lifespan."""
    service = Service(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        asyncio.get_running_loop().set_default_executor(started(THREADS, "unispeech-short"))
        await asyncio.to_thread(service.start)
        yield
        await asyncio.to_thread(service.stop)

    app = FastAPI(
        title="UniSpeech",
        version=__version__,
        description="Speech to text: OpenAI's, WAAS's and whisper-asr-webservice's HTTP "
        "interfaces, and one of our own for jobs.",
        lifespan=lifespan,
        docs_url=None,  # FastAPI's pages load their programs from elsewhere: see `reference`
        redoc_url=None,
    )
    app.state.service = service
    for module in (api, openai, waas, asr, live, static_page, docs_page, health):
        app.include_router(module.router)
    app.mount("/static", GZipMiddleware(static_page.FILES), "static")
    # Here, so that pages of other origins can read it. What is not among these has failed: that
    # is answered by `Manners`.
    for kind in (UnispeechError, HTTPException, RequestValidationError, OSError, *AWAY):
        app.add_exception_handler(kind, answer_async)
    app.add_middleware(forms.BodyLimit, limit=settings.max_upload)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["*"],
            allow_headers=ASKED,
            expose_headers=TOLD,
        )
    app.add_middleware(Manners)
    return app
