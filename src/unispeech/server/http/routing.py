"""Routes that check the API key before the body is read, close the files of forms, and answer HEAD
where they answer GET."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.responses import Response, StreamingResponse
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

from unispeech.server.http.admission import admit
from unispeech.server.http.dependencies import caller

HEAD = "unispeech.head"
"""Key of the scope of a HEAD request that runs as GET."""


class Route(APIRoute):
    """Route that admits the caller first, if it depends on `caller`.

    FastAPI reads and parses a JSON body before it resolves dependencies.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()
        admits = needs_caller(self.dependant)

        async def handle(request: Request) -> Response:
            if request.scope.get(HEAD):
                request.scope["method"] = "HEAD"  # for responses that read files
            if admits:
                service = request.app.state.service
                request.state.key = await asyncio.to_thread(admit, service, request)
            try:
                response = await handler(request)
            finally:
                if (form := getattr(request.state, "form", None)) is not None:
                    await form.close()
            return _without_body(response) if request.scope.get(HEAD) else response

        return handle

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        return super().matches({**scope, "method": "GET"} if self._is_head(scope) else scope)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._is_head(scope):
            scope = {**scope, "method": "GET", HEAD: True}
        await super().handle(scope, receive, send)

    def _is_head(self, scope: Scope) -> bool:
        """Return whether this is a HEAD request to a route that has only GET."""
        return scope.get("method") == "HEAD" and self.methods == {"GET"}


def _without_body(response: Response) -> Response:
    """Return the response of a HEAD request; that of an event stream would not end."""
    if not isinstance(response, StreamingResponse):
        return response
    empty = Response(status_code=response.status_code, background=response.background)
    empty.raw_headers = response.raw_headers
    return empty


def needs_caller(dependant: Dependant) -> bool:
    return dependant.call is caller or any(map(needs_caller, dependant.dependencies))
