"""`unispeech models recommend`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import click

from unispeech import languages
from unispeech.backends import registry
from unispeech.backends.spec import BackendSpec
from unispeech.cli import hardware, tables
from unispeech.cli.help import Command, option
from unispeech.errors import OptionError
from unispeech.models import weight_cache
from unispeech.models.entry import Entry
from unispeech.models.recommend import Recommendation
from unispeech.models.recommend import recommend as judge
from unispeech.models.store import terms

SHOWN = 3
"""Recommendations shown."""
SIZE = re.compile(r"([\d.]+)\s*(MB|GB|TB)?", re.IGNORECASE)
UNITS = {"mb": 1e6, "gb": 1e9, "tb": 1e12}


@click.command(cls=Command)
@option("--language", metavar="CODE", default="", help="Language code or English name.")
@option("--device", type=click.Choice(("cpu", "cuda")), help="[default: that of this machine]")
@option("--memory", metavar="SIZE", help="Such as 4GB.  [default: that of this machine]")
@option("--live", is_flag=True, help="For live captions.")
def recommend(language: str, device: str | None, memory: str | None, live: bool) -> None:
    """Recommend models for a language and a machine, with reasons. Downloads nothing.

    \b
    Examples:
      unispeech models recommend --language de
      unispeech models recommend --language en --device cpu --memory 4GB --live
    """
    language = "" if languages.is_automatic(language) else language
    machine = hardware.detect()
    device = device or ("cuda" if machine.gpus else "cpu")
    room = _bytes(memory) if memory else machine.memory
    judged = judge(language, device, room, live, machine.cores)
    good = [advised for advised in judged if not advised.against]
    for number, advised in enumerate(good[:SHOWN], 1):
        for line in _lines(number, advised, language, live):
            click.echo(line)
    rejected = [advised for advised in judged if advised.against]
    if not good:
        click.echo("No model that knows the language suits this machine. Nearest to it:")
        for line in _lines(1, min(rejected, key=_distance), language, live):
            click.echo(line)
    if rejected:
        click.echo("Not recommended here:")
    for advised in rejected:
        click.echo(f"  {advised.entry.name}: {'; '.join(advised.against)}")
    click.echo("Figures are the Open ASR Leaderboard's; to measure your own: unispeech bench")


def _distance(advised: Recommendation) -> tuple[int, float]:
    """The objections to a model, then its size, since memory is what a small machine lacks."""
    return len(advised.against), advised.entry.megabytes


def _lines(number: int, advised: Recommendation, language: str, live: bool) -> Iterator[str]:
    entry = advised.entry
    kept = ", downloaded" if weight_cache.formats(entry.name) else ""
    title = f"{entry.name} ({tables.size(entry.megabytes)}{kept}; {terms(entry)})"
    yield f"{number}. {click.style(title, bold=True)}"
    for reason in advised.reasons:
        yield f"   {reason}"
    if figures := entry.figures:
        weights = " of the float32 weights" if entry.compute_types == ("int8",) else ""
        yield (
            f"   leaderboard, {figures.date}{weights}: {figures.wer} % word errors in English, "
            f"{figures.speed:,} times real time on its GPU"
        )
    spec = _backend(entry)
    needs_language = language and not spec.capabilities.language_free
    spoken = f" --language {shlex.quote(language)}" if needs_language else ""
    backend = "" if spec.name == "faster" else f" --backend {spec.name}"
    command = "mic" if live else "transcribe FILE"
    yield f"   unispeech {command}{backend} --model {entry.name}{spoken}"
    if not registry.is_available(spec):
        yield f"   first: {spec.install_command}"


def _backend(entry: Entry) -> BackendSpec:
    """Return the first backend that runs a model."""
    specs = registry.specs().values()
    return next(spec for spec in specs if spec.runs(entry.family)).of(entry.facts)


def _bytes(size: str) -> float:
    found = SIZE.fullmatch(size.strip())
    is_number = found and found[1].count(".") <= 1 and found[1] != "."
    if not found or not is_number or not float(found[1]):
        raise OptionError(f"memory {size!r} is not a size", "give a number and MB or GB: 4GB")
    return float(found[1]) * UNITS[(found[2] or "GB").lower()]
