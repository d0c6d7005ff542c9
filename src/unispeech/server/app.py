"""The FastAPI application: all routes, error handlers and middleware."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.middleware.gzip import GZipMiddleware
from starlette.exceptions import HTTPException

from unispeech.errors import UnispeechError
from unispeech.server import api
from unispeech.server.api import health, live, uploads
from unispeech.server.dialects import asr, deepgram, openai, sagemaker, speaches, waas, whisper_cpp
from unispeech.server.http import docs_page, forms, openapi_document, static_page
from unispeech.server.http.error_responses import answer_async
from unispeech.server.http.middleware import ResponseMiddleware
from unispeech.server.http.origins import OriginGuard
from unispeech.server.http.sub_path import SubPath
from unispeech.server.service import Service
from unispeech.server.settings import Settings
from unispeech.server.speech.threads import started_executor
from unispeech.server.storage.connection import UNAVAILABLE
from unispeech.version import __version__

THREADS = 8
"""Threads for short blocking work, such as a database query or reading a file."""
REQUEST_HEADERS = [
    "Authorization", "Api-Key", "Content-Type", "If-Match", "If-None-Match", "Last-Event-ID",
    "Range", "Tus-Resumable", "Upload-Length", "Upload-Metadata", "Upload-Offset", "X-API-Key",
    "X-HTTP-Method-Override", "XI-API-Key",
]  # fmt: skip
"""Request headers that pages of other origins may send (CORS)."""
RESPONSE_HEADERS = [
    "Content-Disposition", "Content-Range", "ETag", "Location", "Retry-After", "Tus-Resumable",
    "Upload-Expires", "Upload-Length", "Upload-Offset", "X-Request-ID", "X-UniSpeech-Warning",
    "X-UniSpeech-Ignored",
]  # fmt: skip
"""Response headers that pages of other origins may read (CORS)."""


def create_app(settings: Settings) -> FastAPI:
    """Return the service as an ASGI application; its lifespan starts and stops the workers.

    Raises:
        OptionError: a setting cannot be used.
        UnispeechError: the database does not answer.
    """
    service = Service(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        executor = started_executor(THREADS, "unispeech-short")
        asyncio.get_running_loop().set_default_executor(executor)
        await asyncio.to_thread(service.start)
        yield
        await asyncio.to_thread(service.stop)

    app = FastAPI(
        title="UniSpeech",
        version=__version__,
        description="Speech to text. The service has its own API for jobs, transcripts and "
        "uploads, and implements the APIs of OpenAI (audio), Deepgram (`/v1/listen`), WAAS, "
        "whisper-asr-webservice, whisper.cpp's server, speaches (models) and SageMaker's "
        "containers.",
        lifespan=lifespan,
        docs_url=None,  # FastAPI's own pages load scripts from a CDN; see `docs_page`
        redoc_url=None,
    )
    app.state.service = service
    dialects = (openai, waas, asr, deepgram, whisper_cpp, speaches, sagemaker)
    for module in (api, *dialects, live, static_page, docs_page, health):
        app.include_router(module.router)
    app.mount("/static", GZipMiddleware(static_page.FILES), "static")
    # Handled inside the CORS middleware, so that pages of other origins can read these errors.
    # `ResponseMiddleware` answers all others.
    for kind in (UnispeechError, HTTPException, RequestValidationError, OSError, *UNAVAILABLE):
        app.add_exception_handler(kind, answer_async)
    app.add_middleware(uploads.MethodOverride)
    app.add_middleware(
        forms.BodyLimit, limit=settings.max_upload, min_rate=settings.min_upload_rate
    )
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["*"],
            allow_headers=REQUEST_HEADERS,
            expose_headers=RESPONSE_HEADERS,
        )
    app.add_middleware(OriginGuard, service=service)
    app.add_middleware(ResponseMiddleware)
    app.add_middleware(SubPath, root_path=settings.root)
    app.openapi = partial(openapi_document.openapi, app)  # type: ignore[method-assign]
    return app
