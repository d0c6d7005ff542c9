"""Ctrl-C while a library computes: a batch in flight cannot be stopped, and nobody waits for it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from unispeech.cli import STOPPED, say

GRACE = 1.0
"""Seconds that whatever runs has to come to an end by itself."""


@contextmanager
def prompt() -> Iterator[None]:
    """Ctrl-C ends the program within `GRACE` seconds, whatever a library is in the middle of.

    For commands whose results are written whole or not at all: nothing is lost by leaving.
    Where Ctrl-C was told to be ignored (a job in the background), it stays so.
    """
    usual = signal.getsignal(signal.SIGINT)
    if usual == signal.SIG_IGN:
        yield
        return
    asked, ended = threading.Event(), threading.Event()

    def leave() -> None:
        asked.wait()
        if not ended.wait(GRACE):
            say("stopped")
            os._exit(STOPPED)

    def interrupted(*_: Any) -> NoReturn:
        asked.set()
        raise KeyboardInterrupt

    threading.Thread(target=leave, name="leave at Ctrl-C", daemon=True).start()
    signal.signal(signal.SIGINT, interrupted)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)
        ended.set()
        asked.set()
