"""The flags of the options, made from their table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from unispeech.cli import say
from unispeech.cli.spelling import flag
from unispeech.option_schema import Interface, Option
from unispeech.options import OPTIONS, RENAMED, options_for

Command = Callable[..., Any]
Flag = Callable[[Command], Command]

backend = click.option(
    "--backend",
    default="faster",
    show_default=True,
    help="Runtime (see `unispeech backends`), or auto.",
)
model = click.option("--model", help="Name, Hub id or local path.  [default: base]")


class Numbers(click.ParamType[tuple[float, ...]]):
    """A number, or several with commas between them."""

    name = "numbers"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[float, ...]:
        try:
            return tuple(float(part) for part in value.split(","))
        except ValueError:
            self.fail("give a number, or several with commas", param, ctx)


def options(*interfaces: Interface) -> Flag:
    """The flags of every option that a command and all of the interfaces offer."""
    return named(*(row.name for row in options_for("cli", *interfaces)))


def named(*names: str) -> Flag:
    """The flags of these options."""

    def decorated(command: Command) -> Command:
        for name in reversed(names):
            command = _flag(OPTIONS[name])(command)
        for old in (old for old, new in RENAMED.items() if new in names):
            command = click.option(flag(old), hidden=True)(command)
        return command

    return decorated


def given(values: dict[str, Any]) -> dict[str, Any]:
    """The options that were given, by their own names. A flag that was not given is None or False;
    one that switches an option off is called `no_` and its name. Says it where a flag is old."""
    for old, new in RENAMED.items():
        if values.get(old) is not None:
            say(f"warning: {flag(old)} is called {flag(new)} now")
    found = {
        RENAMED.get(name, name): value
        for name, value in values.items()
        if value is not None and value is not False  # 0 is given
    }
    off = {name.removeprefix("no_") for name in found if name.startswith("no_")}
    return {n: v for n, v in found.items() if not n.startswith("no_")} | dict.fromkeys(off, False)


def help(row: Option) -> str:
    """The help of an option, with its default."""
    usual = row.shown_default or ("" if row.default in (None, False) else row.default)
    return f"{row.help}  [default: {usual}]" if usual else row.help


def _flag(row: Option) -> Flag:
    if row.value_type is bool:
        name, line = (f"no_{row.name}", row.off_help) if row.default else (row.name, row.help)
        return click.option(flag(name), is_flag=True, help=line)
    kind: Any = Numbers() if row.is_list else row.value_type
    if row.choices:
        kind = click.Choice(row.choices)
    metavar = row.metavar or row.unit.upper() or None
    return click.option(flag(row.name), type=kind, metavar=metavar, help=help(row))
