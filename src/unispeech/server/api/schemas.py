"""What requests under /api may hold and answers do hold, for checking and for the document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from unispeech.errors import did_you_mean, nearest
from unispeech.server.http.error_responses import Refused, said
from unispeech.server.jobs.notices import is_address

Seconds = Field(ge=0, le=1e7, allow_inf_nan=False, description="Seconds.")


OURS = {"speakers": "diarize"}
"""Options that have another name here than in the engine."""
FIELDS = {option: field for field, option in OURS.items()}


def _address(text: str) -> str:
    if not is_address(text):
        raise ValueError("it is not an e-mail address")
    return text


class Options(BaseModel):
    """How to transcribe. What is not given is the server's own."""

    model_config = ConfigDict(extra="forbid")

    backend: str | None = None
    model: str | None = None
    language: str | None = None
    task: Literal["transcribe", "translate"] | None = None
    strategy: Literal["batched", "native"] | None = None
    word_timestamps: bool | None = None
    beam_size: int | None = None
    temperature: float | None = None
    initial_prompt: str | None = Field(None, max_length=4000)
    hotwords: str | None = Field(None, max_length=4000)


class MoreOptions(Options):
    """The options that are about a whole recording, too."""

    vad: bool | None = None
    vad_threshold: float | None = None
    vad_min_silence: float | None = None
    vad_pad: float | None = None
    batch_size: int | None = None
    chunk_length: float | None = None
    language_per_chunk: bool | None = None
    speakers: bool | None = None
    min_speakers: int | None = None
    max_speakers: int | None = None

    @field_validator("min_speakers", "max_speakers")
    @classmethod
    def _with_speakers(cls, value: int | None, info: ValidationInfo) -> int | None:
        """As the engine would, which calls it `diarize`."""
        if value is not None and not info.data.get("speakers"):
            raise ValueError("it needs speakers=true")
        return value

    def options(self) -> dict[str, Any]:
        given = self.model_dump(include=set(MoreOptions.model_fields), exclude_none=True)
        return {OURS.get(name, name): value for name, value in given.items()}


class JobFields(MoreOptions):
    """The fields of a job's form besides the file, as values of the right types."""

    url: str | None = None
    upload: str | None = Field(None, max_length=64)
    filename: str | None = None
    priority: int = Field(5, ge=0, le=9)
    webhook_id: str | None = None
    email: Annotated[str, AfterValidator(_address)] | None = Field(None, max_length=320)


class Range(Options):
    """A stretch of a recording to decode again, and how. What is not said stays as it was for the
    whole recording; null takes it away."""

    start: float = Seconds
    end: float = Field(gt=0, le=1e7, allow_inf_nan=False, description="Seconds.")
    apply: bool = Field(True, description="Put the result into the transcript.")

    def options(self) -> dict[str, Any]:
        return self.model_dump(include=set(Options.model_fields), exclude_unset=True)


Fields = TypeVar("Fields", bound=Options)


def checked(kind: type[Fields], given: Mapping[str, Any]) -> Fields:
    """What a caller wrote, as values of the right types.

    Raises:
        Refused: 400; `param` is the field that is wrong.
    """
    try:
        return kind(**given)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])[:100]
        if first["type"] != "extra_forbidden":
            raise Refused(400, f"{name}: {said(first)}", param=name) from None
        hint = did_you_mean(nearest(name, kind.model_fields))
        raise Refused(400, f"there is no field {name!r}", hint, param=name) from None


class JobShown(BaseModel):
    """A job. Times are seconds since 1970; durations are seconds of sound."""

    id: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    filename: str
    backend: str
    model: str
    options: dict[str, Any]
    priority: int
    parent: str | None = Field(description="The job of whose recording this decodes a range.")
    range: list[float | None] | None
    applied: int | None = Field(description="The revision of `parent` that took its text in.")
    created: float
    started: float | None
    ended: float | None
    duration: float | None = Field(description="Seconds of sound; null until it is known.")
    done: float = Field(description="Seconds of sound that are transcribed.")
    time_left: float | None = Field(description="Seconds until it is done, estimated.")
    position: int | None = Field(description="How many jobs go before this one.")
    revision: int | None = Field(description="The transcript as it is now.")
    error: str | None


class JobList(BaseModel):
    jobs: list[JobShown]


class Holds(BaseModel):
    """What would be gone with a job."""

    recording: str | None = Field(description="Its name; null where it is gone.")
    bytes: int
    revisions: int
    shares: int
    ranges: int


class JobInFull(JobShown):
    holds: Holds


class Deleted(BaseModel):
    id: str
    deleted: Holds


class Ticket(BaseModel):
    """What reads one job without a key, for a while."""

    token: str
    path: str = Field(description="Below it are /transcript, /media, /audio and /peaks.")
    expires: float


class NewShare(BaseModel):
    """For whom a link is, and for how long."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(None, max_length=200)
    expires_in: float | None = Field(
        None, gt=0, le=1e9, allow_inf_nan=False, description="Seconds; null: until it is ended."
    )


class ShareShown(BaseModel):
    id: str
    name: str | None
    created: float
    expires: float | None


class ShareMade(ShareShown):
    token: str = Field(description="Shown this once.")
    url: str = Field(description="The page that shows it.")


class ShareList(BaseModel):
    shares: list[ShareShown]


class SharedJob(BaseModel):
    """What whoever has a link sees of a job."""

    filename: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    duration: float | None
    revision: int | None
    created: float
    expires: float | None = Field(description="When the link ends; null where it never does.")


class UploadShown(BaseModel):
    """A file that is arriving: `offset` of `size` bytes are here."""

    id: str
    filename: str
    size: int
    offset: int
    created: float
    expires: float


class UploadList(BaseModel):
    uploads: list[UploadShown]
