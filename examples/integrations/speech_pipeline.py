"""Callable with the inputs and outputs of transformers' pipeline for speech recognition.

    asr = SpeechPipeline(model="tiny.en")
    asr("interview.mp3", return_timestamps=True)["chunks"]

Programs that call `pipeline("automatic-speech-recognition")` need no other change.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from types import GeneratorType
from typing import Any

import numpy as np

from unispeech import Engine, Segment, Transcript, UnispeechError, Word

GENERATION = {"language": "language", "task": "task", "num_beams": "beam_size"}
"""Options by the names of `generate_kwargs`."""
TUNING = frozenset({"chunk_length_s", "stride_length_s", "batch_size", "ignore_warning"})
"""Arguments about chunks and batches, which the engine chooses."""


class SpeechPipeline:
    """Speech recognition pipeline. Takes the arguments of `Engine`.

    An input is a path, a URL-free file name, bytes of a file, an array of 16 kHz, or a dictionary
    with `raw` or `array` and `sampling_rate`. Several inputs, in a list or a generator, give
    several outputs.
    """

    sampling_rate = 16_000

    def __init__(self, **options: Any) -> None:
        self.engine = Engine(**options)

    def __call__(
        self,
        inputs: Any,
        return_timestamps: bool | str = False,
        generate_kwargs: Mapping[str, Any] | None = None,
        return_language: bool = False,
        **arguments: Any,
    ) -> Any:
        if unknown := set(arguments) - TUNING:
            raise TypeError(f"unexpected argument {min(unknown)!r}")
        if return_timestamps not in (False, True, "word"):
            raise ValueError(f"return_timestamps is {return_timestamps!r}; use True or 'word'")
        options = _options(generate_kwargs or {})
        options["word_timestamps"] = return_timestamps == "word"
        outputs = (
            _output(self._transcribe(item, options), return_timestamps, return_language)
            for item in _several(inputs)
        )
        if isinstance(inputs, GeneratorType):
            return outputs
        return list(outputs) if isinstance(inputs, list) else next(outputs)

    def _transcribe(self, item: Any, options: Mapping[str, Any]) -> Transcript:
        rate = self.sampling_rate
        if isinstance(item, Mapping):
            rate = item["sampling_rate"]
            item = np.asarray(item["raw"] if "raw" in item else item["array"], np.float32)
        if isinstance(item, np.ndarray):
            return self.engine.transcribe(item, rate, **options)
        return self.engine.transcribe(item, **options)

    def close(self) -> None:
        """Unload the model."""
        self.engine.close()


def _several(inputs: Any) -> Iterator[Any]:
    yield from inputs if isinstance(inputs, list | GeneratorType) else [inputs]


def _options(generation: Mapping[str, Any]) -> dict[str, Any]:
    unknown = [name for name in generation if name not in GENERATION]
    if unknown:
        known = ", ".join(GENERATION)
        raise ValueError(f"generate_kwargs has {unknown[0]!r}; use {known}")
    return {GENERATION[name]: value for name, value in generation.items()}


def _output(
    transcript: Transcript, timestamps: bool | str, return_language: bool
) -> dict[str, Any]:
    output: dict[str, Any] = {"text": transcript.text}
    spans: list[tuple[Segment | Word, str]] = []
    if timestamps == "word":
        spans = [(word, word.word) for segment in transcript.segments for word in segment.words]
    elif timestamps:
        spans = [(segment, segment.text) for segment in transcript.segments]
    if timestamps:
        output["chunks"] = [
            {"text": text, "timestamp": (span.start, span.end)}
            | ({"language": transcript.language} if return_language else {})
            for span, text in spans
        ]
    return output


def main() -> None:
    pipeline = SpeechPipeline(model="tiny.en")
    for path in sys.argv[1:]:
        try:
            print(json.dumps(pipeline(path, return_timestamps=True), ensure_ascii=False))
        except UnispeechError as error:
            sys.exit(str(error))


if __name__ == "__main__":
    main()
