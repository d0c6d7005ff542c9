"""The flags of the options, made from the table in `unispeech.options`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from unispeech.cli.help import Decorator, Function, option
from unispeech.cli.notices import notify
from unispeech.cli.spelling import flag
from unispeech.option_schema import Interface, Option
from unispeech.options import OPTIONS, RENAMED, options_for

MODEL = "Backend and model"
OUTPUT = "Output"
GROUPS: dict[str, tuple[str, ...]] = {
    MODEL: ("device", "compute_type", "threads", "isolated"),
    "Audio": ("audio_track", "channels", "start", "end"),
    "Decoding": (
        "language", "language_per_chunk", "language_id_model", "task", "beam_size", "temperature",
        "initial_prompt", "hotwords", "ngram", "strategy", "batch_size", "chunk_length",
    ),
    "Speech detection": ("vad", "vad_threshold", "vad_min_silence", "vad_pad"),
    "Word times and speakers": (
        "word_timestamps", "align", "aligner", "align_model", "phones", "diarize", "diarize_model",
        "min_speakers", "max_speakers",
    ),
    "Text": ("replacements", "remove_fillers", "fillers", "numerals", "chinese"),
}  # fmt: skip
"""The options of the table by their group in help texts; options in no group come last."""
GROUP_OF = {name: title for title, names in GROUPS.items() for name in names}

backend = option(
    "--backend",
    group=MODEL,
    metavar="NAME",
    default="faster",
    show_default=True,
    help="Runtime: a name of `unispeech backends`, or auto.",
)
model = option(
    "--model",
    group=MODEL,
    metavar="MODEL",
    help="Name of `unispeech models list`, Hub repository or local path.  [default: base]",
)

overwrite = option(
    "--overwrite", group=OUTPUT, is_flag=True, help="Replace output files that exist."
)
beside = option("--beside", group=OUTPUT, is_flag=True, help="Write each file next to its input.")
skip_existing = option(
    "--skip-existing", group=OUTPUT, is_flag=True, help="Skip inputs whose output files exist."
)
quiet = option("-q", "--quiet", is_flag=True, help="Show no progress bar.")


def output_dir(default: str) -> Decorator:
    """The flag of the folder for files named after the inputs, with its default in words."""
    return option(
        "-o",
        "--output-dir",
        group=OUTPUT,
        type=click.Path(file_okay=False, path_type=Path),
        help=f"Folder for files named after the inputs.  [default: {default}]",
    )


class Numbers(click.ParamType[tuple[float, ...]]):
    """One number, or several separated by commas."""

    name = "numbers"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[float, ...]:
        try:
            return tuple(float(part) for part in value.split(","))
        except ValueError:
            self.fail(f"{value!r}: give numbers separated by commas", param, ctx)


def options(*interfaces: Interface) -> Decorator:
    """Add the flags of every option that the command line and all of these interfaces offer."""
    names = {row.name for row in options_for("cli", *interfaces)}
    ordered = [name for name in GROUP_OF if name in names]
    return named(*ordered, *(name for name in names if name not in GROUP_OF))


def named(*names: str) -> Decorator:
    """Add the flags of these options, and those of their old names."""

    def decorate(function: Function) -> Function:
        for name in reversed(names):
            function = add_flag(OPTIONS[name])(function)
        for old in (old for old, new in RENAMED.items() if new in names):
            function = click.option(flag(old), hidden=True)(function)
        return function

    return decorate


def explicit_options(values: dict[str, Any]) -> dict[str, Any]:
    """Return the options that were set on the command line, by their names in the table.

    A missing flag is None or False; 0 is a value. The flag that switches an option off is called
    `no_` and its name. An old flag is accepted with a warning.
    """
    for old, new in RENAMED.items():
        if values.get(old) is not None:
            notify(f"warning: {flag(old)} is called {flag(new)} now")
    present = {
        RENAMED.get(name, name): value
        for name, value in values.items()
        if value is not None and value is not False
    }
    on = {name: value for name, value in present.items() if not name.startswith("no_")}
    off = (name.removeprefix("no_") for name in present if name.startswith("no_"))
    return on | dict.fromkeys(off, False)


def help_line(row: Option) -> str:
    """The help of an option, with its default."""
    default = row.shown_default or ("" if row.default in (None, False) else row.default)
    return f"{row.help}  [default: {default}]" if default else row.help


def add_flag(row: Option, group: str = "", name: str = "") -> Decorator:
    """Add the flag of an option, in a group of the help text and under another name if given."""
    group = group or GROUP_OF.get(row.name, "")
    placed = {"group": group} if group else {}
    if row.value_type is bool:
        dest, line = (f"no_{row.name}", row.off_help) if row.default else (row.name, row.help)
        return option(flag(dest), is_flag=True, help=line, **placed)
    kind: Any = Numbers() if row.is_list else row.value_type
    if row.from_file:
        kind = click.Path(path_type=Path)
    if row.choices:
        kind = click.Choice(row.choices)
    metavar = row.metavar or row.unit.upper() or None
    names = (flag(name), row.name) if name and name != row.name else (flag(row.name),)
    return option(*names, type=kind, metavar=metavar, help=help_line(row), **placed)
