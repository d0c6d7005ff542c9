"""Any CTC checkpoint of transformers: wav2vec2, HuBERT, WavLM.

The model gives log probabilities for every 20 ms; `unispeech.ctc.words` reads them, once
neighbouring chunks have been joined. Each chunk comes with some sound around it, since the model is
less sure at the edges of what it sees; the frames of that are dropped.
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
from unispeech.models.formats.headers import read_json
from unispeech.options import DecodeOptions, LoadOptions
from unispeech.types import SAMPLE_RATE, Chunk, ChunkResult, Emissions, Samples

WINDOWS = (6.0, 11.0, 16.0, 21.0, 26.0, 31.0, 36.0)
"""Lengths in seconds that chunks are padded to, so that a chunk's scores do not depend on
its companions."""
VARIANCE_FLOOR = 1e-7
"""As in transformers' Wav2Vec2FeatureExtractor."""


class Ctc(Backend):
    """A CTC model with one vocabulary. torch is safe to call from several threads."""

    name = "ctc"
    dispensable: ClassVar[tuple[str, ...]] = ("masked_spec_embed",)
    """Weights a folder may lack: what only training uses is missing in many."""

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
            self.dispensable,
        )
        config = self._model.config
        self._stride: int = math.prod(config.conv_stride)
        # Where the first layer averages over the whole input, padding would change the scores.
        self._alone = config.feat_extract_norm == "group"
        settings = model / "preprocessor_config.json"
        self._normalise = not settings.is_file() or bool(
            read_json(settings).get("do_normalize", True)
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
        """The frame scores of each chunk, from its start to its end."""
        emissions: dict[int, Emissions] = {}
        for places in self._groups(chunks):
            batch = [chunks[i] for i in places]
            with wrapped(self.name), self._speaking(batch[0].language) as vocabulary:
                scores = self._scores(batch)
            for place, chunk, frames in zip(places, batch, scores, strict=True):
                emissions[place] = self._between(chunk, frames, vocabulary)
        return [emissions[place] for place in range(len(chunks))]

    def _groups(self, chunks: Sequence[Chunk]) -> Iterator[list[int]]:
        """The places of chunks that go through the model together."""
        if self._alone:
            yield from ([i] for i in range(len(chunks)))
            return
        for key in sorted({(chunk.window, chunk.language or "") for chunk in chunks}):
            yield [i for i, c in enumerate(chunks) if (c.window, c.language or "") == key]

    @contextmanager
    def _speaking(self, language: str | None) -> Iterator[Vocabulary]:
        """Prepare the model for a language while the block runs."""
        yield self._vocabulary

    def _scores(self, chunks: Sequence[Chunk]) -> list[Any]:
        """Log probabilities of all frames of each chunk's sound, context included."""
        sounds = [self._sound(chunk) for chunk in chunks]
        size = max(map(len, sounds))
        if not self._alone:
            size = max(size, round(chunks[0].window * SAMPLE_RATE))
        values = np.zeros((len(sounds), size), np.float32)
        mask = np.zeros((len(sounds), size), np.int64)
        for row, sound in enumerate(sounds):
            values[row, : len(sound)] = sound
            mask[row, : len(sound)] = 1
        inputs: dict[str, Any] = {"input_values": self._tensor(values)}
        if not self._alone:
            inputs["attention_mask"] = torch.from_numpy(mask).to(self._device)
        with pytorch.running(self._threads):
            logits = self._model(**inputs).logits.float()
            scores = torch.log_softmax(logits, dim=-1).cpu().numpy()
        lengths = self._model._get_feat_extract_output_lengths(
            torch.tensor([len(s) for s in sounds])
        )
        return [scores[row, :length] for row, length in enumerate(lengths.tolist())]

    def _tensor(self, values: Any) -> torch.Tensor:
        return torch.from_numpy(values).to(self._device, self._model.dtype)

    def _sound(self, chunk: Chunk) -> Samples:
        """The chunk's samples from the next frame of the file on, at zero mean and unit variance.

        Frames are counted from the start of the file, so that those of two chunks fit together.
        """
        sound = chunk.samples[self._skip(chunk) :]
        shortest = self._stride * 2
        if len(sound) < shortest:
            sound = np.pad(sound, (0, shortest - len(sound)))
        if self._normalise:
            sound = (sound - sound.mean()) / np.sqrt(sound.var() + VARIANCE_FLOOR)
        return sound

    def _skip(self, chunk: Chunk) -> int:
        return -round((chunk.start - chunk.before) * SAMPLE_RATE) % self._stride

    def _between(self, chunk: Chunk, frames: Any, vocabulary: Vocabulary) -> Emissions:
        """The frames that begin inside the chunk. Each of a file's frames is in one chunk only."""
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
    """`default` is float32: CTC models are small, and half precision is slow on most CPUs."""
    return getattr(torch, "float32" if compute_type == "default" else compute_type)  # type: ignore[no-any-return]
