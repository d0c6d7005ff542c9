"""Routes that check the API key before the body is read, and close the files of forms."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.responses import Response
from fastapi.routing import APIRoute

from unispeech.server.http.admission import admit
from unispeech.server.http.dependencies import caller


class Route(APIRoute):
    """Route that admits the caller first, if it depends on `caller`.

    FastAPI reads and parses a JSON body before it resolves dependencies.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()
        if not needs_caller(self.dependant):
            return handler

        async def handle(request: Request) -> Response:
            service = request.app.state.service
            request.state.key = await asyncio.to_thread(admit, service, request)
            try:
                return await handler(request)
            finally:
                if (form := getattr(request.state, "form", None)) is not None:
                    await form.close()

        return handle


def needs_caller(dependant: Dependant) -> bool:
    return dependant.call is caller or any(map(needs_caller, dependant.dependencies))
