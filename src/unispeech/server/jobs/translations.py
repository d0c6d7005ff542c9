"""Translations of recordings: jobs over the whole recording whose result replaces nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

from unispeech.server.jobs import corrections
from unispeech.server.jobs.lifecycle import Jobs
from unispeech.server.storage.database import Job
from unispeech.text.formats import without_speakers
from unispeech.types import Transcript

LANGUAGE = "en"
"""Language that Whisper translates into."""
LIMIT = 10_000
"""Largest number of a job's ranges, of which its translations are some."""


@dataclass(frozen=True, slots=True)
class Translation:
    """Translation of a job."""

    latest: Job
    """The newest request."""
    finished: Job | None
    """The newest request that has a text: an earlier one until the latest is done."""


def is_translation(job: Job) -> bool:
    """Return whether a job translates a recording beside its transcript."""
    is_whole = job.parent is not None and not job.range_start and job.range_end is None
    return is_whole and job.range_digest is None and job.options.get("task") == "translate"


def find(jobs: Jobs, parent: str) -> Translation | None:
    """Return the translation of a job, None if nobody has asked for one."""
    requests = _requests(jobs, parent)
    if not requests:
        return None
    return Translation(requests[0], next((r for r in requests if r.revision is not None), None))


def remove(jobs: Jobs, parent: str, kept: Job | None = None) -> bool:
    """Delete a job's translations except `kept`; return whether there was any."""
    removed = [job for job in _requests(jobs, parent) if kept is None or job.id != kept.id]
    for job in removed:
        jobs.delete(job.id)
    return bool(removed)


def instead_of(original: Transcript, translated: Transcript) -> Transcript:
    """Return the translation as a transcript in its language, with the speakers of the original,
    which people may have named."""
    segments = (replace(segment, language=None) for segment in translated.segments)
    text = replace(translated, segments=tuple(segments), language=LANGUAGE)
    return corrections.replaced(original, without_speakers(text))


def _requests(jobs: Jobs, parent: str) -> list[Job]:
    """Return the translations of a job, newest first."""
    ranges = jobs.database.list(None, None, LIMIT, parent=parent)
    return [job for job in ranges if is_translation(job)]
