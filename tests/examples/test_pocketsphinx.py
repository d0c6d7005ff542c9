"""The example of a third-party backend, with a model family unknown to `src`."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator

import pytest

from support.samples import ROOT, SAMPLES
from unispeech import Engine
from unispeech.backends import registry
from unispeech.testing import BackendContract, Case
from unispeech.testing.samples import words

pytest.importorskip("pocketsphinx")
EXAMPLE = ROOT / "examples" / "pocketsphinx_backend"


@pytest.fixture(scope="module", autouse=True)
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Install the package for this module: its folder on the path, with its entry points."""
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    site = tmp_path_factory.mktemp("site")
    info = site / f"unispeech_pocketsphinx-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    ((group, points),) = project["entry-points"].items()
    lines = [f"[{group}]", *(f"{name} = {target}" for name, target in points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")
    with pytest.MonkeyPatch.context() as patch:
        paths = [str(EXAMPLE), str(site)]
        for path in paths:
            patch.syspath_prepend(path)
        inherited = os.environ.get("PYTHONPATH", "")
        patch.setenv("PYTHONPATH", os.pathsep.join([*paths, inherited]))
        registry.specs.cache_clear()
        yield
    registry.specs.cache_clear()


@pytest.mark.slow
@pytest.mark.timeout(900)
class TestPocketSphinx(BackendContract):
    """A third of the words may be wrong: the models are from 2015."""

    under_test = Case("pocketsphinx", word_errors=0.35)


@pytest.mark.slow
@pytest.mark.timeout(900)
class TestPocketSphinxInAWorker(BackendContract):
    under_test = Case("pocketsphinx", {"isolated": True}, word_errors=0.35)


def test_words_have_the_decoders_times_and_probabilities() -> None:
    with Engine("pocketsphinx") as engine:
        transcript = engine.transcribe(SAMPLES / "english.wav", word_timestamps=True)
    result = [word for segment in transcript.segments for word in segment.words]
    good, morning = result[:2]
    assert words(good.word + morning.word) == ["good", "morning"]
    assert good.start < 0.3 and abs(good.end - morning.start) < 0.05 and 0.8 < morning.end < 1.0
    assert 0.0 < good.probability < 0.9 < morning.probability <= 1.0
    assert not any("(" in word.word for word in result), "numbers of pronunciations are removed"


def test_a_model_of_another_family_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "unispeech", "transcribe", str(SAMPLES / "english.wav"),
         "--backend", "pocketsphinx", "--model", "tiny.en"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "'tiny.en'" in done.stderr and "use 'en-us'" in done.stderr


def test_the_command_line_transcribes() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "unispeech", "transcribe", str(SAMPLES / "english.wav"),
         "--backend", "pocketsphinx"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "welcome to the garden" in done.stdout
