"""Run a client's script in a temporary environment with that client.

`python tests/e2e/clients/run.py NAME [URL [KEY]]`: without a URL, against a new server with the
model `tiny.en`. Packages come from the index that pip uses.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import tomllib
import venv
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from support.serving import running

SCRIPTS = Path(__file__).parent
METADATA = re.compile(r"(?m)^# /// script\n((?:#.*\n)+?)# ///$")


def dependencies(script: Path) -> list[str]:
    """Return the packages of a script's metadata (PEP 723)."""
    block = METADATA.search(script.read_text(encoding="utf-8"))
    assert block is not None
    text = re.sub(r"(?m)^# ?", "", block[1])
    return list(tomllib.loads(text)["dependencies"])


def main(name: str = "", url: str = "", *arguments: str) -> int:
    script = SCRIPTS / f"{name}.py"
    names = [
        path.stem for path in sorted(SCRIPTS.glob("*.py")) if METADATA.search(path.read_text())
    ]
    if name not in names:
        sys.exit(f"{name!r} is not a client; use {', '.join(names)}")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        venv.create(folder / "client", with_pip=True)
        python = str(folder / "client" / "bin" / "python")
        install = [python, "-m", "pip", "install", "-q", *dependencies(script)]
        subprocess.run(install, check=True)
        url = url or stack.enter_context(running(folder)).url
        return subprocess.run([python, str(script), url, *arguments]).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
