"""The words everything else is said in. All times are float seconds.

Times are measured from the start of the file, except inside a `ChunkResult`: a backend knows only
the chunk it was given, so there they are measured from the start of the chunk. Only
`unispeech.stages.stitch` turns one into the other.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from unispeech.text.subtitles import Layout

Floats: TypeAlias = "npt.NDArray[np.float32]"
"""An array of numpy. The aliases are strings, so that annotations do not import it."""
Samples: TypeAlias = "npt.NDArray[np.float32]"
"""Mono PCM at 16 kHz, float32 in [-1, 1], shape (n,)."""
Flags: TypeAlias = "npt.NDArray[np.bool_]"
Frames: TypeAlias = "tuple[Samples, Flags]"
"""Samples, and whether there is speech in each `FRAME` of them (the last may hold fewer)."""

SAMPLE_RATE = 16_000
"""Hz. Whisper, wav2vec2 and Silero all read this rate."""
FRAME = 512
"""Samples that the VAD takes for speech or silence together (32 ms, Silero's)."""
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
    """One word as the library gives it (Whisper keeps the leading space)."""

    start: float
    end: float
    word: str
    probability: float
    speaker: str | None = None
    characters: tuple[Word, ...] = ()
    """Its letters with their times, where the backend hears letters (CTC)."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of text, usually a phrase or a sentence.

    `text` is as the library gives it (Whisper keeps the leading space, so that joining segments
    with nothing between them is right in every language). `words` is empty unless asked for.
    `avg_logprob` is the mean log probability per token; `no_speech_prob` the model's own opinion
    that there is no speech. Both are NaN-free: a backend without them gives 0.0.
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
    """Speech that has no trustworthy text. Nothing is lost silently: it is listed here."""

    start: float
    end: float
    reason: str


@dataclass(frozen=True, slots=True)
class Turn:
    """A stretch in which one person speaks. Turns of several people may overlap."""

    start: float
    end: float
    speaker: str


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said in one recording."""

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
    """One line each; whatever was wrong with the input and was survived."""
    complete: bool = True
    """False where the recording could not be read to its end (see `warnings`)."""
    turns: tuple[Turn, ...] = ()
    """Who spoke when, where that was asked for."""
    source: str = ""
    """What the recording is called: its path as it was given."""

    def to(self, format: str, layout: Layout | None = None) -> str:
        """The transcript as `txt`, `srt`, `vtt`, `tsv`, `json` or `rttm`.

        Raises:
            OptionError: there is no such format.
        """
        from unispeech.text.formats import render

        return render(self, format, layout)

    def shifted(self, seconds: float) -> Transcript:
        """The transcript of a part, on the clock of a whole in which it begins at `seconds`."""
        return replace(
            self,
            segments=tuple(shifted(segment, seconds) for segment in self.segments),
            gaps=tuple(shifted(gap, seconds) for gap in self.gaps),
            turns=tuple(shifted(turn, seconds) for turn in self.turns),
        )


_Timed = TypeVar("_Timed", Word, Segment, Gap, Turn)


def shifted(timed: _Timed, seconds: float) -> _Timed:
    """Move a piece of a transcript and every time inside it, rounded to the millisecond."""
    if not seconds:
        return timed
    start, end = round(timed.start + seconds, 3), round(timed.end + seconds, 3)
    moved = replace(timed, start=start, end=end)
    if isinstance(moved, Word):
        characters = tuple(shifted(letter, seconds) for letter in moved.characters)
        return replace(moved, characters=characters)
    if isinstance(moved, Segment):
        return replace(moved, words=tuple(shifted(word, seconds) for word in moved.words))
    return moved


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a recording, short enough for one window of the model.

    `samples` holds start..end at 16 kHz. `speech` are the spans of speech inside it (times of the
    file). `window` is the length in seconds that the model sees, silence added after the samples:
    a function of the chunk and the model alone, never of its companions in a batch. `source` and
    `index` place it: the source's number in the run, and the chunk's number in the source.
    All chunks of one batch have the same `language`. For a backend that wants context, `samples`
    begins `before` seconds before start and ends `after` seconds after end.
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


@dataclass(frozen=True, slots=True)
class Emissions:
    """What a CTC model says of each frame of a chunk.

    `scores` are log probabilities, float32, shape (frames, tokens). `tokens` is the text of each
    column: a letter, a space between words, or nothing (`<s>` and the like). The first frame begins
    `start` seconds after the chunk, each is `step` seconds long.
    """

    scores: npt.NDArray[np.float32]
    tokens: tuple[str, ...]
    blank: int
    step: float
    start: float = 0.0
    inside_word: bool = False
    """The first letter belongs to the word before: a long word had to be cut."""

    def time(self, frame: int) -> float:
        """The second at which a frame begins, from the start of the chunk."""
        return round(self.start + frame * self.step, 3)


@dataclass(frozen=True, slots=True)
class ChunkResult:
    """What a backend heard in one chunk. Segment times are from the start of the chunk.

    `suspicion` is why the text is not to be trusted, or empty. `emissions` is for CTC backends:
    what `unispeech.stages.stitch` joins at the frame before it becomes text.
    """

    segments: tuple[Segment, ...]
    suspicion: str = ""
    error: Exception | None = None
    """Why there is no result: the backend failed."""
    emissions: Emissions | None = None

    @property
    def text(self) -> str:
        return "".join(segment.text for segment in self.segments)


@dataclass(frozen=True, slots=True)
class End:
    """The end of a source: its length, its language, and the problems there were."""

    duration: float = 0.0
    language: str = ""
    language_probability: float | None = None
    warnings: tuple[str, ...] = ()
    complete: bool = True
    error: Exception | None = None
    turns: tuple[Turn, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is. `total` is None while unknown (a stream)."""

    done: float
    total: float | None
    source: str = ""
    stage: str = "transcribe"
    detail: dict[str, Any] = field(default_factory=dict)
