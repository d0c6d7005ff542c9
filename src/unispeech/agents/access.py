"""Admission to the HTTP server of agents, with the API keys of the service."""

from __future__ import annotations

import asyncio

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from unispeech.errors import UnispeechError
from unispeech.server.http.admission import admit
from unispeech.server.http.error_responses import answer
from unispeech.server.service import FAILED_KEYS
from unispeech.server.settings import Settings
from unispeech.server.storage.connection import UNAVAILABLE
from unispeech.server.storage.database import Database
from unispeech.server.storage.keys import Keys, Rates


class Access:
    """Keys and rate limits of the service that has these settings.

    Raises:
        OptionError: a setting cannot be used.
        UnispeechError: the database does not answer.
    """

    def __init__(self, settings: Settings) -> None:
        settings.folder()
        self.settings = settings
        self.keys = Keys(Database(settings.database), settings.api_key)
        self.rates = Rates(settings.rate_limit)
        self.failed_keys = Rates(FAILED_KEYS)

    def keys_required(self) -> bool:
        """Return whether every request needs a key (reads the database)."""
        settings = self.settings
        return settings.keys_required(settings.require_keys is None and self.keys.exist())


class Admission:
    """ASGI middleware that answers requests without a valid key, if keys are required."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app, self._access = app, access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            request = HTTPConnection(scope)
            try:
                await asyncio.to_thread(admit, self._access, request)
            except (UnispeechError, *UNAVAILABLE) as error:
                await answer(request, error)(scope, receive, send)
                return
        await self._app(scope, receive, send)
