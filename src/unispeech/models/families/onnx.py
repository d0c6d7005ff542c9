"""The families of onnx-asr: Parakeet, Canary and GigaAM."""

from __future__ import annotations

from collections.abc import Mapping

from unispeech import languages
from unispeech.models.entry import Entry, Figures, Source
from unispeech.models.facts import ENGLISH_ONLY

PARAKEET_V3_INT8 = {
    "decoder_joint-model.int8.onnx":
        "eea7483ee3d1a30375daedc8ed83e3960c91b098812127a0d99d1c8977667a70",
    "encoder-model.int8.onnx": "6139d2fa7e1b086097b277c7149725edbab89cc7c7ae64b23c741be4055aff09",
    "vocab.txt": "d58544679ea4bc6ac563d1f545eb7d474bd6cfa467f0a6e2c1dc1c7d37e3c35d",
}  # fmt: skip


def _languages(codes: str) -> Mapping[str, str]:
    """Return the names of languages, from their codes separated by spaces."""
    short = {row.iso639_1: row.name.lower() for row in languages.table().values() if row.iso639_1}
    known = {**short, **languages.WHISPER}
    return {code: known[code] for code in codes.split()}


EUROPEAN = _languages("bg hr cs da nl en et fi fr de el hu it lv lt mt pl pt ro sk sl es sv ru uk")
"""The 25 languages of Parakeet v3 and Canary v2."""
CENTRAL_ASIAN = _languages("ru kk ky uz en")
PARAKEET_FILES = ("encoder-model{}.onnx*", "decoder_joint-model{}.onnx*")
CANARY_FILES = ("encoder-model{}.onnx*", "decoder-model{}.onnx*")
CTC_FILES = ("model{}.onnx*",)
SMALL_FILES = ("config.json", "vocab.txt", "*_vocab.txt")
FILES = ("*.onnx", "*.onnx.data", "*/tokens.txt", *SMALL_FILES)
"""Patterns of the files of any onnx-asr repository: all of its compute types."""


def _onnx(
    name: str,
    family: str,
    megabytes: tuple[int, int],
    repository: str,
    revision: str,
    files: tuple[str, ...],
    spoken: Mapping[str, str],
    summary: str,
    licence: str = "CC-BY 4.0",
    sha256: tuple[Mapping[str, str], Mapping[str, str]] = ({}, {}),
    figures: Figures | None = None,
) -> tuple[Entry, ...]:
    """Return the entries of an onnx-asr repository: in int8, and in float32.

    They are two entries since each is a download of its own. `megabytes` and `sha256` are those of
    int8 and float32.
    """
    is_nemo = family != "gigaam"  # a repository of GigaAM has several models
    entries = []
    for number, (kind, ending, infix) in enumerate(
        (("int8", "-int8", ".int8"), ("float32", "", ""))
    ):
        # The asterisk is for `.onnx.data`, which holds the weights of large models in float32.
        patterns = tuple(pattern.format(infix) for pattern in files)
        source = Source(
            "onnx", repository, revision, sha256=sha256[number], files=(*patterns, *SMALL_FILES)
        )
        entries.append(
            Entry(
                name=name + ending,
                megabytes=megabytes[number],
                sources=(source,),
                family=family,
                licence=licence,
                languages=spoken,
                translates=family == "canary",
                aliases=(f"nemo-{name}", repository) if is_nemo and not ending else (),
                summary=f"{summary}; int8" if ending else summary,
                figures=figures,
                compute_types=(kind,),
            )
        )
    return tuple(entries)


ENTRIES: tuple[Entry, ...] = (
    *_onnx(
        "parakeet-tdt-0.6b-v3", "parakeet", (671, 2550), "istupakov/parakeet-tdt-0.6b-v3-onnx",
        "8f23f0c03c8761650bdb5b40aaf3e40d2c15f1ce", PARAKEET_FILES, EUROPEAN,
        "25 European languages, with punctuation", sha256=(PARAKEET_V3_INT8, {}),
        figures=Figures(6.32, 3333),
    ),
    *_onnx(
        "parakeet-tdt-0.6b-v2", "parakeet", (661, 2520), "istupakov/parakeet-tdt-0.6b-v2-onnx",
        "", PARAKEET_FILES, ENGLISH_ONLY, "English, with punctuation",
    ),
    *_onnx(
        "parakeet-ctc-0.6b", "parakeet", (640, 2440), "istupakov/parakeet-ctc-0.6b-onnx", "",
        CTC_FILES, ENGLISH_ONLY, "English in lower case, the fastest decoder",
    ),
    *_onnx(
        "canary-1b-v2", "canary", (1030, 3910), "istupakov/canary-1b-v2-onnx",
        "5ebc1520cef7b6b318b3526ad17adbfe00bc1bfc", CANARY_FILES, EUROPEAN,
        "25 European languages, translates into English",
    ),
    *_onnx(
        "gigaam-v3-e2e-rnnt", "gigaam", (226, 890), "istupakov/gigaam-v3-onnx",
        "322c3b29492673eb7d0b434bfa9dfb8653e34d02",
        ("v3_e2e_rnnt_encoder{}.onnx", "v3_e2e_rnnt_decoder{}.onnx", "v3_e2e_rnnt_joint{}.onnx"),
        _languages("ru"), "Russian, with punctuation", "MIT",
    ),
    *_onnx(
        "gigaam-multilingual-ctc", "gigaam", (225, 890),
        "istupakov/gigaam-multilingual-ctc-onnx", "458860e1983aef670dd9795fb6af603c82767d5d",
        ("multilingual_ctc{}.onnx",), CENTRAL_ASIAN,
        "Russian, Kazakh, Kyrgyz, Uzbek, and some English", "MIT",
    ),
)  # fmt: skip
