"""`unispeech languages`."""

from __future__ import annotations

import click

from unispeech import languages as names
from unispeech.backends import choose
from unispeech.cli.help import Command, option
from unispeech.errors import OptionError
from unispeech.options import LoadOptions, TranscribeOptions


@click.command(cls=Command)
@click.argument("words", metavar="[WORD]...", nargs=-1)
@option(
    "--backend", metavar="NAME", help="Runtime: a name of `unispeech backends`.  [default: faster]"
)
@option(
    "--model",
    metavar="MODEL",
    help="Name of `unispeech models list`, Hub repository or local path.  [default: the backend's]",
)
def languages(words: tuple[str, ...], backend: str | None, model: str | None) -> None:
    """List the languages of a model by code and English name.

    With WORDs, only languages that contain all of them. Nothing is downloaded.

    \b
    Examples:
      unispeech languages
      unispeech languages --backend mms
      unispeech languages --backend mms quechua
    """
    settled = choose.settle_request(backend or "faster", model, LoadOptions(), TranscribeOptions())
    if backend and (refusal := settled.refusal("model")):
        raise refusal.error()
    facts = settled.model
    aliases = names.aliases(facts.languages)
    lowered = [word.lower() for word in words]
    matches = 0
    for code, name in sorted(facts.languages.items(), key=lambda pair: pair[1].lower()):
        line = f"{code}\t{name[:1].upper()}{name[1:]}"
        short_code = names.iso639_1(code)
        if short_code != code and aliases.get(short_code) == code:
            line += f"\t{short_code}"
        if all(word in line.lower() for word in lowered):
            click.echo(line)
            matches += 1
    if not matches:
        facts.language(" ".join(words))  # raises, with the nearest name as a hint
        raise OptionError(f"no language name contains {' and '.join(words)}")
