"""MMS (Meta) and wav2vec2, in the format of transformers."""

from __future__ import annotations

from unispeech import languages
from unispeech.models.entry import Entry, Figures, Source
from unispeech.models.facts import ENGLISH_ONLY

NONCOMMERCIAL = "CC-BY-NC 4.0"
MMS_FILES = (
    "model.safetensors", "config.json", "preprocessor_config.json", "vocab.json",
    "tokenizer_config.json", "special_tokens_map.json",
)  # fmt: skip
"""All files but the adapters, which are downloaded when their language is first used."""


def _mms(
    name: str,
    megabytes: int,
    table: str,
    summary: str,
    revision: str = "",
    figures: Figures | None = None,
) -> Entry:
    return Entry(
        name=name,
        megabytes=megabytes,
        sources=(Source("hf", f"facebook/{name}", revision, files=MMS_FILES),),
        family="ctc",
        licence=NONCOMMERCIAL,
        languages=languages.known_by(table),
        translates=False,
        aliases=(f"facebook/{name}",),
        summary=summary,
        figures=figures,
    )


def _mms_lid(count: int) -> Entry:
    name = f"mms-lid-{count}"
    return Entry(
        name=name,
        megabytes=3860,
        sources=(Source("hf", f"facebook/{name}", files=MMS_FILES),),
        family="lid",
        licence=NONCOMMERCIAL,
        languages={},
        translates=False,
        aliases=(f"facebook/{name}", *(("mms",) if count == 126 else ())),
        summary=f"identifies {count:,} languages",
    )


ENTRIES: tuple[Entry, ...] = (
    _mms("mms-1b-all", 3860, "a", "1,162 languages, some in several scripts; the default of mms",
         "3d33597edbdaaba14a8e858e2c8caa76e3cec0cd", Figures(22.5, 231)),
    _mms("mms-1b-l1107", 3860, "l", "1,107 languages, trained on readings of the Bible"),
    _mms("mms-1b-fl102", 3860, "f", "the 102 languages of FLEURS"),
    *(_mms_lid(count) for count in (126, 256, 512, 1024, 2048, 4017)),
    Entry(
        name="wav2vec2-base-960h",
        megabytes=378,
        sources=(Source("hf", "facebook/wav2vec2-base-960h", files=MMS_FILES),),
        family="ctc",
        licence="Apache 2.0",
        languages=ENGLISH_ONLY,
        translates=False,
        aliases=("facebook/wav2vec2-base-960h",),
        summary="aligns English text",
    ),
)  # fmt: skip
