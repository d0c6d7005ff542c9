"""`unispeech serve`, `unispeech worker` and `unispeech keys`."""

from __future__ import annotations

import signal
import threading
from typing import Any

import click

from unispeech.cli import say


def _settings(**given: Any) -> Any:
    try:
        from unispeech.server import settings, speech  # noqa: F401
    except ImportError as error:
        raise click.ClickException(
            f"the service's libraries are not all here ({error.name}); "
            "run: pip install 'unispeech[server]'"
        ) from error
    return settings.read(**{name: value for name, value in given.items() if value is not None})


def _prose() -> str:
    """The settings for `--help`, from the one place that has them."""
    try:
        from unispeech.server.settings import Settings
    except ImportError:
        return "The settings: see docs/service.md, or pip install 'unispeech[server]'.\n"

    lines = []
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        shown = f"UNISPEECH_{name.upper()}" if alias is None else name.upper()
        lines.append((shown, field.description or "See docs/service.md."))
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
def serve(**given: Any) -> None:
    """Run the service: jobs, and the HTTP interfaces of OpenAI, WAAS and whisper-asr-webservice.

    \b
    unispeech serve
    unispeech serve --host 0.0.0.0 --port 9000 --model small
    UNISPEECH_DATABASE_URL=postgresql://user:password@db/speech unispeech serve --jobs-at-once 0
    """
    import uvicorn

    from unispeech.server import logs
    from unispeech.server.app import create_app

    settings = _settings(**given)
    app = create_app(settings)
    logs.configure(settings.log_level.upper())
    service = app.state.service
    if settings.keys_required and not (settings.api_key or service.keys.list()):
        say("an API key is needed here and there is none yet; run: unispeech keys create NAME")
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=30,
    )
    uvicorn.Server(config).run()


@click.command(cls=WithSettings)
@click.option("--jobs-at-once", type=int, help="Jobs run at once.  [default: 4]")
def worker(jobs_at_once: int | None) -> None:
    """Run jobs of a service, in a process of its own; as many as you like, on one database.

    \b
    unispeech worker
    UNISPEECH_DATABASE_URL=postgresql://user:password@db/speech unispeech worker
    """
    from unispeech.server import logs
    from unispeech.server.service import Service

    settings = _settings(jobs_at_once=jobs_at_once)
    if not settings.jobs_at_once:
        raise click.UsageError("a worker with --jobs-at-once 0 has nothing to do")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    service = Service(settings)
    logs.configure(settings.log_level.upper())
    service.start()
    say("working")
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
    from unispeech.server.database import Database, sqlite_url
    from unispeech.server.keys import Keys

    settings = _settings()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    url = settings.database_url or sqlite_url(settings.data_dir / "unispeech.sqlite")
    return Keys(Database(url))


@keys.command()
@click.argument("name")
@click.option("--rate-limit", metavar="N/PERIOD", help="Such as 60/minute.  [default: server's]")
@click.option("--max-upload", type=int, help="Bytes of one upload.  [default: server's]")
@click.option("--max-duration", type=float, help="Seconds of a recording.  [default: server's]")
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
        raise click.UsageError(f"there is no key {id}; see: unispeech keys list")
