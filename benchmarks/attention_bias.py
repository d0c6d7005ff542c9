"""The bias of the word times that backends derive from Whisper's attention.

    python benchmarks/attention_bias.py DATA [--backends faster,openai,hf,cpp]
        [--models tiny.en,base] [--half tune|all] [--voices en,de,fr,es] [--sample N]
        [--sentences N]

Prints, for each backend and model, the median signed error of starts and ends on real speech with
word times (DATA, English, the speakers for tuning), as rows of `models/attention_bias.py`; and the
median absolute errors before and after that bias is removed, on the real speech and on synthetic
speech in several languages (`synthetic_speech.py`, which needs espeak-ng). A row of a multilingual
model names English and the languages in which it raises neither error and lowers one.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Sequence
from operator import le
from pathlib import Path
from typing import Any

from synthetic_speech import SENTENCES, Timed, sentences
from unispeech.aligners.attention import unbiased
from unispeech.bench import accuracy, datasets
from unispeech.engine.engine import Engine
from unispeech.errors import UnispeechError
from unispeech.models.attention_bias import NO_BIAS, Bias, bias
from unispeech.types import SAMPLE_RATE, ChunkResult, Samples, Transcript, Word
from word_times import half, sound

Item = tuple[Samples, Sequence[Any], Transcript]
"""A recording, its words with their times, and its transcript with the backend's own times."""


def transcripts(
    engine: Engine, recordings: Sequence[tuple[Samples, Any]], language: str
) -> list[Item]:
    options: Any = {"aligner": "none", "language": language, "beam_size": 1}
    return [
        (samples, expected, engine.transcribe(samples, SAMPLE_RATE, **options))
        for samples, expected in recordings
    ]


def signed(items: Sequence[Item], removed: Bias | None = None) -> tuple[list[float], list[float]]:
    """The signed errors of starts and ends of the matched words, in seconds.

    Without `removed` the times are those of the backend, with it they are those of the aligner
    `attention` with this bias.
    """
    starts: list[float] = []
    ends: list[float] = []
    for samples, expected, transcript in items:
        result = ChunkResult(transcript.segments)
        if removed is not None:
            result = unbiased(samples, result, removed)
        found = [timed(word) for segment in result.segments for word in segment.words]
        pairs = accuracy.matched(expected, found)
        starts += [f[1] - e[1] for e, f in pairs]
        ends += [f[2] - e[2] for e, f in pairs]
    return starts, ends


def timed(word: Word) -> tuple[str, float, float]:
    return word.word, word.start, word.end


def absolute(pair: tuple[list[float], list[float]]) -> tuple[float, float]:
    """The median absolute errors of starts and ends, in milliseconds."""
    start, end = (1000 * statistics.median(map(abs, errors)) if errors else 0.0 for errors in pair)
    return start, end


def report(name: str, engine: Engine, real: Any, synthetic: dict[str, Any]) -> None:
    """Print the row of a backend and model, and its errors."""
    model = engine.facts.name
    items = {"real en": transcripts(engine, real, "en")}
    for voice, recordings in synthetic.items():
        if voice == "en" or engine.facts.multilingual:
            items[voice] = transcripts(engine, recordings, voice)
    start, end = (round(statistics.median(errors), 3) for errors in signed(items["real en"]))
    late = Bias(start, end)
    lines: list[str] = []
    better: list[str] = []
    for label, some in items.items():
        own, plain, without = (absolute(signed(some, removed)) for removed in (None, NO_BIAS, late))
        count = len(signed(some)[0])
        shown = (f"{a:.0f} / {b:.0f}" for a, b in (own, plain, without))
        lines.append(f"#   {label}, {count} words: " + ", ".join(shown))
        improved = sum(without) < sum(plain) and all(map(le, without, plain))
        if label in synthetic and (improved or label == "en"):
            better.append(label)
    names = f", {tuple(better)!r}" if engine.facts.multilingual else ""
    print(f'    ("{name}", "{model}"): Bias({late.start}, {late.end}{names}),'.replace("'", '"'))
    print(f"# stored: {bias(name, model)}; median absolute errors of starts / ends in ms, as the")
    print("# backend returns them, with pauses, and with pauses and without the bias:")
    print(*lines, sep="\n", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data")
    parser.add_argument("--backends", default="faster,openai,hf,cpp")
    parser.add_argument("--models", default="tiny.en,base")
    parser.add_argument("--half", choices=["report", "tune", "all"], default="tune")
    parser.add_argument("--voices", default=",".join(SENTENCES))
    parser.add_argument("--sample", type=int)
    parser.add_argument("--sentences", type=int)
    args = parser.parse_args()
    utterances = half([u for u in datasets.load(args.data, Path()) if u.words], args.half)
    real = [(sound(u, None), u.words) for u in utterances[: args.sample]]
    synthetic: dict[str, list[tuple[Samples, Timed]]] = {
        voice: [(samples, words) for samples, words, _ in sentences(voice)[: args.sentences]]
        for voice in args.voices.split(",")
        if voice
    }
    for name in args.backends.split(","):
        for model in args.models.split(","):
            try:
                with Engine(name, model) as engine:
                    report(name, engine, real, synthetic)
            except UnispeechError as error:
                print(f"# {name}, {model}: {error}", flush=True)


if __name__ == "__main__":
    main()
