"""Help texts: options in groups, examples below, and an overview for first contact."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import click

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
