"""Hugging Face folders: `config.json`, `model.safetensors` and the tokenizer's files.

Reads shards and the older `pytorch_model.bin` too; writes a single safetensors file.
"""

from __future__ import annotations

import errno
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from unispeech.errors import ModelDamaged
from unispeech.models.convert import tensor_names, tokenizer
from unispeech.models.convert.checkpoint import Checkpoint, Tensor, array, checked_tensors, integers
from unispeech.models.convert.openai_defaults import Generation, end_of_text, generation
from unispeech.models.formats import hf, openai
from unispeech.models.formats.headers import read_json, read_object
from unispeech.models.formats.whisper_shape import ENGLISH, Dims, shapes


def read(folder: Path, fetch: tokenizer.Fetch) -> Checkpoint:
    """Read a folder that `save_pretrained` or a Trainer wrote.

    Raises:
        ModelDamaged: truncated, incomplete, or of another architecture.
    """
    config = read_object(folder / "config.json")
    if config.get("model_type") != "whisper":
        raise ModelDamaged(
            f"{folder}: model_type {config.get('model_type')!r}, not Whisper",
            "give a Whisper model",
        )
    dims = hf.dimensions(config, folder)
    theirs = weights(folder)
    prefix = "" if any(name.startswith("model.") for name in theirs) else "model."
    tensors = {
        ours: theirs[name.removeprefix(prefix)]
        for ours, _ in shapes(dims)
        if (name := tensor_names.hf(ours)).removeprefix(prefix) in theirs
    }
    text, notes = tokenizer_in(folder, dims.n_vocab, fetch)
    settings, more = _generation(folder, config, dims)
    return Checkpoint(dims, checked_tensors(tensors, dims, folder), text, settings, (*notes, *more))


def weights(folder: Path) -> dict[str, Tensor]:
    """Return all tensors of a folder by their names in the files.

    Raises:
        ModelDamaged: a file is truncated or missing.
        BackendMissing: the weights are pickled, and torch is not installed.
    """
    tensors: dict[str, Tensor] = {}
    for path in hf.weight_files(folder):
        tensors |= safetensors(path) if ".safetensors" in path.name else _pickled(path)
    return tensors


def safetensors(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a file; bfloat16, which numpy lacks, becomes float32 exactly.

    Raises:
        ModelDamaged: missing, truncated, or not a safetensors file.
    """
    from safetensors import SafetensorError, deserialize, safe_open

    try:
        with safe_open(path, "numpy") as file:
            kinds = {name: file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118
            if "BF16" not in kinds.values():
                return {name: file.get_tensor(name) for name in kinds}
        entries: Any = deserialize(path.read_bytes())  # type: ignore[no-untyped-call]
        return {name: _array(entry) for name, entry in entries}
    except FileNotFoundError:
        raise ModelDamaged(f"{path} is missing", "download it again") from None
    except (SafetensorError, ValueError) as error:
        raise ModelDamaged(
            f"{path}: truncated, or not a safetensors file ({error})", "download it again"
        ) from None


def _array(entry: Mapping[str, Any]) -> Tensor:
    kinds = {
        "F32": "<f4", "F16": "<f2", "BF16": "<u2", "F64": "<f8", "I64": "<i8", "I32": "<i4",
        "U32": "<u4",
    }  # fmt: skip
    values: Any = np.frombuffer(entry["data"], dtype=kinds[entry["dtype"]])
    if entry["dtype"] == "BF16":  # the upper half of a float32
        values = (values.astype(np.uint32) << 16).view(np.float32)
    tensor: Tensor = values.reshape(entry["shape"])
    return tensor


def _pickled(path: Path) -> dict[str, Tensor]:
    return {name: array(tensor) for name, tensor in openai.load(path).items()}


def tokenizer_in(folder: Path, n_vocab: int, fetch: tokenizer.Fetch) -> tuple[str, list[str]]:
    """Return the folder's `tokenizer.json`, else a rebuilt one, else OpenAI's of that size.

    Raises:
        ModelDamaged: the folder has no tokenizer, and OpenAI has none of this size.
    """
    path = folder / "tokenizer.json"
    if path.is_file():
        read_json(path)
        return path.read_text(encoding="utf-8"), []
    if (folder / "vocab.json").is_file():
        vocabulary = dict(read_object(folder / "vocab.json"))
        added = folder / "added_tokens.json"
        vocabulary |= read_json(added) if added.is_file() else {}
        words = sorted(vocabulary, key=vocabulary.__getitem__)
        return tokenizer.tokenizer_of(words), ["tokenizer.json was rebuilt from vocab.json"]
    try:
        text = tokenizer.standard(n_vocab, fetch)
    except ModelDamaged as error:
        raise ModelDamaged(f"{folder}: the tokenizer is missing, and {error.message}",
                           error.hint) from None  # fmt: skip
    return text, ["the tokenizer is OpenAI's for this vocabulary; the folder has none"]


def _generation(
    folder: Path, config: Mapping[str, Any], dims: Dims
) -> tuple[Generation, tuple[str, ...]]:
    defaults, path = generation(dims), folder / "generation_config.json"
    generation_config = read_json(path) if path.is_file() else {}
    heads = tuple((int(a), int(b)) for a, b in generation_config.get("alignment_heads") or ())
    suppress = generation_config.get("suppress_tokens", config.get("suppress_tokens"))
    begin = generation_config.get("begin_suppress_tokens", config.get("begin_suppress_tokens"))
    notes = () if heads else ("the alignment heads are the defaults for a model of this size",)
    if suppress is None:
        notes = (*notes, "the suppressed tokens are OpenAI's; generation_config.json has none")
    languages = tuple(sorted(generation_config.get("lang_to_id", {}).values()))
    settings = Generation(
        alignment_heads=heads or defaults.alignment_heads,
        suppress=defaults.suppress if suppress is None else integers(suppress),
        suppress_begin=defaults.suppress_begin if begin is None else integers(begin),
        languages=languages or defaults.languages,
    )
    return settings, notes


def write(checkpoint: Checkpoint, folder: Path) -> None:
    """Write a folder for transformers' `WhisperForConditionalGeneration` and its processor."""
    named = {
        tensor_names.hf(name): np.ascontiguousarray(tensor, dtype=checkpoint.dtype)
        for name, tensor in checkpoint.tensors.items()
    }
    save_safetensors(named, folder / "model.safetensors", "pt")
    words = tokenizer.words_of(checkpoint.tokenizer, checkpoint.dims.n_vocab)
    _dump(folder / "config.json", _config(checkpoint))
    _dump(folder / "generation_config.json", _generation_config(checkpoint, words))
    _dump(folder / "preprocessor_config.json", _preprocessor_config(checkpoint.dims))
    (folder / "tokenizer.json").write_text(checkpoint.tokenizer, encoding="utf-8")
    _dump(folder / "tokenizer_config.json", _tokenizer_config(words))
    parsed = json.loads(checkpoint.tokenizer)["model"]
    _dump(folder / "vocab.json", parsed["vocab"])
    merges = [m if isinstance(m, str) else " ".join(m) for m in parsed["merges"]]
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges, ""]), encoding="utf-8")


def save_safetensors(tensors: dict[str, Tensor], path: Path, framework: str) -> None:
    """Write tensors to a safetensors file, for a framework: `pt` or `mlx`.

    Raises:
        OSError: the disk is full or not writable.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    try:
        save_file(tensors, path, metadata={"format": framework})
    except SafetensorError as error:  # it wraps the error of a full disk
        code = re.search(r"os error (\d+)", str(error))
        raise OSError(int(code[1]) if code else errno.EIO, str(error)) from None


def _dump(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _config(checkpoint: Checkpoint) -> dict[str, Any]:
    dims, end = checkpoint.dims, end_of_text(checkpoint.dims.n_vocab)
    return {
        "architectures": ["WhisperForConditionalGeneration"], "model_type": "whisper",
        "is_encoder_decoder": True, "activation_function": "gelu", "dtype": checkpoint.dtype,
        "torch_dtype": checkpoint.dtype,  # the name before transformers 5
        "d_model": dims.n_audio_state, "num_hidden_layers": dims.n_audio_layer,
        "encoder_layers": dims.n_audio_layer, "encoder_attention_heads": dims.n_audio_head,
        "encoder_ffn_dim": 4 * dims.n_audio_state, "decoder_layers": dims.n_text_layer,
        "decoder_attention_heads": dims.n_text_head, "decoder_ffn_dim": 4 * dims.n_text_state,
        "max_source_positions": dims.n_audio_ctx, "max_target_positions": dims.n_text_ctx,
        "num_mel_bins": dims.n_mels, "vocab_size": dims.n_vocab, "scale_embedding": False,
        "tie_word_embeddings": True, "use_cache": True, "bos_token_id": end, "eos_token_id": end,
        "pad_token_id": end, "decoder_start_token_id": end + 1,
    }  # fmt: skip


def _generation_config(checkpoint: Checkpoint, words: list[str]) -> dict[str, Any]:
    end, settings = words.index("<|endoftext|>"), checkpoint.generation
    multilingual = checkpoint.dims.n_vocab != ENGLISH
    config: dict[str, Any] = {
        "alignment_heads": [list(pair) for pair in settings.alignment_heads],
        "begin_suppress_tokens": list(settings.suppress_begin),
        "suppress_tokens": list(settings.suppress), "bos_token_id": end, "eos_token_id": end,
        "pad_token_id": end, "decoder_start_token_id": words.index("<|startoftranscript|>"),
        "is_multilingual": multilingual, "max_initial_timestamp_index": 50,
        "max_length": checkpoint.dims.n_text_ctx, "return_timestamps": False,
        "no_timestamps_token_id": words.index("<|notimestamps|>"),
        "prev_sot_token_id": words.index("<|startofprev|>"),
    }  # fmt: skip
    if multilingual:
        config["lang_to_id"] = tokenizer.language_ids(words)
        config["task_to_id"] = {
            task: words.index(f"<|{task}|>") for task in ("transcribe", "translate")
        }
    return config


def _preprocessor_config(dims: Dims) -> dict[str, Any]:
    return {
        "feature_extractor_type": "WhisperFeatureExtractor", "processor_class": "WhisperProcessor",
        "feature_size": dims.n_mels, "sampling_rate": 16000, "hop_length": 160, "n_fft": 400,
        "chunk_length": 30, "n_samples": 480000, "nb_max_frames": 3000, "padding_side": "right",
        "padding_value": 0.0, "return_attention_mask": False,
    }  # fmt: skip


def _tokenizer_config(words: list[str]) -> dict[str, Any]:
    end = "<|endoftext|>"
    last = words.index("<|notimestamps|>") + 1
    return {
        "tokenizer_class": "WhisperTokenizer", "processor_class": "WhisperProcessor",
        "bos_token": end, "eos_token": end, "unk_token": end, "pad_token": end,
        "additional_special_tokens": words[words.index(end) : last], "errors": "replace",
        "model_max_length": 1024, "add_prefix_space": False, "return_attention_mask": False,
        "clean_up_tokenization_spaces": False,
    }  # fmt: skip
