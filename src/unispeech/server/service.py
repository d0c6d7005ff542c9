"""Everything one server or worker process consists of, put together and taken apart in order."""

from __future__ import annotations

import gc
import logging

from unispeech.server.jobs.lifecycle import Jobs
from unispeech.server.jobs.notices import Notices
from unispeech.server.jobs.runner import Runner
from unispeech.server.jobs.workflows import Worker
from unispeech.server.settings import Settings
from unispeech.server.speech.decoders import Cut
from unispeech.server.speech.speech import Speech
from unispeech.server.speech.streams import Streams
from unispeech.server.storage.database import Database
from unispeech.server.storage.keys import Key, Keys, Rates
from unispeech.version import __version__

log = logging.getLogger("unispeech.server")


class Service:
    """Made before the first request, started by the event loop, stopped at the end.

    Raises:
        OptionError: a setting that cannot be used.
        UnispeechError: the database does not answer.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.scratch = settings.folder() / "scratch"
        self.database = Database(settings.database)
        self.keys = Keys(self.database, settings.api_key)
        self.rates = Rates(settings.rate_limit)
        self.notices = Notices(settings, self.database)
        self.speech = Speech(settings)
        self.streams = Streams(settings, self.speech)
        self.jobs = Jobs(self.database, settings.data_dir / "jobs", settings.queue_size)
        self.runner = Runner(self.jobs, self.speech)
        self.worker = Worker(
            self.runner,
            self.notices,
            settings.database_url or f"sqlite:///{settings.data_dir / 'workflows.sqlite'}",
            settings.jobs_at_once,
            settings.retention_days,
        )
        self.ready = False

    def start(self) -> None:
        """Blocking: migrations, the queue, the first decoding process."""
        log.info("started", extra={"worker": self.worker.id, "version": __version__})
        self.speech.decoders.start()
        self.worker.start()
        # What is there now stays. Looking through it again for garbage holds everything up.
        gc.collect()
        gc.freeze()
        self.ready = True

    def leave(self) -> None:
        """Begin to stop: end event streams, and hand running jobs back after their batch."""
        if self.ready:
            log.info("stopping")
        self.ready = False
        self.runner.stopping.set()

    def stop(self) -> None:
        """Blocking: everything ends."""
        self.leave()
        self.streams.close()
        self.worker.stop()
        self.speech.close()
        self.database.close()

    def max_upload(self, key: Key) -> int:
        return min(key.max_upload or self.settings.max_upload, self.settings.max_upload)

    def max_duration(self, key: Key) -> float:
        return min(key.max_duration or self.settings.max_duration, self.settings.max_duration)

    def cut(self, key: Key) -> Cut:
        """All of a recording, if it is not too long for this caller."""
        return Cut(longest=self.max_duration(key))
