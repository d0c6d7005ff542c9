"""What an operator may set, by environment variables or a file. Each field says what it is for."""

from __future__ import annotations

import ipaddress
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
from dotenv import dotenv_values
from pydantic import AliasChoices, Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from unispeech.errors import OptionError, nearest
from unispeech.models import companions
from unispeech.options import LoadOptions

MIB = 1024 * 1024
FOLDERS = ("jobs", "uploads", "scratch")
"""What is in `data_dir` beside the database."""


class Settings(BaseSettings):
    """Read from `UNISPEECH_<NAME>`, and from the file of `KEY=value` lines that
    `UNISPEECH_SETTINGS` names. WAAS's own variables are read under their own names."""

    model_config = SettingsConfigDict(
        env_prefix="UNISPEECH_", extra="ignore", populate_by_name=True, validate_default=True
    )

    data_dir: Path = Field(
        default_factory=lambda: platformdirs.user_data_path("unispeech"),
        description="Where everything is kept: the database, recordings, transcripts.",
    )
    database_url: str = Field(
        "", description="postgresql://user:password@host/name. Empty: SQLite in data_dir."
    )
    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")

    backend: str = Field("faster", description="Runtime of requests that name none, or auto.")
    model: str = Field("base", description="Model of requests that name none, and of whisper-1.")
    waas_model: str = Field("tiny", description="Model of WAAS requests that name none.")
    diarize_model: str = Field(
        companions.DIARIZER,
        description="What tells speakers apart: a pyannote pipeline, by name, Hub id or folder.",
    )
    device: str = Field("auto", description="auto, cpu, cuda, cuda:1, ...")
    compute_type: str = Field("default", description="int8, float32, ...")
    threads: int = Field(0, ge=0, description="CPU threads; 0 means one a core.")
    engines: int = Field(2, ge=1, description="Models of a kind in memory at once.")
    idle_timeout: float = Field(
        600.0, ge=0, description="Seconds after which an unused model is unloaded; 0: never."
    )
    batch_size: int = Field(16, ge=1, description="Chunks decoded at once.")

    jobs_at_once: int = Field(
        4,
        ge=0,
        description="Jobs a process runs at once; 0 leaves them to `unispeech worker`. "
        "All processes on one database run as many as the one that started last says.",
    )
    requests_at_once: int = Field(
        32, ge=1, description="Requests that are transcribed at once; the others wait."
    )
    queue_size: int = Field(
        200, ge=1, description="Jobs or requests that may wait; a further one is answered 429."
    )

    streams_at_once: int = Field(32, ge=0, description="Live streams at once; 0: none.")
    streams_per_key: int = Field(8, ge=1, description="Live streams of one key or address.")
    stream_resume: float = Field(
        60.0, ge=0, description="Seconds in which a stream whose client was lost can be resumed."
    )

    max_upload: int = Field(4096 * MIB, ge=1, description="Bytes of one upload.")
    max_duration: float = Field(6 * 3600.0, gt=0, description="Seconds of one recording.")
    decoders: int = Field(2, ge=1, description="Processes that decode uploads.")
    decode_memory: int = Field(
        2048 * MIB, ge=256 * MIB, description="Bytes of address space of a decoding process."
    )
    decode_timeout: float = Field(900.0, gt=0, description="Seconds one upload may take to decode.")
    retention_days: float = Field(
        7.0, ge=0, description="Days after which a finished job and its audio go; 0: never."
    )
    fetch_urls: bool = Field(True, description="Whether a job may name a URL to fetch.")
    fetch_private: bool = Field(
        False, description="Whether such a URL may be at a private address (an intranet)."
    )

    require_keys: bool | None = Field(
        None, description="Ask for an API key. Default: yes, except when bound to loopback."
    )
    api_key: str = Field("", description="A key that is always valid, beside those made with "
                         "`unispeech keys create`.")  # fmt: skip
    rate_limit: str = Field("600/minute", description="Requests of one key or address.")
    cors_origins: Annotated[list[str], NoDecode] = Field(
        default_factory=list, description="Origins (commas between) that browsers may call from."
    )

    shutdown_timeout: int = Field(
        30, ge=1, description="Seconds that requests have to end after SIGTERM."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="debug, info, warning or error. Text and names are in none of them."
    )
    log_format: Literal["auto", "json", "plain"] = Field(
        "auto",
        description="json: an object a line; plain: lines for people; auto: plain on a terminal.",
    )

    base_url: str = Field(
        "", validation_alias=AliasChoices("base_url", "UNISPEECH_BASE_URL", "BASE_URL"),
        description="Where clients reach this service; used in webhooks and e-mail.",
    )  # fmt: skip
    allowed_webhooks_file: Path | None = Field(
        None,
        validation_alias=AliasChoices(
            "allowed_webhooks_file", "UNISPEECH_ALLOWED_WEBHOOKS_FILE", "ALLOWED_WEBHOOKS_FILE"
        ),
        description='JSON list of {"id", "url", "token"}: the only places webhooks go.',
    )
    email_sender_address: str = Field(
        "", validation_alias=AliasChoices("email_sender_address", "EMAIL_SENDER_ADDRESS")
    )
    email_sender_password: str = Field(
        "", validation_alias=AliasChoices("email_sender_password", "EMAIL_SENDER_PASSWORD")
    )
    email_sender_host: str = Field(
        "", validation_alias=AliasChoices("email_sender_host", "EMAIL_SENDER_HOST"),
        description="SMTP server; with a password over TLS (465), else plain (25).",
    )  # fmt: skip
    email_sender_port: int = Field(
        0, validation_alias=AliasChoices("email_sender_port", "EMAIL_SENDER_PORT")
    )
    disclaimer: str = Field(
        "", validation_alias=AliasChoices("disclaimer", "DISCLAIMER"),
        description="A line shown to users and put under e-mails.",
    )  # fmt: skip

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _commas(cls, value: Any) -> Any:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value

    @field_validator("allowed_webhooks_file", mode="before")
    @classmethod
    def _empty_is_none(cls, value: Any) -> Any:
        return value or None

    def folder(self) -> Path:
        """`data_dir`, made if need be, with what is in it.

        Raises:
            OptionError: it cannot be made, or not written to.
        """
        try:
            for path in (self.data_dir, *(self.data_dir / name for name in FOLDERS)):
                path.mkdir(parents=True, exist_ok=True)
                tempfile.TemporaryFile(dir=path).close()
        except OSError as error:
            raise OptionError(
                f"UNISPEECH_DATA_DIR: cannot write to {path} ({error.strerror})",
                "name a folder that this user may write to",
            ) from None
        return self.data_dir

    @property
    def database(self) -> str:
        """Where the jobs are."""
        return self.database_url or f"sqlite:///{self.data_dir / 'unispeech.sqlite'}"

    @property
    def keys_required(self) -> bool:
        return not is_loopback(self.host) if self.require_keys is None else self.require_keys

    @property
    def load_options(self) -> LoadOptions:
        return LoadOptions(self.device, self.compute_type, self.threads)

    @property
    def url(self) -> str:
        return (self.base_url or f"http://{self.host}:{self.port}").rstrip("/")


ELSEWHERE = {"cache_dir", "env_dir", "settings", "debug", "offline"}
"""Variables of ours that are read by other parts."""


def misspelt(names: Iterable[str], all: bool = False) -> list[str]:
    """A line for each variable that has our prefix and is almost the name of a setting; `all`: or
    of none."""
    known = [*Settings.model_fields, *ELSEWHERE]
    lines = []
    for name in sorted(names):
        rest = name.lower().removeprefix("unispeech_")
        if rest != name.lower() and rest not in known:
            near = nearest(rest, known, cutoff=0.8)
            hint = f"; did you mean UNISPEECH_{near.upper()}?" if near else ""
            if near or all:
                lines.append(f"there is no setting {name}{hint}")
    return lines


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read(**given: Any) -> Settings:
    """The settings: what is given, else the environment, else the file, else the defaults.

    Raises:
        OptionError: a value that makes no sense; the message names the setting.
    """
    from pydantic import ValidationError

    file = os.environ.get("UNISPEECH_SETTINGS")
    if file and not Path(file).is_file():
        raise OptionError(f"UNISPEECH_SETTINGS: there is no file {file}")
    if file and (wrong := misspelt(dotenv_values(file), all=True)):
        raise OptionError(f"UNISPEECH_SETTINGS: {file}: {wrong[0]}")
    try:
        return Settings(_env_file=file, **given)  # type: ignore[call-arg]
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise OptionError(f"setting {name}: {first['msg']}") from None
