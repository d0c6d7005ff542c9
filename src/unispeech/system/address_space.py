"""The limit on the address space of this process (`ulimit -v`).

A library that gets no memory should report an error. Some return wrong results instead (decision
0075), so a process that has come near the limit is not to be trusted.
"""

from __future__ import annotations

import sys
from pathlib import Path

MARGIN = 512 << 20
"""Bytes. No single allocation of a decoder is larger, so that none has failed while this much was
always free."""


def limit() -> int | None:
    """Return the limit in bytes, or None if there is none or the system does not tell."""
    if sys.platform != "linux":
        return None
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    return None if soft == resource.RLIM_INFINITY else soft


def shortage(margin: int = MARGIN) -> str:
    """Return why results are not to be trusted: the process has come within `margin` bytes of its
    limit. An empty string if it never has."""
    most = limit()
    if most is None or peak() <= most - margin:
        return ""
    return (
        f"not enough memory to trust the result: the address space is limited to {most >> 20} MiB "
        "(ulimit -v)"
    )


HINT = "raise or remove the limit; limit memory by a control group instead"


def peak() -> int:
    """Return the largest size of the address space so far, in bytes."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmPeak:")[2].split()[0]) * 1024
