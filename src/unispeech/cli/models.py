"""`unispeech models`: the weights on this machine."""

from __future__ import annotations

from pathlib import Path

import click

from unispeech.cli import say, tables
from unispeech.cli.progress import bar
from unispeech.errors import ModelDamaged, UnispeechError
from unispeech.models import catalog, model_names, store, weight_cache

FORMATS = ("ctranslate2", "hf", "openai", "ggml")


@click.group()
def models() -> None:
    """List, pull, check, remove and convert weights.

    \b
    unispeech models list
    unispeech models pull small
    unispeech models convert ./my-fine-tune ./my-fine-tune-ct2 --to ctranslate2
    """


@models.command("list")
def list_models() -> None:
    """The models that can be named, and what is kept of them here.

    \b
    unispeech models list
    """
    kept = weight_cache.listing()
    rows = []
    for entry in catalog.ENTRIES:
        here = [one for one in kept if one.name == entry.name]
        spoken = "English" if len(entry.languages) == 1 else str(len(entry.languages) or "")
        megabytes = sum(one.size for one in here) // 1_000_000 if here else entry.megabytes
        formats = ", ".join(one.format for one in here)
        rows.append([entry.name, str(megabytes), spoken, entry.licence, formats, entry.summary])
    known = {entry.name for entry in catalog.ENTRIES}
    for one in kept:
        if one.name not in known:
            megabytes = one.size // 1_000_000
            rows.append([one.name, str(megabytes), "", one.licence, one.format, one.source])
    headings = ("model", "MB", "languages", "licence", "kept as", "")
    tables.show(headings, rows, unbroken=("model", "licence"), width=160)
    say(f"models are kept in {weight_cache.root()}")


@models.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def pull(names: tuple[str, ...]) -> None:
    """Fetch models, so that they work without a network. Damaged ones are fetched again.

    NAME is a name of `unispeech models list` or a repository of the Hugging Face Hub.

    \b
    unispeech models pull base
    unispeech models pull tiny.en small turbo
    unispeech models pull openai/whisper-large-v3
    """
    with bar() as on_progress:
        for name in names:
            kept = store.pull(name, on_progress)
            if kept is None:
                click.echo(store.obtain(name, store.format_held(name)))
                continue
            click.echo(kept.path)
            say(f"{kept.name} from {kept.source}; licence: {kept.licence or 'see its page'}")


@models.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def rm(names: tuple[str, ...]) -> None:
    """Remove models in all formats.

    \b
    unispeech models rm tiny.en
    """
    for name in names:
        freed = weight_cache.remove(model_names.kept_name(name))
        say(f"{name}: {freed // 1_000_000} MB freed" if freed else f"{name}: it is not kept here")


@models.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
def verify(names: tuple[str, ...]) -> None:
    """Compare every byte of what is kept with what was fetched.

    \b
    unispeech models verify
    unispeech models verify base
    """
    wanted = {model_names.kept_name(name) for name in names}
    kept = [one for one in weight_cache.listing() if not wanted or one.name in wanted]
    if missing := wanted - {one.name for one in kept}:
        raise UnispeechError(
            f"not kept here: {', '.join(sorted(missing))}",
            f"run: unispeech models pull {' '.join(sorted(missing))}",
        )
    damaged = []
    for one in kept:
        wrong = weight_cache.verify(one)
        click.echo(f"{one.name} {one.format}: {'damaged' if wrong else 'whole'}")
        for line in wrong:
            say(line)
        damaged += [one.name] if wrong else []
    if damaged:
        raise ModelDamaged(
            f"damaged: {', '.join(damaged)}", f"run: unispeech models pull {' '.join(damaged)}"
        )


@models.command()
@click.argument("source", metavar="SRC")
@click.argument("target", metavar="DST", type=click.Path(path_type=Path))
@click.option("--to", "format", required=True, type=click.Choice(FORMATS), help="The new format.")
def convert(source: str, target: Path, format: str) -> None:
    """Write a model in another format: SRC is a name or a path, DST must not exist yet.

    DST becomes a folder (ctranslate2, hf) or one file (openai, ggml). Nothing of the weights is
    lost; what the format of SRC cannot hold is taken from OpenAI's own models, and said.

    \b
    unispeech models convert ./my-fine-tune ./my-fine-tune-ct2 --to ctranslate2
    unispeech models convert base base.pt --to openai
    unispeech models convert ./lora-adapter ggml-mine.bin --to ggml
    """
    with bar() as on_progress:
        notes = store.convert_to(source, target, format, on_progress)
    for note in notes:
        say(note)
    click.echo(target)
