"""The lock of a tiny environment whose one package is made here."""

from __future__ import annotations

import zipfile
from pathlib import Path

from unispeech.environments import catalog
from unispeech.environments.catalog import Lock


def toy(folder: Path, body: str = "def double(x): return 2 * x", imports: str = "toy") -> Lock:
    """A lock with one package, which lies in a wheel made here."""
    wheel = folder / "toy-1.0-py3-none-any.whl"
    info = "toy-1.0.dist-info"
    with zipfile.ZipFile(wheel, "w") as file:
        file.writestr("toy.py", body)
        file.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: toy\nVersion: 1.0\n")
        file.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        file.writestr(f"{info}/RECORD", f"toy.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n")
    return catalog.read("toy", f"#: imports = {imports}\n#: size = 20\n{wheel.as_uri()}\n")
