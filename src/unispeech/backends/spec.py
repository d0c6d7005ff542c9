"""Description of a backend, available before its library is imported."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from unispeech.backends.base import Backend, Capabilities
from unispeech.environments import catalog
from unispeech.environments.catalog import Lock
from unispeech.errors import BackendMissing, OptionError
from unispeech.models import store
from unispeech.models.entry import Entry
from unispeech.models.facts import ModelFacts, family_title
from unispeech.types import Progress

OnProgress = Callable[[Progress], None]
Weights = Callable[[str, OnProgress | None], Path | None]
"""Return the path of a model's weights, downloaded if needed; None if the library carries them."""
Facts = Callable[[str], ModelFacts]
"""Describe a model without downloading it. Raises UnknownModel."""


@dataclass(frozen=True, slots=True)
class BackendSpec:
    """One backend: a row of `registry.BUILT_IN`, or an entry point of a third party.

    A backend with its own model family sets `facts` and `weights`, as callables or as
    `package.module:function`. Without them it uses the models of the catalog and the Hub.
    """

    name: str
    target: str
    """`package.module:Class` of the `Backend` subclass."""
    summary: str
    requires: tuple[str, ...]
    """Modules that must be installed; probed, not imported."""
    capabilities: Capabilities
    aliases: tuple[str, ...] = ()
    extra: str = ""
    """The extra of `unispeech` that installs the library; empty if the default install has it."""
    model_format: str = "ctranslate2"
    """The format of the weights passed to the class (`models.formats.registry`). A custom `weights`
    may ignore it."""
    family: str = "whisper"
    """The model family it runs: the `family` of their facts."""
    family_title: str = ""
    """Display name of the family; needed for a family that is not in `models.facts.FAMILIES`."""
    families: Mapping[str, Capabilities] = field(default_factory=dict)
    """Capabilities by model family, for a backend of several; `capabilities` is then what any of
    them can do. Empty: one `family`."""
    default_model: str = "base"
    """Empty if there is no default, so that `model` is required."""
    context: float = 0.0
    """Seconds of context on both sides of a chunk, for models with frame scores."""
    environment: str = ""
    """Name of the isolated environment the backend can run in; empty if it has none."""
    lock: Path | str = ""
    """Lock of that environment, as a file or its text (`environments.catalog`); empty for a
    built-in environment."""
    weights: Weights | str | None = None
    facts: Facts | str | None = None

    def __post_init__(self) -> None:
        if bool(self.weights) != bool(self.facts):
            raise ValueError(f"the backend {self.name}: set both weights and facts, or neither")

    @property
    def model_kind(self) -> str:
        """The kind of models it runs, for messages."""
        titles = [family_title(name) for name in self.names_of_families]
        return self.family_title or ", ".join(titles)

    @property
    def names_of_families(self) -> tuple[str, ...]:
        """The families it runs."""
        return tuple(self.families) or (self.family,)

    def runs(self, family: str) -> bool:
        """Return True if it runs models of a family."""
        return family in self.names_of_families

    def runs_entry(self, entry: Entry) -> bool:
        """Return True if it runs a model of the catalog. Only Whisper's are converted."""
        formats = {source.format for source in entry.sources}
        return self.runs(entry.family) and (
            entry.family == "whisper" or self.model_format in formats
        )

    def of(self, model: ModelFacts) -> BackendSpec:
        """Return the backend with the family and the capabilities that it has for a model."""
        can = self.families.get(model.family, self.capabilities)
        if model.compute_types:
            types = tuple(t for t in can.compute_types if t in model.compute_types)
            can = replace(can, compute_types=types)
        family = model.family if self.runs(model.family) else self.family
        return replace(self, capabilities=can, family=family)

    def describe(self, model: str) -> ModelFacts:
        """Return the languages and tasks of a model without downloading it.

        Raises:
            UnknownModel: no model has this name.
            ModelDamaged: a local model is broken.
        """
        if self.facts is None:
            return store.describe(model, self.family)
        facts: ModelFacts = _imported(self.facts)(model)
        return facts

    def obtain(self, model: str, on_progress: OnProgress | None = None) -> Path | None:
        """Return the weights of a model, downloaded if needed; None if the library carries them.

        Raises:
            UnknownModel, ModelUnavailable, ModelDamaged, ModelError.
        """
        if self.weights is None:
            return store.obtain(model, self.model_format, on_progress)
        path: Path | None = _imported(self.weights)(model, on_progress)
        return path

    def environment_lock(self) -> Lock | None:
        """Return the lock of the backend's environment; None if it has no environment."""
        if not self.lock:
            return catalog.locks().get(self.environment)
        text = self.lock.read_text(encoding="utf-8") if isinstance(self.lock, Path) else self.lock
        return catalog.read(self.environment, text)

    def model_or_default(self, model: str | None) -> str:
        """Return the name of a model, or of the default model.

        Raises:
            OptionError: the backend has no default.
        """
        if model or self.default_model:
            return model or self.default_model
        raise OptionError(
            f"model: the backend {self.name} has no default", "give model=NAME", option="model"
        )

    def installed(self) -> bool:
        """Return True if its libraries can be found; importing one could crash the process."""
        try:
            return all(find_spec(name) is not None for name in self.requires)
        except (ImportError, ValueError):
            return False

    @property
    def install_command(self) -> str:
        if self.environment:
            return f"unispeech backends install {self.name}"
        if self.extra:
            return f"pip install 'unispeech[{self.extra}]'"
        if self.target.startswith("unispeech."):
            return "pip install unispeech"
        return f"pip install {' '.join(self.requires) or self.target.partition('.')[0]}"

    def load_class(self) -> type[Backend]:
        """Import the adapter.

        Raises:
            BackendMissing: its library is not installed, broken, or of an unsupported version.
        """
        if not self.installed():
            raise BackendMissing(
                f"the backend {self.name} is not installed", f"run: {self.install_command}"
            )
        try:
            backend: type[Backend] = _imported(self.target)
        except (ImportError, AttributeError, OSError) as error:
            raise BackendMissing(
                f"the backend {self.name} cannot be imported: {error}",
                f"run: {self.install_command}",
            ) from error
        return backend


def _imported(target: Callable[..., Any] | str) -> Any:
    """Import the object of `package.module:name`; other objects pass."""
    if not isinstance(target, str):
        return target
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)
