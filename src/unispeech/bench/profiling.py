"""A sampling profiler: the stage of every thread, a hundred times a second.

The stage of a thread is that of the innermost listed function on its stack. Libraries work below
such a function, so that nothing has to be changed or wrapped to be timed.
"""

from __future__ import annotations

import sys
import threading
import time
from collections import defaultdict
from types import FrameType, ModuleType

from unispeech import audio, backends, features
from unispeech.backends.whisper import bfloat16_encoder
from unispeech.stages import chunking, vad

INTERVAL = 0.01
"""Seconds between samples."""

OURS: tuple[tuple[str, ModuleType], ...] = (
    ("audio", audio),
    ("vad", vad),
    ("chunking", chunking),
    ("features", features),
    ("encoder", bfloat16_encoder),
    ("decoder", backends),
)
"""The stages of this package, and the module or subpackage of each."""
STAGES: tuple[tuple[str, str, str], ...] = (
    ("audio", "faster_whisper.audio", ""),
    ("vad", "faster_whisper.vad", ""),
    ("features", "faster_whisper.feature_extractor", ""),
    ("features", "whisper.audio", ""),
    ("features", "transformers.models.whisper.feature_extraction_whisper", ""),
    ("word times", "", "find_alignment"),
    ("encoder", "faster_whisper.transcribe", "encode"),
    ("encoder", "whisper.model", "embed_audio"),
    ("encoder", "", "encode_audio"),
    ("decoder", "faster_whisper.transcribe", "generate_with_fallback"),
    ("decoder", "faster_whisper.transcribe", "generate_segment_batched"),
    ("decoder", "whisper.decoding", ""),
    *((stage, module.__name__, "") for stage, module in OURS),
)
"""Stage, module or package (empty: any), and function (empty: any). The first match counts."""
ORDER = ("audio", "vad", "chunking", "features", "word times", "encoder", "decoder")


class Profile:
    """A profile that is recorded until `stop`."""

    def __init__(self) -> None:
        self._seconds: defaultdict[str, float] = defaultdict(float)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> dict[str, float]:
        """End the profile. Return the seconds in each stage, summed over threads."""
        self._stopped.set()
        self._thread.join()
        return {stage: self._seconds[stage] for stage in ORDER if stage in self._seconds}

    def _watch(self) -> None:
        own = threading.get_ident()
        last = time.perf_counter()
        while not self._stopped.wait(INTERVAL):
            now = time.perf_counter()
            for thread, frame in sys._current_frames().items():
                if thread != own and (stage := stage_of(frame)):
                    self._seconds[stage] += now - last
            last = now


def stage_of(frame: FrameType | None) -> str:
    """Return the stage of a stack; empty if it has none, or waits for another thread."""
    if frame is not None and frame.f_code.co_filename.endswith(("threading.py", "_base.py")):
        return ""
    while frame is not None:
        module, function = frame.f_globals.get("__name__", ""), frame.f_code.co_name
        for stage, package, name in STAGES:
            if f"{module}.".startswith(f"{package}." if package else "") and name in ("", function):
                return stage
        frame = frame.f_back
    return ""
