"""`unispeech languages`."""

from __future__ import annotations

import click

from unispeech import languages as names
from unispeech.backends import choose
from unispeech.errors import OptionError
from unispeech.options import LoadOptions, TranscribeOptions


@click.command()
@click.argument("words", metavar="[WORD]...", nargs=-1)
@click.option("--backend", help="Runtime.  [default: faster]")
@click.option("--model", help="Name, Hub id or local path.  [default: the backend's own]")
def languages(words: tuple[str, ...], backend: str | None, model: str | None) -> None:
    """Which languages a model has: code and English name, all or those with a WORD in either.

    Nothing is downloaded.

    \b
    unispeech languages
    unispeech languages --backend mms
    unispeech languages --backend mms quechua
    """
    settled = choose.settle_request(backend or "faster", model, LoadOptions(), TranscribeOptions())
    if backend and (refusal := settled.refusal("model")):
        raise refusal.error()
    facts = settled.model
    aliases = names.aliases(facts.languages)
    wanted = [word.lower() for word in words]
    found = False
    for code, name in sorted(facts.languages.items(), key=lambda pair: pair[1].lower()):
        shown = f"{code}\t{name[:1].upper()}{name[1:]}"
        part = names.iso639_1(code)
        if part != code and aliases.get(part) == code:
            shown += f"\t{part}"
        if all(word in shown.lower() for word in wanted):
            click.echo(shown)
            found = True
    if not found:
        facts.language(" ".join(words))  # says what is near
        raise OptionError(f"no language with {' and '.join(words)} in its name")
