"""Jobs: accepted, run to their end whatever happens, kept for a while, removed."""

from __future__ import annotations

import logging
import shutil
import threading
import time
import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from unispeech.calls import Call
from unispeech.errors import Cancelled, UnispeechError
from unispeech.server import corrections, metrics, records
from unispeech.server.database import Database, Job, State
from unispeech.server.decoding import Cut
from unispeech.server.links import Links
from unispeech.server.resumable import Uploads
from unispeech.server.revisions import AGAIN, Changed, NoTranscript, Revisions
from unispeech.server.speech import Ask, Busy, Speech, public
from unispeech.types import Progress, Segment, Transcript

log = logging.getLogger("unispeech.server")

BESIDE = ("backend", "model", "max_duration", "seen")
"""What a job's options hold besides those of transcribing. `seen`: the text that a range was to
replace, as a digest."""
ABANDONED = 86_400.0
"""Seconds after which nobody is still sending what has no job."""
INTERRUPTIONS = 50
"""A recording that takes its process down this often is given up."""


class HandedBack(BaseException):
    """This process is stopping: the job goes on elsewhere, or after the restart.

    Not an `Exception`, so that nothing takes it for a failure of the job.
    """


@dataclass(frozen=True, slots=True)
class Place:
    """The files of a job."""

    folder: Path

    @property
    def upload(self) -> Path:
        return self.folder / "upload"

    @property
    def sound(self) -> Path:
        """16 kHz mono; there while the job runs."""
        return self.folder / "sound.wav"


class Jobs:
    """All jobs of the service, and the work of running one."""

    def __init__(self, database: Database, speech: Speech, folder: Path) -> None:
        self.database = database
        self.revisions = Revisions(database)
        self.links = Links(database)
        self.uploads = Uploads(database, folder.parent / "uploads")
        self.speech = speech
        self.folder = folder
        self.stopping = threading.Event()
        self._running = 0
        self._changed = threading.Condition()
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
        if self.database.count(State.QUEUED) >= self.speech.settings.queue_size:
            raise Busy("too many jobs are waiting", "try again in a minute")

    def accept(self, job: Job) -> Job:
        """From here on the job is not lost. Its upload is already in its place."""
        job = replace(job, created=time.time())
        self.database.add(job)
        self.database.tell(job.id, "state", {"state": State.QUEUED})
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
        """Stop it and remove everything: the audio, the text, the record that it was."""
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

    def wait(self, timeout: float) -> None:
        """Until no job runs in this process, or so many seconds."""
        with self._changed:
            self._changed.wait_for(lambda: not self._running, timeout)

    def run(self, id: str, worker: str) -> None:
        """Do a job from wherever it stopped to its end. Called again after an interruption.

        Raises:
            HandedBack: the process is stopping; nothing is lost, call again elsewhere.
        """
        with self._changed:
            self._running += 1
        try:
            self._run(id, worker)
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def _run(self, id: str, worker: str) -> None:
        job = self.database.job(id)
        if job is None or job.state.final:
            return
        again = job.state is State.RUNNING
        started = self.database.change(
            id,
            only_in=[State.QUEUED, State.RUNNING],
            state=State.RUNNING, worker=worker, started=job.started or time.time(),
            interruptions=job.interruptions + again,
        )  # fmt: skip
        if not started:
            return
        self.database.tell(id, "state", {"state": State.RUNNING})
        log.info("job started", extra={"job": id, "resumed": again, "worker": worker})
        try:
            if job.interruptions >= INTERRUPTIONS:
                raise UnispeechError("it was interrupted too often", "try another model or backend")
            transcript = self._transcribe(job)
        except Cancelled:
            if self.stopping.is_set():
                log.info("job handed back", extra={"job": id})
                raise HandedBack() from None
            self._end(job, State.CANCELLED)
        except UnispeechError as error:
            self._end(job, State.FAILED, error=public(error))
        except Exception as error:
            log.exception("job failed", extra={"job": id})
            self._end(job, State.FAILED, error=f"internal error ({type(error).__name__})")
        else:
            self._finish(job, transcript)

    def _transcribe(self, job: Job) -> Transcript:
        place = self.place(job.id)
        ask = Ask(**_split(job.options))
        limit = job.options.get("max_duration") or self.speech.settings.max_duration
        upload = place.upload if job.parent is None else self.place(job.parent).upload
        cut = Cut(job.range_start or 0.0, job.range_end, limit)
        decoded = self.speech.decoders.decode(upload, place.sound, job.filename, cut)
        self.database.change(job.id, duration=decoded.duration)
        told = sum(event.kind == "segment" for event in self.database.told(job.id))
        heard = 0

        def on_segment(segment: Segment) -> None:
            nonlocal heard
            heard += 1
            if heard > told:  # after an interruption the first ones are heard again
                self.database.tell(job.id, "segment", records.segment(_shift(segment, cut.start)))

        def on_progress(progress: Progress) -> None:
            if progress.stage == "transcribe":
                self.database.change(job.id, done=progress.done)

        def cancelled() -> bool:
            now = self.database.job(job.id)
            return self.stopping.is_set() or now is None or now.cancel

        journal = records.JobJournal(self.database, job.id, job.run)
        call = Call(on_segment, on_progress, cancelled, journal)
        transcript = self.speech.transcribe(ask, decoded, call)
        segments = tuple(_shift(segment, cut.start) for segment in transcript.segments)
        gaps = tuple(
            replace(gap, start=gap.start + cut.start, end=gap.end + cut.start)
            for gap in transcript.gaps
        )
        return replace(transcript, segments=segments, gaps=gaps)

    def _finish(self, job: Job, transcript: Transcript) -> None:
        if job.parent is not None:
            self.merge(job, transcript)
        now = time.time()
        duration = transcript.duration
        if self.revisions.finish(job.id, transcript, ended=now, done=duration, duration=duration):
            self.database.tell(job.id, "state", {"state": State.DONE})
        self._ended(job, State.DONE, now)

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
            if not forced and corrections.seen(whole, start, end) != job.options.get("seen"):
                return False
            mended = corrections.merged(whole, part, start, end)
            try:
                self.revisions.save(parent.id, mended, parent.revision, AGAIN, source=job.id)
            except Changed:
                continue  # somebody was quicker
            except NoTranscript:
                return False
            return True

    def _end(self, job: Job, state: State, error: str | None = None) -> None:
        now = time.time()
        if self.database.change(
            job.id, only_in=[State.RUNNING], state=state, ended=now, error=error
        ):
            self.database.tell(job.id, "state", {"state": state})
        self._ended(job, state, now)

    def _ended(self, job: Job, state: State, now: float) -> None:
        self.database.forget(job.id)
        self.place(job.id).sound.unlink(missing_ok=True)
        metrics.JOBS.labels(state).inc()
        metrics.JOB_SECONDS.observe(now - job.created)
        log.info("job ended", extra={"job": job.id, "state": str(state)})


def _shift(segment: Segment, by: float) -> Segment:
    """A segment of a range, on the clock of the whole recording."""
    if not by:
        return segment
    words = tuple(
        replace(word, start=round(word.start + by, 3), end=round(word.end + by, 3))
        for word in segment.words
    )
    start, end = round(segment.start + by, 3), round(segment.end + by, 3)
    return replace(segment, start=start, end=end, words=words)


def _split(options: dict[str, Any]) -> dict[str, Any]:
    rest = {name: value for name, value in options.items() if name not in BESIDE}
    if isinstance(rest.get("temperature"), list):
        rest["temperature"] = tuple(rest["temperature"])
    return {"backend": options["backend"], "model": options["model"], "options": rest}
