"""Whisper's decoding in numpy, for runtimes that give one step of a decoder and no more.

Suppressed tokens, the mean log probability and the probability of no speech are as in
openai/whisper (decoding.py). A chunk is decoded without timestamps, as by every backend.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from unispeech.options import DecodeOptions
from unispeech.types import Chunk, ChunkResult, Floats, Segment


class Step(Protocol):
    """One decoder with its memory, for one batch."""

    def __call__(self, tokens: npt.NDArray[np.int64]) -> Floats:
        """Tokens (batch, n) that follow the earlier ones, to the logits (batch, vocabulary) of the
        one after the last."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """The tokens of one chunk, without the prompt and the end."""

    tokens: tuple[int, ...]
    avg_logprob: float
    no_speech_prob: float


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A Hugging Face folder's tokenizer, and the ids that decoding has to know."""

    tokenizer: Any
    end: int
    start: int
    previous: int
    no_speech: int
    no_timestamps: int
    size: int
    context: int
    suppressed: Floats
    """Added to the logits of every token: 0 or minus infinity."""
    suppressed_first: Floats
    languages: dict[str, int] = field(default_factory=dict)
    tasks: dict[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> Vocabulary:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        given = json.loads((folder / "generation_config.json").read_text(encoding="utf-8"))
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        size = int(config["vocab_size"])
        no_timestamps = int(given["no_timestamps_token_id"])
        suppressed = np.zeros(size, np.float32)
        suppressed[given["suppress_tokens"]] = -np.inf
        suppressed[no_timestamps:] = -np.inf
        first = np.zeros(size, np.float32)
        first[given["begin_suppress_tokens"]] = -np.inf
        return cls(
            tokenizer=tokenizer,
            end=int(given["eos_token_id"]),
            start=int(given["decoder_start_token_id"]),
            previous=int(given["prev_sot_token_id"]),
            no_speech=no_timestamps - 1,
            no_timestamps=no_timestamps,
            size=size,
            context=int(config["max_target_positions"]),
            suppressed=suppressed,
            suppressed_first=first,
            languages={name[2:-2]: id for name, id in given.get("lang_to_id", {}).items()},
            tasks=given.get("task_to_id", {}),
        )

    def before(self, prompt: str | None, hotwords: str | None = None) -> list[int]:
        """The tokens up to and with <|startoftranscript|>: what the model is told came before.

        Of a long prompt the end is kept, of many hotwords the beginning: together half a context.
        """
        room = self.context // 2 - 1
        ids = self._ids(hotwords)[:room]
        ids += self._ids(prompt)[-(room - len(ids)) :] if len(ids) < room else []
        return [self.previous, *ids, self.start] if ids else [self.start]

    def _ids(self, text: str | None) -> list[int]:
        if not text:
            return []
        return list(self.tokenizer.encode(" " + text.strip(), add_special_tokens=False).ids)

    def after(self, language: str | None, task: str) -> list[int]:
        """What follows it: language and task, where the model has several; and no timestamps."""
        if not self.languages:
            return [self.no_timestamps]
        return [self.languages[language or "en"], self.tasks[task], self.no_timestamps]

    def result(self, decoded: Decoded, chunk: Chunk) -> ChunkResult:
        """The text of a chunk as one segment; none where no text was decoded."""
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
    rows: int | None = None,
) -> list[ChunkResult]:
    """Decode chunks of one language, whose sound `step` holds in the first of its `rows`."""
    decoded = decode(
        step,
        vocabulary,
        vocabulary.before(options.initial_prompt, options.hotwords),
        vocabulary.after(chunks[0].language, options.task),
        rows or len(chunks),
        options.temperatures[0],
        real=len(chunks),
    )
    return [vocabulary.result(one, chunk) for one, chunk in zip(decoded, chunks, strict=True)]


def decode(
    step: Step,
    vocabulary: Vocabulary,
    before: Sequence[int],
    after: Sequence[int],
    batch: int,
    temperature: float,
    real: int,
) -> list[Decoded]:
    """Greedy at temperature 0, else one sample, seeded: the same text whatever the batch.

    Only the first `real` rows are wanted; the others fill up a batch of a fixed size.
    """
    rows = np.arange(batch)
    logits = step(np.tile(np.array(before, np.int64), (batch, 1)))
    no_speech = np.exp(logits[:, vocabulary.no_speech] - _log_sum(logits))
    logits = step(np.tile(np.array(after, np.int64), (batch, 1)))
    logits = logits + vocabulary.suppressed_first
    text: list[list[int]] = [[] for _ in rows]
    wanted = rows[:real]
    sums, done = np.zeros(batch), rows >= len(wanted)
    random = [np.random.default_rng(0) for _ in rows]
    for _ in range(min(vocabulary.context // 2, vocabulary.context - len(before) - len(after))):
        logits = logits + vocabulary.suppressed
        chosen = _choose(logits, temperature, random)
        likely = logits[rows, chosen] - _log_sum(logits)
        for row in rows[~done]:
            sums[row] += likely[row]
            if chosen[row] == vocabulary.end:
                done[row] = True
            else:
                text[row].append(int(chosen[row]))
        if done.all():
            break
        logits = step(np.where(done, vocabulary.end, chosen).astype(np.int64)[:, None])
    return [
        Decoded(tuple(text[row]), float(sums[row] / (len(text[row]) + 1)), float(no_speech[row]))
        for row in wanted
    ]


def likeliest_language(step: Step, vocabulary: Vocabulary) -> tuple[str, float]:
    """The language of the sound that `step` holds in its one row: a code and its probability."""
    (logits,) = step(np.array([[vocabulary.start]], np.int64))
    codes = list(vocabulary.languages)
    heard = logits[[vocabulary.languages[code] for code in codes]]
    likely = np.exp(heard - heard.max())
    best = int(likely.argmax())
    return codes[best], float(likely[best] / likely.sum())


def _choose(
    logits: Floats, temperature: float, random: Sequence[np.random.Generator]
) -> npt.NDArray[np.intp]:
    if temperature == 0:
        return np.asarray(logits.argmax(axis=1))
    noise = np.stack([one.gumbel(size=logits.shape[1]) for one in random])
    return np.asarray((logits / temperature + noise).argmax(axis=1))


def _log_sum(logits: Floats) -> Floats:
    """The logarithm of what the exponentials of each row add up to."""
    top = logits.max(axis=1)
    return np.asarray(top + np.log(np.exp(logits - top[:, None]).sum(axis=1)))
