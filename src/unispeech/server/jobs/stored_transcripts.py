"""Transcripts as the database keeps them: compressed JSON, checked when it is read back."""

from __future__ import annotations

import zlib

from pydantic import TypeAdapter

from unispeech.types import Transcript

_TRANSCRIPT = TypeAdapter(Transcript)


def dump(transcript: Transcript) -> bytes:
    return zlib.compress(_TRANSCRIPT.dump_json(transcript), 3)


def load(data: bytes) -> Transcript:
    return _TRANSCRIPT.validate_json(zlib.decompress(data))
