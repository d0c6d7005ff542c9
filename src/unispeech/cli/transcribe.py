"""`unispeech transcribe`."""

from __future__ import annotations

import errno
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

from unispeech.backends import choose
from unispeech.backends.settle import Settled
from unispeech.call import OnProgress
from unispeech.cli import flags, say, stopping
from unispeech.cli.output import Output
from unispeech.cli.progress import bar
from unispeech.cli.sources import Input, find
from unispeech.cli.spelling import spelled
from unispeech.errors import UnispeechError
from unispeech.options import split_options
from unispeech.text.formats import FORMATS
from unispeech.text.subtitles import Layout
from unispeech.types import Transcript

LAYOUT = [field.name for field in fields(Layout)]


def _formats(ctx: click.Context, option: click.Parameter, value: str) -> list[str]:
    wanted = [part.strip() for part in value.split(",") if part.strip()]
    for name in wanted:
        if name not in (*FORMATS, "all"):
            raise click.BadParameter(f"{name!r} is not one of {', '.join(FORMATS)}, all")
    if not wanted:
        raise click.BadParameter(f"name one of {', '.join(FORMATS)}, all")
    return wanted


@click.command()
@click.argument("sources", metavar="FILE...", nargs=-1, required=True)
@flags.backend
@flags.model
@click.option(
    "-f",
    "--output-format",
    "wanted",
    metavar="FORMAT",
    callback=_formats,
    default="txt",
    show_default=True,
    help="txt, srt, vtt, tsv, json, rttm (several with commas) or all.",
)
@click.option(
    "-o",
    "--output-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write files named after the inputs.  [default: stdout; several formats: here]",
)
@click.option("--skip-existing", is_flag=True, help="Leave out inputs whose output files exist.")
@flags.options()
@click.option("--max-line-width", type=int, help="Characters in a subtitle line.")
@click.option("--max-line-count", type=int, help="Lines in a subtitle.")
@click.option("--max-words-per-line", type=int, help="Words in a subtitle line.")
@click.option("--max-cps", type=float, help="Characters a second: a fast subtitle stays longer.")
@click.option("-q", "--quiet", is_flag=True, help="No progress bar.")
def transcribe(
    sources: tuple[str, ...],
    backend: str,
    model: str | None,
    wanted: list[str],
    output_dir: Path | None,
    skip_existing: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Write down what was said in files, folders, patterns or stdin (-).

    \b
    unispeech transcribe interview.mp3
    unispeech transcribe recordings/ --output-format srt --output-dir subtitles
    unispeech transcribe talk.mp4 --language fr --task translate --output-format json
    """
    layout = Layout(**{name: options.pop(name) for name in LAYOUT})
    inputs = find(sources)
    given = flags.given(options)
    if layout.given and not {"srt", "vtt", "all"} & set(wanted):
        raise click.UsageError("--max-line-width and its kin are for srt and vtt")
    if layout.cuts:
        given["word_timestamps"] = True
    speakers = "diarize" in given or "diarize_model" in given
    if "rttm" in wanted and not speakers:
        raise click.UsageError("rttm says who speaks: it needs --diarize")
    output = Output(wanted, output_dir, layout, len(inputs) > 1, speakers)
    if skip_existing:
        if output.folder is None:
            raise click.UsageError("--skip-existing needs --output-dir")
        inputs = [source for source in inputs if not output.done(source)]
        if not inputs:
            return
    with stopping.prompt(), bar(quiet) as on_progress:
        settled = settle(backend, model, given)
        _present(inputs)
        failed = _run(settled, inputs, output, on_progress)
    if failed:
        sys.exit(1)


def settle(backend: str, model: str | None, given: dict[str, Any], live: bool = False) -> Settled:
    """Settle what the command line asks before anything is fetched.

    Says which backend was chosen, and why, where that was left to us.
    """
    load, options = split_options(given)
    if backend.lower() == choose.AUTO:
        choice = choose.choose_backend(model, load, options)
        say(f"backend {choice.reason}")
        backend = choice.backend
    return choose.settle_request(backend, model, load, options, live).checked()


def _present(inputs: list[Input]) -> None:
    """Say before anything is fetched that nothing of what was named is there.

    Where some of it is, the rest is said in its place, among the results.
    """
    paths = [source.path for source in inputs]
    if any(path is None or path.exists() for path in paths):
        return
    for source in inputs:
        say(f"{source.name}: there is no such file")
    sys.exit(1)


def _run(settled: Settled, inputs: list[Input], output: Output, on_progress: OnProgress) -> int:
    """Transcribe in order, write each transcript as it is done, and return how many failed."""
    from unispeech.engine.engine import Engine

    failed = 0
    results = Engine.of(settled, on_progress).transcribe_many(
        (source.open() for source in inputs), on_segment=output.heard, on_progress=on_progress
    )
    for source in inputs:
        output.begin(source)  # before the first of its segments is heard
        failed += not _finish(output, source, next(results))
    return failed


def _finish(output: Output, source: Input, result: Transcript | UnispeechError) -> bool:
    """Write one result and say what was wrong with it. Whether all of it is there."""
    if isinstance(result, UnispeechError):
        say(_named(source, spelled(result)))
        return False
    for warning in result.warnings:
        say(f"warning: {warning}")
    for gap in result.gaps:
        say(f"warning: {source.name}: {gap.start:.1f}-{gap.end:.1f} s: {gap.reason}")
    try:
        output.end(source, result)
    except OSError as error:
        full = error.errno == errno.ENOSPC
        hint = "free some space" if full else "choose another --output-dir"
        say(f"{error.filename}: {error.strerror}; {hint}")
        return False
    return result.complete


def _named(source: Input, line: str) -> str:
    return line if source.name in line else f"{source.name}: {line}"
