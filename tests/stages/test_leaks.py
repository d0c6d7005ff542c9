"""Words of a prompt as the text of a chunk without speech."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from unispeech.options import DecodeOptions
from unispeech.stages import guard, leaks
from unispeech.types import Chunk, ChunkResult, Segment, Span

PROMPTED = DecodeOptions(initial_prompt="Anneliese Obermayr and Popocatepetl.", temperature=(0.0,))
LEAKED = " Anneliese Obermayr and Popocatepetl."


def result(text: str, logprob: float = -0.3, no_speech: float = 0.1) -> ChunkResult:
    return ChunkResult((Segment(0, 0, 1, text, (), logprob, no_speech),))


def guarded(
    first: ChunkResult, plain: ChunkResult, speech: float = 2.0, options: DecodeOptions = PROMPTED
) -> tuple[str, list[str | None]]:
    """The guard's text for a chunk, and the prompts with which the chunk was decoded."""
    prompts: list[str | None] = []

    def decode(chunks: Sequence[Chunk], options: DecodeOptions) -> list[ChunkResult]:
        prompts.append(options.initial_prompt or options.hotwords)
        return [first if prompts[-1] else plain for _ in chunks]

    sound = np.zeros(1, np.float32)
    chunk = Chunk(sound, 0.0, 10.0, (Span(0.0, speech),), window=30.0, language="en")
    (final,) = guard.guarded(decode, [chunk], options, (30.0,))
    return final.text, prompts


@pytest.mark.parametrize("option", ["initial_prompt", "hotwords"])
@pytest.mark.parametrize(
    ("plain", "text"),
    [
        (result(" you", -0.6, 0.9), " you"),
        (result(" I'm going to", -1.6, 0.9), ""),
        (result(""), ""),
    ],
    ids=["no speech", "silence", "no text"],
)
def test_a_prompt_that_leaks_gives_way_to_the_text_without_it(
    plain: ChunkResult, text: str, option: str
) -> None:
    prompt = PROMPTED.initial_prompt
    given: dict[str, Any] = {"initial_prompt": None, "hotwords": None, option: prompt}
    options = replace(PROMPTED, **given)
    assert guarded(result(LEAKED), plain, options=options) == (text, [prompt, None])


@pytest.mark.parametrize(
    "plain",
    [
        result(" Analyze over Mayer and Poppa cat a petal.", -1.7, 0.7),
        result(" And it is over there.", -0.8, 0.2),
        result(" Anna lisa over my poppa cat.", -1.7, 0.2),
    ],
    ids=["alike", "probable speech", "almost alike"],
)
def test_names_that_only_the_prompt_spells_survive(plain: ChunkResult) -> None:
    assert guarded(result(LEAKED, -0.1), plain)[0] == LEAKED


def test_speech_with_other_words_costs_nothing() -> None:
    text = " We met Anneliese on the market."
    assert guarded(result(text), result("")) == (text, [PROMPTED.initial_prompt])
    assert guarded(result(LEAKED), result(""), options=DecodeOptions()) == ("", [None])


def test_more_of_the_prompt_than_the_speech_has_time_for_is_a_leak() -> None:
    plain = result(" Over there.", -0.5, 0.2)
    assert guarded(result(LEAKED), plain, speech=2.0)[0] == LEAKED
    assert guarded(result(LEAKED), plain, speech=0.4)[0] == plain.text


def test_a_leak_that_comes_from_a_retry_is_detected() -> None:
    texts = iter([result(" The the", -2.0), result(LEAKED), result(" you", -0.6, 0.9)])

    def decode(chunks: Sequence[Chunk], options: DecodeOptions) -> list[ChunkResult]:
        return [next(texts)]

    chunk = Chunk(np.zeros(1, np.float32), 0.0, 10.0, (Span(0.0, 2.0),), window=30.0, language="en")
    (final,) = guard.guarded(decode, [chunk], replace(PROMPTED, temperature=(0.0, 0.2)), (30.0,))
    assert final.text == " you"


def test_a_prompt_that_derails_every_attempt_gives_way_to_the_text_without_it() -> None:
    repeated = replace(PROMPTED, initial_prompt="x" * 500)
    invented = result(" Glow likely Lie VMware", -2.5)
    assert guarded(invented, result(" Good morning to you."), options=repeated) == (
        " Good morning to you.",
        [repeated.initial_prompt, None],
    )
    both = guarded(invented, result(" Firefox novice", -2.6), options=repeated)
    assert both[0] == invented.text  # with a gap


@pytest.mark.parametrize(
    ("text", "prompt", "language", "is_echo"),
    [
        ("Good morning.", "Good morning, and welcome.", "en", True),
        ("Good evening to you.", "Good morning, and welcome.", "en", False),
        ("Добрый день", "Добрый день, коллеги.", "ru", True),
        ("今天天气", "今天天气很好", "zh", True),
        ("我去公园", "今天天气很好", "zh", False),
        ("", "Good morning", "en", False),
        ("...", "Good morning", "en", False),
    ],
)
def test_a_text_of_the_words_of_the_prompt_is_an_echo(
    text: str, prompt: str, language: str, is_echo: bool
) -> None:
    assert leaks.is_echo(text, DecodeOptions(hotwords=prompt), language) is is_echo
