"""The lines that `unispeech serve` prints on a terminal once it listens."""

from __future__ import annotations

import socket
from pathlib import Path

from unispeech.models import catalog, weight_cache
from unispeech.server.settings import Settings
from unispeech.system.addresses import is_loopback
from unispeech.version import __version__

ANY_ADDRESS = ("0.0.0.0", "::")
"""Hosts that stand for all addresses of this machine."""


def announcement(settings: Settings, port: int, has_key: bool) -> str:
    """Return what the service offers, where, with which model, to whom, and how to stop it.

    `port` is the port it listens on; that of the settings may be 0.
    """
    url = address(settings.host, port)
    rows = [
        ("Page", f"{url}/"),
        ("API", f"{url}/docs"),
        ("OpenAI", f"base_url {url}/v1"),
        ("Model", model(settings)),
        ("Access", access(settings, port)),
        ("Keys", keys(settings, has_key)),
        ("Data", str(settings.data_dir)),
        ("Stop", "Ctrl-C; unfinished jobs resume at the next start"),
    ]
    lines = "\n".join(f"  {name:8}{text}" for name, text in rows)
    return f"UniSpeech {__version__} is running.\n\n{lines}\n"


def address(host: str, port: int) -> str:
    """Return a URL that works on this machine."""
    if host in ANY_ADDRESS:
        host = "localhost"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def model(settings: Settings) -> str:
    """Return the default model and its backend, and whether it still has to be downloaded."""
    name, backend = settings.model, settings.backend
    text = f"{name} (backend {backend}, device {settings.device})"
    entry = catalog.find(name)
    if Path(name).exists() or weight_cache.formats(entry.name if entry else name):
        return text
    size = f" ({entry.megabytes} MB)" if entry else ""
    return f"{text}; the first request fetches its weights{size}"


def access(settings: Settings, port: int) -> str:
    """Return which machines can reach the service, and the URL for others."""
    if is_loopback(settings.host):
        return "this machine only; --host 0.0.0.0 opens it to others"
    host = socket.gethostname() if settings.host in ANY_ADDRESS else settings.host
    return f"open to other machines: {address(host, port)}/"


def keys(settings: Settings, has_key: bool) -> str:
    """Return whether clients have to send an API key, and why, or what to do."""
    if settings.keys_required(has_key):
        return "required" if has_key else "required; make the first: unispeech keys create NAME"
    if settings.require_keys is False:
        return "not needed (UNISPEECH_REQUIRE_KEYS=false)"
    return "not needed until you create one: unispeech keys create NAME"


def warnings(settings: Settings, has_key: bool) -> list[str]:
    """Return what an operator may not expect of the access to this server."""
    if settings.keys_required(has_key):
        return [] if has_key else ["no API key exists; run: unispeech keys create NAME"]
    lines = []
    if not is_loopback(settings.host):
        lines.append("UNISPEECH_REQUIRE_KEYS=false: anyone who can connect needs no API key")
    if has_key:
        lines.append("UNISPEECH_REQUIRE_KEYS=false: the API keys that exist are not required")
    return lines
