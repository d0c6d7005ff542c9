"""The public interface: names, keyword arguments, deprecations."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime
from pathlib import Path

import pytest

import unispeech
from support.samples import SAMPLES
from unispeech import AsyncEngine, Engine, Segment, Transcript, Word, errors
from unispeech.call import Call
from unispeech.text.formats import FORMATS, Details, render
from unispeech.text.subtitles import Layout

CALLBACKS = ["on_progress", "on_segment", "cancelled"]


def test_the_public_names() -> None:
    assert sorted(unispeech.__all__) == [
        "AsyncEngine", "AudioError", "AudioNotFound", "AudioTruncated", "BackendError",
        "BackendMissing", "Cancelled", "Details", "Edit", "Engine", "Event", "Gap", "Layout",
        "ModelDamaged", "ModelError", "ModelUnavailable", "OptionError", "Progress", "Segment",
        "Session", "TextRules", "Transcript", "Turn", "UnispeechError", "UnknownBackend",
        "UnknownModel", "UnsupportedOption", "Word", "__version__", "render", "transcribe",
    ]  # fmt: skip
    assert all(getattr(unispeech, name) is not None for name in unispeech.__all__)


def test_every_error_of_the_tree_is_public() -> None:
    tree = {
        name
        for name, error in vars(errors).items()
        if isinstance(error, type) and issubclass(error, errors.UnispeechError)
    }
    assert tree <= set(unispeech.__all__)


@pytest.mark.parametrize("name", ["transcribe", "segments", "transcribe_many", "align"])
@pytest.mark.parametrize("engine", [Engine, AsyncEngine])
def test_every_method_takes_callbacks_by_keyword(engine: type, name: str) -> None:
    parameters = inspect.signature(getattr(engine, name)).parameters
    assert all(parameters[word].kind is inspect.Parameter.KEYWORD_ONLY for word in CALLBACKS)
    assert parameters["sample_rate"].default is None


def test_the_async_engine_has_every_method_of_the_engine() -> None:
    def public(engine: type) -> set[str]:
        return {
            name for name, member in vars(engine).items() if callable(member) and name[0] != "_"
        }

    internal = {"follow", "resolve", "settle", "of", "assist"}
    assert public(Engine) - internal <= public(AsyncEngine)


@pytest.mark.parametrize("format", list(FORMATS))
def test_a_transcript_renders_itself(format: str) -> None:
    words = (Word(0.0, 0.5, " Good", 1.0), Word(0.5, 1.0, " morning.", 1.0))
    segment = Segment(0, 0.0, 1.0, " Good morning.", words, speaker="Ada")
    transcript = Transcript("Good morning.", "en", 1.0, (segment,), "faster", "tiny.en")
    layout = Layout(max_words_per_line=1) if FORMATS[format].is_subtitle else None
    details = Details(date=datetime(2026, 11, 29, tzinfo=UTC))
    ours, theirs = (
        transcript.to(format, layout, details),
        render(transcript, format, layout, details),
    )
    # A Word document is a ZIP file, which has the time of writing.
    assert ours == theirs or (format == "docx" and len(ours) == len(theirs))


def test_a_positional_call_still_works_and_is_deprecated(engine: object, tmp_path: Path) -> None:
    received: list[Segment] = []
    loaded = engine()  # type: ignore[operator]
    with pytest.warns(DeprecationWarning, match="on_progress=") as warned:
        transcript = loaded.transcribe(SAMPLES / "english.wav", None, Call(received.append))
    assert tuple(received) == transcript.segments
    assert warned[0].filename == __file__
    with pytest.warns(DeprecationWarning):
        loaded.segments(SAMPLES / "english.wav", call=Call())
    with pytest.warns(DeprecationWarning):
        loaded.transcribe_many([SAMPLES / "english.wav"], call=Call())
