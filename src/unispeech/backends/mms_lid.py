"""Which language is spoken, by a model made for that: facebook/mms-lid-126 to -4017."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
import transformers

from unispeech import languages
from unispeech.backends import pytorch
from unispeech.backends.ctc import VARIANCE_FLOOR, Ctc
from unispeech.backends.failures import wrapped
from unispeech.backends.pretrained import load_model
from unispeech.errors import OptionError
from unispeech.types import Samples


class LanguageIdentifier:
    """A loaded classifier. Safe to call from several threads.

    Raises:
        ModelDamaged, BackendError: it cannot be loaded.
    """

    def __init__(self, model: Path, device: str = "auto") -> None:
        self._device = pytorch.device_of("language identification", device)
        self._model = load_model(
            transformers.AutoModelForAudioClassification,
            model,
            torch.float32,
            self._device,
            Ctc.dispensable,
        )
        self._labels = [
            self._model.config.id2label[i] for i in range(self._model.config.num_labels)
        ]

    def probabilities(self, samples: Samples) -> dict[str, float]:
        """How likely each language is, by ISO 639-3 code, for sound of shape (n,)."""
        sound = (samples - samples.mean()) / np.sqrt(samples.var() + VARIANCE_FLOOR)
        values = torch.from_numpy(sound.astype(np.float32)).to(self._device)[None]
        with wrapped("language identification"), torch.inference_mode():
            scores = self._model(values).logits[0].float().softmax(-1).tolist()
        return dict(zip(self._labels, scores, strict=True))

    def detect(self, samples: Samples, known: Mapping[str, str]) -> tuple[str, float]:
        """The likeliest of the languages that are `known` to a backend's model (code to name).

        The probability is that among all languages, so it is low where another one is spoken.

        Raises:
            OptionError: it knows none of them.
        """
        aliases = languages.aliases(known)
        found: dict[str, float] = defaultdict(float)
        for code, probability in self.probabilities(samples).items():
            if spoken := languages.find(code, known, aliases):
                found[spoken] += probability
        if not found:
            raise OptionError(
                "language_id_model: this model knows none of the backend's languages",
                "choose one with more languages, or give language=CODE",
            )
        best = max(found, key=lambda code: found[code])
        return best, found[best]

    def close(self) -> None:
        self._model = None
