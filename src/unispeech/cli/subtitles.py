"""`unispeech subtitles`."""

from __future__ import annotations

import re
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from unispeech import languages
from unispeech.cli import flags, names
from unispeech.cli.format_flags import (
    check_binary,
    check_formats,
    detail_options,
    details_of,
    format_flag,
)
from unispeech.cli.help import Command, option
from unispeech.cli.inputs import Input
from unispeech.cli.layout import layout_of, layout_options
from unispeech.cli.notices import notify
from unispeech.cli.output import LANGUAGE, Destination, Output
from unispeech.cli.spelling import with_flags
from unispeech.cli.text_flags import edited, rules_of, text_options
from unispeech.cli.transcribe import check_destination, language_suffix_option, undone
from unispeech.errors import OptionError
from unispeech.text import formats as text_formats
from unispeech.text import subtitles as text_subtitles
from unispeech.text.formats import timestamp
from unispeech.text.rules import TextRules
from unispeech.text.subtitles import Layout, Violation
from unispeech.types import Transcript

COMMANDLINE = ParameterSource.COMMANDLINE


@click.command(cls=Command)
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@format_flag("srt")
@flags.output_dir("print to stdout; several formats: the current folder")
@flags.beside
@flags.skip_existing
@flags.overwrite
@language_suffix_option
@option(
    "--check",
    group=flags.OUTPUT,
    is_flag=True,
    help="List the violations in SRT and WebVTT files, and write nothing.",
)
@option(
    "--language",
    metavar="LANGUAGE",
    help="Language of the text, for the values of a preset.  [default: that of the transcript]",
)
@detail_options
@layout_options
@text_options
def subtitles(
    files: tuple[Path, ...],
    formats: list[str],
    output_dir: Path | None,
    beside: bool,
    skip_existing: bool,
    overwrite: bool,
    language_suffix: bool,
    check: bool,
    language: str | None,
    **options: Any,
) -> None:
    """Lay out transcripts (JSON, SRT, WebVTT) again, without decoding.

    With --check, exit with 1 if a file violates the limits.

    \b
    Examples:
      unispeech subtitles talk.json --preset netflix > talk.srt
      unispeech subtitles *.json --preset bbc -f vtt -o subtitles
      unispeech subtitles --check --preset netflix --max-cps 20 talk.srt
    """
    layout, details, rules = layout_of(options), details_of(options), rules_of(options)
    code = _code(language)
    if check:
        _refuse_output_flags()
        if not layout.given:
            raise click.UsageError("--check needs --preset or a limit such as --max-cps")
        if rules.chosen:
            raise click.UsageError("--check changes no text; leave out --replacements and the like")
        broken = [_violations(file, layout, code or "") for file in files]
        sys.exit(1 if any(broken) else 0)
    has_turns = {"diarize": True} if "rttm" in formats else {}
    check_formats(formats, layout, details, has_turns)
    if output_dir is None and not beside and len(text_formats.extensions(formats)) > 1:
        output_dir = Path()
    destination = Destination(output_dir, beside, language_suffix, overwrite)
    inputs = _inputs(files, language_suffix)
    check_destination(destination, skip_existing, list(inputs))
    check_binary(formats, destination.is_stdout, len(inputs) > 1)
    output = Output(
        formats, destination, layout, len(inputs) > 1, details=details, transcripts=inputs
    )
    remaining, failures = undone(output, list(inputs), skip_existing, inputs)
    for source in remaining:
        failures += not _write(output, source, inputs[source], code, rules)
    if failures:
        sys.exit(1)


def _refuse_output_flags() -> None:
    """Raises:
    click.UsageError: the command line has a flag of output files, or of what is in them.
    """
    context = click.get_current_context()
    for parameter in context.command.params:
        is_given = context.get_parameter_source(parameter.name or "") is COMMANDLINE
        is_output = getattr(parameter, "group", None) == flags.OUTPUT
        if is_given and is_output and parameter.name != "check":
            longest = max(parameter.opts, key=len)
            raise click.UsageError(f"--check writes no files; leave out {longest}")


def _code(language: str | None) -> str | None:
    """The code of a language of the command line.

    Raises:
        OptionError: there is no such language.
    """
    if language is None or languages.is_automatic(language):
        return None
    known = languages.WHISPER
    code = languages.find(language, known, languages.aliases(known))
    is_other = code is None and languages.exists(language)
    return language if is_other else languages.code(language)


def _inputs(files: tuple[Path, ...], has_suffix: bool) -> dict[Input, Path]:
    """The files by the recordings that name their outputs.

    A transcript that is on record as that of a recording belongs to it; so `talk.json` gives
    `talk.srt`. Without a language in the name, two transcripts of a recording go by their own.
    """
    files = tuple(dict.fromkeys(files))
    recordings = {file: _recording(file) for file in files}
    counts = Counter(recordings.values())
    if not has_suffix:
        recordings = {
            file: file if counts[recording] > 1 else recording
            for file, recording in recordings.items()
        }
    return {Input(recording): file for file, recording in recordings.items()}


def _recording(file: Path) -> Path:
    """The recording of a transcript, if it is on record in its folder, or the file."""
    for name in (file.stem, re.sub(LANGUAGE + "$", "", file.stem)):
        if owner := names.owner(file.parent, name):
            return owner
    return file


def _write(
    output: Output, source: Input, file: Path, language: str | None, rules: TextRules
) -> bool:
    """Lay out one file. Report a failure, and return False."""
    transcript = _read(file)
    if transcript is None:
        return False
    try:
        text_formats.check_speakers(transcript, list(map(text_formats.find, output.formats)))
    except OptionError as error:
        notify(f"{file}: {with_flags(error)}")
        return False
    if language is not None:
        transcript = replace(transcript, language=language)
    is_complete = transcript.complete
    transcript = edited(transcript, rules, str(file))
    if lost := output.losses(transcript):
        notify(f"warning: {file}: {lost}")
    output.begin(source)
    for segment in transcript.segments:
        output.on_segment(segment)
    try:
        output.end(source, transcript)
    except OptionError as error:  # the format cannot hold this text
        notify(f"{file}: {with_flags(error)}")
        return False
    return transcript.complete or not is_complete


def _read(file: Path) -> Transcript | None:
    try:
        return text_formats.read(file)
    except OptionError as error:
        notify(with_flags(error))
    except OSError as error:
        notify(f"{file}: {error.strerror or error}")
    return None


def _violations(file: Path, layout: Layout, language: str) -> bool:
    """Print the violations in a file. Return True if there are any, or if it cannot be read."""
    try:
        cues = text_formats.read_cues(file)
    except OptionError as error:
        notify(with_flags(error))
        return True
    except OSError as error:
        notify(f"{file}: {error.strerror or error}")
        return True
    broken = text_subtitles.violations(cues, layout, language)
    for violation in broken:
        time = timestamp(violation.start, ".")
        click.echo(f"{file}: {time} cue {violation.cue}: {_excess(violation)}")
    count = f"{len(broken)} violation{'' if len(broken) == 1 else 's'}"
    notify(f"{file}: {count} in {len(cues)} cue{'' if len(cues) == 1 else 's'}")
    return bool(broken)


def _excess(violation: Violation) -> str:
    rule, value, limit = violation.rule, violation.value, violation.limit
    if rule == "fps":
        return f"fps: {value:g} s off the frame"
    return f"{rule} {value:g} ({f'limit {limit:g}' if limit else 'must be 0'})"
