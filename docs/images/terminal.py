"""Draw a terminal in which the program runs: `python docs/images/terminal.py [FILE.svg]`.

Runs the commands below with real weights and draws what they print.
"""

from __future__ import annotations

import fcntl
import io
import os
import pty
import shlex
import signal
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

ROOT = Path(__file__).parents[2]
WIDTH = 92
TYPED = [
    "unispeech transcribe german.wav --task translate --output-format srt",
    "unispeech mic --input pause.wav",
    "unispeech serve",
]
LAST_LINE = "Ctrl-C"
"""What the last line holds that a server prints once it listens."""
BACKGROUND = '<rect width="100%" height="100%" rx="8" fill="#191919"/>'
FORM = (
    '<svg viewBox="0 0 {terminal_width} {terminal_height}" xmlns="http://www.w3.org/2000/svg">'
    "<style>.{unique_id}-matrix{{font:{char_height}px ui-monospace,Menlo,Consolas,"
    '"DejaVu Sans Mono",monospace;line-height:{line_height}px}}{styles}</style>'
    f"<defs>{{lines}}</defs>{BACKGROUND}"
    '<g transform="translate(8,8)">{backgrounds}<g class="{unique_id}-matrix">{matrix}</g></g>'
    "</svg>"
)
"""rich's drawing without a window around it and without fonts from another site."""


def main(file: Path) -> None:
    screen = Console(record=True, width=WIDTH, file=io.StringIO())
    with tempfile.TemporaryDirectory() as folder:
        for sample in (ROOT / "samples").iterdir():
            (Path(folder) / sample.name).symlink_to(sample)
        for command in TYPED:
            screen.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
            screen.print(Text.from_ansi(printed(command, Path(folder)).strip("\n")))
            screen.print()
    file.write_text(screen.export_svg(theme=DIMMED_MONOKAI, code_format=FORM, unique_id="t"))


def printed(command: str, folder: Path) -> str:
    """What a command prints: a server until it listens, all others to their end, without progress.

    A server gets a terminal of `WIDTH` columns; live captions would rewrite their last line there.
    """
    arguments = [sys.executable, "-m", *shlex.split(command)]
    settings = {"UNISPEECH_DATA_DIR": "unispeech-data", "UNISPEECH_LOG_LEVEL": "warning"}
    environment = os.environ | settings
    if "serve" not in arguments:
        return subprocess.run(
            arguments, cwd=folder, capture_output=True, text=True, check=True, env=environment
        ).stdout
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, WIDTH, 0, 0))
    process = subprocess.Popen(arguments, cwd=folder, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    text = ""
    try:
        while LAST_LINE not in text or not text.endswith("\n"):
            text += os.read(ours, 65536).decode()
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()
        os.close(ours)
    return text.replace("\r\n", "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).with_suffix(".svg"))
