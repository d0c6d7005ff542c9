"""`unispeech align`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from unispeech.cli import flags
from unispeech.cli.help import Command, option
from unispeech.cli.inputs import Input
from unispeech.cli.notices import notify
from unispeech.cli.output import Output
from unispeech.cli.progress import progress_bar
from unispeech.cli.transcribe import settle
from unispeech.errors import AudioNotFound, OptionError
from unispeech.text.subtitles import Layout


@click.command(cls=Command)
@click.argument("audio", type=click.Path(path_type=Path))
@click.argument("text", type=click.Path(path_type=Path, allow_dash=True))
@option(
    "-f",
    "--output-format",
    "format",
    group=flags.OUTPUT,
    default="json",
    show_default=True,
    type=click.Choice(["json", "srt", "vtt", "tsv", "txt"]),
    help="json has words and letters; the others have one entry for each line of TEXT.",
)
@option("--max-words-per-line", group=flags.OUTPUT, type=int, help="Words in a subtitle line.")
@option(
    "--backend",
    group=flags.MODEL,
    metavar="NAME",
    default="mms",
    show_default=True,
    help="Runtime: mms or ctc.",
)
@option(
    "--model",
    group=flags.MODEL,
    metavar="MODEL",
    help="Name of `unispeech models list`, Hub repository or local path.  [default: the backend's]",
)
@flags.named("device", "language", "language_id_model")
@option("-q", "--quiet", is_flag=True, help="Show no progress bar.")
def align(
    audio: Path,
    text: Path,
    backend: str,
    model: str | None,
    format: str,
    max_words_per_line: int | None,
    quiet: bool,
    **options: Any,
) -> None:
    """Find the time of each word of TEXT, a file or stdin (-), in AUDIO.

    Each line of the text becomes a segment. The text may come from any source; the model only needs
    to know its letters.

    \b
    Examples:
      unispeech align sermon.mp3 sermon.txt --language swahili
      unispeech align song.flac lyrics.txt --language en --output-format srt
    """
    explicit = flags.explicit_options(options)
    words = _read(text)
    if not audio.is_file():
        raise AudioNotFound(f"{audio}: there is no such file")
    settled = settle(backend, model, explicit)
    from unispeech.engine.engine import Engine

    with progress_bar(quiet) as on_progress:
        engine = Engine.of(settled, on_progress)
        transcript = engine.align(audio, words, on_progress=on_progress)
    for warning in transcript.warnings:
        notify(f"warning: {warning}")
    layout = Layout(max_words_per_line=max_words_per_line)
    Output([format], None, layout, several=False).end(Input(audio, audio.stem), transcript)
    if format == "txt":
        for segment in transcript.segments:
            click.echo(segment.text.strip())
    if not transcript.complete:
        sys.exit(1)


def _read(path: Path) -> str:
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise OptionError(f"{path}: not UTF-8 text", "save it as UTF-8") from None
    if not text.strip():
        raise OptionError(f"{path}: the file has no words", "give the text that is spoken")
    return text
