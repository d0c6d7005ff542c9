"""Jobs that decode another job's recording."""

from __future__ import annotations

from pathlib import Path

from unispeech.server.jobs.lifecycle import Jobs
from unispeech.server.jobs.ranges import range_job
from unispeech.server.jobs.translations import is_translation
from unispeech.server.speech.speech import SpeechRequest
from unispeech.server.storage.database import Database, Job

PARENT = Job(
    "1", "ada", "openai", "talk.mp3", "faster", "base", {"language": "de"},
    max_duration=60.0, priority=3,
)  # fmt: skip


def test_a_range_has_the_limits_of_its_parent_and_the_engine_of_the_request(tmp_path: Path) -> None:
    jobs = Jobs(Database("sqlite://"), tmp_path / "jobs", 10)
    request = SpeechRequest("openvino", "small", {"language": "en"})
    part = range_job(jobs, PARENT, "bob", request, 2.0, 5.0, "digest")
    assert (part.owner, part.dialect, part.parent) == ("bob", "api", "1")
    assert (part.filename, part.max_duration, part.priority) == ("talk.mp3", 60.0, 3)
    assert (part.backend, part.model, part.options) == ("openvino", "small", {"language": "en"})
    assert (part.range_start, part.range_end, part.range_digest) == (2.0, 5.0, "digest")
    assert jobs.accept(part).created and jobs.files(part.id).folder.is_dir()


def test_a_range_over_the_whole_recording_that_replaces_nothing_can_be_a_translation(
    tmp_path: Path,
) -> None:
    jobs = Jobs(Database("sqlite://"), tmp_path / "jobs", 10)
    request = SpeechRequest("faster", "base", {"task": "translate"})
    assert is_translation(range_job(jobs, PARENT, "ada", request))
    assert not is_translation(range_job(jobs, PARENT, "ada", request, digest="digest"))
