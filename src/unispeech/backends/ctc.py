"""Any CTC checkpoint of transformers: wav2vec2, HuBERT, WavLM.

The model outputs log probabilities every 20 ms; `unispeech.ctc.words` decodes them after
neighbouring chunks are joined. Each chunk includes some context on both sides, since the model is
less accurate at the edges of its input; the frames of the context are dropped.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
import transformers

from unispeech.backends import pytorch
from unispeech.backends.base import Backend
from unispeech.backends.failures import wrapped
from unispeech.backends.pretrained import load_model
from unispeech.ctc import words
from unispeech.models.facts import ModelFacts
from unispeech.models.formats import ctc_folder
from unispeech.models.formats.ctc_folder import Vocabulary
from unispeech.models.formats.headers import read_object
from unispeech.options import DecodeOptions, LoadOptions
from unispeech.types import SAMPLE_RATE, Chunk, ChunkResult, Emissions, Samples

WINDOWS = (6.0, 11.0, 16.0, 21.0, 26.0, 31.0, 36.0)
"""Lengths in seconds that chunks are padded to, so that a chunk's scores do not depend on the rest
of its batch."""
VARIANCE_FLOOR = 1e-7
"""Same value as transformers' Wav2Vec2FeatureExtractor."""


class Ctc(Backend):
    """A CTC model with one vocabulary. torch is safe to call from several threads."""

    name = "ctc"
    optional_weights: ClassVar[tuple[str, ...]] = ("masked_spec_embed",)
    """Weights a folder may lack: only training uses them, and many folders leave them out."""

    def __init__(self, model: Path, facts: ModelFacts, options: LoadOptions) -> None:
        self._folder = model
        self._vocabulary = self._first_vocabulary(model)
        self._threads = options.threads
        self._device = pytorch.device_of(self.name, options.device)
        self._model = load_model(
            transformers.AutoModelForCTC,
            model,
            _dtype(options.compute_type),
            self._device,
            self.optional_weights,
        )
        config = self._model.config
        self._stride: int = math.prod(config.conv_stride)
        # If the first layer normalises over the whole input, padding would change the scores.
        self._unpadded = config.feat_extract_norm == "group"
        settings = model / "preprocessor_config.json"
        self._normalise = not settings.is_file() or bool(
            read_object(settings).get("do_normalize", True)
        )

    def _first_vocabulary(self, model: Path) -> Vocabulary:
        return ctc_folder.vocabulary(model)

    @property
    def windows(self) -> tuple[float, ...]:
        return WINDOWS

    def transcribe_batch(
        self, chunks: Sequence[Chunk], options: DecodeOptions
    ) -> list[ChunkResult]:
        return [
            ChunkResult(
                words.read(emissions, chunk.language, options.word_timestamps, options.ngram),
                emissions=emissions,
            )
            for chunk, emissions in zip(chunks, self.emissions(chunks), strict=True)
        ]

    def emissions(self, chunks: Sequence[Chunk]) -> list[Emissions]:
        """Return the frame scores of each chunk, from its start to its end."""
        emissions: dict[int, Emissions] = {}
        for indices in self._groups(chunks):
            batch = [chunks[i] for i in indices]
            with wrapped(self.name), self._language(batch[0].language) as vocabulary:
                scores = self._scores(batch)
            for index, chunk, frames in zip(indices, batch, scores, strict=True):
                emissions[index] = self._without_context(chunk, frames, vocabulary)
        return [emissions[index] for index in range(len(chunks))]

    def _groups(self, chunks: Sequence[Chunk]) -> Iterator[list[int]]:
        """Yield the indices of chunks that go through the model together."""
        if self._unpadded:
            yield from ([i] for i in range(len(chunks)))
            return
        for key in sorted({(chunk.window, chunk.language or "") for chunk in chunks}):
            yield [i for i, c in enumerate(chunks) if (c.window, c.language or "") == key]

    @contextmanager
    def _language(self, language: str | None) -> Iterator[Vocabulary]:
        """Switch the model to a language while the block runs, and yield its vocabulary."""
        yield self._vocabulary

    def _scores(self, chunks: Sequence[Chunk]) -> list[Any]:
        """Return the log probabilities of all frames of each chunk, context included."""
        sounds = [self._samples(chunk) for chunk in chunks]
        size = max(map(len, sounds))
        if not self._unpadded:
            size = max(size, round(chunks[0].window * SAMPLE_RATE))
        values = np.zeros((len(sounds), size), np.float32)
        mask = np.zeros((len(sounds), size), np.int64)
        for row, samples in enumerate(sounds):
            values[row, : len(samples)] = samples
            mask[row, : len(samples)] = 1
        inputs: dict[str, Any] = {"input_values": self._tensor(values)}
        if not self._unpadded:
            inputs["attention_mask"] = torch.from_numpy(mask).to(self._device)
        with pytorch.inference(self._threads):
            logits = self._model(**inputs).logits.float()
            scores = torch.log_softmax(logits, dim=-1).cpu().numpy()
        lengths = self._model._get_feat_extract_output_lengths(
            torch.tensor([len(samples) for samples in sounds])
        )
        return [scores[row, :length] for row, length in enumerate(lengths.tolist())]

    def _tensor(self, values: Any) -> torch.Tensor:
        return torch.from_numpy(values).to(self._device, self._model.dtype)

    def _samples(self, chunk: Chunk) -> Samples:
        """Return the chunk's samples from the next frame boundary on, normalised.

        Frame boundaries count from the start of the file, so that frames of neighbouring chunks
        line up.
        """
        samples = chunk.samples[self._skip(chunk) :]
        shortest = self._stride * 2
        if len(samples) < shortest:
            samples = np.pad(samples, (0, shortest - len(samples)))
        if self._normalise:
            samples = (samples - samples.mean()) / np.sqrt(samples.var() + VARIANCE_FLOOR)
        return samples

    def _skip(self, chunk: Chunk) -> int:
        """Return the number of samples before the chunk's first frame boundary."""
        return -round((chunk.start - chunk.before) * SAMPLE_RATE) % self._stride

    def _without_context(self, chunk: Chunk, frames: Any, vocabulary: Vocabulary) -> Emissions:
        """Return the frames that begin inside the chunk; a frame of the file is in one chunk."""
        first = round((chunk.start - chunk.before) * SAMPLE_RATE) + self._skip(chunk)
        low = -((first - round(chunk.start * SAMPLE_RATE)) // self._stride)
        high = -((first - round(chunk.end * SAMPLE_RATE)) // self._stride)
        low = max(low, 0)
        size = frames.shape[1]
        return Emissions(
            scores=np.ascontiguousarray(frames[low:high], np.float32),
            tokens=(*vocabulary.tokens, *[""] * size)[:size],
            blank=vocabulary.blank,
            step=self._stride / SAMPLE_RATE,
            start=(first + low * self._stride) / SAMPLE_RATE - chunk.start,
        )

    def close(self) -> None:
        self._model = None


def _dtype(compute_type: str) -> torch.dtype:
    """Return the torch type; `default` is float32, as half precision is slow on most CPUs."""
    return getattr(torch, "float32" if compute_type == "default" else compute_type)  # type: ignore[no-any-return]
