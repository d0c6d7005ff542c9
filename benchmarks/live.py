"""Latency, accuracy and processor time of live captions.

    python benchmarks/live.py RECORDINGS                 at real speed, with a baseline
    python benchmarks/live.py RECORDINGS --seconds 60    only the first minute of each
    python benchmarks/live.py RECORDINGS --accuracy      errors only, as fast as possible
    python benchmarks/live.py RECORDINGS --streams 8     concurrent streams, one shared model
    python benchmarks/live.py RECORDINGS --hours 2       memory over time, as fast as possible

RECORDINGS is a folder with a manifest.jsonl of `audio`, `text`, `language` and `segments`. Latency
counts from the end of a word (by the final result) to its first display, and until it is final. The
baseline is the policy of whisper_real_time (davabase/whisper_real_time) on the same engine: it
decodes the whole phrase again every two seconds, and ends it after three seconds without speech.
Errors are word errors after Whisper's normaliser.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from unispeech.audio.recording import Recording, load
from unispeech.bench.accuracy import score
from unispeech.engine.engine import Engine
from unispeech.engine.pool import Pool
from unispeech.options import LoadOptions
from unispeech.realtime.agreement import plain
from unispeech.realtime.intake import Intake, fill, listen, without_lag
from unispeech.realtime.playback import in_real_time, play
from unispeech.stages import silero
from unispeech.system import allocator
from unispeech.types import SAMPLE_RATE, Word

RECORD_TIMEOUT = 2.0
PHRASE_TIMEOUT = 3.0
"""Defaults of whisper_real_time, in seconds."""
NEAR = 0.75
"""Largest difference in seconds between two start times of the same word."""

Samples = Any


@dataclass
class Clip:
    name: str
    samples: Samples
    text: str
    language: str


@dataclass
class LiveResult:
    """Words of one system for one clip, with the times when they were shown and became final."""

    shown: list[tuple[float, Word]] = field(default_factory=list)
    final: list[tuple[float, Word]] = field(default_factory=list)
    lags: list[float] = field(default_factory=list)
    cpu: float = 0.0

    @property
    def text(self) -> str:
        return "".join(word.word for _, word in self.final)

    def latencies(self) -> tuple[list[float], list[float]]:
        """Return the seconds from the end of each final word to its first display and to final."""
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


def clips(folder: Path, language: str, seconds: float, files: int | None) -> Iterator[Clip]:
    """Yield the recordings in a language, truncated at the end of a segment."""
    rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]
    for row in [row for row in rows if row["language"] == language][:files]:
        if not row.get("segments"):
            yield Clip(row["audio"], load(folder / row["audio"]), row["text"], language)
            continue
        segments = [s for s in row["segments"] if s[1] <= seconds]
        samples = load(folder / row["audio"])[: int((segments[-1][1] + 0.2) * SAMPLE_RATE)]
        text = " ".join(segment[2] for segment in segments)
        yield Clip(row["audio"], samples, text, language)


def played(clip: Clip) -> Intake:
    intake = Intake()
    fill(intake, in_real_time(play(Recording(clip.samples, SAMPLE_RATE))))
    return intake


def ours(engine: Engine, clip: Clip) -> LiveResult:
    result, cpu, start = LiveResult(), time.process_time(), time.monotonic()
    phrase: list[str] = []
    for event in listen(engine.listen(language=clip.language), played(clip)):
        now = time.monotonic() - start
        result.lags.append(event.lag)
        if event.type in ("partial", "final"):
            result.shown += [(now, word) for word in event.words]
        if event.type == "final":
            last_end = result.final[-1][1].end if result.final else 0.0
            assert event.start >= last_end, "finals must not overlap"
            result.final += [(now, word) for word in event.words]
            phrase.append(event.text)
        if event.type == "endpoint":
            assert event.text == "".join(phrase), "finals must not change"
            phrase.clear()
    result.cpu = time.process_time() - cpu
    return result


def baseline(engine: Engine, clip: Clip) -> LiveResult:
    """Transcribe as whisper_real_time: decode the growing phrase repeatedly, end it at a pause."""
    result, cpu, start = LiveResult(), time.process_time(), time.monotonic()
    listener = silero.Listener()
    phrase: list[Samples] = []
    words: list[Word] = []
    at = since = 0.0
    silent = PHRASE_TIMEOUT
    fresh = 0.0

    def decode() -> None:
        nonlocal words, fresh
        samples = np.concatenate(phrase)
        options: Any = {"language": clip.language, "word_timestamps": True}
        transcript = engine.transcribe(samples, SAMPLE_RATE, **options)
        now = time.monotonic() - start
        words = [
            Word(w.start + since, w.end + since, w.word, w.probability)
            for segment in transcript.segments
            for w in segment.words
        ]
        result.shown += [(now, word) for word in words]
        fresh = 0.0

    def end() -> None:
        now = time.monotonic() - start
        result.final += [(now, word) for word in words]
        phrase.clear()
        words.clear()

    for samples, waiting in played(clip):
        result.lags.append(waiting)
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
    result.cpu = time.process_time() - cpu
    return result


def spread(values: list[float]) -> str:
    if not values:
        return "     -      -"
    return f"{statistics.median(values):6.2f} {float(np.percentile(values, 95)):6.2f}"


def errors(pairs: list[tuple[str, str]], language: str) -> float:
    scores = [score(reference, text, language) for reference, text in pairs]
    return 100 * sum(s.errors for s in scores) / sum(s.words for s in scores)


def compare(engine: Engine, recordings: list[Clip]) -> None:
    """Run each clip at real speed with both systems in turn, and offline."""
    systems: dict[str, Callable[[Engine, Clip], LiveResult]] = {
        "unispeech live": ours,
        "growing phrase": baseline,
    }
    engine.transcribe(recordings[0].samples, SAMPLE_RATE, word_timestamps=True)
    runs: dict[str, list[LiveResult]] = {name: [] for name in systems}
    for clip in recordings:
        for name, system in systems.items():
            runs[name].append(system(engine, clip))
    start = time.process_time()
    offline = [engine.transcribe(clip.samples, SAMPLE_RATE).text for clip in recordings]
    spent = time.process_time() - start
    seconds = sum(len(clip.samples) for clip in recordings) / SAMPLE_RATE
    print(f"{len(recordings)} recordings, {seconds:.0f} s; latency in s: median, 95th percentile")
    print(f"{'':16} {'shown':>13}  {'final':>13}  {'WER %':>6} {'CPU s':>6} {'lag s':>6}")
    for name, results in runs.items():
        shown = [value for result in results for value in result.latencies()[0]]
        final = [value for result in results for value in result.latencies()[1]]
        pairs = [(clip.text, result.text) for clip, result in zip(recordings, results, strict=True)]
        wer = errors(pairs, recordings[0].language)
        cpu, lag = sum(result.cpu for result in results), max(max(h.lags) for h in results)
        print(f"{name:16} {spread(shown)}  {spread(final)}  {wer:6.2f} {cpu:6.1f} {lag:6.2f}")
    pairs = [(clip.text, text) for clip, text in zip(recordings, offline, strict=True)]
    wer = errors(pairs, recordings[0].language)
    print(f"{'offline batched':16} {'':13}  {'':13}  {wer:6.2f} {spent:6.1f}")


def accuracy(engine: Engine, recordings: list[Clip]) -> None:
    """Compare the final text with the offline text. Sessions have no clock, so nothing waits."""
    pairs: dict[str, list[tuple[str, str]]] = {"live": [], "offline": []}
    for clip in recordings:
        session = engine.listen(language=clip.language)
        pieces = play(Recording(clip.samples, SAMPLE_RATE))
        live = "".join(e.text for e in listen(session, without_lag(pieces)) if e.type == "final")
        offline = engine.transcribe(clip.samples, SAMPLE_RATE, language=clip.language).text
        pairs["live"].append((clip.text, live))
        pairs["offline"].append((clip.text, offline))
        rates = {name: errors(pair[-1:], clip.language) for name, pair in pairs.items()}
        print(
            f"{clip.name:24} live {rates['live']:5.2f}  offline {rates['offline']:5.2f}", flush=True
        )
    all_ = {name: errors(pair, recordings[0].language) for name, pair in pairs.items()}
    print(f"{'all':24} live {all_['live']:5.2f}  offline {all_['offline']:5.2f}  word errors, %")


def together(model: str, recordings: list[Clip], streams: int) -> None:
    """Run clips in concurrent streams that start at different times and share a model."""
    cpu = time.process_time()
    with Pool() as pool, pool.engine("faster", model, LoadOptions()) as engine:
        results: list[tuple[Clip, LiveResult]] = []

        def stream(number: int) -> None:
            time.sleep(number * 0.37)
            clip = recordings[number % len(recordings)]
            results.append((clip, ours(engine, clip)))

        threads = [threading.Thread(target=stream, args=(number,)) for number in range(streams)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    shown = [value for _, result in results for value in result.latencies()[0]]
    final = [value for _, result in results for value in result.latencies()[1]]
    wer = errors([(clip.text, result.text) for clip, result in results], recordings[0].language)
    lags = [lag for _, result in results for lag in result.lags]
    seconds = sum(len(clip.samples) for clip, _ in results) / SAMPLE_RATE
    cpu = time.process_time() - cpu
    print(f"{streams} streams at once, {seconds:.0f} s in total; median, 95th percentile")
    print(
        f"shown {spread(shown)}  final {spread(final)}  lag {spread(lags)}  at most {max(lags):.2f}"
    )
    print(f"WER {wer:.2f} %, CPU {cpu:.0f} s")


def endurance(engine: Engine, recordings: list[Clip], hours: float, step: float) -> None:
    """Feed the clips repeatedly, and print the memory every ten minutes of audio."""
    process = psutil.Process()
    session = engine.listen(language=recordings[0].language, step=step)
    finals, next_report, run_start = 0, 600.0, time.monotonic()
    while session.time < hours * 3600:
        for clip in recordings:
            for start in range(0, len(clip.samples), SAMPLE_RATE):
                for event in session.feed(clip.samples[start : start + SAMPLE_RATE]):
                    finals += len(event.words) if event.type == "final" else 0
                if session.time >= next_report:
                    next_report += 600.0
                    memory = process.memory_info().rss / 1e6
                    elapsed = time.monotonic() - run_start
                    print(
                        f"{session.time / 60:6.1f} min decoded in {elapsed / 60:5.1f} min: "
                        f"{memory:6.0f} MB, {len(gc.get_objects())} objects, {finals} words",
                        flush=True,
                    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("recordings", type=Path)
    parser.add_argument("--model", default="tiny.en")
    parser.add_argument("--language", default="en")
    parser.add_argument("--seconds", type=float, default=math.inf, help="of each recording")
    parser.add_argument("--files", type=int, default=None, help="how many of them")
    parser.add_argument("--accuracy", action="store_true")
    parser.add_argument("--streams", type=int, default=0)
    parser.add_argument("--hours", type=float, default=0.0)
    parser.add_argument("--step", type=float, default=0.5, help="of --hours")
    args = parser.parse_args()
    allocator.tune()  # like `unispeech mic` and `unispeech serve`
    recordings = list(clips(args.recordings, args.language, args.seconds, args.files))
    if args.streams:
        together(args.model, recordings, args.streams)
        return
    with Engine("faster", args.model, language=args.language) as engine:
        if args.hours:
            endurance(engine, recordings, args.hours, args.step)
        elif args.accuracy:
            accuracy(engine, recordings)
        else:
            compare(engine, recordings)


if __name__ == "__main__":
    main()
