"""Which configurations are measured: the grid of what was asked for, as far as each can do it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from unispeech.backends import registry
from unispeech.backends.settle import unknown_language
from unispeech.bench import peers
from unispeech.bench.configuration import PEER, Configuration
from unispeech.errors import OptionError, UnispeechError, UnknownModel
from unispeech.models import store


@dataclass(frozen=True, slots=True)
class Grid:
    """What was asked for; every combination is a configuration."""

    backends: tuple[str, ...]
    models: tuple[str, ...]
    compute_types: tuple[str, ...] = ("default",)
    batch_sizes: tuple[int, ...] = (16,)
    strategies: tuple[str, ...] = ("batched",)
    beam_sizes: tuple[int, ...] = (5,)
    threads: int = 0
    device: str = "auto"
    words: bool = False


def installed() -> tuple[str, ...]:
    """Every backend of ours that can run here."""
    return tuple(name for name, spec in registry.specs().items() if registry.is_available(spec))


def configurations(grid: Grid) -> list[Configuration]:
    """The grid, without what makes no difference to a backend (a beam where it has none).

    Raises:
        UnknownBackend, UnknownModel: a name nobody knows. OptionError: an empty grid.
    """
    for model in grid.models:
        _known_model(model, grid.backends)
    found: dict[str, Configuration] = {}
    for model, backend, compute_type, strategy, batch_size, beam_size in itertools.product(
        grid.models,
        grid.backends,
        grid.compute_types,
        grid.strategies,
        grid.batch_sizes,
        grid.beam_sizes,
    ):
        one = _sensible(
            Configuration(
                known(backend), model, compute_type, batch_size, strategy, beam_size,
                grid.threads, grid.device, grid.words,
            )
        )  # fmt: skip
        if _matches(one):
            found.setdefault(one.key, one)
    if not found:
        raise OptionError(
            f"nothing to measure: {', '.join(grid.backends) or 'no backend'} cannot run "
            f"{', '.join(grid.models) or 'no model'}",
            "name a backend and a model of its kind",
        )
    return list(found.values())


def known(backend: str) -> str:
    """The own name of one of ours or of a peer.

    Raises:
        UnknownBackend: there is none. BackendMissing: the peer's library is not installed.
    """
    if backend.startswith(PEER):
        return peers.find(backend).name
    return registry.find(backend).name


def _known_model(model: str, backends: Iterable[str]) -> None:
    """Raises:
    UnknownModel: none of the backends knows the model.
    """
    ours = [known(backend) for backend in backends if not backend.startswith(PEER)]
    refusals = [Configuration(backend, model).settled().refusal("model") for backend in ours]
    if refusals and all(one and one.kind is UnknownModel for one in refusals):
        raise next(one.error() for one in refusals if one)


def _matches(one: Configuration) -> bool:
    """Whether backend and model are of one kind: a grid over both is of those that are."""
    if one.is_peer:
        return True
    return one.settled().refusal("model") is None


def _sensible(one: Configuration) -> Configuration:
    """What the backend has no choice about does not make another configuration."""
    if one.is_peer:
        peer = peers.find(one.backend)
        return replace(one, strategy="batched", batch_size=one.batch_size if peer.batches else 0)
    dropped = {refusal.option for refusal in one.settled().dropped}
    return replace(
        one,
        beam_size=1 if "beam_size" in dropped else one.beam_size,
        batch_size=one.batch_size if one.strategy == "batched" else 0,
        words=one.words and "word_timestamps" not in dropped,
    )


def objection(one: Configuration, languages: Iterable[str | None]) -> str:
    """Return why this configuration cannot run, before anything is loaded; empty where it can."""
    try:
        for language in sorted(set(languages), key=str):
            if not one.is_peer:
                one.settled(language).checked()
            elif language and (problem := unknown_language(store.describe(one.model), language)):
                raise problem
    except UnispeechError as error:
        if language and error.option == "language":
            return f"the data has recordings in {language!r}: {error.message}; leave them out"
        return str(error)
    return ""


def chosen(names: Sequence[str], available: Sequence[str]) -> tuple[str, ...]:
    """`all` is every installed one of ours; the rest stay as they were named."""
    expanded: list[str] = []
    for name in names or ("all",):
        expanded += available if name == "all" else [name]
    return tuple(dict.fromkeys(expanded))
