"""Bodies of the routes about transcripts: corrections, revisions, subtitle checks."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from unispeech.server.api.schemas import Seconds
from unispeech.server.storage.connection import keepable


def _kept(text: str) -> str:
    if not keepable(text):
        raise ValueError("it has a character that cannot be kept (U+0000)")
    return text


Kept = Annotated[str, AfterValidator(_kept)]
"""Text that goes into the database as it is."""


class EditedWord(BaseModel):
    start: float = Seconds
    end: float = Seconds
    word: str = Field(max_length=1000)
    probability: float = Field(1.0, ge=0, le=1)
    speaker: str | None = Field(None, max_length=200)


class EditedSegment(BaseModel):
    """A segment as somebody corrected it."""

    start: float = Seconds
    end: float = Seconds
    text: str = Field(max_length=100_000)
    speaker: str | None = Field(None, max_length=200)
    words: list[EditedWord] = Field([], max_length=10_000)
    avg_logprob: float | None = Field(None, allow_inf_nan=False)
    no_speech_prob: float | None = Field(None, ge=0, le=1)


class EditedGap(BaseModel):
    start: float = Seconds
    end: float = Seconds
    reason: str = Field(max_length=1000)


class Edited(BaseModel):
    """A corrected transcript."""

    segments: list[EditedSegment] = Field(max_length=100_000)
    gaps: list[EditedGap] | None = Field(None, max_length=100_000)
    author: Kept | None = Field(None, max_length=200)


class Change(BaseModel):
    """Segments in the place of others."""

    at: int = Field(ge=0, description="The place of the first that is removed, from 0.")
    remove: int = Field(0, ge=0, description="How many are removed.")
    segments: list[EditedSegment] = Field([], max_length=100_000)


class Patch(BaseModel):
    """Corrections of some segments. Places are those of the revision of If-Match."""

    changes: list[Change] = Field(max_length=100_000)
    gaps: list[EditedGap] | None = Field(None, max_length=100_000)
    author: Kept | None = Field(None, max_length=200)


class RevisionShown(BaseModel):
    model_config = ConfigDict(populate_by_name=True)

    number: int
    created: float
    kind: Literal["decoded", "edited", "decoded_again", "restored"]
    author: str | None
    source: str | None = Field(
        alias="from", description="The range's job, or the number that was restored."
    )
    segments: int


class RevisionList(BaseModel):
    revisions: list[RevisionShown]


class Violation(BaseModel):
    cue: int = Field(description="As in the file, from 1.")
    segment: int
    start: float
    end: float
    text: str
    rule: Literal["max_line_width", "max_line_count", "max_cps", "overlap"]
    value: float
    limit: float


class Checked(BaseModel):
    revision: int
    cues: int
    violations: list[Violation]
