"""`unispeech mic`."""

from __future__ import annotations

import sys
from typing import Any

import click

from unispeech.cli import flags
from unispeech.cli.help import Command, option
from unispeech.cli.transcribe import settle

SOURCE = "Audio"
LIVE = "Live captions"


@click.command(cls=Command)
@click.argument("pipe", metavar="[-]", required=False, type=click.Choice(["-"]))
@option("--list-devices", group=SOURCE, is_flag=True, help="List the input devices and exit.")
@option(
    "--input-device",
    group=SOURCE,
    metavar="DEVICE",
    help="Number or part of the name.  [default: the system's]",
)
@option(
    "--input", "file", group=SOURCE, metavar="FILE", help="Play a recording in real time instead."
)
@option("--fast", group=SOURCE, is_flag=True, help="Play it as fast as it can be decoded.")
@option(
    "--sample-rate",
    group=SOURCE,
    type=int,
    metavar="HZ",
    help="Sample rate of raw PCM on stdin (-).  [default: 16000]",
)
@option(
    "-f",
    "--output-format",
    "format",
    group=flags.OUTPUT,
    type=click.Choice(["txt", "jsonl"]),
    default="txt",
    show_default=True,
    help="Lines of text, or a JSON object for each event.",
)
@option(
    "--save", group=flags.OUTPUT, metavar="NAME", help="Write NAME.wav, NAME.txt and NAME.json."
)
@option(
    "--step",
    group=LIVE,
    type=float,
    metavar="SECONDS",
    help="Time between two partial results.  [default: 0.5]",
)
@option(
    "--endpoint",
    group=LIVE,
    type=float,
    metavar="SECONDS",
    help="Silence that ends a phrase.  [default: 0.7]",
)
@flags.backend
@flags.model
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
    format: str,
    save: str | None,
    step: float | None,
    endpoint: float | None,
    **options: Any,
) -> None:
    """Caption a microphone live. Ctrl-C stops recording; the rest is still transcribed.

    \b
    Examples:
      unispeech mic
      unispeech mic --input talk.mp3 --model tiny.en
      arecord -t raw -f S16_LE -r 16000 -c 1 | unispeech mic - --output-format jsonl
    """
    from unispeech.cli import dictation, live_sources

    if list_devices:
        live_sources.show_devices()
        return
    pipe, file = ("-", None) if file == "-" else (pipe, file)
    _check(pipe, file, fast, input_device, sample_rate)
    times = {"step": step, "endpoint": endpoint}
    explicit = flags.explicit_options(options)
    complete = dictation.dictate(
        live_sources.open_source(pipe, file, input_device, sample_rate, fast),
        lambda: settle(backend, model, explicit, live=True),
        {name: value for name, value in times.items() if value is not None},
        format,
        save,
    )
    if not complete:
        sys.exit(1)


def _check(
    pipe: str | None, file: str | None, fast: bool, device: str | None, sample_rate: int | None
) -> None:
    """Reject flags that contradict each other."""
    if pipe and file:
        raise click.UsageError("give either - or --input FILE")
    if fast and not (pipe or file):
        raise click.UsageError("--fast needs --input FILE or -")
    if device and (pipe or file):
        raise click.UsageError("--input-device is for recording: leave out - and --input")
    if sample_rate is not None and not pipe:
        raise click.UsageError("--sample-rate is that of raw PCM on stdin: it needs -")
