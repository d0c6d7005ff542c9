"""A server for a script, and clients that are installed into a temporary folder."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from support.serving import Server, running

SCRIPTS = Path(__file__).parents[1] / "e2e" / "clients"


@contextmanager
def served(**settings: object) -> Iterator[Server]:
    """A new server with the model `tiny.en`."""
    with tempfile.TemporaryDirectory() as folder, running(Path(folder), **settings) as server:
        yield server


@contextmanager
def python_with(*requirements: str) -> Iterator[str]:
    """Path of a Python interpreter with these packages."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = str(Path(folder) / ("Scripts" if sys.platform == "win32" else "bin") / "python")
        subprocess.run([python, "-m", "pip", "install", "-q", *requirements], check=True)
        yield python


def run_node(script: str, packages: list[str], *arguments: str) -> None:
    """Run a script of `e2e/clients` with npm packages."""
    with tempfile.TemporaryDirectory() as folder:
        install = ["npm", "install", "--silent", "--no-audit", "--no-fund", *packages]
        subprocess.run(install, cwd=folder, check=True)
        copy = Path(folder) / script
        copy.write_bytes((SCRIPTS / script).read_bytes())
        subprocess.run(["node", str(copy), *arguments], cwd=folder, check=True)
        subprocess.run(["npm", "ls", "--depth", "0"], cwd=folder, check=True)  # the version
