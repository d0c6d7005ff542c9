"""Run a client's script against a server, in a temporary environment with that client.

`python tests/e2e/clients/run.py NAME URL [KEY]`. Packages come from the index that pip uses.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path


def dependencies(script: Path) -> list[str]:
    """Return the packages of a script's metadata (PEP 723)."""
    block = re.search(r"(?m)^# /// script\n((?:#.*\n)+?)# ///$", script.read_text(encoding="utf-8"))
    assert block is not None, f"{script.name} has no metadata"
    text = re.sub(r"(?m)^# ?", "", block[1])
    return list(tomllib.loads(text)["dependencies"])


def main(name: str, *arguments: str) -> int:
    script = Path(__file__).with_name(f"{name}.py")
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = [str(Path(folder) / "bin" / "python")]
        subprocess.run([*python, "-m", "pip", "install", "-q", *dependencies(script)], check=True)
        return subprocess.run([*python, str(script), *arguments]).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
