"""Annotations: speakers from known turns, and aligned words for any backend.

Real diarization weights are gated, so the pipeline of `random_diarization.py` replaces them:
pyannote's own classes with RANDOM weights. The tests say nothing about error rates.
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
from unispeech.annotate.annotation import Annotator
from unispeech.annotate.words import with_spaces
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


def segment(start: float, end: float, *spans: tuple[float, float]) -> Segment:
    text = " x" * (len(spans) or 1)
    return Segment(0, start, end, text, tuple(Word(a, b, " x", 1.0) for a, b in spans))


def test_words_are_assigned_to_the_speaker_with_the_longest_overlap() -> None:
    turns = [Turn(0, 4, "A"), Turn(3, 9, "B"), Turn(5, 5.5, "A"), Turn(20, 21, "C")]
    first, second, third, fourth = speakers.assigned(
        [
            segment(1, 6, (1, 2), (3.2, 3.9), (4.5, 6)),
            segment(9.5, 10),
            segment(16, 18, (16, 17)),
        ],
        turns,
    )
    assert [(s.speaker, s.start, s.end) for s in (first, second)] == [("A", 1, 3.9), ("B", 4.5, 6)]
    assert [word.speaker for s in (first, second) for word in s.words] == ["A", "A", "B"]
    assert third.speaker == "B"  # nobody speaks, so the nearest turn decides
    assert (fourth.speaker, fourth.words[0].speaker) == ("C", "C")
    assert [s.id for s in (first, second, third, fourth)] == [0, 1, 2, 3]


def test_a_segment_is_cut_where_the_speaker_changes() -> None:
    text = " Shall we go now? Yes, let us go."
    turns = [Turn(0, 4, "A"), Turn(4, 8, "B")]
    timed = tuple(Word(n, n + 1, f" {w}", 0.9) for n, w in enumerate(text.split()))
    for given in (timed, ()):
        first, second = speakers.assigned([Segment(0, 0, 8, text, given)], turns)
        assert (first.text, first.speaker) == (" Shall we go now?", "A")
        assert (second.text, second.speaker) == (" Yes, let us go.", "B")
        assert (first.start, second.end) == (0, 8) and 3.5 < first.end <= second.start < 4.5
        assert first.words + second.words == tuple(
            replace(word, speaker="A" if word.start < 4 else "B") for word in given
        )


def test_an_interjection_does_not_cut_a_segment_without_word_times() -> None:
    whole = Segment(0, 0, 8, " one two three four five six seven eight")
    (uncut,) = speakers.assigned([whole], [Turn(0, 8, "A"), Turn(3, 3.4, "B"), Turn(9, 10, "B")])
    assert (uncut.text, uncut.speaker) == (whole.text, "A")


def test_without_turns_the_speaker_is_none() -> None:
    (unnamed,) = speakers.assigned([segment(0, 1, (0, 1))], [])
    assert unnamed.speaker is None and unnamed.words[0].speaker is None


def test_words_inside_the_turns_of_one_speaker_are_theirs(data: Path, engine: MakeEngine) -> None:
    """Real speech of a meeting with reference turns."""
    rows = (data / "diarization" / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    row = next(r for r in map(json.loads, rows) if r["audio"] == "dev00.flac")
    turns = tuple(Turn(*turn) for turn in row["turns"])
    plain = engine().transcribe(
        data / "diarization" / row["audio"], word_timestamps=True, beam_size=1
    )
    segments = tuple(speakers.assigned(plain.segments, turns))
    spoken = [word for segment in segments for word in segment.words]
    assert len(spoken) > 40 and {word.speaker for word in spoken} == {"MEE009", "MEE012"}
    unambiguous = 0
    for word in spoken:
        inside = {t.speaker for t in turns if t.start <= word.start and word.end <= t.end}
        touched = {t.speaker for t in turns if t.start < word.end and word.start < t.end}
        if len(inside) == len(touched) == 1:
            unambiguous += 1
            assert {word.speaker} == inside
    assert unambiguous > 25
    transcript = replace(plain, segments=segments, turns=turns)
    assert "[MEE009]: " in render(transcript, "srt") and "[MEE012]: " in render(transcript, "txt")
    assert read_rttm(render(transcript, "rttm")) == [
        ("dev00", round(t.start, 3), round(t.end - t.start, 3), t.speaker) for t in turns
    ]


def read_rttm(text: str) -> list[tuple[str, float, float, str]]:
    rows = [line.split() for line in text.splitlines()]
    assert all(len(row) == 10 and row[0] == "SPEAKER" and row[2] == "1" for row in rows)
    return [(row[1], float(row[3]), float(row[4]), row[7]) for row in rows]


@pytest.mark.parametrize(
    ("values", "option"),
    [
        ({"min_speakers": 0, "diarize": True}, "min_speakers"),
        ({"max_speakers": 2}, "max_speakers"),
        ({"diarize": True, "min_speakers": 3, "max_speakers": 2}, "min_speakers"),
        ({"align": True, "task": "translate"}, "align"),
    ],
)
def test_contradictory_options_are_refused(values: dict[str, Any], option: str) -> None:
    with raises(OptionError, option=option):
        TranscribeOptions.of(**values)


def test_without_pyannote_the_error_shows_the_install_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Raised before any loading: the folder of the model does not exist."""
    if speakers.available() and lookup.diarization_interpreter() is None:
        pytest.skip("pyannote.audio is installed here")
    monkeypatch.setenv("UNISPEECH_ENV_DIR", str(tmp_path))
    monkeypatch.setenv("UNISPEECH_CACHE_DIR", str(tmp_path))
    with raises(BackendMissing, "unispeech backends install whisperx"):
        Engine("faster", "tiny.en", diarize=True)
    assert not speakers.available()


def test_a_model_of_the_wrong_kind_is_refused(engine: MakeEngine, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("pipeline: {}")
    for model in ("tiny.en", str(tmp_path)):
        with pytest.raises(UnsupportedOption) as error:
            engine().transcribe(SAMPLES / "english.wav", align_model=model)
        assert (error.value.code, error.value.option) == ("model_family", "align_model")
    with pytest.raises(UnsupportedOption) as error:
        Engine("faster", str(tmp_path))
    assert (error.value.code, error.value.option) == ("model_family", "model")
    with pytest.raises(UnsupportedOption) as error:
        Engine("mms", CTC, align_model=CTC)
    assert (error.value.code, error.value.option) == ("aligns_itself", "align_model")


def test_the_error_about_a_gated_model_names_the_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNISPEECH_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    with raises(ModelUnavailable, "HF_TOKEN"):
        store.obtain("speaker-diarization-community-1", "pyannote")


def test_aligned_words_join_to_the_original_text() -> None:
    for text, parts in (
        (" Good  morning, all.", ["Good", "morning,", "all."]),
        ("我 use 三", ["我", "u", "s", "e", "三"]),
        (" one ", ["one"]),
    ):
        spaced = list(with_spaces(text, [Word(0, 1, part, 1.0) for part in parts]))
        assert "".join(word.word for word in spaced) == text
        assert [word.word.strip() for word in spaced] == parts


def test_every_language_has_an_alignment_model() -> None:
    assert companions.aligner("en") == "wav2vec2-base-960h"
    assert companions.aligner("sw") == "mms-1b-all"
    assert companions.aligner(None) is None
    assert companions.aligner("de", "mine") == "mine"


def test_rttm_needs_speakers(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["transcribe", str(SAMPLES / "english.wav"), "-f", "rttm"])
    assert result.exit_code == 2 and "--diarize" in result.output


@pytest.mark.parametrize("options", [{}, {"strategy": "native"}], ids=["batched", "native"])
def test_alignment_gives_word_times_to_any_backend(
    engine: MakeEngine, options: dict[str, Any]
) -> None:
    """The small CTC model knows twelve words, and these it can align."""
    pytest.importorskip("transformers")
    clip = CLIPS / "eng-03.flac"  # "and river bread"
    known = Engine("mms", CTC).align(clip, "and river bread", language="eng")
    transcript = engine().transcribe(clip, align=True, align_model=CTC, beam_size=1, **options)
    segments = transcript.segments
    assert words(transcript.text) == ["and", "river", "bread"]
    aligned = [word for segment in segments for word in segment.words]
    assert "".join(word.word for word in aligned) == "".join(segment.text for segment in segments)
    for word, expected in zip(aligned, known.segments[0].words, strict=True):
        assert word.start == pytest.approx(expected.start, abs=0.05)
    assert all(segment.end == segment.words[-1].end for segment in segments)


def test_text_too_long_for_the_sound_stays_with_a_warning() -> None:
    """Sixty words cannot be spoken in half a second."""
    pytest.importorskip("transformers")
    chunk = Chunk(load(CLIPS / "eng-03.flac")[:8_000], 10.0, 10.5, language="en")
    result = ChunkResult((Segment(0, 0, 0.5, " " + "bread " * 60),))
    warnings: list[str] = []
    annotator = Annotator(TranscribeOptions.of(align_model=CTC), "auto", Call(), LoadedModels())
    assert annotator.decoded(chunk, result, warnings.append) == result
    (line,) = warnings
    assert line.startswith("10.0-10.5 s: no word times (the text has 359 letters")


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_turns_match_the_pipeline_called_directly(
    random_pipeline: Path, engine: MakeEngine, data: Path, tmp_path: Path
) -> None:
    """The pipeline has random weights; the turns are the same for every backend."""
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
    process = subprocess.run(
        [*command, str(tmp_path / "sound.npy")], check=True, capture_output=True, text=True
    )
    rows = json.loads(process.stdout.splitlines()[-1])
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
        transcript = engine(backend).transcribe(
            clip, on_progress=steps.append, strategy=strategy, word_timestamps=True,
            **options,
        )  # fmt: skip
        assert [(t.start, t.end, t.speaker) for t in transcript.turns] == theirs
        assert transcript.segments and all(s.speaker for s in transcript.segments)
        assert all(word.speaker for s in transcript.segments for word in s.words)
    assert {"segmentation", "embeddings"} <= {
        p.detail["step"] for p in steps if p.stage == "diarize"
    }


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_command_line_writes_every_format(random_pipeline: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(
        cli,
        [
            "transcribe", str(SAMPLES / "pause.wav"), "--model", "tiny.en", "--diarize",
            "--diarize-model", str(random_pipeline), "-f", "all", "-o", str(tmp_path),
        ],
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert sorted(path.suffix for path in tmp_path.glob("[!.]*")) == [
        ".json", ".rttm", ".srt", ".tsv", ".txt", ".vtt",
    ]  # fmt: skip
    shown = json.loads((tmp_path / "pause.json").read_text(encoding="utf-8"))
    turns = [(t["start"], round(t["end"] - t["start"], 3), t["speaker"]) for t in shown["turns"]]
    rttm = read_rttm((tmp_path / "pause.rttm").read_text(encoding="utf-8"))
    assert [row[1:] for row in rttm] == turns
    assert all(s["speaker"].startswith("SPEAKER_") for s in shown["segments"])
    text = (tmp_path / "pause.txt").read_text(encoding="utf-8")
    assert all(line.startswith("[SPEAKER_") for line in text.splitlines())
    assert words(" ".join(line.partition(": ")[2] for line in text.splitlines())) == words(
        reference("pause")
    )


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_diarization_can_be_cancelled_and_reports_damage_in_one_line(
    random_pipeline: Path, tmp_path: Path
) -> None:
    options = AnnotateOptions(diarize_model=str(random_pipeline))
    with LoadedModels() as models, speakers.diarizer(models, options) as diarizer:
        with pytest.raises(Cancelled):
            diarizer.turns(np.zeros(16_000 * 30, np.float32), call=Call(cancelled=lambda: True))
        assert diarizer.turns(np.zeros(16_000 * 11, np.float32)) is not None
    (tmp_path / "config.yaml").write_text((random_pipeline / "config.yaml").read_text())
    with pytest.raises(ModelDamaged, match="cannot read the diarization pipeline") as error:
        speakers.Diarizer(tmp_path).turns(np.zeros(16_000, np.float32))
    assert "\n" not in str(error.value)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_words_get_the_same_speakers_as_in_whisperx() -> None:
    """Compares with `assign_word_speakers` of whisperX on random turns and words."""
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
    ours = [word for cut in speakers.assigned(spoken, turns) for word in cut.words]
    by_start = sorted(turns, key=lambda turn: turn.start)
    whole = (speakers.main_speaker(segment, by_start) for segment in spoken)
    pairs = [
        *zip(whole, theirs, strict=True),
        *zip((word.speaker for word in ours), (w for s in theirs for w in s["words"]), strict=True),
    ]
    compared = 0
    for own, their in pairs:
        if "speaker" in their:  # whisperX names nobody if nobody speaks; we name the nearest
            compared += 1
            assert own == their["speaker"]
    assert compared > 50
