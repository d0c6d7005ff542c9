"""Third-party backends, and installed libraries that cannot be imported."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from support.samples import SAMPLES
from unispeech.backends import registry
from unispeech.backends.remote import Remote
from unispeech.environments import folders
from unispeech.errors import BackendMissing
from unispeech.models import store
from unispeech.models.facts import ModelFacts
from unispeech.options import LoadOptions

TEXT = (
    " Something was said, with as many letters as a person speaks in so many seconds, because the"
    " guard decodes a chunk in halves if its text is short."
)
ECHO = (
    f"TEXT = {TEXT!r}\n"
    + r"""
from unispeech.backends.base import Backend, Capabilities
from unispeech.backends.spec import BackendSpec
from unispeech.errors import UnknownModel
from unispeech.models.facts import ModelFacts
from unispeech.types import ChunkResult, Segment


def weights(model, on_progress):
    return None


class Echo(Backend):
    name = "echo"

    def __init__(self, model, facts, options):
        assert model is None and facts.family == "birds"

    def transcribe_batch(self, chunks, options):
        return [ChunkResult((Segment(0, 0.0, c.duration, TEXT),)) for c in chunks]


def facts(model):
    if model != "parrot":
        raise UnknownModel(f"there is no model {model!r}")
    return ModelFacts(model, "birds", {"en": "english"}, translates=False)


SPEC = BackendSpec(
    "echo", "echo:Echo", "says always the same", ("echo",), Capabilities(),
    family="birds", family_title="Birds", default_model="parrot",
    facts=facts, weights="echo:weights",
    environment="echo", lock="#: summary = birds\n#: imports = parrots\nparrots==1.0\n",
)
NONE = "a text"
"""
)


@pytest.fixture
def unispeech(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the CLI with a package on the path that adds backends."""
    (tmp_path / "echo.py").write_text(ECHO)
    info = tmp_path / "echo-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: echo\nVersion: 1.0\n")
    points = ("echo = echo:SPEC", "broken = nothing_of_this_name:SPEC", "text = echo:NONE")
    (info / "entry_points.txt").write_text("\n".join(["[unispeech.backends]", *points, ""]))
    source = str(Path(sys.modules["unispeech"].__file__ or "").parent.parent)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "unispeech", *arguments],
            env={**os.environ, "PYTHONPATH": os.pathsep.join((str(tmp_path), source))},
            capture_output=True, text=True, check=False,
        )  # fmt: skip

    return run


Run = Callable[..., "subprocess.CompletedProcess[str]"]


def test_a_package_adds_a_backend_and_broken_backends_are_skipped(unispeech: Run) -> None:
    """The backend has its own model family, weights and facts."""
    done = unispeech("transcribe", str(SAMPLES / "english.wav"), "--backend", "echo")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{TEXT.strip()}\n"
    for skipped in ("nothing_of_this_name:SPEC: ModuleNotFoundError", "echo:NONE"):
        assert skipped in done.stderr


def test_a_model_of_another_family_is_refused_by_its_title(unispeech: Run) -> None:
    speech = str(SAMPLES / "english.wav")
    done = unispeech("transcribe", speech, "--backend", "echo", "--model", "tiny.en")
    assert done.returncode == 2 and "'tiny.en'" in done.stderr
    done = unispeech("transcribe", speech, "--backend", "faster", "--model", "wav2vec2-base-960h")
    assert done.returncode == 2 and "a CTC (wav2vec2, HuBERT, MMS) model" in done.stderr


def test_a_third_party_backend_has_an_environment_lock(unispeech: Run) -> None:
    done = unispeech("backends", "install", "echo", "--dry-run")
    assert done.returncode == 0 and "parrots==1.0" in done.stdout
    refused = unispeech("backends", "install", "faster")
    assert refused.returncode == 2
    assert "faster has no environment of its own (these have: " in refused.stderr
    assert "echo" in refused.stderr


def test_custom_weights_need_facts() -> None:
    with pytest.raises(ValueError, match="faster.*facts"):
        replace(registry.find("faster"), weights="package.module:weights")


BROKEN = replace(
    registry.find("faster"), name="broken", target="nothing_of_this_name:Backend", environment="own"
)
"""An installed library whose adapter cannot be imported, like JAX beside transformers 5."""


def test_a_failed_import_is_one_line() -> None:
    with pytest.raises(BackendMissing) as caught:
        registry.load(BROKEN, Path(), ModelFacts("x"), LoadOptions())
    assert "No module named 'nothing_of_this_name'" in caught.value.message
    assert caught.value.hint == "run: unispeech backends install broken"


@pytest.mark.skipif(sys.platform == "win32", reason="the environment's interpreter is a script")
def test_a_third_party_backend_is_installed_by_its_requirements() -> None:
    third_party = replace(registry.find("faster"), target="echo:Echo", requires=("parrots",))
    assert third_party.install_command == "pip install parrots"
    assert registry.find("faster").install_command == "pip install unispeech"


def test_a_backend_that_cannot_be_imported_runs_in_its_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A script stands in for the environment's interpreter; it alone can import the adapter."""
    monkeypatch.setenv("UNISPEECH_ENV_DIR", str(tmp_path))
    spec = replace(BROKEN, target="there:FasterWhisper", lock="#: imports = there\nthere==1.0\n")
    lock = spec.environment_lock()
    assert lock is not None
    (tmp_path / "there.py").write_text("from unispeech.backends.faster import FasterWhisper")
    python = folders.interpreter(folders.folder_of(lock))
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nPYTHONPATH={tmp_path} exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    folders.mark_complete(lock, folders.folder_of(lock))
    loaded = registry.load(spec, store.obtain("tiny.en"), store.describe("tiny.en"), LoadOptions())
    assert isinstance(loaded, Remote) and loaded.windows[-1] == 30.0
    loaded.close()
