"""Speaker turns by a diarization pipeline, and the assignment of words to speakers.

The pipeline is pyannote's (Bredin 2023). It runs in this process if pyannote.audio is installed,
else in the environment of whisperX. As in whisperX, the speaker of a word is whoever speaks for
most of its duration (m-bain/whisperX, diarize.py, `assign_word_speakers`).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import Any, cast

from unispeech.backends.loaded import Key, LoadedModels
from unispeech.backends.lookup import diarization_interpreter
from unispeech.call import Call, OnProgress
from unispeech.environments.remote_object import RemoteObject
from unispeech.errors import BackendMissing, Cancelled
from unispeech.models import companions, store
from unispeech.options import AnnotateOptions
from unispeech.text import timing
from unispeech.types import SAMPLE_RATE, Progress, Samples, Segment, Turn, Word

TARGET = "unispeech.backends.pyannote:Pyannote"
MIN_ESTIMATED = 1.0
"""Minimum seconds that one speaker has in a segment that is cut at estimated word times."""


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
    device = companions.device(device)
    folder = store.obtain(options.diarize_model or companions.DIARIZER, "pyannote", on_progress)
    key = Key("diarizer", str(folder), "pyannote", device)
    with models.use(key, lambda: Diarizer(folder, device)) as loaded:
        yield loaded


def assigned(segments: Iterable[Segment], turns: Sequence[Turn]) -> Iterator[Segment]:
    """Set the speaker of every word and segment, and cut segments where the speaker changes.

    The speaker is whoever speaks longest during the segment or word, or, if nobody speaks then, the
    speaker of the nearest turn. Words without times get estimated ones, and then stretches shorter
    than `MIN_ESTIMATED` do not count as a change. Without turns the speaker is None.
    """
    turns = sorted(turns, key=lambda turn: turn.start)
    starts = [turn.start for turn in turns]
    longest = max((turn.end - turn.start for turn in turns), default=0.0)

    def speaker(stretch: Segment | Word) -> str | None:
        first = bisect_left(starts, stretch.start - longest)
        end = bisect_right(starts, stretch.end)
        return main_speaker(stretch, turns[first:end]) or nearest_speaker(stretch, turns)

    pieces = (piece for segment in segments for piece in _cut(segment, speaker))
    yield from (replace(piece, id=number) for number, piece in enumerate(pieces))


def _cut(segment: Segment, speaker: Callable[[Segment | Word], str | None]) -> Iterator[Segment]:
    """A segment in pieces with one speaker each."""
    words = tuple(replace(word, speaker=speaker(word)) for word in segment.words)
    runs = [list(run) for _, run in groupby(words, lambda word: word.speaker)]
    if not words:
        estimated = timing.interpolated(segment.text, segment.start, segment.end)
        runs = _long_runs([replace(word, speaker=speaker(word)) for word in estimated])
    spelled = "".join(word.word for run in runs for word in run)
    if len(runs) < 2 or spelled.split() != segment.text.split():
        only = {word.speaker for word in words}
        name = only.pop() if len(only) == 1 else speaker(segment)
        yield replace(segment, speaker=name, words=words)
        return
    for number, run in enumerate(runs):
        yield replace(
            segment,
            start=run[0].start if number else segment.start,
            end=run[-1].end if number + 1 < len(runs) else segment.end,
            text="".join(word.word for word in run),
            words=tuple(run) if words else (),
            speaker=run[0].speaker,
        )


def _long_runs(words: Sequence[Word]) -> list[list[Word]]:
    """Words grouped by speaker; a run shorter than `MIN_ESTIMATED` joins its neighbour."""
    runs: list[list[Word]] = []
    for _, group in groupby(words, lambda word: word.speaker):
        run = list(group)
        if runs and _is_joined(runs[-1], run):
            longer = max(runs[-1], run, key=_duration)[0].speaker
            runs[-1] = [replace(word, speaker=longer) for word in (*runs[-1], *run)]
        else:
            runs.append(run)
    return runs


def _is_joined(left: Sequence[Word], right: Sequence[Word]) -> bool:
    is_short = min(_duration(left), _duration(right)) < MIN_ESTIMATED
    return is_short or left[0].speaker == right[0].speaker


def _duration(run: Sequence[Word]) -> float:
    return run[-1].end - run[0].start


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
