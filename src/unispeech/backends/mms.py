"""MMS: one model, and a small adapter per language with its own output layer and alphabet.

A chunk of another language swaps the adapter in the loaded model; the model itself is not reloaded
(Pratap et al. 2023, section 5; transformers, Wav2Vec2ForCTC.load_adapter).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch
from safetensors.torch import load_file

from unispeech.backends.ctc import Ctc
from unispeech.errors import ModelDamaged, UnsupportedOption
from unispeech.models import store
from unispeech.models.facts import ModelFacts
from unispeech.models.formats import ctc_folder
from unispeech.models.formats.ctc_folder import Vocabulary
from unispeech.options import LoadOptions

CACHED_ADAPTERS = 16
"""Adapters kept in memory; an adapter of mms-1b-all has 9 MB."""


@dataclass(frozen=True, slots=True)
class Adapter:
    """A language's weights, by their names in the model, and its alphabet."""

    weights: dict[str, torch.Tensor]
    vocabulary: Vocabulary


class Mms(Ctc):
    """A CTC model with adapters. Calls in different languages take turns."""

    name = "mms"
    optional_weights: ClassVar[tuple[str, ...]] = (
        *Ctc.optional_weights,
        "adapter_layer",
        "lm_head",
    )

    def __init__(self, model: Path, facts: ModelFacts, options: LoadOptions) -> None:
        super().__init__(model, facts, options)
        self._facts = facts
        self._turn = threading.Lock()
        self._adapters: OrderedDict[str, Adapter] = OrderedDict()
        self._active = ""  # the language whose adapter is in the model
        if self._model.config.adapter_attn_dim is None:
            raise ModelDamaged(f"{model}: the model has no adapters", "use the backend ctc")

    def _first_vocabulary(self, model: Path) -> Vocabulary:
        return Vocabulary((), 0)

    @contextmanager
    def _language(self, language: str | None) -> Iterator[Vocabulary]:
        if not language:
            raise UnsupportedOption(
                "mms cannot detect the language", "give language=CODE", option="language"
            )
        with self._turn:
            adapter = self._adapter(language)
            if self._active != language:
                self._activate(adapter)
                self._active = language
            yield adapter.vocabulary

    def _adapter(self, language: str) -> Adapter:
        if language in self._adapters:
            self._adapters.move_to_end(language)
            return self._adapters[language]
        path = ctc_folder.adapter_file(self._folder, language)
        if not path.is_file():
            path = store.adapter(self._facts.name, path.name)
        ctc_folder.check_adapter(self._folder, language, path)
        adapter = Adapter(load_file(path), ctc_folder.vocabulary(self._folder, language))
        self._adapters[language] = adapter
        if len(self._adapters) > CACHED_ADAPTERS:
            self._adapters.popitem(last=False)
        return adapter

    def _activate(self, adapter: Adapter) -> None:
        """Copy an adapter into the model; the output layer is resized to its alphabet."""
        self._active = ""
        size, width = adapter.weights["lm_head.weight"].shape
        if self._model.lm_head.out_features != size:
            layer = torch.nn.Linear(width, size, device=self._device, dtype=self._model.dtype)
            self._model.lm_head = layer.requires_grad_(False)
        current = self._model._get_adapters()
        if current.keys() != adapter.weights.keys():
            names = ", ".join(sorted(current.keys() ^ adapter.weights.keys())[:3])
            raise ModelDamaged(f"{self._folder}: the adapter and the model differ in {names}")
        with torch.inference_mode():
            for name, value in adapter.weights.items():
                current[name].copy_(value)
