"""What a real worker loads to do what libraries do at their worst."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from typing import Any


class Naughty:
    def __init__(self, how: str = "") -> None:
        if how == "load":
            print("looking for the weights", flush=True)
            os._exit(3)
        self.count = 0

    def echo(self, value: Any) -> Any:
        return value

    def prints(self) -> str:
        print("a library that prints")
        return "fine"

    def dies(self) -> None:
        print("allocating", file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)

    def crashes(self) -> None:
        os.kill(os.getpid(), signal.SIGSEGV)
        time.sleep(60)  # another thread may be the one that gets it

    def hangs(self) -> None:
        os.kill(os.getpid(), signal.SIGSTOP)
        time.sleep(60)  # another thread may be the one that gets it

    def raises(self, error: BaseException) -> None:
        raise error

    def unpicklable(self) -> Any:
        return lambda: None

    def unreadable(self) -> Any:
        return Unreadable()

    def counts(self, stop: int) -> Iterator[int]:
        for self.count in range(stop):
            yield self.count
            time.sleep(0.01)

    def counted(self) -> int:
        return self.count

    def slow(self) -> str:
        time.sleep(0.5)
        return "slow"


class Unreadable:
    """Goes through the pipe and cannot be made again at the other end."""

    def __reduce__(self) -> Any:
        return int, ("no number",)
