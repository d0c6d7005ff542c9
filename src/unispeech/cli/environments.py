"""`unispeech backends install|remove|list|doctor`: environments of backends that need their own."""

from __future__ import annotations

import sys

import click

from unispeech.backends import registry
from unispeech.cli import say
from unispeech.cli.progress import bar
from unispeech.environments import folders, install
from unispeech.environments.catalog import Lock
from unispeech.errors import OptionError


@click.command("install")
@click.argument("name")
@click.option("--dry-run", is_flag=True, help="Say what would be installed, and how large it is.")
@click.option("-q", "--quiet", is_flag=True, help="No progress bar.")
def install_command(name: str, dry_run: bool, quiet: bool) -> None:
    """Make the environment of a backend that cannot share this one.

    \b
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
        click.echo(f"about {lock.megabytes} MB, {len(lock.requirements)} packages:")
        for line in lock.requirements:
            click.echo(f"  {line}")
        return
    with bar(quiet) as on_progress:
        environment = install.install(lock, on_progress)
    click.echo(f"{name} is installed in {environment.folder} ({_size(environment.size)})")


@click.command("remove")
@click.argument("name")
def remove_command(name: str) -> None:
    """Delete the environment of a backend; its models stay.

    \b
    unispeech backends remove openvino
    """
    if not any(
        environment.name == name for environment in folders.list_installed(registry.locks())
    ):
        name = _lock(name).name
    with folders.locked(name, lambda: say(f"waiting for an installation of {name}")):
        freed = folders.remove(name)
    click.echo(f"{_size(freed)} freed" if freed else f"{name} was not installed")


@click.command("list")
def list_command() -> None:
    """The environments that are installed, their size and place.

    \b
    unispeech backends list
    """
    environments = folders.list_installed(registry.locks())
    if not environments:
        say(f"none in {folders.root()}; these can be installed: {', '.join(registry.locks())}")
    for environment in environments:
        state = "" if environment.current else "  (of another version; not used)"
        size = _size(environment.size)
        click.echo(f"{environment.name}\t{size}\t{environment.folder}{state}")


@click.command("doctor")
def doctor_command() -> None:
    """Look whether every installed environment still works.

    \b
    unispeech backends doctor
    """
    wrong = 0
    for environment in folders.list_installed(registry.locks()):
        name, lock = environment.name, registry.locks().get(environment.name)
        if lock is None or not environment.current:
            wrong += 1
            say(f"{name}: of another version; run: unispeech backends install {name}")
        elif problem := install.check(environment.python, lock):
            wrong += 1
            again = f"unispeech backends remove {name} && unispeech backends install {name}"
            say(f"{name}: {problem}; run: {again}")
        else:
            click.echo(f"{name}: fine")
    for folder in folders.unfinished(registry.locks()):
        wrong += 1
        name = folder.name.rpartition("-")[0]
        what = "an installation that was stopped, or is going on"
        say(f"{folder}: {what}; run: unispeech backends install {name}")
    if wrong:
        sys.exit(1)


def _lock(name: str) -> Lock:
    """What belongs into the environment of a backend, by any of its names.

    Raises:
        UnknownBackend: there is none. OptionError: it needs no environment of its own.
    """
    spec = registry.find(name)
    if lock := spec.environment_lock():
        return lock
    raise OptionError(
        f"{spec.name} has no environment of its own (these have: {', '.join(registry.locks())})",
        f"run: {spec.install_command}",
    )


def _size(bytes: int) -> str:
    return f"{bytes / 1e9:.1f} GB" if bytes >= 1e9 else f"{bytes / 1e6:.0f} MB"


COMMANDS = (install_command, remove_command, list_command, doctor_command)
