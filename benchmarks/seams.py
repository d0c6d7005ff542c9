"""Words lost where a recording is cut, and sentences that are said twice or three times.

    python benchmarks/seams.py DATA [FIGURE ...] [--model tiny.en] [--backend faster]
        [--offsets 12] [--sentences 50] [--threads 2] [--beam 1]

DATA is a folder of data sets with a `manifest.jsonl` each (see the benchmark guide). Figures:

- `cuts`: the English recordings of DATA/longform, each begun at seeded offsets in its first 20 s,
  so that the cuts fall elsewhere. A word within 1 s of a cut that is in the reference and in at
  least 90 % of the other offsets' texts, and that is missing here, counts as lost; a word that
  another word stands for counts as misheard. Also counts the chunks and seams decoded again.
- `said_again`: sentences of DATA/librispeech, spoken two and three times in a row by two voices of
  espeak-ng with seeded pauses. A clip counts as kept if every copy has its text and no further copy
  was invented. Beside it, one greedy pass in a window of 30 s.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import jiwer
import numpy as np

from unispeech.audio.recording import Recording, load
from unispeech.bench.normaliser import units
from unispeech.engine.engine import Engine
from unispeech.options import DecodeOptions, TranscribeOptions
from unispeech.stages import chunking, vad
from unispeech.types import SAMPLE_RATE, Chunk, ChunkResult, Samples, Word

NEAR = 1.0
"""Seconds from a cut within which a word is counted."""
AGREED = 0.9
"""Share of the other offsets' texts that have a word which counts as lost."""
FIRST_SECONDS = 20.0
"""Offsets lie in this part of a recording; words before its end are not counted."""
VOICES = ("en-us", "en-gb-x-rp")
PAUSES = (0.2, 1.0)
"""Shortest and longest silence between the copies of a sentence, in seconds."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A recording transcribed from an offset: the state of each reference word, and the cuts."""

    heard: dict[int, float]
    """Time of each reference word that was recognised."""
    misheard: frozenset[int]
    """Reference words that another word stands for."""
    cuts: tuple[float, ...]
    words: int


def reading(
    engine: Engine, samples: Samples, offset: float, reference: list[str], beam: int
) -> Reading:
    sound = samples[round(offset * SAMPLE_RATE) :]
    transcript = engine.transcribe(sound, SAMPLE_RATE, beam_size=beam, word_timestamps=True)
    decoded = [
        (unit, word)
        for segment in transcript.segments
        for word in segment.words
        for unit in units(word.word, "en")
    ]
    heard, misheard = matched(reference, decoded)
    times = {index: word.start + offset for index, word in heard.items()}
    cuts = tuple(chunk.end + offset for chunk in planned(engine, sound)[:-1])
    return Reading(times, frozenset(misheard), cuts, len(decoded))


def matched(
    reference: list[str], decoded: list[tuple[str, Word]]
) -> tuple[dict[int, Word], list[int]]:
    """The words of a text at the reference words that they match, and the words misheard."""
    aligned = jiwer.process_words(" ".join(reference), " ".join(unit for unit, _ in decoded))
    heard: dict[int, Word] = {}
    misheard: list[int] = []
    for run in aligned.alignments[0]:
        indices = range(run.ref_start_idx, run.ref_end_idx)
        if run.type == "equal":
            heard.update(zip(indices, (w for _, w in decoded[run.hyp_start_idx :]), strict=False))
        elif run.type == "substitute":
            misheard += indices
    return heard, misheard


def planned(engine: Engine, sound: Samples) -> list[Chunk]:
    options = TranscribeOptions().vad
    frames = vad.detect(Recording(sound, SAMPLE_RATE).blocks(), options)
    return list(chunking.plan(frames, options, engine.backend.chunk_length))


class Counted:
    """Counts of chunks decoded by an engine's backend, in seconds of window."""

    def __init__(self, engine: Engine) -> None:
        self.decoded = 0
        self.seconds = 0.0
        self.planned = 0
        real = engine.backend.transcribe_batch

        def counted(chunks: Sequence[Chunk], options: DecodeOptions) -> list[ChunkResult]:
            self.decoded += len(chunks)
            self.seconds += sum(chunk.window for chunk in chunks)
            return real(chunks, options)

        engine.backend.transcribe_batch = counted  # type: ignore[method-assign]


def cuts(engine: Engine, args: argparse.Namespace) -> None:
    """Words lost or misheard within `NEAR` seconds of a cut."""
    counted = Counted(engine)
    chunks = lost = misheard = near = total = 0
    for row in rows(args.data, "longform"):
        if row["language"] != "en":
            continue
        samples = load(args.data / "longform" / row["audio"])
        reference = units(row["text"], "en")
        draw = random.Random(row["audio"])
        offsets = [0.0, *(draw.uniform(0, FIRST_SECONDS) for _ in range(args.offsets - 1))]
        readings = [reading(engine, samples, at, reference, args.beam) for at in offsets]
        chunks += sum(len(r.cuts) + 1 for r in readings)
        total += sum(r.words for r in readings)
        times = median_times(readings)
        for number, r in enumerate(readings):
            others = readings[:number] + readings[number + 1 :]
            for index, time in times.items():
                if time < FIRST_SECONDS + 1 or min(abs(time - cut) for cut in r.cuts) > NEAR:
                    continue
                near += 1
                known = sum(index in other.heard for other in others)
                if index not in r.heard and known >= AGREED * len(others):
                    lost += index not in r.misheard
                    misheard += index in r.misheard
                    what = "misheard" if index in r.misheard else "lost"
                    words = " ".join(reference[max(0, index - 3) : index + 4])
                    place = f"{row['audio']} from {offsets[number]:.2f} s"
                    print(f"  {place}: {what} {reference[index]!r} at {time:.2f} s ({words})")
    print(
        f"{args.offsets} offsets, {total} decoded words, {near} within {NEAR:g} s of a cut: "
        f"{lost} lost ({10_000 * lost / total:.2f} in 10,000), {misheard} misheard\n"
        f"{chunks} chunks planned, {counted.decoded} decoded "
        f"({100 * (counted.decoded / chunks - 1):.1f} % again)"
    )


def median_times(readings: list[Reading]) -> dict[int, float]:
    times: defaultdict[int, list[float]] = defaultdict(list)
    for r in readings:
        for index, time in r.heard.items():
            times[index].append(time)
    return {index: median(values) for index, values in times.items()}


def said_again(engine: Engine, args: argparse.Namespace) -> None:
    """Sentences said twice or three times, against one greedy pass in a full window."""
    draw = random.Random(1)
    counted = Counted(engine)
    kept: defaultdict[str, int] = defaultdict(int)
    clips, seconds = 0, 0.0
    for text in sentences(args.data, args.sentences, draw):
        for voice in VOICES:
            copy = spoken(text, voice)
            for times in (2, 3):
                samples = repeated(copy, times, draw)
                clips += 1
                before = counted.seconds
                ours = engine.transcribe(samples, SAMPLE_RATE, beam_size=args.beam)
                seconds += counted.seconds - before
                texts = {"ours": ours.text, "one greedy pass": greedy(engine, samples)}
                results = {name: copies(text, times, got) for name, got in texts.items()}
                for name, result in results.items():
                    kept[name] += result == times
                    kept[f"{name}, copies invented"] += max(0, result - times)
                if results["ours"] != times:
                    print(f"  {voice} {times} x {text!r}: {results}\n    {texts}")
    for name, count in kept.items():
        print(f"{name}: {count} of {clips}")
    print(f"{seconds / clips:.1f} s of window decoded for each clip, where one pass has 30")


def sentences(data: Path, count: int, draw: random.Random) -> list[str]:
    texts = [row["text"].capitalize() for row in rows(data, "librispeech")]
    return draw.sample([text for text in texts if 5 <= len(text.split()) <= 14], count)


def spoken(text: str, voice: str) -> Samples:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "spoken.wav"
        subprocess.run(["espeak-ng", "-v", voice, "-w", file, f"{text}."], check=True)
        return load(file)


def repeated(copy: Samples, times: int, draw: random.Random) -> Samples:
    loud = np.flatnonzero(np.abs(copy) > 0.01)
    copy = copy[loud[0] : loud[-1] + 1]
    pieces: list[Samples] = []
    for _ in range(times):
        pieces += [copy, np.zeros(round(draw.uniform(*PAUSES) * SAMPLE_RATE), np.float32)]
    silence = np.zeros(SAMPLE_RATE // 2, np.float32)
    return np.concatenate([silence, *pieces, silence])[: 29 * SAMPLE_RATE]


def greedy(engine: Engine, samples: Samples) -> str:
    chunk = Chunk(samples, 0.0, len(samples) / SAMPLE_RATE, window=30.0, language="en")
    options = DecodeOptions(beam_size=1, temperature=(0.0,))
    return engine.backend.transcribe_batch([chunk], options)[0].text


def copies(text: str, times: int, decoded: str) -> int:
    """The number of copies of a sentence in a text: half of the words of a copy are enough."""
    words, got = units(text, "en"), units(decoded, "en")
    aligned = jiwer.process_words(" ".join(words * times), " ".join(got))
    present = np.zeros(len(words) * times, np.bool_)
    added = 0
    for run in aligned.alignments[0]:
        if run.type in ("equal", "substitute"):
            present[run.ref_start_idx : run.ref_end_idx] = True
        elif run.type == "insert":
            added += run.hyp_end_idx - run.hyp_start_idx
    found = int((present.reshape(times, -1).mean(1) >= 0.5).sum())
    return found + round(added / len(words))


def rows(data: Path, folder: str) -> Iterator[dict[str, str]]:
    lines = (data / folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    yield from map(json.loads, lines)


FIGURES = {f.__name__: f for f in (cuts, said_again)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("data", type=Path)
    parser.add_argument("figures", nargs="*", metavar="FIGURE")
    parser.add_argument("--model", default="tiny.en")
    parser.add_argument("--backend", default="faster")
    parser.add_argument("--offsets", type=int, default=12, help="offsets of each recording")
    parser.add_argument("--sentences", type=int, default=50)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--beam", type=int, default=1)
    args = parser.parse_intermixed_args()
    with Engine(args.backend, args.model, threads=args.threads) as engine:
        for name in args.figures or FIGURES:
            FIGURES[name](engine, args)


if __name__ == "__main__":
    main()
