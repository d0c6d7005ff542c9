"""What every answer gets, whatever route it is of, and what is said where there was to be none."""

from __future__ import annotations

import asyncio
import logging
import re
import time
import uuid

from starlette.requests import ClientDisconnect, HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from unispeech.server.http.error_responses import answer
from unispeech.server.observe import logs, metrics

log = logging.getLogger("unispeech.access")

SECURITY = {
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-resource-policy": b"same-origin",
}
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
"""Those that are told apart in the log and in the metrics; a client may send any word."""
HUNG_UP = 499
"""The status in the log of a request whose client has gone before it was answered."""


class Manners:
    """A request id, security headers, a line in the log, a measurement; and an answer to each
    request, also where the code that was to give one has failed or was stopped.

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
        logs.request_id.set(id)
        status = 0

        async def polite(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message.setdefault("headers", [])
                headers += [*SECURITY.items(), (b"x-request-id", id.encode())]
            await send(message)

        try:
            await self.app(scope, receive, polite)
        except ClientDisconnect:
            status = HUNG_UP
        except (Exception, asyncio.CancelledError) as error:
            # Nobody cancels a request but a server that has waited long enough for it to end.
            apology = answer(HTTPConnection(scope), error)
            if not status:
                await apology(scope, receive, polite)
        finally:
            _tell(scope, status or 500, time.monotonic() - began)


def _tell(scope: Scope, status: int, took: float) -> None:
    route = _route(scope)
    method = scope["method"] if scope["method"] in METHODS else "other"
    metrics.REQUESTS.labels(method, route, status).inc()
    metrics.LATENCY.labels(route).observe(took)
    line = {"method": method, "route": route, "status": status, "seconds": round(took, 4)}
    log.info("request", extra=line)


def _route(scope: Scope) -> str:
    """The route as the document names it. FastAPI's own leaves out what a router puts before."""
    path = str(getattr(scope.get("route"), "path", "none"))
    before = "/api" if scope["path"].startswith("/api/") else ""
    return before + path if path.startswith("/") and not path.startswith(before + "/") else path


def _request_id(scope: Scope) -> str:
    given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
    return given if re.fullmatch(r"[\w-]{1,64}", given, re.ASCII) else uuid.uuid4().hex
