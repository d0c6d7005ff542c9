"""`unispeech align`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from unispeech import languages
from unispeech.aligners import soundswallower
from unispeech.call import OnProgress
from unispeech.cli import flags
from unispeech.cli.format_flags import (
    check_binary,
    check_formats,
    detail_options,
    details_of,
    single_format,
)
from unispeech.cli.help import Command, option
from unispeech.cli.inputs import Input
from unispeech.cli.layout import layout_of, layout_options
from unispeech.cli.notices import notify
from unispeech.cli.output import Destination, Output
from unispeech.cli.progress import progress_bar
from unispeech.cli.transcribe import settle
from unispeech.errors import AudioNotFound, OptionError, UnsupportedOption
from unispeech.text import formats
from unispeech.types import Transcript


@click.command(cls=Command)
@click.argument("audio", type=click.Path(path_type=Path))
@click.argument("text", type=click.Path(path_type=Path, allow_dash=True))
@single_format("json has words and letters; most others have one entry for each line of TEXT.")
@detail_options
@layout_options
@option(
    "--backend",
    group=flags.MODEL,
    metavar="NAME",
    help="soundswallower (English, French), mms or ctc.  [default: soundswallower, else mms]",
)
@option(
    "--model",
    group=flags.MODEL,
    metavar="MODEL",
    help="Name of `unispeech models list`, Hub repository or local path.  [default: the backend's]",
)
@flags.named("device", "language", "language_id_model")
@flags.quiet
def align(
    audio: Path,
    text: Path,
    backend: str | None,
    model: str | None,
    format: str,
    quiet: bool,
    **options: Any,
) -> None:
    """Find the time of each word of TEXT, a file or stdin (-), in AUDIO.

    Each line of the text becomes a segment. The text may come from any source, or from a transcript
    (.srt, .vtt, .json, .jsonl, .TextGrid); the model only needs to know its letters.

    \b
    Examples:
      unispeech align sermon.mp3 sermon.txt --language swahili
      unispeech align song.flac lyrics.txt --language en --output-format srt
    """
    layout, details = layout_of(options), details_of(options)
    explicit = flags.explicit_options(options)
    if format == "rttm":
        raise click.UsageError("rttm lists the turns of speakers, which align does not find")
    check_formats([format], layout, details, {})
    check_binary([format], is_stdout=True, several=False)
    words, speakers = _read(text)
    if not audio.is_file():
        raise AudioNotFound(f"{audio}: there is no such file")
    transcript = _aligned(audio, words, backend or _best(model, explicit), model, explicit, quiet)
    for warning in transcript.warnings:
        notify(f"warning: {warning}")
    transcript = _named(transcript, speakers)
    output = Output([format], Destination(), layout, several=False, details=details)
    if lost := output.losses(transcript):
        notify(f"warning: {text}: {lost}")
    for segment in transcript.segments:
        output.on_segment(segment)
    output.end(Input(audio), transcript)
    if not transcript.complete:
        sys.exit(1)


def _best(model: str | None, explicit: dict[str, Any]) -> str:
    from unispeech.engine.align import best_backend

    return "mms" if model is not None else best_backend(explicit.get("language") or "")


def _aligned(
    audio: Path, text: str, backend: str, model: str | None, explicit: dict[str, Any], quiet: bool
) -> Transcript:
    with progress_bar(quiet) as on_progress:
        if backend.lower() == soundswallower.NAME:
            return _by_soundswallower(audio, text, model, explicit, on_progress)
        from unispeech.engine.engine import Engine

        engine = Engine.of(settle(backend, model, explicit), on_progress)
        return engine.align(audio, text, on_progress=on_progress)


def _by_soundswallower(
    audio: Path, text: str, model: str | None, explicit: dict[str, Any], on_progress: OnProgress
) -> Transcript:
    from unispeech.engine.align import align as align_text

    refused = [name for name in ("device", "language_id_model") if name in explicit]
    if model is not None or refused:
        name = "model" if model is not None else refused[0]
        raise UnsupportedOption(
            f"{name}: soundswallower has none to choose", "leave it out", option=name
        )
    if languages.is_automatic(explicit.get("language", "auto")):
        raise OptionError(
            "language: soundswallower cannot detect it", "give the language", option="language"
        )
    return align_text(audio, text, language=explicit["language"], on_progress=on_progress,
                      phones=True)  # fmt: skip


def _named(transcript: Transcript, speakers: Sequence[str | None]) -> Transcript:
    """The transcript with the speaker of each line, if the text is a transcript that names them."""
    if len(speakers) != len(transcript.segments):
        if any(speakers):
            notify("warning: the speakers are left out, as not every line was found")
        return transcript
    segments = tuple(
        replace(
            segment,
            speaker=speaker,
            words=tuple(replace(word, speaker=speaker) for word in segment.words),
        )
        for segment, speaker in zip(transcript.segments, speakers, strict=True)
    )
    return replace(transcript, segments=segments)


def _read(path: Path) -> tuple[str, list[str | None]]:
    """The text, or that of a transcript: a line per segment, and the speaker of each."""
    if path.suffix.lower() in formats.readable() and path.is_file():
        spoken = [segment for segment in formats.read(path).segments if segment.text.strip()]
        text = "\n".join(" ".join(segment.text.split()) for segment in spoken)
        return _with_words(text, path), [segment.speaker for segment in spoken]
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise OptionError(f"{path}: not UTF-8 text", "save it as UTF-8") from None
    return _with_words(text, path), []


def _with_words(text: str, path: Path) -> str:
    if not text.strip():
        raise OptionError(f"{path}: the file has no words", "give the text that is spoken")
    return text
