"""Memory and utilisation of NVIDIA GPUs, if there are any (NVML, through nvidia-ml-py)."""

from __future__ import annotations

import statistics
import threading
from importlib.util import find_spec
from typing import Any

INTERVAL = 0.5
"""Seconds between samples; NVML averages utilisation over a sixth of a second or more."""


class Watch:
    """A thread that samples every GPU until `stop`. Without a GPU there is none.

    Memory is the increase since the start, because NVML cannot attribute memory to processes inside
    containers.
    """

    def __init__(self) -> None:
        self.peak: int | None = None
        self.load: float | None = None
        """Utilisation in percent, the mean over GPUs and samples."""
        self._gpus = _gpus()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        if self._gpus:
            self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._gpus:
            self._thread.join()

    def _watch(self) -> None:
        import pynvml

        before = _used_memory(pynvml, self._gpus)
        loads: list[float] = []
        while not self._stopped.wait(INTERVAL):
            self.peak = max(self.peak or 0, _used_memory(pynvml, self._gpus) - before)
            loads.append(
                statistics.mean(pynvml.nvmlDeviceGetUtilizationRates(c).gpu for c in self._gpus)
            )
            self.load = statistics.mean(loads)


def _gpus() -> list[Any]:
    if find_spec("pynvml") is None:
        return []
    import pynvml

    try:
        pynvml.nvmlInit()
        return [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(pynvml.nvmlDeviceGetCount())]
    except pynvml.NVMLError:
        return []


def _used_memory(nvml: Any, gpus: list[Any]) -> int:
    return sum(int(nvml.nvmlDeviceGetMemoryInfo(gpu).used) for gpu in gpus)


def used() -> int | None:
    """Return the memory in use on all GPUs, of all processes, in bytes; None without a GPU."""
    gpus = _gpus()
    if not gpus:
        return None
    import pynvml

    return _used_memory(pynvml, gpus)


def names() -> list[str]:
    """Return the names of the GPUs."""
    gpus = _gpus()
    if not gpus:
        return []
    import pynvml

    return [str(pynvml.nvmlDeviceGetName(gpu)) for gpu in gpus]
