"""Backends in a worker process: equal results, crashes, hangs and shutdown."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.errors import raises
from support.samples import ROOT, SAMPLES
from unispeech.backends.remote import Remote
from unispeech.engine.engine import Engine
from unispeech.environments.remote_object import RemoteObject, Timeouts
from unispeech.errors import BackendError, OptionError, UnsupportedOption
from unispeech.options import DecodeOptions
from unispeech.types import SAMPLE_RATE, Chunk

MakeEngine = Callable[..., Engine]


@pytest.fixture
def naughty(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., RemoteObject]]:
    """Start workers of this interpreter that can import `naughty`."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT / "tests" / "support"))
    processes: list[RemoteObject] = []

    def make(*arguments: Any, timeouts: Timeouts | None = None) -> RemoteObject:
        python = Path(sys.executable)
        processes.append(RemoteObject("naughty", python, "naughty:Naughty", arguments, timeouts))
        return processes[-1]

    yield make
    for process in processes:
        process.close()


def test_arrays_survive_the_round_trip_exactly(naughty: Callable[..., RemoteObject]) -> None:
    audio = np.random.default_rng(0).standard_normal(480_000).astype(np.float32)
    result = naughty().call("echo", {"samples": audio, "half": audio[100:200]})
    assert result["samples"].tobytes() == audio.tobytes()
    assert result["half"].tobytes() == audio[100:200].tobytes()


def test_library_output_does_not_corrupt_answers(
    naughty: Callable[..., RemoteObject],
) -> None:
    assert naughty().call("prints") == "fine"


def test_a_killed_worker_is_an_error_and_the_next_call_works(
    naughty: Callable[..., RemoteObject],
) -> None:
    process = naughty()
    with raises(BackendError, "naughty", "SIGKILL", "allocating"):
        process.call("dies")
    assert process.call("echo", 1) == 1


def test_a_crash_names_the_signal(naughty: Callable[..., RemoteObject]) -> None:
    with raises(BackendError, "SIGSEGV"):
        naughty().call("crashes")


def test_a_hang_ends_at_the_deadline(naughty: Callable[..., RemoteObject]) -> None:
    process = naughty(timeouts=Timeouts(call=0.5))
    start = time.monotonic()
    with pytest.raises(BackendError, match="within 0 s"):
        process.call("hangs")
    assert time.monotonic() - start < 30  # it would hang for a minute
    assert process.call("echo", 1) == 1


def test_a_worker_that_hangs_while_reading_is_killed(naughty: Callable[..., RemoteObject]) -> None:
    process = naughty(timeouts=Timeouts(call=0.5))
    assert process.call("echo", 1) == 1
    assert process.pid
    os.kill(process.pid, signal.SIGSTOP)
    with pytest.raises(BackendError, match="did not reply"):  # more than a pipe buffers
        process.call("echo", np.zeros(1_000_000, np.float32))


def test_a_failed_start_reports_the_workers_output(naughty: Callable[..., RemoteObject]) -> None:
    with raises(BackendError, "exit code 3", "looking for the weights"):
        naughty("load").start()
    with raises(BackendError, "TypeError"):
        naughty("too", "many").start()
    nowhere = RemoteObject("nowhere", Path("/nonexistent/python"), "x:y", ())
    with raises(BackendError, "/nonexistent/python", "unispeech backends doctor"):
        nowhere.start()


def test_unispeech_errors_cross_unchanged_and_others_are_wrapped(
    naughty: Callable[..., RemoteObject],
) -> None:
    process = naughty()
    with pytest.raises(OptionError, match="no good; use another"):
        process.call("raises", OptionError("no good", "use another"))
    with raises(BackendError, "naughty", "MemoryError: 3 GB"):
        process.call("raises", MemoryError("3 GB"))
    with pytest.raises(BackendError, match="cannot be sent"):
        process.call("unpicklable")


def test_an_unreadable_reply_is_an_error(
    naughty: Callable[..., RemoteObject],
) -> None:
    process = naughty()
    with raises(BackendError, "ValueError: "):
        process.call("unreadable")
    assert process.call("echo", 1) == 1


def test_a_stream_is_lazy_and_stops_when_closed(naughty: Callable[..., RemoteObject]) -> None:
    process = naughty()
    assert list(process.stream("counts", 5)) == [0, 1, 2, 3, 4]
    items = process.stream("counts", 1000)
    assert next(items) == 0
    items.close()  # type: ignore[attr-defined]
    time.sleep(0.1)
    stopped = process.call("counted")
    time.sleep(0.1)
    assert process.call("counted") == stopped < 100


def test_concurrent_calls_do_not_block_each_other(
    naughty: Callable[..., RemoteObject],
) -> None:
    process = naughty()
    slow: list[str] = []
    thread = threading.Thread(target=lambda: slow.append(process.call("slow")))
    thread.start()
    time.sleep(0.1)
    assert process.call("echo", 1) == 1
    assert not slow
    thread.join()
    assert slow == ["slow"]


def test_an_idle_worker_is_ended_and_restarted(naughty: Callable[..., RemoteObject]) -> None:
    process = naughty(timeouts=Timeouts(idle=0.2))
    process.start()
    first = process.pid
    assert _until(lambda: process.pid is None)
    assert process.call("echo", 1) == 1
    assert process.pid not in (None, first)


def test_closing_ends_the_process(naughty: Callable[..., RemoteObject]) -> None:
    process = naughty()
    process.start()
    pid = process.pid
    process.close()
    process.close()
    assert pid and _gone(pid)
    with pytest.raises(BackendError, match="closed"):
        process.call("echo", 1)


def test_no_orphan_when_the_host_is_killed() -> None:
    """The worker is busy in a call and reads nothing."""
    script = (
        "import sys; from pathlib import Path; from threading import Thread\n"
        "from unispeech.environments.remote_object import RemoteObject\n"
        "p = RemoteObject('orphan', Path(sys.executable), 'naughty:Naughty', ())\n"
        "p.start(); print(p.pid, flush=True); p.call('slow'); [p.call('slow') for _ in range(99)]\n"
    )
    here = str(ROOT / "tests" / "support")
    source = str(Path(sys.modules["unispeech"].__file__ or "").parent.parent)
    host = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((here, source))},
    )
    assert host.stdout
    worker = int(host.stdout.readline())
    assert not _gone(worker)
    host.kill()
    host.wait()
    host.stdout.close()
    assert _until(lambda: _gone(worker))


def test_the_worker_outlives_the_thread_that_started_it(
    naughty: Callable[..., RemoteObject],
) -> None:
    """The kernel's parent-death signal is tied to a thread; a caller's may be short-lived."""
    process = naughty()
    thread = threading.Thread(target=process.start)
    thread.start()
    thread.join()
    pid = process.pid
    time.sleep(0.2)
    assert process.call("echo", 1) == 1
    assert process.pid == pid


def test_isolated_gives_the_same_transcript(engine: MakeEngine) -> None:
    here, there = engine(threads=1), engine(isolated=True, threads=1)
    assert isinstance(there.backend, Remote)
    sample = SAMPLES / "english.wav"
    for options in ({"word_timestamps": True}, {"strategy": "native", "beam_size": 1}):
        assert here.transcribe(sample, **options) == there.transcribe(sample, **options)


def test_a_damaged_model_is_the_same_error(tmp_path: Path) -> None:
    from unispeech.errors import ModelDamaged
    from unispeech.models import store

    whole = store.obtain("tiny.en", "ctranslate2", lambda progress: None)
    for file in whole.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes()[:1_000_000])
    errors = []
    for isolated in (False, True):
        with pytest.raises(ModelDamaged) as caught:
            Engine("faster", str(tmp_path), isolated=isolated)
        errors.append(str(caught.value))
    assert errors[0] == errors[1]


def test_an_unsupported_option_is_refused_without_a_worker(engine: MakeEngine) -> None:
    with pytest.raises(UnsupportedOption):
        Engine("faster", "tiny.en", isolated=True, task="translate")


def test_a_kill_during_a_file_fails_the_call_at_once(engine: MakeEngine) -> None:
    """The next call succeeds."""
    there = engine(isolated=True, threads=1)
    assert isinstance(there.backend, Remote)
    seconds = _kill_in_the_middle(there)
    assert seconds < 30  # an undetected kill would last `Timeouts.call`, two minutes
    assert "garden" in there.transcribe(SAMPLES / "english.wav").text


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="counts open files in /proc")
@pytest.mark.parametrize("times", [5, pytest.param(100, marks=pytest.mark.soak)])
def test_repeated_kills_leak_nothing(times: int) -> None:
    with Engine("faster", "tiny.en", isolated=True, threads=1) as there:
        assert isinstance(there.backend, Remote)
        process, clip = there.backend.process, np.tile(_read(SAMPLES / "english.wav"), 5)
        batch = [Chunk(clip[: 30 * SAMPLE_RATE], 0.0, 30.0, language="en")] * 8
        there.transcribe(SAMPLES / "english.wav")  # opens the files that this process keeps open
        files, threads = _open_files(), threading.active_count()
        shared = _shared_memory()
        killed = []
        for _ in range(times):
            process.start()
            killed.append(pid := process.pid or 0)
            threading.Timer(0.05, os.kill, (pid, signal.SIGKILL)).start()
            with raises(BackendError, "faster", "SIGKILL"):
                there.backend.transcribe_batch(batch, DecodeOptions())
        assert "garden" in there.transcribe(SAMPLES / "english.wav").text
        assert _until(lambda: threading.active_count() <= threads)
        assert _open_files() <= files
        assert _shared_memory() <= shared
        assert all(_gone(pid) for pid in killed)


def _kill_in_the_middle(engine: Engine) -> float:
    """Kill the worker after the first words, and return the seconds until the call failed."""
    assert isinstance(engine.backend, Remote)
    process = engine.backend.process
    process.start()
    killed_at: list[float] = []

    def kill(progress: object) -> None:
        if process.pid and not killed_at:
            os.kill(process.pid, signal.SIGKILL)
            killed_at.append(time.monotonic())

    clip = np.tile(_read(SAMPLES / "english.wav"), 12)  # longer than the decoder works ahead
    with raises(BackendError, "faster", "SIGKILL"):
        engine.transcribe(clip, 16_000, on_progress=kill, batch_size=1, temperature=0.0)
    return time.monotonic() - killed_at[0]


def _read(path: Path) -> Any:
    from unispeech.audio.recording import Recording

    return Recording(path).read()


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def _shared_memory() -> int:
    """Count the shared memory mapped by this process; /dev/shm lists that of all processes."""
    return Path("/proc/self/maps").read_text().count("/dev/shm/")


def _gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    state = Path(f"/proc/{pid}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z"


def _until(condition: Callable[[], bool], seconds: float = 30) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False
