"""Request and response bodies about translations."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from unispeech.server.api.schemas import JobShown


class NewTranslation(BaseModel):
    """Engine of a new translation. Without a model the server chooses one that translates."""

    model_config = ConfigDict(extra="forbid")

    backend: str | None = Field(None, description="Name of a backend, or `auto`.")
    model: str | None = Field(
        None, description="Name of a model. Default: that of the job if it translates, else the "
        "most accurate on the server that does.",
    )  # fmt: skip


class TranslatedSegment(BaseModel):
    """Segment of a translation."""

    segment: int | None = Field(
        description="Index of the segment of the transcript that it stands beside, from 0; null "
        "if the transcript has no segments."
    )
    start: float
    end: float
    text: str


class TranslationShown(BaseModel):
    """Translation of a transcript."""

    job: JobShown = Field(description="Job of the latest request.")
    source: str | None = Field(
        description="ID of the job that the segments come from: an earlier one until the latest "
        "is done; null: none is done."
    )
    language: str = Field(description="Language of the segments: `en`.")
    revision: int | None = Field(description="Revision of the transcript that `segment` counts in.")
    segments: list[TranslatedSegment]
