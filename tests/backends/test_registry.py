"""Backends that others bring, and libraries that are here and do not import."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from support.samples import SAMPLES
from unispeech.backends import registry
from unispeech.backends.remote import Remote
from unispeech.environments import place
from unispeech.environments.place import Environment
from unispeech.errors import BackendMissing
from unispeech.models import store
from unispeech.models.facts import ModelFacts
from unispeech.options import LoadOptions

ECHO = """
from unispeech.backends.base import Backend, Capabilities
from unispeech.backends.spec import BackendSpec
from unispeech.types import ChunkResult, Segment


class Echo(Backend):
    name = "echo"

    def __init__(self, model, facts, options):
        pass

    def transcribe_batch(self, chunks, options):
        return [ChunkResult((Segment(0, 0.0, c.duration, " Something was said."),)) for c in chunks]


SPEC = BackendSpec("echo", "echo:Echo", "says always the same", ("echo",), Capabilities())
NONE = "a text"
"""


def test_another_package_brings_a_backend_and_a_broken_one_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "echo.py").write_text(ECHO)
    info = tmp_path / "echo-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: echo\nVersion: 1.0\n")
    points = ("echo = echo:SPEC", "broken = nothing_of_this_name:SPEC", "text = echo:NONE")
    (info / "entry_points.txt").write_text("\n".join(["[unispeech.backends]", *points, ""]))
    source = str(Path(sys.modules["unispeech"].__file__ or "").parent.parent)
    done = subprocess.run(
        [sys.executable, "-m", "unispeech", "transcribe", str(SAMPLES / "english.wav"),
         "--backend", "echo", "--model", "tiny.en"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(tmp_path), source))},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == "Something was said.\n"
    told = "the backend broken of nothing_of_this_name:SPEC is left out: ModuleNotFoundError"
    assert told in done.stderr and "echo:NONE is no BackendSpec" in done.stderr


BROKEN = replace(
    registry.find("faster"), name="broken", target="nothing_of_this_name:Backend", environment="own"
)
"""A library that is found, and an adapter that does not import: as JAX beside transformers 5."""


def test_a_library_that_does_not_import_is_one_line() -> None:
    with pytest.raises(BackendMissing) as caught:
        registry.load(BROKEN, Path(), ModelFacts("x"), LoadOptions())
    assert str(caught.value) == (
        "the backend broken does not import here: No module named 'nothing_of_this_name'; "
        "run: unispeech backends install broken"
    )


def test_a_library_that_does_not_import_runs_in_its_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """This interpreter stands in for the environment's; only there is the adapter on the path."""
    here = Environment("own", tmp_path, True, 0)
    monkeypatch.setattr(place, "find", lambda name: here if name == "own" else None)
    spec = replace(BROKEN, target="there:FasterWhisper")
    (tmp_path / "there.py").write_text("from unispeech.backends.faster import FasterWhisper")
    monkeypatch.setattr(Environment, "python", property(lambda self: Path(sys.executable)))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    loaded = registry.load(spec, store.obtain("tiny.en"), store.describe("tiny.en"), LoadOptions())
    assert isinstance(loaded, Remote) and loaded.windows[-1] == 30.0
    loaded.close()
