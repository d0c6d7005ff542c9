"""Round trips between every pair of formats, on a small Whisper model."""

from __future__ import annotations

import json
import os
import resource
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.errors import raises
from support.samples import CHECKPOINT, ROOT
from unispeech.errors import ModelDamaged, UnispeechError
from unispeech.features.mel import filters
from unispeech.models import convert, store
from unispeech.models.convert import ctranslate2, hf, openai_defaults, tokenizer
from unispeech.models.convert.checkpoint import Checkpoint
from unispeech.models.formats import ctranslate2 as ctranslate2_format
from unispeech.models.formats import ggml, registry, whisper_shape
from unispeech.models.formats.whisper_shape import Dims, shapes

PAIRS = [(a, b) for a in convert.FORMATS for b in convert.FORMATS if a != b]


@cache
def fetch(name: str) -> Path:
    return store.obtain(name)


@cache
def openai_tokenizer(n_vocab: int) -> str:
    return tokenizer.standard(n_vocab, fetch)


def small(
    n_vocab: int = whisper_shape.ENGLISH, width: int = 8, layers: tuple[int, int] = (1, 1),
    dtype: str = "float16", seed: int = 0,
) -> Checkpoint:  # fmt: skip
    """A Whisper model with random weights and the vocabulary of a real one."""
    dims = Dims(80, 30, width, 2, layers[0], n_vocab, 16, width, 2, layers[1])
    random = np.random.default_rng(seed)
    weights = {
        name: random.standard_normal(shape, dtype=np.float32).astype(dtype)
        for name, shape in shapes(dims)
    }
    return Checkpoint(dims, weights, openai_tokenizer(n_vocab), openai_defaults.generation(dims))


def assert_same(first: Checkpoint, second: Checkpoint) -> None:
    assert first.dims == second.dims and first.generation == second.generation
    assert list(first.tensors) == list(second.tensors)
    for name, tensor in first.tensors.items():
        assert tensor.dtype == second.tensors[name].dtype, name
        assert np.array_equal(tensor, second.tensors[name]), name
    words = [tokenizer.words_of(c.tokenizer, c.dims.n_vocab) for c in (first, second)]
    assert words[0] == words[1]


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    pair=st.sampled_from([pair for pair in PAIRS if "openai" not in pair]),
    n_vocab=st.sampled_from([whisper_shape.ENGLISH, whisper_shape.MULTILINGUAL]),
    layers=st.tuples(st.integers(1, 3), st.integers(1, 2)),
    dtype=st.sampled_from(["float16", "float32"]),
    seed=st.integers(0, 99),
)
def test_a_round_trip_preserves_the_model(
    tmp_path_factory: pytest.TempPathFactory,
    pair: tuple[str, str], n_vocab: int, layers: tuple[int, int], dtype: str, seed: int,
) -> None:  # fmt: skip
    if "ggml" in pair:  # ggml supports float16 only
        dtype = "float16"
    model = small(n_vocab, layers=layers, dtype=dtype, seed=seed)
    for format in pair:
        path = convert.write(model, tmp_path_factory.mktemp(format), format)
        converted = convert.read(path, fetch)
        assert_same(model, converted)
        model = converted


EVERY_PAIR = (
    "mlx ggml mlx openai mlx hf mlx ctranslate2 ggml openai ggml hf ggml ctranslate2 openai hf "
    "openai ctranslate2 hf ctranslate2"
)
"""A path from ctranslate2 through every pair of formats and back."""


@pytest.mark.slow
def test_a_real_model_through_every_pair_of_formats(tmp_path: Path) -> None:
    steps = EVERY_PAIR.split()
    assert set(zip(["ctranslate2", *steps], steps, strict=False)) == set(PAIRS)
    real = model = convert.read(fetch("tiny.en"), fetch)
    assert real.dtype == "float16"
    for number, format in enumerate(steps):
        folder = tmp_path / str(number)
        folder.mkdir()
        model = convert.read(convert.write(model, folder, format), fetch)
        assert_same(real, model)


@pytest.mark.slow
def test_a_converted_model_gives_the_same_transcript(tmp_path: Path) -> None:
    import faster_whisper

    clip = ROOT / "samples" / "english.wav"
    (tmp_path / "hf").mkdir()
    (tmp_path / "back").mkdir()
    convert.write(convert.read(fetch("tiny.en"), fetch), tmp_path / "hf", "hf")
    back = convert.write(convert.read(tmp_path / "hf", fetch), tmp_path / "back", "ctranslate2")

    def transcribe(folder: Path) -> list[tuple[str, list[float]]]:
        model = faster_whisper.WhisperModel(str(folder), device="cpu", compute_type="float32")
        segments, _ = model.transcribe(str(clip), word_timestamps=True, temperature=0)
        return [(s.text, [w.start for w in s.words or ()]) for s in segments]

    assert transcribe(back) == transcribe(fetch("tiny.en"))


@pytest.mark.slow
def test_transformers_and_openai_load_converted_models(tmp_path: Path) -> None:
    import torch
    import transformers
    import whisper

    from unispeech.models.convert import openai

    model = convert.read(fetch("tiny.en"), fetch)
    (tmp_path / "hf").mkdir()
    convert.write(model, tmp_path / "hf", "hf")
    loaded = transformers.WhisperForConditionalGeneration.from_pretrained(tmp_path / "hf")
    heads = [list(pair) for pair in model.generation.alignment_heads]
    assert loaded.generation_config.to_dict()["alignment_heads"] == heads
    processor = transformers.WhisperProcessor.from_pretrained(tmp_path / "hf")
    ids = processor.tokenizer("Hello there").input_ids
    assert processor.tokenizer.decode(ids, skip_special_tokens=True) == "Hello there"
    path = convert.write(model, tmp_path, "openai", "tiny.en")
    theirs = whisper.load_model(str(path), device="cpu")
    assert torch.equal(
        theirs.decoder.token_embedding.weight.detach(),
        torch.from_numpy(model.tensors["decoder.token_embedding.weight"].astype("float32")),
    )
    assert openai.alignment_heads(path) == model.generation.alignment_heads
    bank = np.load(Path(whisper.__file__).parent / "assets" / "mel_filters.npz")
    for n_mels in (80, 128):
        np.testing.assert_allclose(filters(n_mels), bank[f"mel_{n_mels}"], atol=1e-8)


@pytest.mark.slow
def test_custom_alignment_heads_reach_openai(tmp_path: Path) -> None:
    from unispeech.backends.openai import OpenAIWhisper
    from unispeech.models.facts import ModelFacts
    from unispeech.options import LoadOptions

    heads = ((0, 1), (1, 0))
    model = small(layers=(1, 2))
    custom = replace(model, generation=replace(model.generation, alignment_heads=heads))
    path = convert.write(custom, tmp_path, "openai")
    backend = OpenAIWhisper(path, ModelFacts("custom"), LoadOptions(device="cpu"))
    loaded = backend._model.alignment_heads.to_dense().nonzero().tolist()
    assert [tuple(pair) for pair in loaded] == list(heads)


WITHOUT_TORCH = """
import sys
sys.modules["torch"] = sys.modules["transformers"] = None
from pathlib import Path
from unispeech.errors import BackendMissing
from unispeech.models import store
folder, where = sys.argv[1], Path(sys.argv[2])
for number, format in enumerate(("ctranslate2", "ggml", "hf", "mlx")):
    store.convert_to(folder, where / f"{number}", format)
try:
    store.convert_to(folder, where / "x.pt", "openai")
except BackendMissing as error:
    print(error)
"""


def test_only_pt_files_need_torch(tmp_path: Path, written: dict[str, Path]) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT_TORCH, str(written["hf"]), str(tmp_path)],
        capture_output=True, text=True,
    )  # fmt: skip
    assert "pip install 'unispeech[openai]'" in ran.stdout, ran.stderr
    for number, format in enumerate(("ctranslate2", "ggml", "hf", "mlx")):
        assert registry.format_of(tmp_path / f"{number}") == format
        assert_same(convert.read(tmp_path / f"{number}", fetch), small())


def test_int8_weights_are_dequantised(tmp_path: Path) -> None:
    from ctranslate2.specs import WhisperSpec

    model = small(dtype="float32")
    convert.write(model, tmp_path, "ctranslate2")
    index = ctranslate2_format.variables(tmp_path / "model.bin")
    spec = WhisperSpec(1, 2, 1, 2)
    for name, variable in index.items():
        if variable.shape:
            value = ctranslate2._load(tmp_path / "model.bin", variable)
            ctranslate2._set(spec, name, value.copy())
    embeddings = model.tensors["decoder.token_embedding.weight"].copy()
    ctranslate2._set(spec, "decoder/projection/weight", embeddings)
    spec.register_vocabulary(tokenizer.words_of(model.tokenizer, model.dims.n_vocab))
    spec.validate()
    spec.optimize(quantization="int8")
    (tmp_path / "int8").mkdir()
    spec.save(str(tmp_path / "int8"))
    converted = convert.read(tmp_path / "int8", fetch)
    assert any("rounding" in note for note in converted.notes)
    for name, tensor in model.tensors.items():
        before, after = (np.asarray(t, dtype=np.float32) for t in (tensor, converted.tensors[name]))
        assert np.abs(before - after).max() <= np.abs(before).max() / 127, name


def test_ggml_is_float16_with_a_note(tmp_path: Path) -> None:
    model = small(dtype="float32")
    half = convert.for_format(model, "ggml")
    assert half.dtype == "float16" and "rounded" in half.notes[-1]
    assert_same(half, convert.read(convert.write(model, tmp_path, "ggml"), fetch))


def test_a_float32_ggml_file_is_converted_to_float16(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = convert.write(small(), tmp_path, "ggml")
    raw = bytearray(path.read_bytes())
    raw[44:48] = struct.pack("<i", 0)  # the header's precision; each tensor has its own as well
    path.write_bytes(raw)
    monkeypatch.setenv("UNISPEECH_CACHE_DIR", str(tmp_path / "store"))
    converted = store.obtain(str(path), "ggml")
    assert converted != path and ggml.header(converted)[1] == ggml.FLOAT16


def test_bfloat16_is_read_exactly(tmp_path: Path) -> None:
    values = np.array([1.0, -2.5, 3.140625, 1e-30], dtype=np.float32)
    raw = (values.view(np.uint32) >> 16).astype("<u2").tobytes()
    header = json.dumps({"a": {"dtype": "BF16", "shape": [4], "data_offsets": [0, 8]}}).encode()
    path = tmp_path / "model.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header + raw)
    expected = (values.view(np.uint32) & 0xFFFF0000).view(np.float32)
    assert np.array_equal(hf.safetensors(path)["a"], expected)


def test_shards_and_the_older_tokenizer_files_are_read(tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    convert.write(small(), tmp_path, "hf")
    tensors = load_file(tmp_path / "model.safetensors")
    shards = {name: f"model-{number % 2}.safetensors" for number, name in enumerate(tensors)}
    for shard in set(shards.values()):
        save_file({n: tensors[n] for n in tensors if shards[n] == shard}, tmp_path / shard)
    (tmp_path / "model.safetensors").unlink()
    index = {"metadata": {}, "weight_map": shards}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    parsed = json.loads((tmp_path / "tokenizer.json").read_text())
    added = {token["content"]: token["id"] for token in parsed["added_tokens"]}
    (tmp_path / "added_tokens.json").write_text(json.dumps(added))
    (tmp_path / "tokenizer.json").unlink()
    assert_same(convert.read(tmp_path, fetch), small())
    (tmp_path / "model-1.safetensors").unlink()
    with raises(ModelDamaged, "model-1.safetensors"):
        convert.read(tmp_path, fetch)


def test_a_missing_tokenizer_is_openais_with_a_note(tmp_path: Path) -> None:
    convert.write(small(), tmp_path, "hf")
    for name in ("tokenizer.json", "vocab.json", "generation_config.json"):
        (tmp_path / name).unlink()
    model = convert.read(tmp_path, fetch)
    assert_same(model, small())
    assert "tokenizer" in model.notes[0] and "alignment heads" in model.notes[1]


def test_a_custom_vocabulary_is_refused_by_formats_that_cannot_store_it(tmp_path: Path) -> None:
    model = small()
    words = tokenizer.words_of(model.tokenizer, model.dims.n_vocab)
    words[1000] = "ĠKreyòl"
    custom = Checkpoint(model.dims, model.tensors, tokenizer.tokenizer_of(words), model.generation)
    convert.write(custom, tmp_path, "hf")
    assert tokenizer.words_of(convert.read(tmp_path, fetch).tokenizer, 51864)[1000] == "ĠKreyòl"
    with pytest.raises(ModelDamaged, match="vocabulary is not OpenAI's"):
        convert.write(custom, tmp_path, "ggml")
    (tmp_path / "config.json").write_text(
        (tmp_path / "config.json").read_text().replace("51864", "51000")
    )
    for name in ("tokenizer.json", "vocab.json"):
        (tmp_path / name).unlink()
    with pytest.raises(UnispeechError, match=r"51000|shape"):
        convert.read(tmp_path, fetch)


@pytest.mark.parametrize("n_vocab", [whisper_shape.ENGLISH, whisper_shape.MULTILINGUAL])
def test_a_tokenizer_is_rebuilt_from_its_tokens(n_vocab: int) -> None:
    import tokenizers

    original = openai_tokenizer(n_vocab)
    rebuilt = tokenizer.tokenizer_of(tokenizer.words_of(original, n_vocab))
    ours, theirs = (tokenizers.Tokenizer.from_str(text) for text in (rebuilt, original))
    for text in ("It's 10 past 4.", "naïve café", "  two  spaces\n", "日本語", "don't stop"):
        assert ours.decode(ours.encode(text).ids) == text
        if n_vocab == whisper_shape.ENGLISH:  # the multilingual file lacks the merge of " t"
            assert ours.encode(text).ids == theirs.encode(text).ids


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    folders = {format: tmp_path_factory.mktemp(format) for format in convert.FORMATS}
    yield {format: convert.write(small(), folders[format], format) for format in convert.FORMATS}


WEIGHTS = {
    "ctranslate2": "model.bin", "hf": "model.safetensors", "mlx": "weights.safetensors",
    "openai": "", "ggml": "",
}  # fmt: skip


@pytest.mark.parametrize("format", convert.FORMATS)
@pytest.mark.parametrize("part", [0.0, 0.0001, 0.3, 0.99999])
def test_truncated_weights_are_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    written: dict[str, Path],
    format: str,
    part: float,
) -> None:
    source, name = written[format], WEIGHTS[format]
    truncated = tmp_path / source.name
    if name:
        truncated.mkdir()
        for file in source.iterdir():
            (truncated / file.name).write_bytes(file.read_bytes())
    weights = truncated / name if name else truncated
    content = (source / name if name else source).read_bytes()
    weights.write_bytes(content[: int(len(content) * part)])
    with pytest.raises(ModelDamaged) as caught:
        convert.read(truncated, fetch)
    assert str(tmp_path) in str(caught.value) and "\n" not in str(caught.value)
    monkeypatch.setenv("UNISPEECH_CACHE_DIR", str(tmp_path / "store"))
    with pytest.raises(ModelDamaged):
        store.obtain(str(truncated), format)


def test_weights_that_do_not_match_their_config_are_refused(tmp_path: Path) -> None:
    convert.write(small(width=8), tmp_path, "hf")
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "encoder_layers": 2}))
    with raises(ModelDamaged, "encoder.blocks.1.attn.query.weight"):
        convert.read(tmp_path, fetch)
    (tmp_path / "config.json").write_text(json.dumps({**config, "d_model": 16}))
    with pytest.raises(ModelDamaged, match="shape"):
        convert.read(tmp_path, fetch)


FILL = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), int(sys.argv[3])))
from unispeech.errors import ModelError
from unispeech.models import store
try:
    store.obtain(sys.argv[1], sys.argv[2])
except ModelError as error:
    print(error)
"""


def test_a_file_that_would_run_code_is_refused(tmp_path: Path) -> None:
    import torch

    class Touch:
        def __reduce__(self) -> tuple[object, ...]:
            return os.mkdir, (str(tmp_path / "ran"),)

    path = tmp_path / "model.pt"
    torch.save({"dims": {}, "model_state_dict": {}, "more": Touch()}, path)
    for read in (store.describe, lambda name: store.obtain(name, "openai")):
        with pytest.raises(ModelDamaged, match="run code"):
            read(str(path))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("format", ["hf", "ggml", "openai", "mlx", "ctranslate2"])
def test_a_full_disk_is_one_line_and_leaves_nothing(
    tmp_path: Path, written: dict[str, Path], format: str
) -> None:
    environment = {**os.environ, "UNISPEECH_CACHE_DIR": str(tmp_path / "store")}
    limit = resource.getpagesize() * 20
    source = str(written["hf" if format == "ctranslate2" else "ctranslate2"])
    ran = subprocess.run(
        [sys.executable, "-c", FILL, source, format, str(limit)],
        capture_output=True, text=True, env=environment,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert "UNISPEECH_CACHE_DIR" in ran.stdout and ran.stdout.count("\n") == 1
    leftovers = [path for path in (tmp_path / "store").rglob("*") if path.is_file()]
    assert [path.suffix for path in leftovers if path.suffix != ".lock"] == []


TWICE = """
import sys
from unispeech.models import store
print(store.obtain(sys.argv[1], "ggml", lambda p: print(p.stage, file=sys.stderr)))
"""


def test_concurrent_processes_convert_only_once(tmp_path: Path, written: dict[str, Path]) -> None:
    environment = {**os.environ, "UNISPEECH_CACHE_DIR": str(tmp_path / "store")}
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", TWICE, str(written["hf"])],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
        )
        for _ in range(2)
    ]  # fmt: skip
    outputs = [process.communicate(timeout=120) for process in processes]
    assert outputs[0][0] == outputs[1][0] and Path(outputs[0][0].strip()).is_file()
    assert sorted("convert" in stderr for _, stderr in outputs) == [False, True], outputs


def test_an_edited_folder_is_converted_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    english = fetch("tiny.en")
    monkeypatch.setenv("UNISPEECH_CACHE_DIR", str(tmp_path / "store"))
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "tiny.en").symlink_to(english.parent)
    folder = tmp_path / "mine"
    folder.mkdir()
    convert.write(small(seed=1), folder, "hf")
    stages: list[str] = []
    first = store.obtain(str(folder), "ggml", lambda p: stages.append(p.stage))
    before = first.read_bytes()
    assert store.obtain(str(folder), "ggml", lambda p: stages.append(p.stage)) == first
    assert stages == ["convert", "convert"]
    convert.write(small(seed=2), folder, "hf")
    assert store.obtain(str(folder), "ggml").read_bytes() != before


def test_the_first_of_two_conversions_to_one_path_wins(
    tmp_path: Path, written: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    write = convert.write

    def write_late(*arguments: Any) -> Path:
        path = write(*arguments)
        monkeypatch.setattr(convert, "write", write)
        store.convert_to(str(written["ggml"]), tmp_path / "out", arguments[2])
        return path

    for format in ("hf", "ggml"):
        monkeypatch.setattr(convert, "write", write_late)
        with pytest.raises(UnispeechError, match="out already exists"):
            store.convert_to(str(written["hf"]), tmp_path / "out", format)
        assert [path.name for path in tmp_path.iterdir()] == ["out"]
        shutil.rmtree(tmp_path / "out") if format == "hf" else (tmp_path / "out").unlink()


def test_models_other_than_whisper_are_refused(tmp_path: Path) -> None:
    (tmp_path / "speakers").mkdir()
    (tmp_path / "speakers" / "config.yaml").write_text("pipeline: {}")
    ctc = CHECKPOINT / "model"
    for source, kind in ((tmp_path / "speakers", "pyannote"), (ctc, "wav2vec2")):
        with raises(ModelDamaged, kind):
            store.convert_to(str(source), tmp_path / "out", "hf")
    assert [path.name for path in tmp_path.iterdir()] == ["speakers"]


def test_convert_to_refuses_to_overwrite(tmp_path: Path, written: dict[str, Path]) -> None:
    target = tmp_path / "out.bin"
    store.convert_to(str(written["hf"]), target, "ggml")
    assert_same(convert.read(target, fetch), small())
    with pytest.raises(UnispeechError, match="already exists"):
        store.convert_to(str(written["hf"]), target, "ggml")
    with pytest.raises(UnispeechError, match="onnx"):
        store.convert_to(str(written["hf"]), tmp_path / "x", "onnx")
    assert [p.name for p in tmp_path.iterdir()] == ["out.bin"]
