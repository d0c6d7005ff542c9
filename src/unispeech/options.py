"""What a caller may ask for. Frozen, validated when made, one small class a stage.

The names are those of the command line. `None` means "whatever is right here": the engine's own
default with the batched strategy, the library's own with the native one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any, Literal, Self, TypedDict, get_args

from unispeech.errors import OptionError, did_you_mean, nearest

Task = Literal["transcribe", "translate"]
Strategy = Literal["batched", "native"]

FALLBACK_TEMPERATURES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Whisper's own ladder (openai/whisper, transcribe.py)."""


def _choice(name: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise OptionError(f"{name} is {value!r}", f"use one of {', '.join(choices)}", option=name)


def _between(name: str, value: float, low: float, high: float) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not low <= value <= high:
        raise OptionError(
            f"{name} is {value!r}", f"use a number from {low:g} to {high:g}", option=name
        )


def _text(name: str, value: object) -> None:
    if value is not None and not isinstance(value, str):
        raise OptionError(f"{name} is {value!r}", "give text", option=name)


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How weights are loaded. Two engines with equal ones share the loaded model."""

    device: str = "auto"
    """`auto`, `cpu`, `cuda`, `cuda:1`, ... as far as the backend can."""
    compute_type: str = "default"
    """Numbers the weights are held in: `int8`, `float32`, ... `default` is what suits the backend:
    on a CPU int8 for `faster`, float32 for `openai` and `hf`."""
    threads: int = 0
    """CPU threads; 0 means as many as there are cores."""
    isolated: bool = False
    """Run in the backend's own environment even where its library imports here."""

    def __post_init__(self) -> None:
        _between("threads", self.threads, 0, 1024)


@dataclass(frozen=True, slots=True)
class DecodeOptions:
    """How one chunk becomes text."""

    language: str | None = None
    """A code (`fr`) or an English name (`french`), checked against the model's own list when an
    engine is made; None detects it."""
    task: Task = "transcribe"
    """`translate` gives English text whatever was spoken."""
    beam_size: int | None = None
    """Hypotheses kept; 1 is greedy. None is 5."""
    temperature: tuple[float, ...] | None = None
    """Sampling temperature, or the ladder climbed while a result is suspicious. None is Whisper's
    own ladder, 0 to 1 in steps of 0.2."""
    initial_prompt: str | None = None
    """Text the model is told came before: names, spelling, style. Given to every chunk."""
    hotwords: str | None = None
    """Words to expect, space or comma separated."""
    word_timestamps: bool = False
    """A start and an end for every word."""
    ngram: str | None = None
    """The path of a KenLM model of words (CTC backends): spelling and grammar it knows win."""

    def __post_init__(self) -> None:
        _choice("task", self.task, get_args(Task))
        for name in ("language", "initial_prompt", "hotwords"):
            _text(name, getattr(self, name))
        if self.beam_size is not None:
            _between("beam_size", self.beam_size, 1, 100)
        if self.temperature is not None:
            if not self.temperature:
                raise OptionError(
                    "temperature is empty", "give at least one number", option="temperature"
                )
            for value in self.temperature:
                _between("temperature", value, 0.0, 2.0)

    @property
    def temperatures(self) -> tuple[float, ...]:
        return FALLBACK_TEMPERATURES if self.temperature is None else self.temperature

    @property
    def beam(self) -> int:
        return 5 if self.beam_size is None else self.beam_size


@dataclass(frozen=True, slots=True)
class VadOptions:
    """Where speech is. The method is Silero's hysteresis (snakers4/silero-vad, utils_vad.py)."""

    enabled: bool = True
    """False: everything is taken for speech, and chunks are cut where it is quietest."""
    threshold: float = 0.5
    """Probability above which speech begins; it ends below `threshold - 0.15`."""
    min_silence: float = 0.16
    """Seconds of silence that end a span of speech."""
    pad: float = 0.4
    """Seconds kept before and after speech."""

    def __post_init__(self) -> None:
        _between("vad_threshold", self.threshold, 0.01, 0.99)
        _between("min_silence", self.min_silence, 0.0, 10.0)
        _between("pad", self.pad, 0.0, 2.0)


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """How chunks are cut and put together."""

    batch_size: int = 16
    """Chunks decoded at once. The text does not depend on it."""
    chunk_length: float | None = None
    """Longest chunk in seconds; Whisper's window is 30. None is what suits the model."""

    def __post_init__(self) -> None:
        _between("batch_size", self.batch_size, 1, 1024)
        if self.chunk_length is not None:
            _between("chunk_length", self.chunk_length, 5.0, 30.0)


@dataclass(frozen=True, slots=True)
class AnnotateOptions:
    """What other models add to the text: when each word was said, and by whom."""

    align: bool = False
    """Word times by forced alignment with a CTC model, whichever backend wrote the text."""
    align_model: str | None = None
    """The CTC model: a name, Hub id or path. None is one for the language that is spoken. Giving
    one asks for alignment."""
    diarize: bool = False
    """Who speaks, by pyannote: `SPEAKER_00` and so on, on segments and words."""
    diarize_model: str | None = None
    """A pyannote pipeline: a name, Hub id or folder. Giving one asks for speakers."""
    min_speakers: int | None = None
    max_speakers: int | None = None
    """How many speakers there are, where that is known."""

    def __post_init__(self) -> None:
        for name in ("align_model", "diarize_model"):
            _text(name, getattr(self, name))
        for name in ("min_speakers", "max_speakers"):
            value = getattr(self, name)
            if value is None:
                continue
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 1000:
                raise OptionError(
                    f"{name} is {value!r}", "use a whole number from 1 up", option=name
                )
            if not self.speakers_wanted:
                raise OptionError(f"{name} without diarize", "give both", option=name)
        least, most = self.min_speakers, self.max_speakers
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
    strategy: Strategy = "batched"
    """`batched` is this engine's own; `native` is the library's own long-form algorithm."""
    language_per_chunk: bool = False
    """Detect the language of every chunk and not once per file."""
    detect_language: str | None = None
    """A model that tells languages apart and decides in the backend's place: `mms` or a path."""

    def __post_init__(self) -> None:
        _choice("strategy", self.strategy, get_args(Strategy))
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
        if self.detect_language is not None and self.decode.language is not None:
            raise OptionError(
                "detect_language with a fixed language",
                "give one of the two options",
                option="detect_language",
            )

    @classmethod
    def of(cls, base: Self | None = None, **names: Any) -> Self:
        """From the flat names of the command line, over `base` where one is given.

        Raises:
            OptionError: an unknown name (with the nearest known one) or a wrong value.
        """
        if isinstance(names.get("temperature"), int | float):
            names["temperature"] = (float(names["temperature"]),)
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


def _flat(prefix: str, name: str) -> str:
    return "vad" if (prefix, name) == ("vad_", "enabled") else prefix + name


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
    detect_language: str | None
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
