"""`unispeech mic`."""

from __future__ import annotations

import json
import signal
import sys
import wave
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from unispeech import formats
from unispeech.audio import Recording
from unispeech.cli import flags, progress, say
from unispeech.cli.captions import Captions
from unispeech.engine import Engine
from unispeech.errors import AudioError
from unispeech.realtime import mic as microphones
from unispeech.realtime import playback
from unispeech.realtime.hearing import Hearing
from unispeech.realtime.intake import Intake, at_once, fill, listen
from unispeech.realtime.options import LiveOptions
from unispeech.realtime.session import Session
from unispeech.types import SAMPLE_RATE, Segment, Transcript

if TYPE_CHECKING:
    from unispeech.types import Samples

PIPE = 10.0
"""Seconds of a pipe or a file that are read ahead."""
BEHIND = 10.0
"""Seconds of lag that are worth a warning."""


@click.command()
@click.argument("pipe", metavar="[-]", required=False, type=click.Choice(["-"]))
@click.option("--list-devices", is_flag=True, help="Show what can be recorded from.")
@click.option("--input-device", metavar="DEVICE", help="Number or part of the name.")
@click.option("--input", "file", metavar="FILE", help="Play a recording instead, at its speed.")
@click.option("--fast", is_flag=True, help="Do not wait: as fast as it can be decoded.")
@click.option(
    "--sample-rate", type=int, default=SAMPLE_RATE, show_default=True, help="Of raw PCM on stdin."
)
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
    sample_rate: int,
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
        show_devices()
        return
    if pipe and file:
        raise click.UsageError("give either - or --input FILE")
    if fast and not (pipe or file):
        raise click.UsageError("--fast needs --input FILE or -")
    times = {"step": step, "endpoint": endpoint}
    live = LiveOptions(**{name: value for name, value in times.items() if value is not None})
    given = {name: value for name, value in options.items() if value not in (None, False)}
    with ExitStack() as stack:
        source = stack.enter_context(_source(pipe, file, input_device, sample_rate, fast))
        keep = stack.enter_context(_saved(save)) if save else None
        with progress.bar() as on_progress:
            engine = stack.enter_context(Engine(backend, model, on_progress=on_progress, **given))
        session = Session(Hearing.of(engine), live)
        source.start()
        with source.until_interrupted():
            lines = _follow(session, source, wanted, keep, engine.facts.name)
        if save:
            _write(save, lines, session, engine)


@dataclass
class _Source:
    """Where the sound comes from. Nothing is recorded before `start`: models take time to load."""

    title: str
    sound: Iterable[tuple[Samples, float]]
    start: Callable[[], object]
    intake: Intake = field(default_factory=Intake)
    stopped: bool = False

    @contextmanager
    def until_interrupted(self) -> Iterator[None]:
        """The first Ctrl-C ends the sound, and what came before it is still written down; the
        second one ends everything."""

        def stop(number: int, frame: object) -> None:
            if self.stopped:
                raise KeyboardInterrupt
            self.stopped = True
            self.intake.close()

        before = signal.signal(signal.SIGINT, stop)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


@contextmanager
def _source(
    pipe: str | None, file: str | None, wanted: str | None, sample_rate: int, fast: bool
) -> Iterator[_Source]:
    if file or pipe:
        pieces = (
            playback.play(_existing(file)) if file else playback.raw(sys.stdin.buffer, sample_rate)
        )
        title = Path(file).name if file else "stdin"
        if fast:
            source = _Source(title, (), lambda: None)
            source.sound = takewhile(lambda piece: not source.stopped, at_once(pieces))
            yield source
            return
        intake = Intake(PIPE)
        paced = playback.at_speed(pieces) if file else pieces
        yield _Source(title, intake, lambda: fill(intake, paced), intake)
        return
    device = microphones.choose(wanted, microphones.devices())
    intake = Intake()
    with ExitStack() as recording:
        start = lambda: recording.enter_context(microphones.recording(device, intake))  # noqa: E731
        yield _Source(device.name, intake, start, intake)


def _existing(file: str) -> Recording:
    """Opened once to fail before a model is loaded, not after."""
    if not Path(file).is_file():
        next(Recording(file).blocks())
    return Recording(file)


def _follow(
    session: Session,
    source: _Source,
    wanted: str,
    keep: Callable[[Samples], None] | None,
    model: str,
) -> list[Segment]:
    """Show the events as they come; the lines of the transcript."""
    captions = Captions(
        f"{source.title} · {model}",
        lambda: source.intake.level,
        lambda: session.time,
        lambda: source.intake.waiting,
    )
    lines: list[Segment] = []
    warned = False
    events = listen(session, source.sound, keep or (lambda samples: None))
    with captions.shown(wanted == "txt"):
        for event in events:
            if event.lag > BEHIND and not warned:
                warned = True
                say("decoding is slower than speech; try a smaller --model or --beam-size 1")
            if wanted == "jsonl":
                click.echo(json.dumps(event.json(), ensure_ascii=False))
                sys.stdout.flush()
            elif event.type == "gap":
                say(f"warning: {event.start:.1f}-{event.end:.1f} s: {event.reason}")
            lines += captions.hear(event, write=wanted == "txt")
    return lines


@contextmanager
def _saved(name: str) -> Iterator[Callable[[Samples], None]]:
    """A WAV file that is whole at every moment, whatever happens."""
    for suffix in (".wav", ".txt", ".json"):
        if Path(name + suffix).exists():
            raise AudioError(f"{name}{suffix}: there is such a file", "choose another --save NAME")
    with wave.open(f"{name}.wav", "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)

        def keep(samples: Samples) -> None:
            file.writeframes((samples.clip(-1, 1) * 32767).astype("<i2").tobytes())

        yield keep


def _write(name: str, lines: list[Segment], session: Session, engine: Engine) -> None:
    transcript = Transcript(
        text="".join(line.text for line in lines).strip(),
        language=session.language,
        duration=round(session.time, 3),
        segments=tuple(lines),
        backend=engine.spec.name,
        model=engine.facts.name,
        task=engine.options.decode.task,
    )
    for format in ("txt", "json"):
        text = formats.render(transcript, format)
        Path(f"{name}.{format}").write_text(text, encoding="utf-8", newline="\n")
    say(f"saved {name}.wav, {name}.txt and {name}.json")


def show_devices() -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("", "number", "name", "channels", "Hz"):
        table.add_column(heading, justify="right" if heading in ("number", "Hz") else "left")
    known = microphones.devices()
    if not known:
        say("there is no microphone")
    for device in known:
        note = (
            "[green]default[/]" if device.default else "[dim]loopback[/]" if device.loopback else ""
        )
        table.add_row(
            note, str(device.index), device.name, str(device.channels), str(device.sample_rate)
        )
    if known:
        Console().print(table)
