"""The application: the routes of every dialect behind one set of manners."""

from __future__ import annotations

import asyncio
import logging
import re
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.cors import CORSMiddleware
from fastapi.middleware.gzip import GZipMiddleware
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from unispeech.errors import UnispeechError
from unispeech.server import (
    api,
    asr,
    metrics,
    openai,
    operations,
    page,
    realtime,
    reference,
    stream,
    uploads,
    waas,
    waas_options,
)
from unispeech.server.answers import answer_async
from unispeech.server.service import Service
from unispeech.server.settings import Settings
from unispeech.server.threads import Threads
from unispeech.version import __version__

log = logging.getLogger("unispeech.access")

THREADS = 8
"""For what blocks for a moment: a look into the database, a file."""
SECURITY = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-resource-policy": b"same-origin",
}


METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Those that are told apart in the log and in the metrics; a client may send any word."""
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
        asyncio.get_running_loop().set_default_executor(Threads(THREADS, "unispeech-short"))
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
    for module in (
        api,
        openai,
        waas,
        waas_options,
        asr,
        realtime,
        stream,
        page,
        reference,
        operations,
    ):
        app.include_router(module.router)
    app.mount("/static", GZipMiddleware(page.FILES, minimum_size=500), "static")
    for kind in (UnispeechError, HTTPException, RequestValidationError, OSError, Exception):
        app.add_exception_handler(kind, answer_async)
    app.add_middleware(uploads.BodyLimit, limit=settings.max_upload)
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


class Manners:
    """What every answer gets: a request id, security headers, a line in the log, a measurement.

    The line has the route and not the path or the query: those hold names and addresses.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.monotonic()
        id = _request_id(scope)
        status = 500

        async def polite(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message.setdefault("headers", [])
                headers += [*SECURITY.items(), (b"x-request-id", id.encode())]
            await send(message)

        try:
            await self.app(scope, receive, polite)
        finally:
            took = time.monotonic() - began
            route = _route(scope)
            method = scope["method"] if scope["method"] in METHODS else "other"
            metrics.REQUESTS.labels(method, route, status).inc()
            metrics.LATENCY.labels(route).observe(took)
            log.info(
                "request",
                extra={
                    "request": id, "method": method, "route": route, "status": status,
                    "seconds": round(took, 4),
                },
            )  # fmt: skip


def _route(scope: Scope) -> str:
    """The route as the document names it. FastAPI's own leaves out what a router puts before."""
    path = str(getattr(scope.get("route"), "path", "none"))
    before = "/api" if scope["path"].startswith("/api/") else ""
    return before + path if path.startswith("/") and not path.startswith(before + "/") else path


def _request_id(scope: Scope) -> str:
    given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
    return given if re.fullmatch(r"[\w-]{1,64}", given) else uuid.uuid4().hex
