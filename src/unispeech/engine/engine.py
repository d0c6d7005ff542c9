"""The engine: one loaded backend, and the chain of stages from sources to transcripts.

source → audio → vad → chunking → batching → guard(backend) → stitch → Transcript

`source` reads as far as the chunk, `decoder` decodes a batch, `outcome` is what comes of a source,
and `batched` is the loop around them.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, Unpack, cast

from unispeech.annotate import annotation
from unispeech.annotate.annotation import Annotation
from unispeech.audio.recording import Recording, Source
from unispeech.backends import choose, lookup, registry
from unispeech.backends.base import Backend, Closed
from unispeech.backends.loaded import LoadedModels
from unispeech.backends.settle import Settled, settle_leniently
from unispeech.call import Call, IsCancelled, OnProgress, OnSegment, followed, ignore, never
from unispeech.engine import batched, native
from unispeech.engine.align import aligned
from unispeech.engine.decoder import Decoder
from unispeech.engine.language import Detection, identifier
from unispeech.engine.source import Reader
from unispeech.engine.threads import Threads
from unispeech.errors import AudioError, Cancelled, UnispeechError, UnsupportedOption
from unispeech.options import (
    AnnotateOptions,
    CallOptions,
    EngineOptions,
    TranscribeOptions,
    split_options,
)
from unispeech.realtime import options as live_options
from unispeech.realtime.hearing import Hearing
from unispeech.realtime.options import ListenOptions
from unispeech.realtime.session import Session
from unispeech.stages import stitch
from unispeech.types import End, Gap, Segment, Transcript


class Engine:
    """A loaded model that transcribes.

        engine = Engine("faster", "base", language="en")
        for segment in engine.segments("long.mp3"):
            print(segment.start, segment.text)

    `options` are those of `options.EngineOptions`: how to load
    (`device`, `compute_type`, `threads`, `isolated`) and the defaults of every call, which a call
    may override. Safe to use from several threads.

    Every call can be followed, from the thread that makes it: `on_segment` is called with each
    segment as it is decoded, `on_progress` with the progress, and `cancelled` is asked between
    batches; where it returns True, the call raises `Cancelled`.

    For the owner of several engines: `models` is where aligners, diarizers and language identifiers
    are loaded (an engine without it has its own, which it closes), and `share` may wrap the backend
    once it is loaded.

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
        models: LoadedModels | None = None,
        share: Callable[[Backend], Backend] = lambda backend: backend,
        **options: Unpack[EngineOptions],
    ) -> None:
        load, defaults = split_options(cast(dict[str, Any], options))
        self._load(
            choose.settle_request(backend, model, load, defaults), on_progress, models, share
        )

    @classmethod
    def of(
        cls,
        settled: Settled,
        on_progress: OnProgress = ignore,
        models: LoadedModels | None = None,
        share: Callable[[Backend], Backend] = lambda backend: backend,
    ) -> Self:
        """An engine for a request that is settled already. Takes and raises what `Engine` does."""
        engine = cls.__new__(cls)
        engine._load(settled, on_progress, models, share)
        return engine

    def _load(
        self,
        settled: Settled,
        on_progress: OnProgress,
        models: LoadedModels | None,
        share: Callable[[Backend], Backend],
    ) -> None:
        settled.checked(language_later=True)
        self._owns_models = models is None
        self._models = models or LoadedModels()
        self.spec, self.model, self.facts = settled.spec, settled.facts.name, settled.model
        self.load_options, self.options = settled.load, settled.requested
        if self.options.language_id_model is not None:
            with identifier(self._models, self.options.language_id_model, self.load_options.device):
                pass  # loaded now, so that a run does not fail on it later
        annotation.fetch(settled.options, self.facts, on_progress)
        path = self.spec.obtain(self.model, on_progress)
        loaded = registry.load(self.spec, path, self.facts, self.load_options)
        self.backend: Backend = share(loaded)
        self._threads = Threads(self.spec.name)

    def segments(
        self,
        source: Source,
        sample_rate: int | None = None,
        call: Call | None = None,
        *,
        on_progress: OnProgress = ignore,
        on_segment: OnSegment = ignore,
        cancelled: IsCancelled = never,
        **options: Unpack[CallOptions],
    ) -> Iterator[Segment]:
        """The segments of one recording, as they are decoded.

        Raises:
            AudioError: the recording cannot be read. Cancelled: `cancelled` returned True.
            UnispeechError: anything else of the tree.
        """
        call = followed(call, on_progress, on_segment, cancelled)
        return self._segments((source, sample_rate), options, call)

    def transcribe(
        self,
        source: Source,
        sample_rate: int | None = None,
        call: Call | None = None,
        *,
        on_progress: OnProgress = ignore,
        on_segment: OnSegment = ignore,
        cancelled: IsCancelled = never,
        **options: Unpack[CallOptions],
    ) -> Transcript:
        """The whole transcript of one recording. Raises as `segments` does."""
        call = followed(call, on_progress, on_segment, cancelled)
        return self._one((source, sample_rate), options, call)

    def transcribe_many(
        self,
        sources: Iterable[Source],
        sample_rate: int | None = None,
        call: Call | None = None,
        *,
        on_progress: OnProgress = ignore,
        on_segment: OnSegment = ignore,
        cancelled: IsCancelled = never,
        **options: Unpack[CallOptions],
    ) -> Iterator[Transcript | UnispeechError]:
        """A transcript for each source, in order; for one that failed, its error in its place.

        The sources share batches, so many short recordings together are faster than one by one.
        """
        if isinstance(sources, str | bytes | Path):
            raise AudioError("transcribe_many takes several sources", "put a single one in a list")
        call = followed(call, on_progress, on_segment, cancelled)
        return self._many(((source, sample_rate) for source in sources), options, call)

    def follow(self, source: Source, call: Call, **options: Unpack[CallOptions]) -> Transcript:
        """As `transcribe`, with a journal. Internal: for jobs, which outlive their process."""
        return self._one((source, None), options, call)

    def listen(self, **options: Unpack[ListenOptions]) -> Session:
        """A live session: feed it sound as it comes, and it gives events.

            session = engine.listen(language="en")
            for event in session.feed(samples):
                print(event.type, event.text)

        `options` are those of a call, and `step`, `endpoint`, `keep` and `longest` (seconds, see
        `LiveOptions`). Words have times where the backend has them.

        Raises:
            UnsupportedOption: the backend or the model cannot honour an option.
        """
        live, names = live_options.split_options(cast(dict[str, Any], options))
        asked = TranscribeOptions.of(self.options, **{**names, "word_timestamps": True})
        settled = self.settle(asked, droppable=("word_timestamps",), live=True).checked()
        prompts = self.spec.capabilities.initial_prompt
        return Session(Hearing(self.backend, self.facts, settled.options, prompts), live)

    def detect_language(
        self,
        source: Source,
        sample_rate: int | None = None,
        *,
        cancelled: IsCancelled = never,
    ) -> tuple[str, float]:
        """The language spoken at the beginning of a recording, and its probability."""
        if cancelled():
            raise Cancelled()
        reader = self._reader(self.options)
        first = itertools.islice(reader.plan(Recording(source, sample_rate)), 3)
        return reader.detection.language(list(first))

    def align(
        self,
        source: Source,
        text: str,
        sample_rate: int | None = None,
        call: Call | None = None,
        *,
        on_progress: OnProgress = ignore,
        on_segment: OnSegment = ignore,
        cancelled: IsCancelled = never,
        **options: Unpack[CallOptions],
    ) -> Transcript:
        """When each word of a text that is known was said; a line of the text is a segment.

        Only with a CTC model, which need not have written the text.

        Raises:
            UnsupportedOption: the backend is of another kind.
            AudioError: the recording cannot be read, or is too short for the text.
        """
        if not self.spec.capabilities.emissions:
            raise UnsupportedOption(
                f"align: the backend {self.spec.name} does not hear letters", "use mms or ctc"
            )
        plain = replace(self.options, annotate=AnnotateOptions())
        settled = self._options({**options, "vad": False}, plain)
        call = followed(call, on_progress, on_segment, cancelled)
        segments, end = aligned(
            self._reader(settled),
            (source, sample_rate),
            text,
            Decoder(self.backend, settled.decode, call),
            call.on_progress,
            self._threads,
        )
        for segment in segments:
            call.on_segment(segment)
        return stitch.transcript(
            segments, (), end, backend=self.spec.name, model=self.facts.name, task="align"
        )

    def resolve(self, **options: Unpack[CallOptions]) -> TranscribeOptions:
        """This engine's defaults overridden by `options`; refuses what it cannot honour."""
        return self._options(options)

    def settle(
        self, options: TranscribeOptions, droppable: Collection[str] = (), live: bool = False
    ) -> Settled:
        """Settle the options of one call, without those of the `droppable` it cannot honour."""
        load = self.load_options
        facts = lookup.facts(self.spec, self.model, load, options, self.facts)
        return settle_leniently(self.spec, facts, load, options, droppable, live)

    def close(self) -> None:
        """Give the memory back. The engine cannot be used afterwards. May be called twice."""
        self.backend.close()
        self.backend = Closed(self.spec.name)
        self._threads.shutdown(wait=False)
        if self._owns_models:
            self._models.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _options(
        self, overrides: CallOptions, base: TranscribeOptions | None = None
    ) -> TranscribeOptions:
        options = TranscribeOptions.of(base or self.options, **overrides)
        return self.settle(options).checked().options

    def _segments(
        self, source: tuple[Source, int | None], overrides: CallOptions, call: Call
    ) -> Iterator[Segment]:
        for item in self._events([source], self._options(overrides), call):
            if isinstance(item, Segment):
                call.on_segment(item)
                yield item
            elif isinstance(item, End) and item.error:
                raise item.error

    def _one(
        self, source: tuple[Source, int | None], overrides: CallOptions, call: Call
    ) -> Transcript:
        result = next(self._many([source], overrides, call))
        if isinstance(result, UnispeechError):
            raise result
        return result

    def _many(
        self, sources: Iterable[tuple[Source, int | None]], overrides: CallOptions, call: Call
    ) -> Iterator[Transcript | UnispeechError]:
        options = self._options(overrides)
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
        notes = Annotation(options.annotate, self.load_options.device, call, self._models)
        if options.strategy == "native":
            own = self.spec.capabilities.native_alignment
            return native.events(self.backend, sources, options, call, notes, own)
        reader = self._reader(options)
        return batched.events(reader, sources, self.backend, call, notes, self._threads)

    def _reader(self, options: TranscribeOptions) -> Reader:
        return Reader(
            Detection(self.backend, self.facts, options, self._models, self.load_options.device),
            options,
            self.backend.windows,
            options.batch.chunk_length or self.backend.chunk_length,
            self.spec.context,
        )


def transcribe(
    source: Source,
    sample_rate: int | None = None,
    *,
    backend: str = "faster",
    model: str | None = None,
    on_progress: OnProgress = ignore,
    on_segment: OnSegment = ignore,
    cancelled: IsCancelled = never,
    **options: Unpack[EngineOptions],
) -> Transcript:
    """Load a model, transcribe one recording, let the model go.

    `source` is a path, bytes, an open file, or an array with its `sample_rate`. Takes and raises
    what `Engine` does; to transcribe several recordings, keep an `Engine`.
    """
    with Engine(backend, model, on_progress=on_progress, **options) as engine:
        return engine.transcribe(
            source,
            sample_rate,
            on_progress=on_progress,
            on_segment=on_segment,
            cancelled=cancelled,
        )
