"""Admission of requests: API keys and rate limits."""

from __future__ import annotations

import base64
import binascii
import ipaddress
from typing import Protocol

from starlette.requests import HTTPConnection

from unispeech.server.http.error_responses import RequestError
from unispeech.server.http.origins import SAFE_METHODS, foreign_origin, is_foreign
from unispeech.server.service import Service
from unispeech.server.settings import Settings
from unispeech.server.storage.keys import ANYBODY, Key, Keys, Rates


class Door(Protocol):
    """Settings, keys and limits that admission needs, as those of `Service`."""

    settings: Settings
    keys: Keys
    rates: Rates
    failed_keys: Rates

    def keys_required(self) -> bool:
        """Return whether every request needs a key."""


def admit(door: Door, request: HTTPConnection, secret: str | None = None) -> Key:
    """Return the API key of the caller. `secret` is a key outside of the headers.

    Raises:
        RequestError: 401 if keys are required and there is no valid one, 429 over the rate limit.
    """
    if secret is None:
        secret = carried_secret(request, door.settings)
    key = _find(door, request, secret) if secret else None
    if key is None:
        if door.keys_required():
            raise RequestError(
                401,
                "this API key is not valid" if secret else "an API key is required",
                "send the header Authorization: Bearer KEY",
                code="invalid_api_key",
                headers={"WWW-Authenticate": "Bearer"},
            )
        key = ANYBODY
    limit_rate(door, request, key)
    return key


KEY_HEADERS = ("x-api-key", "api-key", "xi-api-key")
"""Headers with a bare key: our own, Azure's and ElevenLabs's."""
KEY_SCHEMES = ("bearer", "token")
"""Schemes of `Authorization` with a bare key: OpenAI's and Deepgram's."""


def carried_secret(request: HTTPConnection, settings: Settings) -> str:
    """Return the key that a request carries, or "".

    Raises:
        RequestError: 403, a page of another origin uses credentials that the browser has stored.
    """
    headers = request.headers
    if key := next((headers[name] for name in KEY_HEADERS if headers.get(name)), ""):
        return key
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    if scheme.lower() in KEY_SCHEMES:
        return credentials.strip()
    if scheme.lower() == "basic" and (password := _password(credentials)):
        # Browsers send these by themselves, unlike all other forms.
        if request.scope.get("method") not in SAFE_METHODS and is_foreign(request, settings):
            raise foreign_origin(request)
        return password
    return _subprotocol_key(request)


def _password(credentials: str) -> str:
    """Return the password of Basic credentials (RFC 7617), the user name if it is empty, or ""."""
    try:
        name, _, password = (
            base64.b64decode(credentials.strip(), validate=True).decode().partition(":")
        )
    except (binascii.Error, UnicodeDecodeError):
        return ""
    return password or name


def _find(door: Door, request: HTTPConnection, secret: str) -> Key | None:
    """Look up a key; count an invalid one where keys are required.

    An address that has tried too many invalid keys is still served with keys that this process
    knows: behind a proxy, a guesser may share the address of everyone else.

    Raises:
        RequestError: 429, the address has tried too many invalid keys.
    """
    address = _network(request)
    if door.failed_keys.is_exceeded(address) and not door.keys.was_accepted(secret):
        raise _too_many("too many invalid API keys", 60)
    key = door.keys.find(secret)
    if key is None and door.keys_required():
        door.failed_keys.wait(address)
    return key


def _network(request: HTTPConnection) -> str:
    """Return the client's address; of IPv6 the /64 network, all of which one client may own."""
    host = _client(request)
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.version == 4:
        return host
    return str(ipaddress.IPv6Network((int(address), 64), strict=False))


def limit_rate(door: Door, request: HTTPConnection, key: Key = ANYBODY) -> None:
    """Count a request of this key, or of this client address.

    Raises:
        RequestError: 429, the rate limit is exceeded.
    """
    wait = door.rates.wait(key.id or _client(request), key.rate_limit)
    if wait:
        raise _too_many("too many requests", wait)


def admit_model_change(service: Service, key: Key, model: str) -> None:
    """Check that this key may load, fetch or delete a model at once.

    Raises:
        RequestError: 403, it is not an admin key, or UNISPEECH_FETCH_MODELS does not list the
            model.
    """
    if not key.is_admin:
        raise RequestError(
            403,
            "only an admin key may load, fetch or delete models",
            "the server's operator creates one with `unispeech keys create`",
            code="admin_key_required",
        )
    if not service.speech.models.is_listed(model):
        raise RequestError(
            403,
            f"model {model[:100]!r} is not among the models that keys may load, fetch or delete",
            "the server's operator can add it to UNISPEECH_FETCH_MODELS",
            param="model",
            code="model_not_listed",
        )


def _client(request: HTTPConnection) -> str:
    return request.client.host if request.client else ""


def _too_many(message: str, wait: float) -> RequestError:
    return RequestError(
        429, message, code="rate_limit_exceeded", headers={"Retry-After": str(int(wait) + 1)}
    )


def _subprotocol_key(request: HTTPConnection) -> str:
    """Return the key in a subprotocol, or "": OpenAI's `openai-insecure-api-key.KEY`, or Deepgram's
    `token` followed by the key.

    Browsers cannot set other headers on a WebSocket.
    """
    protocols = request.headers.get("sec-websocket-protocol", "").split(",")
    for protocol in map(str.strip, protocols):
        name, _, secret = protocol.partition(".")
        if name == "openai-insecure-api-key":
            return secret
    scheme, *rest = map(str.strip, protocols)
    return rest[0] if scheme.lower() in KEY_SCHEMES and len(rest) == 1 else ""
