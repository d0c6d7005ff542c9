"""Downloads of onnx-asr's repositories: real names, small models, from a FAKE Hub."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from support.fake_hub import obtain, serving
from support.onnx_models import TDT
from unispeech.models import catalog

REPOSITORY = "istupakov/parakeet-tdt-0.6b-v2-onnx"
OTHERS = ("README.md", "nemo128.onnx", "encoder-model.fp16.onnx")
"""Files of such repositories that no model of ours needs."""


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hub") / "repository"
    shutil.copytree(TDT, folder)
    for name in OTHERS:
        (folder / name).write_bytes(b"other")
    (folder / "encoder-model.onnx.data").write_bytes(b"external weights")
    return folder


@pytest.mark.parametrize(
    ("model", "weights"),
    [
        (
            "parakeet-tdt-0.6b-v2",
            ["decoder_joint-model.onnx", "encoder-model.onnx", "encoder-model.onnx.data"],
        ),
        (
            "parakeet-tdt-0.6b-v2-int8",
            ["decoder_joint-model.int8.onnx", "encoder-model.int8.onnx"],
        ),
    ],
)
def test_only_the_files_of_the_compute_type_are_downloaded(
    tmp_path: Path, repository: Path, model: str, weights: list[str]
) -> None:
    with serving(REPOSITORY, repository) as (endpoint, _):
        lines, _ = obtain(tmp_path, endpoint, model, "onnx")
    folder = Path(lines[0])
    assert folder == tmp_path / "store" / model / "onnx" and lines[1] == "onnx"
    names = sorted(path.name for path in folder.iterdir())
    assert names == sorted([*weights, "config.json", "unispeech.json", "vocab.txt"])


def test_files_that_differ_from_the_catalog_are_refused(tmp_path: Path, repository: Path) -> None:
    (source,) = catalog.find("parakeet-tdt-0.6b-v3-int8").sources  # type: ignore[union-attr]
    assert source.sha256["encoder-model.int8.onnx"]
    with serving(source.repository, repository) as (endpoint, _):
        lines, _ = obtain(tmp_path, endpoint, "parakeet-tdt-0.6b-v3-int8", "onnx")
    assert lines[0].startswith("ModelUnavailable") and "sha256" in lines[0]
    assert not any((tmp_path / "store").rglob("*.onnx"))


def test_a_repository_outside_the_catalog_is_downloaded_whole(
    tmp_path: Path, repository: Path
) -> None:
    with serving("somebody/parakeet", repository) as (endpoint, _):
        lines, _ = obtain(tmp_path, endpoint, "somebody/parakeet", "onnx")
    names = {path.name for path in Path(lines[0]).iterdir()}
    assert {"encoder-model.onnx", "encoder-model.int8.onnx"} <= names and "README.md" not in names
