"""Client secrets of the realtime API: short-lived tokens for browsers and apps.

A token is signed and not stored. It names the API key that made it, and carries the session
configuration, so its bearer can read that. It opens realtime sessions and nothing else.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from itsdangerous import BadData
from pydantic import BaseModel, Field
from starlette.requests import HTTPConnection

from unispeech.errors import UnispeechError
from unispeech.server.dialects.openai import realtime_config
from unispeech.server.dialects.openai.realtime_config import Config
from unispeech.server.http import admission
from unispeech.server.http.dependencies import Caller, TheService
from unispeech.server.http.error_responses import DOCUMENTED, RequestError
from unispeech.server.http.json_bodies import json_body, json_schema
from unispeech.server.http.routing import Route
from unispeech.server.service import Service
from unispeech.server.storage.keys import Key
from unispeech.server.storage.signing import signer

router = APIRouter(route_class=Route)

PREFIX = "ek_"
"""Beginning of a token, as in OpenAI's API."""
SALT = "unispeech.realtime"
LIFETIME, MIN_LIFETIME, MAX_LIFETIME = 600, 10, 7200
"""Seconds in which a token opens sessions: default and limits, as in OpenAI's API."""
MAX_TOKEN = 4000
"""Characters of a token, which has to fit into a header."""


class ExpiresAfter(BaseModel):
    """Lifetime of a client secret."""

    anchor: Literal["created_at"] = "created_at"
    seconds: int = Field(LIFETIME, ge=MIN_LIFETIME, le=MAX_LIFETIME)


class ClientSecretRequest(BaseModel):
    """Body of a request for a client secret."""

    expires_after: ExpiresAfter = Field(default_factory=lambda: ExpiresAfter.model_validate({}))
    session: dict[str, Any] = {}


class TranscriptionSessionRequest(BaseModel, extra="allow"):
    """Session configuration in the form of the beta: flat fields."""


SecretBody = Annotated[ClientSecretRequest, Depends(json_body(ClientSecretRequest))]
SessionBody = Annotated[
    TranscriptionSessionRequest, Depends(json_body(TranscriptionSessionRequest))
]


@router.post(
    "/realtime/client_secrets",
    summary="Create a client secret",
    responses=DOCUMENTED,
    openapi_extra=json_schema(ClientSecretRequest),
)
async def client_secret(body: SecretBody, service: TheService, key: Caller) -> dict[str, Any]:
    """Create a token with which a browser opens realtime sessions, without knowing the API key."""
    config = await asyncio.to_thread(_configure, service, body.session)
    token, expires = await _mint(service, key, body.session, body.expires_after.seconds)
    return {"value": token, "expires_at": expires, "session": {"id": _session_id(), **config.ga()}}


@router.post(
    "/realtime/transcription_sessions",
    summary="Create a client secret (beta)",
    responses=DOCUMENTED,
    openapi_extra=json_schema(TranscriptionSessionRequest),
)
async def transcription_session(
    body: SessionBody, service: TheService, key: Caller
) -> dict[str, Any]:
    """Create a token as `client_secrets` does, in the form of the beta."""
    session = body.model_dump()
    config = await asyncio.to_thread(_configure, service, session)
    token, expires = await _mint(service, key, session, LIFETIME)
    client_secret = {"value": token, "expires_at": expires}
    return {"id": _session_id(), **config.beta(), "client_secret": client_secret}


def admit(service: Service, connection: HTTPConnection) -> Key:
    """Return the API key of the caller, or the one that made its client secret, whose session
    configuration becomes `connection.state.session`.

    The URL may carry either as `api_key`, as with speaches. No log of ours has URLs.

    Raises:
        RequestError: as `admission.admit`.
    """
    secret = connection.query_params.get("api_key") or admission.carried_secret(
        connection, service.settings
    )
    content = _content(service, secret)
    key = service.keys.get(content[0]) if content else None
    if key is None:
        return admission.admit(service, connection, secret)
    connection.state.session = content[1] if content else {}
    admission.limit_rate(service, connection, key)
    return key


def _content(service: Service, token: str) -> tuple[str, dict[str, Any]] | None:
    """Return the key's ID and the session of a token; None if it is invalid or has expired."""
    if not token.startswith(PREFIX):
        return None
    try:
        key, expires, session = signer(service.database, SALT).loads(token.removeprefix(PREFIX))
    except BadData:
        return None
    return (key, session) if expires > time.time() else None


async def _mint(
    service: Service, key: Key, session: dict[str, Any], lifetime: int
) -> tuple[str, int]:
    """Return a token and its expiry as Unix time.

    Raises:
        RequestError: 400, the session is too large for a token.
    """
    expires = int(time.time()) + lifetime
    signature = await asyncio.to_thread(signer, service.database, SALT)
    token = PREFIX + str(signature.dumps([key.id, expires, session]))
    if len(token) > MAX_TOKEN:
        raise RequestError(
            400, "the session is too large for a client secret",
            "shorten its prompt and keywords", param="session", code="invalid_value",
        )  # fmt: skip
    return token, expires


def _configure(service: Service, session: dict[str, Any]) -> Config:
    """Return the configuration of a session.

    Raises:
        UnispeechError: a field is not supported.
    """

    def check(config: Config) -> None:
        service.speech.make_request(config.model, language=config.language)

    config, refusals = realtime_config.update(Config(), session, check)
    for refusal in refusals:
        raise _bad_request(refusal)
    return config


def _bad_request(error: UnispeechError) -> RequestError:
    return RequestError(400, error.message, error.hint, param=error.option, code="invalid_value")


def _session_id() -> str:
    return f"sess_{secrets.token_hex(12)}"
