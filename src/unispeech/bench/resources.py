"""Memory, processor time and energy of a process."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import psutil

POWERCAP = Path("/sys/class/powercap")
"""Linux's power capping interface (Documentation/power/powercap); often readable only by root."""
INTERVAL = 0.1
"""Seconds between samples of the memory of a process tree."""
CHILD_INTERVAL = 20
"""Samples between searches for new children, which read the whole process table."""


def pin(threads: int) -> None:
    """Limit this process and its children to so many processors; 0 is no limit.

    Call it before importing libraries that read these environment variables.
    """
    if not threads:
        return
    for name in ("OMP", "MKL", "OPENBLAS", "NUMEXPR", "VECLIB_MAXIMUM"):
        os.environ[f"{name}_NUM_THREADS"] = str(threads)
    if hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, allowed[:threads])


def cpu_seconds() -> float:
    """Return the processor time of this process and its descendants so far, in seconds."""
    own = psutil.Process()
    total = 0.0
    for process in (own, *own.children(recursive=True)):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
        if process is own:
            total += getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
    return total


def own_peak() -> int | None:
    """Return the peak memory of this process alone, in bytes.

    The kernel's high-water mark, so that short peaks count too. On Linux not `ru_maxrss`, which is
    inherited from the parent.
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
    """Peak resident memory of a process and its descendants together, in bytes.

    A thread samples it every `interval` seconds. Shared pages count once for each process.
    """

    def __init__(self, pid: int, interval: float = INTERVAL) -> None:
        self._interval = interval
        self.peak = 0
        self.last = 0
        self._pid = pid
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        try:
            root = psutil.Process(self._pid)
        except psutil.NoSuchProcess:
            return
        family = [root]
        samples = 0
        while not self._stopped.wait(self._interval):
            if samples % CHILD_INTERVAL == 0:
                family = _family(root)
            samples += 1
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
    """Energy that the processor packages use from now on, in joules."""

    def __init__(self, powercap: Path = POWERCAP) -> None:
        self._powercap = powercap
        self._start = _counters(powercap)

    def joules(self) -> float | None:
        """Return the energy since the start; None if the counters cannot be read."""
        if not self._start:
            return None
        total = 0.0
        for zone, now in _counters(self._powercap).items():
            used = now - self._start.get(zone, now)
            if used < 0:  # the counter has wrapped around
                used += int((zone / "max_energy_range_uj").read_text())
            total += used / 1e6
        return total


def _counters(powercap: Path) -> dict[Path, int]:
    """Read the microjoules of each package (`intel-rapl:0`, which includes `intel-rapl:0:0`)."""
    counters: dict[Path, int] = {}
    for zone in powercap.glob("intel-rapl:*"):
        if zone.name.count(":") == 1:
            try:
                counters[zone] = int((zone / "energy_uj").read_text())
            except (OSError, ValueError):
                continue
    return counters
