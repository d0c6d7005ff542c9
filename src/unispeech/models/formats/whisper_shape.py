"""Whisper's dimensions, and the tensors and languages that follow from them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from unispeech import languages
from unispeech.models.facts import ENGLISH_ONLY, WITHOUT_CANTONESE, ModelFacts

ENGLISH, MULTILINGUAL, CANTONESE = 51864, 51865, 51866
"""Sizes of OpenAI's three vocabularies, including 1501 timestamps."""


@dataclass(frozen=True, slots=True)
class Dims:
    """The dimensions of a Whisper model, named as in openai/whisper's `ModelDimensions`."""

    n_mels: int
    n_audio_ctx: int
    n_audio_state: int
    n_audio_head: int
    n_audio_layer: int
    n_vocab: int
    n_text_ctx: int
    n_text_state: int
    n_text_head: int
    n_text_layer: int

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


def facts(name: str, n_vocab: int) -> ModelFacts:
    """Return languages and tasks, which follow from the size of the vocabulary."""
    if n_vocab == ENGLISH:
        return ModelFacts(name, languages=ENGLISH_ONLY, translates=False)
    if n_vocab == MULTILINGUAL:
        return ModelFacts(name, languages=WITHOUT_CANTONESE)
    return ModelFacts(name, languages=languages.WHISPER)


def shapes(dims: Dims) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield names and shapes of all tensors, named as in openai/whisper."""
    audio, text = dims.n_audio_state, dims.n_text_state
    yield "encoder.conv1.weight", (audio, dims.n_mels, 3)
    yield "encoder.conv1.bias", (audio,)
    yield "encoder.conv2.weight", (audio, audio, 3)
    yield "encoder.conv2.bias", (audio,)
    yield "encoder.positional_embedding", (dims.n_audio_ctx, audio)
    for layer in range(dims.n_audio_layer):
        yield from _block(f"encoder.blocks.{layer}", audio, ("attn",))
    yield from _norm("encoder.ln_post", audio)
    yield "decoder.token_embedding.weight", (dims.n_vocab, text)
    yield "decoder.positional_embedding", (dims.n_text_ctx, text)
    for layer in range(dims.n_text_layer):
        yield from _block(f"decoder.blocks.{layer}", text, ("attn", "cross_attn"))
    yield from _norm("decoder.ln", text)


def _block(
    name: str, state: int, attentions: tuple[str, ...]
) -> Iterator[tuple[str, tuple[int, ...]]]:
    for attention in attentions:
        for part in ("query", "key", "value", "out"):
            yield f"{name}.{attention}.{part}.weight", (state, state)
            if part != "key":  # Whisper's keys have no bias
                yield f"{name}.{attention}.{part}.bias", (state,)
        yield from _norm(f"{name}.{attention}_ln", state)
    yield f"{name}.mlp.0.weight", (4 * state, state)
    yield f"{name}.mlp.0.bias", (4 * state,)
    yield f"{name}.mlp.2.weight", (state, 4 * state)
    yield f"{name}.mlp.2.bias", (state,)
    yield from _norm(f"{name}.mlp_ln", state)


def _norm(name: str, state: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield f"{name}.weight", (state,)
    yield f"{name}.bias", (state,)
