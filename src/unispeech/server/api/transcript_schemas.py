"""Request and response bodies about transcripts: edits, revisions, subtitle checks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from unispeech.server.api.schemas import Seconds
from unispeech.server.storage.connection import is_storable
from unispeech.types import Word


def _storable(text: str) -> str:
    if not is_storable(text):
        raise ValueError("contains a character that cannot be stored (U+0000)")
    return text


StoredText = Annotated[str, AfterValidator(_storable)]
"""Text for a database column."""

# Lists fail fast: a million errors would take gigabytes, and only the first is told.


Mark = tuple[float, float, str]
"""Start and end in seconds, and the letter or phone."""


class EditedWord(BaseModel):
    """Word of an edited segment."""

    start: float = Seconds
    end: float = Seconds
    word: str = Field(max_length=1000, description="Text, with its leading space.")
    probability: float = Field(1.0, ge=0, le=1, description="Probability by the model.")
    speaker: str | None = Field(None, max_length=200)
    timed_by: str = Field("", max_length=40, description="Source of the times.")
    confidence: float | None = Field(None, ge=0, le=1, description="Confidence in the times.")
    characters: list[Mark] = Field([], max_length=1000, description="Letters with their times.")
    phones: list[Mark] = Field([], max_length=1000, description="Phones with their times.")

    def to_word(self) -> Word:
        fields = self.model_dump(exclude={"characters", "phones"})
        letters, phones = (
            tuple(Word(start, end, text, self.probability) for start, end, text in marks)
            for marks in (self.characters, self.phones)
        )
        return Word(**fields, characters=letters, phones=phones)


class EditedSegment(BaseModel):
    """Edited segment."""

    start: float = Seconds
    end: float = Seconds
    text: str = Field(max_length=100_000)
    speaker: str | None = Field(None, max_length=200)
    words: list[EditedWord] = Field(
        [],
        max_length=10_000,
        fail_fast=True,
        description="Word times; aligned with `text` if they differ.",
    )
    avg_logprob: float | None = Field(
        None, allow_inf_nan=False, description="Default: that of the old segment of these times."
    )
    no_speech_prob: float | None = Field(
        None, ge=0, le=1, description="Default: that of the old segment of these times."
    )

    @model_validator(mode="after")
    def _let_other_threads_run(self) -> EditedSegment:
        # pydantic holds the interpreter for the whole body, except while it calls Python.
        return self


class EditedGap(BaseModel):
    """Speech without text."""

    start: float = Seconds
    end: float = Seconds
    reason: str = Field(max_length=1000, description="Why the model returned no text.")


GAPS = Field(
    None,
    max_length=100_000,
    fail_fast=True,
    description="All gaps. Default: the old ones that edited segments do not fill.",
)
AUTHOR = Field(
    None, max_length=200, description="Editor, for the history. Default: the API key's name."
)


class Edited(BaseModel):
    """Edited transcript."""

    segments: list[EditedSegment] = Field(max_length=100_000, description="All segments.")
    gaps: list[EditedGap] | None = GAPS
    author: StoredText | None = AUTHOR


class Change(BaseModel):
    """Replacement of consecutive segments."""

    at: int = Field(ge=0, description="Index of the first segment to remove, from 0.")
    remove: int = Field(0, ge=0, description="Number of segments to remove.")
    segments: list[EditedSegment] = Field(
        [], max_length=100_000, fail_fast=True, description="Segments to insert instead."
    )


class Patch(BaseModel):
    """Edits of some segments."""

    changes: list[Change] = Field(
        max_length=100_000,
        fail_fast=True,
        description="Changes sorted by position; indices are those of the revision of `If-Match`.",
    )
    gaps: list[EditedGap] | None = GAPS
    author: StoredText | None = AUTHOR


class RevisionShown(BaseModel):
    """Revision of a transcript."""

    model_config = ConfigDict(populate_by_name=True)

    number: int
    created: float = Field(description="Unix time.")
    kind: Literal["decoded", "edited", "decoded_again", "restored"] = Field(
        description="How it was made: by the job, an edit, a re-decoded range, or a restore."
    )
    author: str | None
    source: str | None = Field(
        alias="from", description="Job ID of the re-decoded range, or the restored number."
    )
    segments: int = Field(description="Number of segments.")


class RevisionList(BaseModel):
    """Revisions of a transcript, newest first."""

    revisions: list[RevisionShown]


class Violation(BaseModel):
    """Subtitle that violates a limit."""

    cue: int = Field(description="Number of the subtitle in the file, from 1.")
    segment: int = Field(description="ID of its segment.")
    start: float
    end: float
    text: str
    rule: Literal[
        "max_line_width", "max_line_count", "max_words_per_line", "max_cps", "min_duration",
        "max_duration", "min_gap", "close_gap", "fps", "overlap",
    ] = Field(
        description="Violated limit, by its parameter; `overlap`: it begins before the previous "
        "one ends."
    )  # fmt: skip
    value: float = Field(description="Measured value.")
    limit: float = Field(description="The limit.")


class Checked(BaseModel):
    """Result of a subtitle check."""

    revision: int = Field(description="Revision that was checked.")
    cues: int = Field(description="Number of subtitles.")
    violations: list[Violation]
