"""The benchmark on the samples, with real weights, in real processes."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from support.errors import raises
from support.samples import CHECKPOINT, SAMPLES
from unispeech.backends import choose
from unispeech.bench import benchmark, compare, datasets, grid, markdown, runner, table
from unispeech.bench.configuration import Configuration, labels
from unispeech.bench.grid import Grid
from unispeech.bench.normaliser import units
from unispeech.bench.runner import Plan, Step
from unispeech.cli.bench import run as bench_run
from unispeech.errors import OptionError, UnknownBackend, UnknownModel
from unispeech.models import store

CLIPS = [str(SAMPLES / "english.wav"), str(SAMPLES / "pause.wav")]
OPTIONS: dict[str, Any] = {
    "backends": ("faster-whisper", "peer:faster-batched"),
    "models": ("tiny.en",),
    "compute_types": ("default",),
    "batch_sizes": (4,),
    "strategies": ("batched",),
    "beam_sizes": (1,),
    "threads": 1,
    "device": "auto",
    "word_timestamps": False,
    "baseline": None,
    "language": "en",
    "ids": None,
    "sample": None,
    "join": None,
    "timeout": 0.0,
    "profile": True,
}


@pytest.fixture(scope="module", autouse=True)
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("UNISPEECH_DATA_DIR", str(folder))
        yield folder


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Plan, list[Step]]:
    """A benchmark that was interrupted after its first run, and then completed."""
    folder = tmp_path_factory.mktemp("bench")
    made, baseline = benchmark.prepare(CLIPS, folder, 2, OPTIONS)

    def interrupt(step: Step) -> None:
        if step.stage == "done":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runner.run(made, interrupt)
    assert len(list(runner.records(made))) == 1
    steps: list[Step] = []
    runner.run(made, steps.append)
    benchmark.write(made, baseline, CLIPS)
    return folder, made, steps


def read(folder: Path) -> Any:
    return json.loads((folder / "results.json").read_text(encoding="utf-8"))


Finished = tuple[Path, Plan, list[Step]]


def test_runs_before_an_interruption_are_reused(finished: Finished) -> None:
    _, _, steps = finished
    stages = [step.stage for step in steps if step.stage in ("reused", "done", "failed")]
    assert stages == ["reused", "done", "done", "done"]


def test_rounds_interleave(finished: Finished) -> None:
    _, made, _ = finished
    began = {(r["configuration"]["backend"], r["repeat"]): r["began"] for r in runner.records(made)}
    assert max(v for k, v in began.items() if k[1] == 0) <= min(
        v for k, v in began.items() if k[1] == 1
    )


def test_every_measure_is_plausible(finished: Finished) -> None:
    ours, peer = read(finished[0])["rows"]
    for row in (ours, peer):
        assert row["failed"] == "" and row["files_failed"] == 0
        assert row["corpus"]["wer"] == 0.0 and row["corpus"]["lost"] == 0
        low, middle, high = (row["throughput"][name] for name in ("low", "median", "high"))
        assert 0 < low <= middle <= high
        assert row["load"]["median"] > 0 and row["first_segment"]["median"] > 0
        assert 100e6 < row["peak"]["median"] < 4e9
        assert row["cpu_hours"]["median"] > 0
        assert row["identical"] is True
        assert len(row["runs"]) == 2
        assert "ctranslate2" in row["runs"][0]["versions"]
    assert ours["ratio"]["median"] > 0 and peer["ratio"] is None


def test_results_state_data_machine_and_command(finished: Finished) -> None:
    facts = read(finished[0])["facts"]
    assert facts["recordings"] == 2 and facts["languages"] == ["en"]
    assert facts["audio_seconds"] == pytest.approx(31.9, abs=0.5)
    for name in ("command", "processor", "cores", "memory", "python", "unispeech", "date"):
        assert facts[name]


def test_several_datasets_are_scored_separately(finished: Finished) -> None:
    ours, _ = read(finished[0])["rows"]
    assert list(ours["sets"]) == ["english", "pause"]
    assert sum(part["corpus"]["words"] for part in ours["sets"].values()) == ours["corpus"]["words"]
    for number, run in enumerate(ours["runs"]):
        walls = [part["walls"][str(number)] for part in ours["sets"].values()]
        assert all(wall > 0 for wall in walls)
        assert sum(walls) == pytest.approx(run["wall"], rel=0.02)
    for part in ours["sets"].values():
        assert part["corpus"]["wer"] == 0.0 and part["ratio"]["median"] > 0


def test_results_render_as_a_markdown_table(finished: Finished) -> None:
    heading, _, ours, peer, _, facts, _ = markdown.lines([read(finished[0])])
    assert heading.split(" | ")[2:4] == ["WER % english", "speed english"]
    assert re.fullmatch(
        r"\| `faster` \| `tiny.en` (\| 0\.00 \| [\d.]+ \([\d.]+x\) ){2}\| [\d,]+ \|", ours
    )
    assert peer.startswith("| `peer:faster-batched` |") and "x)" not in peer
    assert facts.startswith("2 recordings, 0.5 minutes;") and "2 rounds" in facts


class Page(HTMLParser):
    """Checks that every element is closed, and collects the addresses in the page."""

    VOID = frozenset({"meta", "link", "br", "img", "input", "hr"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        self.addresses += [v or "" for k, v in attrs if k in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_report_is_valid_and_self_contained(finished: Finished) -> None:
    text = (finished[0] / "report.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert page.open == []
    assert {"table", "svg", "circle", "rect"} <= set(page.seen)
    assert all(address.startswith("data:audio/") for address in page.addresses)
    for row in read(finished[0])["rows"]:
        assert row["name"] in text
    for drawing in text.split("<svg")[1:]:
        ET.fromstring("<svg" + drawing.partition("</svg>")[0] + "</svg>")


def test_auto_uses_the_last_benchmark(
    finished: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A benchmark of one backend counts only if no other is installed."""
    assert choose.load_measurements() == []
    monkeypatch.setattr(benchmark, "installed", lambda: ("faster",))
    again = shutil.copytree(finished[0], tmp_path / "again")
    benchmark.write(replace(finished[1], folder=again), "faster", CLIPS)
    (measured,) = choose.load_measurements()
    assert (measured.backend, measured.model, measured.wer) == ("faster", "tiny.en", 0.0)
    assert measured.compute_type == "default"


def test_a_benchmark_does_not_differ_from_itself(finished: Finished) -> None:
    pairs = compare.pairs(*[compare.read(finished[0])] * 2)
    conditions = [compare.Condition.of(c) for c in ("wer>+0", "speed<-1%", "memory>+0", "lost>0")]
    assert compare.violations(pairs, conditions) == []
    assert len(compare.violations(pairs, [compare.Condition.of("speed>0.001")])) == 2


def configuration(**changes: Any) -> Configuration:
    return Configuration(**{"backend": "faster", "model": "tiny.en", "threads": 1, **changes})


def small(folder: Path, *configurations: Configuration, timeout: float = 0) -> Plan:
    utterances = datasets.choose(datasets.load(None, folder), datasets.Choice("en", ("english",)))
    return Plan(configurations, utterances, utterances[0], 2, folder, timeout)


def test_an_impossible_configuration_is_a_failed_row(tmp_path: Path) -> None:
    made = small(tmp_path, configuration(compute_type="int3"))
    runner.run(made, lambda step: None)
    results = benchmark.write(made, "faster", ())
    assert "int3" in results.rows[0].failed
    assert len(results.rows[0].runs) == 1, "the second round must not try it again"
    assert [column.heading for column in table.columns(results)] == ["configuration"]
    assert "int3" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_the_next_call_repeats_failed_runs(tmp_path: Path) -> None:
    """The cause may be gone: here the model is added later."""
    model = tmp_path / "model"
    made = small(tmp_path, configuration(model=str(model)))
    runner.run(made, lambda step: None)
    assert [record["status"] for record in runner.records(made)] == ["failed"]
    assert runner.count_finished(made) == 0
    model.symlink_to(store.obtain("tiny.en"))
    runner.run(made, lambda step: None)
    assert [record["status"] for record in runner.records(made)] == ["done", "done"]
    assert runner.count_finished(made) == 2


def test_a_timeout_is_a_failed_row(tmp_path: Path) -> None:
    made = small(tmp_path, configuration(), timeout=0.2)
    runner.run(made, lambda step: None)
    (record,) = runner.records(made)
    assert record["status"] == "failed" and "timeout of 0.2 s" in record["reason"]


def test_killing_the_benchmark_ends_its_run(tmp_path: Path) -> None:
    import psutil

    command = [sys.executable, "-m", "unispeech", "bench", *CLIPS, "--join", "10m", "--repeat", "1"]
    options = ["--backends", "faster", "--models", "tiny.en", "--out", str(tmp_path)]
    with subprocess.Popen([*command, *options], stderr=subprocess.DEVNULL) as host:
        process = psutil.Process(host.pid)
        while not (runs := process.children(recursive=True)):
            assert host.poll() is None
            time.sleep(0.05)
        host.kill()
    _, alive = psutil.wait_procs(runs, timeout=10)
    assert alive == []


def test_a_language_unknown_to_the_model_is_a_failed_row(tmp_path: Path) -> None:
    utterances = datasets.load(None, tmp_path)
    made = Plan([configuration()], utterances, utterances[0], 1, tmp_path)
    runner.run(made, lambda step: None)
    (record,) = runner.records(made)
    assert record["status"] == "failed" and "'de'" in record["reason"]


def test_a_killed_worker_is_a_failed_row(tmp_path: Path) -> None:
    import psutil

    made = small(tmp_path, configuration())

    def kill(step: Step) -> None:
        for child in psutil.Process().children():
            if "unispeech.bench.measure" in child.cmdline():
                os.kill(child.pid, signal.SIGKILL)

    import threading

    watching = threading.Event()

    def watch() -> None:
        while not watching.wait(0.05):
            kill(Step(0, 0, configuration(), ""))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        runner.run(made, lambda step: None)
    finally:
        watching.set()
        thread.join()
    (record,) = runner.records(made)
    assert record["status"] == "failed" and "killed" in record["reason"]


def test_a_missing_model_is_a_failed_row(tmp_path: Path) -> None:
    made = small(tmp_path, configuration(model=str(tmp_path / "nowhere")))
    runner.run(made, lambda step: None)
    (record,) = runner.records(made)
    assert record["status"] == "failed" and "nowhere" in record["reason"]


def test_a_grid_has_no_duplicate_configurations() -> None:
    backends = ("faster", "peer:faster")
    combinations = Grid(
        backends, ("tiny.en",), batch_sizes=(1, 16), strategies=("batched", "native")
    )
    names = [c.name for c in grid.configurations(combinations)]
    assert names == [
        "faster · tiny.en · batch 1 · beam 5",
        "faster · tiny.en · batch 16 · beam 5",
        "faster · tiny.en · native · beam 5",
        "peer:faster · tiny.en · beam 5",
    ]
    names, common = labels(grid.configurations(combinations))
    assert names == ["faster · batch 1", "faster · batch 16", "faster · native", "peer:faster"]
    assert common == "tiny.en · beam 5"


def test_a_backend_without_threads_is_limited_to_as_many_processors() -> None:
    (limited,) = grid.configurations(Grid(("jax",), ("tiny.en",), threads=1))
    assert limited.threads == 1 and limited.settled().load.threads == 0


def test_a_ctc_model_accepts_every_code_of_its_languages() -> None:
    ctc = str(CHECKPOINT / "model")
    mms = Configuration("mms", ctc)
    assert grid.refusal(mms, {"en", "rus"}) is None
    assert "recordings in 'de'" in str(grid.refusal(mms, {"de"}))


def test_recordings_without_a_language_need_language_detection() -> None:
    ctc = str(CHECKPOINT / "model")
    refusal = grid.refusal(Configuration("mms", ctc), {"en", None})
    assert refusal is not None and refusal.option == "language"


def test_the_baseline_is_one_of_the_measured_backends(tmp_path: Path) -> None:
    def baseline(**options: Any) -> str:
        return benchmark.prepare(CLIPS, tmp_path, 1, OPTIONS | options)[1]

    assert baseline() == "peer:faster-batched"
    assert baseline(backends=("faster-whisper", "cpp")) == "faster"
    assert baseline(baseline="faster-whisper") == "faster"
    with raises(OptionError, "'cpp'", "faster"):
        baseline(baseline="cpp")


def test_unknown_names_are_refused() -> None:
    with raises(UnknownBackend, "peer:faster"):
        grid.configurations(Grid(("peer:fastr",), ("tiny.en",)))
    with raises(UnknownBackend, "faster"):
        grid.configurations(Grid(("fastr",), ("tiny.en",)))
    with raises(UnknownModel, "no-such-model"):
        grid.configurations(Grid(("faster", "peer:faster"), ("base", "no-such-model")))


def test_an_impossible_option_is_refused_before_the_first_run(tmp_path: Path) -> None:
    with raises(OptionError, "'int3'", option="compute_type"):
        benchmark.prepare(
            CLIPS, tmp_path, 1, OPTIONS | {"backends": ("faster",), "compute_types": ("int3",)}
        )


@pytest.mark.parametrize(("flag", "value"), [("--strategies", "x"), ("--beam-sizes", "1,0")])
def test_a_wrong_value_in_a_list_is_refused_with_its_flag(flag: str, value: str) -> None:
    done = CliRunner().invoke(bench_run, [flag, value])
    assert done.exit_code == 2 and flag in done.stderr


@pytest.mark.parametrize(
    ("text", "old", "new", "holds"),
    [
        ("wer>+0.3", 5.0, 5.4, True),
        ("wer>+0.3", 5.0, 5.2, False),
        ("speed<-10%", 20.0, 17.0, True),
        ("speed<-10%", 20.0, 19.0, False),
        ("wer>6", None, 6.5, True),
        ("wer>+0.3", None, 6.5, False),
        ("lost>0", 0, 0, False),
    ],
)
def test_conditions(text: str, old: float | None, new: float, holds: bool) -> None:
    assert compare.Condition.of(text).violated_by(old, new) is holds


def test_a_condition_that_could_never_hold_is_refused(finished: Finished) -> None:
    """A build must not pass because the measure of its condition is missing."""
    old, new = read(finished[0]), read(finished[0])
    (pair, other) = compare.pairs(old, new)
    wer = compare.Condition.of("wer>+0.3")
    with raises(OptionError, "word_start"):
        compare.violations([pair, other], [compare.Condition.of("word_start<9")])
    pair.new["corpus"] = None
    (line,) = compare.violations([pair, other], [wer])
    assert line.startswith(f"{pair.name}: wer>+0.3: ")
    other.new["corpus"] = None
    with raises(OptionError, "wer"):
        compare.violations([pair, other], [wer])


def test_a_removed_configuration_is_named(finished: Finished) -> None:
    old, new = read(finished[0]), read(finished[0])
    removed = new["rows"].pop()
    name = Configuration(**removed["configuration"]).name
    assert compare.differences(old, new) == [f"only in the old results: {name}"]
    assert compare.differences(new, old) == [f"only in the new results: {name}"]


@pytest.mark.parametrize("text", ["wer", "wr>+1", "wer>>1", "speed<10%", "wer>+x"])
def test_malformed_conditions_are_refused(text: str) -> None:
    with pytest.raises(OptionError, match="fail_if"):
        compare.Condition.of(text)


def test_wrong_usage_is_one_line() -> None:
    for arguments, message in (
        (["nowhere"], "nowhere"),
        (["--backends", "fastr"], "did you mean 'faster'"),
        ([CLIPS[0], "--backends", "faster", "--device", "tpu"], "--device 'tpu'"),
        ([CLIPS[0], "--backends", "faster", "--compute-types", "x"], "--compute-types 'x'"),
        (["compare", "a", "b"], "give the folder of a benchmark"),
        ([str(SAMPLES), "--join", "long"], "long"),
    ):
        run = subprocess.run(
            [sys.executable, "-m", "unispeech", "bench", *arguments],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert run.returncode == 2 and message in run.stderr and "Traceback" not in run.stderr


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "unispeech", "bench", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_commands_from_a_benchmark_to_a_failing_build(tmp_path: Path, data_folder: Path) -> None:
    out = str(tmp_path / "out")
    arguments = [
        CLIPS[0],
        "--models",
        "tiny.en",
        "--beam-sizes",
        "1",
        "--repeat",
        "1",
        "--out",
        out,
    ]
    done = bench(*arguments, "--backends", "faster,peer:faster")
    assert done.returncode == 0, done.stderr
    assert "report:" in done.stdout and "1/2 faster · tiny.en" in done.stderr
    again = bench(*arguments, "--backends", "faster,peer:faster,openvino", "--device", "cuda")
    assert again.returncode == 1 and "some configurations failed" in again.stderr
    again = bench(*arguments, "--backends", "faster,peer:faster")
    assert again.returncode == 0 and "2 runs are in" in again.stderr
    for condition, code, message in (
        ("wer>+0.3", 0, ""),
        ("speed>0", 1, "2 of the conditions to fail on hold"),
        ("word_start>9", 2, "word_start was not measured"),
        ("wer", 2, "is not a condition"),
    ):
        done = bench("compare", out, out, "--fail-if", condition)
        assert done.returncode == code and message in done.stderr, done.stderr
    assert bench("table", out).stdout.count("| `tiny.en` |") == 2


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_error_rate_equals_that_of_a_plain_jiwer_script(data: Path, tmp_path: Path) -> None:
    """Fifteen utterances of LibriSpeech: the whole benchmark against a dozen lines."""
    import jiwer
    from faster_whisper import WhisperModel
    from whisper_normalizer.english import EnglishTextNormalizer

    options = OPTIONS | {"backends": ("peer:faster",), "sample": 15, "language": None}
    made, baseline = benchmark.prepare([str(data / "librispeech")], tmp_path, 1, options)
    runner.run(made, lambda step: None)
    (row,) = benchmark.write(made, baseline, ["librispeech"]).rows

    model = WhisperModel(
        str(store.obtain("tiny.en")), device="cpu", compute_type="int8", cpu_threads=1
    )
    lines = (data / "librispeech" / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    texts = {entry["audio"]: entry["text"] for entry in map(json.loads, lines)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        normalise = EnglishTextNormalizer()
    references: list[str] = []
    hypotheses: list[str] = []
    for utterance in made.utterances:
        segments, _ = model.transcribe(str(utterance.audio), language="en", beam_size=1)
        references.append(normalise(texts[utterance.audio.name]))
        hypotheses.append(normalise("".join(segment.text for segment in segments)))
    assert row.corpus is not None and row.corpus.wer is not None
    assert row.corpus.wer > 0
    assert row.corpus.wer == pytest.approx(100 * jiwer.wer(references, hypotheses), abs=0.01)


@pytest.mark.slow
def test_the_normaliser_equals_openai_whispers() -> None:
    """Needs openai-whisper; both normalisers return the same words."""
    normalizers = pytest.importorskip("whisper.normalizers")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        english, basic = normalizers.EnglishTextNormalizer(), normalizers.BasicTextNormalizer()
    for text in (
        "Mr. O'Neill couldn't pay $3.50, kinda; we've seen twenty-two colours (well, [sic] hmm).",
        "dunno, sorta: it's a quarter past three on the 21st of May nineteen eighty four",
    ):
        assert units(text, "en") == english(text).split()
        assert units(text, "fr") == basic(text).split()
