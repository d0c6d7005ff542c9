"""Transcripts in the document format of jojo, WAAS's editor."""

from __future__ import annotations

from typing import Any

from unispeech.server.storage.database import Job
from unispeech.types import Transcript


def jojo_document(job: Job, transcript: Transcript) -> dict[str, Any]:
    """Return the document, whose times are whole hundredths of a second."""
    return {
        "docVersion": "1.0",
        "id": job.id,
        "audiofile": {"id": job.id, "url": f"file://web/{job.filename}"},
        "segments": [
            {
                "id": str(segment.id),
                "timeStart": int(segment.start * 100),
                "timeEnd": int(segment.end * 100),
                "text": segment.text.strip(),
            }
            for segment in transcript.segments
        ],
    }
