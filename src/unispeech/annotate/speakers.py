"""Who says what: the turns of a diarization pipeline, and each word given to a speaker.

The pipeline is pyannote's (Bredin 2023), in this process where pyannote.audio is installed, else in
the environment of whisperX. Words and turns are matched as whisperX does: whoever speaks most of
the time of a word has said it (m-bain/whisperX, diarize.py, `assign_word_speakers`).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from unispeech.backends.loaded import Key, LoadedModels
from unispeech.backends.lookup import diarization_interpreter
from unispeech.call import Call
from unispeech.environments.remote_object import RemoteObject
from unispeech.errors import BackendMissing, Cancelled
from unispeech.models import companions, store
from unispeech.options import AnnotateOptions
from unispeech.types import SAMPLE_RATE, Progress, Samples, Segment, Turn, Word

TARGET = "unispeech.backends.pyannote:Pyannote"
Say = Callable[[Progress], None]


def available() -> bool:
    """Whether speakers can be told apart on this machine (the weights may still be missing)."""
    try:
        diarization_interpreter()
    except BackendMissing:
        return False
    return True


class Diarizer:
    """A pipeline that is loaded, here or in a worker process, which ends when it is idle."""

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
        """Who speaks when in 16 kHz samples of shape (n,), by when the turns begin.

        Raises:
            ModelDamaged, BackendError: the pipeline cannot be loaded, or failed.
            Cancelled: the call said so.
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

    def _steps(self, samples: Samples, least: int | None, most: int | None) -> Any:
        if self._process is None:
            return self._pipeline.turns(samples, least, most)
        audio = len(samples) / SAMPLE_RATE
        return self._process.stream("turns", samples, least, most, audio=audio)


def _is_step(item: Any) -> bool:
    return len(item) == 2 and isinstance(item[0], str)


@contextmanager
def diarizer(
    models: LoadedModels, options: AnnotateOptions, device: str = "auto", say: Say | None = None
) -> Iterator[Diarizer]:
    """The pipeline that is asked for, fetched and loaded if need be.

    Raises:
        BackendMissing, ModelUnavailable (a gated one says which token it wants), ModelDamaged.
    """
    device = device if device.partition(":")[0] in ("cpu", "cuda", "mps") else "auto"
    folder = store.obtain(options.diarize_model or companions.DIARIZER, "pyannote", say)
    key = Key("diarizer", str(folder), "pyannote", device)
    with models.use(key, lambda: Diarizer(folder, device)) as loaded:
        yield loaded


def assigned(segments: Iterable[Segment], turns: Sequence[Turn]) -> Iterator[Segment]:
    """The same segments, each with its speaker, and each of its words.

    That is whoever speaks longest in its time, and where nobody does, whose turn is nearest.
    Without any turn nobody is named.
    """
    turns = sorted(turns, key=lambda turn: turn.start)
    starts = [turn.start for turn in turns]
    longest = max((turn.end - turn.start for turn in turns), default=0.0)

    def speaker(spoken: Segment | Word) -> str | None:
        first = bisect_left(starts, spoken.start - longest)
        end = bisect_right(starts, spoken.end)
        return loudest(spoken, turns[first:end]) or nearest(spoken, turns)

    for segment in segments:
        words = tuple(replace(word, speaker=speaker(word)) for word in segment.words)
        yield replace(segment, speaker=speaker(segment), words=words)


def loudest(spoken: Segment | Word, turns: Sequence[Turn]) -> str | None:
    """Who speaks longest between `start` and `end`; None where nobody does."""
    time: defaultdict[str, float] = defaultdict(float)
    for turn in turns:
        shared = min(turn.end, spoken.end) - max(turn.start, spoken.start)
        if shared > 0:
            time[turn.speaker] += shared
    return max(time, key=lambda speaker: time[speaker], default=None)


def nearest(spoken: Segment | Word, turns: Sequence[Turn]) -> str | None:
    """Whose turn is nearest to the middle of it."""
    middle = (spoken.start + spoken.end) / 2
    turn = min(turns, key=lambda t: max(t.start - middle, middle - t.end, 0.0), default=None)
    return turn.speaker if turn else None
