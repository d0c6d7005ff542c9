"""Admission of requests: API keys and rate limits."""

from __future__ import annotations

from starlette.requests import HTTPConnection

from unispeech.server.http.error_responses import RequestError
from unispeech.server.service import Service
from unispeech.server.storage.keys import ANYBODY, Key


def admit(service: Service, request: HTTPConnection) -> Key:
    """Return the API key of the caller.

    Raises:
        RequestError: 401 if keys are required and there is no valid one, 429 over the rate limit.
    """
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    secret = request.headers.get("x-api-key") or (
        bearer.strip() if scheme.lower() == "bearer" else _subprotocol_key(request)
    )
    key = service.keys.find(secret) if secret else None
    if key is None:
        if service.settings.keys_required:
            raise RequestError(
                401,
                "this API key is not valid" if secret else "an API key is required",
                "send the header Authorization: Bearer KEY",
                code="invalid_api_key",
                headers={"WWW-Authenticate": "Bearer"},
            )
        key = ANYBODY
    limit_rate(service, request, key)
    return key


def limit_rate(service: Service, request: HTTPConnection, key: Key = ANYBODY) -> None:
    """Count a request of this key, or of this client address.

    Raises:
        RequestError: 429, the rate limit is exceeded.
    """
    client = request.client.host if request.client else ""
    wait = service.rates.wait(key.id or client, key.rate_limit)
    if wait:
        raise RequestError(
            429,
            "too many requests",
            code="rate_limit_exceeded",
            headers={"Retry-After": str(int(wait) + 1)},
        )


def _subprotocol_key(request: HTTPConnection) -> str:
    """Return the key in OpenAI's subprotocol `openai-insecure-api-key.KEY`, or "".

    Browsers cannot set other headers on a WebSocket.
    """
    for protocol in request.headers.get("sec-websocket-protocol", "").split(","):
        name, _, secret = protocol.strip().partition(".")
        if name == "openai-insecure-api-key":
            return secret
    return ""
