"""Spoken language identification with facebook/mms-lid-126 to -4017."""

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
        ModelDamaged, BackendError: the model cannot be loaded.
    """

    def __init__(self, model: Path, device: str = "auto") -> None:
        self._device = pytorch.device_of("language identification", device)
        self._model = load_model(
            transformers.AutoModelForAudioClassification,
            model,
            torch.float32,
            self._device,
            Ctc.optional_weights,
        )
        self._labels = [
            self._model.config.id2label[i] for i in range(self._model.config.num_labels)
        ]

    def probabilities(self, samples: Samples) -> dict[str, float]:
        """Return the probability of each language by ISO 639-3 code, for samples of shape (n,)."""
        normalised = (samples - samples.mean()) / np.sqrt(samples.var() + VARIANCE_FLOOR)
        values = torch.from_numpy(normalised.astype(np.float32)).to(self._device)[None]
        with wrapped("language identification"), torch.inference_mode():
            scores = self._model(values).logits[0].float().softmax(-1).tolist()
        return dict(zip(self._labels, scores, strict=True))

    def detect(self, samples: Samples, known: Mapping[str, str]) -> tuple[str, float]:
        """Return the likeliest of the languages `known` to a backend's model (code to name).

        The probability is relative to all languages of the classifier, so it is low if the spoken
        language is not among `known`.

        Raises:
            OptionError: the classifier has none of them.
        """
        aliases = languages.aliases(known)
        scores: dict[str, float] = defaultdict(float)
        for label, probability in self.probabilities(samples).items():
            if code := languages.find(label, known, aliases):
                scores[code] += probability
        if not scores:
            raise OptionError(
                "language_id_model: this model identifies none of the backend's languages",
                "choose a model with more languages, or give language=CODE",
            )
        best = max(scores, key=lambda code: scores[code])
        return best, scores[best]

    def close(self) -> None:
        self._model = None
