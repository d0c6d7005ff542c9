"""Concurrent clients: clips per second, and the latency of the health check."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import wave
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openai

from support.samples import SAMPLES
from support.serving import Server, running

PROBE = str(Path(__file__).with_name("service_probe.py"))


@dataclass(frozen=True, slots=True)
class Throughput:
    """Clips per second, and the latency of the health check in seconds."""

    together: float
    one_by_one: float
    locked: float
    """`WhisperModel.transcribe` behind one lock, with the same number of clients."""
    refused: int
    errors: int
    health_95: float
    health_worst: float


def clip(folder: Path) -> Path:
    """Write ten seconds of speech."""
    path = folder / "clip.wav"
    with wave.open(str(SAMPLES / "english.wav")) as source, wave.open(str(path), "wb") as file:
        file.setparams(source.getparams())
        file.writeframes(source.readframes(10 * source.getframerate()))
    return path


def load_test(folder: Path, clients: int, alone: int, rounds: int = 1) -> Throughput:
    """Transcribe a clip from concurrent OpenAI clients, from one client, and through a lock."""
    sound = clip(folder).read_bytes()
    with running(folder, rate_limit="100000/minute") as server, ExitStack() as stack:
        api = stack.enter_context(
            openai.OpenAI(base_url=f"{server.url}/v1", api_key="x", max_retries=0, timeout=600)
        )

        def transcribe(_: int) -> str:
            try:
                file = ("clip.wav", sound)
                answer = api.audio.transcriptions.create(model="tiny.en", file=file, language="en")
                return "" if "garden" in answer.text else f"wrong text {answer.text!r}"
            except openai.RateLimitError:
                return "429"
            except openai.OpenAIError as error:
                return repr(error)

        transcribe(0)  # loads the model
        one_by_one = alone / _timed(lambda: [transcribe(n) for n in range(alone)])[0]
        locked = _locked(folder / "clip.wav", clients, alone)
        health = stack.enter_context(health_delays(server))
        with ThreadPoolExecutor(clients) as threads:
            took, outcomes = _timed(lambda: list(threads.map(transcribe, range(clients * rounds))))
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
    start = time.monotonic()
    result = work()
    return time.monotonic() - start, result


@contextmanager
def health_delays(server: Server) -> Iterator[list[float]]:
    """Collect the latency of /healthz while the block runs.

    A separate process sends the requests, since here they would wait for the clients' threads.
    """
    delays: list[float] = []
    probe = subprocess.Popen(
        [sys.executable, PROBE, server.url], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert probe.stdout is not None
    probe.stdout.readline()
    try:
        yield delays
    finally:
        output, _ = probe.communicate()
        delays += json.loads(output)


def _locked(path: Path, clients: int, clips: int) -> float:
    """Return the clips per second with one model and one lock, as in whisper-asr-webservice."""
    from faster_whisper import WhisperModel

    from unispeech.models import store

    model = WhisperModel(str(store.obtain("tiny.en")), device="cpu", compute_type="int8")
    lock = threading.Lock()

    def transcribe(_: int) -> None:
        with lock:
            segments, _info = model.transcribe(str(path), language="en")
            list(segments)

    transcribe(0)
    with ThreadPoolExecutor(clients) as threads:
        return clips / _timed(lambda: list(threads.map(transcribe, range(clips))))[0]
