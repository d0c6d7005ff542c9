"""`unispeech wyoming`."""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import ExitStack
from typing import Any

import click

from unispeech.cli import flags
from unispeech.cli.help import Command, option
from unispeech.cli.interrupts import exit_promptly
from unispeech.cli.notices import notify
from unispeech.cli.progress import progress_bar
from unispeech.cli.transcribe import settle

SERVER = "Server"
LIMITS = "Limits"


@click.command(cls=Command)
@option(
    "--uri",
    group=SERVER,
    default="tcp://127.0.0.1:10300",
    show_default=True,
    metavar="tcp://HOST:PORT",
    help="Address to listen on; port 0 takes a free one.",
)
@option(
    "--zeroconf",
    "announced_name",
    group=SERVER,
    metavar="NAME",
    help="Announce the server on the local network, so that Home Assistant finds it.",
)
@option(
    "--streaming",
    group=SERVER,
    is_flag=True,
    help="Transcribe while the client speaks, and send the text in parts.",
)
@option(
    "--clients",
    group=LIMITS,
    type=click.IntRange(1, 1000),
    default=16,
    show_default=True,
    help="Connections at once.",
)
@option(
    "--max-duration",
    group=LIMITS,
    type=click.FloatRange(1, 86400),
    default=300.0,
    show_default=True,
    metavar="SECONDS",
    help="Longest sound of a request.",
)
@option(
    "--timeout",
    group=LIMITS,
    type=click.FloatRange(1, 86400),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="A client that sends or reads nothing for so long is disconnected.",
)
@flags.backend
@option(
    "--model",
    "models",
    group=flags.MODEL,
    multiple=True,
    metavar="MODEL",
    help="Model, as for `transcribe`. Repeat it to offer several; the first is for clients that "
    "name none.  [default: base]",
)
@flags.options("live")
def wyoming(
    uri: str,
    announced_name: str | None,
    streaming: bool,
    clients: int,
    max_duration: float,
    timeout: float,
    backend: str,
    models: tuple[str, ...],
    **options: Any,
) -> None:
    """Serve speech to text to Home Assistant and voice satellites, by the Wyoming protocol.

    \b
    Examples:
      unispeech wyoming
      unispeech wyoming --uri tcp://0.0.0.0:10300 --model small --language de
      unispeech wyoming --uri tcp://0.0.0.0:10300 --zeroconf "UniSpeech in the cellar"
    """
    try:
        from unispeech.wyoming import announcement
        from unispeech.wyoming.address import Address
        from unispeech.wyoming.program import Program
        from unispeech.wyoming.server import Limits, serve
    except ImportError as error:
        raise click.ClickException(
            f"wyoming needs the package {error.name}; run: pip install 'unispeech[wyoming]'"
        ) from error
    from unispeech.engine.engine import Engine

    address = Address.of(uri)
    if announced_name is not None:
        announcement.check(announced_name, address)
    explicit = flags.explicit_options(options)
    settled = [settle(backend, model, explicit, live=streaming) for model in models or (None,)]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with exit_promptly(), ExitStack() as stack:
        with progress_bar() as on_progress:
            engines = [stack.enter_context(Engine.of(each, on_progress)) for each in settled]
        program = Program({engine.facts.name: engine for engine in engines}, streaming)
        if not address.is_loopback:
            notify(f"warning: Wyoming has no keys: all who reach {address.host} may transcribe")

        def listening(port: int) -> None:
            notify(f"Wyoming server at {address.uri(port)}; Ctrl-C stops")

        limits = Limits(clients, max_duration, timeout)
        asyncio.run(serve(program, address, limits, announced_name, listening))
