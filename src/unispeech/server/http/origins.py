"""Protection of a server without API keys against the web pages that its users visit.

A page of any site can send a form to 127.0.0.1, and with DNS rebinding (a name of the site that
resolves to 127.0.0.1) also read the responses. So such a server accepts only host names that no
site can own, and refuses writes from pages of other origins. Where keys are required, a page
cannot know one, and any name may stand for the server.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from unispeech.server.http.error_responses import RequestError, answer
from unispeech.server.http.sub_path import route_path
from unispeech.server.service import Service
from unispeech.server.settings import Settings
from unispeech.server.storage.connection import UNAVAILABLE

PRIVATE_DOMAINS = ("localhost", "local", "internal", "home.arpa")
"""Domains that cannot be registered: RFC 6761, RFC 6762, ICANN's resolution of 2024-07-29, RFC
8375. Docker's `host.docker.internal` is one of them."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
PROBES = ("/healthz", "/readyz", "/ping")
"""Paths for load balancers, which send names of their own and learn nothing."""


class OriginGuard:
    """ASGI middleware that applies `refusal` to HTTP requests.

    `websockets.serve` applies it to WebSockets.
    """

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self.app = app
        self.service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and route_path(scope) not in PROBES:
            connection = HTTPConnection(scope)
            is_write = scope["method"] not in SAFE_METHODS
            error = await refusal(connection, self.service, is_write)
            if error is not None:
                await answer(connection, error)(scope, receive, send)
                return
        await self.app(scope, receive, send)


async def refusal(
    connection: HTTPConnection, service: Service, is_write: bool
) -> RequestError | None:
    """Return why a server without keys refuses a request of a browser, or None."""
    settings = service.settings
    host = connection.headers.get("host", "")
    error: RequestError
    if not is_expected_host(host, settings):
        error = RequestError(
            403,
            f"host name {host[:100]!r} is not accepted without API keys",
            "add it to UNISPEECH_ALLOWED_HOSTS",
            code="host_not_allowed",
        )
    elif is_write and is_foreign(connection, settings):
        error = foreign_origin(connection)
    else:
        return None
    # Only now, since it may read the database.
    return None if await asyncio.to_thread(_keys_required, service) else error


def _keys_required(service: Service) -> bool:
    try:
        return service.keys_required()
    except UNAVAILABLE:
        return False  # refuse


def foreign_origin(connection: HTTPConnection) -> RequestError:
    origin = connection.headers.get("origin", "another site")
    return RequestError(
        403,
        f"pages of {origin[:100]} may not use this server",
        "add their origin to UNISPEECH_CORS_ORIGINS",
        code="origin_not_allowed",
    )


def is_expected_host(header: str, settings: Settings) -> bool:
    """Return whether no foreign site can own the name in a `Host` header.

    These are IP addresses, names without a dot (as in compose networks), private domains, and the
    names of this machine, of `base_url` and of `allowed_hosts`.
    """
    name = _host_name(header)
    if "." not in name or name.endswith(tuple(f".{domain}" for domain in PRIVATE_DOMAINS)):
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        own = {settings.host, socket.gethostname(), _host_name(_netloc(settings.base_url))}
        allowed = {host.lower() for host in (*own, *settings.allowed_hosts)}
        return name in allowed or "*" in allowed
    return True


def _host_name(netloc: str) -> str:
    """Return the lower-case name of `name:port` or `[address]:port`, without a final dot."""
    if netloc.startswith("["):
        return netloc[1:].partition("]")[0]
    return netloc.partition(":")[0].lower().removesuffix(".")


def _netloc(url: str) -> str:
    """Return `name:port` of a URL, or "" if the URL is malformed."""
    try:
        return urlsplit(url.lower()).netloc
    except ValueError:
        return ""


def is_foreign(connection: HTTPConnection, settings: Settings) -> bool:
    """Return whether a page of another origin, which is not allowed, sent the request.

    Programs send neither header. Origins of other schemes are those of installed applications and
    extensions.
    """
    headers = connection.headers
    origin, site = headers.get("origin", ""), headers.get("sec-fetch-site", "")
    if site in ("same-origin", "none") or {origin, "*"} & set(settings.cors_origins):
        return False
    if not origin:
        return bool(site)
    if origin != "null" and not origin.lower().startswith(("http:", "https:")):
        return False
    netloc = _netloc(origin)
    return not netloc or netloc not in (headers.get("host", "").lower(), _netloc(settings.base_url))
