"""Backends that only run in isolated environments: whisperX and JAX."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

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
from unispeech.types import SAMPLE_RATE

MakeEngine = Callable[..., Engine]
EXCERPTS = (("1221-135767", 0), ("1320-122617", 60), ("1580-141083", 30))
"""Chapter and start in seconds; each excerpt is 60 seconds long. The short form has the first."""


def test_a_missing_environment_is_reported_with_the_install_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNISPEECH_ENV_DIR", str(tmp_path))
    for name in ("whisperx", "openvino", "jax"):
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
