"""MLX folders as mlx-whisper's own converter writes them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.errors import raises
from support.fake_hub import COMMIT, obtain, serving
from unispeech.errors import ModelDamaged
from unispeech.models import convert, store
from unispeech.models.convert import mlx
from unispeech.models.convert.checkpoint import Checkpoint
from unispeech.models.formats import registry


@pytest.fixture(scope="module")
def tiny() -> Checkpoint:
    return convert.read(store.obtain("tiny.en"), store.obtain)


@pytest.fixture
def published(tmp_path_factory: pytest.TempPathFactory, tiny: Checkpoint) -> Path:
    """`tiny.en` in the layout of `mlx-community`: an archive of arrays, without positions."""
    folder = tmp_path_factory.mktemp("published")
    convert.write(tiny, folder, "mlx")
    arrays: dict[str, Any] = dict(mlx.weights(folder))
    del arrays[mlx.THEIR_POSITIONS]
    (folder / "weights.safetensors").unlink()
    np.savez(folder / "weights.npz", **arrays)
    return folder


def test_a_published_folder_is_read(published: Path, tiny: Checkpoint) -> None:
    assert registry.format_of(published) == "mlx"
    assert list(store.describe(str(published)).languages) == ["en"]
    converted = convert.read(published, store.obtain)
    assert converted.dims == tiny.dims and converted.generation == tiny.generation
    assert any("positions" in note for note in converted.notes)
    for name, tensor in tiny.tensors.items():
        theirs = converted.tensors[name]
        assert theirs.dtype == tensor.dtype, name
        if name == mlx.POSITIONS:  # computed, so the last bits may differ
            assert np.abs(theirs.astype(np.float32) - tensor.astype(np.float32)).max() < 1e-3
        else:
            assert np.array_equal(theirs, tensor), name


def test_a_folder_of_the_newer_converter_is_read(published: Path, tiny: Checkpoint) -> None:
    arrays = mlx.weights(published)
    (published / "weights.npz").unlink()
    convert.hf.save_safetensors(dict(arrays), published / "model.safetensors", "mlx")
    config = json.loads((published / "config.json").read_text())
    (published / "config.json").write_text(json.dumps(config | {"quantization_config": None}))
    assert registry.format_of(published) == "mlx"
    assert list(store.describe(str(published)).languages) == ["en"]
    assert convert.read(published, store.obtain).dims == tiny.dims


@pytest.mark.parametrize("cached", [False, True], ids=["downloaded", "cached by the Hub client"])
def test_a_repository_is_used_as_it_is(tmp_path: Path, published: Path, cached: bool) -> None:
    name = "mlx-community/whisper-tiny.en-mlx"
    if cached:
        snapshot = tmp_path / "home" / "hub" / f"models--{name.replace('/', '--')}"
        (snapshot / "refs").mkdir(parents=True)
        (snapshot / "refs" / "main").write_text(COMMIT)
        shutil.copytree(published, snapshot / "snapshots" / COMMIT)
    with serving(name, published) as (endpoint, requests):
        requests.clear()
        lines, _ = obtain(tmp_path, endpoint, name, "mlx")
        folder = Path(lines[0])
        assert (folder / "weights.npz").is_file() and convert.read(folder, store.obtain)
        assert bool(requests) is not cached


def test_convolutions_are_in_the_order_of_mlx(published: Path, tiny: Checkpoint) -> None:
    conv = tiny.tensors["encoder.conv1.weight"]
    theirs = mlx.weights(published)["encoder.conv1.weight"]
    assert theirs.shape == (384, 3, 80)
    assert np.array_equal(theirs[5, 2], conv[5, :, 2])


def test_alignment_heads_are_among_the_tensors(published: Path, tiny: Checkpoint) -> None:
    heads = mlx.weights(published)[mlx.HEADS]
    assert [tuple(pair) for pair in heads.tolist()] == list(tiny.generation.alignment_heads)


def test_a_quantised_folder_is_not_converted(published: Path) -> None:
    config = json.loads((published / "config.json").read_text())
    config["quantization"] = {"group_size": 64, "bits": 4}
    (published / "config.json").write_text(json.dumps(config))
    assert store.obtain(str(published), "mlx") == published
    with raises(ModelDamaged, "quantised"):
        store.obtain(str(published), "hf")


@pytest.mark.parametrize("part", [0.0, 0.3, 0.999])
def test_a_truncated_archive_is_one_line(published: Path, part: float) -> None:
    weights = published / "weights.npz"
    with weights.open("r+b") as file:
        file.truncate(int(weights.stat().st_size * part))
    for format in ("mlx", "hf"):
        with pytest.raises(ModelDamaged) as caught:
            store.obtain(str(published), format)
        assert str(weights) in str(caught.value) and "\n" not in str(caught.value)


def test_a_config_of_another_layout_is_one_line(published: Path) -> None:
    (published / "config.json").write_text('{"model_type": "whisper", "d_model": 384}')
    with raises(ModelDamaged, "n_mels"):
        store.describe(str(published))
