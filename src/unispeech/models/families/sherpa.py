"""Families that run in sherpa-onnx: its own conversions, on the Hub."""

from __future__ import annotations

from collections.abc import Mapping

from unispeech import languages
from unispeech.models.entry import Entry, Source
from unispeech.models.facts import ENGLISH_ONLY

FILES = ("*.onnx", "*.ort", "*.onnx.data", "*.weights", "tokens.txt", "tokenizer/*")
"""Patterns of the files of any sherpa-onnx repository, without its recordings."""
TOKENS = "a7a044c52cb29cbe8b0dc1953e92cefd4ca16b0ed968177b6beab21f9a7d0b31"
"""The sha256 of Omnilingual's tokens."""
ASIAN: Mapping[str, str] = {
    code: languages.WHISPER[code] for code in ("zh", "en", "ja", "ko", "yue")
}


def _int8(
    name: str,
    family: str,
    megabytes: int,
    repository: str,
    spoken: Mapping[str, str],
    licence: str,
    summary: str,
    revision: str = "",
    sha256: Mapping[str, str] | None = None,
    files: tuple[str, ...] = ("*.int8.onnx", "tokens.txt"),
) -> Entry:
    """Return an entry whose weights are int8."""
    source = Source("sherpa", repository, revision, sha256=sha256 or {}, files=files)
    return Entry(
        name=f"{name}-int8",
        megabytes=megabytes,
        sources=(source,),
        family=family,
        licence=licence,
        languages=spoken,
        translates=False,
        aliases=(repository,),
        summary=f"{summary}; int8",
        compute_types=("int8",),
    )


ENTRIES: tuple[Entry, ...] = (
    _int8(
        "sensevoice-small", "sensevoice", 239,
        "csukuangfj/sherpa-onnx-sense-voice-zh-en-ja-ko-yue-2024-07-17", ASIAN,
        "FunASR Model License", "Chinese, Cantonese, English, Japanese, Korean, with punctuation",
    ),
    _int8(
        "omnilingual-ctc-300m", "omnilingual", 366,
        "csukuangfj2/sherpa-onnx-omnilingual-asr-1600-languages-300M-ctc-int8-2025-11-12",
        languages.known_by("o"), "Apache 2.0", "over 1,600 languages, without punctuation",
    ),
    _int8(
        "omnilingual-ctc-1b", "omnilingual", 1032,
        "csukuangfj/sherpa-onnx-omnilingual-asr-1600-languages-1B-ctc-int8-2025-11-12",
        languages.known_by("o"), "Apache 2.0", "over 1,600 languages, without punctuation",
        "17db76eab583b0b868ffb0df104ab879145087e5",
        {
            "model.int8.onnx": "f7b74c964039162423b83e3fa950ce24810c9a635d9ff8468b5f4d142b7c1e8c",
            "tokens.txt": TOKENS,
        },
    ),
    _int8(
        "moonshine-tiny-en", "moonshine", 124, "csukuangfj/sherpa-onnx-moonshine-tiny-en-int8",
        ENGLISH_ONLY, "MIT", "English with punctuation, small",
        files=("preprocess.onnx", "*.int8.onnx", "tokens.txt"),
    ),
    _int8(
        "zipformer-streaming-en", "zipformer", 73,
        "csukuangfj/sherpa-onnx-streaming-zipformer-en-2023-06-26", ENGLISH_ONLY, "Apache 2.0",
        "English in capitals, decoded while it is spoken",
        "672fbf1b30579d6585301139bb363f42a0ad4a24",
        files=("*-chunk-16-left-128.int8.onnx", "tokens.txt"),
    ),
)  # fmt: skip
