"""Entry point of `unispeech` and `python -m unispeech`."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

INTERRUPTED = 130
"""The exit code after Ctrl-C, as in `cli.interrupts`, which is still to be imported."""


def main() -> NoReturn:
    """Run the command line. Ctrl-C during its imports ends the program like a later one."""
    try:
        from unispeech.cli import main as run
    except KeyboardInterrupt:
        sys.stderr.write("unispeech: stopped\n")
        sys.stderr.flush()
        os._exit(INTERRUPTED)
    run()


if __name__ == "__main__":
    main()
