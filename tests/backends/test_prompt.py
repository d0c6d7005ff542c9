"""Prompts and hotwords that are longer than the model's context."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unispeech.backends import registry
from unispeech.backends.whisper import cpp_tokens, prompt
from unispeech.engine.engine import Engine
from unispeech.models import store
from unispeech.options import DecodeOptions

RARE = "Kubernetes Zanzibar Popocatepetl " * 25
TEXTS = st.text(st.sampled_from("ab é語\n"), max_size=60)


def letters(text: str) -> int:
    """A stand-in for a tokenizer: one token for each byte that is no space."""
    return len("".join(text.split()).encode())


@given(TEXTS, TEXTS, st.integers(1, 40))
def test_fitted_texts_are_ends_within_the_limit(asked: str, words: str, limit: int) -> None:
    options = DecodeOptions(initial_prompt=asked, hotwords=words)
    fitted = prompt.fit(options, letters, limit)
    assert letters((fitted.initial_prompt or "") + (fitted.hotwords or "")) <= limit
    assert asked.strip().endswith((fitted.initial_prompt or "").strip())
    assert words.strip().endswith((fitted.hotwords or "").strip())
    assert prompt.fit(fitted, letters, limit) == fitted
    if letters(asked + words) <= limit:
        assert fitted == options


def test_the_oldest_words_are_cut_first_and_none_in_two() -> None:
    options = DecodeOptions(initial_prompt="one two three four", hotwords="Ada Bob")
    fitted = prompt.fit(options, letters, 16)
    assert (fitted.initial_prompt, fitted.hotwords) == ("three four", "Ada Bob")
    fitted = prompt.fit(options, letters, 9)
    assert (fitted.initial_prompt, fitted.hotwords) == ("four", "Bob")


@pytest.mark.parametrize("backend", ["faster", "openai", "hf", "cpp"])
def test_each_library_counts_its_own_tokens(backend: str, engine: Callable[..., Engine]) -> None:
    spec = registry.find(backend)
    if not all(map(find_spec, spec.requires)):
        pytest.skip(f"{spec.name} is not installed: {spec.install_command}")
    fitted = engine(backend).backend.fit_prompt(DecodeOptions(initial_prompt=RARE))
    assert fitted.initial_prompt and RARE.strip().endswith(fitted.initial_prompt)
    tokenizer = _tokenizer()
    count = len(tokenizer.encode(" " + fitted.initial_prompt, add_special_tokens=False).ids)
    longest = prompt.LIMIT + (20 if backend == "cpp" else 0)  # its longest match takes fewer tokens
    assert prompt.LIMIT - 10 < count <= longest


def test_whisper_cpp_takes_the_longest_token_of_each_piece() -> None:
    vocabulary = {b"a", b"ab", b" ", b" ab", b"abc"}
    assert cpp_tokens.count(" abc ab?", vocabulary) == 2  # " ab", " ab"; no token for "c" and "?"
    assert cpp_tokens.count("abcab", vocabulary) == 2


def _tokenizer() -> Any:
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(Path(store.obtain("tiny.en", "ctranslate2")) / "tokenizer.json"))
