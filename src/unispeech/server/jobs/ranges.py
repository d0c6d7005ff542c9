"""Jobs that decode a range of another job's recording, or the whole of it."""

from __future__ import annotations

from unispeech.server.jobs.lifecycle import Jobs
from unispeech.server.speech.speech import SpeechRequest
from unispeech.server.storage.database import Job


def range_job(
    jobs: Jobs,
    parent: Job,
    owner: str,
    request: SpeechRequest,
    start: float = 0.0,
    end: float | None = None,
    digest: str | None = None,
) -> Job:
    """Return a new job, not yet accepted, that decodes the recording of `parent` from `start` to
    `end` in seconds (None: to the end).

    `owner` is the ID of the key that asks for it. `digest` is the digest of the text that the
    result replaces; None: it replaces none.
    """
    id, _ = jobs.new_folder()
    return Job(
        id=id,
        owner=owner,
        dialect="api",
        filename=parent.filename,
        backend=request.backend,
        model=request.model,
        options=request.options,
        max_duration=parent.max_duration,
        priority=parent.priority,
        parent=parent.id,
        range_start=start,
        range_end=end,
        range_digest=digest,
    )
