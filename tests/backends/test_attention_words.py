"""Word times of `hf` from the decoder's attention."""

from __future__ import annotations

import pytest

from unispeech.models import store

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
CONTEXT = 24
"""Tokens of the decoder."""


def test_a_text_that_fills_the_context_keeps_all_its_words() -> None:
    from unispeech.backends.whisper import attention

    sizes = {"d_model": 8, "decoder_layers": 1, "encoder_layers": 1}
    heads = {"decoder_attention_heads": 2, "encoder_attention_heads": 2}
    config = transformers.WhisperConfig(
        vocab_size=51864, max_target_positions=CONTEXT, decoder_ffn_dim=8, **sizes, **heads
    )
    model = transformers.WhisperForConditionalGeneration(config).eval()
    model.generation_config.alignment_heads = [[0, 0]]
    tokenizer = transformers.WhisperTokenizerFast.from_pretrained(store.obtain("tiny.en", "hf"))
    (yes,) = tokenizer.encode(" yes", add_special_tokens=False)
    with torch.inference_mode():
        text = [yes] * (CONTEXT - 2)
        encoded = torch.zeros(1, 1500, config.d_model)
        words = attention.words(model, tokenizer, encoded, [50257, 50362, *text], 2, 10.0, "en")
    assert "".join(word.word for word in words) == " yes" * len(text)
    assert all(a.start <= a.end <= b.start for a, b in zip(words, words[1:], strict=False))
