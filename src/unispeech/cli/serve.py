"""`unispeech serve`, `unispeech worker` and `unispeech keys`."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from typing import Any

import click

from unispeech.cli import say
from unispeech.errors import OptionError, UnispeechError

SWITCH = 0.001
"""Seconds that one thread computes while others wait."""
SILENT = 120.0
"""Seconds in which the client of a WebSocket has to answer a ping. While sound waits to be heard,
the connection is not read, and the answer comes behind all that was sent before it."""

LOG_FORMAT = click.Choice(["auto", "json", "plain"])
LOG_FORMAT_HELP = "JSON or plain log lines; auto: plain on a terminal.  [default: auto]"


def _settings(**given: Any) -> Any:
    try:
        from unispeech.server import settings
        from unispeech.server.speech import speech  # noqa: F401
    except ImportError as error:
        raise click.ClickException(
            f"the service's libraries are not all here ({error.name}); "
            "run: pip install 'unispeech[server]'"
        ) from error
    for line in settings.misspelt(os.environ):
        say(line)
    return settings.read(**{name: value for name, value in given.items() if value is not None})


def _prose() -> str:
    """The settings for `--help`, from the one place that has them."""
    try:
        from unispeech.server.settings import Settings
    except ImportError:
        return "The settings: see docs/guides/service.md, or pip install 'unispeech[server]'.\n"

    lines = []
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        shown = f"UNISPEECH_{name.upper()}" if alias is None else name.upper()
        lines.append((shown, field.description or "See docs/guides/service.md."))
    formatter = click.HelpFormatter(width=98)
    with formatter.section("Settings (environment, or a file named by UNISPEECH_SETTINGS)"):
        formatter.write_dl(lines)
    return formatter.getvalue()


class WithSettings(click.Command):
    """A command whose help ends with all settings."""

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_help(ctx, formatter)
        formatter.write("\n" + _prose())


@click.command(cls=WithSettings)
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=int, help="Port; 0 takes a free one.  [default: 8000]")
@click.option("--backend", help="Runtime of requests that name none, or auto.  [default: faster]")
@click.option("--model", help="Model of requests that name none.  [default: base]")
@click.option("--jobs-at-once", type=int, help="Jobs run at once; 0: none here.  [default: 4]")
@click.option("--log-format", type=LOG_FORMAT, help=LOG_FORMAT_HELP)
def serve(**given: Any) -> None:
    """Run the service: jobs, and the HTTP interfaces of OpenAI, WAAS and whisper-asr-webservice.

    \b
    unispeech serve
    unispeech serve --host 0.0.0.0 --port 9000 --model small
    UNISPEECH_DATABASE_URL=postgresql://user:password@db/speech unispeech serve --jobs-at-once 0
    """
    import uvicorn

    from unispeech.cli.announcement import announcement
    from unispeech.server.app import create_app
    from unispeech.server.http.protocol import LARGEST, Connection, Listener
    from unispeech.server.observe import logs

    # A thread that waits for Python's lock asks for it after this time, and with thirty busy ones
    # the event loop waits its turn at every step: health took 0.7 s with the usual 5 ms.
    sys.setswitchinterval(SWITCH)
    settings = _settings(**given)
    _check_address(settings.host, settings.port)
    logs.configure(settings.log_level, settings.log_format)
    app = create_app(settings)
    service = app.state.service
    service.speech.check()
    has_key = bool(settings.api_key or service.keys.list())
    is_plain = logs.is_plain(settings.log_format)
    if settings.keys_required and not has_key and not is_plain:
        say("an API key is needed here and there is none yet; run: unispeech keys create NAME")

    def announce(port: int) -> None:
        if is_plain:
            click.echo(announcement(settings, port, has_key), err=True)

    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=settings.shutdown_timeout,
        http=Connection,
        h11_max_incomplete_event_size=LARGEST,
        ws_ping_timeout=SILENT,
    )
    Listener(config, announce, service.leave).run()


def _check_address(host: str, port: int) -> None:
    """Say in a line why nobody can listen there, before anything is begun."""
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
@click.option("--jobs-at-once", type=int, help="Jobs run at once.  [default: 4]")
@click.option("--log-format", type=LOG_FORMAT, help=LOG_FORMAT_HELP)
def worker(**given: Any) -> None:
    """Run jobs of a service, in a process of its own; as many as you like, on one database.

    \b
    unispeech worker
    UNISPEECH_DATABASE_URL=postgresql://user:password@db/speech unispeech worker
    """
    from unispeech.server.observe import logs
    from unispeech.server.service import Service

    settings = _settings(**given)
    if not settings.jobs_at_once:
        raise click.UsageError("a worker with --jobs-at-once 0 has nothing to do")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    logs.configure(settings.log_level, settings.log_format)
    service = Service(settings)
    service.speech.check()
    service.start()
    say("running jobs; stop with Ctrl-C")
    stop.wait()
    service.stop()


@click.group()
def keys() -> None:
    """Make, list and revoke API keys.

    \b
    unispeech keys create newsroom
    unispeech keys list
    unispeech keys revoke 1f2e3d4c5b6a
    """


def _keys() -> Any:
    from unispeech.server.storage.database import Database
    from unispeech.server.storage.keys import Keys

    settings = _settings()
    settings.folder()
    return Keys(Database(settings.database))


@keys.command()
@click.argument("name")
@click.option("--rate-limit", metavar="N/PERIOD", help="Such as 60/minute.  [default: server's]")
@click.option(
    "--max-upload",
    type=click.IntRange(1, 2**62),
    metavar="BYTES",
    help="Of one upload.  [default: server's]",
)
@click.option(
    "--max-duration",
    type=click.FloatRange(0, 1e9, min_open=True),
    metavar="SECONDS",
    help="Of a recording.  [default: server's]",
)
def create(name: str, **limits: Any) -> None:
    """Make a key and print it: the only time it is shown.

    \b
    unispeech keys create newsroom
    unispeech keys create trial --rate-limit 10/minute --max-duration 600
    """
    _, secret = _keys().create(name, **limits)
    click.echo(secret)


@keys.command(name="list")
def list_keys() -> None:
    """The keys' ids, names and limits.

    \b
    unispeech keys list
    """
    for key in _keys().list():
        limits = [str(v) for v in (key.rate_limit, key.max_upload, key.max_duration) if v]
        click.echo("\t".join([key.id, key.name, *limits]))


@keys.command()
@click.argument("id")
def revoke(id: str) -> None:
    """Take a key away, by the id that `unispeech keys list` shows.

    \b
    unispeech keys revoke 1f2e3d4c5b6a
    """
    if not _keys().revoke(id):
        raise OptionError(f"there is no key {id}", "see: unispeech keys list")
