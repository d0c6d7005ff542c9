"""The table of options, as frozen dataclasses that are validated when created.

Each field is declared once, with `option()`: help, values, the capability that a backend needs, and
the interfaces that do not offer it, each with the reason.

`None` means the default of the strategy: the engine's with `batched`, the library's with `native`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, Self, TypedDict, get_args

from unispeech import languages
from unispeech.errors import OptionError, did_you_mean, nearest
from unispeech.option_schema import (
    Interface,
    Option,
    declarations,
    flat_name,
    option,
    validate,
)
from unispeech.system import deprecation
from unispeech.text.rules.text_rules import TextRules

Task = Literal["transcribe", "translate"]
Strategy = Literal["batched", "native"]
ChannelMode = Literal["mix", "best", "each"]
AlignerName = Literal["soundswallower", "ctc", "attention", "none"]

FALLBACK_TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Temperatures that Whisper tries in turn (openai/whisper, transcribe.py)."""
RENAMED: Mapping[str, str] = {"detect_language": "language_id_model"}
"""Old names of options and their replacements, accepted for one minor release (0.2)."""

SERVERS_OWN: dict[Interface, str] = {
    "api": "the server decides how models are loaded",
    "range": "the server decides how models are loaded",
    "page": "the server decides how models are loaded",
}
NOT_COMPARED: dict[Interface, str] = {"bench": "a benchmark compares runtimes on the same task"}
WHOLE: dict[Interface, str] = {"range": "a range keeps the value of its recording"}
ADVANCED: dict[Interface, str] = {"page": "the form has only the most common options"}
LATER: dict[Interface, str] = {"live": "it needs the complete recording"}


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """Options for loading weights. Engines with equal load options share a loaded model."""

    device: str = option("auto", "Where to run: auto, cpu, cuda, cuda:1, ...", excluded=SERVERS_OWN)
    compute_type: str = option(
        "default",
        "Number format of the weights: int8, float32, ...",
        shown_default="the backend's fastest",
        excluded=SERVERS_OWN,
    )
    """Number format of the weights. On a CPU `default` is int8 for `faster`, and float32 for
    `openai` and `hf`."""
    threads: int = option(
        0, "CPU threads.", shown_default="one per core", bounds=(0, 1024), capability="threads",
        excluded=SERVERS_OWN,
    )  # fmt: skip
    isolated: bool = option(
        False, "Run the backend in a process of its own.",
        excluded=SERVERS_OWN | {"bench": "every run has a process of its own already"},
    )  # fmt: skip

    def __post_init__(self) -> None:
        validate(self)


@dataclass(frozen=True, slots=True)
class SoundOptions:
    """Options for the part of a recording that is transcribed: track, channels, time."""

    audio_track: str | None = option(
        None, "Audio track: its number, its language, or `all`.", metavar="N|LANGUAGE|all",
        shown_default="the default track, if it has speech",
        excluded=NOT_COMPARED | WHOLE | ADVANCED | {"live": "a stream has one track"},
    )  # fmt: skip
    """With `all`, every track is transcribed as a speaker of its own."""
    channels: ChannelMode = option(
        "mix", "`mix` those with clear speech, use the `best` one, or transcribe `each` as a "
        "speaker.",
        choices=get_args(ChannelMode),
        excluded=NOT_COMPARED | WHOLE | ADVANCED | {"live": "a stream is mono"},
    )  # fmt: skip
    start: float = option(
        0.0, "Time to start at.", unit="seconds", bounds=(0.0, 1e6),
        excluded=NOT_COMPARED | WHOLE | ADVANCED
        | {"live": "a stream starts when it is opened", "batch": "a row has its own"},
    )  # fmt: skip
    """Times in the result are those of the whole recording."""
    end: float | None = option(
        None, "Time to stop at.", unit="seconds", shown_default="the end", bounds=(0.0, 1e6),
        excluded=NOT_COMPARED | WHOLE | ADVANCED
        | {"live": "a stream ends when it is closed", "batch": "a row has its own"},
    )  # fmt: skip

    def __post_init__(self) -> None:
        validate(self)
        if self.end is not None and self.end <= self.start:
            raise OptionError(
                f"end={self.end:g} is not after start={self.start:g}",
                "use a later end",
                option="end",
            )
        if self.audio_track == "all" and self.channels == "each":
            raise OptionError(
                "audio_track='all' with channels='each'", "set one of the two", option="channels"
            )

    @property
    def has_lanes(self) -> bool:
        """True if tracks or channels are transcribed separately."""
        return self.audio_track == "all" or self.channels == "each"


@dataclass(frozen=True, slots=True)
class DecodeOptions:
    """Options for decoding a chunk."""

    language: str | None = option(
        None, "Language of the speech: a code, an English name, or `auto`.",
        shown_default="detected",
        excluded={"bench": "the data set states the language of each recording"},
    )  # fmt: skip
    task: Task = option(
        "transcribe", "Transcribe, or translate into English.", choices=get_args(Task),
        excluded=NOT_COMPARED | {"again": "a range keeps the task of its recording"},
    )  # fmt: skip
    beam_size: int | None = option(
        None, "Beam width; 1 is greedy decoding.", shown_default="5", bounds=(1, 100),
        capability="beam_size", neutral=(1,), excluded=ADVANCED,
    )  # fmt: skip
    temperature: tuple[float, ...] | None = option(
        None, "Sampling temperature, or several to try in turn.", metavar="T[,T...]",
        shown_default="0 to 1 in steps of 0.2", bounds=(0.0, 2.0), capability="temperature",
        neutral=((0.0,),),
        excluded=NOT_COMPARED | ADVANCED,
    )  # fmt: skip
    initial_prompt: str | None = option(
        None, "Preceding text: names, spelling, style.", capability="initial_prompt",
        excluded=NOT_COMPARED,
    )  # fmt: skip
    """Every chunk gets it."""
    hotwords: str | None = option(
        None, "Words to expect, separated by spaces or commas.", capability="hotwords",
        excluded=NOT_COMPARED | {"again": "a range keeps the hotwords of its recording"},
    )  # fmt: skip
    word_timestamps: bool = option(
        False, "A start and an end for every word.", capability="word_timestamps",
        excluded={
            "live": "a stream always has them if the backend can",
            "page": "the page always asks for them",
        },
    )  # fmt: skip
    ngram: str | None = option(
        None, "KenLM n-gram model (backends mms and ctc).", metavar="FILE", capability="ngram",
        excluded=NOT_COMPARED | ADVANCED,
    )  # fmt: skip

    def __post_init__(self) -> None:
        validate(self)
        if languages.is_automatic(self.language):
            object.__setattr__(self, "language", None)

    @property
    def temperatures(self) -> tuple[float, ...]:
        return FALLBACK_TEMPERATURES if self.temperature is None else self.temperature

    @property
    def beam(self) -> int:
        return 5 if self.beam_size is None else self.beam_size


@dataclass(frozen=True, slots=True)
class VadOptions:
    """Options for voice activity detection by Silero (snakers4/silero-vad, utils_vad.py)."""

    enabled: bool = option(
        True, "Skip silence.", off_help="Decode everything, including silence.",
        excluded=NOT_COMPARED | WHOLE | ADVANCED,
    )  # fmt: skip
    """False: all sound counts as speech, and chunks are cut at the quietest moments."""
    threshold: float = option(
        0.5, "Minimum probability of speech.", bounds=(0.01, 0.99), engine_only=True,
        excluded=NOT_COMPARED | WHOLE | ADVANCED,
    )  # fmt: skip
    """Speech begins at the threshold and ends below `threshold - 0.15`."""
    min_silence: float = option(
        0.16, "Silence that ends a span of speech.", unit="seconds", bounds=(0.0, 10.0),
        engine_only=True,
        excluded=NOT_COMPARED | WHOLE | ADVANCED
        | {"live": "the pause that ends a phrase is `endpoint`"},
    )  # fmt: skip
    pad: float = option(
        0.4, "Sound kept before and after speech.", unit="seconds", bounds=(0.0, 2.0),
        engine_only=True,
        excluded=NOT_COMPARED | WHOLE | ADVANCED,
    )  # fmt: skip

    def __post_init__(self) -> None:
        validate(self, "vad_")


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """Options for chunks and batches."""

    batch_size: int = option(
        16, "Chunks decoded at once.", bounds=(1, 1024), engine_only=True,
        excluded=WHOLE | ADVANCED | {"live": "a stream decodes one phrase at a time"},
    )  # fmt: skip
    """Does not affect the text."""
    chunk_length: float | None = option(
        None, "Maximum length of a chunk; Whisper's window is 30.", unit="seconds",
        shown_default="the model's best", bounds=(5.0, 30.0), engine_only=True,
        excluded=NOT_COMPARED | WHOLE | ADVANCED
        | {"live": "a stream is cut at its pauses"},
    )  # fmt: skip

    def __post_init__(self) -> None:
        validate(self)


@dataclass(frozen=True, slots=True)
class AnnotateOptions:
    """Options for additions by other models: word times and speakers."""

    align: bool = option(
        False, "Word times by forced alignment, for any backend.",
        excluded=NOT_COMPARED | ADVANCED | LATER,
    )  # fmt: skip
    aligner: AlignerName | None = option(
        None, "Source of word times; naming one requests word times.",
        choices=get_args(AlignerName), shown_default="the best for the language",
        excluded=ADVANCED | LATER,
    )  # fmt: skip
    """`attention` is the backend's own times without their bias, `none` the unchanged times."""
    phones: bool = option(
        False, "Phone times with the word times (English and French).",
        excluded=NOT_COMPARED | ADVANCED | LATER | {"batch": "its records have no column for them"},
    )  # fmt: skip
    align_model: str | None = option(
        None, "CTC model for alignment; implies `align`.", metavar="MODEL",
        shown_default="by language",
        excluded=NOT_COMPARED | ADVANCED | LATER,
    )  # fmt: skip
    diarize: bool = option(
        False, "Identify speakers, and name them in every format.", request_name="speakers",
        excluded=NOT_COMPARED | WHOLE | LATER,
    )  # fmt: skip
    """pyannote labels segments and words `SPEAKER_00`, `SPEAKER_01` and so on."""
    diarize_model: str | None = option(
        None, "pyannote pipeline; implies `diarize`.", metavar="MODEL",
        shown_default="the newest",
        excluded=SERVERS_OWN | NOT_COMPARED | LATER,
    )  # fmt: skip
    min_speakers: int | None = option(
        None, "Minimum number of speakers.", bounds=(1, 1000), excluded=NOT_COMPARED | WHOLE | LATER
    )
    max_speakers: int | None = option(
        None, "Maximum number of speakers.", bounds=(1, 1000), excluded=NOT_COMPARED | WHOLE | LATER
    )

    def __post_init__(self) -> None:
        validate(self)
        least, most = self.min_speakers, self.max_speakers
        for name, value in (("min_speakers", least), ("max_speakers", most)):
            if value is not None and not self.needs_speakers:
                raise OptionError(f"{name} needs diarize=True", "set both", option=name)
        if least is not None and most is not None and least > most:
            raise OptionError(
                f"min_speakers {least} is more than max_speakers {most}",
                "lower min_speakers or raise max_speakers",
                option="min_speakers",
            )

    @property
    def needs_alignment(self) -> bool:
        """True if words are aligned even if the backend has times of its own."""
        aligned = self.aligner in ("soundswallower", "ctc") or self.phones
        return self.align or self.align_model is not None or aligned

    @property
    def needs_speakers(self) -> bool:
        return self.diarize or self.diarize_model is not None


@dataclass(frozen=True, slots=True)
class TranscribeOptions:
    """All options of one call."""

    sound: SoundOptions = field(default_factory=SoundOptions)
    decode: DecodeOptions = field(default_factory=DecodeOptions)
    vad: VadOptions = field(default_factory=VadOptions)
    batch: BatchOptions = field(default_factory=BatchOptions)
    annotate: AnnotateOptions = field(default_factory=AnnotateOptions)
    text: TextRules = field(default_factory=TextRules)
    strategy: Strategy = option(
        "batched", "`batched` is this engine's own; `native` is the library's algorithm.",
        choices=get_args(Strategy),
        excluded=ADVANCED | {"live": "a stream has no long-form algorithm"},
    )  # fmt: skip
    language_per_chunk: bool = option(
        False, "Detect the language of every chunk; only for backends that miss its changes.",
        excluded=NOT_COMPARED | WHOLE,
    )  # fmt: skip
    language_id_model: str | None = option(
        None, "Model that detects the language: mms, or a path.", metavar="MODEL",
        shown_default="the backend", engine_only=True,
        excluded=NOT_COMPARED | ADVANCED
        | {"live": "the backend detects the language"},
    )  # fmt: skip

    def __post_init__(self) -> None:
        validate(self)
        if self.annotate.needs_alignment and self.decode.task == "translate":
            raise OptionError(
                "align with the task 'translate': the words of a translation are not in the sound",
                "leave out one of the two",
                option="align",
            )
        self._check_rules()
        if self.sound.has_lanes and self.annotate.needs_speakers:
            raise OptionError(
                "diarize with every channel or track as a speaker",
                "leave out one of the two",
                option="diarize",
            )
        if self.language_per_chunk and self.decode.language is not None:
            raise OptionError(
                "language_per_chunk with a fixed language",
                "set one of the two",
                option="language_per_chunk",
            )
        if self.language_id_model is not None and self.decode.language is not None:
            raise OptionError(
                "language_id_model with a fixed language",
                "set one of the two",
                option="language_id_model",
            )

    def _check_rules(self) -> None:
        """Check that the text rules know the language, if it is set."""
        language = "en" if self.decode.task == "translate" else self.decode.language
        if language is not None:
            code = languages.find(language, languages.WHISPER, languages.ALIASES) or language
            list(self.text.of(languages.iso639_1(code) or code))

    @classmethod
    def of(cls, base: Self | None = None, **names: Any) -> Self:
        """Create options from flat names such as `vad_pad`, with the other values from `base`.

        Raises:
            OptionError: an unknown name (with the nearest known name) or an invalid value.
        """
        temperature = names.get("temperature")
        if isinstance(temperature, int | float):
            names["temperature"] = (float(temperature),)
        elif isinstance(temperature, list):
            names["temperature"] = tuple(temperature)
        if isinstance(track := names.get("audio_track"), int):
            names["audio_track"] = str(track)
        names = {_current_name(name): value for name, value in names.items()}
        values = (base or cls()).flat()
        for name in names:
            if name not in values:
                raise unknown_option(name)
        values |= names
        parts = {
            part: kind(**{f.name: values.pop(flat_name(prefix, f.name)) for f in fields(kind)})
            for part, (kind, prefix) in PARTS.items()
        }
        return cls(**parts, **values)

    def flat(self) -> dict[str, Any]:
        """The value of every option, by its flat name."""
        values = {
            flat_name(prefix, f.name): getattr(getattr(self, part), f.name)
            for part, (kind, prefix) in PARTS.items()
            for f in fields(kind)
        }
        return values | {f.name: getattr(self, f.name) for f in fields(self) if f.name not in PARTS}

    def without(self, names: Iterable[str]) -> Self:
        """A copy with the defaults of these options."""
        defaults = type(self)().flat()
        return self.of(self, **{name: defaults[name] for name in names if name in defaults})


PARTS: dict[str, tuple[type[Any], str]] = {
    "sound": (SoundOptions, ""),
    "decode": (DecodeOptions, ""),
    "vad": (VadOptions, "vad_"),
    "batch": (BatchOptions, ""),
    "annotate": (AnnotateOptions, ""),
    "text": (TextRules, ""),
}
"""The parts of `TranscribeOptions`: the class of each, and the prefix of its flat names."""

OPTIONS: Mapping[str, Option] = {
    row.name: row
    for kind, prefix in ((LoadOptions, ""), *PARTS.values(), (TranscribeOptions, ""))
    for row in declarations(kind, prefix)
}
"""Every option by its flat name."""


def options_for(*interfaces: Interface) -> list[Option]:
    """The options that all of these interfaces offer."""
    return [row for row in OPTIONS.values() if not {*interfaces} & {*row.excluded}]


class CallOptions(TypedDict, total=False):
    """Options of a call by flat name, for type checkers (`**options: Unpack[CallOptions]`)."""

    audio_track: str | int | None
    channels: ChannelMode
    start: float
    end: float | None
    language: str | None
    task: Task
    beam_size: int | None
    temperature: float | tuple[float, ...] | None
    initial_prompt: str | None
    hotwords: str | None
    word_timestamps: bool
    ngram: str | None
    vad: bool
    vad_threshold: float
    vad_min_silence: float
    vad_pad: float
    batch_size: int
    chunk_length: float | None
    strategy: Strategy
    language_per_chunk: bool
    language_id_model: str | None
    detect_language: str | None
    """The old name of `language_id_model`."""
    align: bool
    aligner: AlignerName | None
    phones: bool
    align_model: str | None
    diarize: bool
    diarize_model: str | None
    min_speakers: int | None
    max_speakers: int | None
    chinese: str | None
    remove_fillers: bool
    fillers: str | None
    numerals: str | None
    replacements: str | Path | None


class EngineOptions(CallOptions, total=False):
    """Options of an engine: load options, and the defaults of its calls."""

    device: str
    compute_type: str
    threads: int
    isolated: bool


def _current_name(name: str) -> str:
    """The current name of an option; warns if `name` is an old one."""
    if name not in RENAMED:
        return name
    deprecation.warn(f"the option {name} is now called {RENAMED[name]}")
    return RENAMED[name]


def unknown_option(name: str, known: Iterable[str] = ()) -> OptionError:
    """The error for an unknown option, with the nearest of the known names, or of all options."""
    if name in LoadOptions.__annotations__:
        return OptionError(
            f"{name} cannot be set for one call", "set it on the engine", option=name
        )
    near = nearest(name, known or EngineOptions.__annotations__)
    return OptionError(
        f"option {name!r} is unknown", did_you_mean(near, "see the docs"), option=name
    )


def split_options(options: dict[str, Any]) -> tuple[LoadOptions, TranscribeOptions]:
    """Split flat options into load options and call options."""
    names = {f.name for f in fields(LoadOptions)}
    load = {name: value for name, value in options.items() if name in names}
    call = {name: value for name, value in options.items() if name not in names}
    return LoadOptions(**load), TranscribeOptions.of(**call)
