"""transformers: Hugging Face's Whisper on PyTorch (huggingface/transformers)."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from transformers import WhisperForConditionalGeneration, WhisperProcessor
from transformers.modeling_outputs import BaseModelOutput

from unispeech import languages
from unispeech.backends import pytorch
from unispeech.backends.base import NativeRun
from unispeech.backends.failures import wrapped
from unispeech.backends.pretrained import load_model, quiet
from unispeech.backends.serial import SerialBackend
from unispeech.backends.whisper import attention, prompt
from unispeech.backends.whisper import spoken as detection
from unispeech.errors import ModelDamaged
from unispeech.models.facts import ModelFacts
from unispeech.options import DecodeOptions, LoadOptions, TranscribeOptions
from unispeech.types import SAMPLE_RATE, Chunk, ChunkResult, Samples, Segment, Word

WINDOW = 30 * SAMPLE_RATE
OPTIONAL_WEIGHTS = ("encoder.embed_positions",)
"""Weights a folder may lack: sinusoids, which the library computes itself."""
ENCODER_BATCH = 4
"""Chunks encoded together. More is no faster and costs 0.25 GB per chunk."""


class Transformers(SerialBackend):
    """A `WhisperForConditionalGeneration`.

    The library stores the attention implementation on the model and changes it during a call.
    """

    name = "hf"

    def __init__(self, model: Path, facts: ModelFacts, options: LoadOptions) -> None:
        device = pytorch.device_of(self.name, options.device)
        precision = pytorch.precision_of(self.name, options, device)
        self._threads = options.threads
        self._lock = threading.Lock()
        with quiet(), wrapped(f"hf cannot read the model {model}", error_class=ModelDamaged):
            self._processor: Any = WhisperProcessor.from_pretrained(model, local_files_only=True)
        self._model = load_model(
            WhisperForConditionalGeneration,
            model,
            getattr(torch, precision),
            device,
            OPTIONAL_WEIGHTS,
        )
        self._fill_generation_config()

    def _fill_generation_config(self) -> None:
        """Add generation settings that older fine-tunes lack, from the tokenizer."""
        config = self._model.generation_config
        ids = self._processor.tokenizer.convert_tokens_to_ids
        multilingual = self._model.config.vocab_size >= 51865
        defaults: dict[str, Any] = {
            "no_timestamps_token_id": ids("<|notimestamps|>"),
            "prev_sot_token_id": ids("<|startofprev|>"),
            "is_multilingual": multilingual,
            "max_initial_timestamp_index": 50,
        }
        if multilingual:
            names = (f"<|{code}|>" for code in languages.WHISPER)
            no_token = ids("<|endoftext|>")
            defaults["lang_to_id"] = {n: ids(n) for n in names if ids(n) not in (None, no_token)}
            defaults["task_to_id"] = {n: ids(f"<|{n}|>") for n in ("transcribe", "translate")}
        for name, value in defaults.items():
            if getattr(config, name, None) is None:
                setattr(config, name, value)

    def fit_prompt(self, options: DecodeOptions) -> DecodeOptions:
        encode = self._processor.tokenizer.encode
        return prompt.fit(options, lambda text: len(encode(text, add_special_tokens=False)))

    def transcribe_batch(
        self, chunks: Sequence[Chunk], options: DecodeOptions
    ) -> list[ChunkResult]:
        with self._running() as model:
            encoded = self._encode(model, [chunk.samples for chunk in chunks])
            scores = detection.scores(
                lambda parts: _languages(model, torch.stack([encoded[part] for part in parts])),
                chunks,
                model.generation_config.is_multilingual,
            )
            languages = detection.languages(chunks, scores)
            generated = model.generate(
                encoder_outputs=BaseModelOutput(last_hidden_state=encoded),
                return_timestamps=False,
                return_dict_in_generate=True,
                temperature=(options.temperatures[0],),
                num_beams=options.beam if options.temperatures[0] == 0 else 1,
                **self._arguments(_each(languages), self.fit_prompt(options)),
            )
            results = [
                self._result(
                    model,
                    replace(chunk, language=language),
                    encoded[i : i + 1],
                    generated.sequences[i].tolist(),
                    options,
                )
                for i, (chunk, language) in enumerate(zip(chunks, languages, strict=True))
            ]
            return [replace(r, languages=s) for r, s in zip(results, scores, strict=True)]

    def _arguments(
        self, language: str | list[str] | None, options: DecodeOptions
    ) -> dict[str, Any]:
        """Return language (or those of the rows), task and prompt as arguments of `generate`."""
        arguments: dict[str, Any] = {}
        if self._model.generation_config.is_multilingual:
            arguments["task"] = options.task
            if language is not None:
                arguments["language"] = language
        if options.initial_prompt is not None:
            ids = self._processor.get_prompt_ids(options.initial_prompt, return_tensors="pt")
            arguments["prompt_ids"] = ids.to(self._model.device)
        return arguments

    def _encode(self, model: Any, samples: Sequence[Samples]) -> torch.Tensor:
        """Encode up to 30 s each, padded with silence: (n, 1500, width)."""
        features = self._processor.feature_extractor(
            [chunk[:WINDOW] for chunk in samples], sampling_rate=SAMPLE_RATE, return_tensors="pt"
        ).input_features
        encoder = model.get_encoder()
        batches = features.to(model.device, model.dtype).split(ENCODER_BATCH)
        return torch.cat([encoder(batch).last_hidden_state for batch in batches])

    def _result(
        self,
        model: Any,
        chunk: Chunk,
        encoded: torch.Tensor,
        sequence: list[int],
        options: DecodeOptions,
    ) -> ChunkResult:
        """Return the text of a decoded chunk as one segment; `sequence` begins with the prompt."""
        config = model.generation_config
        end = config.eos_token_id
        first = sequence.index(config.decoder_start_token_id)
        begin = sequence.index(config.no_timestamps_token_id, first) + 1
        if end in sequence[begin:]:
            sequence = sequence[: sequence.index(end, begin)]
        logprob, no_speech_prob = _scores(model, encoded, [*sequence, end], first, begin)
        words: tuple[Word, ...] = ()
        if options.word_timestamps:
            words = attention.words(
                model, self._processor.tokenizer, encoded, sequence[first:], begin - first,
                chunk.duration, chunk.language,
            )  # fmt: skip
        segment = Segment(
            id=0,
            start=0.0,
            end=chunk.duration,
            text=self._text(sequence[begin:]),
            words=words,
            avg_logprob=logprob,
            no_speech_prob=no_speech_prob,
        )
        return ChunkResult((segment,))

    def _text(self, ids: Sequence[int]) -> str:
        text: str = self._processor.tokenizer.decode(list(ids), skip_special_tokens=True)
        return text

    def transcribe_native(self, samples: Samples, options: TranscribeOptions) -> NativeRun:
        """Run the sequential long-form algorithm of `generate`, which its documentation recommends.

        Options left out get its own defaults: greedy, no temperature fallback.
        """
        decode = self.fit_prompt(options.decode)
        is_long = len(samples) > WINDOW
        padding = {"truncation": False, "padding": "longest"} if is_long else {}
        with self._running() as model:
            arguments = self._arguments(decode.language, decode)
            if decode.beam_size is not None:
                arguments["num_beams"] = decode.beam_size
            if decode.temperature is not None:
                arguments["temperature"] = decode.temperature
            inputs = self._processor(
                samples,
                sampling_rate=SAMPLE_RATE,
                return_tensors="pt",
                return_attention_mask=True,
                **padding,
            ).to(model.device, model.dtype)
            segments = model.generate(
                **inputs,
                return_timestamps=True,
                return_segments=True,
                return_token_timestamps=decode.word_timestamps or None,
                **arguments,
            )["segments"][0]
        language, probability = decode.language, None
        if language is None:
            language, probability = self.detect_language(samples[:WINDOW])
        converted = list(self._native(segments, decode, language))
        return NativeRun(iter(converted), language, probability)

    def _native(
        self, segments: list[dict[str, Any]], decode: DecodeOptions, language: str
    ) -> Iterator[Segment]:
        end = self._model.generation_config.eos_token_id
        for i, segment in enumerate(segments):
            ids = segment["tokens"].tolist()
            words: tuple[Word, ...] = ()
            if decode.word_timestamps:
                # a token's timestamp is its end (`_decode_asr`)
                ends = [float(time) for time in segment["token_timestamps"]]
                tokens = list(zip(ids, [float(segment["start"]), *ends[:-1]], strict=True))
                words = attention.words_from_tokens(
                    self._processor.tokenizer,
                    [(token, begin, 0.0) for token, begin in tokens if token < end],
                    max((t for i, t in zip(ids, ends, strict=True) if i < end), default=0.0),
                    language,
                )
            yield Segment(
                id=i,
                start=float(segment["start"]),
                end=float(segment["end"]),
                text=self._text([t for t in ids if t < end]),
                words=words,
            )

    def detect_language(self, samples: Samples) -> tuple[str, float]:
        with self._running() as model:
            if not model.generation_config.is_multilingual:
                return "en", 1.0
            encoded = self._encode(model, [samples])
            (probabilities,) = _languages(model, encoded)
        language = max(probabilities, key=probabilities.__getitem__)
        return language, probabilities[language]

    @contextmanager
    def _running(self) -> Iterator[Any]:
        with super()._running() as model, quiet(), pytorch.inference(self._threads):
            try:
                yield model
            finally:
                if model.config._attn_implementation != "sdpa":
                    model.set_attn_implementation("sdpa")


def _each(languages: Sequence[str | None]) -> str | list[str] | None:
    """Return the languages of the rows, or the only one."""
    codes = [language for language in languages if language is not None]
    return codes if len(set(codes)) > 1 else next(iter(codes), None)


def _languages(model: Any, encoded: torch.Tensor) -> list[dict[str, float]]:
    """Return the probabilities of the languages in each row of encoder output."""
    tokens = model.generation_config.lang_to_id
    logits = _logits(model, encoded, [model.generation_config.decoder_start_token_id])[:, 0]
    probabilities = logits[:, list(tokens.values())].softmax(-1)
    codes = [token.strip("<|>") for token in tokens]
    return [dict(zip(codes, row, strict=True)) for row in probabilities.tolist()]


def _logits(model: Any, encoded: torch.Tensor, ids: list[int]) -> torch.Tensor:
    """Return the logits of the next token after each of `ids`: (rows, tokens, vocabulary)."""
    outputs = model(
        decoder_input_ids=torch.tensor([ids] * len(encoded), device=model.device),
        encoder_outputs=BaseModelOutput(last_hidden_state=encoded),
        use_cache=False,
    )
    logits: torch.Tensor = outputs.logits.float()
    return logits


def _scores(
    model: Any, encoded: torch.Tensor, sequence: list[int], first: int, begin: int
) -> tuple[float, float]:
    """Return the mean log probability from `begin` on, and the no-speech probability at `first`.

    `generate` can return the scores of every step, but they take gigabytes for a batch of beams; a
    second forward pass over the finished text is quick.
    """
    (logits,) = _logits(model, encoded, sequence[:-1])
    no_speech = logits[first].softmax(-1)[model.generation_config.no_timestamps_token_id - 1]
    text = torch.tensor(sequence[begin:], device=logits.device)
    scores = logits[begin - 1 :].log_softmax(-1).gather(-1, text[:, None])
    return float(scores.mean()), float(no_speech)
