"""Models that requests may name, and those that they may have downloaded."""

from __future__ import annotations

from collections.abc import Callable

from unispeech.backends import choose, registry
from unispeech.errors import ModelUnavailable, UnknownModel, did_you_mean
from unispeech.models import catalog, companions, model_names, weight_cache
from unispeech.models.entry import Entry
from unispeech.server.settings import Settings
from unispeech.system.addresses import is_loopback

DIARIZING = "gpt-4o-transcribe-diarize"
HOSTED = frozenset(
    {
        "whisper-1",
        "gpt-transcribe",
        "gpt-4o-transcribe",
        "gpt-4o-mini-transcribe",
        "gpt-4o-mini-transcribe-2025-12-15",
        "gpt-live-transcribe",
        "gpt-realtime-whisper",
        DIARIZING,
    }
)
"""Model IDs of OpenAI's service, which stand for the server's default model."""


class ClientModels:
    """Models of one server, by its settings and its store."""

    def __init__(self, settings: Settings, keys_required: Callable[[], bool]) -> None:
        self._settings = settings
        self._keys_required = keys_required
        self.inference_model: str | None = None
        """Model that whisper.cpp's `/load` has chosen for `/inference`; None: the default."""

    def resolve(self, name: str | None, backend: str | None = None) -> str:
        """Return the model that a client's name stands for.

        Raises:
            UnknownModel: the name is neither the server's model, nor in the store or catalog, nor
                the default of a backend with models of its own.
            ModelUnavailable: its weights would have to be downloaded, which requests may not cause.
            UnknownBackend: there is no such backend.
        """
        if backend and backend != choose.AUTO:
            spec = registry.find(backend)
            if spec.facts and (name or spec.default_model) == spec.default_model:
                return spec.default_model
        if not name or name in HOSTED or name == self._settings.model:
            return self._settings.model
        if is_offered(name):
            if not self.may_name(name):
                raise not_here(name, "model")
            return name
        near = catalog.nearest(name)
        raise UnknownModel(
            f"model {name[:100]!r} is unknown here", did_you_mean(near), option="model"
        )

    def may_name(self, model: str) -> bool:
        """Return whether requests may use a model of the catalog: they may have its weights
        downloaded, or need not.

        Without keys on loopback, the clients are the operator's own.
        """
        settings = self._settings
        name = _main_name(model)
        own = (settings.model, settings.waas_model, settings.diarize_model)
        if name in map(_main_name, own) or any(map(weight_cache.formats, {model, name})):
            return True
        if settings.fetch_models is not None:
            return self.is_listed(model)
        return is_loopback(settings.host) and not self._keys_required()

    def entries(self) -> list[Entry]:
        """Return the models of the catalog that requests may use."""
        return [entry for entry in catalog.ENTRIES if self.may_name(entry.name)]

    def is_listed(self, model: str) -> bool:
        """Return whether `fetch_models` lists a model; `*` stands for the catalog and the default
        aligners."""
        listed = self._settings.fetch_models or []
        if "*" in listed and (catalog.find(model) or model in companions.ALIGNERS.values()):
            return True
        return _main_name(model) in map(_main_name, listed)

    def check_download(self, model: str) -> None:
        """Check that requests may have a model downloaded.

        Raises:
            ModelUnavailable: they may not. Requests that name it are refused earlier; the aligner
                of a detected language is known only after decoding.
        """
        if not self.may_name(model):
            raise not_here(model)


def is_offered(model: str) -> bool:
    """Return whether clients may name this model: it is in the catalog or the store."""
    is_cached = model_names.HUB_ID.fullmatch(model) and weight_cache.formats(model)
    return bool(catalog.find(model) or is_cached)


def not_here(model: str, option: str = "") -> ModelUnavailable:
    """Return the error about a model that is not in the store and must not be downloaded."""
    return ModelUnavailable(
        f"model {model!r} is not on this server",
        "its operator can fetch it, or add it to UNISPEECH_FETCH_MODELS",
        option=option,
    )


def _main_name(model: str) -> str:
    """Return the name of a model in the catalog instead of another one of it."""
    entry = catalog.find(model)
    return entry.name if entry else model
