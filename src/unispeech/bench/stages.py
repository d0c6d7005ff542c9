"""Where the time of a run goes: a look at what every thread is doing, a hundred times a second.

A stage is known by the function that a thread is in, the innermost that is listed. Libraries do
their work below such a function, so nothing needs to be changed or wrapped to be timed.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import defaultdict
from types import FrameType

INTERVAL = 0.01
"""Seconds between two looks."""

STAGES: tuple[tuple[str, str, str], ...] = (
    ("audio", "unispeech/audio/", ""),
    ("audio", "faster_whisper/audio.py", ""),
    ("vad", "unispeech/stages/vad.py", ""),
    ("vad", "faster_whisper/vad.py", ""),
    ("chunking", "unispeech/stages/chunking.py", ""),
    ("features", "unispeech/features/", ""),
    ("features", "faster_whisper/feature_extractor.py", ""),
    ("features", "whisper/audio.py", ""),
    ("features", "feature_extraction_whisper.py", ""),
    ("word times", "", "find_alignment"),
    ("encoder", "faster_whisper/transcribe.py", "encode"),
    ("encoder", "whisper/model.py", "embed_audio"),
    ("encoder", "", "encode_audio"),
    ("encoder", "unispeech/backends/whisper/bfloat16_encoder.py", ""),
    ("decoder", "faster_whisper/transcribe.py", "generate_with_fallback"),
    ("decoder", "faster_whisper/transcribe.py", "generate_segment_batched"),
    ("decoder", "whisper/decoding.py", ""),
    ("decoder", "unispeech/backends/", ""),
)
"""Stage, part of the file's path, name of the function (empty: any)."""
ORDER = tuple(dict.fromkeys(stage for stage, _, _ in STAGES))


class Profile:
    """Counts from its making until `stop`."""

    def __init__(self) -> None:
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> dict[str, float]:
        """Seconds spent in each stage, summed over threads: two threads count twice."""
        self._over.set()
        self._thread.join()
        return {stage: self._seconds[stage] for stage in ORDER if stage in self._seconds}

    def _watch(self) -> None:
        mine = threading.get_ident()
        last = time.perf_counter()
        while not self._over.wait(INTERVAL):
            now = time.perf_counter()
            for thread, frame in sys._current_frames().items():
                if thread != mine and (stage := stage_of(frame)):
                    self._seconds[stage] += now - last
            last = now


def stage_of(frame: FrameType | None) -> str:
    """The stage of a stack; empty where it is in none, or only waits for another thread."""
    if frame is not None and frame.f_code.co_filename.endswith(("threading.py", "_base.py")):
        return ""
    while frame is not None:
        path, function = frame.f_code.co_filename.replace("\\", "/"), frame.f_code.co_name
        for stage, part, name in STAGES:
            if part in path and (not name or name == function):
                return stage
        frame = frame.f_back
    return ""
