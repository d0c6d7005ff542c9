"""The engine: one loaded backend, and the chain of stages from sources to transcripts.

source → audio → vad → chunking → batching → guard(backend) → stitch → Transcript

The first of them up to the chunk are `planning` and `detection`, a batch is `decoder`'s.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, Unpack, cast

from unispeech.annotate import annotation
from unispeech.annotate.annotation import Annotation
from unispeech.audio.recording import Recording
from unispeech.backends import choose, registry
from unispeech.backends.base import (
    Backend,
    Closed,
    refuse,
    refuse_family,
    refuse_for_model,
    refuse_undecided,
)
from unispeech.call import Call, OnProgress, ignore
from unispeech.ctc import align, words
from unispeech.engine import native
from unispeech.engine.align import whole
from unispeech.engine.decoder import Decoder
from unispeech.engine.language import Detection, identifier, refuse_identifier
from unispeech.engine.planning import plan
from unispeech.engine.source import Reading
from unispeech.errors import AudioError, UnispeechError, UnsupportedOption
from unispeech.models import store
from unispeech.options import (
    AnnotateOptions,
    CallOptions,
    DecodeOptions,
    EngineOptions,
    TranscribeOptions,
    split_options,
)
from unispeech.stages import batching, stitch
from unispeech.types import Chunk, Emissions, End, Gap, Segment, Transcript

if TYPE_CHECKING:
    from unispeech.audio.recording import Source

READ_AHEAD = 8
"""Chunks read and planned before anybody asks for them."""


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
        self.model = self.spec.named(model)
        asked = annotation.settled(self.options, self.spec.name, self.spec.family)
        refuse(self.spec.name, self.spec.capabilities, self.load_options, asked)
        self.facts = store.describe(self.model)
        refuse_family(self.spec.name, self.spec.family, self.facts)
        refuse_for_model(self.facts, self.options)
        if self.options.detect_language is not None:
            refuse_identifier(self.options.detect_language)
        registry.interpreter(self.spec, self.load_options)
        annotation.check(asked, self.facts)
        if self.options.detect_language is not None:
            identifier(self.options.detect_language, self.load_options.device)
        annotation.fetch(asked, self.facts, on_progress)
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
        chunks = self._plan(Recording(source, sample_rate), self.options)
        first = list(itertools.islice(chunks, 3))
        return self._detection(self.options).language(first)

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
        plain = replace(self.options, annotate=AnnotateOptions())
        settled = self._options({**options, "vad": False}, plain)
        reading = Reading(Recording(source, sample_rate))
        planned = self._plan(reading.recording, settled)
        chunks = self._detection(settled).spoken(planned, reading)
        call = call or Call()
        heard = whole(chunks, reading, self.backend, settled.decode, call, settled.batch.batch_size)
        return stitch.transcript(
            align.lines(heard, text, reading.language),
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

    def _options(
        self, overrides: CallOptions, base: TranscribeOptions | None = None
    ) -> TranscribeOptions:
        options = TranscribeOptions.of(base or self.options, **overrides)
        options = annotation.settled(options, self.spec.name, self.spec.family)
        refuse(self.spec.name, self.spec.capabilities, self.load_options, options)
        refuse_for_model(self.facts, options)
        refuse_undecided(self.spec.name, self.spec.capabilities, self.facts, options)
        annotation.check(options, self.facts)
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
        """Segments and gaps of each source in order, then its end."""
        annotation.fetch(options, self.facts, call.on_progress)
        notes = Annotation(options.annotate, self.load_options.device, call)
        readings: dict[int, Reading] = {}
        if options.strategy == "native":
            own = self.spec.capabilities.native_alignment
            heard = native.events(self.backend, sources, options, call, notes, readings, own)
        else:
            heard = self._batched(sources, options, call, notes, readings)
        return notes.spoken(heard, lambda number: readings[number].recording.sound())

    def _batched(
        self,
        sources: Iterable[tuple[Source, int | None]],
        options: TranscribeOptions,
        call: Call,
        notes: Annotation,
        readings: dict[int, Reading],
    ) -> Iterator[Segment | Gap | End]:
        """The loop of the whole engine."""
        left = threading.Event()
        stopping = replace(call, cancelled=lambda: left.is_set() or call.cancelled())
        decode = Decoder(self.backend, readings, options.decode, stopping)
        items = batching.ahead(self._items(sources, options, readings), READ_AHEAD)
        results = batching.in_order(items, decode, options.batch.batch_size, left)
        for item in stitch.joined(results, partial(_read, options.decode)):
            reading = readings[item.source if isinstance(item, End) else item[0].source]
            if isinstance(item, End):
                error, warnings = item.error or reading.error, tuple(reading.recording.warnings)
                yield replace(item, error=error, warnings=warnings)
                del readings[item.source]
            else:
                chunk, result = item
                yield from reading.placed(chunk, notes.decoded(chunk, result, reading.recording))
                call.on_progress(reading.progress(chunk.end))

    def _items(
        self,
        sources: Iterable[tuple[Source, int | None]],
        options: TranscribeOptions,
        readings: dict[int, Reading],
    ) -> Iterator[Chunk | End]:
        """The chunks of every source, ready to decode, each source closed by its end."""
        detection = self._detection(options)
        keep = options.annotate.speakers_wanted
        for number, (source, sample_rate) in enumerate(sources):
            reading = readings[number] = Reading(Recording(source, sample_rate, keep=keep))
            error: UnispeechError | None = None
            try:
                chunks = self._plan(reading.recording, options, number)
                for chunk in detection.spoken(chunks, reading):
                    if reading.error:  # the backend failed: there is no transcript to complete
                        break
                    yield chunk
            except UnispeechError as problem:
                error = problem
            yield reading.end(number, error)

    def _plan(
        self, recording: Recording, options: TranscribeOptions, number: int = 0
    ) -> Iterator[Chunk]:
        longest = options.batch.chunk_length or self.backend.chunk_length
        return plan(recording, options, number, self.backend.windows, longest, self.spec.context)

    def _detection(self, options: TranscribeOptions) -> Detection:
        return Detection(self.backend, self.facts, options, self.load_options.device)


def _read(
    options: DecodeOptions, emissions: Emissions, language: str | None
) -> tuple[Segment, ...]:
    return words.read(emissions, language, options.word_timestamps, options.ngram)


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
