"""Settings of the service, from environment variables or a file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import platformdirs
from dotenv import dotenv_values
from pydantic import AliasChoices, Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from unispeech.errors import OptionError, nearest
from unispeech.models import companions
from unispeech.options import LoadOptions
from unispeech.server.data_folder import foreign_owner
from unispeech.system.addresses import is_loopback

MIB = 1024 * 1024
FOLDERS = ("jobs", "uploads", "scratch")
"""Subfolders of `data_dir`."""


class Settings(BaseSettings):
    """Settings, each from the variable `UNISPEECH_<NAME>` or the `KEY=value` file that
    `UNISPEECH_SETTINGS` names. WAAS's variables keep WAAS's names."""

    model_config = SettingsConfigDict(
        env_prefix="UNISPEECH_", extra="ignore", populate_by_name=True, validate_default=True
    )

    data_dir: Path = Field(
        default_factory=lambda: platformdirs.user_data_path("unispeech"),
        description="Folder for the database, recordings and transcripts.",
    )
    database_url: str = Field(
        "", description="postgresql://user:password@host/name; empty: SQLite in the data folder."
    )
    queue_database_url: str = Field(
        "",
        description="Direct URL of the same database for the queue, if UNISPEECH_DATABASE_URL "
        "leads through a pooler such as PgBouncer.",
    )
    store: str = Field(
        "",
        description="URL of an object store for recordings, such as s3://bucket/folder, if servers "
        "and workers share no folder; empty: the data folder.",
    )
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 picks a free one.")

    backend: str = Field("faster", description="Default backend, or auto.")
    model: str = Field(
        "base", description="Default model, also used for whisper-1 and OpenAI's other names."
    )
    waas_model: str = Field("tiny", description="Default model of WAAS requests.")
    diarize_model: str = Field(
        companions.DIARIZER,
        description="Diarization model: a pyannote pipeline, by name, Hub ID or folder.",
    )
    fetch_models: Annotated[list[str] | None, NoDecode] = Field(
        None,
        description="Models of the catalog that requests may have downloaded, separated by commas; "
        "*: all. Default: all on loopback without API keys, else none.",
    )
    device: str = Field("auto", description="Device: auto, cpu, cuda, cuda:1, ...")
    compute_type: str = Field("default", description="Compute type: default, int8, float32, ...")
    threads: int = Field(0, ge=0, description="CPU threads; 0: one per core.")
    engines: int = Field(2, ge=1, description="Largest number of engines in memory.")
    idle_timeout: float = Field(
        600.0, ge=0, description="Seconds until an unused model is unloaded; 0: never."
    )
    preload: bool = Field(
        False, description="Load the default model before `unispeech serve` listens."
    )
    batch_size: int = Field(16, ge=1, description="Chunks per batch.")

    jobs_at_once: int = Field(
        4,
        ge=0,
        description="Jobs that each process runs at once; 0: none, use `unispeech worker`. "
        "For all processes on one database, the value of the last one started counts.",
    )
    spread_minutes: float = Field(
        20.0,
        ge=0,
        description="Minutes from which a recording is spread over idle workers, on PostgreSQL; "
        "0: never.",
    )
    requests_at_once: int = Field(
        32, ge=1, description="Requests transcribed at once; others wait."
    )
    queue_size: int = Field(
        200, ge=1, description="Jobs or requests that may wait; the next one gets status 429."
    )

    streams_at_once: int = Field(
        32, ge=0, description="Live streams at once; 0: live transcription is off."
    )
    streams_per_key: int = Field(
        8, ge=1, description="Live streams at once per key or client address."
    )
    stream_resume: float = Field(
        60.0, ge=0, description="Seconds for which a disconnected stream can be resumed."
    )
    caption_watchers: int = Field(
        200,
        ge=0,
        description="People who watch live captions by link at once, in each server process; 0: "
        "captions cannot be shared.",
    )

    max_upload: int = Field(4096 * MIB, ge=1, description="Largest upload in bytes.")
    min_upload_rate: float = Field(
        500.0,
        ge=0,
        description="Bytes per second below which an upload times out in the end; 0: only after a "
        "pause of 60 seconds.",
    )
    max_stored: int = Field(
        0, ge=0, description="Bytes that all recordings together may take; 0: no limit."
    )
    max_stored_per_key: int = Field(
        0,
        ge=0,
        description="Bytes that the recordings of one key, or of all callers without one, may "
        "take; 0: no limit.",
    )
    max_duration: float = Field(6 * 3600.0, gt=0, description="Longest recording in seconds.")
    decoders: int = Field(2, ge=1, description="Processes that decode the audio of uploads.")
    decode_memory: int = Field(
        2048 * MIB,
        ge=512 * MIB,
        description="Memory limit of a decoding process in bytes (address space).",
    )
    decode_timeout: float = Field(
        900.0, gt=0, description="Seconds that decoding the audio of one upload may take."
    )
    retention_days: float = Field(
        7.0, ge=0, description="Days until a finished job and its audio are deleted; 0: never."
    )
    fetch_urls: bool = Field(True, description="Allow jobs to name a URL to download.")
    fetch_private: bool = Field(
        False, description="Allow such URLs at private addresses (an intranet)."
    )

    require_keys: bool | None = Field(
        None,
        description="Require API keys. Default: yes, unless only this machine can connect and no "
        "key exists.",
    )
    api_key: str = Field("", description="An API key that is always valid, besides those of "
                         "`unispeech keys create`.")  # fmt: skip
    rate_limit: str = Field(
        "600/minute", description="Requests per key or client address, such as 600/minute."
    )
    cors_origins: Annotated[list[str], NoDecode] = Field(
        default_factory=list,
        description="Origins of other web pages that may call this API, separated by commas.",
    )

    allowed_hosts: Annotated[list[str], NoDecode] = Field(
        default_factory=list,
        description="Further host names of a server without keys, separated by commas; *: any. "
        "IP addresses, names without a dot, .local and BASE_URL are always accepted.",
    )

    shutdown_timeout: int = Field(
        30, ge=1, description="Seconds that open requests get to finish after SIGTERM."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info",
        description="debug, info, warning or error. No level logs transcripts or file names.",
    )
    log_format: Literal["auto", "json", "plain"] = Field(
        "auto",
        description="json, plain, or auto: plain on a terminal, else json.",
    )

    base_url: str = Field(
        "", validation_alias=AliasChoices("base_url", "UNISPEECH_BASE_URL", "BASE_URL"),
        description="URL at which clients reach this service, for webhooks and e-mail.",
    )  # fmt: skip
    root_path: str = Field(
        "",
        description="Path under which a proxy serves this service, such as /speech. Default: the "
        "path of BASE_URL.",
    )
    allowed_webhooks_file: Path | None = Field(
        None,
        validation_alias=AliasChoices(
            "allowed_webhooks_file", "UNISPEECH_ALLOWED_WEBHOOKS_FILE", "ALLOWED_WEBHOOKS_FILE"
        ),
        description='JSON list of {"id", "url", "token"}: the webhooks that requests may name.',
    )
    email_sender_address: str = Field(
        "",
        validation_alias=AliasChoices("email_sender_address", "EMAIL_SENDER_ADDRESS"),
        description="Sender of e-mails, and the user name at the SMTP server.",
    )
    email_sender_password: str = Field(
        "",
        validation_alias=AliasChoices("email_sender_password", "EMAIL_SENDER_PASSWORD"),
        description="Password at the SMTP server.",
    )
    email_sender_host: str = Field(
        "", validation_alias=AliasChoices("email_sender_host", "EMAIL_SENDER_HOST"),
        description="SMTP server; with a password the connection uses TLS.",
    )  # fmt: skip
    email_sender_port: int = Field(
        0,
        validation_alias=AliasChoices("email_sender_port", "EMAIL_SENDER_PORT"),
        description="Port of the SMTP server; 0: 465 with a password, else 25.",
    )
    disclaimer: str = Field(
        "", validation_alias=AliasChoices("disclaimer", "DISCLAIMER"),
        description="Line shown on the web page and at the end of e-mails.",
    )  # fmt: skip

    @field_validator("cors_origins", "allowed_hosts", "fetch_models", mode="before")
    @classmethod
    def _split_commas(cls, value: Any) -> Any:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value

    @field_validator("queue_database_url")
    @classmethod
    def _needs_database(cls, value: str, info: ValidationInfo) -> str:
        if value and not info.data.get("database_url"):
            raise ValueError("needs UNISPEECH_DATABASE_URL, the same database through the pooler")
        return value

    @field_validator("store")
    @classmethod
    def _is_url(cls, value: str) -> str:
        if value and "://" not in value:
            raise ValueError(f"{value!r} is not a URL such as s3://bucket/folder")
        return value

    @field_validator("allowed_webhooks_file", mode="before")
    @classmethod
    def _empty_is_none(cls, value: Any) -> Any:
        return value or None

    def folder(self) -> Path:
        """Return `data_dir`, after creating it and its subfolders if necessary.

        Raises:
            OptionError: a folder cannot be created or written to.
        """
        try:
            for path in (self.data_dir, *(self.data_dir / name for name in FOLDERS)):
                path.mkdir(parents=True, exist_ok=True)
                tempfile.TemporaryFile(dir=path).close()
        except OSError as error:
            owner = foreign_owner(self.data_dir)
            raise OptionError(
                f"UNISPEECH_DATA_DIR: cannot write to {path} ({error.strerror})"
                + (f"; it belongs to {owner}" if owner else ""),
                "run every server and worker as that user, or choose another folder"
                if owner
                else "choose a folder that this user can write to",
            ) from None
        return self.data_dir

    @property
    def database(self) -> str:
        """URL of the database of jobs."""
        return self.database_url or f"sqlite:///{self.data_dir / 'unispeech.sqlite'}"

    @property
    def queue_database(self) -> str:
        """URL of the database of the queue."""
        url = self.queue_database_url or self.database_url
        return url or f"sqlite:///{self.data_dir / 'workflows.sqlite'}"

    def keys_required(self, has_key: bool) -> bool:
        """Return whether every request needs an API key, given whether any key exists."""
        if self.require_keys is not None:
            return self.require_keys
        return has_key or not is_loopback(self.host)

    @property
    def load_options(self) -> LoadOptions:
        return LoadOptions(self.device, self.compute_type, self.threads)

    @property
    def url(self) -> str:
        """URL of the service for links, without a slash at the end."""
        return (self.base_url or f"http://{self.host}:{self.port}{self.root}").rstrip("/")

    @property
    def root(self) -> str:
        """Path under which a proxy serves the service: "", or with a slash only at the start."""
        path = (self.root_path or urlsplit(self.base_url).path).strip("/")
        return f"/{path}" if path else ""


OTHER_VARIABLES = {"cache_dir", "env_dir", "settings", "debug", "offline"}
"""Variables `UNISPEECH_*` that other rooms read."""


def misspelt(names: Iterable[str], all: bool = False) -> list[str]:
    """Return a line for each variable `UNISPEECH_*` whose name resembles a setting; with `all`, for
    each one that is not a setting."""
    known = [*Settings.model_fields, *OTHER_VARIABLES]
    lines = []
    for name in sorted(names):
        field = name.lower().removeprefix("unispeech_")
        if field != name.lower() and field not in known:
            near = nearest(field, known, cutoff=0.8)
            hint = f"; did you mean UNISPEECH_{near.upper()}?" if near else ""
            if near or all:
                lines.append(f"there is no setting {name}{hint}")
    return lines


def read(**values: Any) -> Settings:
    """Return the settings: from `values`, else the environment, else the file, else the defaults.

    Raises:
        OptionError: a value is invalid; the message names the setting.
    """
    from pydantic import ValidationError

    file = os.environ.get("UNISPEECH_SETTINGS")
    if file and not Path(file).is_file():
        raise OptionError(f"UNISPEECH_SETTINGS: file {file} does not exist")
    if file and (errors := misspelt(dotenv_values(file), all=True)):
        raise OptionError(f"UNISPEECH_SETTINGS: {file}: {errors[0]}")
    try:
        return Settings(_env_file=file, **values)  # type: ignore[call-arg]
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        reason = first["msg"].removeprefix("Value error, ").partition(", unable to parse")[0]
        message = f"setting {name}: {reason}".replace(": Input should be", " must be", 1)
        raise OptionError(message) from None
