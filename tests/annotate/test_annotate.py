"""What is added to a transcript: speakers from known turns, and aligned words for any backend.

Real diarization weights have to be asked for, so the pipeline of `random_diarization.py` stands in:
pyannote's own classes with RANDOM weights. No error rate follows from it.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from support.errors import raises
from support.samples import CHECKPOINT, SAMPLES, reference, words
from unispeech.annotate import speakers
from unispeech.annotate.annotation import Annotation
from unispeech.annotate.words import as_written
from unispeech.audio.recording import load
from unispeech.backends import lookup, registry
from unispeech.backends.loaded import LoadedModels
from unispeech.call import Call
from unispeech.cli import cli
from unispeech.engine.engine import Engine
from unispeech.environments import folders
from unispeech.errors import (
    BackendMissing,
    Cancelled,
    ModelDamaged,
    ModelUnavailable,
    OptionError,
    UnsupportedOption,
)
from unispeech.models import companions, store
from unispeech.options import AnnotateOptions, Strategy, TranscribeOptions
from unispeech.text.formats import render
from unispeech.types import Chunk, ChunkResult, Progress, Segment, Turn, Word

MakeEngine = Callable[..., Engine]
CTC = str(CHECKPOINT / "model")
CLIPS = CHECKPOINT / "clips"


def segment(start: float, end: float, *said: tuple[float, float]) -> Segment:
    return Segment(0, start, end, " x", tuple(Word(a, b, " x", 1.0) for a, b in said))


def test_whoever_speaks_longest_has_said_it() -> None:
    turns = [Turn(0, 4, "A"), Turn(3, 9, "B"), Turn(5, 5.5, "A"), Turn(20, 21, "C")]
    one, two, three = speakers.assigned(
        [
            segment(1, 6, (1, 2), (3.2, 3.9), (4.5, 6)),
            segment(9.5, 10),
            segment(16, 18, (16, 17)),
        ],
        turns,
    )
    assert one.speaker == "A"  # 3 + 0.5 s against 3
    assert [word.speaker for word in one.words] == ["A", "A", "B"]
    assert two.speaker == "B"  # nobody speaks: whose turn is nearest
    assert (three.speaker, three.words[0].speaker) == ("C", "C")


def test_without_turns_nobody_is_named() -> None:
    (one,) = speakers.assigned([segment(0, 1, (0, 1))], [])
    assert one.speaker is None and one.words[0].speaker is None


def test_known_turns_of_a_meeting_reach_its_words(data: Path, engine: MakeEngine) -> None:
    """Real speech with its real turns: a word that lies in one person's turns alone is theirs."""
    rows = (data / "diarization" / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    row = next(r for r in map(json.loads, rows) if r["audio"] == "dev00.flac")
    turns = tuple(Turn(*turn) for turn in row["turns"])
    said = engine().transcribe(
        data / "diarization" / row["audio"], word_timestamps=True, beam_size=1
    )
    segments = tuple(speakers.assigned(said.segments, turns))
    told = [word for one in segments for word in one.words]
    assert len(told) > 40 and {word.speaker for word in told} == {"MEE009", "MEE012"}
    alone = 0
    for word in told:
        inside = {t.speaker for t in turns if t.start <= word.start and word.end <= t.end}
        touched = {t.speaker for t in turns if t.start < word.end and word.start < t.end}
        if len(inside) == len(touched) == 1:
            alone += 1
            assert {word.speaker} == inside
    assert alone > 25
    transcript = replace(said, segments=segments, turns=turns)
    assert "[MEE009]: " in render(transcript, "srt") and "[MEE012]: " in render(transcript, "txt")
    assert read_rttm(render(transcript, "rttm")) == [
        ("dev00", round(t.start, 3), round(t.end - t.start, 3), t.speaker) for t in turns
    ]


def read_rttm(text: str) -> list[tuple[str, float, float, str]]:
    rows = [line.split() for line in text.splitlines()]
    assert all(len(row) == 10 and row[0] == "SPEAKER" and row[2] == "1" for row in rows)
    return [(row[1], float(row[3]), float(row[4]), row[7]) for row in rows]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_speakers": 0, "diarize": True}, "min_speakers is 0"),
        ({"max_speakers": 2}, "max_speakers without diarize"),
        ({"diarize": True, "min_speakers": 3, "max_speakers": 2}, "min_speakers 3 is more than"),
        ({"align": True, "task": "translate"}, "align with the task 'translate'"),
    ],
)
def test_wrong_values_are_one_line(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        TranscribeOptions.of(**options)


def test_without_pyannote_the_command_is_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything is loaded: the model's folder is not even there."""
    if speakers.available() and lookup.diarization_interpreter() is None:
        pytest.skip("pyannote.audio is installed here")
    monkeypatch.setenv("UNISPEECH_ENV_DIR", str(tmp_path))
    monkeypatch.setenv("UNISPEECH_CACHE_DIR", str(tmp_path))
    with raises(BackendMissing, "unispeech backends install whisperx"):
        Engine("faster", "tiny.en", diarize=True)
    assert not speakers.available()


def test_another_kind_of_model_is_refused(engine: MakeEngine, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("pipeline: {}")
    for model in ("tiny.en", str(tmp_path)):
        with pytest.raises(UnsupportedOption) as caught:
            engine().transcribe(SAMPLES / "english.wav", align_model=model)
        assert (caught.value.code, caught.value.option) == ("model_family", "align_model")
    with pytest.raises(UnsupportedOption) as caught:
        Engine("faster", str(tmp_path))
    assert (caught.value.code, caught.value.option) == ("model_family", "model")
    with pytest.raises(UnsupportedOption) as caught:
        Engine("mms", CTC, align_model=CTC)
    assert (caught.value.code, caught.value.option) == ("aligns_itself", "align_model")


def test_a_gated_model_says_what_it_wants(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNISPEECH_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    with raises(ModelUnavailable, "HF_TOKEN"):
        store.obtain("speaker-diarization-community-1", "pyannote")


def test_aligned_words_keep_the_text_as_it_is_written() -> None:
    for text, parts in (
        (" Good  morning, all.", ["Good", "morning,", "all."]),
        ("我 use 三", ["我", "u", "s", "e", "三"]),
        (" one ", ["one"]),
    ):
        said = list(as_written(text, [Word(0, 1, part, 1.0) for part in parts]))
        assert "".join(word.word for word in said) == text
        assert [word.word.strip() for word in said] == parts


def test_every_language_has_a_model() -> None:
    assert companions.aligner("en") == "wav2vec2-base-960h"
    assert companions.aligner("sw") == "mms-1b-all"
    assert companions.aligner(None) is None
    assert companions.aligner("de", "mine") == "mine"


def test_rttm_needs_speakers(tmp_path: Path) -> None:
    done = CliRunner().invoke(cli, ["transcribe", str(SAMPLES / "english.wav"), "-f", "rttm"])
    assert done.exit_code == 2 and "--diarize" in done.output


@pytest.mark.parametrize("options", [{}, {"strategy": "native"}], ids=["batched", "native"])
def test_words_of_any_backend_are_aligned(engine: MakeEngine, options: dict[str, Any]) -> None:
    """The small model knows twelve words; of those it knows when they are said."""
    pytest.importorskip("transformers")
    clip = CLIPS / "eng-03.flac"  # "and river bread"
    known = Engine("mms", CTC).align(clip, "and river bread", language="eng")
    said = engine().transcribe(clip, align=True, align_model=CTC, beam_size=1, **options)
    assert words(said.text) == ["and", "river", "bread"]
    found = [word for one in said.segments for word in one.words]
    assert "".join(word.word for word in found) == "".join(one.text for one in said.segments)
    for word, right in zip(found, known.segments[0].words, strict=True):
        assert word.start == pytest.approx(right.start, abs=0.05)
    assert [one.end == one.words[-1].end for one in said.segments]


def test_text_that_does_not_fit_is_kept_and_said() -> None:
    """Nobody says this in half a second: there is no time for its words, and the text stays."""
    pytest.importorskip("transformers")
    chunk = Chunk(load(CLIPS / "eng-03.flac")[:8_000], 10.0, 10.5, language="en")
    result = ChunkResult((Segment(0, 0, 0.5, " " + "bread " * 60),))
    warnings: list[str] = []
    notes = Annotation(AnnotateOptions(align_model=CTC), "auto", Call(), LoadedModels())
    assert notes.decoded(chunk, result, warnings.append) == result
    (line,) = warnings
    assert line.startswith("10.0-10.5 s: no word times (the text has 359 letters")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_pyannotes_pipeline_of_random_weights_through_us(
    random_pipeline: Path, engine: MakeEngine, data: Path, tmp_path: Path
) -> None:
    """Turns as the pipeline gives them when called directly; the same for every backend's text."""
    clip = data / "diarization" / "dev00.flac"
    environment = folders.find("whisperx")
    assert environment
    np.save(tmp_path / "sound.npy", load(clip))
    program = (
        "import json, sys, numpy, whisperx.diarize as d\n"
        "table = d.DiarizationPipeline(sys.argv[1])(\n"
        "    numpy.load(sys.argv[2]), min_speakers=2, max_speakers=3)\n"
        "rows = [[r.start, r.end, r.speaker] for r in table.itertuples()]\n"
        "print(); print(json.dumps(rows))"
    )
    command = [str(environment.python), "-W", "ignore", "-c", program, str(random_pipeline)]
    told = subprocess.run(
        [*command, str(tmp_path / "sound.npy")], check=True, capture_output=True, text=True
    )
    rows = json.loads(told.stdout.splitlines()[-1])
    theirs = [(round(start, 3), round(end, 3), name) for start, end, name in rows]
    assert len(theirs) > 10
    steps: list[Progress] = []
    options: dict[str, Any] = {
        "diarize_model": str(random_pipeline), "min_speakers": 2, "max_speakers": 3, "beam_size": 1,
    }  # fmt: skip
    runs: list[tuple[str, Strategy]] = [
        ("faster", "batched"), ("cpp", "batched"), ("faster", "native"),
    ]  # fmt: skip
    for backend, strategy in runs:
        if not registry.find(backend).installed():
            continue
        said = engine(backend).transcribe(
            clip, on_progress=steps.append, strategy=strategy, word_timestamps=True,
            **options,
        )  # fmt: skip
        assert [(t.start, t.end, t.speaker) for t in said.turns] == theirs
        assert said.segments and all(one.speaker for one in said.segments)
        assert all(word.speaker for one in said.segments for word in one.words)
    assert {"segmentation", "embeddings"} <= {
        p.detail["step"] for p in steps if p.stage == "diarize"
    }


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_command_line_writes_every_format(random_pipeline: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(
        cli,
        [
            "transcribe", str(SAMPLES / "pause.wav"), "--model", "tiny.en", "--diarize",
            "--diarize-model", str(random_pipeline), "-f", "all", "-o", str(tmp_path),
        ],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [
        ".json", ".rttm", ".srt", ".tsv", ".txt", ".vtt",
    ]  # fmt: skip
    shown = json.loads((tmp_path / "pause.json").read_text(encoding="utf-8"))
    turns = [(t["start"], round(t["end"] - t["start"], 3), t["speaker"]) for t in shown["turns"]]
    rttm = read_rttm((tmp_path / "pause.rttm").read_text(encoding="utf-8"))
    assert [row[1:] for row in rttm] == turns
    assert all(one["speaker"].startswith("SPEAKER_") for one in shown["segments"])
    text = (tmp_path / "pause.txt").read_text(encoding="utf-8")
    assert all(line.startswith("[SPEAKER_") for line in text.splitlines())
    assert words(" ".join(line.partition(": ")[2] for line in text.splitlines())) == words(
        reference("pause")
    )


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_diarization_is_cancelled_and_damage_is_one_line(
    random_pipeline: Path, tmp_path: Path
) -> None:
    asked = AnnotateOptions(diarize_model=str(random_pipeline))
    with LoadedModels() as models, speakers.diarizer(models, asked) as diarizer:
        with pytest.raises(Cancelled):
            diarizer.turns(np.zeros(16_000 * 30, np.float32), call=Call(cancelled=lambda: True))
        assert diarizer.turns(np.zeros(16_000 * 11, np.float32)) is not None
    (tmp_path / "config.yaml").write_text((random_pipeline / "config.yaml").read_text())
    with pytest.raises(ModelDamaged, match="cannot read the diarization pipeline") as caught:
        speakers.Diarizer(tmp_path).turns(np.zeros(16_000, np.float32))
    assert "\n" not in str(caught.value)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_words_are_given_to_speakers_as_whisperx_does() -> None:
    """Its own `assign_word_speakers`, in its environment, on random turns and words."""
    environment = folders.find("whisperx")
    if environment is None:
        pytest.skip("the environment of whisperX is not installed")
    random = np.random.default_rng(0)
    times = [(round(float(a), 3), round(float(a + b), 3)) for a, b in random.random((60, 2)) * 60]
    turns = [Turn(a, b, f"SPEAKER_{i % 4:02d}") for i, (a, b) in enumerate(times[:12])]
    spoken = [segment(a, b, (a, (a + b) / 2), ((a + b) / 2, b)) for a, b in times[12:]]
    program = (
        "import json, sys, pandas, whisperx.diarize as d\n"
        "turns, segments = json.load(sys.stdin)\n"
        "table = pandas.DataFrame(turns, columns=['start', 'end', 'speaker'])\n"
        "json.dump(d.assign_word_speakers(table, {'segments': segments}), sys.stdout)"
    )
    theirs = json.loads(
        subprocess.run(
            [environment.python, "-W", "ignore", "-c", program], check=True, capture_output=True,
            text=True,
            input=json.dumps(
                [
                    [(t.start, t.end, t.speaker) for t in turns],
                    [
                        {
                            "start": s.start,
                            "end": s.end,
                            "words": [{"start": w.start, "end": w.end} for w in s.words],
                        }
                        for s in spoken
                    ],
                ]
            ),
        ).stdout
    )["segments"]  # fmt: skip
    ours = list(speakers.assigned(spoken, turns))
    named = 0
    for mine, other in zip(ours, theirs, strict=True):
        told: tuple[Segment | Word, ...] = (mine, *mine.words)
        for one, two in zip(told, (other, *other["words"]), strict=True):
            if "speaker" in two:  # where nobody speaks it names nobody, we whoever is nearest
                named += 1
                assert one.speaker == two["speaker"]
    assert named > 50
