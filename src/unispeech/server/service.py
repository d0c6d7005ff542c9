"""The parts of a server or worker process, built, started and stopped in order."""

from __future__ import annotations

import gc
import logging
from pathlib import Path

from unispeech.server.jobs.lifecycle import Jobs
from unispeech.server.jobs.notices import Notices
from unispeech.server.jobs.runner import Runner
from unispeech.server.jobs.workflows import Worker
from unispeech.server.settings import Settings
from unispeech.server.speech.broadcasts import Broadcasts
from unispeech.server.speech.decoders import DecodeRange
from unispeech.server.speech.speech import Speech
from unispeech.server.speech.streams import Streams
from unispeech.server.storage.database import Database
from unispeech.server.storage.keys import Key, Keys, Rates
from unispeech.server.storage.local_copies import PrivateFolder
from unispeech.server.storage.quotas import Quotas
from unispeech.server.storage.recording_store import LocalStore, Store
from unispeech.version import __version__

log = logging.getLogger("unispeech.server")

FAILED_KEYS = "60/minute"
"""Invalid API keys that one client address may try."""


class Service:
    """All parts of one process. `start` and `stop` are called by the application's lifespan.

    Raises:
        OptionError: a setting cannot be used.
        UnispeechError: the database or the store does not answer.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._store, self._private = _open_store(settings, settings.folder())
        work = self._private.path if self._private else settings.data_dir
        self.scratch = work / "scratch"
        self.scratch.mkdir(exist_ok=True)
        self.database = Database(settings.database)
        self.keys = Keys(self.database, settings.api_key)
        self.rates = Rates(settings.rate_limit)
        self.failed_keys = Rates(FAILED_KEYS)
        self.notices = Notices(settings, self.database)
        self.speech = Speech(settings, self.keys_required)
        self.streams = Streams(settings, self.speech)
        self.broadcasts = Broadcasts(settings.caption_watchers)
        quotas = Quotas(self.database, settings.max_stored_per_key, settings.max_stored)
        folder, queue_size = work / "jobs", settings.queue_size
        self.jobs = Jobs(self.database, folder, queue_size, quotas, self._store)
        self.runner = Runner(self.jobs, self.speech)
        self.worker = Worker(
            self.runner,
            self.notices,
            settings.queue_database,
            settings.jobs_at_once,
            settings.retention_days,
        )
        self.ready = False

    def start(self) -> None:
        """Start the queue worker and the first decoding process (blocking)."""
        log.info("started", extra={"worker": self.worker.id, "version": __version__})
        self.speech.decoders.start()
        self.worker.start()
        # Exclude long-lived objects from garbage collection, whose passes stall the event loop.
        gc.collect()
        gc.freeze()
        self.ready = True

    def begin_shutdown(self) -> None:
        """End event streams, and hand running jobs back after the batch in flight."""
        if self.ready:
            log.info("stopping")
        self.ready = False
        self.runner.stopping.set()

    def stop(self) -> None:
        """Stop all parts (blocking)."""
        self.begin_shutdown()
        self.streams.close()
        self.worker.stop()
        self.speech.close()
        self.database.close()
        self._store.close()
        if self._private:
            self._private.close()

    def keys_required(self) -> bool:
        """Return whether every request needs an API key (reads the database)."""
        settings = self.settings
        return settings.keys_required(settings.require_keys is None and self.keys.exist())

    def max_upload(self, key: Key) -> int:
        """Return the limit of one upload in bytes for this key."""
        return min(key.max_upload or self.settings.max_upload, self.settings.max_upload)

    def max_duration(self, key: Key) -> float:
        """Return the limit of one recording in seconds for this key."""
        return min(key.max_duration or self.settings.max_duration, self.settings.max_duration)

    def decode_range(self, key: Key) -> DecodeRange:
        """Return the range of a whole recording, limited to this key's maximum duration."""
        return DecodeRange(max_duration=self.max_duration(key))


def _open_store(settings: Settings, folder: Path) -> tuple[Store, PrivateFolder | None]:
    """Return the store of recordings and, if it is not the data folder, a folder for the local
    files of this process.

    Raises:
        OptionError: the store's URL cannot be used. UnispeechError: it does not answer.
    """
    if not settings.store:
        return LocalStore(folder), None
    from unispeech.server.storage.object_store import ObjectStore

    store = ObjectStore(settings.store)
    store.check()
    return store, PrivateFolder(folder / "work")
