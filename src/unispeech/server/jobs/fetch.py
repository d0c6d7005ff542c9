"""Download of a recording from a URL, protected against server-side request forgery.

Every connection, also after a redirect, goes to an address that was resolved and checked here. So
neither a name that resolves to a private address nor DNS rebinding reaches the internal network.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urljoin, urlsplit

import httpcore

from unispeech.server.service_errors import FetchFailed, TooLarge
from unispeech.server.settings import Settings
from unispeech.server.storage.disk import clean_name, save

REDIRECTS = 5
TIMEOUTS = {"connect": 10.0, "read": 30.0, "write": 30.0, "pool": 10.0}
RESERVED = "%/:?#[]@!$&'()*+,;=~"
"""Characters with a meaning in a URL, and the % of escapes."""
TIMEOUT = 1800.0
"""Seconds for a whole download."""


UNICAST = ipaddress.IPv6Network("2000::/3")
"""The only global unicast addresses of IPv6 that have been assigned (RFC 4291, section 2.4)."""
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""IPv6 addresses that a gateway translates to public IPv4 addresses (RFC 6052)."""
NOT_GLOBAL = tuple(map(ipaddress.ip_network, ("192.88.99.0/24", "3fff::/20", "5f00::/16")))
"""Networks that some versions of Python count as global: relays of 6to4 (RFC 7526), documentation
(RFC 9637), segment routing (RFC 9602)."""


class _Guarded(httpcore.AnyIOBackend):
    """Network backend that connects to allowed addresses only."""

    def __init__(self, allowed: Callable[[str], bool]) -> None:
        self._allowed = allowed

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        address = await self._address(host, port)
        return await super().connect_tcp(address, port, timeout, local_address, socket_options)

    async def _address(self, host: str, port: int) -> str:
        loop = asyncio.get_running_loop()
        try:
            results = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, ValueError):
            raise FetchFailed("the URL's host cannot be found") from None
        addresses = [str(info[4][0]) for info in results]
        if not all(map(self._allowed, addresses)):
            raise FetchFailed("the URL is not at a public address")
        return addresses[0]


def allow_all(address: str) -> bool:
    return True


def is_public(address: str) -> bool:
    """Return whether an address is global unicast, and so is an IPv4 address that it embeds."""
    ip = ipaddress.ip_address(address.split("%")[0])
    if any(ip in network for network in NOT_GLOBAL):
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in NAT64:
            return is_public(str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)))
        embedded = ip.sixtofour or (ip.teredo and ip.teredo[1])
        if ip not in UNICAST or (embedded and not is_public(str(embedded))):
            return False
    return ip.is_global and not ip.is_multicast


async def fetch_allowed(settings: Settings, url: str, target: Path, limit: int) -> str:
    """Download a URL as the settings allow (see `fetch`).

    Raises:
        FetchFailed: the server does not download URLs, or see `fetch`.
        TooLarge: the file has more than `limit` bytes.
    """
    if not settings.fetch_urls:
        raise FetchFailed("this server does not download URLs", "upload the file")
    return await fetch(url, target, limit, allow_all if settings.fetch_private else is_public)


async def fetch(
    url: str, target: Path, limit: int, allowed: Callable[[str], bool] = is_public
) -> str:
    """Download a URL to `target`, and return the file name of the URL.

    Raises:
        FetchFailed: the URL is malformed or not allowed, or its server fails.
        TooLarge: the file has more than `limit` bytes.
    """
    try:
        async with asyncio.timeout(TIMEOUT), httpcore.AsyncConnectionPool(
            network_backend=_Guarded(allowed)
        ) as pool:  # fmt: skip
            for _ in range(REDIRECTS + 1):
                redirect = await _get(pool, _escaped(url), target, limit)
                if redirect is None:
                    return clean_name(unquote(urlsplit(url).path))
                url = urljoin(url, redirect)
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError,
            httpcore.UnsupportedProtocol, TimeoutError) as error:  # fmt: skip
        raise FetchFailed(f"the URL cannot be fetched ({type(error).__name__})") from error
    raise FetchFailed(f"the URL redirects more than {REDIRECTS} times")


def _escaped(url: str) -> str:
    """Check the URL and escape it; pasted URLs have spaces and non-ASCII letters."""
    try:
        url = quote(url.strip(), safe=RESERVED)
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        valid = False
    if not valid or "%" in parts.netloc:
        raise FetchFailed("the URL is not http:// or https:// with a host name")
    return url


async def _get(
    pool: httpcore.AsyncConnectionPool, url: str, target: Path, limit: int
) -> str | None:
    """Save the body and return None, or return the target of a redirect."""
    async with pool.stream("GET", url, extensions={"timeout": TIMEOUTS}) as response:
        headers = {name.lower(): value for name, value in response.headers}
        if response.status in (301, 302, 303, 307, 308) and b"location" in headers:
            return headers[b"location"].decode("utf-8", "replace")
        if response.status != 200:
            raise FetchFailed(f"the URL answered {response.status}")
        length = headers.get(b"content-length", b"")
        if length.isdigit() and int(length) > limit:
            raise TooLarge(limit)
        await save(_pieces(response), target, limit)
    return None


async def _pieces(response: httpcore.Response) -> AsyncIterator[bytes]:
    async for piece in response.aiter_stream():
        yield piece
