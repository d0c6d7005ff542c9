"""Which backend `auto` is."""

from __future__ import annotations

from pathlib import Path

import pytest

from unispeech.backends import choose
from unispeech.backends.choose import Measurement
from unispeech.engine.engine import Engine
from unispeech.errors import BackendMissing
from unispeech.options import DecodeOptions, LoadOptions, TranscribeOptions


@pytest.fixture(autouse=True)
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UNISPEECH_DATA_DIR", str(tmp_path))
    return tmp_path / "benchmark.json"


def row(
    backend: str,
    wer: float,
    speed: float,
    model: str = "base",
    beam: int = 5,
    kind: str = "default",
) -> Measurement:
    return Measurement(backend, model, beam, wer, speed, kind)


@pytest.mark.parametrize(
    ("measured", "able", "chosen"),
    [
        # the fastest, where all are as good
        ([row("a", 5.0, 10), row("b", 5.0, 20)], "ab", "b"),
        # within the margin, and beyond it
        ([row("a", 5.0, 10), row("b", 5.5, 20)], "ab", "b"),
        ([row("a", 5.0, 10), row("b", 5.6, 20)], "ab", "a"),
        # one that is no longer there sets no standard
        ([row("a", 1.0, 30), row("b", 5.0, 20)], "b", "b"),
        # the model in question counts, and another where it was not measured
        ([row("a", 5, 9), row("b", 5, 8), row("b", 5, 99, "tiny")], "ab", "a"),
        ([row("a", 5, 9, "tiny"), row("b", 5, 10, "tiny")], "ab", "b"),
        # the beam in question counts: a is faster only with beam 1
        ([row("a", 5, 50, beam=1), row("a", 5, 5), row("b", 5, 10)], "ab", "b"),
        # and the compute type: a is faster only in int8, which nobody asked for
        ([row("a", 5, 50, kind="int8"), row("a", 5, 5, beam=1), row("b", 5, 10)], "ab", "b"),
        # nothing measured: the first by rule of thumb
        ([], "ab", "a"),
        ([row("z", 1, 100)], "ab", "a"),
    ],
)
def test_the_choice(measured: list[Measurement], able: str, chosen: str) -> None:
    choice = choose.choose(measured, list(able), "base", 5)
    assert choice is not None and choice.backend == chosen
    by_rule = not any(m.backend in able for m in measured)
    assert ("rule of thumb" in choice.reason) is by_rule


def test_it_says_who_was_not_measured() -> None:
    choice = choose.choose([row("a", 5, 10)], ["a", "b", "c"], "base", 5)
    assert choice is not None and choice.reason.endswith("; not measured: b, c")


def test_nobody_is_able() -> None:
    assert choose.choose([row("a", 5, 10)], [], "base", 5) is None
    impossible = TranscribeOptions(decode=DecodeOptions(task="translate"))
    with pytest.raises(BackendMissing, match="no backend"):
        choose.choose_backend("tiny.en", load=LoadOptions(device="cuda:99", compute_type="int3"))
    assert choose.choose_backend("base", options=impossible).backend


def test_what_was_remembered_comes_back_and_damage_is_nothing(memory: Path) -> None:
    assert choose.load_measurements() == []
    rows = [row("faster", 5.0, 10.0)]
    choose.save_measurements(rows)
    assert choose.load_measurements() == rows
    memory.write_text('[{"backend": 1}]')
    assert choose.load_measurements() == []


def test_an_engine_takes_auto() -> None:
    choose.save_measurements([row("faster", 5.0, 10.0, "tiny.en")])
    with Engine("auto", "tiny.en") as engine:
        assert engine.spec.name == "faster"
