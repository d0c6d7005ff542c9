"""Data types that all rooms share. All times are float seconds.

Times count from the start of the file, except inside a `ChunkResult`, where they count from the
start of the chunk, because a backend sees only its chunk. Only `unispeech.stages.stitch` converts.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, overload

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from unispeech.text.formats import Details
    from unispeech.text.rules import TextRules
    from unispeech.text.subtitles import Layout

Floats: TypeAlias = "npt.NDArray[np.float32]"
"""A numpy array. The aliases are strings so that annotations do not import numpy."""
Samples: TypeAlias = "npt.NDArray[np.float32]"
"""Mono PCM at 16 kHz, float32 in [-1, 1], shape (n,)."""
Flags: TypeAlias = "npt.NDArray[np.bool_]"
Frames: TypeAlias = "tuple[Samples, Flags]"
"""Samples, and a speech flag for each `FRAME` of them (the last frame may be shorter)."""

SAMPLE_RATE = 16_000
"""Hz; the input rate of Whisper, wav2vec2 and Silero."""
FRAME = 512
"""Samples in a frame of the VAD (32 ms, Silero's)."""
FRAME_SECONDS = FRAME / SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, `start <= end`."""

    start: float
    end: float

    @property
    def duration(self) -> float:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Word:
    """A word as the library returns it (Whisper keeps the leading space)."""

    start: float
    end: float
    word: str
    probability: float
    speaker: str | None = None
    characters: tuple[Word, ...] = ()
    """The letters with their times, from CTC backends."""
    timed_by: str = ""
    """Source of the times: `soundswallower`, `ctc`, `tokens`, `attention`, `native` (by the
    library's own algorithm, unchanged) or `estimated`; empty if unknown."""
    confidence: float | None = None
    """Confidence in the times, 0 to 1, if the aligner has one."""
    phones: tuple[Word, ...] = ()
    """The phones with their times, if requested."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of text, usually a phrase or a sentence.

    `text` is as the library returns it. Whisper keeps the leading space, so joining segments with
    nothing between them is right in every language. `words` is empty unless requested.
    `avg_logprob` is the mean log probability per token, and `no_speech_prob` the model's
    probability that there is no speech. Both are never NaN: a backend without them returns 0.0.
    """

    id: int
    start: float
    end: float
    text: str
    words: tuple[Word, ...] = ()
    avg_logprob: float = 0.0
    no_speech_prob: float = 0.0
    speaker: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch of speech without reliable text, so that no speech is lost silently."""

    start: float
    end: float
    reason: str


@dataclass(frozen=True, slots=True)
class Turn:
    """A stretch in which one person speaks. Turns of different speakers may overlap."""

    start: float
    end: float
    speaker: str


@dataclass(frozen=True, slots=True)
class Change:
    """One change: the text rule, and the text before and after it, without space around it."""

    rule: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Edit:
    """A segment that text rules changed, as it was before."""

    index: int
    """Its position in the original transcript."""
    original: Segment
    changes: tuple[Change, ...]
    """The changes in the order in which they were made; a later one may change an earlier one."""
    removed: bool = False
    """True if no text was left, so that the transcript lacks the segment."""

    def shifted(self, seconds: float) -> Edit:
        """A copy with all times moved by `seconds`."""
        return replace(self, original=shifted(self.original, seconds))


@dataclass(frozen=True, slots=True)
class Transcript:
    """The transcript of one recording."""

    text: str
    language: str
    duration: float
    segments: tuple[Segment, ...]
    backend: str
    model: str
    task: str = "transcribe"
    language_probability: float | None = None
    gaps: tuple[Gap, ...] = ()
    warnings: tuple[str, ...] = ()
    """Problems with the input that did not stop the run, one line each."""
    complete: bool = True
    """False if the recording ends early, could not be read to its end, or a requested annotation
    (speakers, word times) failed. `warnings` has the reason."""
    turns: tuple[Turn, ...] = ()
    """Speaker turns, if requested."""
    source: str = ""
    """The name of the recording: its path as passed by the caller."""
    edits: tuple[Edit, ...] = ()
    """The segments that text rules changed, as they were before."""
    original_text: str = ""
    """The text before text rules changed it, if they did."""

    @property
    def original(self) -> Transcript:
        """The transcript before text rules changed it."""
        from unispeech.text.rules import original

        return original(self)

    def edited(self, rules: TextRules) -> Transcript:
        """A copy whose text the rules have changed, with each change in `edits`.

        Raises:
            OptionError: a rule does not know the language, or takes too long.
        """
        from unispeech.text.rules import apply

        return apply(self, rules)

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages of the segments, that of the longest speech first."""
        seconds: dict[str, float] = {}
        for segment in self.segments:
            code = segment.language or self.language
            seconds[code] = seconds.get(code, 0.0) + segment.end - segment.start
        return tuple(sorted(seconds, key=lambda code: -seconds[code]))

    @overload
    def to(  # type: ignore[overload-overlap]  # two of the names give bytes
        self,
        format: Literal["docx", "stl"],
        layout: Layout | None = None,
        details: Details | None = None,
    ) -> bytes: ...
    @overload
    def to(
        self, format: str, layout: Layout | None = None, details: Details | None = None
    ) -> str: ...
    def to(
        self, format: str, layout: Layout | None = None, details: Details | None = None
    ) -> str | bytes:
        """The transcript in a format such as `srt` or `json`, as `unispeech.render` writes it.

        Raises:
            OptionError: the format is unknown.
        """
        from unispeech.text.formats import render

        content: str | bytes = render(self, format, layout, details)
        return content

    def shifted(self, seconds: float) -> Transcript:
        """A copy with all times moved by `seconds`."""
        return replace(
            self,
            segments=tuple(shifted(segment, seconds) for segment in self.segments),
            gaps=tuple(shifted(gap, seconds) for gap in self.gaps),
            turns=tuple(shifted(turn, seconds) for turn in self.turns),
            edits=tuple(edit.shifted(seconds) for edit in self.edits),
        )


_Timed = TypeVar("_Timed", Word, Segment, Gap, Turn)


def shifted(timed: _Timed, seconds: float) -> _Timed:
    """Move an element of a transcript and all times inside it, rounded to the millisecond."""
    if not seconds:
        return timed
    start, end = round(timed.start + seconds, 3), round(timed.end + seconds, 3)
    moved = replace(timed, start=start, end=end)
    if isinstance(moved, Word):
        characters = tuple(shifted(letter, seconds) for letter in moved.characters)
        phones = tuple(shifted(phone, seconds) for phone in moved.phones)
        return replace(moved, characters=characters, phones=phones)
    if isinstance(moved, Segment):
        return replace(moved, words=tuple(shifted(word, seconds) for word in moved.words))
    return moved


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of a recording, short enough for one window of the model.

    `samples` holds start..end at 16 kHz. `speech` holds the spans of speech in the chunk, in file
    time. `window` is the length in seconds that the model sees, padded with silence: a function of
    the chunk and the model alone, never of other chunks in the batch. `source` is the number of
    the source in the run and `index` the number of the chunk in the source. All chunks of a batch
    have the same `language`. For a backend that uses context, `samples` begins `before` seconds
    before start and ends `after` seconds after end.
    """

    samples: Samples
    start: float
    end: float
    speech: tuple[Span, ...] = ()
    window: float = 30.0
    language: str | None = None
    source: int = 0
    index: int = 0
    before: float = 0.0
    after: float = 0.0

    @property
    def duration(self) -> float:
        return self.end - self.start

    @property
    def speech_duration(self) -> float:
        return sum(span.duration for span in self.speech)

    def part(self, start: float, end: float, language: str | None) -> Chunk:
        """The sound from `start` to `end` seconds after the start of the chunk."""
        first, last = self.start + start, self.start + end
        spans = (Span(max(s.start, first), min(s.end, last)) for s in self.speech)
        return replace(
            self,
            samples=self.samples[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)],
            start=first,
            end=last,
            speech=tuple(span for span in spans if span.duration > 0),
            language=language,
        )


@dataclass(frozen=True, slots=True)
class Emissions:
    """Frame scores of a CTC model for one chunk.

    `scores` are log probabilities, float32, shape (frames, tokens). `tokens` holds the text of each
    column: a letter, a space between words, or "" (`<s>` and the like). The first frame begins
    `start` seconds after the start of the chunk; a frame lasts `step` seconds.
    """

    scores: npt.NDArray[np.float32]
    tokens: tuple[str, ...]
    blank: int
    step: float
    start: float = 0.0
    inside_word: bool = False
    """True if the first letter continues the previous word, because a long word was cut."""

    def time(self, frame: int) -> float:
        """The start of a frame, in seconds from the start of the chunk."""
        return round(self.start + frame * self.step, 3)


@dataclass(frozen=True, slots=True)
class LanguageScore:
    """Probabilities of the likeliest languages in a part of a chunk, best first.

    Times count from the start of the chunk.
    """

    start: float
    end: float
    probabilities: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class ChunkResult:
    """The result of decoding one chunk. Segment times count from the start of the chunk.

    `suspicion` is the reason not to trust the text, or empty. CTC backends return `emissions`,
    which `unispeech.stages.stitch` joins before they become text.
    """

    segments: tuple[Segment, ...]
    suspicion: str = ""
    error: Exception | None = None
    """The error of the backend, if decoding failed."""
    emissions: Emissions | None = None
    languages: tuple[LanguageScore, ...] = ()
    """The languages that the backend detected, for a chunk without a language."""

    @property
    def text(self) -> str:
        return "".join(segment.text for segment in self.segments)


@dataclass(frozen=True, slots=True)
class End:
    """The end of a source: its length, language, warnings and error."""

    duration: float = 0.0
    language: str = ""
    language_probability: float | None = None
    warnings: tuple[str, ...] = ()
    complete: bool = True
    error: Exception | None = None
    turns: tuple[Turn, ...] = ()
    name: str = ""
    annotation_error: Exception | None = None
    """The first error of an annotation. The segments stand without it."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress of a `stage`, in a unit of its own (seconds, bytes, a fraction).

    `total` is None while unknown (a stream).
    """

    done: float
    total: float | None
    source: str = ""
    stage: str = "transcribe"
    detail: dict[str, Any] = field(default_factory=dict)
