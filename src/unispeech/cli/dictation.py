"""Live captions of a sound source, and the files that `--save` writes."""

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
from unispeech.cli.captions import Captions
from unispeech.cli.live_sources import LiveSource
from unispeech.cli.notices import notify
from unispeech.cli.progress import progress_bar
from unispeech.cli.text_flags import edited
from unispeech.engine.engine import Engine
from unispeech.errors import AudioError
from unispeech.realtime.events import Event
from unispeech.realtime.intake import listen
from unispeech.realtime.lines import Lines
from unispeech.realtime.options import LiveOptions
from unispeech.realtime.session import Session
from unispeech.text import formats
from unispeech.types import Gap, Samples, Segment, Transcript

MAX_LAG = 10.0
"""Seconds of lag from which the user is warned."""


def dictate(
    opening: AbstractContextManager[LiveSource],
    settle: Callable[[], Settled],
    live: Mapping[str, Any],
    format: str,
    save: str | None,
) -> bool:
    """Transcribe a source live and return True if none of its sound is missing.

    The source is opened before the engine is settled and loaded. `live` are `LiveOptions`; `format`
    is txt (captions) or jsonl.
    """
    LiveOptions(**live)  # raises before the model is loaded
    if save:
        _check_free(save)
    result = _Result()
    with ExitStack() as stack:
        source = stack.enter_context(opening)
        settled = settle()
        with progress_bar() as on_progress:
            engine = stack.enter_context(Engine.of(settled, on_progress))
        session = engine.listen(**live)
        record = stack.enter_context(_wav_file(save)) if save else None
        source.start()
        try:
            with source.until_interrupted():
                _follow(session, source, format, record, engine.facts.name, result)
        finally:  # also after an error
            for line in source.warnings():
                notify(f"warning: {line}")
            if save:
                _write(save, result, source, session, engine)
    return source.complete


@dataclass
class _Result:
    """The finished lines, before text rules, and the gaps so far."""

    unfinished: Lines = field(default_factory=Lines)
    lines: list[Segment] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)


def _follow(
    session: Session,
    source: LiveSource,
    format: str,
    record: Callable[[Samples], None] | None,
    model: str,
    result: _Result,
) -> None:
    """Show each event and collect the lines and gaps in `result`."""
    captions = Captions(
        f"{source.title} · {model}",
        lambda: source.intake.level,
        lambda: session.time,
        lambda: source.intake.waiting,
    )
    warned = False
    events = listen(session, source.pieces, record or (lambda samples: None))
    try:
        with captions.shown(format == "txt"):
            for event in events:
                if event.lag > MAX_LAG and not warned:
                    warned = True
                    notify("decoding is slower than speech; try a smaller --model or --beam-size 1")
                if event.type == "gap":
                    result.gaps.append(Gap(event.start, event.end, event.reason))
                _print(event, format)
                captions.add(event, write=format == "txt")
                result.lines += result.unfinished.add(event.before_rules)
    finally:
        result.lines += result.unfinished.end()


def _print(event: Event, format: str) -> None:
    """Print what the captions do not show: JSON lines, and gaps."""
    if format == "jsonl":
        click.echo(json.dumps(event.json(), ensure_ascii=False))
        sys.stdout.flush()
    elif event.type == "gap":
        notify(f"warning: {event.start:.1f}-{event.end:.1f} s: {event.reason}")


def _check_free(name: str) -> None:
    """Raises:
    AudioError: a file would be overwritten.
    """
    for suffix in (".wav", ".txt", ".json"):
        if Path(name + suffix).exists():
            raise AudioError(f"{name}{suffix}: the file exists", "choose another --save NAME")


@contextmanager
def _wav_file(name: str) -> Iterator[Callable[[Samples], None]]:
    """Write a WAV file whose header is valid after every write, even if the program is killed."""
    with WavWriter(f"{name}.wav") as file:

        def record(samples: Samples) -> None:
            try:
                file.write(samples)
            except OSError as error:
                raise AudioError(
                    f"{name}.wav: {error.strerror}", "recording stopped; the text is still saved"
                ) from error

        yield record


def _write(
    name: str, result: _Result, source: LiveSource, session: Session, engine: Engine
) -> None:
    transcript = Transcript(
        text="".join(line.text for line in result.lines).strip(),
        language=session.language,
        duration=round(session.time, 3),
        segments=tuple(result.lines),
        backend=engine.spec.name,
        model=engine.facts.name,
        task=engine.options.decode.task,
        gaps=tuple(result.gaps),
        warnings=tuple(source.warnings()),
        complete=source.complete,
    )
    transcript = edited(transcript, session.hearing.options.text, name)
    for format in ("txt", "json"):
        text = formats.render(transcript, format)
        Path(f"{name}.{format}").write_text(text, encoding="utf-8", newline="\n")
    notify(f"saved {name}.wav, {name}.txt and {name}.json")
