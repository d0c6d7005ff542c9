"""`unispeech serve`, `unispeech worker` and `unispeech keys`."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any

import click

from unispeech.cli.help import Command, Group, option
from unispeech.cli.interrupts import exit_now
from unispeech.cli.notices import notify
from unispeech.errors import OptionError, UnispeechError
from unispeech.system import address_space, descriptors

log = logging.getLogger("unispeech.server")

SWITCH_INTERVAL = 0.001
"""Seconds that a thread may hold the interpreter lock while others wait for it."""
PING_TIMEOUT = 120.0
"""Seconds in which a WebSocket client must answer a ping. While sound waits to be decoded, the
server does not read the connection, so the answer arrives after everything sent before it."""

RESERVED = 256
"""Open files that connections leave to databases, recordings, models and child processes."""

LOG_FORMAT = click.Choice(["auto", "json", "plain"])
LOG_FORMAT_HELP = "JSON or plain log lines; auto: plain on a terminal.  [default: auto]"


def _settings(**flags: Any) -> Any:
    try:
        from unispeech.server import settings
        from unispeech.server.speech import speech  # noqa: F401
    except ImportError as error:
        raise click.ClickException(
            f"the server needs the package {error.name}; run: pip install 'unispeech[server]'"
        ) from error
    for line in settings.misspelt(os.environ):
        notify(line)
    return settings.read(**{name: value for name, value in flags.items() if value is not None})


def _prepare_process(folder: Path) -> None:
    from unispeech.server.data_folder import make_private

    # The whole process, whose weights and environments are private with it; a library must not.
    os.umask(0o077)
    for line in make_private(folder):
        log.warning(line)
    if (limit := address_space.limit()) is not None:
        log.warning(
            "the address space is limited to %d MiB (ulimit -v): transcription fails when most of "
            "it is used; limit memory by a control group instead",
            limit >> 20,
        )


def _settings_help() -> str:
    """The section of `--help` about settings, from their class."""
    try:
        from unispeech.server.settings import Settings
    except ImportError:
        return "For the settings: pip install 'unispeech[server]', or see docs/guides/service.md.\n"

    lines = []
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        variable = f"UNISPEECH_{name.upper()}" if alias is None else name.upper()
        lines.append((variable, field.description or "See docs/guides/service.md."))
    formatter = click.HelpFormatter()
    with formatter.section("Settings (environment, or a file named by UNISPEECH_SETTINGS)"):
        formatter.write_dl(lines)
    return formatter.getvalue()


class WithSettings(click.Command):
    """A command whose help ends with the settings of the server."""

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_help(ctx, formatter)
        formatter.write("\n" + _settings_help())


@click.command(cls=WithSettings)
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=int, help="Port; 0 takes a free one.  [default: 8000]")
@click.option("--backend", help="Runtime for requests that name none, or auto.  [default: faster]")
@click.option("--model", help="Model for requests that name none.  [default: base]")
@click.option(
    "--jobs-at-once",
    type=int,
    help="Jobs run in parallel; 0 leaves all to `unispeech worker`.  [default: 4]",
)
@click.option("--log-format", type=LOG_FORMAT, help=LOG_FORMAT_HELP)
def serve(**flags: Any) -> None:
    """Run the server: web page, jobs, and the APIs of OpenAI, WAAS and whisper-asr-webservice.

    \b
    Examples:
      unispeech serve
      unispeech serve --host 0.0.0.0 --port 9000 --model small
      UNISPEECH_DATABASE_URL=postgresql://user:password@db/speech unispeech serve
    """
    import uvicorn

    from unispeech.cli.announcement import announcement, warnings
    from unispeech.server.app import create_app
    from unispeech.server.http.protocol import MAX_HEADERS, Connection, Listener
    from unispeech.server.observe import logs

    # The event loop waits this long for the interpreter lock at every step, once for each busy
    # thread: with thirty of them, the health check took 0.7 s at the default of 5 ms.
    sys.setswitchinterval(SWITCH_INTERVAL)
    settings = _settings(**flags)
    _check_address(settings.host, settings.port)
    connections = max(16, descriptors.raise_limit() - RESERVED)
    logs.configure(settings.log_level, settings.log_format)
    _prepare_process(settings.data_dir)
    app = create_app(settings)
    service = app.state.service
    service.speech.check()
    if settings.preload:
        service.speech.load(service.speech.review_request())  # the language comes later
    has_key = service.keys.exist()
    for line in warnings(settings, has_key):
        log.warning(line)

    def announce(port: int) -> None:
        mode = "required" if settings.keys_required(has_key) else "not required"
        if logs.is_plain(settings.log_format):
            click.echo(announcement(settings, port, has_key), err=True)
        else:
            log.info("listening", extra={"host": settings.host, "port": port, "keys": mode})

    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=settings.shutdown_timeout,
        http=Connection,
        limit_concurrency=connections,
        h11_max_incomplete_event_size=MAX_HEADERS,
        ws_ping_timeout=PING_TIMEOUT,
    )
    Listener(config, announce, service.begin_shutdown, exit_now).run()


def _check_address(host: str, port: int) -> None:
    """Raises:
    UnispeechError: the address cannot be listened on.
    """
    try:
        for family, kind, number, _, address in socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            with socket.socket(family, kind, number) as probe:
                if os.name == "posix":
                    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                probe.bind(address)
    except OSError as error:
        raise UnispeechError(
            f"cannot listen on {host} port {port}: {error.strerror}",
            "choose another --port or --host",
        ) from None


@click.command(cls=WithSettings)
@click.option("--jobs-at-once", type=int, help="Jobs run in parallel.  [default: 4]")
@click.option("--log-format", type=LOG_FORMAT, help=LOG_FORMAT_HELP)
def worker(**flags: Any) -> None:
    """Run a server's jobs in another process, on this machine or another with the same database.

    \b
    Examples:
      unispeech worker
      UNISPEECH_DATABASE_URL=postgresql://user:password@db/speech unispeech worker
    """
    from unispeech.server.observe import logs
    from unispeech.server.service import Service

    settings = _settings(**flags)
    if not settings.jobs_at_once:
        raise click.UsageError("a worker with --jobs-at-once 0 has nothing to do")
    descriptors.raise_limit()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    logs.configure(settings.log_level, settings.log_format)
    _prepare_process(settings.data_dir)
    service = Service(settings)
    service.speech.check()
    service.start()
    notify("waiting for jobs; Ctrl-C stops")
    stop.wait()
    service.stop()


@click.group(cls=Group)
def keys() -> None:
    """Create, list and revoke API keys of the server.

    \b
    Examples:
      unispeech keys create newsroom
      unispeech keys list
      unispeech keys revoke 1f2e3d4c5b6a
    """


def _keys() -> Any:
    from unispeech.server.data_folder import make_private
    from unispeech.server.storage.database import Database
    from unispeech.server.storage.keys import Keys

    settings = _settings()
    for line in make_private(settings.data_dir):
        notify(line)
    settings.folder()
    return Keys(Database(settings.database), settings.api_key)


@keys.command(cls=Command)
@click.argument("name")
@option(
    "--rate-limit", metavar="N/PERIOD", help="Requests, such as 60/minute.  [default: the server's]"
)
@option(
    "--max-upload",
    type=click.IntRange(1, 2**62),
    metavar="BYTES",
    help="Size of one upload.  [default: the server's]",
)
@option(
    "--max-duration",
    type=click.FloatRange(0, 1e9, min_open=True),
    metavar="SECONDS",
    help="Length of a recording.  [default: the server's]",
)
@option(
    "--admin",
    "is_admin",
    is_flag=True,
    help="Allow it to load, fetch and delete the models in UNISPEECH_FETCH_MODELS.",
)
def create(name: str, **rights: Any) -> None:
    """Create a key and print it. It cannot be shown again.

    \b
    Examples:
      unispeech keys create newsroom
      unispeech keys create trial --rate-limit 10/minute --max-duration 600
      unispeech keys create models --admin
    """
    _, secret = _keys().create(name, **rights)
    click.echo(secret)


@keys.command(name="list")
def list_keys() -> None:
    """List the keys by ID, with their names and limits.

    \b
    Examples:
      unispeech keys list
    """
    for key in _keys().list():
        limits = [str(v) for v in (key.rate_limit, key.max_upload, key.max_duration) if v]
        admin = ["admin"] if key.is_admin else []
        click.echo("\t".join([key.id, key.name, *limits, *admin]))


@keys.command()
@click.argument("id")
def revoke(id: str) -> None:
    """Revoke a key, by its ID in `unispeech keys list`.

    \b
    Examples:
      unispeech keys revoke 1f2e3d4c5b6a
    """
    stored = _keys()
    if not stored.revoke(id):
        raise OptionError(f"there is no key {id}", "see: unispeech keys list")
    if not stored.exist():
        notify("that was the last key; a server on loopback needs none from its next start on")
