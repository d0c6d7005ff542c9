"""The table of options: what a caller may ask for. Frozen, validated when made.

Each field carries what is known of the option (`Option`): its help, its values, what it needs of a
backend, and the doors through which it cannot be given, each with the reason. The command line,
the request models of the service, `/api/info` and the page are made from that.

`None` means the default of what runs: the engine's own with the batched strategy, the library's
own with the native one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import Field, dataclass, field, fields, replace
from typing import Any, Literal, Self, TypedDict, get_args

from unispeech.errors import OptionError, did_you_mean, nearest
from unispeech.system import deprecation

Task = Literal["transcribe", "translate"]
Strategy = Literal["batched", "native"]
Door = Literal["cli", "api", "range", "page", "again", "live", "bench"]
"""Ways in besides Python, which has them all: commands, jobs, a range of a job decoded again, the
page's form, the page's dialog for such a range, live streams and benchmarks."""

FALLBACK_TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Whisper's own ladder (openai/whisper, transcribe.py)."""
KINDS: Mapping[str, type] = {
    "bool": bool, "int": int, "float": float, "str": str, "Task": str, "Strategy": str,
    "tuple[float, ...]": float,
}  # fmt: skip
"""The type of one value, by the annotation of its field."""
RENAMED: Mapping[str, str] = {"detect_language": "language_id_model"}
"""Old names of options, which are accepted for one minor release (0.2)."""
TEXT = 4000
"""Characters of a text that a request may give."""


@dataclass(frozen=True, slots=True)
class Option:
    """What is known of an option."""

    help: str
    usual: str = ""
    """The default as it is shown, where the value alone does not tell."""
    unit: str = ""
    value: str = ""
    """The kind of its value in help: MODEL, FILE."""
    choices: tuple[str, ...] = ()
    between: tuple[float, float] | None = None
    """Smallest and largest value; whole numbers where these are."""
    capability: str = ""
    """The field of `Capabilities` that a backend needs for it."""
    idle: tuple[Any, ...] = ()
    """Values besides the default that ask nothing of a backend."""
    ours: bool = False
    """Only our engine honours it: the native strategy refuses it."""
    absent: Mapping[Door, str] = field(default_factory=dict)
    """Doors through which it cannot be given, and why."""
    off: str = ""
    """Help of the flag that switches it off, where it is on by default."""
    request: str = ""
    """The field of a request, where that has another name."""
    name: str = ""
    default: Any = None
    kind: type = str
    several: bool = False
    """Also takes several values."""

    @property
    def field(self) -> str:
        """Its name in a request."""
        return self.request or self.name

    @property
    def max_length(self) -> int | None:
        """Characters of a free text in a request; None for other options."""
        return TEXT if self.kind is str and not self.choices else None

    def check(self, name: str, given: object) -> None:
        """Raises:
        OptionError: the value makes no sense.
        """
        values = given if isinstance(given, tuple) else (given,)
        if not values:
            raise OptionError(f"{name} is empty", "give at least one number", option=name)
        for value in values:
            if hint := self._wrong(value):
                raise OptionError(f"{name} is {value!r}", hint, option=name)

    def _wrong(self, value: object) -> str:
        """How to put a value right; empty where it is."""
        if self.kind is bool:
            return "" if isinstance(value, bool) else "give True or False"
        if self.choices:
            return "" if value in self.choices else f"use one of {', '.join(self.choices)}"
        if self.between is None:
            return "" if self.kind is not str or isinstance(value, str) else "give text"
        low, high = self.between
        whole = isinstance(low, int)
        number = isinstance(value, int if whole else int | float) and not isinstance(value, bool)
        if number and low <= value <= high:  # type: ignore[operator]
            return ""
        return f"use a {'whole ' if whole else ''}number from {low:g} to {high:g}"


def option(default: Any, help: str, **about: Any) -> Any:
    """A field with what is known of its option."""
    return field(default=default, metadata={"option": Option(help, **about)})


def _described(part: Field[Any], prefix: str = "") -> Option:
    known: Option = part.metadata["option"]
    annotation = str(part.type).removesuffix(" | None")
    return replace(
        known,
        name=_flat(prefix, part.name),
        default=part.default,
        kind=KINDS[annotation],
        several=annotation.startswith("tuple"),
    )


def _current(name: str) -> str:
    """The name of an option that may have been given by its old one."""
    if name not in RENAMED:
        return name
    deprecation.warn(f"the option {name} is called {RENAMED[name]} now")
    return RENAMED[name]


def _flat(prefix: str, name: str) -> str:
    return "vad" if (prefix, name) == ("vad_", "enabled") else prefix + name


def _check(options: Any, prefix: str = "") -> None:
    for part in fields(options):
        value = getattr(options, part.name)
        if "option" in part.metadata and value != part.default:
            row = _described(part, prefix)
            row.check(row.name, value)


SERVERS_OWN: dict[Door, str] = {
    "api": "the server decides how models are loaded",
    "range": "the server decides how models are loaded",
    "page": "the server decides how models are loaded",
}
NOT_COMPARED: dict[Door, str] = {"bench": "a benchmark compares runtimes on the same task"}
WHOLE: dict[Door, str] = {"range": "it is that of the whole recording"}
ADVANCED: dict[Door, str] = {"page": "the form has the options that most people need"}
LATER: dict[Door, str] = {"live": "it needs a complete recording"}


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How weights are loaded. Two engines with equal ones share the loaded model."""

    device: str = option("auto", "auto, cpu, cuda, cuda:1, ...", absent=SERVERS_OWN)
    compute_type: str = option(
        "default", "int8, float32, ...", usual="the backend's fastest", absent=SERVERS_OWN
    )
    """Numbers the weights are held in. On a CPU `default` is int8 for `faster`, and float32 for
    `openai` and `hf`."""
    threads: int = option(
        0, "CPU threads.", usual="one a core", between=(0, 1024), capability="threads",
        absent=SERVERS_OWN,
    )  # fmt: skip
    isolated: bool = option(
        False, "Run the backend in a process of its own.",
        absent=SERVERS_OWN | {"bench": "every run has a process of its own already"},
    )  # fmt: skip

    def __post_init__(self) -> None:
        _check(self)


@dataclass(frozen=True, slots=True)
class DecodeOptions:
    """How one chunk becomes text."""

    language: str | None = option(
        None, "Code or English name.", usual="detected",
        absent={"bench": "the data says which language a recording is in"},
    )  # fmt: skip
    task: Task = option(
        "transcribe", "`translate` writes English.", choices=get_args(Task),
        absent=NOT_COMPARED | {"again": "a range keeps the task of its recording"},
    )  # fmt: skip
    beam_size: int | None = option(
        None, "Hypotheses kept; 1 is greedy.", usual="5", between=(1, 100),
        capability="beam_size", idle=(1,), absent=ADVANCED,
    )  # fmt: skip
    temperature: tuple[float, ...] | None = option(
        None, "Sampling temperature, or the ladder climbed on failure.", value="T[,T...]",
        usual="0 to 1 in steps of 0.2", between=(0.0, 2.0), capability="temperature",
        idle=((0.0,),),
        absent=NOT_COMPARED | ADVANCED,
    )  # fmt: skip
    initial_prompt: str | None = option(
        None, "Text that came before: names, spelling, style.", capability="initial_prompt",
        absent=NOT_COMPARED,
    )  # fmt: skip
    """Given to every chunk."""
    hotwords: str | None = option(
        None, "Words to expect, with spaces or commas between.", capability="hotwords",
        absent=NOT_COMPARED | {"again": "a range keeps those of its recording"},
    )  # fmt: skip
    word_timestamps: bool = option(
        False, "A start and an end for every word.", capability="word_timestamps",
        absent={
            "live": "a stream has them wherever the backend does",
            "page": "the page always asks for them",
        },
    )  # fmt: skip
    ngram: str | None = option(
        None, "KenLM model of words (backends mms and ctc).", value="FILE", capability="ngram",
        absent=NOT_COMPARED | ADVANCED,
    )  # fmt: skip

    def __post_init__(self) -> None:
        _check(self)

    @property
    def temperatures(self) -> tuple[float, ...]:
        return FALLBACK_TEMPERATURES if self.temperature is None else self.temperature

    @property
    def beam(self) -> int:
        return 5 if self.beam_size is None else self.beam_size


@dataclass(frozen=True, slots=True)
class VadOptions:
    """Where speech is. The method is Silero's hysteresis (snakers4/silero-vad, utils_vad.py)."""

    enabled: bool = option(
        True, "Skip silence.", off="Decode everything, also silence.",
        absent=NOT_COMPARED | WHOLE | ADVANCED,
    )  # fmt: skip
    """False: everything is taken for speech, and chunks are cut where it is quietest."""
    threshold: float = option(
        0.5, "Probability that is speech.", between=(0.01, 0.99), ours=True,
        absent=NOT_COMPARED | WHOLE | ADVANCED,
    )  # fmt: skip
    """Speech begins above it, and ends below `threshold - 0.15`."""
    min_silence: float = option(
        0.16, "Silence that ends a span of speech.", unit="seconds", between=(0.0, 10.0), ours=True,
        absent=NOT_COMPARED | WHOLE | ADVANCED
        | {"live": "the pause that ends a phrase is `endpoint`"},
    )  # fmt: skip
    pad: float = option(
        0.4, "Sound kept before and after speech.", unit="seconds", between=(0.0, 2.0), ours=True,
        absent=NOT_COMPARED | WHOLE | ADVANCED,
    )  # fmt: skip

    def __post_init__(self) -> None:
        _check(self, "vad_")


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """How chunks are cut and put together."""

    batch_size: int = option(
        16, "Chunks decoded at once.", between=(1, 1024), ours=True,
        absent=WHOLE | ADVANCED | {"live": "a stream has one phrase at a time"},
    )  # fmt: skip
    """The text does not depend on it."""
    chunk_length: float | None = option(
        None, "Longest chunk; Whisper's window is 30.", usual="what suits the model",
        unit="seconds", between=(5.0, 30.0), ours=True,
        absent=NOT_COMPARED | WHOLE | ADVANCED
        | {"live": "a stream is cut at its pauses"},
    )  # fmt: skip

    def __post_init__(self) -> None:
        _check(self)


@dataclass(frozen=True, slots=True)
class AnnotateOptions:
    """What other models add to the text: when each word was said, and by whom."""

    align: bool = option(
        False, "Word times by forced alignment, for any backend.",
        absent=NOT_COMPARED | ADVANCED | LATER,
    )  # fmt: skip
    align_model: str | None = option(
        None, "The CTC model that aligns; giving one asks for alignment.", value="MODEL",
        usual="the language's",
        absent=NOT_COMPARED | ADVANCED | LATER,
    )  # fmt: skip
    diarize: bool = option(
        False, "Who speaks: names speakers in every format.", request="speakers",
        absent=NOT_COMPARED | WHOLE | LATER,
    )  # fmt: skip
    """By pyannote: `SPEAKER_00` and so on, on segments and words."""
    diarize_model: str | None = option(
        None, "A pyannote pipeline; giving one asks for speakers.", value="MODEL",
        usual="its newest",
        absent=SERVERS_OWN | NOT_COMPARED | LATER,
    )  # fmt: skip
    min_speakers: int | None = option(
        None, "At least so many speak.", between=(1, 1000), absent=NOT_COMPARED | WHOLE | LATER
    )
    max_speakers: int | None = option(
        None, "At most so many speak.", between=(1, 1000), absent=NOT_COMPARED | WHOLE | LATER
    )

    def __post_init__(self) -> None:
        _check(self)
        least, most = self.min_speakers, self.max_speakers
        for name, value in (("min_speakers", least), ("max_speakers", most)):
            if value is not None and not self.speakers_wanted:
                raise OptionError(f"{name} without diarize=True", "give both", option=name)
        if least is not None and most is not None and least > most:
            raise OptionError(
                f"min_speakers {least} is more than max_speakers {most}",
                "exchange them",
                option="min_speakers",
            )

    @property
    def alignment_wanted(self) -> bool:
        return self.align or self.align_model is not None

    @property
    def speakers_wanted(self) -> bool:
        return self.diarize or self.diarize_model is not None


@dataclass(frozen=True, slots=True)
class TranscribeOptions:
    """Everything about one run."""

    decode: DecodeOptions = field(default_factory=DecodeOptions)
    vad: VadOptions = field(default_factory=VadOptions)
    batch: BatchOptions = field(default_factory=BatchOptions)
    annotate: AnnotateOptions = field(default_factory=AnnotateOptions)
    strategy: Strategy = option(
        "batched", "This engine's batching, or the library's own algorithm.",
        choices=get_args(Strategy),
        absent=ADVANCED | {"live": "a stream has no long-form algorithm"},
    )  # fmt: skip
    language_per_chunk: bool = option(
        False, "Detect the language of every chunk (for recordings that switch language).",
        absent=NOT_COMPARED | WHOLE,
    )  # fmt: skip
    language_id_model: str | None = option(
        None, "The model that identifies the language: mms, or a path.", value="MODEL",
        usual="the backend", ours=True,
        absent=NOT_COMPARED | ADVANCED
        | {"live": "the backend detects it"},
    )  # fmt: skip

    def __post_init__(self) -> None:
        _check(self)
        if self.annotate.alignment_wanted and self.decode.task == "translate":
            raise OptionError(
                "align with the task 'translate': nobody says the words of a translation",
                "leave out one of the two",
                option="align",
            )
        if self.language_per_chunk and self.decode.language is not None:
            raise OptionError(
                "language_per_chunk with a fixed language",
                "give one of the two options",
                option="language_per_chunk",
            )
        if self.language_id_model is not None and self.decode.language is not None:
            raise OptionError(
                "language_id_model with a fixed language",
                "give one of the two options",
                option="language_id_model",
            )

    @classmethod
    def of(cls, base: Self | None = None, **names: Any) -> Self:
        """From the flat names of the command line, over `base` where one is given.

        Raises:
            OptionError: an unknown name (with the nearest known one) or a wrong value.
        """
        if isinstance(names.get("temperature"), int | float):
            names["temperature"] = (float(names["temperature"]),)
        elif isinstance(names.get("temperature"), list):
            names["temperature"] = tuple(names["temperature"])
        names = {_current(name): value for name, value in names.items()}
        values = (base or cls()).flat()
        for name in names:
            if name not in values:
                raise unknown_option(name)
        values |= names
        parts = {
            part: kind(**{f.name: values.pop(_flat(prefix, f.name)) for f in fields(kind)})
            for part, (kind, prefix) in PARTS.items()
        }
        return cls(**parts, **values)

    def flat(self) -> dict[str, Any]:
        """Every option by its flat name."""
        values = {
            _flat(prefix, f.name): getattr(getattr(self, part), f.name)
            for part, (kind, prefix) in PARTS.items()
            for f in fields(kind)
        }
        return values | {f.name: getattr(self, f.name) for f in fields(self) if f.name not in PARTS}

    def without(self, names: Iterable[str]) -> Self:
        """The same with these options left out."""
        usual = type(self)().flat()
        return self.of(self, **{name: usual[name] for name in names if name in usual})


PARTS: dict[str, tuple[type[Any], str]] = {
    "decode": (DecodeOptions, ""),
    "vad": (VadOptions, "vad_"),
    "batch": (BatchOptions, ""),
    "annotate": (AnnotateOptions, ""),
}
"""The classes that `TranscribeOptions` is made of, and what their flat names begin with."""


OPTIONS: Mapping[str, Option] = {
    row.name: row
    for kind, prefix in ((LoadOptions, ""), *PARTS.values(), (TranscribeOptions, ""))
    for row in (_described(f, prefix) for f in fields(kind) if "option" in f.metadata)
}
"""Every option by its flat name."""


def offered(*doors: Door) -> list[Option]:
    """The options that can be given through each of these doors."""
    return [row for row in OPTIONS.values() if not {*doors} & {*row.absent}]


class CallOptions(TypedDict, total=False):
    """The flat names, for type checkers (`**options: Unpack[CallOptions]`)."""

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
    align_model: str | None
    diarize: bool
    diarize_model: str | None
    min_speakers: int | None
    max_speakers: int | None


class EngineOptions(CallOptions, total=False):
    """What an engine takes: how to load, and the defaults of its calls."""

    device: str
    compute_type: str
    threads: int
    isolated: bool


def unknown_option(name: str) -> OptionError:
    """The error for a name nobody knows, with the nearest one that exists."""
    if name in LoadOptions.__annotations__:
        return OptionError(f"{name} is not for one call", "give it to the engine", option=name)
    near = nearest(name, EngineOptions.__annotations__)
    return OptionError(
        f"there is no option {name!r}", did_you_mean(near, "see the docs"), option=name
    )


def split_options(options: dict[str, Any]) -> tuple[LoadOptions, TranscribeOptions]:
    """Flat names into how to load and how to transcribe."""
    names = {f.name for f in fields(LoadOptions)}
    load = {name: value for name, value in options.items() if name in names}
    call = {name: value for name, value in options.items() if name not in names}
    return LoadOptions(**load), TranscribeOptions.of(**call)
