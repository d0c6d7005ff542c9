"""What is known of a backend before anything of it is imported."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from unispeech.backends.base import Backend, Capabilities
from unispeech.environments import catalog
from unispeech.environments.catalog import Lock
from unispeech.errors import BackendMissing, OptionError
from unispeech.models import store
from unispeech.models.facts import ModelFacts, family_title
from unispeech.types import Progress

OnProgress = Callable[[Progress], None]
Weights = Callable[[str, OnProgress | None], Path | None]
"""Give the path of a model's weights, fetched if need be; None where the library carries them."""
Facts = Callable[[str], ModelFacts]
"""Describe a model without fetching it. Raises UnknownModel."""


@dataclass(frozen=True, slots=True)
class BackendSpec:
    """One backend: ours are the rows of `registry.BUILT_IN`, others' come by an entry point.

    A backend of a model family of its own brings `facts` and `weights`, as callables or as
    `package.module:function`. Without them its models are those of the catalog and the Hub.
    """

    name: str
    target: str
    """`package.module:Class` of the `Backend`."""
    summary: str
    requires: tuple[str, ...]
    """Importable names that must be there; probed, not imported."""
    capabilities: Capabilities
    aliases: tuple[str, ...] = ()
    extra: str = ""
    """The extra of our package that installs it; empty where the default install has it."""
    model_format: str = "ctranslate2"
    """The format of the weights it is given (`models.formats.registry`); `weights` may take no
    notice of it."""
    family: str = "whisper"
    """The kind of models it runs: the `family` of their facts."""
    family_title: str = ""
    """The family as users read it; needed for one that we do not know (`models.facts.FAMILIES`)."""
    default_model: str = "base"
    """Empty where there is none, and one has to be given."""
    context: float = 0.0
    """Seconds of sound around a chunk that the model should see; for what it says of frames."""
    environment: str = ""
    """The name of the environment it can run in when it cannot live in this one."""
    lock: Path | str = ""
    """The lock of that environment, as a file or its text (`environments.catalog`); empty for one
    of ours."""
    weights: Weights | str | None = None
    facts: Facts | str | None = None

    def __post_init__(self) -> None:
        if bool(self.weights) != bool(self.facts):
            raise ValueError(f"the backend {self.name}: weights and facts belong together")

    @property
    def model_kind(self) -> str:
        """The kind of models it runs, as users read it."""
        return self.family_title or family_title(self.family)

    def describe(self, model: str) -> ModelFacts:
        """Languages and tasks of a model; nothing is fetched.

        Raises:
            UnknownModel: there is none of this name. ModelDamaged: a local one is broken.
        """
        if self.facts is None:
            return store.describe(model)
        facts: ModelFacts = _imported(self.facts)(model)
        return facts

    def obtain(self, model: str, on_progress: OnProgress | None = None) -> Path | None:
        """The weights of a model, fetched if need be; None where the library carries them.

        Raises:
            UnknownModel, ModelUnavailable, ModelDamaged, ModelError.
        """
        if self.weights is None:
            return store.obtain(model, self.model_format, on_progress)
        path: Path | None = _imported(self.weights)(model, on_progress)
        return path

    def environment_lock(self) -> Lock | None:
        """The lock of its environment; None where it needs none."""
        if not self.lock:
            return catalog.locks().get(self.environment)
        text = self.lock.read_text(encoding="utf-8") if isinstance(self.lock, Path) else self.lock
        return catalog.read(self.environment, text)

    def named(self, model: str | None) -> str:
        """The model to use where perhaps none is named.

        Raises:
            OptionError: the backend has no default.
        """
        if model or self.default_model:
            return model or self.default_model
        raise OptionError(
            f"model: the backend {self.name} has no default", "name one", option="model"
        )

    def installed(self) -> bool:
        """Whether its libraries can be found. Importing a broken one could take us down with it."""
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
            BackendMissing: its library is not installed, or does not import: of another version
                than the adapter wants, or broken.
        """
        if not self.installed():
            raise BackendMissing(
                f"the backend {self.name} is not installed", f"run: {self.install_command}"
            )
        try:
            backend: type[Backend] = _imported(self.target)
        except (ImportError, AttributeError, OSError) as error:
            raise BackendMissing(
                f"the backend {self.name} does not import here: {error}",
                f"run: {self.install_command}",
            ) from error
        return backend


def _imported(target: Callable[..., Any] | str) -> Any:
    """The object of `package.module:name`."""
    if not isinstance(target, str):
        return target
    module, _, name = target.partition(":")
    return getattr(importlib.import_module(module), name)
