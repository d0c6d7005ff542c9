"""Address of the server, from its URI."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from unispeech.errors import OptionError
from unispeech.system.addresses import is_loopback

PORT = 10300
"""Port of Wyoming's speech-to-text servers, by custom."""


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int

    @classmethod
    def of(cls, uri: str) -> Self:
        """Return the address in `tcp://HOST:PORT`.

        Raises:
            OptionError: the URI has another form.
        """
        try:
            parts = urlsplit(uri)
            host, port = parts.hostname, parts.port
        except ValueError:
            host = port = None
        rest = uri.partition("://")[2].partition("/")[2]
        if not host or port is None or not uri.startswith("tcp://") or rest:
            raise OptionError(
                f"uri {uri[:100]!r} is not tcp://HOST:PORT",
                f"use for example tcp://127.0.0.1:{PORT}",
                option="uri",
            )
        return cls(host, port)

    @property
    def is_loopback(self) -> bool:
        """True if only this machine can connect."""
        return is_loopback(self.host)

    @property
    def is_any_ipv6(self) -> bool:
        """True for `[::]`, where asyncio listens for IPv6 only."""
        try:
            return ipaddress.IPv6Address(self.host).is_unspecified
        except ValueError:
            return False

    def uri(self, port: int) -> str:
        """Return the URI of a server that listens on this port."""
        return f"tcp://[{self.host}]:{port}" if ":" in self.host else f"tcp://{self.host}:{port}"
