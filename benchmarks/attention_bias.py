"""The bias of the word times that backends derive from Whisper's attention.

    python benchmarks/attention_bias.py DATA [--backends faster,openai,hf,cpp]
        [--models tiny.en,base] [--half tune|all] [--voices en,de,fr,es]

Prints, for each backend and model, the median signed error of starts and ends on real speech with
word times (DATA, English, the speakers for tuning), as rows of `models/attention_bias.py`; and the
median absolute error before and after the bias is removed, on that speech and on synthetic speech
in several languages. There espeak-ng reports when each word starts; a word is taken to end where
the next one starts, and the last is left out. espeak-ng has to be installed for it.
"""

from __future__ import annotations

import argparse
import ctypes
import ctypes.util
import statistics
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from unispeech.audio.recording import Recording
from unispeech.bench import accuracy, datasets
from unispeech.engine.engine import Engine
from unispeech.errors import UnispeechError
from unispeech.models.attention_bias import Bias, bias
from unispeech.types import SAMPLE_RATE, Samples
from word_times import half, sound, words_of

TEXTS = {
    "en": "The quick brown fox jumps over the lazy dog while seven old men watch from a bridge.",
    "de": "Am frühen Morgen gehen wir gerne durch den Wald und hören den Vögeln in den Bäumen zu.",
    "fr": "Chaque matin nous marchons dans la forêt et nous écoutons le chant des oiseaux.",
    "es": "Cada mañana caminamos por el bosque y escuchamos el canto de los pájaros.",
    "it": "Ogni mattina camminiamo nel bosco e ascoltiamo il canto degli uccelli sopra gli alberi.",
    "pt": "Todas as manhãs caminhamos pela floresta e ouvimos o canto dos pássaros nas árvores.",
}
Timed = list[tuple[str, float, float]]
WORD, END = 1, 0
"""espeak-ng's event types: a word starts, the list ends (espeak_ng/speak_lib.h)."""


class Event(ctypes.Structure):
    """`espeak_EVENT` of speak_lib.h."""

    _fields_ = [
        ("type", ctypes.c_int), ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int), ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int), ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p), ("id", ctypes.c_void_p),
    ]  # fmt: skip


@cache
def espeak() -> tuple[Any, int]:
    """The library and its sample rate. It is started once: a second start may never return."""
    library = ctypes.CDLL(ctypes.util.find_library("espeak-ng") or "libespeak-ng.so.1")
    return library, library.espeak_Initialize(2, 0, None, 0)  # AUDIO_OUTPUT_SYNCHRONOUS


def spoken(text: str, voice: str) -> tuple[Samples, Timed]:
    """Synthetic speech, and its words with the times at which espeak-ng starts them."""
    library, rate = espeak()
    pcm: list[Any] = []
    starts: list[tuple[int, int, int]] = []
    kind = ctypes.CFUNCTYPE(
        ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(Event)
    )

    def callback(wave: Any, count: int, events: Any) -> int:
        if wave and count:
            pcm.append(np.ctypeslib.as_array(wave, (count,)).copy())
        at = 0
        while events[at].type != END:
            if events[at].type == WORD:
                event = events[at]
                starts.append((event.text_position, event.length, event.audio_position))
            at += 1
        return 0

    keep = kind(callback)
    library.espeak_SetSynthCallback(keep)
    library.espeak_SetVoiceByName(voice.encode())
    data = text.encode() + b"\0"
    library.espeak_Synth(data, len(data), 0, 1, 0, 1, None, None)  # POS_CHARACTER, UTF-8
    library.espeak_Synchronize()
    samples = Recording(np.concatenate(pcm).astype(np.float32) / 32768, rate).read()
    words = [(text[p - 1 : p - 1 + n], ms / 1000) for p, n, ms in starts]
    pairs = zip(words, words[1:], strict=False)
    return samples, [(word, start, following) for (word, start), (_, following) in pairs]


def signed(expected: Sequence[Any], found: Timed) -> tuple[list[float], list[float]]:
    """The signed errors of starts and ends of the matched words."""
    pairs = accuracy.matched(expected, found)
    return [f[1] - e[1] for e, f in pairs], [f[2] - e[2] for e, f in pairs]


def timed(engine: Engine, samples: Samples, aligner: str, language: str) -> Timed:
    options: Any = {"aligner": aligner, "language": language, "beam_size": 1}
    transcript = engine.transcribe(samples, SAMPLE_RATE, **options)
    return [(word.word, word.start, word.end) for word in words_of(transcript)]


def _signed(
    engine: Engine, items: Sequence[tuple[Samples, Any]], aligner: str, language: str
) -> tuple[list[float], list[float]]:
    starts: list[float] = []
    ends: list[float] = []
    for samples, expected in items:
        start, end = signed(expected, timed(engine, samples, aligner, language))
        starts += start
        ends += end
    return starts, ends


def _medians(pair: tuple[list[float], list[float]]) -> Bias:
    start, end = (round(statistics.median(v), 3) if v else 0.0 for v in pair)
    return Bias(start, end)


def _absolute(pair: tuple[list[float], list[float]]) -> str:
    medians = _medians(([*map(abs, pair[0])], [*map(abs, pair[1])]))
    return f"{1000 * medians.start:.0f} / {1000 * medians.end:.0f}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data")
    parser.add_argument("--backends", default="faster,openai,hf,cpp")
    parser.add_argument("--models", default="tiny.en,base")
    parser.add_argument("--half", choices=["report", "tune", "all"], default="tune")
    parser.add_argument("--voices", default=",".join(TEXTS))
    parser.add_argument("--sample", type=int)
    args = parser.parse_args()
    utterances = half([u for u in datasets.load(args.data, Path()) if u.words], args.half)
    real = [(sound(u, None), u.words) for u in utterances[: args.sample]]
    synthetic = {voice: [spoken(TEXTS[voice], voice)] for voice in args.voices.split(",") if voice}
    for name in args.backends.split(","):
        for model in args.models.split(","):
            try:
                with Engine(name, model) as engine:
                    report(name, model, engine, real, synthetic)
            except UnispeechError as error:
                print(f"# {name}, {model}: {error}", flush=True)


def report(name: str, model: str, engine: Engine, real: Any, synthetic: Any) -> None:
    before = _signed(engine, real, "none", "en")
    late = _medians(before)
    print(f'    ("{name}", "{model}"): Bias({late.start}, {late.end}),', flush=True)
    print(f"# stored: {bias(name, model)}; median absolute errors of starts / ends in ms:")
    after = _signed(engine, real, "attention", "en")
    print(f"#   real en: {_absolute(before)}, without the bias {_absolute(after)}", flush=True)
    for voice, items in synthetic.items():
        if voice != "en" and not engine.facts.multilingual:
            continue
        before = _signed(engine, items, "none", voice)
        after = _signed(engine, items, "attention", voice)
        print(f"#   espeak {voice}: {_absolute(before)}, without {_absolute(after)}", flush=True)


if __name__ == "__main__":
    main()
