"""Stored transcripts of the current schema, without a schema version, and of a newer one."""

from __future__ import annotations

import json
import zlib

import pytest
from starlette.requests import HTTPConnection

from unispeech.server.http.error_responses import answer
from unispeech.server.jobs import stored_transcripts
from unispeech.server.service_errors import NewerSchema
from unispeech.types import Gap, Segment, Transcript, Turn, Word

LETTERS = (Word(0.1, 0.2, "h", 0.9), Word(0.2, 0.3, "i", 0.8))
TRANSCRIPT = Transcript(
    "hi",
    "en",
    2.5,
    (Segment(0, 0.1, 0.5, " hi", (Word(0.1, 0.3, " hi", 0.9, "A", LETTERS),), -0.1, 0.2, "A"),),
    "faster",
    "tiny.en",
    gaps=(Gap(1.0, 2.0, "no text"),),
    warnings=("short",),
    turns=(Turn(0.0, 1.0, "A"),),
)


def body(data: bytes) -> dict[str, object]:
    return dict(json.loads(zlib.decompress(data)))


def test_a_stored_transcript_carries_its_schema_and_loads() -> None:
    stored = stored_transcripts.dump(TRANSCRIPT)
    assert body(stored)["schema"] == stored_transcripts.SCHEMA
    assert stored_transcripts.load(stored) == TRANSCRIPT


def test_a_transcript_without_a_schema_loads() -> None:
    old = body(stored_transcripts.dump(TRANSCRIPT))
    del old["schema"]
    assert stored_transcripts.load(zlib.compress(json.dumps(old).encode())) == TRANSCRIPT


def test_a_transcript_of_a_newer_schema_is_rejected() -> None:
    newer = {**body(stored_transcripts.dump(TRANSCRIPT)), "schema": stored_transcripts.SCHEMA + 1}
    with pytest.raises(NewerSchema) as raised:
        stored_transcripts.load(zlib.compress(json.dumps(newer).encode()))
    response = answer(
        HTTPConnection({"type": "http", "path": "/api/jobs", "headers": []}), raised.value
    )
    error = json.loads(bytes(response.body))["error"]
    assert (response.status_code, error["code"]) == (501, "newer_schema")
    assert "upgrade" in error["message"]
