"""`unispeech backends`."""

from __future__ import annotations

import click

from unispeech.backends import registry
from unispeech.backends.spec import BackendSpec
from unispeech.cli import environments, tables
from unispeech.cli.tables import Cell

MISSING = ("not installed", "dim")


@click.group(invoke_without_command=True)
@click.pass_context
def backends(ctx: click.Context) -> None:
    """Which runtimes there are, what each can do, and what command would add it."""
    if ctx.invoked_subcommand is None:
        show()


for command in environments.COMMANDS:
    backends.add_command(command)


def show() -> None:
    rows: list[list[Cell]] = []
    for spec in registry.specs().values():
        state = _state(spec)
        added_by = f"\n→ {spec.install_command}" if state == MISSING else ""
        rows.append([spec.name, [state], spec.summary + added_by, ", ".join(_abilities(spec))])
    tables.show(("backend", "state", "what it is", "can"), rows, unbroken=("backend", "state"))


def _state(spec: BackendSpec) -> tuple[str, str]:
    if spec.installed():
        return "installed", "green"
    return ("installed, isolated", "green") if registry.installed_environment(spec) else MISSING


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
