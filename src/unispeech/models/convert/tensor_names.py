"""Names of tensors in the other formats, from OpenAI's names."""

from __future__ import annotations

from collections.abc import Iterator

from unispeech.models.formats.whisper_shape import Dims

_HF_TOP = {
    "encoder.conv1": "model.encoder.conv1",
    "encoder.conv2": "model.encoder.conv2",
    "encoder.ln_post": "model.encoder.layer_norm",
    "decoder.token_embedding": "model.decoder.embed_tokens",
    "decoder.ln": "model.decoder.layer_norm",
}
_HF_BLOCK = {
    "attn.query": "self_attn.q_proj",
    "attn.key": "self_attn.k_proj",
    "attn.value": "self_attn.v_proj",
    "attn.out": "self_attn.out_proj",
    "attn_ln": "self_attn_layer_norm",
    "cross_attn.query": "encoder_attn.q_proj",
    "cross_attn.key": "encoder_attn.k_proj",
    "cross_attn.value": "encoder_attn.v_proj",
    "cross_attn.out": "encoder_attn.out_proj",
    "cross_attn_ln": "encoder_attn_layer_norm",
    "mlp.0": "fc1",
    "mlp.2": "fc2",
    "mlp_ln": "final_layer_norm",
}


def hf(name: str) -> str:
    """Return the name in transformers' `WhisperForConditionalGeneration`."""
    if name.endswith(".positional_embedding"):
        return f"model.{name.split('.')[0]}.embed_positions.weight"
    stem, _, last = name.rpartition(".")
    if stem in _HF_TOP:
        return f"{_HF_TOP[stem]}.{last}"
    side, _, layer, part = stem.split(".", 3)
    return f"model.{side}.layers.{layer}.{_HF_BLOCK[part]}.{last}"


def ctranslate2(dims: Dims) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each CTranslate2 variable with the OpenAI tensors that are concatenated in it."""
    for conv in ("conv1", "conv2"):
        for last in ("weight", "bias"):
            yield f"encoder/{conv}/{last}", (f"encoder.{conv}.{last}",)
    yield "encoder/position_encodings/encodings", ("encoder.positional_embedding",)
    yield "decoder/position_encodings/encodings", ("decoder.positional_embedding",)
    yield "decoder/embeddings/weight", ("decoder.token_embedding.weight",)
    yield from _norm("encoder/layer_norm", "encoder.ln_post")
    yield from _norm("decoder/layer_norm", "decoder.ln")
    for layer in range(dims.n_audio_layer):
        yield from _block(f"encoder/layer_{layer}", f"encoder.blocks.{layer}")
    for layer in range(dims.n_text_layer):
        theirs, ours = f"decoder/layer_{layer}", f"decoder.blocks.{layer}"
        yield from _block(theirs, ours)
        yield from _norm(f"{theirs}/attention/layer_norm", f"{ours}.cross_attn_ln")
        yield from _linear(f"{theirs}/attention/linear_0", f"{ours}.cross_attn.query")
        fused = f"{ours}.cross_attn.key", f"{ours}.cross_attn.value"
        yield from _linear(f"{theirs}/attention/linear_1", *fused)
        yield from _linear(f"{theirs}/attention/linear_2", f"{ours}.cross_attn.out")


def _block(theirs: str, ours: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield from _norm(f"{theirs}/self_attention/layer_norm", f"{ours}.attn_ln")
    fused = f"{ours}.attn.query", f"{ours}.attn.key", f"{ours}.attn.value"
    yield from _linear(f"{theirs}/self_attention/linear_0", *fused)
    yield from _linear(f"{theirs}/self_attention/linear_1", f"{ours}.attn.out")
    yield from _norm(f"{theirs}/ffn/layer_norm", f"{ours}.mlp_ln")
    yield from _linear(f"{theirs}/ffn/linear_0", f"{ours}.mlp.0")
    yield from _linear(f"{theirs}/ffn/linear_1", f"{ours}.mlp.2")


def _linear(theirs: str, *ours: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield f"{theirs}/weight", tuple(f"{name}.weight" for name in ours)
    yield f"{theirs}/bias", tuple(f"{name}.bias" for name in ours)


def _norm(theirs: str, ours: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield f"{theirs}/gamma", (f"{ours}.weight",)
    yield f"{theirs}/beta", (f"{ours}.bias",)
