"""The contract that every backend keeps, as a suite of tests on real speech.

A test file of an adapter is four lines:

    from unispeech.testing import BackendContract, Case

    class TestMine(BackendContract):
        under_test = Case("mine")
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from unispeech.backends import registry
from unispeech.backends.spec import BackendSpec
from unispeech.engine.engine import Engine
from unispeech.errors import BackendError, BackendMissing, ModelDamaged, UnsupportedOption
from unispeech.options import LoadOptions
from unispeech.testing.samples import SAMPLES, reference, words
from unispeech.types import Transcript

Get = Callable[..., Engine]
"""`engine(backend, model, **options)`: an engine that is loaded once for all tests."""

SHOUTED = "GOOD MORNING AND WELCOME TO THE PARK. THE TULIPS ARE IN FULL BLOOM THIS MONTH."
"""A model that is told that this came before goes on in capitals."""


@dataclass(frozen=True)
class Case:
    """A backend, a model of English, and how they are loaded."""

    backend: str
    load: dict[str, Any] = field(default_factory=dict)
    model: str = ""
    """Empty: the backend's default."""
    multilingual: str = ""
    """A model that detects languages and speaks German; empty where there is none."""
    word_errors: float = 0.0
    """The share of a sample's words that the model gets wrong, at most."""

    @property
    def spec(self) -> BackendSpec:
        return registry.find(self.backend)

    @property
    def exact(self) -> dict[str, Any]:
        """Loading without rounding, where a text must not depend on its companions."""
        can = "float32" in self.spec.capabilities.compute_types
        return {**self.load, "compute_type": "float32"} if can else self.load

    @property
    def greedy(self) -> dict[str, Any]:
        return {"beam_size": 1} if self.spec.capabilities.beam_size else {}

    def is_heard(self, text: str, sample: str, more: float = 0.0) -> bool:
        """Compare a text with a sample's; `more` may be wrong besides `word_errors`."""
        said, expected = words(text), words(reference(sample))
        return wrong(said, expected) <= (self.word_errors + more) * len(expected)

    def __str__(self) -> str:
        how = (name if value is True else str(value) for name, value in self.load.items())
        return "-".join([self.backend, *how])


class BackendContract:
    """The suite. A subclass gives `under_test`, or a fixture `case` of its own."""

    under_test: Case

    @pytest.fixture(scope="class")
    @classmethod
    def case(cls) -> Case:
        return cls.under_test

    @pytest.fixture(scope="class")
    @classmethod
    def engine(cls) -> Iterator[Get]:
        loaded: dict[str, Engine] = {}

        def get(backend: str, model: str | None = None, **options: Any) -> Engine:
            key = repr((backend, model, sorted(options.items())))
            if key not in loaded:
                loaded[key] = Engine(backend, model, **options)
            return loaded[key]

        yield get
        for one in loaded.values():
            one.close()

    @pytest.mark.parametrize("sample", ["english", "pause"])
    def test_a_sample_is_transcribed(self, case: Case, engine: Get, sample: str) -> None:
        loaded = engine(case.backend, case.model or None, **case.load)
        transcript = loaded.transcribe(SAMPLES / f"{sample}.wav", **case.greedy)
        assert case.is_heard(transcript.text, sample), transcript.text
        assert (transcript.language, transcript.backend) == ("en", case.spec.name)
        assert case.word_errors or transcript.gaps == ()
        for segment in transcript.segments:
            assert 0.0 <= segment.start < segment.end <= transcript.duration
            assert segment.avg_logprob <= 0.0
            assert case.word_errors or segment.avg_logprob > -1.0
            assert not segment.words, "nobody asked for word times"

    def test_a_language_is_detected_and_translated(self, case: Case, engine: Get) -> None:
        if not case.multilingual:
            assert not case.spec.capabilities.detect_language, "give a multilingual model"
            return
        loaded = engine(case.backend, case.multilingual, **case.load)
        language, probability = loaded.detect_language(SAMPLES / "german.wav")
        assert language == "de" and 0.9 < probability <= 1.0
        transcript = loaded.transcribe(SAMPLES / "german.wav", **case.greedy)
        expected = len(words(reference("german")))
        assert transcript.language == "de"
        assert case.is_heard(transcript.text, "german", more=1 / expected), transcript.text
        if "translate" in case.spec.capabilities.tasks:
            english = loaded.transcribe(SAMPLES / "german.wav", task="translate", **case.greedy)
            assert {"good", "morning", "the", "birds", "trees"} <= set(words(english.text))

    def test_word_times_rise_inside_their_segment(self, case: Case, engine: Get) -> None:
        can = case.spec.capabilities
        if not can.word_timestamps:
            with pytest.raises(UnsupportedOption, match="word_timestamps"):
                Engine(case.backend, case.model or None, **case.load, word_timestamps=True)
            return
        loaded = engine(case.backend, case.model or None, **case.load)
        for strategy in can.strategies:
            options: dict[str, Any] = {"strategy": strategy, **case.greedy}
            if strategy == "native" and "word_timestamps" in can.refused_natively:
                with pytest.raises(UnsupportedOption, match="word_timestamps"):
                    loaded.transcribe(SAMPLES / "pause.wav", word_timestamps=True, **options)
                continue
            transcript = loaded.transcribe(SAMPLES / "pause.wav", word_timestamps=True, **options)
            assert case.is_heard(transcript.text, "pause"), transcript.text
            assert transcript.segments
            for segment in transcript.segments:
                inside = [time for word in segment.words for time in (word.start, word.end)]
                assert segment.words and inside == sorted(inside)
                assert segment.start <= inside[0] + 0.02 and inside[-1] <= segment.end + 0.02
                assert words("".join(w.word for w in segment.words)) == words(segment.text)
                assert all(0.0 <= word.probability <= 1.0 for word in segment.words)

    def test_the_pause_is_where_it_is(self, case: Case, engine: Get) -> None:
        loaded = engine(case.backend, case.model or None, **case.load)
        transcript = loaded.transcribe(
            SAMPLES / "pause.wav",
            word_timestamps=case.spec.capabilities.word_timestamps,
            **case.greedy,
        )
        before, after = transcript.segments[0], transcript.segments[1]
        assert before.end < 4.0 and 14.5 < after.start < 16.0

    def test_silence_gives_no_segments(self, case: Case, engine: Get) -> None:
        loaded = engine(case.backend, case.model or None, **case.load)
        transcript = loaded.transcribe(np.zeros(16_000 * 5, np.float32), 16_000)
        assert transcript.segments == () and transcript.duration == 5.0

    def test_a_batch_of_one_says_what_a_batch_of_many_says(self, case: Case, engine: Get) -> None:
        exact = engine(case.backend, case.model or None, **case.exact)
        sources = [SAMPLES / "pause.wav", SAMPLES / "english.wav"]
        one, many = (
            [segments(t) for t in exact.transcribe_many(sources, batch_size=size, **case.greedy)]
            for size in (1, 16)
        )
        assert one == many and len(one) == 2

    def test_calls_from_several_threads_do_not_mix(self, case: Case, engine: Get) -> None:
        exact = engine(case.backend, case.model or None, **case.exact)
        names = ["english", "pause"]

        def transcribe(name: str) -> str:
            return exact.transcribe(SAMPLES / f"{name}.wav", **case.greedy).text

        with ThreadPoolExecutor(2) as threads:
            texts = list(threads.map(transcribe, names))
        for name, text in zip(names, texts, strict=True):
            assert case.is_heard(text, name), text

    @pytest.mark.parametrize(
        "options",
        [
            {"initial_prompt": SHOUTED}, {"hotwords": SHOUTED},
            {"beam_size": 3}, {"temperature": 0.1}, {"threads": 1}, {"strategy": "native"},
        ],
        ids=lambda options: next(iter(options)),
    )  # fmt: skip
    def test_an_option_works_or_is_refused_by_name(
        self, case: Case, engine: Get, options: dict[str, Any]
    ) -> None:
        name, value = next(iter(options.items()))
        can = case.spec.capabilities
        allowed = value in can.strategies if name == "strategy" else getattr(can, name)
        if not allowed:
            with pytest.raises(UnsupportedOption, match=name):
                Engine(case.backend, case.model or None, **case.load, **options)
            return
        if name == "threads":
            options = {}
            loaded = engine(case.backend, case.model or None, **case.load, threads=value)
        else:
            loaded = engine(case.backend, case.model or None, **case.load)
        is_told = name in ("initial_prompt", "hotwords")
        # In capitals some hear "pat" for "path".
        more = 2 / len(words(reference("english"))) if is_told else 0.0
        for strategy in can.strategies if is_told else ("batched",):
            transcript = loaded.transcribe(
                SAMPLES / "english.wav", **{"strategy": strategy, **case.greedy, **options}
            )
            assert case.is_heard(transcript.text, "english", more), strategy
            assert transcript.text.isupper() is is_told, strategy

    def test_options_that_are_not_declared_are_refused(self, case: Case) -> None:
        can = case.spec.capabilities
        undeclared: dict[str, Any] = {"device": "abacus", "compute_type": "int3"}
        if "translate" not in can.tasks:
            undeclared["task"] = "translate"
        if not can.word_timestamps:
            undeclared["word_timestamps"] = True
        if "native" in can.strategies and not can.native_language_per_chunk:
            both: dict[str, Any] = {"strategy": "native", "language_per_chunk": True}
            with pytest.raises(UnsupportedOption, match="language_per_chunk"):
                Engine(case.backend, case.model or None, **case.load, **both)
        for name, value in undeclared.items():
            with pytest.raises(UnsupportedOption, match=name):
                Engine(case.backend, case.model or None, **{**case.load, name: value})

    def test_every_compute_type_transcribes_or_says_why_not(self, case: Case, engine: Get) -> None:
        for kind in case.spec.capabilities.compute_types:
            if case.load:  # a case of its own, with what it loads
                return
            try:
                loaded = engine(case.backend, case.model or None, compute_type=kind)
            except (BackendError, UnsupportedOption) as error:
                assert is_one_line(error)
                assert kind in str(error) and kind not in ("int8", "float32")
                continue
            transcript = loaded.transcribe(SAMPLES / "english.wav", **case.greedy)
            assert case.is_heard(transcript.text, "english"), transcript.text

    def test_a_closed_engine_says_so(self, case: Case) -> None:
        closed = Engine(case.backend, case.model or None, **case.load)
        closed.close()
        closed.close()
        with pytest.raises(BackendError, match="closed") as caught:
            closed.transcribe(SAMPLES / "english.wav")
        assert is_one_line(caught.value)

    @pytest.mark.parametrize("kept", [0.5, 0.99])
    def test_a_truncated_model_is_one_line(self, case: Case, tmp_path: Path, kept: float) -> None:
        model = case.spec.model_or_default(case.model)
        whole = case.spec.obtain(model)
        if whole is None:  # the library carries its weights
            return
        damaged = tmp_path / whole.name
        if whole.is_dir():
            shutil.copytree(whole, damaged)
            weights = max(damaged.iterdir(), key=lambda path: path.stat().st_size)
        else:
            weights = Path(shutil.copy(whole, damaged))
        with weights.open("r+b") as file:
            file.truncate(int(weights.stat().st_size * kept))
        facts = case.spec.describe(model)
        with pytest.raises(ModelDamaged) as caught:
            registry.load(case.spec, damaged, facts, LoadOptions(**case.load))
        assert is_one_line(caught.value) and str(tmp_path) in str(caught.value)

    def test_the_library_is_silent(self, case: Case) -> None:
        load = [f"--{k}" if value is True else f"--{k}={value}" for k, value in case.load.items()]
        model = ["--model", case.model] if case.model else []
        command = [
            sys.executable, "-W", "default", "-m", "unispeech", "transcribe",
            str(SAMPLES / "english.wav"), "--backend", case.backend, *model,
            *(option.replace("_", "-") for option in load),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=True)
        assert case.is_heard(done.stdout, "english"), done.stdout
        assert done.stderr == ""


def is_runnable(case: Case) -> str:
    """Return why a case cannot run here; empty where it can."""
    try:
        registry.interpreter(case.spec, LoadOptions(**case.load))
    except BackendMissing as error:
        return str(error)
    return ""


def wrong(said: list[str], expected: list[str]) -> int:
    """Words that are substituted, inserted or missing."""
    blocks = SequenceMatcher(None, said, expected, autojunk=False).get_opcodes()
    return sum(max(b - a, d - c) for kind, a, b, c, d in blocks if kind != "equal")


def segments(transcript: object) -> list[tuple[float, float, str]]:
    assert isinstance(transcript, Transcript), transcript
    return [(s.start, s.end, s.text) for s in transcript.segments]


def is_one_line(error: Exception) -> bool:
    return "\n" not in str(error) and "Traceback" not in str(error)
