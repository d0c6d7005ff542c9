"""Ctrl-C while the command line is being imported."""

from __future__ import annotations

import subprocess
import sys

from unispeech import __main__
from unispeech.cli import interrupts


def test_ctrl_c_during_the_imports_prints_one_line() -> None:
    """The import of the command line raises, as if Ctrl-C came in the middle of it."""
    script = """
import sys
class Interrupt:
    def find_spec(self, name, *_):
        if name == "click":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupt())
from unispeech.__main__ import main
main()
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (interrupts.INTERRUPTED, "unispeech: stopped\n")
    assert __main__.INTERRUPTED == interrupts.INTERRUPTED
