"""LoRA adapters of peft, merged into their base models.

The merged weight is `W + scale * B A`, with `scale` = alpha / r (or alpha / sqrt(r) for rsLoRA):
Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", 2021.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from unispeech.errors import ModelDamaged
from unispeech.models.convert import hf, tensor_names
from unispeech.models.convert.checkpoint import Checkpoint, Tensor
from unispeech.models.formats import lora
from unispeech.models.formats.headers import read_object
from unispeech.models.formats.whisper_shape import shapes

ADAPTER = re.compile(
    r"(?:base_model\.model\.)?(?P<module>.+)\.lora_(?P<part>[AB])(?:\.\w+)?\.weight"
)


def read(folder: Path, base: Callable[[str], Checkpoint]) -> Checkpoint:
    """Merge an adapter into its base model, which `base` returns by name.

    Raises:
        ModelDamaged: incomplete, trained on another model, or of a kind that cannot be merged here.
    """
    config = read_object(folder / lora.CONFIG)
    _require_mergeable(config, folder)
    base_name = lora.base_of(folder)
    merged = base(base_name)
    pairs = _pairs(folder)
    ours = {tensor_names.hf(name).removesuffix(".weight"): name for name, _ in shapes(merged.dims)}
    tensors = dict(merged.tensors)
    for module, pair in pairs.items():
        if module not in ours or set(pair) != {"A", "B"}:
            raise ModelDamaged(f"{folder}: {module} is not in the base model {base_name}")
        tensors[ours[module]] = _merged(tensors[ours[module]], pair, _scale(config, module), folder)
    dtypes = {tensor.dtype for tensor in tensors.values()}
    if len(dtypes) > 1:
        tensors = {key: tensor.astype("float32") for key, tensor in tensors.items()}
    return replace(merged, tensors=tensors).with_notes(f"the adapter was merged into {base_name}")


def _require_mergeable(config: Mapping[str, Any], folder: Path) -> None:
    kind = config.get("peft_type")
    extras = [key for key in ("use_dora", "modules_to_save", "fan_in_fan_out") if config.get(key)]
    if kind != "LORA" or extras or config.get("bias", "none") != "none":
        what = f"a {kind} adapter" if kind != "LORA" else f"LoRA with {', '.join(extras) or 'bias'}"
        raise ModelDamaged(
            f"{folder}: {what} cannot be merged here",
            "merge it with peft's merge_and_unload() and save_pretrained()",
        )


def _pairs(folder: Path) -> dict[str, dict[str, Tensor]]:
    path = folder / lora.WEIGHTS
    pairs: dict[str, dict[str, Tensor]] = {}
    if not path.is_file():
        raise ModelDamaged(f"{folder}: adapter_model.safetensors is missing", "save it again")
    for name, tensor in hf.safetensors(path).items():
        match = ADAPTER.fullmatch(name)
        if match is None:
            raise ModelDamaged(f"{path}: {name} is not a tensor of a LoRA adapter")
        pairs.setdefault(match["module"], {})[match["part"]] = tensor
    if not pairs:
        raise ModelDamaged(f"{path}: it contains no tensors")
    return pairs


def _scale(config: Mapping[str, Any], module: str) -> float:
    def setting(pattern: str, default: str) -> float:
        for key, value in (config.get(pattern) or {}).items():
            if re.fullmatch(rf"(.*\.)?({key})", module):
                return float(value)
        return float(config[default])

    rank, alpha = setting("rank_pattern", "r"), setting("alpha_pattern", "lora_alpha")
    return alpha / (math.sqrt(rank) if config.get("use_rslora") else rank)


def _merged(weight: Tensor, pair: Mapping[str, Tensor], scale: float, folder: Path) -> Tensor:
    down, up = pair["A"].astype(np.float32), pair["B"].astype(np.float32)
    if (up.shape[0], down.shape[-1]) != weight.shape:
        raise ModelDamaged(f"{folder}: the adapter does not fit its base model")
    merged: Tensor = weight.astype(np.float32) + scale * (up @ down)
    return merged
