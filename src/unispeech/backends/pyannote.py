"""Speaker diarization with a pipeline of pyannote.audio.

Not a backend, since it produces no text: `unispeech.annotate.speakers` runs it beside any backend,
in this process or in the environment of whisperX.
"""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from unispeech.types import Samples

os.environ.setdefault(
    "PYANNOTE_METRICS_ENABLED", "0"
)  # pyannote.audio sends usage metrics by default

import torch

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # about reading files, which UniSpeech does itself
    from pyannote.audio import Pipeline

from unispeech.backends.failures import wrapped
from unispeech.backends.pytorch import device_of
from unispeech.errors import BackendError, ModelDamaged
from unispeech.types import SAMPLE_RATE, Turn

Step = tuple[str, float]
"""Name of the pipeline's current step, and the finished fraction of it, 0 to 1."""


class Stopped(Exception):
    """The caller abandoned the call."""


class Pyannote:
    """A loaded pipeline. Calls run one at a time."""

    def __init__(self, model: Path, device: str = "auto") -> None:
        with wrapped(f"cannot read the diarization pipeline {model}", error_class=ModelDamaged):
            pipeline = Pipeline.from_pretrained(str(model))
        if pipeline is None or not hasattr(pipeline, "apply"):
            raise ModelDamaged(f"{model}: not a diarization pipeline of pyannote")
        with wrapped(f"cannot use the device {device}"):
            self._pipeline: Any = pipeline.to(device_of("pyannote", device))
        self._thread = ThreadPoolExecutor(1, "unispeech-pyannote")

    def turns(
        self, samples: Samples, least: int | None = None, most: int | None = None
    ) -> Iterator[Step | tuple[Turn, ...]]:
        """Yield the progress of each step, and finally the turns, ordered by start.

        Samples have shape (n,) at 16 kHz. `least` and `most` bound the number of speakers.

        Raises:
            BackendError: the library failed.
        """
        events: SimpleQueue[Step | tuple[Turn, ...] | Exception] = SimpleQueue()
        stopped = threading.Event()

        def hook(step: str, *_: Any, total: int | None = None, completed: int | None = None,
                 **__: Any) -> None:  # fmt: skip
            if stopped.is_set():
                raise Stopped
            events.put((step, (completed or 0) / total if total else 1.0))

        def work() -> None:
            try:
                events.put(self._turns(samples, least, most, hook))
            except Exception as error:
                events.put(error)

        self._thread.submit(work)
        try:
            while isinstance(item := events.get(), tuple) and _is_step(item):
                yield item
        finally:
            stopped.set()
        if isinstance(item, Exception):
            raise BackendError(f"pyannote: {type(item).__name__}: {item}") from item
        yield item

    def _turns(
        self, samples: Samples, least: int | None, most: int | None, hook: Any
    ) -> tuple[Turn, ...]:
        file = {"waveform": torch.from_numpy(samples)[None], "sample_rate": SAMPLE_RATE}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about statistics of single-frame spans
            output = self._pipeline(file, min_speakers=least, max_speakers=most, hook=hook)
        annotation = getattr(output, "speaker_diarization", output)
        return tuple(
            Turn(round(span.start, 3), round(span.end, 3), str(speaker))
            for span, _, speaker in annotation.itertracks(yield_label=True)
        )


def _is_step(item: tuple[Any, ...]) -> bool:
    return len(item) == 2 and isinstance(item[0], str)
