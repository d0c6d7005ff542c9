"""The configurations to measure: every combination that a backend supports."""

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
    """The requested values; every combination is a configuration."""

    backends: tuple[str, ...]
    models: tuple[str, ...]
    compute_types: tuple[str, ...] = ("default",)
    batch_sizes: tuple[int, ...] = (16,)
    strategies: tuple[str, ...] = ("batched",)
    beam_sizes: tuple[int, ...] = (5,)
    threads: int = 0
    device: str = "auto"
    words: bool = False
    aligner: str = "none"


def installed() -> tuple[str, ...]:
    """Return the names of the backends that can run here."""
    return tuple(name for name, spec in registry.specs().items() if registry.is_available(spec))


def configurations(grid: Grid) -> list[Configuration]:
    """Return the combinations, without duplicates that a backend does not distinguish.

    A backend without beam search, for example, has one row for all beam sizes.

    Raises:
        UnknownBackend, UnknownModel: an unknown name. OptionError: an empty grid.
    """
    for model in grid.models:
        _check_model(model, grid.backends)
    unique: dict[str, Configuration] = {}
    for model, backend, compute_type, strategy, batch_size, beam_size in itertools.product(
        grid.models,
        grid.backends,
        grid.compute_types,
        grid.strategies,
        grid.batch_sizes,
        grid.beam_sizes,
    ):
        configuration = _canonical(
            Configuration(
                backend_name(backend), model, compute_type, batch_size, strategy, beam_size,
                grid.threads, grid.device, grid.words, grid.aligner,
            )
        )  # fmt: skip
        if _matches(configuration):
            unique.setdefault(configuration.key, configuration)
    if not unique:
        raise OptionError(
            f"nothing to measure: {', '.join(grid.backends) or 'no backend'} cannot run "
            f"{', '.join(grid.models) or 'no model'}",
            "name a backend and a model of its family",
        )
    return list(unique.values())


def backend_name(backend: str) -> str:
    """Return the name of a backend or peer, by any of its aliases.

    Raises:
        UnknownBackend: there is none. BackendMissing: the peer's library is not installed.
    """
    if backend.startswith(PEER):
        return peers.find(backend).name
    return registry.find(backend).name


def _check_model(model: str, backends: Iterable[str]) -> None:
    """Raises:
    UnknownModel: none of the backends knows the model.
    """
    names = [backend_name(backend) for backend in backends if not backend.startswith(PEER)]
    refusals = [Configuration(backend, model).settled().refusal("model") for backend in names]
    if refusals and all(refusal and refusal.kind is UnknownModel for refusal in refusals):
        raise next(refusal.error() for refusal in refusals if refusal)


def _matches(configuration: Configuration) -> bool:
    """Return True if the backend runs models of this family; other combinations are skipped."""
    if configuration.is_peer:
        return True
    return configuration.settled().refusal("model") is None


def _canonical(configuration: Configuration) -> Configuration:
    """Reset the options that make no difference to the backend."""
    if configuration.is_peer:
        peer = peers.find(configuration.backend)
        return replace(
            configuration,
            strategy="batched",
            batch_size=configuration.batch_size if peer.batches else 0,
        )
    dropped = {refusal.option for refusal in configuration.settled().dropped}
    return replace(
        configuration,
        beam_size=1 if "beam_size" in dropped else configuration.beam_size,
        batch_size=configuration.batch_size if configuration.strategy == "batched" else 0,
        words=configuration.words and "word_timestamps" not in dropped,
    )


def refusal(configuration: Configuration, languages: Iterable[str | None]) -> UnispeechError | None:
    """Return why this configuration cannot run, before anything is loaded; None if it can."""
    try:
        for language in sorted(set(languages), key=str):
            if not configuration.is_peer:
                configuration.settled(language).checked()
            elif language and (
                problem := unknown_language(store.describe(configuration.model), language)
            ):
                raise problem
    except UnispeechError as error:
        if language and error.option == "language":
            return OptionError(
                f"the data has recordings in {language!r}: {error.message}", "leave them out"
            )
        return error
    return None


def expand(names: Sequence[str], available: Sequence[str]) -> tuple[str, ...]:
    """Replace `all` by every available backend, and drop duplicates."""
    expanded: list[str] = []
    for name in names or ("all",):
        expanded += available if name == "all" else [name]
    return tuple(dict.fromkeys(expanded))
