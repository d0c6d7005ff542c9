"""The flags of output formats, made from the registry, and the checks before a run."""

from __future__ import annotations

import sys
from typing import Any

import click

from unispeech.cli import flags
from unispeech.cli.help import Decorator, Function, option
from unispeech.cli.spelling import with_flags
from unispeech.errors import OptionError
from unispeech.text.formats import DETAILS, FORMATS, Details, check_choices, extensions, find
from unispeech.text.subtitles import Layout

NAMES = ", ".join(FORMATS)


def parse_formats(
    ctx: click.Context, option: click.Parameter, values: tuple[str, ...]
) -> list[str]:
    """The formats of a repeated flag, and of lists with commas between them."""
    parts = (part.strip() for value in values for part in value.split(","))
    names = list(dict.fromkeys(filter(None, parts)))
    for name in names:
        if name not in (*FORMATS, "all"):
            raise click.BadParameter(f"{name!r} is not one of {NAMES}, all")
    if not names:
        raise click.BadParameter(f"name one of {NAMES}, all")
    return names


def format_flag(default: str) -> Decorator:
    """The flag of a command that writes several formats."""
    return option(
        "-f",
        "--format",
        "--output-format",
        "formats",
        group=flags.OUTPUT,
        metavar="FORMAT",
        multiple=True,
        callback=parse_formats,
        default=[default],
        show_default=True,
        help=f"{NAMES}, several with commas between them, or all (txt, srt, vtt, tsv, json).",
    )


format_option = format_flag("txt")


def single_format(help: str) -> Decorator:
    """The flag of a command that writes one transcript."""
    return option(
        "-f",
        "--format",
        "--output-format",
        "format",
        group=flags.OUTPUT,
        default="json",
        show_default=True,
        type=click.Choice(list(FORMATS)),
        metavar="FORMAT",
        help=f"{NAMES}. {help}",
    )


def detail_options(function: Function) -> Function:
    """Add the flags of choices that some formats have."""
    for row in reversed(DETAILS):
        function = flags.add_flag(row, flags.OUTPUT)(function)
    return function


def details_of(options: dict[str, Any]) -> Details:
    """Take the choices of formats out of the options of a command."""
    values: dict[str, Any] = {}
    for row in DETAILS:
        negated = f"no_{row.name}"
        values[row.name] = not options.pop(negated) if row.default else options.pop(row.name)
    return Details(**values)


def check_formats(
    names: list[str], layout: Layout, details: Details, explicit: dict[str, Any]
) -> bool:
    """Add the options that the formats need to `explicit`. Return True if speakers are asked for.

    Raises:
        click.UsageError: the formats do not go with the other options.
        OptionError: the library of a format is not installed.
    """
    speakers = "diarize" in explicit or "diarize_model" in explicit
    rows = [find(name) for name in extensions(names, speakers)]
    for row in rows:
        row.check_installed()
    try:
        check_choices(rows, layout, details)
    except OptionError as error:
        raise click.UsageError(with_flags(error)) from None
    if layout.cuts or details.word_times:
        explicit["word_timestamps"] = True
    if "rttm" in names and not speakers:
        raise click.UsageError("rttm lists the turns of speakers: it needs --diarize")
    return speakers


def check_binary(names: list[str], is_stdout: bool, several: bool) -> None:
    """Raises:
    click.UsageError: a format that is no text would be printed on a terminal or with others.
    """
    binary = [name for name in names if name in FORMATS and not FORMATS[name].is_text]
    is_shown = several or sys.stdout.isatty()
    if binary and is_stdout and is_shown:
        raise click.UsageError(f"{binary[0]} is no text: add --output-dir or --beside")
