"""One contract, every backend: what each of them has to do, on real speech with real weights.

Every backend of the registry is a case, in this process or wherever it can run; `VARIANTS` adds
other ways of running them. A case whose library is missing is skipped and says so; with
`UNISPEECH_REQUIRE_ALL=1` it fails.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.samples import SAMPLES, reference, words
from unispeech import Transcript
from unispeech.backends import registry
from unispeech.backends.spec import BackendSpec
from unispeech.engine.engine import Engine
from unispeech.errors import BackendError, BackendMissing, ModelDamaged, UnsupportedOption
from unispeech.models import store
from unispeech.options import LoadOptions

Get = Callable[..., Engine]

REQUIRE_ALL = os.environ.get("UNISPEECH_REQUIRE_ALL") == "1"
QUICK = ("faster", "cpp")
"""The cases of the quick run: those that need no PyTorch."""
ENGLISH = {"whisper": "tiny.en"}
MULTILINGUAL = {"whisper": "base"}
"""The models the cases run with, by the backend's family."""


SHOUTED = "GOOD MORNING AND WELCOME TO THE PARK. THE TULIPS ARE IN FULL BLOOM THIS MONTH."
"""A model that is told that this came before goes on in capitals."""


@dataclass(frozen=True)
class Case:
    """A backend and how it is loaded."""

    backend: str
    load: dict[str, Any] = field(default_factory=dict)

    @property
    def spec(self) -> BackendSpec:
        return registry.find(self.backend)

    @property
    def model(self) -> str:
        return ENGLISH[self.spec.family]

    @property
    def exact(self) -> dict[str, Any]:
        """Loading without rounding, where a text must not depend on its companions."""
        can = "float32" in self.spec.capabilities.compute_types
        return {**self.load, "compute_type": "float32"} if can else self.load

    def __str__(self) -> str:
        how = (name if value is True else str(value) for name, value in self.load.items())
        return "-".join([self.backend, *how])


VARIANTS = (Case("openai", {"compute_type": "int8"}), Case("faster", {"isolated": True}))


def cases(variants: tuple[Case, ...] = VARIANTS) -> list[Any]:
    """Every case, all but the cheapest marked as slow."""
    every = [Case(spec.name) for spec in registry.BUILT_IN if spec.family in ENGLISH]
    return [
        pytest.param(case, id=str(case), marks=() if str(case) in QUICK else pytest.mark.slow)
        for case in (*every, *variants)
    ]


@pytest.fixture(scope="module", params=cases())
def case(request: pytest.FixtureRequest) -> Case:
    wanted: Case = request.param
    try:
        registry.interpreter(wanted.spec, LoadOptions(**wanted.load))
    except BackendMissing as error:
        if REQUIRE_ALL:
            pytest.fail(str(error))
        pytest.skip(str(error))
    return wanted


@pytest.mark.parametrize("sample", ["english", "pause"])
def test_a_sample_comes_out_word_for_word(case: Case, engine: Get, sample: str) -> None:
    loaded = engine(case.backend, case.model, **case.load)
    transcript = loaded.transcribe(SAMPLES / f"{sample}.wav", **greedy(case))
    assert words(transcript.text) == words(reference(sample))
    assert (transcript.language, transcript.backend, transcript.gaps) == ("en", case.backend, ())
    for segment in transcript.segments:
        assert 0.0 <= segment.start < segment.end <= transcript.duration
        assert segment.avg_logprob > -1.0


@pytest.mark.slow
def test_a_language_is_detected_and_translated(case: Case, engine: Get) -> None:
    loaded = engine(case.backend, MULTILINGUAL[case.spec.family], **case.load)
    language, probability = loaded.detect_language(SAMPLES / "german.wav")
    assert language == "de" and 0.9 < probability <= 1.0
    transcript = loaded.transcribe(SAMPLES / "german.wav", **greedy(case))
    said, expected = words(transcript.text), words(reference("german"))
    assert transcript.language == "de"
    assert len(said) == len(expected)
    assert sum(a != b for a, b in zip(said, expected, strict=True)) <= 1
    if "translate" in case.spec.capabilities.tasks:
        english = loaded.transcribe(SAMPLES / "german.wav", task="translate", **greedy(case))
        assert {"good", "morning", "the", "birds", "trees"} <= set(words(english.text))


def test_word_times_rise_inside_their_segment(case: Case, engine: Get) -> None:
    if not case.spec.capabilities.word_timestamps:
        with pytest.raises(UnsupportedOption, match="word_timestamps"):
            Engine(case.backend, case.model, **case.load, word_timestamps=True)
        return
    loaded = engine(case.backend, case.model, **case.load)
    for strategy in case.spec.capabilities.strategies:
        options: dict[str, Any] = {"strategy": strategy, **greedy(case)}
        if strategy == "native" and "word_timestamps" in case.spec.capabilities.refused_natively:
            with pytest.raises(UnsupportedOption, match="word_timestamps"):
                loaded.transcribe(SAMPLES / "pause.wav", word_timestamps=True, **options)
            continue
        transcript = loaded.transcribe(SAMPLES / "pause.wav", word_timestamps=True, **options)
        assert words(transcript.text) == words(reference("pause"))
        assert transcript.segments
        for segment in transcript.segments:
            inside = [time for word in segment.words for time in (word.start, word.end)]
            assert segment.words and inside == sorted(inside)
            assert segment.start <= inside[0] + 0.02 and inside[-1] <= segment.end + 0.02
            assert words("".join(w.word for w in segment.words)) == words(segment.text)


def test_the_pause_is_where_it_is(case: Case, engine: Get) -> None:
    loaded = engine(case.backend, case.model, **case.load)
    with_words = case.spec.capabilities.word_timestamps
    transcript = loaded.transcribe(
        SAMPLES / "pause.wav", word_timestamps=with_words, **greedy(case)
    )
    before, after = transcript.segments[0], transcript.segments[1]
    assert before.end < 4.0 and 14.5 < after.start < 16.0


def test_silence_gives_no_segments(case: Case, engine: Get) -> None:
    loaded = engine(case.backend, case.model, **case.load)
    transcript = loaded.transcribe(np.zeros(16_000 * 5, np.float32), 16_000)
    assert transcript.segments == () and transcript.duration == 5.0


def test_a_batch_of_one_says_what_a_batch_of_many_says(case: Case, engine: Get) -> None:
    exact = engine(case.backend, case.model, **case.exact)
    sources = [SAMPLES / "pause.wav", SAMPLES / "english.wav"]
    one, many = (
        [segments(t) for t in exact.transcribe_many(sources, batch_size=size, **greedy(case))]
        for size in (1, 16)
    )
    assert one == many and len(one) == 2


def test_calls_from_several_threads_do_not_mix(case: Case, engine: Get) -> None:
    exact = engine(case.backend, case.model, **case.exact)
    names = ["english", "pause"]

    def transcribe(name: str) -> Any:
        return segments(exact.transcribe(SAMPLES / f"{name}.wav", **greedy(case)))

    with ThreadPoolExecutor(2) as threads:
        together = list(threads.map(transcribe, names))
    assert [words("".join(text for *_, text in one)) for one in together] == [
        words(reference(name)) for name in names
    ]


@pytest.mark.parametrize(
    "options",
    [
        {"initial_prompt": SHOUTED}, {"hotwords": SHOUTED},
        {"beam_size": 3}, {"temperature": 0.1}, {"threads": 1}, {"strategy": "native"},
    ],
    ids=lambda options: next(iter(options)),
)  # fmt: skip
def test_an_option_works_or_is_refused_by_name(
    case: Case, engine: Get, options: dict[str, Any]
) -> None:
    name, value = next(iter(options.items()))
    can = case.spec.capabilities
    allowed = value in can.strategies if name == "strategy" else getattr(can, name)
    if not allowed:
        with pytest.raises(UnsupportedOption, match=name):
            Engine(case.backend, case.model, **case.load, **options)
        return
    if name == "threads":
        loaded, options = engine(case.backend, case.model, **case.load, threads=value), {}
    else:
        loaded = engine(case.backend, case.model, **case.load)
    told = name in ("initial_prompt", "hotwords")
    for strategy in can.strategies if told else ("batched",):
        transcript = loaded.transcribe(
            SAMPLES / "english.wav", **{"strategy": strategy, **greedy(case), **options}
        )
        said, expected = words(transcript.text), words(reference("english"))
        wrong = sum(a != b for a, b in zip(said, expected, strict=True))
        assert wrong <= 2 * told, strategy  # in capitals some hear "pat" for "path"
        assert transcript.text.isupper() is told, strategy


def test_what_is_not_declared_is_refused(case: Case) -> None:
    can = case.spec.capabilities
    wrong: dict[str, Any] = {"device": "abacus", "compute_type": "int3"}
    if "translate" not in can.tasks:
        wrong["task"] = "translate"
    if not can.word_timestamps:
        wrong["word_timestamps"] = True
    if "native" in can.strategies and not can.native_language_per_chunk:
        both: dict[str, Any] = {"strategy": "native", "language_per_chunk": True}
        with pytest.raises(UnsupportedOption, match="language_per_chunk"):
            Engine(case.backend, case.model, **case.load, **both)
    for name, value in wrong.items():
        with pytest.raises(UnsupportedOption, match=name):
            Engine(case.backend, case.model, **{**case.load, name: value})


@pytest.mark.slow
@pytest.mark.parametrize("case", cases(variants=()), indirect=True)
def test_every_compute_type_transcribes_or_says_why_not(case: Case, engine: Get) -> None:
    for kind in case.spec.capabilities.compute_types:
        try:
            loaded = engine(case.backend, case.model, compute_type=kind)
        except (BackendError, UnsupportedOption) as error:
            assert one_line(error)
            assert kind in str(error) and kind not in ("int8", "float32")
            continue
        transcript = loaded.transcribe(SAMPLES / "english.wav", **greedy(case))
        assert words(transcript.text) == words(reference("english"))


def test_a_closed_engine_says_so(case: Case) -> None:
    closed = Engine(case.backend, case.model, **case.load)
    closed.close()
    closed.close()
    with pytest.raises(BackendError, match="closed") as caught:
        closed.transcribe(SAMPLES / "english.wav")
    assert one_line(caught.value)


@pytest.mark.parametrize("kept", [0.5, 0.99])
def test_a_truncated_model_is_one_line(case: Case, tmp_path: Path, kept: float) -> None:
    whole = store.obtain(case.model, case.spec.model_format)
    damaged = tmp_path / whole.name
    if whole.is_dir():
        shutil.copytree(whole, damaged)
        weights = max(damaged.iterdir(), key=lambda path: path.stat().st_size)
    else:
        weights = Path(shutil.copy(whole, damaged))
    with weights.open("r+b") as file:
        file.truncate(int(weights.stat().st_size * kept))
    facts = store.describe(case.model)
    with pytest.raises(ModelDamaged) as caught:
        registry.load(case.spec, damaged, facts, LoadOptions(**case.load))
    assert one_line(caught.value) and str(tmp_path) in str(caught.value)


@pytest.mark.slow
def test_the_library_is_silent(case: Case) -> None:
    load = [f"--{'isolated' if k == 'isolated' else f'{k}={v}'}" for k, v in case.load.items()]
    command = [
        sys.executable, "-W", "default", "-m", "unispeech", "transcribe",
        str(SAMPLES / "english.wav"), "--backend", case.backend, "--model", case.model,
        *(option.replace("_", "-") for option in load),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=True)
    assert words(done.stdout) == words(reference("english"))
    assert done.stderr == ""


def greedy(case: Case) -> dict[str, Any]:
    return {"beam_size": 1} if case.spec.capabilities.beam_size else {}


def segments(transcript: object) -> list[tuple[float, float, str]]:
    assert isinstance(transcript, Transcript), transcript
    return [(s.start, s.end, s.text) for s in transcript.segments]


def one_line(error: Exception) -> bool:
    return "\n" not in str(error) and "Traceback" not in str(error)
