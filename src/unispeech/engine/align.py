"""Forced alignment of a given text, with the engine's own CTC model."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import replace

from unispeech import languages
from unispeech.aligners import long_text, soundswallower
from unispeech.aligners.soundswallower import SoundSwallower
from unispeech.annotate.words import completed_texts, with_words
from unispeech.audio.recording import Source
from unispeech.call import OnProgress, ignore
from unispeech.ctc import words
from unispeech.engine import sound
from unispeech.engine.sound import Input
from unispeech.engine.source import Opened, Reader
from unispeech.errors import AudioError, BackendMissing, UnsupportedOption
from unispeech.models import companions
from unispeech.stages import batching, stitch
from unispeech.stages.stitch import Decoded
from unispeech.types import Chunk, ChunkResult, End, Progress, Segment, Transcript, Word


def aligned(
    reader: Reader,
    source: Input,
    text: str,
    decode: Callable[[list[Chunk]], list[ChunkResult]],
    on_progress: OnProgress,
    threads: Executor,
) -> tuple[tuple[Segment, ...], End]:
    """Align a text: a segment with word times per line, and the end of the recording.

    Raises:
        AudioError: the recording cannot be read, or is too short for the text.
        UnispeechError: decoding a chunk failed.
    """
    from unispeech.ctc import align

    emissions = []
    results: Iterator[Decoded | Opened | End] = batching.in_order(
        reader.items([source]), decode, reader.options.batch.batch_size, threads
    )
    for item in results:
        if isinstance(item, Opened):
            recording = item.recording
        elif isinstance(item, End):
            end = item
        else:
            chunk, result = item
            if result.error:
                raise result.error
            assert result.emissions is not None
            start = result.emissions.start + chunk.start
            emissions.append(replace(result.emissions, start=start))
            on_progress(Progress(chunk.end, recording.duration, recording.name))
    if end.error:
        raise end.error
    lines = align.lines(words.joined(emissions), text, end.language)
    return stitch.in_order(lines, 0.0, end.duration), end


def best_backend(language: str) -> str:
    """The backend that aligns a language: SoundSwallower if it is installed and has it, else MMS.

    `language` is a code, a name, or empty if unknown.
    """
    known = languages.WHISPER
    code = languages.find(language, known, languages.aliases(known))
    if code in companions.SOUNDSWALLOWER and soundswallower.is_installed():
        return soundswallower.NAME
    return "mms"


def align(
    source: Source,
    text: str,
    sample_rate: int | None = None,
    *,
    language: str,
    phones: bool = False,
    on_progress: OnProgress = ignore,
) -> Transcript:
    """Find the time of each word of a known text; each line of the text becomes a segment.

    By SoundSwallower, for English and French: no model is downloaded, and no torch needed. For
    other languages there is `Engine.align` with a CTC model.

    Raises:
        AudioError: the recording cannot be read, or the text does not fit it.
        BackendMissing: soundswallower is not installed.
        UnsupportedOption: it does not have the language.
    """
    code = languages.code(language)
    if code not in companions.SOUNDSWALLOWER:
        raise UnsupportedOption(
            f"language {language!r}: soundswallower aligns only "
            f"{', '.join(companions.SOUNDSWALLOWER)}",
            "use the backend mms",
            option="language",
        )
    if not soundswallower.is_installed():
        raise BackendMissing(
            "align: soundswallower is not installed",
            "run: pip install soundswallower, or use the backend mms",
        )
    recording = sound.opened(Input(source, sample_rate))
    lines = [" " + " ".join(line.split()) for line in text.splitlines() if line.strip()]
    written = [line.split() for line in lines]
    flat = [word for line in written for word in line]
    found: list[Word | None] = []
    length = 0.0
    for length, some in long_text.align(SoundSwallower(code), recording.blocks(), flat, phones):
        found += some
        on_progress(Progress(length, recording.duration, recording.name))
    if not any(found):
        raise AudioError("the text does not fit the sound", "is it the right text?")
    end = End(
        duration=length,
        language=code,
        warnings=tuple(recording.warnings),
        complete=recording.complete,
        name=recording.name,
    )
    timed = completed_texts(lines, written, found, length)
    segments = [
        with_words(Segment(number, 0.0, 0.0, line), words)
        for number, (line, words) in enumerate(zip(lines, timed, strict=True))
    ]
    return stitch.transcript(
        stitch.in_order(segments, 0.0, length, code),
        (),
        end,
        backend=soundswallower.NAME,
        model=companions.SOUNDSWALLOWER[code],
        task="align",
    )
