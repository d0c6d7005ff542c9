"""What the machine tells about a process: memory, processor time, energy."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import psutil

POWERCAP = Path("/sys/class/powercap")
"""Linux's power capping interface (Documentation/power/powercap); readable by root on most."""
INTERVAL = 0.1
"""Seconds between two looks at the memory of a process tree."""
LOOKS = 20
"""Looks between two searches for new children: those read the whole process table."""


def pin(threads: int) -> None:
    """Keep this process, and what it starts, to so many processors; 0 leaves all.

    Must be called before the libraries which read these variables are imported.
    """
    if not threads:
        return
    for name in ("OMP", "MKL", "OPENBLAS", "NUMEXPR", "VECLIB_MAXIMUM"):
        os.environ[f"{name}_NUM_THREADS"] = str(threads)
    if hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, allowed[:threads])


def cpu_seconds() -> float:
    """Processor time of this process and everything it started, so far."""
    me = psutil.Process()
    total = 0.0
    for process in (me, *me.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
        if process is me:
            total += getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
    return total


def own_peak() -> int | None:
    """The most memory this process alone has held, in bytes.

    The kernel's own high water mark, so no peak is too short for it. Not `ru_maxrss` on Linux: that
    one is inherited from the parent.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


class TreePeak:
    """The most resident memory a process and its descendants have held together, in bytes.

    A thread looks every `interval` seconds. Pages that several of them share are counted in each.
    """

    def __init__(self, pid: int, interval: float = INTERVAL) -> None:
        self._interval = interval
        self.peak = 0
        self.last = 0
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        try:
            root = psutil.Process(self._pid)
        except psutil.NoSuchProcess:
            return
        family = [root]
        looks = 0
        while not self._over.wait(self._interval):
            if looks % LOOKS == 0:
                family = _family(root)
            looks += 1
            now = sum(_resident(process) for process in family)
            self.peak = max(self.peak, now)
            self.last = now or self.last


def _family(root: psutil.Process) -> list[psutil.Process]:
    try:
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return [root]


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0


class Energy:
    """Joules the processor packages use from here on, where the machine tells."""

    def __init__(self, powercap: Path = POWERCAP) -> None:
        self._powercap = powercap
        self._start = _counters(powercap)

    def joules(self) -> float | None:
        """Since the start; None where it cannot be read."""
        if not self._start:
            return None
        total = 0.0
        for zone, now in _counters(self._powercap).items():
            used = now - self._start.get(zone, now)
            if used < 0:  # the counter has gone round
                used += int((zone / "max_energy_range_uj").read_text())
            total += used / 1e6
        return total


def _counters(powercap: Path) -> dict[Path, int]:
    """Microjoules of each package (`intel-rapl:0`; its parts, `intel-rapl:0:0`, are inside it)."""
    found: dict[Path, int] = {}
    for zone in powercap.glob("intel-rapl:*"):
        if zone.name.count(":") == 1:
            try:
                found[zone] = int((zone / "energy_uj").read_text())
            except (OSError, ValueError):
                continue
    return found
