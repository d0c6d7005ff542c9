"""Help texts: options in groups, examples below, an overview for first contact, and suggestions for
misspelt names."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from unispeech.errors import did_you_mean, nearest

OVERVIEW = """\
UniSpeech: speech to text with the runtime that is best on your machine.

  Transcribe a recording       unispeech transcribe interview.mp3
  Write subtitles              unispeech transcribe talk.mp4 -f srt -o subtitles
  Caption a microphone live    unispeech mic
  Run a server and web page    unispeech serve
  Find the fastest runtime     unispeech bench

Runtimes and models:    unispeech backends, unispeech models list
All commands:           unispeech --help
Options of a command:   unispeech transcribe --help
"""
"""The answer to `unispeech` without arguments."""
SHORT_NOTE = re.compile(r"\[[^]]{1,32}\]")
"""A note such as `[default: 5]`, which is not broken across lines."""
OTHER = "Other options"
"""The group of options that name none; the last one in a help text."""


class Option(click.Option):
    """An option that belongs to a group of the help text."""

    def __init__(self, *arguments: Any, group: str = OTHER, **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self.group = group

    def get_help_extra(self, ctx: click.Context) -> Any:
        """Leave out the range; an error names it."""
        extra = super().get_help_extra(ctx)
        extra.pop("range", None)
        return extra


class Command(click.Command):
    """A command whose help lists its options by group, in the order of the groups' first option."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, rows in option_groups(self, ctx).items():
            with formatter.section(title):
                formatter.write_dl([(flags, _unbroken_notes(line)) for flags, line in rows])

    def get_help(self, ctx: click.Context) -> str:
        return super().get_help(ctx).replace("\xa0", " ")


class UnknownCommand(click.ClickException):
    exit_code = 2


class Group(click.Group):
    """A group that suggests the nearest command, or `transcribe` if the name is that of a file."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name in self.list_commands(ctx) or name.startswith("-"):
            return super().resolve_command(ctx, args)
        if ctx.parent is None and Path(name).exists():
            hint = f"to transcribe it: {ctx.command_path} transcribe {name}"
        else:
            near = nearest(name, self.list_commands(ctx))
            hint = did_you_mean(near, f"see: {ctx.command_path} --help")
        raise UnknownCommand(f"there is no command {name!r}; {hint}")


def unknown_option(error: click.NoSuchOption) -> str:
    """Return the message for an unknown option, with the nearest one of the command."""
    assert error.ctx is not None
    names = [
        name for parameter in error.ctx.command.get_params(error.ctx) for name in parameter.opts
    ]
    hyphenated = error.option_name.replace("_", "-")  # the flags of other tools
    near = hyphenated if hyphenated in names else nearest(error.option_name, names)
    hint = f"did you mean {near}?" if near else f"see: {error.ctx.command_path} --help"
    return f"there is no option {error.option_name}; {hint}"


Function = Callable[..., Any]
Decorator = Callable[[Function], Function]


def option_groups(
    command: click.Command, context: click.Context
) -> dict[str, list[tuple[str, str]]]:
    """Return the flags and help lines of a command's options by group; `--help` is in the last."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for parameter in command.get_params(context):
        row = parameter.get_help_record(context)
        if row is not None and isinstance(parameter, click.Option):
            groups.setdefault(getattr(parameter, "group", OTHER), []).append(row)
    other = groups.pop(OTHER)
    return {**groups, OTHER if groups else "Options": other}


def _unbroken_notes(line: str) -> str:
    return SHORT_NOTE.sub(lambda note: note[0].replace(" ", "\xa0"), line)


def option(*names: str, group: str = OTHER, **attributes: Any) -> Decorator:
    """`click.option` with a group."""
    return click.option(*names, cls=Option, group=group, **attributes)
