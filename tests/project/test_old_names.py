"""Modules of version 0.1 keep their old names for one minor release, with a warning."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest

MOVED = [
    ("allocator", "tune", "system.allocator"),
    ("annotate.align", "align", "ctc.align"),
    ("asynchronous", "AsyncEngine", "engine.aio"),
    ("audio", "Recording", "audio.recording"),
    ("audio", "Source", "audio.recording"),
    ("audio", "load", "audio.recording"),
    ("backends.attention", "words", "backends.whisper.attention"),
    ("backends.decoding", "decode", "backends.whisper.decode_loop"),
    ("backends.encoder", "Encoder", "backends.whisper.bfloat16_encoder"),
    ("backends.faster_answers", "segment", "backends.whisper.faster_results"),
    ("backends.ggml", "PRESETS", "backends.whisper.cpp_tokens"),
    ("backends.lid", "LanguageIdentifier", "backends.mms_lid"),
    ("batching", "in_order", "stages.batching"),
    ("calls", "Call", "call"),
    ("calls", "Journal", "call"),
    ("chunking", "plan", "stages.chunking"),
    ("cores", "cores", "system.cores"),
    ("ctc", "read", "ctc.words"),
    ("decoder", "Decoder", "engine.decoder"),
    ("detection", "Detection", "engine.language"),
    ("downmix", "Downmix", "audio.downmix"),
    ("formats", "FORMATS", "text.formats"),
    ("formats", "as_dict", "text.formats"),
    ("formats", "render", "text.formats"),
    ("guard", "guarded", "stages.guard"),
    ("logmel", "log_mel", "features.logmel"),
    ("models.convert.form", "Checkpoint", "models.convert.checkpoint"),
    ("models.convert.mel", "filters", "features.mel"),
    ("models.convert.names", "hf", "models.convert.tensor_names"),
    ("models.convert.standard", "Generation", "models.convert.openai_defaults"),
    ("models.convert.tokens", "tokenizer_of", "models.convert.tokenizer"),
    ("models.ctc", "CtcFacts", "models.formats.ctc_folder"),
    ("models.layout", "format_of", "models.formats.registry"),
    ("models.naming", "HUB_ID", "models.model_names"),
    ("models.shelf", "formats", "models.weight_cache"),
    ("models.shelf", "listing", "models.weight_cache"),
    ("native", "events", "engine.native"),
    ("planning", "TAIL", "stages.windows"),
    ("pool", "Pool", "engine.pool"),
    ("sentences", "cut", "stages.sentences"),
    ("stitch", "place", "stages.stitch"),
    ("subtitles", "Layout", "text.subtitles"),
    ("timing", "interpolated", "text.timing"),
    ("vad", "Listener", "stages.vad"),
]
RENAMED = {
    ("backends.attention", "timed"): "words_from_tokens",
    ("models.shelf", "listing"): "cached_models",
}
WITHOUT_SUCCESSOR = ["backends.openvino_graph", "backends.openvino_library", "backends.tokens",
                     "emissions", "ogg", "reading", "resampling", "riff"]  # fmt: skip
"""Modules that import, whose names are internal and may be gone."""


@pytest.mark.parametrize(("module", "name", "home"), MOVED, ids=lambda part: str(part))
def test_an_old_name_gives_the_new_object_with_a_warning(module: str, name: str, home: str) -> None:
    old = import_module(f"unispeech.{module}")
    new = RENAMED.get((module, name), name)
    with pytest.warns(DeprecationWarning, match=f"unispeech.{home}.{new}") as warned:
        attribute = getattr(old, name)
    assert attribute is getattr(import_module(f"unispeech.{home}"), new)
    assert warned[0].filename == __file__


@pytest.mark.parametrize("module", WITHOUT_SUCCESSOR)
def test_an_old_module_names_the_missing_attribute(module: str) -> None:
    old = import_module(f"unispeech.{module}")
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = old.no_such_name


def test_old_imports_work_in_every_form() -> None:
    program = (
        "import unispeech.pool, unispeech.models.shelf as shelf\n"
        "from unispeech.backends import lid\n"
        "from unispeech.formats import render\n"
        "from unispeech.audio import load\n"
        "from unispeech.calls import Call\n"
        "from unispeech.engine import Engine, transcribe\n"
        "import unispeech\n"
        "assert unispeech.pool.Pool and shelf.formats\n"
        "assert lid.__name__ == 'unispeech.backends.lid'\n"
        "assert Engine is unispeech.Engine and render is unispeech.render\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_engine_under_its_public_name_does_not_warn() -> None:
    program = "from unispeech.engine import Engine, transcribe"
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)
