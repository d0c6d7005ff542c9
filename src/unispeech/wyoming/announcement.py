"""Announcement of the server on the local network, by which Home Assistant finds it."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from unispeech.errors import OptionError, UnispeechError
from unispeech.wyoming.address import PORT, Address

if TYPE_CHECKING:
    from zeroconf.asyncio import AsyncServiceInfo

SERVICE = "_wyoming._tcp.local."
"""Type under which Home Assistant looks for Wyoming servers."""
MAX_NAME = 63
"""Longest name of an instance, in bytes (RFC 6763)."""


def check(name: str, address: Address) -> None:
    """Check an announcement before any model is loaded.

    Raises:
        OptionError: the library is missing, the name is too long, nobody else can connect, or the
            host is `[::]`.
    """
    try:
        import zeroconf  # noqa: F401
    except ImportError:
        raise OptionError(
            "zeroconf: the package is not installed", "run: pip install 'unispeech[wyoming]'",
            option="zeroconf",
        ) from None  # fmt: skip
    if not name or len(name.encode()) > MAX_NAME:
        raise OptionError(
            f"zeroconf {name[:80]!r} has not 1 to {MAX_NAME} bytes", "use another name",
            option="zeroconf",
        )  # fmt: skip
    if address.is_loopback:
        raise OptionError(
            f"zeroconf: no other machine can connect to {address.host}",
            f"listen on another address, such as tcp://0.0.0.0:{PORT}", option="zeroconf",
        )  # fmt: skip
    if address.is_any_ipv6:
        raise OptionError(
            "zeroconf: [::] is no single address to announce",
            f"listen on an address itself, or on tcp://0.0.0.0:{PORT}", option="zeroconf",
        )  # fmt: skip


def service(name: str, hosts: list[str], port: int) -> AsyncServiceInfo:
    """Return the record of a server that is reachable at these IP addresses."""
    from zeroconf.asyncio import AsyncServiceInfo

    label = name.replace(".", " ")  # a dot would begin another label
    return AsyncServiceInfo(SERVICE, f"{label}.{SERVICE}", parsed_addresses=hosts, port=port)


@asynccontextmanager
async def announced(name: str, address: Address, port: int) -> AsyncIterator[None]:
    """Announce the server while the block runs. A name that is taken gets a number.

    Raises:
        UnispeechError: the network cannot be used.
    """
    from zeroconf import Error
    from zeroconf.asyncio import AsyncZeroconf

    try:
        zeroconf = AsyncZeroconf()
        info = service(name, own_addresses(address.host), port)
        await zeroconf.async_register_service(info, allow_name_change=True)
    except (OSError, Error) as error:
        raise UnispeechError(
            f"{name}: the server cannot be announced ({error})", "serve without the announcement"
        ) from None
    try:
        yield
    finally:
        await zeroconf.async_unregister_all_services()
        await zeroconf.async_close()


def own_addresses(host: str) -> list[str]:
    """Return the IP addresses at which others reach a server that listens on `host`."""
    try:
        if not ipaddress.ip_address(host).is_unspecified:
            return [host]
    except ValueError:
        return [socket.gethostbyname(host)]
    # Sends nothing: the system only chooses the address that reaches the group of mDNS.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("224.0.0.251", 5353))
        return [probe.getsockname()[0]]
