"""The engine: one loaded backend, and the chain of stages from sources to transcripts.

source → audio → vad → chunking → batching → guard(backend) → stitch → Transcript
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, Unpack, cast

from unispeech import batching, chunking, ctc, guard, stitch, vad
from unispeech.annotate import align
from unispeech.audio import Recording
from unispeech.backends import choose, registry
from unispeech.backends.base import (
    Backend,
    Closed,
    refuse,
    refuse_family,
    refuse_for_model,
    refuse_undecided,
)
from unispeech.calls import Call, Journal, OnProgress, ignore
from unispeech.errors import (
    AudioError,
    BackendError,
    BackendMissing,
    Cancelled,
    OptionError,
    UnispeechError,
    UnsupportedOption,
)
from unispeech.models import store
from unispeech.options import (
    CallOptions,
    DecodeOptions,
    EngineOptions,
    TranscribeOptions,
    split_options,
)
from unispeech.reading import Reading
from unispeech.types import (
    SAMPLE_RATE,
    Chunk,
    ChunkResult,
    Emissions,
    End,
    Gap,
    Segment,
    Transcript,
)

if TYPE_CHECKING:
    from unispeech.audio import Source
    from unispeech.backends.lid import LanguageIdentifier

DETECTION_SPEECH = 10.0
"""Seconds of speech that are enough to tell the language from."""
READ_AHEAD = 16
"""Chunks read and planned before anybody asks for them."""
LATE = 1.0
"""Seconds after speech in which a CTC model may still say its last letters (it hears them late)."""
TAIL = 1.0
"""Seconds of silence a window must leave after a chunk, or the decoder goes wrong."""


class Engine:
    """A loaded model that transcribes.

        engine = Engine("faster", "base", language="en")
        for segment in engine.segments("long.mp3"):
            print(segment.start, segment.text)

    `options` are the names of the command line (`unispeech transcribe --help`): how to load
    (`device`, `compute_type`, `threads`, `isolated`) and the defaults of every call, which a call
    may override. Safe to use from several threads.

    Raises:
        UnknownBackend, BackendMissing, UnknownModel, ModelUnavailable, ModelDamaged.
        OptionError: a wrong value. UnsupportedOption: one that this backend or model cannot
            honour; raised before any weights load.
    """

    def __init__(
        self,
        backend: str = "faster",
        model: str | None = None,
        *,
        on_progress: OnProgress = ignore,
        **options: Unpack[EngineOptions],
    ) -> None:
        self.load_options, self.options = split_options(cast(dict[str, Any], options))
        self.spec = choose.find(backend, model, self.load_options, self.options)
        self.model = model or self.spec.default_model
        if not self.model:
            raise OptionError(f"model: the backend {self.spec.name} has no default", "give --model")
        refuse(self.spec.name, self.spec.capabilities, self.load_options, self.options)
        self.facts = store.describe(self.model)
        refuse_family(self.spec.name, self.spec.family, self.facts)
        refuse_for_model(self.facts, self.options)
        registry.interpreter(self.spec, self.load_options)
        if self.options.detect_language is not None:
            self._identifier(self.options.detect_language)
        path = store.obtain(self.model, self.spec.model_format, on_progress)
        self.backend: Backend = registry.load(self.spec, path, self.facts, self.load_options)

    def segments(
        self,
        source: Source,
        sample_rate: int | None = None,
        call: Call | None = None,
        **options: Unpack[CallOptions],
    ) -> Iterator[Segment]:
        """The segments of one recording, as they are decoded.

        Raises:
            AudioError: the recording cannot be read; UnispeechError: anything else of the tree.
        """
        for item in self._events([(source, sample_rate)], self._options(options), call or Call()):
            if isinstance(item, Segment):
                yield item
            elif isinstance(item, End) and item.error:
                raise item.error

    def transcribe(
        self,
        source: Source,
        sample_rate: int | None = None,
        call: Call | None = None,
        **options: Unpack[CallOptions],
    ) -> Transcript:
        """The whole transcript of one recording. Raises as `segments` does."""
        result = next(self._many([(source, sample_rate)], options, call))
        if isinstance(result, UnispeechError):
            raise result
        return result

    def transcribe_many(
        self,
        sources: Iterable[Source],
        sample_rate: int | None = None,
        call: Call | None = None,
        **options: Unpack[CallOptions],
    ) -> Iterator[Transcript | UnispeechError]:
        """A transcript for each source, in order; for one that failed, its error in its place.

        The sources share batches, so many short recordings together are faster than one by one.
        """
        if isinstance(sources, str | bytes | Path):
            raise AudioError("transcribe_many takes several sources", "put a single one in a list")
        return self._many(((source, sample_rate) for source in sources), options, call)

    def detect_language(self, source: Source, sample_rate: int | None = None) -> tuple[str, float]:
        """The language spoken at the beginning of a recording, and its probability."""
        chunks = self._plan(Recording(source, sample_rate), self.options, 0)
        first = [chunk for chunk, _ in zip(chunks, range(3), strict=False)]
        return self._language(first, self.options)

    def align(
        self,
        source: Source,
        text: str,
        sample_rate: int | None = None,
        call: Call | None = None,
        **options: Unpack[CallOptions],
    ) -> Transcript:
        """When each word of a text that is known was said; a line of the text is a segment.

        Only with a CTC model, which need not have written the text.

        Raises:
            UnsupportedOption: the backend is of another kind.
            AudioError: the recording cannot be read, or is too short for the text.
        """
        if self.spec.family != "ctc":
            raise UnsupportedOption(
                f"align: the backend {self.spec.name} does not hear letters", "use mms or ctc"
            )
        settled = self._options({**options, "vad": False})
        reading = Reading(Recording(source, sample_rate))
        chunks = self._spoken(self._plan(reading.recording, settled, 0), reading, settled)
        call = call or Call()
        decode = partial(self._decode, {0: reading}, settled, call)
        heard = []
        for item in batching.in_order(chunks, decode, settled.batch.batch_size):
            assert not isinstance(item, End)
            chunk, result = item
            if result.error:
                raise result.error
            assert result.emissions is not None
            heard.append(replace(result.emissions, start=result.emissions.start + chunk.start))
            call.on_progress(reading.progress(chunk.end))
        return stitch.transcript(
            align.lines(ctc.joined(heard), text, reading.language),
            (),
            reading.end(0, None),
            backend=self.spec.name,
            model=self.facts.name,
            task="align",
        )

    def resolve(self, **options: Unpack[CallOptions]) -> TranscribeOptions:
        """This engine's defaults overridden by `options`; refuses what it cannot honour."""
        return self._options(options)

    def close(self) -> None:
        """Give the memory back. The engine cannot be used afterwards. May be called twice."""
        self.backend.close()
        self.backend = Closed(self.spec.name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _options(self, overrides: CallOptions) -> TranscribeOptions:
        options = TranscribeOptions.of(self.options, **overrides)
        refuse(self.spec.name, self.spec.capabilities, self.load_options, options)
        refuse_for_model(self.facts, options)
        refuse_undecided(self.spec.name, self.spec.capabilities, self.facts, options)
        if not self.spec.capabilities.temperature:
            # Decoding again would say the same again.
            options = replace(options, decode=replace(options.decode, temperature=(0.0,)))
        return options

    def _many(
        self,
        sources: Iterable[tuple[Source, int | None]],
        overrides: CallOptions,
        call: Call | None,
    ) -> Iterator[Transcript | UnispeechError]:
        options = self._options(overrides)
        call = call or Call()
        segments: list[Segment] = []
        gaps: list[Gap] = []
        for item in self._events(sources, options, call):
            if isinstance(item, Segment):
                segments.append(item)
                call.on_segment(item)
            elif isinstance(item, Gap):
                gaps.append(item)
            else:
                yield cast(UnispeechError, item.error) or stitch.transcript(
                    segments,
                    gaps,
                    item,
                    backend=self.spec.name,
                    model=self.facts.name,
                    task=options.decode.task,
                )
                segments, gaps = [], []

    def _events(
        self,
        sources: Iterable[tuple[Source, int | None]],
        options: TranscribeOptions,
        call: Call,
    ) -> Iterator[Segment | Gap | End]:
        """Segments and gaps of each source in order, then its end. The loop of the whole engine."""
        if options.strategy == "native":
            yield from self._native(sources, options, call)
            return
        readings: dict[int, Reading] = {}
        items = batching.ahead(self._items(sources, options, readings), READ_AHEAD)
        left = threading.Event()
        stopping = replace(call, cancelled=lambda: left.is_set() or call.cancelled())
        decode = partial(self._decode, readings, options, stopping)
        results = batching.in_order(items, decode, options.batch.batch_size, left)
        for item in stitch.joined(results, partial(_read, options.decode)):
            reading = readings[item.source if isinstance(item, End) else item[0].source]
            if isinstance(item, End):
                yield replace(item, error=item.error or reading.error)
                del readings[item.source]
            else:
                yield from reading.placed(*item)
                call.on_progress(reading.progress(item[0].end))

    def _decode(
        self,
        readings: dict[int, Reading],
        options: TranscribeOptions,
        call: Call,
        chunks: list[Chunk],
    ) -> list[ChunkResult]:
        """One result a chunk. A source whose chunk failed is given up: no more of it is decoded."""
        known = [
            ChunkResult((), error=error) if (error := readings[chunk.source].error) else result
            for chunk, result in zip(chunks, _known(call.journal, chunks), strict=True)
        ]
        unknown = [chunk for chunk, result in zip(chunks, known, strict=True) if result is None]
        try:
            fresh = iter(self._decode_unknown(options, call, unknown))
        except BackendError as problem:
            for chunk in unknown:
                readings[chunk.source].error = problem
            fresh = itertools.repeat(ChunkResult((), error=problem))
        return [result or next(fresh) for result in known]

    def _decode_unknown(
        self, options: TranscribeOptions, call: Call, chunks: list[Chunk]
    ) -> list[ChunkResult]:
        def decode(chunks: Sequence[Chunk], decode: DecodeOptions) -> list[ChunkResult]:
            if call.cancelled():
                raise Cancelled()
            return self.backend.transcribe_batch(chunks, decode)

        if not chunks:
            return []
        return guard.guarded(
            decode,
            chunks,
            options.decode,
            self.backend.windows[-1],
            call.journal.record if call.journal else guard.ignore,
        )

    def _items(
        self,
        sources: Iterable[tuple[Source, int | None]],
        options: TranscribeOptions,
        readings: dict[int, Reading],
    ) -> Iterator[Chunk | End]:
        """The chunks of every source, ready to decode, each source closed by its end."""
        for number, (source, sample_rate) in enumerate(sources):
            reading = readings[number] = Reading(Recording(source, sample_rate))
            error: UnispeechError | None = None
            try:
                chunks = self._plan(reading.recording, options, number)
                for chunk in self._spoken(chunks, reading, options):
                    if reading.error:  # the backend failed: there is no transcript to complete
                        break
                    yield chunk
            except UnispeechError as problem:
                error = problem
            yield reading.end(number, error)

    def _plan(
        self, recording: Recording, options: TranscribeOptions, number: int
    ) -> Iterator[Chunk]:
        frames = vad.detect(recording.blocks(), options.vad.enabled)
        windows = self.backend.windows
        context = self.spec.context
        pad = max(options.vad.pad, LATE) if context else options.vad.pad
        speech = replace(options.vad, pad=pad)
        for chunk in chunking.plan(frames, speech, options.batch.chunk_length, number, context):
            fits = (w for w in windows if w >= chunk.before + chunk.duration + chunk.after + TAIL)
            yield replace(chunk, window=next(fits, windows[-1]))

    def _spoken(
        self, chunks: Iterator[Chunk], reading: Reading, options: TranscribeOptions
    ) -> Iterator[Chunk]:
        """The same chunks with their language: given, the only one, or detected."""
        if options.decode.language is not None:
            reading.language = self.facts.language(options.decode.language)
        elif options.language_per_chunk:
            for chunk in chunks:
                language, probability = self._language([chunk], options)
                if not reading.language:
                    reading.language, reading.probability = language, probability
                yield replace(chunk, language=language)
        else:
            first: list[Chunk] = []
            for chunk in chunks:
                first.append(chunk)
                if sum(c.speech_duration for c in first) >= DETECTION_SPEECH:
                    break
            if first:
                reading.language, reading.probability = self._language(first, options)
            chunks = itertools.chain(first, chunks)
        for chunk in chunks:
            yield replace(chunk, language=reading.language)

    def _language(self, chunks: Sequence[Chunk], options: TranscribeOptions) -> tuple[str, float]:
        import numpy as np

        if not self.facts.multilingual:
            return next(iter(self.facts.languages)), 1.0
        if not chunks:
            return "", 0.0
        samples = np.concatenate([chunk.samples for chunk in chunks])[: 30 * SAMPLE_RATE]
        if options.detect_language is None:
            return self.backend.detect_language(samples)
        return self._identifier(options.detect_language).detect(samples, self.facts.languages)

    def _identifier(self, model: str) -> LanguageIdentifier:
        """The model that tells languages apart, loaded once for all engines."""
        refuse_family("--detect-language", "lid", store.describe(model))
        if not registry.find("mms").installed():
            raise BackendMissing(
                "detect_language: its libraries are not installed",
                f"run: {registry.find('mms').install_command}",
            )
        from unispeech.backends.lid import identifier

        return identifier(store.obtain(model, "hf"), self.load_options.device)

    def _native(
        self,
        sources: Iterable[tuple[Source, int | None]],
        options: TranscribeOptions,
        call: Call,
    ) -> Iterator[Segment | Gap | End]:
        """The library's own algorithm; it wants the whole recording at once."""
        for number, (source, sample_rate) in enumerate(sources):
            reading = Reading(Recording(source, sample_rate))
            error: UnispeechError | None = None
            try:
                run = self.backend.transcribe_native(reading.recording.read(), options)
                reading.language, reading.probability = run.language, run.language_probability
                for segment in run.segments:
                    if call.cancelled():
                        raise Cancelled()
                    yield segment
                    call.on_progress(reading.progress(segment.end))
            except Cancelled:
                raise
            except UnispeechError as problem:
                error = problem
            yield reading.end(number, error)


def _read(
    options: DecodeOptions, emissions: Emissions, language: str | None
) -> tuple[Segment, ...]:
    return ctc.read(emissions, language, options.word_timestamps, options.ngram)


def _known(journal: Journal | None, chunks: Sequence[Chunk]) -> list[ChunkResult | None]:
    return [journal.recorded(chunk) if journal else None for chunk in chunks]


def transcribe(
    source: Source,
    sample_rate: int | None = None,
    *,
    backend: str = "faster",
    model: str | None = None,
    **options: Unpack[EngineOptions],
) -> Transcript:
    """Load a model, transcribe one recording, let the model go.

    `source` is a path, bytes, an open file, or an array with its `sample_rate`. Takes and raises
    what `Engine` does; to transcribe several recordings, keep an `Engine`.
    """
    with Engine(backend, model, **options) as engine:
        return engine.transcribe(source, sample_rate)
