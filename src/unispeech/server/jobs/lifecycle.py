"""Jobs: accepted, kept for a while, removed. `runner` runs them."""

from __future__ import annotations

import shutil
import time
import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from unispeech.server.jobs import corrections
from unispeech.server.jobs.revisions import AGAIN, Changed, NoTranscript, Revisions
from unispeech.server.jobs.share_links import Links
from unispeech.server.service_errors import Busy
from unispeech.server.storage.database import Database, Job, State
from unispeech.server.storage.partial_uploads import Uploads
from unispeech.types import Transcript

ABANDONED = 86_400.0
"""Seconds after which nobody is still sending what has no job."""


@dataclass(frozen=True, slots=True)
class Place:
    """The files of a job."""

    folder: Path

    @property
    def upload(self) -> Path:
        return self.folder / "upload"

    def sound(self, run: int) -> Path:
        """16 kHz mono; there while the job runs. Each run has its own: the one before may only
        just be ending."""
        return self.folder / f"sound-{run}.wav"

    @property
    def waveform(self) -> Path:
        """Kept when the job is done, for whoever looks at it."""
        return self.folder / "waveform"


class Jobs:
    """All jobs of the service. At most `most` may wait."""

    def __init__(self, database: Database, folder: Path, most: int) -> None:
        self.database = database
        self.revisions = Revisions(database)
        self.links = Links(database)
        self.uploads = Uploads(database, folder.parent / "uploads")
        self.folder = folder
        self._most = most
        folder.mkdir(parents=True, exist_ok=True)

    def place(self, id: str) -> Place:
        return Place(self.folder / id)

    def new_place(self) -> tuple[str, Place]:
        """An id, and an empty folder for its upload."""
        id = str(uuid.uuid4())
        place = self.place(id)
        place.folder.mkdir()
        return id, place

    def tidy(self, id: str) -> None:
        """Remove the folder of a job that was not accepted after all."""
        if self.database.job(id) is None:
            shutil.rmtree(self.place(id).folder, ignore_errors=True)

    def room(self) -> None:
        """Raises:
        Busy: too many jobs wait already.
        """
        if self.database.count(State.QUEUED) >= self._most:
            raise Busy("too many jobs are waiting", "try again in a minute")

    def accept(self, job: Job) -> Job:
        """From here on the job is not lost. Its upload is already in its place."""
        job = replace(job, created=time.time())
        self.database.add(job)
        return job

    def retry(self, job: Job, **changes: Any) -> bool:
        """Queue a finished job once more. Whether it was finished."""
        again = self.database.change(
            job.id,
            only_in=(State.DONE, State.FAILED, State.CANCELLED),
            state=State.QUEUED, run=job.run + 1, cancel=False, error=None,
            done=0.0, started=None, ended=None, interruptions=0, **changes,
        )  # fmt: skip
        if again:
            self.database.untell(job.id)
            self.database.tell(job.id, "state", {"state": State.QUEUED})
        return again

    def cancel(self, id: str) -> None:
        """At once where it waits; after the batch in flight where it runs."""
        if self.database.change(
            id, only_in=[State.QUEUED], state=State.CANCELLED, cancel=True, ended=time.time()
        ):
            self.database.tell(id, "state", {"state": State.CANCELLED})
        else:
            self.database.change(id, only_in=[State.RUNNING], cancel=True)

    def delete(self, id: str) -> None:
        """Stop it and remove everything: the audio, the text, the record that it was.

        The audio of one that has ended goes first: that makes room where the disk is full.
        """
        job = self.database.job(id)
        if job is None or job.state.final:
            shutil.rmtree(self.place(id).folder, ignore_errors=True)
        else:
            self.cancel(id)
        for part in self.database.list(None, None, limit=10_000, parent=id):
            self.delete(part.id)
        self.database.remove(id)
        shutil.rmtree(self.place(id).folder, ignore_errors=True)

    def sweep(self, days: float) -> int:
        """Remove what ended longer ago than this (0: nothing did), and what was left by requests
        that ended with their process. How many jobs."""
        self.uploads.sweep()
        self._abandoned(time.time() - ABANDONED)
        self.links.sweep()
        if not days:
            return 0
        old = list(self.database.expired(time.time() - days * 86400))
        for id in old:
            self.delete(id)
        return len(old)

    def _abandoned(self, before: float) -> None:
        scratch = self.folder.parent / "scratch"
        for path in [*self.folder.iterdir(), *(scratch.iterdir() if scratch.is_dir() else ())]:
            try:
                late = path.stat().st_mtime < before
            except FileNotFoundError:
                continue  # its request has just ended
            if not late or (path.parent == self.folder and self.database.job(path.name)):
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    def merge(self, job: Job, part: Transcript, forced: bool = False) -> bool:
        """Put what was decoded again into the transcript that it is a part of. Whether it was.

        Not where somebody has changed that part since it was asked for, unless `forced`.
        """
        start, end = job.range_start or 0.0, job.range_end or float("inf")
        while True:
            parent = self.database.job(job.parent or "")
            if parent is None or parent.revision is None:
                return False
            whole = self.revisions.transcript(parent.id, parent.revision)
            if whole is None:
                continue  # it has gone into the history, and on out of it
            if not forced and corrections.digest(whole, start, end) != job.range_digest:
                return False
            mended = corrections.merged(whole, part, start, end)
            try:
                self.revisions.save(parent.id, mended, parent.revision, AGAIN, source=job.id)
            except Changed:
                continue  # somebody was quicker
            except NoTranscript:
                return False
            return True
