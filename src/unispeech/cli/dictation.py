"""What `unispeech mic` does with a source of sound: show its text, and keep it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from unispeech.audio.pcm import WavWriter
from unispeech.backends.settle import Settled
from unispeech.cli import progress, say
from unispeech.cli.captions import Captions
from unispeech.cli.sound import Source
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


def dictate(
    opened: AbstractContextManager[Source],
    settle: Callable[[], Settled],
    live: Mapping[str, Any],
    wanted: str,
    save: str | None,
) -> bool:
    """Show what is said in a source while it is said, and return whether all of it was heard.

    The source is opened before the engine is settled and loaded. `live` are `LiveOptions`.
    """
    LiveOptions(**live)  # raises before the model is loaded
    if save:
        _check_free(save)
    said = _Said()
    with ExitStack() as stack:
        source = stack.enter_context(opened)
        settled = settle()
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
    return source.complete


@dataclass
class _Said:
    """What is known by now."""

    lines: list[Segment] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)


def _follow(
    session: Session,
    source: Source,
    wanted: str,
    keep: Callable[[Samples], None] | None,
    model: str,
    said: _Said,
) -> None:
    """Show the events as they come, and remember what they say."""
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


def _write(name: str, said: _Said, source: Source, session: Session, engine: Engine) -> None:
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
