"""What the service is measured by. The test suite runs small versions; the full ones are

python tests/service_measures.py kill --jobs 20 --kills 20
python tests/service_measures.py kill --jobs 20 --kills 20 --postgres
python tests/service_measures.py load --clients 50
python tests/service_measures.py upload --megabytes 2048
"""

from __future__ import annotations

import argparse
import json
import os
import pwd
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import wave
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import openai

from conftest import SAMPLES, words
from serving import Receiver, Server, free_port, running, until_ended
from unispeech.audio import load
from unispeech.engine import Engine
from unispeech.types import SAMPLE_RATE

OPTIONS: dict[str, Any] = {"chunk_length": 6.0, "batch_size": 4}
"""Short chunks in small batches, so that there are many moments to kill at."""


def recordings(folder: Path, count: int, seed: int = 7) -> list[Path]:
    """Files of mixed length, each the samples said in another order a few times."""
    import numpy as np

    parts = [load(SAMPLES / f"{name}.wav") for name in ("english", "pause")]
    paths = []
    chance = random.Random(seed)
    for number in range(count):
        said = [chance.choice(parts) for _ in range(chance.randint(1, 7))]
        path = folder / f"{number}.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(SAMPLE_RATE)
            file.writeframes((np.concatenate(said) * 32767).astype(np.int16).tobytes())
        paths.append(path)
    return paths


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """A PostgreSQL server of our own; its URL."""
    initdb = shutil.which("initdb") or next(
        (str(p) for p in sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))), None
    )
    assert initdb, "PostgreSQL is not installed"
    place, port = folder / "postgres", free_port()
    place.mkdir()
    user: list[str] = []
    if os.geteuid() == 0:  # which PostgreSQL refuses to run as
        owner = pwd.getpwnam("postgres")
        os.chown(place, owner.pw_uid, owner.pw_gid)
        for parent in place.parents:
            if parent.stat().st_uid == 0 and parent != Path("/") and parent != Path("/tmp"):
                parent.chmod(parent.stat().st_mode | 0o055)
        user = ["runuser", "-u", "postgres", "--"]
    quiet: dict[str, Any] = {"check": True, "stdout": subprocess.DEVNULL}
    data = place / "data"
    subprocess.run(
        [*user, initdb, "-D", str(data), "-A", "trust", "-U", "unispeech", "-N"], **quiet
    )
    server = subprocess.Popen(
        [*user, str(Path(initdb).parent / "postgres"), "-D", str(data), "-p", str(port),
         "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={place}",
         "-c", "max_connections=200"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    url = f"postgresql://unispeech@127.0.0.1:{port}/postgres"
    try:
        import psycopg

        for _ in range(200):
            try:
                psycopg.connect(url).close()
                break
            except psycopg.OperationalError:
                time.sleep(0.1)
        yield url
    finally:
        server.terminate()
        server.wait(30)


@dataclass(frozen=True, slots=True)
class Survived:
    """What came of a run with kills."""

    jobs: int
    correct: int
    kills: int
    told: int
    """Jobs whose webhook arrived."""
    chunks: int
    decoded: int
    """Chunks that a run began to decode or queued for decoding."""
    again: int
    """Chunks decoded although their result was recorded: must be 0."""
    cut_off: list[int]
    """For each kill, the chunks of batches begun and not ended: at most one batch."""


def kill(folder: Path, jobs: int, kills: int, seed: int = 3, database: str = "") -> Survived:
    """Submit jobs, kill at random moments and start again; everything must come out right.

    With a `database` (Postgres) one process serves and two workers are killed in turn.
    """
    chance = random.Random(seed)
    receiver = Receiver()
    common: dict[str, Any] = {
        "allowed_webhooks_file": receiver.allow(folder),
        "log_level": "debug",
        "compute_type": "float32",
        "batch_size": OPTIONS["batch_size"],
        "database_url": database,
    }
    here = 0 if database else 4
    server = Server(folder, **common, jobs_at_once=here).start()
    victims = [Server(folder, command="worker", **common) for _ in range(2 if database else 0)]
    for worker in victims:
        worker.start()
    victims = victims or [server]
    try:
        paths = recordings(folder, jobs)
        with server.client() as http:
            ids = [_submit(http, path) for path in paths]
        for _ in range(kills):
            time.sleep(chance.uniform(0.5, 9.0))
            victim = chance.choice(victims)
            victim.kill()
            victim.start(wait=chance.random() < 0.8)  # now and then also while it starts
        server.wait()
        with server.client() as http:
            ended = [until_ended(http, id, 900) for id in ids]
            texts = [_text(http, job["id"]) for job in ended]
        receiver.wait(jobs, 60)
        told = {body["job_id"] for body in receiver.bodies() if body["success"]}
    finally:
        for one in {*victims, server}:
            one.stop()
        receiver.close()
    expected = _expected(paths)
    correct = sum(words(a) == words(b) for a, b in zip(texts, expected, strict=True))
    return Survived(jobs, correct, kills, len(told), *_counted([v.log for v in victims]))


def _submit(http: httpx.Client, path: Path) -> str:
    with path.open("rb") as file:
        fields = {**{k: str(v) for k, v in OPTIONS.items()}, "webhook_id": "desk"}
        answer = http.post("/api/jobs", files={"file": (path.name, file)}, data=fields)
    return str(answer.raise_for_status().json()["id"])


def _text(http: httpx.Client, id: str) -> str:
    return http.get(f"/api/jobs/{id}/transcript?format=txt").raise_for_status().text


def _expected(paths: list[Path]) -> list[str]:
    with Engine("faster", "tiny.en", compute_type="float32") as engine:
        return [engine.transcribe(path, **OPTIONS).text for path in paths]


def _counted(logs: list[Path]) -> tuple[int, int, int, list[int]]:
    """(distinct chunks, chunks begun, chunks begun after being recorded, cut off at each kill).

    Lines of several processes are put in order by their time.
    """
    lines: list[dict[str, Any]] = []
    cut_off: list[int] = []
    for log in logs:
        open_batch = 0
        for text in log.read_text().splitlines():
            if not text.startswith("{"):
                continue
            line = json.loads(text)
            lines.append(line)
            if line["message"] == "batch begins":
                open_batch += line["chunks"]
            elif line["message"] == "batch ends":
                open_batch -= line["chunks"]
            elif line["message"] == "started":
                cut_off += [open_batch] if open_batch else []
                open_batch = 0
    begun: Counter[tuple[str, int]] = Counter()
    recorded: set[tuple[str, int]] = set()
    again = 0
    for line in sorted(lines, key=lambda line: str(line["time"])):
        key = (line.get("job", ""), line.get("chunk", -1))
        if line["message"] == "decoding":
            begun[key] += 1
            again += key in recorded
        elif line["message"] == "recorded":
            recorded.add(key)
    return len(begun), begun.total(), again, cut_off


@dataclass(frozen=True, slots=True)
class Throughput:
    """Clips per second, and how quick the health check was meanwhile."""

    together: float
    one_by_one: float
    locked: float
    """`WhisperModel.transcribe` under one lock, with the same clients at once."""
    refused: int
    errors: int
    health_95: float
    health_worst: float


def clip(folder: Path) -> Path:
    """Ten seconds of speech."""
    path = folder / "clip.wav"
    with wave.open(str(SAMPLES / "english.wav")) as source, wave.open(str(path), "wb") as file:
        file.setparams(source.getparams())
        file.writeframes(source.readframes(10 * source.getframerate()))
    return path


def load_test(folder: Path, clients: int, alone: int, rounds: int = 1) -> Throughput:
    """The same clip from many OpenAI clients at once, from one client, and through a lock."""
    sound = clip(folder).read_bytes()
    with running(folder, rate_limit="100000/minute") as server, ExitStack() as stack:
        api = stack.enter_context(
            openai.OpenAI(base_url=f"{server.url}/v1", api_key="x", max_retries=0, timeout=600)
        )

        def ask(_: int) -> str:
            try:
                file = ("clip.wav", sound)
                answer = api.audio.transcriptions.create(model="tiny.en", file=file, language="en")
                return "" if "garden" in answer.text else f"heard {answer.text!r}"
            except openai.RateLimitError:
                return "429"
            except openai.OpenAIError as error:
                return repr(error)

        ask(0)  # loads the model
        one_by_one = alone / _timed(lambda: [ask(n) for n in range(alone)])[0]
        locked = _locked(folder / "clip.wav", clients, alone)
        health = stack.enter_context(_health(server))
        with ThreadPoolExecutor(clients) as threads:
            took, outcomes = _timed(lambda: list(threads.map(ask, range(clients * rounds))))
        delays = sorted(health)
    good = outcomes.count("")
    refused = outcomes.count("429")
    for problem in {o for o in outcomes if o not in ("", "429")}:
        print(problem, file=sys.stderr)
    return Throughput(
        together=good / took,
        one_by_one=one_by_one,
        locked=locked,
        refused=refused,
        errors=len(outcomes) - good - refused,
        health_95=delays[int(0.95 * (len(delays) - 1))],
        health_worst=delays[-1],
    )


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.monotonic()
    result = work()
    return time.monotonic() - began, result


@contextmanager
def _health(server: Server) -> Iterator[list[float]]:
    """Seconds that /healthz takes, again and again while the block runs."""
    delays: list[float] = []
    stop = threading.Event()

    def ask() -> None:
        with server.client() as http:
            while not stop.wait(0.05):
                delays.append(_timed(lambda: http.get("/healthz"))[0])

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield delays
    finally:
        stop.set()
        thread.join()


def _locked(path: Path, clients: int, clips: int) -> float:
    """Clips per second of whisper-asr-webservice's way: one model, one lock."""
    from faster_whisper import WhisperModel

    from unispeech.models import store

    model = WhisperModel(str(store.obtain("tiny.en")), device="cpu", compute_type="int8")
    lock = threading.Lock()

    def ask(_: int) -> None:
        with lock:
            segments, _info = model.transcribe(str(path), language="en")
            list(segments)

    ask(0)
    with ThreadPoolExecutor(clients) as threads:
        return clips / _timed(lambda: list(threads.map(ask, range(clips))))[0]


def upload(folder: Path, megabytes: int) -> tuple[float, float]:
    """Megabytes of memory of the server before an upload of so many, and at most during it."""

    def zeros() -> Iterator[bytes]:
        yield (SAMPLES / "english.wav").read_bytes()
        for _ in range(megabytes):
            yield bytes(1 << 20)

    with running(folder) as server:
        assert server.process is not None
        status = Path(f"/proc/{server.process.pid}/status")
        before = _resident(status)
        peak = [before]
        stop = threading.Event()

        def watch() -> None:
            while not stop.wait(0.1):
                peak[0] = max(peak[0], _resident(status))

        thread = threading.Thread(target=watch)
        thread.start()
        with server.client() as http:
            answer = http.post(
                "/v1/transcribe?email_callback=a@example.org", content=zeros(), timeout=600
            )
            assert answer.status_code == 201, answer.text
            http.delete(f"/api/jobs/{answer.json()['job_id']}")
        stop.set()
        thread.join()
    return before, peak[0]


def _resident(status: Path) -> float:
    row = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
    return int(row.split()[1]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["kill", "load", "upload"])
    parser.add_argument("--jobs", type=int, default=20)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--megabytes", type=int, default=2048)
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="unispeech-")))
        if given.what == "kill":
            url = stack.enter_context(postgres(folder)) if given.postgres else ""
            print(kill(folder, given.jobs, given.kills, database=url))
        elif given.what == "load":
            print(load_test(folder, given.clients, alone=10))
        else:
            before, peak = upload(folder, given.megabytes)
            print(f"{before:.0f} MB before, at most {peak:.0f} MB during")


if __name__ == "__main__":
    main()
