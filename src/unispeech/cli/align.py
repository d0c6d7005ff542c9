"""`unispeech align`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from unispeech.cli import flags, say
from unispeech.cli.output import Output
from unispeech.cli.progress import bar
from unispeech.cli.sources import Input
from unispeech.cli.transcribe import settle
from unispeech.errors import AudioNotFound, OptionError
from unispeech.text.subtitles import Layout


@click.command()
@click.argument("audio", type=click.Path(path_type=Path))
@click.argument("text", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--backend", default="mms", show_default=True, help="mms or ctc.")
@click.option("--model", help="Name, Hub id or local path.  [default: the backend's own]")
@flags.named("language", "language_id_model", "device")
@click.option(
    "-f",
    "--output-format",
    default="json",
    show_default=True,
    type=click.Choice(["json", "srt", "vtt", "tsv", "txt"]),
    help="json has words and letters; the others a line of the text each.",
)
@click.option("--max-words-per-line", type=int, help="Words in a subtitle line.")
@click.option("-q", "--quiet", is_flag=True, help="No progress bar.")
def align(
    audio: Path,
    text: Path,
    backend: str,
    model: str | None,
    output_format: str,
    max_words_per_line: int | None,
    quiet: bool,
    **options: Any,
) -> None:
    """When each word of TEXT, a file or stdin (-), is said in AUDIO.

    A line of the text is a segment. The text may be anybody's; the model only has to know the
    letters.

    \b
    unispeech align sermon.mp3 sermon.txt --language swahili
    unispeech align song.flac lyrics.txt --language en --output-format srt
    """
    given = flags.given(options)
    words = _read(text)
    if not audio.is_file():
        raise AudioNotFound(f"{audio}: there is no such file")
    settled = settle(backend, model, given)
    from unispeech.engine.engine import Engine

    with bar(quiet) as on_progress:
        engine = Engine.of(settled, on_progress)
        transcript = engine.align(audio, words, on_progress=on_progress)
    for warning in transcript.warnings:
        say(f"warning: {warning}")
    layout = Layout(max_words_per_line=max_words_per_line)
    Output([output_format], None, layout, several=False).end(Input(audio, audio.stem), transcript)
    if output_format == "txt":
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
        raise OptionError(f"{path}: there are no words in it", "give the text that is spoken")
    return text
