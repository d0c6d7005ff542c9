"""Default companion models: aligners and a diarization pipeline."""

from __future__ import annotations

from collections.abc import Mapping

ALIGNERS: Mapping[str, str] = {
    "en": "wav2vec2-base-960h",
    **{
        code: f"jonatasgrosman/wav2vec2-large-xlsr-53-{name}"
        for code, name in {
            "ar": "arabic", "de": "german", "el": "greek", "es": "spanish", "fa": "persian",
            "fi": "finnish", "fr": "french", "hu": "hungarian", "it": "italian", "ja": "japanese",
            "nl": "dutch", "pl": "polish", "pt": "portuguese", "ru": "russian",
            "zh": "chinese-zh-cn",
        }.items()
    },
}  # fmt: skip
"""CTC models by language, all with permissive licences; most are whisperX's defaults too."""
SOUNDSWALLOWER: Mapping[str, str] = {"en": "en-us", "fr": "fr-fr"}
"""Languages that SoundSwallower aligns, and the folders of its acoustic models."""
ALIGNER = "mms-1b-all"
"""The aligner for all other languages. Its licence forbids commercial use."""
DIARIZER = "speaker-diarization-community-1"
"""The default pipeline of pyannote.audio and whisperX."""


def aligner(language: str | None, model: str | None = None) -> str | None:
    """Return the aligner for a language; None while the language is unknown."""
    if model or language is None:
        return model
    return ALIGNERS.get(language, ALIGNER)


def device(name: str) -> str:
    """Return the device of a companion, which PyTorch runs: the backend's, or `auto` if PyTorch has
    no such device."""
    return name if name.partition(":")[0] in ("cpu", "cuda", "mps") else "auto"
