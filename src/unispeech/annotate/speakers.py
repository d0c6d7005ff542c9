"""Speaker turns by a diarization pipeline, and the assignment of words to speakers.

The pipeline is pyannote's (Bredin 2023). It runs in this process if pyannote.audio is installed,
else in the environment of whisperX. As in whisperX, the speaker of a word is whoever speaks for
most of its duration (m-bain/whisperX, diarize.py, `assign_word_speakers`).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from unispeech.backends.loaded import Key, LoadedModels
from unispeech.backends.lookup import diarization_interpreter
from unispeech.call import Call, OnProgress
from unispeech.environments.remote_object import RemoteObject
from unispeech.errors import BackendMissing, Cancelled
from unispeech.models import companions, store
from unispeech.options import AnnotateOptions
from unispeech.types import SAMPLE_RATE, Progress, Samples, Segment, Turn, Word

TARGET = "unispeech.backends.pyannote:Pyannote"


def available() -> bool:
    """True if diarization can run on this machine (its weights may still be missing)."""
    try:
        diarization_interpreter()
    except BackendMissing:
        return False
    return True


class Diarizer:
    """A loaded pipeline, in this process or in a worker process that ends when idle."""

    def __init__(self, model: Path, device: str = "auto") -> None:
        self._process: RemoteObject | None = None
        self._pipeline: Any = None
        python = diarization_interpreter()
        if python is None:
            module, _, name = TARGET.partition(":")
            self._pipeline = getattr(import_module(module), name)(model, device)
        else:
            self._process = RemoteObject("pyannote", python, TARGET, (model, device))

    def turns(
        self,
        samples: Samples,
        min_speakers: int | None = None,
        max_speakers: int | None = None,
        call: Call | None = None,
        source: str = "",
    ) -> tuple[Turn, ...]:
        """The speaker turns in 16 kHz samples of shape (n,), ordered by start.

        Raises:
            ModelDamaged, BackendError: the pipeline cannot be loaded, or failed.
            Cancelled: the caller cancelled.
        """
        call = call or Call()
        steps = self._steps(samples, min_speakers, max_speakers)
        try:
            for item in steps:
                if not _is_step(item):
                    return cast(tuple[Turn, ...], item)
                if call.cancelled():
                    raise Cancelled()
                detail = {"step": item[0]}
                call.on_progress(Progress(item[1], 1.0, source, "diarize", detail))
        finally:
            steps.close()
        return ()

    def close(self) -> None:
        if self._process:
            self._process.close()
        self._pipeline = None

    def _steps(self, samples: Samples, min_speakers: int | None, max_speakers: int | None) -> Any:
        if self._process is None:
            return self._pipeline.turns(samples, min_speakers, max_speakers)
        audio = len(samples) / SAMPLE_RATE
        return self._process.stream("turns", samples, min_speakers, max_speakers, audio=audio)


def _is_step(item: Any) -> bool:
    return len(item) == 2 and isinstance(item[0], str)


@contextmanager
def diarizer(
    models: LoadedModels,
    options: AnnotateOptions,
    device: str = "auto",
    on_progress: OnProgress | None = None,
) -> Iterator[Diarizer]:
    """The requested pipeline, downloaded and loaded if necessary.

    Raises:
        BackendMissing, ModelDamaged.
        ModelUnavailable: for a gated pipeline it names the token that is needed.
    """
    device = device if device.partition(":")[0] in ("cpu", "cuda", "mps") else "auto"
    folder = store.obtain(options.diarize_model or companions.DIARIZER, "pyannote", on_progress)
    key = Key("diarizer", str(folder), "pyannote", device)
    with models.use(key, lambda: Diarizer(folder, device)) as loaded:
        yield loaded


def assigned(segments: Iterable[Segment], turns: Sequence[Turn]) -> Iterator[Segment]:
    """Set the speaker of every segment and word.

    The speaker is whoever speaks longest during the segment or word, or, if nobody speaks then, the
    speaker of the nearest turn. Without turns the speaker is None.
    """
    turns = sorted(turns, key=lambda turn: turn.start)
    starts = [turn.start for turn in turns]
    longest = max((turn.end - turn.start for turn in turns), default=0.0)

    def speaker(stretch: Segment | Word) -> str | None:
        first = bisect_left(starts, stretch.start - longest)
        end = bisect_right(starts, stretch.end)
        return main_speaker(stretch, turns[first:end]) or nearest_speaker(stretch, turns)

    for segment in segments:
        words = tuple(replace(word, speaker=speaker(word)) for word in segment.words)
        yield replace(segment, speaker=speaker(segment), words=words)


def main_speaker(stretch: Segment | Word, turns: Sequence[Turn]) -> str | None:
    """The speaker who speaks longest during a segment or word; None if nobody speaks."""
    time: defaultdict[str, float] = defaultdict(float)
    for turn in turns:
        overlap = min(turn.end, stretch.end) - max(turn.start, stretch.start)
        if overlap > 0:
            time[turn.speaker] += overlap
    return max(time, key=lambda speaker: time[speaker], default=None)


def nearest_speaker(stretch: Segment | Word, turns: Sequence[Turn]) -> str | None:
    """The speaker of the turn nearest to the middle of a segment or word."""
    middle = (stretch.start + stretch.end) / 2
    turn = min(turns, key=lambda t: max(t.start - middle, middle - t.end, 0.0), default=None)
    return turn.speaker if turn else None
