"""What requests under /api may hold and answers do hold, for checking and for the document."""

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
from unispeech.server.http.error_responses import Refused, said
from unispeech.server.jobs.notices import is_address

Seconds = Field(ge=0, le=1e7, allow_inf_nan=False, description="Seconds.")


OPTION = {row.field: row.name for row in OPTIONS.values()}
"""The engine's name of an option, by the field of a request."""
Model = TypeVar("Model", bound=BaseModel)


def taking(*interfaces: Interface) -> Callable[[type[Model]], type[Model]]:
    """Add a field for each option that all of these interfaces offer."""
    fields: dict[str, Any] = {row.field: _field(row) for row in options_for(*interfaces)}

    def extended(model: type[Model]) -> type[Model]:
        made: type[Model] = create_model(
            model.__name__, __base__=model, __module__=model.__module__, __doc__=model.__doc__,
            **fields,
        )  # fmt: skip
        return made

    return extended


def _field(row: Option) -> Any:
    """The field of an option. Its limits are in the document; the table checks them."""
    kind: Any = Literal[row.choices] if row.choices else row.value_type
    extra: dict[str, Any] = dict(zip(("minimum", "maximum"), row.bounds or (), strict=False))
    help = f"{row.help} In {row.unit}." if row.unit else row.help
    known = Field(None, max_length=row.max_length, description=help, json_schema_extra=extra)
    return kind | None, known


def _address(text: str) -> str:
    if not is_address(text):
        raise ValueError("it is not an e-mail address")
    return text


class Options(BaseModel):
    """How to transcribe. What is not given is the server's own."""

    model_config = ConfigDict(extra="forbid")

    backend: str | None = None
    model: str | None = None

    def options(self) -> dict[str, Any]:
        """What was given, by the engine's names; null is not given."""
        return self._named(self.model_dump(exclude_none=True))

    def _named(self, given: dict[str, Any]) -> dict[str, Any]:
        names = {**OPTION, "backend": "backend", "model": "model"}
        return {names[field]: value for field, value in given.items() if field in names}


@taking("api")
class JobOptions(Options):
    """The options of a job."""

    @field_validator("min_speakers", "max_speakers", check_fields=False)
    @classmethod
    def _with_speakers(cls, value: int | None, info: ValidationInfo) -> int | None:
        """As the engine would, which calls it `diarize`."""
        if value is not None and not info.data.get("speakers"):
            raise ValueError("it needs speakers=true")
        return value


class JobFields(JobOptions):
    """The fields of a job's form besides the file, as values of the right types."""

    url: str | None = None
    upload: str | None = Field(None, max_length=64)
    filename: str | None = None
    priority: int = Field(5, ge=0, le=9)
    webhook_id: str | None = None
    email: Annotated[str, AfterValidator(_address)] | None = Field(None, max_length=320)


@taking("live", "api")
class StreamOptions(Options):
    """The options of a stream."""


@taking("range", "api")
class Range(Options):
    """A stretch of a recording to decode again, and how. What is not said stays as it was for the
    whole recording; null takes it away."""

    start: float = Seconds
    end: float = Field(gt=0, le=1e7, allow_inf_nan=False, description="Seconds.")
    apply: bool = Field(True, description="Put the result into the transcript.")

    def options(self) -> dict[str, Any]:
        return self._named(self.model_dump(exclude_unset=True))


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
            raise Refused(400, f"{name}: {said(first)}", param=name, code="invalid_value") from None
        hint = did_you_mean(nearest(name, kind.model_fields))
        raise Refused(
            400, f"there is no field {name!r}", hint, param=name, code="invalid_value"
        ) from None


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
