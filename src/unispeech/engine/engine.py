"""`Engine`, the public interface to one loaded model. `run` is the chain of stages behind it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, Unpack, cast

from unispeech.annotate import annotation
from unispeech.audio.recording import Source
from unispeech.backends import choose, lookup, registry
from unispeech.backends.base import Backend, Closed
from unispeech.backends.loaded import LoadedModels
from unispeech.backends.settle import Settled, settle_leniently
from unispeech.call import Call, IsCancelled, OnProgress, OnSegment, ignore, merge_callbacks, never
from unispeech.engine import run, sound
from unispeech.engine.align import aligned
from unispeech.engine.decoder import Decoder
from unispeech.engine.language import identifier
from unispeech.engine.run import Run
from unispeech.engine.sound import Input
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
from unispeech.realtime.streaming import StreamingSession
from unispeech.stages import stitch
from unispeech.system import deprecation
from unispeech.types import Segment, Transcript


class Engine:
    """A loaded model that transcribes.

        engine = Engine("faster", "base", language="en")
        for segment in engine.segments("long.mp3"):
            print(segment.start, segment.text)

    `options` are the fields of `options.EngineOptions`: the load options (`device`,
    `compute_type`, `threads`, `isolated`) and the defaults of every call, which a call may
    override. Safe to use from several threads.

    Every method takes callbacks, which run in the thread of the caller: `on_segment` gets each
    segment as it is decoded, `on_progress` the progress, and `cancelled` is polled between
    batches; if it returns True, the method raises `Cancelled`.

    For the owner of several engines: `models` holds the aligners, diarizers and language
    identifiers (without `models` the engine creates its own and closes it), and `share` may wrap
    the loaded backend.

    Raises:
        UnknownBackend, BackendMissing, UnknownModel, ModelUnavailable, ModelDamaged.
        OptionError: an option has an invalid value.
        UnsupportedOption: this backend or model cannot honour an option. Raised before any
            weights load.
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
        """Load an engine for a settled request. Raises the errors of `Engine`."""
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
                pass  # loads it now, so that a run does not fail on it later
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
            AudioError: the recording cannot be read.
            Cancelled: `cancelled` returned True.
            UnispeechError: any other error of the tree.
        """
        call = merge_callbacks(call, on_progress, on_segment, cancelled)
        return run.segments(self._start(options, call), Input(source, sample_rate))

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
        """The transcript of one recording. Raises the errors of `segments`."""
        call = merge_callbacks(call, on_progress, on_segment, cancelled)
        return self._transcribe(Input(source, sample_rate), options, call)

    def transcribe_many(
        self,
        sources: Iterable[Source | Input],
        sample_rate: int | None = None,
        call: Call | None = None,
        *,
        on_progress: OnProgress = ignore,
        on_segment: OnSegment = ignore,
        cancelled: IsCancelled = never,
        **options: Unpack[CallOptions],
    ) -> Iterator[Transcript | UnispeechError]:
        """A transcript of each source in order, or the error of a source that failed.

        The sources share batches, so transcribing many short recordings together is faster. An
        `engine.sound.Input` gives a source a sample rate and a language of its own.
        """
        if isinstance(sources, str | bytes | Path):
            raise AudioError(
                "transcribe_many takes several sources", "put a single source in a list"
            )
        call = merge_callbacks(call, on_progress, on_segment, cancelled)
        inputs = (s if isinstance(s, Input) else Input(s, sample_rate) for s in sources)
        return run.transcripts(self._start(options, call), inputs)

    def follow(self, source: Source, call: Call, **options: Unpack[CallOptions]) -> Transcript:
        """Transcribe with a journal. Internal: for jobs, which survive a restart of the server."""
        return self._transcribe(Input(source), options, call, warn=False)  # options may be stored

    def assist(self, call: Call, **options: Unpack[CallOptions]) -> None:
        """Decode open chunks of another process's call, until none is left. Internal: for jobs.

        `options` are those of that call. Raises as `spread.assist`.
        """
        self._run(self._options(options, warn=False), call).assist()

    def listen(self, **options: Unpack[ListenOptions]) -> Session:
        """Start a live session, which takes sound as it arrives and returns events.

            session = engine.listen(language="en")
            for event in session.feed(samples):
                print(event.type, event.text)

        `options` are those of a call and of `LiveOptions`: `step`, `endpoint`, `keep` and
        `longest`, in seconds. Words have times if the backend returns word times.

        Raises:
            UnsupportedOption: the backend or model cannot honour an option.
        """
        live, names = live_options.split_options(cast(dict[str, Any], options))
        request = TranscribeOptions.of(self.options, **{**names, "word_timestamps": True})
        settled = self.settle(request, droppable=("word_timestamps",), live=True).checked()
        can = self.spec.capabilities
        hearing = Hearing(
            self.backend, self.facts, settled.options, can.initial_prompt, can.language_free
        )
        stream = self.backend.open_stream(settled.options.decode)
        return StreamingSession(hearing, stream, live) if stream else Session(hearing, live)

    def detect_language(
        self,
        source: Source,
        sample_rate: int | None = None,
        *,
        cancelled: IsCancelled = never,
    ) -> tuple[str, float]:
        """Detect the language at the beginning of a recording. Returns its code and probability."""
        if cancelled():
            raise Cancelled()
        reader = self._run(self.options, Call()).reader()
        first = itertools.islice(
            reader.plan(sound.opened(Input(source, sample_rate), self.options.sound)), 3
        )
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
        """Align a text with the recording: word times for each line, which becomes a segment.

        Needs a CTC model. The text may come from anywhere.

        Raises:
            UnsupportedOption: the backend has no CTC model.
            AudioError: the recording cannot be read, or is too short for the text.
        """
        if not self.spec.capabilities.emissions:
            raise UnsupportedOption(
                f"align: the backend {self.spec.name} has no CTC model", "use mms or ctc"
            )
        base = replace(self.options, annotate=AnnotateOptions())
        settled = self._options({**options, "vad": False}, base)
        call = merge_callbacks(call, on_progress, on_segment, cancelled)
        segments, end = aligned(
            self._run(settled, call).reader(),
            Input(source, sample_rate),
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
        """Settle `options` over the defaults of this engine.

        Raises:
            UnsupportedOption: the backend or model cannot honour an option.
        """
        return self._options(options)

    def settle(
        self, options: TranscribeOptions, droppable: Collection[str] = (), live: bool = False
    ) -> Settled:
        """Settle the options of one call. Drops `droppable` options that cannot be honoured."""
        load = self.load_options
        facts = lookup.facts(self.spec, self.model, load, options, self.facts)
        return settle_leniently(self.spec, facts, load, options, droppable, live)

    def close(self) -> None:
        """Free the memory. Later calls raise `BackendError`. Idempotent."""
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
        self,
        overrides: CallOptions,
        base: TranscribeOptions | None = None,
        warn: bool = True,
    ) -> TranscribeOptions:
        options = TranscribeOptions.of(base or self.options, **overrides)
        settled = self.settle(options).checked()
        if settled.deprecated and warn:
            deprecation.warn(settled.deprecated)
        return settled.options

    def _run(self, options: TranscribeOptions, call: Call) -> Run:
        device = self.load_options.device
        return Run(
            self.spec, self.facts, self.backend, device, self._models, self._threads, options, call
        )

    def _start(self, overrides: CallOptions, call: Call, warn: bool = True) -> Callable[[], Run]:
        return lambda: self._run(self._options(overrides, warn=warn), call)

    def _transcribe(
        self, source: Input, overrides: CallOptions, call: Call, warn: bool = True
    ) -> Transcript:
        result = next(run.transcripts(self._start(overrides, call, warn), [source]))
        if isinstance(result, UnispeechError):
            raise result
        return result


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
    """Load a model, transcribe one recording, and unload the model.

    `source` is a path, bytes, an open file, or an array with its `sample_rate`. Takes the options
    and raises the errors of `Engine`. To transcribe several recordings, use an `Engine`.
    """
    with Engine(backend, model, on_progress=on_progress, **options) as engine:
        return engine.transcribe(
            source,
            sample_rate,
            on_progress=on_progress,
            on_segment=on_segment,
            cancelled=cancelled,
        )
