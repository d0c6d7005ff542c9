"""What is known of a backend before anything of it is imported."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from importlib.util import find_spec

from unispeech.backends.base import Backend, Capabilities
from unispeech.errors import BackendMissing, OptionError


@dataclass(frozen=True, slots=True)
class BackendSpec:
    """One backend. Adding one is an adapter file and a row of `registry.BUILT_IN`."""

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
    """What the store hands it: ctranslate2, hf, openai, ggml, ..."""
    family: str = "whisper"
    default_model: str = "base"
    """Empty where there is none, and one has to be given."""
    context: float = 0.0
    """Seconds of sound around a chunk that the model should see; for what it says of frames."""
    environment: str = field(default="")
    """The name of the environment it can run in when it cannot live in this one."""

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
        return "pip install unispeech"

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
        module, _, name = self.target.partition(":")
        try:
            backend: type[Backend] = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError, OSError) as error:
            raise BackendMissing(
                f"the backend {self.name} does not import here: {error}",
                f"run: {self.install_command}",
            ) from error
        return backend
