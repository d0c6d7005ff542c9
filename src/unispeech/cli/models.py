"""`unispeech models`: the weights on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from unispeech.cli import hardware, tables
from unispeech.cli.hardware import Hardware
from unispeech.cli.help import Group
from unispeech.cli.notices import notify
from unispeech.cli.progress import progress_bar
from unispeech.cli.recommend import recommend
from unispeech.cli.tables import Cell, symbol
from unispeech.errors import ModelDamaged, UnispeechError
from unispeech.models import catalog, model_names, store, weight_cache
from unispeech.models.entry import Entry
from unispeech.models.facts import family_title

FORMATS = ("ctranslate2", "hf", "openai", "ggml", "mlx")
MANY_CORES = 8
"""Cores from which a larger model than `base` is suggested."""


@click.group(cls=Group)
def models() -> None:
    """List, recommend, download, verify, remove and convert weights.

    \b
    Examples:
      unispeech models list
      unispeech models recommend --language de
      unispeech models pull small
    """


models.add_command(recommend)


@models.command("list")
def list_models() -> None:
    """List the models with a short name, and all downloads.

    \b
    Examples:
      unispeech models list
    """
    machine = hardware.detect()
    downloads = weight_cache.cached_models()
    formats: dict[str, list[str]] = {}
    sizes: dict[str, float] = {}
    for download in downloads:
        formats.setdefault(download.name, []).append(download.format)
        sizes[download.name] = sizes.get(download.name, 0.0) + download.size / 1e6
    suggestion = suggest(machine)
    sections: dict[str, list[list[Cell]]] = {}
    for entry in catalog.ENTRIES:
        title = f"{family_title(entry.family)}, {entry.licence} licence"
        row = _row(entry, machine, formats.get(entry.name), sizes, suggestion)
        sections.setdefault(title[:1].upper() + title[1:], []).append(row)
    names = {entry.name for entry in catalog.ENTRIES}
    for download in downloads:
        if download.name not in names:
            label = ", ".join(filter(None, (download.format, download.licence)))
            megabytes = tables.size(download.size / 1e6)
            row = [_marks(True, False), download.name, megabytes, "", label]
            sections.setdefault("Other downloads and conversions", []).append(row)
    for number, (title, rows) in enumerate(sections.items()):
        click.secho(title, bold=True)
        tables.show(
            ("", "model", "size", "languages", ""),
            rows,
            right=("size",),
            unbroken=("model", "size", "languages"),
            widths={"model": 18, "size": 6, "languages": 9},
            header=number == 0,
        )
        click.echo()
    for line in _legend(machine):
        click.echo(line)
    notify(f"the weights are in {weight_cache.root()}")


def suggest(machine: Hardware) -> str:
    """Return a model that runs faster than real time on the machine, by rule of thumb."""
    if machine.gpus:
        return "large-v3-turbo"
    return "small" if machine.cores >= MANY_CORES else "base"


def _fits(megabytes: float, machine: Hardware) -> bool:
    """Loading holds the weights and a converted copy of them for a moment."""
    return machine.memory is None or 2e6 * megabytes < machine.memory


def _row(
    entry: Entry,
    machine: Hardware,
    formats: list[str] | None,
    sizes: dict[str, float],
    suggestion: str,
) -> list[Cell]:
    megabytes = sizes.get(entry.name, entry.megabytes)
    count = len(entry.languages)
    only = next(iter(entry.languages.values())).capitalize() if count == 1 else ""
    spoken = only or (f"{count:,}" if count else "")
    fits = _fits(entry.megabytes, machine)
    return [
        _marks(formats is not None, entry.name == suggestion),
        [(entry.name, "bold" if formats else "")],
        [(tables.size(megabytes), "" if fits else "red")],
        spoken,
        [
            (", ".join(formats or ()), "green"),
            "; " * bool(formats and entry.summary),
            entry.summary,
        ],
    ]


def _marks(downloaded: bool, suggested: bool) -> Cell:
    tick, star = symbol("✓", "x"), symbol("★", "*")
    return [((tick if downloaded else " ") + (star if suggested else " "), "green")]


def _legend(machine: Hardware) -> Iterator[str]:
    yield f"{symbol('✓', 'x')} downloaded, in the formats named"
    yield "size: on disk if downloaded, otherwise of the download"
    yield f"{symbol('★', '*')} a good start on this machine: {machine}"
    if not all(_fits(entry.megabytes, machine) for entry in catalog.ENTRIES):
        yield "red: more than half of this machine's memory"


@models.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def pull(names: tuple[str, ...]) -> None:
    """Download models, so that they work offline. Damaged models are downloaded again.

    NAME is a name of `unispeech models list` or a repository of the Hugging Face Hub.

    \b
    Examples:
      unispeech models pull base
      unispeech models pull tiny.en small turbo
      unispeech models pull openai/whisper-large-v3
    """
    with progress_bar() as on_progress:
        for name in names:
            download = store.pull(name, on_progress)
            if download is None:
                click.echo(store.obtain(name, store.available_format(name)))
                continue
            click.echo(download.path)
            licence = download.licence or "see its page"
            notify(f"{download.name} from {download.source}; licence: {licence}")


@models.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def rm(names: tuple[str, ...]) -> None:
    """Delete downloaded and converted models in all formats.

    \b
    Examples:
      unispeech models rm tiny.en
    """
    for name in names:
        freed = weight_cache.remove(model_names.cached_name(name))
        notify(f"{name}: {tables.size(freed / 1e6)} freed" if freed else f"{name}: not downloaded")


@models.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
def verify(names: tuple[str, ...]) -> None:
    """Compare every byte of downloaded models with their checksums.

    \b
    Examples:
      unispeech models verify
      unispeech models verify base
    """
    requested = {model_names.cached_name(name) for name in names}
    downloads = [d for d in weight_cache.cached_models() if not requested or d.name in requested]
    if missing := requested - {download.name for download in downloads}:
        raise UnispeechError(
            f"not downloaded: {', '.join(sorted(missing))}",
            f"run: unispeech models pull {' '.join(sorted(missing))}",
        )
    damaged = []
    for download in downloads:
        problems = weight_cache.verify(download)
        state = "damaged" if problems else "intact"
        click.echo(f"{download.name} {download.format}: {state}")
        for line in problems:
            notify(line)
        damaged += [download.name] if problems else []
    if damaged:
        raise ModelDamaged(
            f"damaged: {', '.join(damaged)}", f"run: unispeech models pull {' '.join(damaged)}"
        )


@models.command()
@click.argument("source", metavar="SRC")
@click.argument("target", metavar="DST", type=click.Path(path_type=Path))
@click.option("--to", "format", required=True, type=click.Choice(FORMATS), help="The new format.")
def convert(source: str, target: Path, format: str) -> None:
    """Convert a model to another format.

    SRC is a name or a path. DST must not exist. It becomes a folder (ctranslate2, hf, mlx) or
    one file (openai, ggml). The conversion is lossless. If the format of SRC lacks something, it is
    taken from OpenAI's model of that size, with a note.

    \b
    Examples:
      unispeech models convert ./my-fine-tune ./my-fine-tune-ct2 --to ctranslate2
      unispeech models convert base base.pt --to openai
      unispeech models convert ./lora-adapter ggml-mine.bin --to ggml
    """
    with progress_bar() as on_progress:
        notes = store.convert_to(source, target, format, on_progress)
    for note in notes:
        notify(note)
    click.echo(target)
