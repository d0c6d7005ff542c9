"""Annotations that fail: the text stays, with a warning."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from support.samples import CHECKPOINT, SAMPLES, reference, words
from unispeech.annotate import speakers
from unispeech.annotate.annotation import Annotator
from unispeech.audio.recording import Recording
from unispeech.backends.loaded import LoadedModels
from unispeech.call import Call, ignore
from unispeech.cli import cli
from unispeech.engine.engine import Engine
from unispeech.engine.outcome import Outcome
from unispeech.errors import BackendError, Cancelled, ModelDamaged
from unispeech.options import AnnotateOptions, TranscribeOptions
from unispeech.types import Chunk, ChunkResult, End, Samples, Segment

MakeEngine = Callable[..., Engine]
ENGLISH = SAMPLES / "english.wav"


@pytest.fixture
def damaged_aligner(tmp_path: Path) -> str:
    """A CTC model with truncated weights."""
    pytest.importorskip("transformers")
    model = shutil.copytree(CHECKPOINT / "model", tmp_path / "aligner")
    weights = model / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    return str(model)


@pytest.mark.parametrize("options", [{}, {"strategy": "native"}], ids=["batched", "native"])
def test_a_failed_alignment_leaves_the_text(
    engine: MakeEngine, damaged_aligner: str, options: dict[str, Any]
) -> None:
    plain = engine().transcribe(ENGLISH, beam_size=1, **options)
    transcript = engine().transcribe(
        ENGLISH, align=True, align_model=damaged_aligner, beam_size=1, **options
    )
    assert transcript.text == plain.text and not transcript.complete
    (warning,) = transcript.warnings
    assert "aligner" in warning
    assert [(s.start, s.end) for s in transcript.segments] == [
        (s.start, s.end) for s in plain.segments
    ]


def test_the_iterator_raises_after_the_last_segment(
    engine: MakeEngine, damaged_aligner: str
) -> None:
    segments = engine().segments(ENGLISH, align=True, align_model=damaged_aligner, beam_size=1)
    text = ""
    with pytest.raises(ModelDamaged):
        for segment in segments:
            text += segment.text
    assert words(text) == words(reference("english"))


def test_the_command_line_writes_the_text_and_exits_with_1(
    damaged_aligner: str, tmp_path: Path
) -> None:
    result = CliRunner().invoke(
        cli,
        [
            "transcribe", str(ENGLISH), "--model", "tiny.en", "--align",
            "--align-model", damaged_aligner, "-o", str(tmp_path),
        ],
    )  # fmt: skip
    assert result.exit_code == 1 and "warning" in result.output
    assert words((tmp_path / "english.txt").read_text()) == words(reference("english"))


class FailingDiarizer:
    """A fake: the real pipeline fails only if its process is killed."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def turns(self, samples: Samples, *_: object) -> None:
        raise self.error


@pytest.mark.parametrize("error", [BackendError("pyannote: the worker was killed"), Cancelled()])
def test_a_failed_diarization_leaves_the_segments_but_a_cancelled_one_ends_the_run(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def diarizer(*_: object) -> Any:
        yield FailingDiarizer(error)

    monkeypatch.setattr(speakers, "diarizer", diarizer)
    options = TranscribeOptions(annotate=AnnotateOptions(diarize=True))
    recording = Recording(ENGLISH, keep=True)
    samples = recording.read()
    annotator = Annotator(options, "auto", Call(), LoadedModels())
    outcome = Outcome(recording, annotator, ignore)
    chunk = Chunk(samples, 0.0, 10.0)
    assert not list(outcome.place(chunk, ChunkResult((Segment(0, 0.0, 2.0, " Hello."),))))
    if isinstance(error, Cancelled):
        with pytest.raises(Cancelled):
            list(outcome.finish(End(10.0)))
        return
    segment, end = outcome.finish(End(10.0))
    assert isinstance(segment, Segment) and isinstance(end, End)
    assert (segment.text, segment.speaker) == (" Hello.", None)
    assert (end.error, end.annotation_error, end.complete) == (None, error, False)
    assert len(end.warnings) == 1 and "killed" in end.warnings[0]
