"""Lifecycle of jobs: acceptance, retry, cancellation, removal. `runner` runs them."""

from __future__ import annotations

import contextlib
import json
import shutil
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from unispeech.server.jobs import corrections, waveform
from unispeech.server.jobs.revisions import AGAIN, Changed, NoTranscript, Revisions
from unispeech.server.jobs.share_links import Links
from unispeech.server.jobs.store_sweep import StoreSweep
from unispeech.server.service_errors import Busy
from unispeech.server.storage import vocabularies
from unispeech.server.storage.database import Database, Job, State
from unispeech.server.storage.local_copies import LocalCopies
from unispeech.server.storage.partial_uploads import Uploads
from unispeech.server.storage.quotas import Quotas
from unispeech.server.storage.recording_store import LocalStore, Store
from unispeech.server.storage.upload_parts import parts_of
from unispeech.types import Transcript

ABANDONED = 86_400.0
"""Seconds after which files without a job are removed: no request takes so long."""
COPIES = ("playable.flac", "playable.wav")
"""Names of playable copies; versions before 0.2 wrote WAV."""
UPLOAD, PLAYABLE, WAVEFORM = "upload", "playable.flac", "waveform"
"""Names of a job's files in the store: the recording as received; the recording as FLAC of 16 kHz
mono, for players; the waveform of a finished job."""


def key(job: str, name: str) -> str:
    """Return the key of a job's file in the store."""
    return f"jobs/{job}/{name}"


@dataclass(frozen=True, slots=True)
class JobFiles:
    """Local files of one job. In the data folder of a service without another store, they are also
    its files in the store."""

    folder: Path

    @property
    def upload(self) -> Path:
        return self.folder / UPLOAD

    def sound(self, run: int) -> Path:
        """Return the path of the 16 kHz mono WAV, which exists while the job runs. Each run has its
        own, because the previous run may still be ending."""
        return self.folder / f"sound-{run}.wav"

    @property
    def playable(self) -> Path:
        return self.folder / PLAYABLE

    @property
    def waveform(self) -> Path:
        return self.folder / WAVEFORM


class Jobs:
    """All jobs of the service. At most `queue_size` may wait.

    `folder` has the local files of jobs, and is `jobs` in the data folder unless there is another
    store.
    """

    def __init__(
        self,
        database: Database,
        folder: Path,
        queue_size: int,
        quotas: Quotas | None = None,
        store: Store | None = None,
    ) -> None:
        self.database = database
        self.revisions = Revisions(database)
        self.links = Links(database)
        self.quotas = quotas or Quotas(database)
        self.store = store or LocalStore(folder.parent)
        self._is_local = isinstance(self.store, LocalStore)
        self._copies = LocalCopies(self.store, folder.parent / "copies")
        self._sweep_store = StoreSweep(self.store, database, ABANDONED, COPIES)
        self.uploads = Uploads(database, parts_of(self.store), self.quotas)
        self.folder = folder
        self._received = folder if self._is_local else folder.parent / "received"
        self._sent: set[str] = set()
        """Jobs whose recordings are, or may be, in a store and not yet in the database."""
        self._queue_size = queue_size
        for path in (folder, self._received):
            path.mkdir(parents=True, exist_ok=True)

    def files(self, id: str) -> JobFiles:
        """Return the local files of a job that runs in this process."""
        return JobFiles(self.folder / id)

    @contextmanager
    def recording(self, job: Job) -> Iterator[Path]:
        """Lend a local file of a job's recording; it does not exist if the recording was deleted.

        Raises:
            StoreUnavailable: the store does not answer.
        """
        if not self._is_local:
            self.files(job.id).folder.mkdir(exist_ok=True)
        with self.local(job.parent or job.id, UPLOAD) as path:
            yield path

    @contextmanager
    def local(self, id: str, name: str) -> Iterator[Path]:
        """Lend a local copy of a job's file. Raises as `recording` does."""
        with self._copies.lend(key(id, name)) as path:
            yield path

    def save_waveform(self, job: Job) -> None:
        """Store the waveform of the sound of a job that runs in this process."""
        files = self.files(job.id)
        waveform.save_peaks(files.sound(job.run), files.waveform)
        self.store.add(files.waveform, key(job.id, WAVEFORM))
        if not self._is_local and self.database.job(job.id) is None:
            self.store.remove(f"jobs/{job.id}")  # it was deleted meanwhile

    def clean_up(self, job: Job) -> None:
        """Remove the local files of a run that has ended, but not the folder: the next run may have
        begun."""
        files = self.files(job.id)
        files.sound(job.run).unlink(missing_ok=True)
        if not self._is_local:
            files.waveform.unlink(missing_ok=True)

    def new_folder(self) -> tuple[str, JobFiles]:
        """Create an empty folder for a new job, and return the job's ID with it."""
        id = str(uuid.uuid4())
        files = JobFiles(self._received / id)
        files.folder.mkdir()
        return id, files

    def discard_unaccepted(self, id: str) -> None:
        """Remove the files of a job that was not accepted; of others, those that a store has."""
        is_accepted = self.database.job(id) is not None
        if not (is_accepted and self._is_local):
            shutil.rmtree(self._received / id, ignore_errors=True)
        if id in self._sent:
            self._sent.discard(id)
            if not is_accepted:
                self.store.remove(f"jobs/{id}")

    def check_capacity(self, owner: str | None = None) -> None:
        """Check that another job may be queued and, with an owner, that one byte may be stored.

        Raises:
            Busy: the queue is full.
            OverQuota, StorageFull: there is no room for the recording.
        """
        if owner is not None:
            self.quotas.check_job(owner, 1)
        if self.database.count(State.QUEUED) >= self._queue_size:
            raise Busy("too many jobs are waiting", "try again in a minute")

    def accept(self, job: Job) -> Job:
        """Store a job whose upload is in its folder. It survives a restart from here on.

        Raises:
            OverQuota, StorageFull: there is no room for the recording.
            StoreUnavailable: the store does not answer.
        """
        upload = self._received / job.id / UPLOAD
        size = upload.stat().st_size if upload.is_file() else 0  # ranges have none
        if size:
            self.quotas.check_job(job.owner, size)
            if not self._is_local:
                self._sent.add(job.id)
            self.store.add(upload, key(job.id, UPLOAD))
        job = replace(job, created=time.time(), size=size)
        self.database.add(job)
        return job

    def retry(self, job: Job, **changes: Any) -> bool:
        """Queue a finished job again; return False if it was not finished. Its transcript stays
        until the new one is complete."""
        is_queued = self.database.change(
            job.id,
            only_in=(State.DONE, State.FAILED, State.CANCELLED),
            state=State.QUEUED, run=job.run + 1, cancel=False, error=None,
            done=0.0, started=None, ended=None, interruptions=0, **changes,
        )  # fmt: skip
        if is_queued:
            self.database.remove_events(job.id)
            self.database.add_event(job.id, "state", {"state": State.QUEUED})
        return is_queued

    def cancel(self, id: str) -> None:
        """Cancel a queued job at once, a running one after the batch in flight. A job that has a
        transcript of an earlier run is done again."""
        job = self.database.job(id)
        if job is not None and self.end(job, State.CANCELLED, [State.QUEUED], cancel=True):
            return
        if job is not None:
            self.database.change(id, only_in=[State.RUNNING], cancel=True)

    def end(
        self, job: Job, state: State, only_in: Iterable[State] = (State.RUNNING,), **values: Any
    ) -> bool:
        """End a job without a new transcript; return False if it was in no state of `only_in`.

        If an earlier run left a transcript, the job is done, and a failure becomes a warning.
        """
        error = values.get("error")
        if job.revision is not None:
            state = State.DONE
            values |= {"error": None, "done": job.duration or 0.0}
        is_ended = self.database.change(
            job.id, only_in=only_in, state=state, ended=time.time(), **values
        )
        if is_ended and error and state is State.DONE:
            message = f"it could not be transcribed again, and the text stays: {error}"
            self.database.add_event(job.id, "warning", {"message": message})
        if is_ended:
            self.database.add_event(job.id, "state", {"state": state})
        return is_ended

    def delete(self, id: str) -> None:
        """Cancel a job and remove everything: audio, transcript, database rows.

        The audio of a job that has ended goes first, to make room on a full disk.

        Raises:
            StoreUnavailable: the store does not answer. A job that has ended stays; the audio of
                another is removed by `sweep`.
        """
        job = self.database.job(id)
        if job is None or job.state.final:
            self.store.remove(f"jobs/{id}")
        else:
            self.cancel(id)
        for part in self.database.list(None, None, limit=10_000, parent=id):
            self.delete(part.id)
        self.database.remove(id)
        self.store.remove(f"jobs/{id}")

    def sweep(self, days: float, is_stopping: Callable[[], bool] = lambda: False) -> int:
        """Remove jobs that ended more than `days` ago (0: none), and files and rows that killed
        processes have left. Ends early if `is_stopping`. Return the number of jobs removed."""
        self.uploads.sweep()
        self._remove_abandoned(time.time() - ABANDONED)
        if self._is_local:
            self._remove_copies(time.time() - self.store.copy_lifetime)
        self._measure_uploads()
        self.links.sweep()
        vocabularies.remove_orphans(self.database)
        self.database.remove_ended_results()
        old = list(self.database.expired(time.time() - days * 86400)) if days else []
        for removed, id in enumerate(old):
            if is_stopping():
                return removed
            self.delete(id)
        if not self._is_local:
            self._sweep_store(is_stopping)
        return len(old)

    def _remove_abandoned(self, before: float) -> None:
        scratch = self.folder.parent / "scratch"
        folders = {self.folder, self._received, scratch}
        for path in [path for f in folders if f.is_dir() for path in f.iterdir()]:
            try:
                is_old = path.stat().st_mtime < before
            except FileNotFoundError:
                continue  # its request has just ended
            if not is_old or (path.parent == self.folder and self.database.job(path.name)):
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    def _measure_uploads(self) -> None:
        for id in self.database.unmeasured():
            stored = self.store.find(key(id, UPLOAD))
            self.database.change(id, size=stored.size if stored else 0)

    def _remove_copies(self, before: float) -> None:
        for name in COPIES:
            for path in self.folder.glob(f"*/{name}"):
                with contextlib.suppress(FileNotFoundError):  # its job has just been deleted
                    if path.stat().st_mtime < before:
                        path.unlink()

    def merge(self, job: Job, part: Transcript, forced: bool = False) -> bool:
        """Merge a re-decoded range into the transcript of its parent; return whether it was merged.

        A range that was edited since the request is left alone, unless `forced`. If the range is
        the whole recording, the parent gets the range's backend, model and options too.
        """
        start, end = job.range_start or 0.0, job.range_end or float("inf")
        is_whole = not job.range_start and job.range_end is None
        while True:
            parent = self.database.job(job.parent or "")
            if parent is None or parent.revision is None:
                return False
            whole = self.revisions.transcript(parent.id, parent.revision)
            if whole is None:
                continue  # a newer revision has just displaced it
            if not forced and corrections.digest(whole, start, end) != job.range_digest:
                return False
            merged = (
                corrections.replaced(whole, part)
                if is_whole
                else corrections.merge(whole, part, start, end)
            )
            try:
                self.revisions.save(parent.id, merged, parent.revision, AGAIN, source=job.id)
            except Changed:
                continue  # another edit was saved first
            except NoTranscript:
                return False
            if is_whole:
                self.database.change(
                    parent.id, backend=job.backend, model=job.model, options=json.dumps(job.options)
                )
            return True
