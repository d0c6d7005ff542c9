"""`unispeech mic`."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from unispeech.audio.pcm import WavWriter
from unispeech.cli import flags, progress, say, sound
from unispeech.cli.transcribe import settle
from unispeech.engine.engine import Engine
from unispeech.errors import AudioError
from unispeech.realtime.events import Event
from unispeech.realtime.intake import listen
from unispeech.realtime.options import LiveOptions
from unispeech.realtime.session import Session
from unispeech.text import formats
from unispeech.types import Gap, Samples, Segment, Transcript

BEHIND = 10.0
"""Seconds of lag that are worth a warning."""


@click.command()
@click.argument("pipe", metavar="[-]", required=False, type=click.Choice(["-"]))
@click.option("--list-devices", is_flag=True, help="Show what can be recorded from.")
@click.option("--input-device", metavar="DEVICE", help="Number or part of the name.")
@click.option("--input", "file", metavar="FILE", help="Play a recording instead, at its speed.")
@click.option("--fast", is_flag=True, help="Do not wait: as fast as it can be decoded.")
@click.option("--sample-rate", type=int, help="Of raw PCM on stdin.  [default: 16000]")
@flags.backend
@flags.model
@flags.language
@flags.task
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
@click.option("--step", type=float, help="Seconds between two looks.  [default: 0.5]")
@click.option("--endpoint", type=float, help="Silence that ends a phrase.  [default: 0.7]")
@flags.beam_size
@flags.initial_prompt
@flags.hotwords
@flags.ngram
@flags.vad_threshold
@click.option("--language-per-chunk", is_flag=True, help="Detect the language of every phrase.")
@flags.device
@flags.compute_type
@flags.threads
@flags.isolated
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
    if list_devices:
        sound.show_devices()
        return
    pipe, file = ("-", None) if file == "-" else (pipe, file)
    _check(pipe, file, fast, input_device, sample_rate)
    times: dict[str, Any] = {"step": step, "endpoint": endpoint}
    live = {name: value for name, value in times.items() if value is not None}
    LiveOptions(**live)  # raises before the model is loaded
    given = {name: value for name, value in options.items() if value not in (None, False)}
    if save:
        _check_free(save)
    said = _Said()
    with ExitStack() as stack:
        source = stack.enter_context(_source(pipe, file, input_device, sample_rate, fast))
        settled = settle(backend, model, given)
        with progress.bar() as on_progress:
            engine = stack.enter_context(Engine.of(settled, on_progress))
        session = engine.listen(**live)
        keep = stack.enter_context(_saved(save)) if save else None
        source.start()
        try:
            with source.until_interrupted():
                _follow(session, source, wanted, keep, engine.facts.name, said)
        finally:  # also of what was broken off
            for line in source.troubles():
                say(f"warning: {line}")
            if save:
                _write(save, said, source, session, engine)
    if not source.complete:
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


@dataclass
class _Said:
    """What is known by now."""

    lines: list[Segment] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)


@contextmanager
def _source(
    pipe: str | None, file: str | None, device: str | None, sample_rate: int | None, fast: bool
) -> Iterator[sound.Source]:
    if file:
        yield sound.file(file, fast)
    elif pipe:
        yield sound.pipe(sample_rate, fast)
    else:
        with sound.microphone(device) as source:
            yield source


def _follow(
    session: Session,
    source: sound.Source,
    wanted: str,
    keep: Callable[[Samples], None] | None,
    model: str,
    said: _Said,
) -> None:
    """Show the events as they come, and remember what they say."""
    from unispeech.cli.captions import Captions

    captions = Captions(
        f"{source.title} · {model}",
        lambda: source.intake.level,
        lambda: session.time,
        lambda: source.intake.waiting,
    )
    warned = False
    events = listen(session, source.sound, keep or (lambda samples: None))
    try:
        with captions.shown(wanted == "txt"):
            for event in events:
                if event.lag > BEHIND and not warned:
                    warned = True
                    say("decoding is slower than speech; try a smaller --model or --beam-size 1")
                if event.type == "gap":
                    said.gaps.append(Gap(event.start, event.end, event.reason))
                _show(event, wanted)
                said.lines += captions.hear(event, write=wanted == "txt")
    finally:
        said.lines += captions.end()


def _show(event: Event, wanted: str) -> None:
    """What is not shown as captions."""
    if wanted == "jsonl":
        click.echo(json.dumps(event.json(), ensure_ascii=False))
        sys.stdout.flush()
    elif event.type == "gap":
        say(f"warning: {event.start:.1f}-{event.end:.1f} s: {event.reason}")


def _check_free(name: str) -> None:
    """Raises:
    AudioError: something would be overwritten.
    """
    for suffix in (".wav", ".txt", ".json"):
        if Path(name + suffix).exists():
            raise AudioError(f"{name}{suffix}: there is such a file", "choose another --save NAME")


@contextmanager
def _saved(name: str) -> Iterator[Callable[[Samples], None]]:
    """A WAV file that is whole at every moment, whatever happens."""
    with WavWriter(f"{name}.wav") as file:

        def keep(samples: Samples) -> None:
            try:
                file.write(samples)
            except OSError as error:
                raise AudioError(f"{name}.wav: {error.strerror}", "the text goes on") from error

        yield keep


def _write(name: str, said: _Said, source: sound.Source, session: Session, engine: Engine) -> None:
    transcript = Transcript(
        text="".join(line.text for line in said.lines).strip(),
        language=session.language,
        duration=round(session.time, 3),
        segments=tuple(said.lines),
        backend=engine.spec.name,
        model=engine.facts.name,
        task=engine.options.decode.task,
        gaps=tuple(said.gaps),
        warnings=tuple(source.troubles()),
        complete=source.complete,
    )
    for format in ("txt", "json"):
        text = formats.render(transcript, format)
        Path(f"{name}.{format}").write_text(text, encoding="utf-8", newline="\n")
    say(f"saved {name}.wav, {name}.txt and {name}.json")
