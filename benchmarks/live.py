"""How soon live words come, how right they are, and what they cost.

    python benchmarks/live.py RECORDINGS --seconds 60    at real speed, with a baseline
    python benchmarks/live.py RECORDINGS --streams 8     several at once, one shared model
    python benchmarks/live.py RECORDINGS --hours 2       as fast as possible, watching memory

RECORDINGS is a folder with a manifest.jsonl of `audio`, `text`, `language` and `segments`. Latency
is from the end of a word (as the final says) to when it was first shown, and to when it was final.
The baseline is the policy of whisper_real_time (davabase/whisper_real_time): every two seconds of
sound the whole phrase is decoded again, and three seconds without speech end it; it is decoded by
the same engine. Error is in words of the reference, after Whisper's normaliser.
"""

from __future__ import annotations

import argparse
import json
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from unispeech import vad
from unispeech.audio import Recording, load
from unispeech.bench.metrics import score
from unispeech.engine import Engine
from unispeech.options import LoadOptions
from unispeech.pool import Pool
from unispeech.realtime.agreement import plain
from unispeech.realtime.hearing import Hearing
from unispeech.realtime.intake import Intake, fill, listen
from unispeech.realtime.playback import at_speed, play
from unispeech.realtime.session import LiveOptions, Session
from unispeech.types import SAMPLE_RATE, Word

RECORD_TIMEOUT = 2.0
PHRASE_TIMEOUT = 3.0
"""whisper_real_time's own defaults, seconds."""
NEAR = 0.75
"""Seconds between two hearings of what is taken for the same word."""

Samples = Any


@dataclass
class Clip:
    name: str
    samples: Samples
    text: str
    language: str


@dataclass
class Heard:
    """What one system said about one clip: when each word was shown, and when it was final."""

    shown: list[tuple[float, Word]] = field(default_factory=list)
    final: list[tuple[float, Word]] = field(default_factory=list)
    lag: float = 0.0
    cpu: float = 0.0

    @property
    def text(self) -> str:
        return "".join(word.word for _, word in self.final)

    def latencies(self) -> tuple[list[float], list[float]]:
        """Seconds from the end of each final word to its first sight, and to its being final."""
        first, last = [], []
        for when, word in self.final:
            same = (
                at
                for at, seen in self.shown
                if plain(seen.word) == plain(word.word) and abs(seen.start - word.start) < NEAR
            )
            first.append(min(next(same, when), when) - word.end)
            last.append(when - word.end)
        return first, last


def clips(folder: Path, seconds: float, files: int) -> Iterator[Clip]:
    """The beginnings of the English recordings, cut where a segment ends."""
    rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]
    for row in [row for row in rows if row["language"] == "en"][:files]:
        segments = [s for s in row["segments"] if s[1] <= seconds]
        samples = load(folder / row["audio"])[: int((segments[-1][1] + 0.2) * SAMPLE_RATE)]
        text = " ".join(segment[2] for segment in segments)
        yield Clip(row["audio"], samples, text, row["language"])


def played(clip: Clip) -> Intake:
    intake = Intake()
    fill(intake, at_speed(play(Recording(clip.samples, SAMPLE_RATE))))
    return intake


def ours(engine: Engine, clip: Clip) -> Heard:
    heard, cpu, begun = Heard(), time.process_time(), time.monotonic()
    said = ""
    for event in listen(Session(Hearing.of(engine, language=clip.language)), played(clip)):
        now = time.monotonic() - begun
        heard.lag = max(heard.lag, event.lag)
        if event.type in ("partial", "final"):
            heard.shown += [(now, word) for word in event.words]
        if event.type == "final":
            heard.final += [(now, word) for word in event.words]
            assert heard.text.startswith(said), "a final changed"
            said = heard.text
    heard.cpu = time.process_time() - cpu
    return heard


def baseline(engine: Engine, clip: Clip) -> Heard:
    """whisper_real_time: the growing phrase again and again, cut on a pause."""
    heard, cpu, begun = Heard(), time.process_time(), time.monotonic()
    listener = vad.Listener()
    phrase: list[Samples] = []
    words: list[Word] = []
    at = since = 0.0
    silent = PHRASE_TIMEOUT
    fresh = 0.0

    def decode() -> None:
        nonlocal words, fresh
        sound = np.concatenate(phrase)
        options: Any = {"language": clip.language, "word_timestamps": True}
        transcript = engine.transcribe(sound, SAMPLE_RATE, **options)
        now = time.monotonic() - begun
        words = [
            Word(w.start + since, w.end + since, w.word, w.probability)
            for segment in transcript.segments
            for w in segment.words
        ]
        heard.shown += [(now, word) for word in words]
        fresh = 0.0

    def end() -> None:
        now = time.monotonic() - begun
        heard.final += [(now, word) for word in words]
        phrase.clear()
        words.clear()

    for samples, waiting in played(clip):
        heard.lag = max(heard.lag, waiting)
        seconds = len(samples) / SAMPLE_RATE
        whole = samples[: len(samples) // 512 * 512]
        speaking = len(whole) > 0 and float(listener.probabilities(whole).max()) > 0.5
        silent = 0.0 if speaking else silent + seconds
        if not phrase:
            since = at
        at += seconds
        if phrase or speaking:
            phrase.append(samples)
            fresh += seconds
        if fresh >= RECORD_TIMEOUT and waiting < RECORD_TIMEOUT:
            decode()
        if phrase and silent >= PHRASE_TIMEOUT:
            if fresh:
                decode()
            end()
    if phrase:
        decode()
        end()
    heard.cpu = time.process_time() - cpu
    return heard


def spread(values: list[float]) -> str:
    if not values:
        return "     -      -"
    return f"{statistics.median(values):6.2f} {float(np.percentile(values, 95)):6.2f}"


def errors(pairs: list[tuple[str, str]]) -> float:
    scores = [score(reference, text, "en") for reference, text in pairs]
    return 100 * sum(s.errors for s in scores) / sum(s.words for s in scores)


def compare(engine: Engine, found: list[Clip]) -> None:
    """Each clip at real speed with both systems, one after the other, and offline."""
    systems: dict[str, Callable[[Engine, Clip], Heard]] = {
        "unispeech live": ours,
        "growing phrase": baseline,
    }
    engine.transcribe(found[0].samples, SAMPLE_RATE, word_timestamps=True)
    runs: dict[str, list[Heard]] = {name: [] for name in systems}
    for clip in found:
        for name, system in systems.items():
            runs[name].append(system(engine, clip))
    begun = time.process_time()
    offline = [engine.transcribe(clip.samples, SAMPLE_RATE).text for clip in found]
    spent = time.process_time() - begun
    seconds = sum(len(clip.samples) for clip in found) / SAMPLE_RATE
    print(f"{len(found)} recordings, {seconds:.0f} s; seconds of latency: median, 95th percentile")
    print(f"{'':16} {'shown':>13}  {'final':>13}  {'WER %':>6} {'CPU s':>6} {'lag s':>6}")
    for name, results in runs.items():
        shown = [value for heard in results for value in heard.latencies()[0]]
        final = [value for heard in results for value in heard.latencies()[1]]
        wer = errors([(c.text, h.text) for c, h in zip(found, results, strict=True)])
        cpu, lag = sum(heard.cpu for heard in results), max(heard.lag for heard in results)
        print(f"{name:16} {spread(shown)}  {spread(final)}  {wer:6.2f} {cpu:6.1f} {lag:6.2f}")
    wer = errors([(clip.text, text) for clip, text in zip(found, offline, strict=True)])
    print(f"{'offline batched':16} {'':13}  {'':13}  {wer:6.2f} {spent:6.1f}")


def together(model: str, clip: Clip, streams: int) -> None:
    """The same clip in several streams that begin a moment apart and share one model."""
    with Pool() as pool, pool.engine("faster", model, LoadOptions()) as engine:
        results: list[Heard] = []

        def one(number: int) -> None:
            time.sleep(number * 0.17)
            results.append(ours(engine, clip))

        threads = [threading.Thread(target=one, args=(number,)) for number in range(streams)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    shown = [value for heard in results for value in heard.latencies()[0]]
    final = [value for heard in results for value in heard.latencies()[1]]
    wer = errors([(clip.text, heard.text) for heard in results])
    lag = max(heard.lag for heard in results)
    seconds = len(clip.samples) / SAMPLE_RATE
    print(f"{streams} streams of {seconds:.0f} s at once")
    print(f"shown {spread(shown)}  final {spread(final)}  WER {wer:.2f} %  longest lag {lag:.2f} s")


def endurance(engine: Engine, found: list[Clip], hours: float, step: float) -> None:
    """Feed the clips again and again, and say what memory is held."""
    process = psutil.Process()
    session = Session(Hearing.of(engine, language="en"), LiveOptions(step=step))
    finals, told, begun = 0, 0.0, time.monotonic()
    while session.time < hours * 3600:
        for clip in found:
            for start in range(0, len(clip.samples), SAMPLE_RATE):
                for event in session.feed(clip.samples[start : start + SAMPLE_RATE]):
                    finals += len(event.words) if event.type == "final" else 0
            if session.time >= told:
                told = session.time + 600
                held = process.memory_info().rss / 1e6
                took = time.monotonic() - begun
                print(
                    f"{session.time / 60:6.1f} min heard in {took / 60:5.1f} min: "
                    f"{held:6.0f} MB, {finals} words",
                    flush=True,
                )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("recordings", type=Path)
    parser.add_argument("--model", default="tiny.en")
    parser.add_argument("--seconds", type=float, default=60.0, help="of each recording")
    parser.add_argument("--files", type=int, default=1)
    parser.add_argument("--streams", type=int, default=0)
    parser.add_argument("--hours", type=float, default=0.0)
    parser.add_argument("--step", type=float, default=0.5)
    given = parser.parse_args()
    found = list(clips(given.recordings, given.seconds, given.files))
    if given.streams:
        together(given.model, found[0], given.streams)
        return
    with Engine("faster", given.model, language="en") as engine:
        if given.hours:
            endurance(engine, found, given.hours, given.step)
        else:
            compare(engine, found)


if __name__ == "__main__":
    main()
