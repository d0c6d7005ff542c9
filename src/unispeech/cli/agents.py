"""`unispeech mcp` and `unispeech tools`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from unispeech.agents import LOOPBACK
from unispeech.agents.declarations import SHAPES, TOOLS
from unispeech.cli.help import Command, option
from unispeech.cli.interrupts import exit_promptly
from unispeech.cli.notices import notify
from unispeech.errors import OptionError, UnispeechError

if TYPE_CHECKING:
    from unispeech.agents.toolbox import Toolbox
    from unispeech.server.settings import Settings


@click.command(cls=Command)
@option(
    "--root",
    "roots",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Folder whose files agents may name; repeatable.  [default: the working folder]",
)
@option(
    "--http",
    "address",
    metavar="HOST:PORT",
    help="Serve streamable HTTP at a loopback address; port 0 takes a free one.  [default: stdio]",
)
@option("--backend", default="faster", metavar="NAME", help="Runtime, or auto.  [default: faster]")
@option("--model", metavar="MODEL", help="Model of calls that name none.  [default: the backend's]")
@option("--device", default="auto", help="Where to run: auto, cpu, cuda, ...")
def mcp(
    roots: tuple[Path, ...], address: str | None, backend: str, model: str | None, device: str
) -> None:
    """Offer the tools of `unispeech tools` to agents, by the Model Context Protocol.

    Over stdio, the client starts this command. With --http, clients of this machine connect, and
    send an API key if the service has any.

    \b
    Examples:
      unispeech mcp --root recordings
      unispeech mcp --http 127.0.0.1:8765 --model small
    """
    from unispeech.audio.decoding_process import decoding_in_children

    where = _address(address) if address else None
    try:
        from unispeech.agents import mcp_server
        from unispeech.agents.toolbox import Toolbox
        from unispeech.server import settings
        from unispeech.server.jobs import fetch  # noqa: F401
    except ImportError as error:
        raise click.ClickException(
            f"mcp needs the package {error.name}; run: pip install 'unispeech[mcp]'"
        ) from error
    from unispeech.agents.roots import Roots
    from unispeech.cli.transcribe import settle

    folders = Roots(roots or (Path.cwd(),))
    settled = settle(backend, model, {"device": device})
    configured = settings.read()
    toolbox = Toolbox(folders, configured, settled.spec.name, model, settled.load)
    with decoding_in_children(files=2):  # a crash of a decoder must not end the server
        if where is None:
            if sys.stdin.isatty():
                notify("waiting for a client on stdin; Ctrl-C stops")
            with exit_promptly(raises=False):  # nor can the thread that reads stdin be interrupted
                mcp_server.serve_stdio(toolbox)
        else:
            _serve(toolbox, configured, *where)


def _serve(toolbox: Toolbox, settings: Settings, host: str, port: int) -> None:
    from unispeech.agents import mcp_server
    from unispeech.agents.access import Access
    from unispeech.server.data_folder import make_private

    for line in make_private(settings.data_dir):
        notify(line)
    access = Access(settings)

    def announce(url: str) -> None:
        keys = "API keys required" if access.keys_required() else "no API key required"
        notify(f"listening at {url} ({keys})")

    try:
        mcp_server.serve_http(toolbox, access, host, port, announce)
    except OSError as error:
        raise UnispeechError(
            f"cannot listen on {host} port {port}: {error.strerror}",
            "choose another port in --http HOST:PORT",
        ) from None


def _address(text: str) -> tuple[str, int]:
    """Raises:
    OptionError: not HOST:PORT, or not at a loopback address.
    """
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (port.isascii() and port.isdigit() and int(port) < 65536):
        raise OptionError(f"--http {text!r} is not HOST:PORT", "use for example 127.0.0.1:8765")
    if host not in LOOPBACK:
        raise OptionError(
            f"--http {text!r}: agents on other machines cannot be admitted",
            "use 127.0.0.1, localhost or [::1]; for other machines there is `unispeech serve`",
        )
    return host, int(port)


@click.command(cls=Command)
@option(
    "--format",
    "shape",
    type=click.Choice(list(SHAPES)),
    default="openai",
    show_default=True,
    help="API whose shape the schemas have.",
)
def tools(shape: str) -> None:
    """Print the schemas of the tools of `unispeech mcp`, for agents that call functions.

    \b
    Examples:
      unispeech tools
      unispeech tools --format anthropic
    """
    click.echo(json.dumps([SHAPES[shape](tool) for tool in TOOLS], indent=2))
