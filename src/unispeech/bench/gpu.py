"""Memory and load of NVIDIA cards, where there are any (NVML, through nvidia-ml-py)."""

from __future__ import annotations

import statistics
import threading
from importlib.util import find_spec
from typing import Any

INTERVAL = 0.5
"""Seconds between two looks; a card's own average is over a sixth of a second or more."""


class Watch:
    """Looks at every card from its making until `stop`. Without a card it does nothing.

    Memory is what the cards hold beyond what they held at the start: NVML knows processes only
    outside of containers.
    """

    def __init__(self) -> None:
        self.peak: int | None = None
        self.load: float | None = None
        """Percent, the mean over cards and looks."""
        self._cards = _cards()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        if self._cards:
            self._thread.start()

    def stop(self) -> None:
        self._over.set()
        if self._cards:
            self._thread.join()

    def _watch(self) -> None:
        import pynvml

        before = _held(pynvml, self._cards)
        loads: list[float] = []
        while not self._over.wait(INTERVAL):
            self.peak = max(self.peak or 0, _held(pynvml, self._cards) - before)
            loads.append(
                statistics.mean(pynvml.nvmlDeviceGetUtilizationRates(c).gpu for c in self._cards)
            )
            self.load = statistics.mean(loads)


def _cards() -> list[Any]:
    if find_spec("pynvml") is None:
        return []
    import pynvml

    try:
        pynvml.nvmlInit()
        return [pynvml.nvmlDeviceGetHandleByIndex(i) for i in range(pynvml.nvmlDeviceGetCount())]
    except pynvml.NVMLError:
        return []


def _held(nvml: Any, cards: list[Any]) -> int:
    return sum(int(nvml.nvmlDeviceGetMemoryInfo(card).used) for card in cards)


def names() -> list[str]:
    """What the cards are called."""
    cards = _cards()
    if not cards:
        return []
    import pynvml

    return [str(pynvml.nvmlDeviceGetName(card)) for card in cards]
