"""`unispeech backends`."""

from __future__ import annotations

import click

from unispeech.backends import registry
from unispeech.backends.spec import BackendSpec
from unispeech.cli import environments
from unispeech.environments import place

MISSING = "[dim]not installed[/]"


@click.group(invoke_without_command=True)
@click.pass_context
def backends(ctx: click.Context) -> None:
    """Which runtimes there are, what each can do, and what command would add it."""
    if ctx.invoked_subcommand is None:
        show()


for command in environments.COMMANDS:
    backends.add_command(command)


def show() -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("backend", "state", "what it is", "can"):
        table.add_column(heading, overflow="fold", no_wrap=heading in ("backend", "state"))
    for spec in registry.specs().values():
        state = _state(spec)
        missing = state == MISSING
        summary = f"{spec.summary}\n→ {_escaped(spec)}" if missing else spec.summary
        table.add_row(spec.name, state, summary, ", ".join(_abilities(spec)))
    Console().print(table)


def _state(spec: BackendSpec) -> str:
    if spec.installed():
        return "[green]installed[/]"
    return "[green]installed, isolated[/]" if place.find(spec.environment) else MISSING


def _escaped(spec: BackendSpec) -> str:
    from rich.markup import escape

    return escape(spec.install_command)


def _abilities(spec: BackendSpec) -> list[str]:
    can = spec.capabilities
    return [
        *[task for task in can.tasks if task != "transcribe"],
        *[strategy for strategy in can.strategies if strategy != "batched"],
        *[
            label
            for label, able in (
                ("word times", can.word_timestamps),
                ("prompt", can.initial_prompt),
                ("hotwords", can.hotwords),
                ("beam search", can.beam_size),
                ("language detection", can.detect_language),
            )
            if able
        ],
        *can.compute_types,
    ]
