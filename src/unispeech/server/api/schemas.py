"""Request and response bodies under /api: validation, and schemas for the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    create_model,
    field_validator,
)

from unispeech.errors import did_you_mean, nearest
from unispeech.option_schema import Interface, Option
from unispeech.options import OPTIONS, options_for
from unispeech.server.http.error_responses import RequestError, validation_message
from unispeech.server.jobs.notices import is_address

VOCABULARY: Any = Field(
    None,
    max_length=4000,
    description="Names of vocabulary lists, separated by commas. Their words are copied into "
    "`hotwords`, before those of the request.",
)
Seconds = Field(ge=0, le=1e7, allow_inf_nan=False, description="Seconds from the start.")


OPTION = {row.field: row.name for row in OPTIONS.values()}
"""Option names of the engine, by request field."""
Model = TypeVar("Model", bound=BaseModel)


def with_options(*interfaces: Interface) -> Callable[[type[Model]], type[Model]]:
    """Return a decorator that adds a field for each option that all these interfaces offer."""
    fields: dict[str, Any] = {row.field: _field(row) for row in options_for(*interfaces)}

    def extend(model: type[Model]) -> type[Model]:
        extended: type[Model] = create_model(
            model.__name__, __base__=model, __module__=model.__module__, __doc__=model.__doc__,
            **fields,
        )  # fmt: skip
        return extended

    return extend


def _field(row: Option) -> Any:
    """Return the field of an option. Its limits are for the document; `options` enforces them."""
    type: Any = Literal[row.choices] if row.choices else row.value_type
    extra: dict[str, Any] = dict(zip(("minimum", "maximum"), row.bounds or (), strict=False))
    help = f"{row.help} Unit: {row.unit}." if row.unit else row.help
    field = Field(None, max_length=row.max_length, description=help, json_schema_extra=extra)
    return type | None, field


def _address(text: str) -> str:
    if not is_address(text):
        raise ValueError("not an e-mail address")
    return text


class Options(BaseModel):
    """Transcription options. The server has defaults for all of them."""

    model_config = ConfigDict(extra="forbid")

    backend: str | None = Field(None, description="Name of a backend, or `auto`.")
    model: str | None = Field(None, description="Name of a model; see `models` in `/api/info`.")

    def options(self) -> dict[str, Any]:
        """Return the options that are set, by the engine's names."""
        return self._named(self.model_dump(exclude_none=True))

    def _named(self, fields: dict[str, Any]) -> dict[str, Any]:
        names = {**OPTION, "backend": "backend", "model": "model"}
        return {names[field]: value for field, value in fields.items() if field in names}


@with_options("api")
class JobOptions(Options):
    """Options of a job."""

    vocabulary: str | None = VOCABULARY

    @field_validator("min_speakers", "max_speakers", check_fields=False)
    @classmethod
    def _with_speakers(cls, value: int | None, info: ValidationInfo) -> int | None:
        """Check here, since the engine's message would name `diarize`, not `speakers`."""
        if value is not None and not info.data.get("speakers"):
            raise ValueError("needs speakers=true")
        return value


class JobFields(JobOptions):
    """Form fields of a new job, besides the file."""

    url: str | None = Field(None, description="URL from which the server downloads the recording.")
    upload: str | None = Field(None, max_length=64, description="ID of a finished upload.")
    filename: str | None = Field(None, description="Name of the recording, instead of its own.")
    priority: int = Field(5, ge=0, le=9, description="Jobs with a lower number run first.")
    webhook_id: str | None = Field(None, description="Webhook to call when the job ends.")
    email: Annotated[str, AfterValidator(_address)] | None = Field(
        None, max_length=320, description="Address to notify when the job ends."
    )


@with_options("live", "api")
class StreamOptions(Options):
    """Options of a live stream."""


@with_options("range", "api")
class Range(Options):
    """Range to decode again, by default the whole recording. Options that are left out are those
    of the job; null removes one."""

    start: float = Field(
        0.0, ge=0, le=1e7, allow_inf_nan=False, description="Seconds from the start."
    )
    end: float | None = Field(
        None, gt=0, le=1e7, allow_inf_nan=False,
        description="Seconds from the start; null: the end of the recording.",
    )  # fmt: skip
    apply: bool = Field(True, description="Replace the range of the transcript by the result.")
    vocabulary: str | None = VOCABULARY

    def options(self) -> dict[str, Any]:
        # `start` and `end` are the range here, not the options of these names.
        return self._named(self.model_dump(exclude_unset=True, exclude={"start", "end"}))


Fields = TypeVar("Fields", bound=Options)


def validated(model: type[Fields], values: Mapping[str, Any]) -> Fields:
    """Return the values as an instance of the model.

    Raises:
        RequestError: 400; `param` is the field at fault.
    """
    try:
        return model(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])[:100]
        if first["type"] != "extra_forbidden":
            message = f"{name}: {validation_message(first)}"
            raise RequestError(400, message, param=name, code="invalid_value") from None
        hint = did_you_mean(nearest(name, model.model_fields))
        raise RequestError(
            400, f"field {name!r} is unknown", hint, param=name, code="invalid_value"
        ) from None


State = Literal["queued", "running", "done", "failed", "cancelled"]


class JobShown(BaseModel):
    """Job. Times are Unix timestamps; durations are seconds of audio."""

    id: str
    state: State
    filename: str
    backend: str
    model: str
    options: dict[str, Any] = Field(description="Options of the request.")
    priority: int = Field(description="Jobs with a lower number run first.")
    parent: str | None = Field(description="Job of whose recording this job decodes a range.")
    range: list[float | None] | None = Field(description="Start and end in seconds, or null.")
    applies: bool | None = Field(
        description="The result of a range is to replace it in `parent`; null without a parent."
    )
    applied: int | None = Field(description="Revision of `parent` that contains the result.")
    created: float
    started: float | None
    ended: float | None
    duration: float | None = Field(description="Seconds of audio; null until known.")
    done: float = Field(description="Seconds of audio transcribed so far.")
    time_left: float | None = Field(description="Estimated seconds until the job is done.")
    position: int | None = Field(description="Number of jobs before this one; null if not queued.")
    revision: int | None = Field(description="Current revision of the transcript.")
    error: str | None = Field(description="Reason of the failure.")
    tags: list[str]
    expires: float | None = Field(
        description="Unix time at which the server deletes the job; null: never, or not ended."
    )


class Holds(BaseModel):
    """Data of a job that deleting it removes."""

    recording: str | None = Field(description="File name; null if the audio was deleted.")
    bytes: int = Field(description="Size of all files.")
    revisions: int = Field(description="Number of revisions of the transcript.")
    shares: int = Field(description="Number of valid share links.")
    ranges: int = Field(description="Number of re-decoded ranges.")


class JobInFull(JobShown):
    """Job with the data that it holds, and the warnings of its run."""

    holds: Holds
    warnings: list[str] = Field(
        description="Problems that did not stop the job, such as speakers that were not found."
    )
    translation: State | None = Field(
        description="State of the translation into English; null: nobody has asked for one."
    )


class Deleted(BaseModel):
    """Data that was deleted with a job."""

    id: str
    deleted: Holds


class Ticket(BaseModel):
    """Temporary read access to one job without an API key."""

    token: str
    path: str = Field(description="Path of /transcript, /media, /audio and /peaks.")
    expires: float = Field(description="Unix time.")


class NewShare(BaseModel):
    """Name and lifetime of a new share link."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(None, max_length=200, description="Label for your own list.")
    expires_in: float | None = Field(
        None, gt=0, le=1e9, allow_inf_nan=False, description="Seconds; null: until it is revoked."
    )


class ShareShown(BaseModel):
    """Share link without its token."""

    id: str
    name: str | None
    created: float = Field(description="Unix time.")
    expires: float | None = Field(description="Unix time; null: until it is revoked.")


class ShareMade(ShareShown):
    """New share link with its token."""

    token: str = Field(description="Returned only here.")
    url: str = Field(description="Web page that shows the job.")


class ShareList(BaseModel):
    """Valid share links of a job, newest first."""

    shares: list[ShareShown]


class SharedJob(BaseModel):
    """Job as seen through a share link or ticket."""

    filename: str
    state: State
    duration: float | None = Field(description="Seconds of audio; null until known.")
    revision: int | None = Field(description="Current revision of the transcript.")
    translation: str | None = Field(
        description="Version of the finished translation; null: there is none."
    )
    created: float = Field(description="Unix time.")
    expires: float | None = Field(description="Expiry of the link as Unix time; null: none.")


class UploadShown(BaseModel):
    """Resumable upload."""

    id: str
    filename: str
    size: int = Field(description="Bytes of the whole file.")
    offset: int = Field(description="Bytes received so far.")
    created: float = Field(description="Unix time.")
    expires: float = Field(description="Unix time at which an unfinished upload is deleted.")


class UploadList(BaseModel):
    """Uploads of the caller that no job has used yet."""

    uploads: list[UploadShown]
