"""Whisper's decoding loop in numpy, for runtimes that only provide a decoder step.

Suppressed tokens, the mean log probability and the no-speech probability follow openai/whisper
(decoding.py). Chunks are decoded without timestamps, as in every backend.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from unispeech.backends.whisper import prompt
from unispeech.options import DecodeOptions
from unispeech.types import Chunk, ChunkResult, Floats, Segment


class Step(Protocol):
    """A decoder step for one batch, with its key-value cache."""

    def __call__(self, tokens: npt.NDArray[np.int64]) -> Floats:
        """Append tokens (batch, n), and return the logits (batch, vocabulary) of the next one."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """The tokens of one chunk, without the prompt and the end token."""

    tokens: tuple[int, ...]
    avg_logprob: float
    no_speech_prob: float


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A tokenizer with the interface of Hugging Face's, and the token ids that decoding needs."""

    tokenizer: Any
    end: int
    start: int
    previous: int
    no_speech: int
    no_timestamps: int
    size: int
    context: int
    suppressed: Floats
    """Bias on the logits of every step: 0 or minus infinity."""
    suppressed_first: Floats
    """Bias on the logits of the first step."""
    languages: dict[str, int] = field(default_factory=dict)
    tasks: dict[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> Vocabulary:
        """Read a Hugging Face folder."""
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        generation = json.loads((folder / "generation_config.json").read_text(encoding="utf-8"))
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        size = int(config["vocab_size"])
        no_timestamps = int(generation["no_timestamps_token_id"])
        suppressed = np.zeros(size, np.float32)
        suppressed[generation["suppress_tokens"]] = -np.inf
        suppressed[no_timestamps:] = -np.inf
        first = np.zeros(size, np.float32)
        first[generation["begin_suppress_tokens"]] = -np.inf
        return cls(
            tokenizer=tokenizer,
            end=int(generation["eos_token_id"]),
            start=int(generation["decoder_start_token_id"]),
            previous=int(generation["prev_sot_token_id"]),
            no_speech=no_timestamps - 1,
            no_timestamps=no_timestamps,
            size=size,
            context=int(config["max_target_positions"]),
            suppressed=suppressed,
            suppressed_first=first,
            languages={name[2:-2]: id for name, id in generation.get("lang_to_id", {}).items()},
            tasks=generation.get("task_to_id", {}),
        )

    def fit_prompt(self, options: DecodeOptions) -> DecodeOptions:
        """Cut the initial prompt and the hotwords to what the model takes."""
        return prompt.fit(options, lambda text: len(self._ids(text)), self.context // 2 - 1)

    def prompt_tokens(self, options: DecodeOptions) -> list[int]:
        """Return the hotwords and the prompt, up to and including <|startoftranscript|>."""
        fitted = self.fit_prompt(options)
        ids = self._ids(fitted.hotwords) + self._ids(fitted.initial_prompt)
        return [self.previous, *ids, self.start] if ids else [self.start]

    def _ids(self, text: str | None) -> list[int]:
        if not text:
            return []
        return list(self.tokenizer.encode(" " + text.strip(), add_special_tokens=False).ids)

    def task_tokens(self, language: str | None, task: str) -> list[int]:
        """Return the tokens after it: language and task if multilingual, and no timestamps."""
        if not self.languages:
            return [self.no_timestamps]
        return [self.languages[language or "en"], self.tasks[task], self.no_timestamps]

    def result(self, decoded: Decoded, chunk: Chunk) -> ChunkResult:
        """Return the text of a chunk as one segment; no segment if no text was decoded."""
        text = [token for token in decoded.tokens if token < self.end]
        segment = Segment(
            id=0,
            start=0.0,
            end=chunk.duration,
            text=self.tokenizer.decode(text),
            avg_logprob=decoded.avg_logprob,
            no_speech_prob=decoded.no_speech_prob,
        )
        return ChunkResult((segment,) if text else ())


def transcribe(
    step: Step,
    vocabulary: Vocabulary,
    chunks: Sequence[Chunk],
    options: DecodeOptions,
    languages: Sequence[str | None],
    rows: int | None = None,
) -> list[ChunkResult]:
    """Decode chunks to text; arguments as for `decode_chunks`."""
    decoded = decode_chunks(step, vocabulary, chunks, options, languages, rows)
    return [vocabulary.result(text, chunk) for text, chunk in zip(decoded, chunks, strict=True)]


def decode_chunks(
    step: Step,
    vocabulary: Vocabulary,
    chunks: Sequence[Chunk],
    options: DecodeOptions,
    languages: Sequence[str | None],
    rows: int | None = None,
) -> list[Decoded]:
    """Decode chunks, each in its language, which are the first of the `rows` rows of `step`."""
    rows = rows or len(chunks)
    tasks = [vocabulary.task_tokens(language, options.task) for language in languages]
    return decode(
        step,
        vocabulary,
        vocabulary.prompt_tokens(options),
        tasks + tasks[:1] * (rows - len(chunks)),
        rows,
        options.temperatures[0],
        used_rows=len(chunks),
    )


def decode(
    step: Step,
    vocabulary: Vocabulary,
    prompt: Sequence[int],
    tasks: Sequence[Sequence[int]],
    batch: int,
    temperature: float,
    used_rows: int,
) -> list[Decoded]:
    """Decode greedily at temperature 0, else sample once with a fixed seed per row.

    `tasks` are the task tokens of each row, of equal length.

    The text of a row does not depend on the batch. Only the first `used_rows` rows are decoded; the
    rest pad a batch of fixed size.
    """
    rows = np.arange(batch)
    logits = step(np.tile(np.array(prompt, np.int64), (batch, 1)))
    no_speech = np.exp(logits[:, vocabulary.no_speech] - _log_sum(logits))
    logits = step(np.array(tasks, np.int64))
    logits = logits + vocabulary.suppressed_first
    text: list[list[int]] = [[] for _ in rows]
    sums, done = np.zeros(batch), rows >= used_rows
    random = [np.random.default_rng(0) for _ in rows]
    for _ in range(min(vocabulary.context // 2, vocabulary.context - len(prompt) - len(tasks[0]))):
        logits = logits + vocabulary.suppressed
        chosen = _choose(logits, temperature, random)
        logprobs = logits[rows, chosen] - _log_sum(logits)
        for row in rows[~done]:
            sums[row] += logprobs[row]
            if chosen[row] == vocabulary.end:
                done[row] = True
            else:
                text[row].append(int(chosen[row]))
        if done.all():
            break
        logits = step(np.where(done, vocabulary.end, chosen).astype(np.int64)[:, None])
    return [
        Decoded(tuple(text[row]), float(sums[row] / (len(text[row]) + 1)), float(no_speech[row]))
        for row in rows[:used_rows]
    ]


def languages(step: Step, vocabulary: Vocabulary, rows: int) -> list[dict[str, float]]:
    """Return the probabilities of the languages in each row of `step`."""
    logits = step(np.full((rows, 1), vocabulary.start, np.int64))
    scores = logits[:, list(vocabulary.languages.values())]
    probabilities = np.exp(scores - _log_sum(scores)[:, None])
    return [dict(zip(vocabulary.languages, row, strict=True)) for row in probabilities.tolist()]


def likeliest_language(step: Step, vocabulary: Vocabulary) -> tuple[str, float]:
    """Return the language code of the single row of `step`, and its probability."""
    (probabilities,) = languages(step, vocabulary, 1)
    language = max(probabilities, key=probabilities.__getitem__)
    return language, probabilities[language]


def _choose(
    logits: Floats, temperature: float, random: Sequence[np.random.Generator]
) -> npt.NDArray[np.intp]:
    if temperature == 0:
        return np.asarray(logits.argmax(axis=1))
    noise = np.stack([generator.gumbel(size=logits.shape[1]) for generator in random])
    return np.asarray((logits / temperature + noise).argmax(axis=1))


def _log_sum(logits: Floats) -> Floats:
    """Return the log-sum-exp of each row."""
    top = logits.max(axis=1)
    return np.asarray(top + np.log(np.exp(logits - top[:, None]).sum(axis=1)))
