"""`unispeech mic`."""

from __future__ import annotations

import sys
from typing import Any

import click

from unispeech.cli import flags
from unispeech.cli.transcribe import settle


@click.command()
@click.argument("pipe", metavar="[-]", required=False, type=click.Choice(["-"]))
@click.option("--list-devices", is_flag=True, help="Show what can be recorded from.")
@click.option("--input-device", metavar="DEVICE", help="Number or part of the name.")
@click.option("--input", "file", metavar="FILE", help="Play a recording instead, at its speed.")
@click.option("--fast", is_flag=True, help="Do not wait: as fast as it can be decoded.")
@click.option(
    "--sample-rate", type=int, metavar="HZ", help="Of raw PCM on stdin.  [default: 16000]"
)
@flags.backend
@flags.model
@click.option(
    "-f",
    "--output-format",
    "wanted",
    type=click.Choice(["txt", "jsonl"]),
    default="txt",
    show_default=True,
    help="Lines to read, or one JSON object an event.",
)
@click.option("--save", metavar="NAME", help="Keep NAME.wav, NAME.txt and NAME.json.")
@click.option("--step", type=float, metavar="SECONDS", help="Between two looks.  [default: 0.5]")
@click.option(
    "--endpoint",
    type=float,
    metavar="SECONDS",
    help="Silence that ends a phrase.  [default: 0.7]",
)
@flags.options("live")
def mic(
    pipe: str | None,
    list_devices: bool,
    input_device: str | None,
    file: str | None,
    fast: bool,
    sample_rate: int | None,
    backend: str,
    model: str | None,
    wanted: str,
    save: str | None,
    step: float | None,
    endpoint: float | None,
    **options: Any,
) -> None:
    """Write down what is said while it is said. Ctrl-C ends it; the rest is still written.

    \b
    unispeech mic
    unispeech mic --input talk.mp3 --model tiny.en
    arecord -t raw -f S16_LE -r 16000 -c 1 | unispeech mic - --output-format jsonl
    """
    from unispeech.cli import dictation, sound

    if list_devices:
        sound.show_devices()
        return
    pipe, file = ("-", None) if file == "-" else (pipe, file)
    _check(pipe, file, fast, input_device, sample_rate)
    times = {"step": step, "endpoint": endpoint}
    given = flags.given(options)
    complete = dictation.dictate(
        sound.opened(pipe, file, input_device, sample_rate, fast),
        lambda: settle(backend, model, given, live=True),
        {name: value for name, value in times.items() if value is not None},
        wanted,
        save,
    )
    if not complete:
        sys.exit(1)


def _check(
    pipe: str | None, file: str | None, fast: bool, device: str | None, sample_rate: int | None
) -> None:
    """Refuse what does not go together."""
    if pipe and file:
        raise click.UsageError("give either - or --input FILE")
    if fast and not (pipe or file):
        raise click.UsageError("--fast needs --input FILE or -")
    if device and (pipe or file):
        raise click.UsageError("--input-device is for recording: leave out - and --input")
    if sample_rate is not None and not pipe:
        raise click.UsageError("--sample-rate is that of raw PCM on stdin: it needs -")
