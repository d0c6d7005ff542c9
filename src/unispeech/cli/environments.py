"""`unispeech backends install|remove|list|doctor`: the backends with environments of their own."""

from __future__ import annotations

import sys

import click

from unispeech.backends import registry
from unispeech.cli.notices import notify
from unispeech.cli.progress import progress_bar
from unispeech.cli.tables import size
from unispeech.environments import folders, install
from unispeech.environments.catalog import Lock
from unispeech.errors import OptionError


@click.command("install")
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Only print the packages and their size.")
@click.option("-q", "--quiet", is_flag=True, help="Show no progress bar.")
def install_command(name: str, dry_run: bool, quiet: bool) -> None:
    """Install a backend that needs its own environment.

    \b
    Examples:
      unispeech backends install openvino --dry-run
      unispeech backends install openvino
    """
    lock = _lock(name)
    name = lock.name
    if folders.installed(lock):
        click.echo(f"{name} is installed in {folders.folder_of(lock)}")
        return
    if dry_run:
        click.echo(f"would install into {folders.folder_of(lock)}")
        click.echo(f"about {size(lock.megabytes)}, {len(lock.requirements)} packages:")
        for line in lock.requirements:
            click.echo(f"  {line}")
        return
    with progress_bar(quiet) as on_progress:
        environment = install.install(lock, on_progress)
    click.echo(f"{name} is installed in {environment.folder} ({size(environment.size / 1e6)})")


@click.command("remove")
@click.argument("name")
def remove_command(name: str) -> None:
    """Delete the environment of a backend, but not its models.

    \b
    Examples:
      unispeech backends remove openvino
    """
    if not any(
        environment.name == name for environment in folders.list_installed(registry.locks())
    ):
        name = _lock(name).name
    with folders.locked(name, lambda: notify(f"waiting for an installation of {name}")):
        freed = folders.remove(name)
    click.echo(f"{size(freed / 1e6)} freed" if freed else f"{name} was not installed")


@click.command("list")
def list_command() -> None:
    """List the installed environments with their size and folder.

    \b
    Examples:
      unispeech backends list
    """
    environments = folders.list_installed(registry.locks())
    if not environments:
        notify(f"none in {folders.root()}; these can be installed: {', '.join(registry.locks())}")
    for environment in environments:
        state = "" if environment.current else "  (of another version; not used)"
        megabytes = size(environment.size / 1e6)
        click.echo(f"{environment.name}\t{megabytes}\t{environment.folder}{state}")


@click.command("doctor")
def doctor_command() -> None:
    """Check that every installed environment still works.

    \b
    Examples:
      unispeech backends doctor
    """
    problems = 0
    for environment in folders.list_installed(registry.locks()):
        name, lock = environment.name, registry.locks().get(environment.name)
        if lock is None or not environment.current:
            problems += 1
            notify(f"{name}: of another version; run: unispeech backends install {name}")
        elif problem := install.check(environment.python, lock):
            problems += 1
            again = f"unispeech backends remove {name} && unispeech backends install {name}"
            notify(f"{name}: {problem}; run: {again}")
        else:
            click.echo(f"{name}: works")
    for folder in folders.unfinished(registry.locks()):
        problems += 1
        name = folder.name.rpartition("-")[0]
        state = "an installation that was stopped or is still running"
        notify(f"{folder}: {state}; run: unispeech backends install {name}")
    if problems:
        sys.exit(1)


def _lock(name: str) -> Lock:
    """Return the pinned packages of a backend's environment, by any name of the backend.

    Raises:
        UnknownBackend: there is no such backend. OptionError: it needs no environment of its own.
    """
    spec = registry.find(name)
    if lock := spec.environment_lock():
        return lock
    raise OptionError(
        f"{spec.name} has no environment of its own (these have: {', '.join(registry.locks())})",
        f"run: {spec.install_command}",
    )


COMMANDS = (install_command, remove_command, list_command, doctor_command)
