"""The contract of every backend, as a test suite on real speech.

A test file for an adapter has four lines:

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

from unispeech.audio.recording import load
from unispeech.backends import registry
from unispeech.backends.spec import BackendSpec
from unispeech.engine.engine import Engine
from unispeech.errors import BackendError, BackendMissing, ModelDamaged, UnsupportedOption
from unispeech.options import DecodeOptions, LoadOptions, split_options
from unispeech.testing.samples import SAMPLES, reference, words
from unispeech.types import SAMPLE_RATE, Samples, Transcript

Get = Callable[..., Engine]
"""`engine(backend, model, **options)`: returns an engine that is loaded once for all tests."""

BILINGUAL = {
    "german": "folgen sie dem weg bis zum fluss",
    "english": "follow the path down to the river",
}
"""Samples in two languages, which are joined without a pause, and a phrase of each."""
SHOUTED = "GOOD MORNING AND WELCOME TO THE PARK. THE TULIPS ARE IN FULL BLOOM THIS MONTH."
"""A prompt in capitals; a model that honours it continues in capitals."""


@dataclass(frozen=True)
class Case:
    """A backend, an English model, and the load options."""

    backend: str
    load: dict[str, Any] = field(default_factory=dict)
    model: str = ""
    """Empty: the backend's default model."""
    multilingual: str = ""
    """A model with German and language detection; empty if there is none."""
    word_errors: float = 0.0
    """Highest accepted word error rate on a sample, as a fraction."""

    @property
    def spec(self) -> BackendSpec:
        """The backend, with its capabilities for the model."""
        spec = registry.find(self.backend)
        return spec.of(spec.describe(self.model)) if self.model else spec

    @property
    def load_options(self) -> LoadOptions:
        """The options in `load` that only loading needs."""
        return split_options(self.load)[0]

    @property
    def exact(self) -> dict[str, Any]:
        """Load options in float32, for texts that must not depend on the batch."""
        has_float32 = "float32" in self.spec.capabilities.compute_types
        return {**self.load, "compute_type": "float32"} if has_float32 else self.load

    @property
    def greedy(self) -> dict[str, Any]:
        """Options for greedy decoding."""
        return {"beam_size": 1} if self.spec.capabilities.beam_size else {}

    def matches(self, text: str, sample: str, tolerance: float = 0.0) -> bool:
        """Compare a text with a sample's reference; `tolerance` is added to `word_errors`."""
        actual, expected = words(text), words(reference(sample))
        return count_errors(actual, expected) <= (self.word_errors + tolerance) * len(expected)

    def __str__(self) -> str:
        options = (name if value is True else str(value) for name, value in self.load.items())
        return "-".join([self.backend, *options])


class BackendContract:
    """The test suite. A subclass sets `under_test`, or overrides the fixture `case`."""

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
        for cached in loaded.values():
            cached.close()

    @pytest.mark.parametrize("sample", ["english", "pause"])
    def test_a_sample_is_transcribed(self, case: Case, engine: Get, sample: str) -> None:
        loaded = engine(case.backend, case.model or None, **case.load)
        transcript = loaded.transcribe(SAMPLES / f"{sample}.wav", **case.greedy)
        assert case.matches(transcript.text, sample), transcript.text
        assert (transcript.language, transcript.backend) == ("en", case.spec.name)
        assert case.word_errors or transcript.gaps == ()
        for segment in transcript.segments:
            assert 0.0 <= segment.start < segment.end <= transcript.duration
            assert segment.avg_logprob <= 0.0
            assert case.word_errors or segment.avg_logprob > -1.0
            assert not segment.words, "word times were not requested"

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
        assert case.matches(transcript.text, "german", tolerance=1 / expected), transcript.text
        if "translate" in case.spec.capabilities.tasks:
            english = loaded.transcribe(SAMPLES / "german.wav", task="translate", **case.greedy)
            assert {"good", "morning", "the", "birds", "trees"} <= set(words(english.text))

    def test_each_stretch_is_transcribed_in_its_language(self, case: Case, engine: Get) -> None:
        if not case.multilingual:
            assert not case.spec.capabilities.language_changes, "give a multilingual model"
            return
        sound = np.concatenate([without_silence(load(SAMPLES / f"{n}.wav")) for n in BILINGUAL])
        loaded = engine(case.backend, case.multilingual, **case.load)
        transcript = loaded.transcribe(sound, SAMPLE_RATE, **case.greedy)
        if not case.spec.capabilities.language_changes:
            assert any("beginning" in line for line in transcript.warnings)
            return
        assert not transcript.warnings and not transcript.gaps
        assert {segment.language for segment in transcript.segments} == {"de", "en"}
        text = " ".join(words(transcript.text))
        for sample, phrase in BILINGUAL.items():
            assert phrase in text, (sample, transcript.text)

    def test_word_times_ascend_inside_their_segment(self, case: Case, engine: Get) -> None:
        capabilities = case.spec.capabilities
        if not capabilities.word_timestamps:
            with pytest.raises(UnsupportedOption, match="word_timestamps"):
                Engine(case.backend, case.model or None, **case.load, word_timestamps=True)
            return
        loaded = engine(case.backend, case.model or None, **case.load)
        for strategy in capabilities.strategies:
            options: dict[str, Any] = {"strategy": strategy, **case.greedy}
            if strategy == "native" and "word_timestamps" in capabilities.refused_natively:
                with pytest.raises(UnsupportedOption, match="word_timestamps"):
                    loaded.transcribe(SAMPLES / "pause.wav", word_timestamps=True, **options)
                continue
            transcript = loaded.transcribe(SAMPLES / "pause.wav", word_timestamps=True, **options)
            assert case.matches(transcript.text, "pause"), transcript.text
            assert transcript.segments
            for segment in transcript.segments:
                inside = [time for word in segment.words for time in (word.start, word.end)]
                assert segment.words and inside == sorted(inside)
                assert segment.start <= inside[0] + 0.02 and inside[-1] <= segment.end + 0.02
                assert words("".join(w.word for w in segment.words)) == words(segment.text)
                assert all(0.0 <= word.probability <= 1.0 for word in segment.words)

    def test_segments_end_and_begin_around_the_pause(self, case: Case, engine: Get) -> None:
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

    def test_the_text_does_not_depend_on_the_batch_size(self, case: Case, engine: Get) -> None:
        exact = engine(case.backend, case.model or None, **case.exact)
        sources = [SAMPLES / "pause.wav", SAMPLES / "english.wav"]
        single, batched = (
            [
                times_and_texts(t)
                for t in exact.transcribe_many(sources, batch_size=size, **case.greedy)
            ]
            for size in (1, 16)
        )
        assert single == batched and len(single) == 2

    def test_calls_from_several_threads_do_not_mix(self, case: Case, engine: Get) -> None:
        exact = engine(case.backend, case.model or None, **case.exact)
        names = ["english", "pause"]

        def transcribe(name: str) -> str:
            return exact.transcribe(SAMPLES / f"{name}.wav", **case.greedy).text

        with ThreadPoolExecutor(2) as threads:
            texts = list(threads.map(transcribe, names))
        for name, text in zip(names, texts, strict=True):
            assert case.matches(text, name), text

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
        capabilities = case.spec.capabilities
        allowed = (
            value in capabilities.strategies if name == "strategy" else getattr(capabilities, name)
        )
        if not allowed:
            with pytest.raises(UnsupportedOption, match=name):
                Engine(case.backend, case.model or None, **case.load, **options)
            return
        if name == "threads":
            options = {}
            loaded = engine(case.backend, case.model or None, **case.load, threads=value)
        else:
            loaded = engine(case.backend, case.model or None, **case.load)
        is_prompt = name in ("initial_prompt", "hotwords")
        # In capitals some models write "pat" for "path", or "rose is" for "roses" (int8 on Zen 4).
        tolerance = 4 / len(words(reference("english"))) if is_prompt else 0.0
        for strategy in capabilities.strategies if is_prompt else ("batched",):
            if strategy == "native" and name in capabilities.refused_natively:
                with pytest.raises(UnsupportedOption, match=name):
                    loaded.transcribe(SAMPLES / "english.wav", strategy="native", **options)
                continue
            transcript = loaded.transcribe(
                SAMPLES / "english.wav", **{"strategy": strategy, **case.greedy, **options}
            )
            assert case.matches(transcript.text, "english", tolerance), strategy
            assert transcript.text.isupper() is is_prompt, strategy

    @pytest.mark.parametrize("strategy", ["batched", "native"])
    def test_long_prompts_and_hotwords_are_cut_with_a_warning(
        self, case: Case, engine: Get, strategy: str
    ) -> None:
        capabilities = case.spec.capabilities
        refused = capabilities.refused_natively if strategy == "native" else ()
        names = [
            name
            for name in ("initial_prompt", "hotwords")
            if getattr(capabilities, name) and name not in refused
        ]
        if not names or strategy not in capabilities.strategies:
            return
        prompts: dict[str, Any] = dict.fromkeys(names, "The garden by the river is open. " * 60)
        loaded = engine(case.backend, case.model or None, **case.load)
        transcript = loaded.transcribe(
            SAMPLES / "english.wav", **{**case.greedy, **prompts, "strategy": strategy}
        )
        assert case.matches(transcript.text, "english"), transcript.text
        options = DecodeOptions(**prompts)
        is_cut = loaded.backend.fit_prompt(options) != options
        cuts = [line for line in transcript.warnings if "too long" in line]
        assert len(cuts) == (len(names) if is_cut else 0)

    def test_undeclared_options_are_refused(self, case: Case) -> None:
        capabilities = case.spec.capabilities
        undeclared: dict[str, Any] = {"device": "abacus", "compute_type": "int3"}
        if "translate" not in capabilities.tasks:
            undeclared["task"] = "translate"
        if not capabilities.word_timestamps:
            undeclared["word_timestamps"] = True
        if "native" in capabilities.strategies and not capabilities.native_language_per_chunk:
            both: dict[str, Any] = {"strategy": "native", "language_per_chunk": True}
            with pytest.raises(UnsupportedOption, match="language_per_chunk"):
                Engine(case.backend, case.model or None, **case.load, **both)
        for name, value in undeclared.items():
            with pytest.raises(UnsupportedOption, match=name):
                Engine(case.backend, case.model or None, **{**case.load, name: value})

    def test_every_compute_type_transcribes_or_says_why_not(self, case: Case, engine: Get) -> None:
        for kind in case.spec.capabilities.compute_types:
            if case.load:  # a variant with its own load options
                return
            try:
                loaded = engine(case.backend, case.model or None, compute_type=kind)
            except (BackendError, UnsupportedOption) as error:
                assert is_one_line(error)
                assert kind in str(error) and kind not in ("int8", "float32")
                continue
            transcript = loaded.transcribe(SAMPLES / "english.wav", **case.greedy)
            assert case.matches(transcript.text, "english"), transcript.text

    def test_a_closed_engine_raises(self, case: Case) -> None:
        closed = Engine(case.backend, case.model or None, **case.load)
        closed.close()
        closed.close()
        with pytest.raises(BackendError, match="closed") as caught:
            closed.transcribe(SAMPLES / "english.wav")
        assert is_one_line(caught.value)

    @pytest.mark.parametrize("fraction", [0.5, 0.99])
    def test_a_truncated_model_is_one_line(
        self, case: Case, tmp_path: Path, fraction: float
    ) -> None:
        model = case.spec.model_or_default(case.model)
        original = case.spec.obtain(model)
        if original is None:  # the library carries its weights
            return
        damaged = tmp_path / original.name
        if original.is_dir():
            shutil.copytree(original, damaged)
            weights = max(damaged.iterdir(), key=lambda path: path.stat().st_size)
        else:
            weights = Path(shutil.copy(original, damaged))
        with weights.open("r+b") as file:
            file.truncate(int(weights.stat().st_size * fraction))
        facts = case.spec.describe(model)
        with pytest.raises(ModelDamaged) as caught:
            registry.load(case.spec, damaged, facts, case.load_options)
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
        assert case.matches(done.stdout, "english"), done.stdout
        assert done.stderr == ""


def missing_requirement(case: Case) -> str:
    """Return the reason why a case cannot run here, or an empty string."""
    try:
        registry.interpreter(case.spec, case.load_options)
    except BackendMissing as error:
        return str(error)
    return ""


def count_errors(actual: list[str], expected: list[str]) -> int:
    """Count the words that are substituted, inserted or missing."""
    blocks = SequenceMatcher(None, actual, expected, autojunk=False).get_opcodes()
    return sum(max(b - a, d - c) for kind, a, b, c, d in blocks if kind != "equal")


def without_silence(samples: Samples) -> Samples:
    """Remove the silence at both ends."""
    loud = np.flatnonzero(np.abs(samples) > 0.02)
    return samples[loud[0] : loud[-1]]


def times_and_texts(transcript: object) -> list[tuple[float, float, str]]:
    assert isinstance(transcript, Transcript), transcript
    return [(s.start, s.end, s.text) for s in transcript.segments]


def is_one_line(error: Exception) -> bool:
    return "\n" not in str(error) and "Traceback" not in str(error)
