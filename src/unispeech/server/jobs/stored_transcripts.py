"""Storage format of transcripts: compressed JSON, validated on reading."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from pydantic import TypeAdapter

from unispeech.server.service_errors import NewerSchema
from unispeech.types import Transcript

SCHEMA = 1
"""Version of the JSON. Increase it when an older reader would misread a transcript, and let `load`
read the older versions."""


@dataclass(frozen=True, slots=True)
class _Version:
    schema: int = 0
    """0: written before versions existed, in the format of version 1."""


_TRANSCRIPT = TypeAdapter(Transcript)
_VERSION = TypeAdapter(_Version)


def dump(transcript: Transcript) -> bytes:
    body = _TRANSCRIPT.dump_json(transcript)
    return zlib.compress(b'{"schema":%d,' % SCHEMA + body.removeprefix(b"{"), 3)


def load(data: bytes) -> Transcript:
    """Read a stored transcript of this or an older version.

    Raises:
        NewerSchema: a newer version wrote it.
    """
    body = zlib.decompress(data)
    version = _VERSION.validate_json(body).schema
    if version > SCHEMA:
        raise NewerSchema(f"the transcript has schema {version}, and this server reads {SCHEMA}")
    return _TRANSCRIPT.validate_json(body)
