"""Request and response bodies of the routes for all recordings of a caller."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from unispeech.server.api.schemas import JobShown
from unispeech.server.storage.disk import clean_name


class JobChange(BaseModel):
    """New name and tags of a recording. Fields that are left out stay."""

    model_config = ConfigDict(extra="forbid")

    filename: str | None = Field(None, max_length=200)
    tags: list[Annotated[str, Field(max_length=50)]] | None = Field(
        None, max_length=20, description="All tags of the recording."
    )

    @field_validator("filename")
    @classmethod
    def _is_name(cls, name: str | None) -> str | None:
        if name is None or clean_name(name, "") != (name := name.strip()) or not name:
            raise ValueError("needs printable characters, without slashes")
        return name

    @field_validator("tags")
    @classmethod
    def _are_words(cls, tags: list[str] | None) -> list[str] | None:
        if tags is None or not all(tag.strip() and tag.isprintable() for tag in tags):
            raise ValueError("needs printable characters")
        return [tag.strip() for tag in tags]


class PlacePart(BaseModel):
    """Piece of a found text."""

    text: str
    match: bool = Field(description="The piece is what the search found.")


class Place(BaseModel):
    """Place that the search found, with the text around it."""

    start: float | None = Field(description="Seconds from the start; null: in the name.")
    parts: list[PlacePart]


class JobInList(JobShown):
    """Job of a list, with the places that a search found: at most three."""

    places: list[Place]


class JobList(BaseModel):
    """One page of the caller's jobs."""

    jobs: list[JobInList]
    total: int = Field(description="Number of jobs on all pages.")


class TagShown(BaseModel):
    """Tag of the caller's recordings."""

    tag: str
    recordings: int = Field(description="Number of recordings that have it.")


class TagList(BaseModel):
    """Tags of the caller's recordings, by name."""

    tags: list[TagShown]


class Usage(BaseModel):
    """Recordings that the caller stores."""

    recordings: int
    bytes: int = Field(description="Size of the recordings, and of unfinished uploads.")
    limit: int | None = Field(description="Bytes that the caller may store; null: no limit.")


class Selection(BaseModel):
    """Several jobs."""

    model_config = ConfigDict(extra="forbid")

    ids: list[str] = Field(min_length=1, max_length=500)
