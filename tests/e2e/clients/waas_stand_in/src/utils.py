"""WAAS's formats and file names, by UniSpeech's functions."""

from __future__ import annotations

import json
from typing import Any

from unispeech.server.dialects.waas.routes import sanitized
from unispeech.server.jobs.jojo_document import jojo_document
from unispeech.server.storage.database import Job
from unispeech.types import Segment, Transcript


def sanitize_input(text: str) -> str:
    return sanitized(text)


def _document(filename: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    segments = [Segment(i, row["start"], row["end"], row["text"]) for i, row in enumerate(rows)]
    job = Job("id", "", "waas", filename, "faster", "tiny", {})
    transcript = Transcript("", "en", 0.0, tuple(segments), "faster", "tiny")
    return jojo_document(job, transcript)


def generate_jojo_doc(filename: str, result: list[dict[str, Any]]) -> str:
    return json.dumps(_document(filename, result))


def get_time_as_hundreds(seconds: float) -> int:
    rows = [{"start": seconds, "end": seconds, "text": ""}]
    return int(_document("", rows)["segments"][0]["timeStart"])


def set_total_time_transcribed(value: float, conn: Any) -> None:
    raise NotImplementedError("needs Redis")
