"""Middleware for every response: request ID, security headers, access log, metrics."""

from __future__ import annotations

import asyncio
import logging
import re
import time
import uuid

from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from unispeech.server.http.error_responses import answer
from unispeech.server.http.sub_path import route_path
from unispeech.server.observe import logs, metrics

log = logging.getLogger("unispeech.access")

SECURITY_HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-resource-policy": b"same-origin",
}
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Methods named in the log and the metrics; all others are `other`."""
CLIENT_CLOSED_REQUEST = 499
"""Logged status of a request whose client disconnected before the response."""


class ResponseMiddleware:
    """ASGI middleware: request ID, security headers, access log, metrics. Turns unhandled errors
    and the cancellation at shutdown into a response.

    The log has the route instead of path and query, which can contain names and addresses.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        id = _request_id(scope)
        logs.request_id.set(id)
        if scope["type"] == "websocket":
            await self.app(scope, receive, send)
            return
        start = time.monotonic()
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message.setdefault("headers", [])
                headers += [*SECURITY_HEADERS.items(), (b"x-request-id", id.encode())]
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        except ClientDisconnect:
            status = CLIENT_CLOSED_REQUEST
        except (Exception, asyncio.CancelledError) as error:
            # uvicorn cancels a request only if it has not ended in time at shutdown.
            response = answer(HTTPConnection(scope), error)
            if not status:
                await response(scope, receive, send_with_headers)
        finally:
            _record(scope, status or 500, time.monotonic() - start)


def _record(scope: Scope, status: int, seconds: float) -> None:
    route = _route(scope)
    method = scope["method"] if scope["method"] in METHODS else "other"
    metrics.REQUESTS.labels(method, route, status).inc()
    metrics.LATENCY.labels(route).observe(seconds)
    fields = {"method": method, "route": route, "status": status, "seconds": round(seconds, 4)}
    log.info("request", extra=fields)


def _route(scope: Scope) -> str:
    """Return the route's path as in the OpenAPI document; Starlette's lacks the router's prefix."""
    path = str(getattr(scope.get("route"), "path", "none"))
    prefix = "/api" if route_path(scope).startswith("/api/") else ""
    return prefix + path if path.startswith("/") and not path.startswith(prefix + "/") else path


def _request_id(scope: Scope) -> str:
    id = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
    return id if re.fullmatch(r"[\w-]{1,64}", id, re.ASCII) else uuid.uuid4().hex
