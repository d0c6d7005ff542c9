"""Transcripts as the database keeps them: compressed JSON, checked when it is read back."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from pydantic import TypeAdapter

from unispeech.server.service_errors import NewerSchema
from unispeech.types import Transcript

SCHEMA = 1
"""Version of the JSON. Raise it when an older reader would misunderstand a transcript, and teach
`load` the older form."""


@dataclass(frozen=True, slots=True)
class _Version:
    schema: int = 0
    """0: written before there were versions, in the form of version 1."""


_TRANSCRIPT = TypeAdapter(Transcript)
_VERSION = TypeAdapter(_Version)


def dump(transcript: Transcript) -> bytes:
    body = _TRANSCRIPT.dump_json(transcript)
    return zlib.compress(b'{"schema":%d,' % SCHEMA + body.removeprefix(b"{"), 3)


def load(data: bytes) -> Transcript:
    """Read a stored transcript of this version or an older one.

    Raises:
        NewerSchema: a newer version wrote it.
    """
    body = zlib.decompress(data)
    version = _VERSION.validate_json(body).schema
    if version > SCHEMA:
        raise NewerSchema(f"the transcript has schema {version}, and this server reads {SCHEMA}")
    return _TRANSCRIPT.validate_json(body)
