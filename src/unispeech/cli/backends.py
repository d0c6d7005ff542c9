"""`unispeech backends`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from importlib import metadata

import click

from unispeech.backends import choose, registry
from unispeech.backends.spec import BackendSpec
from unispeech.cli import environments, hardware, tables
from unispeech.cli.help import Group
from unispeech.cli.tables import Cell, symbol
from unispeech.errors import BackendMissing

EXTRAS: dict[str, int] = {"openai": 700, "hf": 750, "cpp": 13, "mms": 750, "onnx": 85, "sherpa": 37}
"""Megabytes on disk of the libraries of an extra, with PyTorch for CPUs (Linux x86-64, PyTorch
2.13); builds for CUDA are several times as large."""
FEATURES: dict[str, Callable[[BackendSpec], bool]] = {
    "translate": lambda spec: "translate" in spec.capabilities.tasks,
    "words": lambda spec: spec.capabilities.word_timestamps,
    "prompt": lambda spec: spec.capabilities.initial_prompt,
    "hotwords": lambda spec: spec.capabilities.hotwords,
    "beam": lambda spec: spec.capabilities.beam_size,
    "detect": lambda spec: spec.capabilities.detect_language,
    "native": lambda spec: "native" in spec.capabilities.strategies,
}
"""The features of the second table, by heading."""


@click.group(cls=Group, invoke_without_command=True)
@click.pass_context
def backends(ctx: click.Context) -> None:
    """List the runtimes: installed or not, their size, their speed here and their features.

    \b
    Examples:
      unispeech backends
      unispeech backends show openvino
      unispeech backends install openvino
    """
    if ctx.invoked_subcommand is None:
        show_all()


for command in environments.COMMANDS:
    backends.add_command(command)


def show_all() -> None:
    """Print an overview of all backends, and a table of their features."""
    specs = list(registry.specs().values())
    best = _best()
    model, speeds = _speeds()
    tick, star = symbol("✓", "x"), symbol("★", "*")
    click.echo(f"This machine: {hardware.detect()}\n")
    tables.show(
        ("", "backend", "runtime", "on disk", "speed here"),
        [_row(spec, best, speeds, tick, star) for spec in specs],
        right=("on disk", "speed here"),
        unbroken=("", "backend", "on disk", "speed here"),
    )
    click.echo()
    tables.show(
        ("backend", *FEATURES),
        [[spec.name, *[tick if has(spec) else "" for has in FEATURES.values()]] for spec in specs],
        unbroken=("backend", *FEATURES),
    )
    click.echo()
    for line in _legend(specs, best, model, tick, star):
        click.echo(line)


def _row(
    spec: BackendSpec, best: str, speeds: dict[str, float], tick: str, star: str
) -> list[Cell]:
    available = registry.is_available(spec)
    marks = (tick if available else " ") + (star if spec.name == best else " ")
    style = "" if available else "dim"
    speed = speeds.get(spec.name)
    runtime, colon, purpose = spec.summary.partition(": ")
    return [
        [(marks, "green")],
        [(spec.name, "bold" if available else "dim")],
        [(runtime, style), (colon + purpose, "dim")],
        [(_size(spec), style)],
        "" if speed is None else f"{speed:.1f}x",
    ]


def _legend(specs: list[BackendSpec], best: str, model: str, tick: str, star: str) -> Iterator[str]:
    yield f"{tick} installed, or has the feature"
    if best:
        reason = "the best measured here" if model else "by rule of thumb"
        yield f"{star} the choice of --backend auto: {reason}"
    if model:
        yield f"speed here: times real time with {model}, in the last `unispeech bench`"
    else:
        yield "speed here: not measured yet; run: unispeech bench"
    yield "words: word times; detect: detects the language; native: --strategy native"
    missing = [spec.name for spec in specs if not registry.is_available(spec)]
    for name in missing:
        yield f"install {name}: {registry.find(name).install_command}"
    yield "More about one backend: unispeech backends show NAME"


def _best() -> str:
    """The name of the backend that `auto` chooses, or empty if none is installed."""
    try:
        return choose.choose_backend().backend
    except BackendMissing:
        return ""


def _speeds() -> tuple[str, dict[str, float]]:
    """Return a model, and the fastest measured speed of each backend with that model.

    It is the model that was measured with the most backends. Speeds of different models are not
    comparable.
    """
    measurements = choose.load_measurements()
    names: dict[str, set[str]] = {}
    for measurement in measurements:
        names.setdefault(measurement.model, set()).add(measurement.backend)
    model = max(names, key=lambda name: len(names[name]), default="")
    speeds: dict[str, float] = {}
    for measurement in measurements:
        if measurement.model == model:
            fastest = max(measurement.speed, speeds.get(measurement.backend, 0.0))
            speeds[measurement.backend] = fastest
    return model, speeds


def _size(spec: BackendSpec) -> str:
    """The size of a backend's libraries on disk, with `~` if they are not installed."""
    if spec.installed():
        return tables.size(_installed_megabytes(spec))
    if environment := registry.installed_environment(spec):
        return tables.size(environment.size / 1e6)
    lock = spec.environment_lock()
    megabytes = lock.megabytes if lock else EXTRAS.get(spec.extra, 0)
    return f"~{tables.size(megabytes)}" if megabytes else ""


_owners = cache(metadata.packages_distributions)


def _installed_megabytes(spec: BackendSpec) -> float:
    owners = _owners()
    names = {owner for module in spec.requires for owner in owners.get(module.split(".")[0], ())}
    files = [file for name in names for file in metadata.files(name) or ()]
    return sum(file.size or 0 for file in files) / 1e6


@backends.command("show")
@click.argument("name")
def show_one(name: str) -> None:
    """Show what a backend can do and where it is installed.

    \b
    Examples:
      unispeech backends show faster
    """
    spec = registry.find(name)
    can = spec.capabilities
    environment = registry.installed_environment(spec)
    state = "not installed"
    if spec.installed():
        state = "installed"
    elif environment:
        state = f"installed in {environment.folder}"
    facts = {
        "backend": ", ".join((spec.name, *spec.aliases)),
        "runtime": spec.summary,
        "state": state,
        "install": "" if registry.is_available(spec) else spec.install_command,
        "on disk": _size(spec),
        "models": spec.model_kind,
        "default model": spec.default_model,
        "devices": ", ".join(can.devices),
        "compute types": ", ".join(can.compute_types),
        "tasks": ", ".join(can.tasks),
        "strategies": ", ".join(can.strategies),
        "features": ", ".join(heading for heading, has in FEATURES.items() if has(spec)),
    }
    formatter = click.HelpFormatter()
    formatter.write_dl([(label, text) for label, text in facts.items() if text])
    click.echo(formatter.getvalue(), nl=False)
