"""The way word times are obtained, by the options and the language. Pure."""

from __future__ import annotations

from unispeech.models import companions
from unispeech.options import AnnotateOptions, TranscribeOptions


def method(options: TranscribeOptions, language: str | None, installed: bool) -> str | None:
    """Return the aligner of a language: `soundswallower`, `ctc`, `attention` or `none`.

    None if it depends on a language that is not known yet. `installed` says whether SoundSwallower
    is. A translation has no spoken words, so its times come from attention.
    """
    annotate = options.annotate
    if options.decode.task == "translate" and annotate.aligner != "none":
        return "attention"
    if annotate.aligner is not None:
        return annotate.aligner
    if annotate.align_model is not None:
        return "ctc"
    if not installed:
        return _without_soundswallower(annotate)
    if language is None:
        return None
    if language in companions.SOUNDSWALLOWER:
        return "soundswallower"
    return _without_soundswallower(annotate)


def _without_soundswallower(annotate: AnnotateOptions) -> str:
    return "ctc" if annotate.align else "attention"
