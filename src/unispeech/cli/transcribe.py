"""`unispeech transcribe`."""

from __future__ import annotations

import errno
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Any

import click

from unispeech.backends import choose
from unispeech.backends.settle import Settled
from unispeech.call import OnProgress
from unispeech.cli import flags, urls
from unispeech.cli.format_flags import (
    check_binary,
    check_formats,
    detail_options,
    details_of,
    format_option,
)
from unispeech.cli.help import Command, option
from unispeech.cli.inputs import Input, expand
from unispeech.cli.interrupts import exit_promptly
from unispeech.cli.layout import layout_of, layout_options
from unispeech.cli.notices import notify
from unispeech.cli.output import Destination, Output
from unispeech.cli.progress import progress_bar
from unispeech.cli.spelling import in_flags, with_flags
from unispeech.cli.urls import Limits
from unispeech.errors import OptionError, UnispeechError
from unispeech.options import OPTIONS, split_options
from unispeech.text.formats import extensions
from unispeech.types import Transcript

if TYPE_CHECKING:
    from unispeech.engine.engine import Engine

URLS = "URLs"


class Transcribe(Command):
    """The command, which also takes `--align NAME`, the old spelling of `--aligner NAME`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, named_aligners(args))


def named_aligners(args: list[str]) -> list[str]:
    """Replace `--align NAME` by `--aligner NAME`, with a warning.

    `--align` before anything else is a flag.
    """
    replaced: list[str] = []
    names = OPTIONS["aligner"].choices
    remaining = iter(args)
    for arg in remaining:
        if arg == "--":
            return [*replaced, arg, *remaining]
        if replaced[-1:] == ["--align"] and arg in names:
            replaced.pop()
            name = arg
        elif arg.startswith("--align="):
            name = arg.removeprefix("--align=")
        else:
            replaced.append(arg)
            continue
        notify(f"warning: --align {name} is called --aligner {name} now")
        replaced += ["--aligner", name]
    return replaced


language_suffix_option = option(
    "--language-suffix",
    group=flags.OUTPUT,
    is_flag=True,
    help="Name the language in output files: talk.en.srt.",
)


@click.command(cls=Transcribe)
@click.argument("sources", metavar="FILE...", nargs=-1, required=True)
@format_option
@flags.output_dir("print to stdout; several formats: the current folder")
@flags.beside
@flags.skip_existing
@flags.overwrite
@language_suffix_option
@option(
    "--max-download",
    group=URLS,
    type=click.FloatRange(min=0, min_open=True),
    default=4000.0,
    metavar="MB",
    help="Largest recording to download.  [default: 4000]",
)
@option(
    "--download-timeout",
    group=URLS,
    type=click.FloatRange(min=0, min_open=True),
    default=3600.0,
    metavar="SECONDS",
    help="Time for one download.  [default: 3600]",
)
@flags.backend
@flags.model
@flags.options()
@detail_options
@layout_options
@flags.quiet
def transcribe(
    sources: tuple[str, ...],
    backend: str,
    model: str | None,
    formats: list[str],
    output_dir: Path | None,
    beside: bool,
    skip_existing: bool,
    overwrite: bool,
    language_suffix: bool,
    max_download: float,
    download_timeout: float,
    quiet: bool,
    **options: Any,
) -> None:
    """Transcribe files, folders, patterns, URLs or stdin (-).

    \b
    Examples:
      unispeech transcribe interview.mp3
      unispeech transcribe recordings/ --output-format srt --output-dir subtitles
      unispeech transcribe talk.mp4 --language fr --task translate -f json
    """
    layout, details = layout_of(options), details_of(options)
    inputs = expand(sources)
    explicit = flags.explicit_options(options)
    speakers = check_formats(formats, layout, details, explicit)
    if output_dir is None and not beside and len(extensions(formats)) > 1:
        output_dir = Path()
    destination = Destination(output_dir, beside, language_suffix, overwrite)
    check_destination(destination, skip_existing, inputs)
    check_binary(formats, destination.is_stdout, len(inputs) > 1)
    output = Output(formats, destination, layout, len(inputs) > 1, speakers, details)
    inputs, failures = undone(output, inputs, skip_existing)
    if inputs:
        with exit_promptly(), progress_bar(quiet) as on_progress:
            settled = settle(backend, model, explicit)
            _check_presence(inputs)
            from unispeech.audio.decoding_process import decoding_in_children
            from unispeech.engine.engine import Engine

            engine = Engine.of(settled, on_progress)
            limits = Limits(round(max_download * 1e6), download_timeout)
            with tempfile.TemporaryDirectory(prefix="unispeech-") as folder:
                downloads = _downloads(inputs, Path(folder), limits)
                found = [source for source in inputs if not source.url or source in downloads]
                failures += len(inputs) - len(found)
                with decoding_in_children(len(found)), ExitStack() as files:
                    for file in downloads.values():
                        files.enter_context(file)
                    failures += run(engine, found, output, on_progress, downloads)
    if failures:
        sys.exit(1)


def check_destination(destination: Destination, skip_existing: bool, inputs: list[Input]) -> None:
    """Raises `click.UsageError` if the output options contradict each other."""
    if destination.is_stdout:
        layout_flags = {
            "--skip-existing": skip_existing,
            "--overwrite": destination.overwrite,
            "--language-suffix": destination.language_suffix,
        }
        for flag in (flag for flag, is_set in layout_flags.items() if is_set):
            raise click.UsageError(f"{flag} needs --output-dir or --beside")
    if destination.overwrite and skip_existing:
        raise click.UsageError("--overwrite and --skip-existing exclude each other")
    if destination.beside and destination.folder is not None:
        raise click.UsageError("--beside and --output-dir exclude each other")
    if destination.beside and any(source.path is None or source.url for source in inputs):
        raise click.UsageError("--beside: stdin and URLs have no folder; use --output-dir")


def undone(
    output: Output, inputs: list[Input], skip: bool, files: Mapping[Input, Path] | None = None
) -> tuple[list[Input], int]:
    """The inputs to transcribe, and the number of those whose files are in the way.

    `files` are those given on the command line, if they are not the recordings themselves.
    """
    if output.destination.is_stdout:
        return inputs, 0
    output.place(inputs)
    if skip:
        return [source for source in inputs if not output.is_done(source)], 0
    if output.destination.overwrite:
        return inputs, 0
    free = [source for source in inputs if output.existing(source) is None]
    for source in inputs:
        if source not in free:
            name = files[source] if files else source.name
            notify(
                f"{name}: {output.existing(source)} exists; add --overwrite to replace it "
                "or --skip-existing to skip this input"
            )
    return free, len(inputs) - len(free)


def settle(backend: str, model: str | None, options: dict[str, Any], live: bool = False) -> Settled:
    """Settle the request of a command line before anything is downloaded.

    If the backend is `auto`, print the choice and its reason.
    """
    load, call = split_options(options)
    if backend.lower() == choose.AUTO:
        choice = choose.choose_backend(model, load, call)
        notify(f"backend {choice.reason}")
        backend, model = choice.backend, model or choice.model
    settled = choose.settle_request(backend, model, load, call, live).checked()
    if settled.deprecated and not live:
        notify(f"warning: {in_flags(settled.deprecated)}")
    return settled


def _check_presence(inputs: list[Input]) -> None:
    """Exit before any download if none of the inputs exists.

    If only some are missing, each is reported in its place among the results.
    """
    paths = [source.path for source in inputs]
    if any(path is None or path.exists() for path in paths) or any(s.url for s in inputs):
        return
    for source in inputs:
        notify(f"{source.name}: there is no such file")
    sys.exit(1)


def _downloads(inputs: list[Input], folder: Path, limits: Limits) -> dict[Input, IO[bytes]]:
    """Download the inputs that are URLs. Those that fail are reported and left out."""
    found: dict[Input, IO[bytes]] = {}
    for number, source in enumerate(inputs):
        if source.url:
            own = folder / str(number)
            own.mkdir()
            try:
                found[source] = urls.opened(source.url, own, limits)
            except UnispeechError as error:
                notify(str(error))
    return found


def run(
    engine: Engine,
    inputs: list[Input],
    output: Output,
    on_progress: OnProgress,
    downloads: Mapping[Input, IO[bytes]] = MappingProxyType({}),
) -> int:
    """Transcribe in order, write each transcript when it is complete, return the failures."""
    failures = 0
    results = engine.transcribe_many(
        (downloads.get(source) or source.open() for source in inputs),
        on_segment=output.on_segment,
        on_progress=on_progress,
    )
    for source in inputs:
        output.begin(source)  # before its first segment arrives
        failures += not _finish(output, source, next(results))
    return failures


def _finish(output: Output, source: Input, result: Transcript | UnispeechError) -> bool:
    """Write one result, report its problems, and return True if it is complete."""
    if isinstance(result, UnispeechError):
        notify(_with_name(source, with_flags(result)))
        return False
    for warning in result.warnings:
        notify(f"warning: {warning}")
    if lost := output.losses(result):
        notify(f"warning: {source.name}: {lost}")
    for gap in result.gaps:
        notify(f"warning: {source.name}: {gap.start:.1f}-{gap.end:.1f} s: {gap.reason}")
    try:
        output.end(source, result)
    except OptionError as error:  # a format cannot hold this text
        notify(_with_name(source, with_flags(error)))
        return False
    except OSError as error:
        full = error.errno == errno.ENOSPC
        hint = "free some space" if full else "choose another --output-dir"
        notify(f"{error.filename}: {error.strerror}; {hint}")
        return False
    return result.complete


def _with_name(source: Input, line: str) -> str:
    return line if source.name in line else f"{source.name}: {line}"
