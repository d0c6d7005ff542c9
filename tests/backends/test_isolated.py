"""Backends that only run in isolated environments: whisperX, JAX and MLX."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from native_whisperx import differences, direct, through_engine
from support.errors import raises
from support.samples import CHECKPOINT, SAMPLES, reference, words
from unispeech.audio.recording import load
from unispeech.backends import registry
from unispeech.backends.remote import Remote
from unispeech.engine.engine import Engine
from unispeech.environments import folders
from unispeech.errors import BackendMissing, UnsupportedOption
from unispeech.models import store
from unispeech.types import SAMPLE_RATE

MakeEngine = Callable[..., Engine]
EXCERPTS = (("1221-135767", 0), ("1320-122617", 60), ("1580-141083", 30))
"""Chapter and start in seconds; each excerpt is 60 seconds long. The short form has the first."""


def test_a_missing_environment_is_reported_with_the_install_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNISPEECH_ENV_DIR", str(tmp_path))
    for name in ("whisperx", "openvino", "jax", "mlx"):
        if not registry.find(name).installed():
            with raises(BackendMissing, f"unispeech backends install {name}"):
                Engine(name, "a-model-that-is-nowhere/at-all")


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("backend", ["jax", "whisperx"])
def test_repeated_calls_transcribe_the_samples(engine: MakeEngine, backend: str) -> None:
    loaded = engine(backend)
    assert isinstance(loaded.backend, Remote)
    for sample in ("english", "pause", "english"):
        transcript = loaded.transcribe(SAMPLES / f"{sample}.wav")
        if sample == "english":
            assert words(transcript.text) == words(reference("english"))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_jax_caches_compiled_graphs_in_its_environment() -> None:
    environment = folders.find("jax")
    if environment is None:
        pytest.skip("the environment of JAX is not installed")
    graphs = environment.folder / "graphs"
    graphs.mkdir(exist_ok=True)
    kept = graphs.rename(environment.folder / "graphs-kept")  # compiling them took minutes
    try:
        with Engine("jax", "tiny.en", beam_size=1) as fresh:
            fresh.transcribe(SAMPLES / "english.wav")
        assert any(graphs.iterdir())
    finally:
        shutil.rmtree(graphs, ignore_errors=True)
        kept.rename(graphs)


@pytest.fixture(scope="module")
def mlx() -> Iterator[Engine]:
    if folders.find("mlx") is None:
        pytest.skip("the environment of MLX is not installed")
    with Engine("mlx", "tiny.en") as loaded:
        yield loaded


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_mlx_transcribes_a_clip_with_word_times(mlx: Engine) -> None:
    """The only clip of the full run that MLX decodes in batches: on Linux it takes 20 s."""
    assert isinstance(mlx.backend, Remote)
    options: dict[str, Any] = {"word_timestamps": True, "aligner": "none"}
    transcript = mlx.transcribe(SAMPLES / "english.wav", **options)
    assert words(transcript.text) == words(reference("english"))
    with Engine("faster", "tiny.en") as faster:
        theirs = faster.transcribe(SAMPLES / "english.wav", **options)
    ours, expected = (
        [word.start for segment in t.segments for word in segment.words]
        for t in (transcript, theirs)
    )
    assert np.abs(np.subtract(ours, expected)).max() < 0.5


NATIVE_MLX = """
import json, sys
import mlx_whisper, numpy as np
result = mlx_whisper.transcribe(np.load(sys.argv[1]), path_or_hf_repo=sys.argv[2], fp16=False)
print(json.dumps([[s["start"], s["end"], s["text"]] for s in result["segments"]]))
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_native_mlx_matches_mlx_whisper_itself(mlx: Engine, tmp_path: Path) -> None:
    samples = load(SAMPLES / "english.wav")
    np.save(tmp_path / "samples.npy", samples)
    environment = folders.find("mlx")
    assert environment is not None
    weights = store.obtain("tiny.en", "mlx")
    command = [
        str(environment.python), "-c", NATIVE_MLX, str(tmp_path / "samples.npy"), str(weights),
    ]  # fmt: skip
    direct = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    ours = mlx.transcribe(samples, SAMPLE_RATE, strategy="native")
    assert [[s.start, s.end, s.text] for s in ours.segments] == direct


@pytest.fixture(scope="module")
def whisperx(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """whisperX splits sentences with NLTK's punkt_tab, which would be downloaded. An EMPTY table
    stands in, which has no abbreviations."""
    if folders.find("whisperx") is None:
        pytest.skip("the environment of whisperX is not installed")
    folder = tmp_path_factory.mktemp("nltk")
    punkt = folder / "tokenizers" / "punkt_tab" / "english"
    punkt.mkdir(parents=True)
    for name in (
        "collocations.tab", "sent_starters.txt", "abbrev_types.txt", "ortho_context.tab",
    ):  # fmt: skip
        (punkt / name).touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NLTK_DATA", str(folder))
        with Engine("whisperx", "tiny.en") as loaded:
            yield loaded


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("excerpts", [1, pytest.param(3, marks=pytest.mark.soak)])
@pytest.mark.parametrize("aligned", [False, True], ids=["plain", "aligned"])
def test_native_whisperx_matches_whisperx_itself(
    data: Path, whisperx: Engine, aligned: bool, excerpts: int
) -> None:
    """Compares text and times with whisperX's pipeline and alignment, called directly.

    The small CTC model stands in for alignment weights. Its times for unknown words are wrong, but
    equal on both sides.
    """
    with raises(UnsupportedOption, option="temperature"):
        whisperx.transcribe(SAMPLES / "english.wav", strategy="native", temperature=0.5)
    recordings = [load(SAMPLES / f"{name}.wav") for name in ("english", "pause")]
    for name, second in EXCERPTS[:excerpts]:
        start = second * SAMPLE_RATE
        recordings.append(
            load(data / "longform" / f"{name}.flac")[start : start + 60 * SAMPLE_RATE]
        )
    align_model = str(CHECKPOINT / "model") if aligned else ""
    direct_results = direct("tiny.en", align_model, recordings)
    for samples, theirs in zip(recordings, direct_results, strict=True):
        ours = through_engine(whisperx, samples, align_model)
        assert ours and bool(ours[0][3]) == aligned
        assert differences(ours, theirs) == ""
