"""Ctrl-C during a computation that cannot be interrupted, such as a batch inside a library."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from unispeech.cli.notices import notify

INTERRUPTED = 130
"""The exit code after Ctrl-C."""
GRACE = 1.0
"""Seconds that running code has to end by itself after Ctrl-C."""


def exit_now() -> NoReturn:
    """End the process without waiting for threads in the middle of a batch, as `sys.exit` would."""
    notify("stopped")
    os._exit(INTERRUPTED)


@contextmanager
def exit_promptly(raises: bool = True) -> Iterator[None]:
    """Make Ctrl-C end the program within `GRACE` seconds, even inside a library call.

    For commands that write each result completely or not at all, so that nothing is lost. If
    Ctrl-C is ignored (a background job of a shell), it stays ignored.

    Args:
        raises: True gives running code `KeyboardInterrupt` and `GRACE` seconds. False ends the
            program at once, as an event loop prints an exception that reaches one of its tasks.
    """
    previous_handler = signal.getsignal(signal.SIGINT)
    if previous_handler == signal.SIG_IGN:
        yield
        return
    interrupted, ended = threading.Event(), threading.Event()

    def exit_after_grace() -> None:
        interrupted.wait()
        if not ended.wait(GRACE if raises else 0):
            exit_now()

    def on_interrupt(*_: Any) -> None:
        interrupted.set()
        if raises:
            raise KeyboardInterrupt

    threading.Thread(target=exit_after_grace, name="exit at Ctrl-C", daemon=True).start()
    signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous_handler)
        ended.set()
        interrupted.set()
