"""The models that add to a backend's text where none is named: aligners and a diarizer."""

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
"""CTC models by language; all are free to use, and whisperX takes most of them too."""
ALIGNER = "mms-1b-all"
"""The aligner of every other language. Its licence does not allow commercial use."""
DIARIZER = "speaker-diarization-community-1"
"""The default pipeline of pyannote and whisperX."""


def aligner(language: str | None, model: str | None = None) -> str | None:
    """Return the name of the model that aligns a language; None while the language is unknown."""
    if model or language is None:
        return model
    return ALIGNERS.get(language, ALIGNER)
