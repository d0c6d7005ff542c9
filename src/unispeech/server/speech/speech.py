"""Speech recognition for the server: requests are checked, then decoded on shared engines."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import re
import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

from unispeech import languages
from unispeech.annotate.annotation import aligner_model
from unispeech.backends import choose
from unispeech.backends.settle import Refusal, Settled
from unispeech.call import Call
from unispeech.engine.engine import Engine
from unispeech.engine.pool import Pool
from unispeech.errors import OptionError, UnispeechError
from unispeech.models import companions, store
from unispeech.options import LoadOptions, SoundOptions, TranscribeOptions, split_options
from unispeech.server.observe import metrics
from unispeech.server.service_errors import Busy
from unispeech.server.settings import Settings
from unispeech.server.speech.client_models import ClientModels, is_offered, not_here
from unispeech.server.speech.decoders import Decoded, DecodeRange, Decoders
from unispeech.server.speech.diarization_weights import Weights
from unispeech.server.speech.threads import ChainedThreads
from unispeech.types import Transcript

NGRAMS = "ngrams"
"""Folder in the data folder with the KenLM models that requests may name."""


class NoSpeakers(UnispeechError):
    """This server cannot diarize."""

    code = "diarization_unavailable"


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """Checked request: the engine, and how to transcribe."""

    backend: str
    model: str
    options: dict[str, Any]
    """Options of the request, by the flat names of `TranscribeOptions.of`. The diarization model is
    not among them: the server chooses it."""
    refusals: tuple[Refusal, ...] = ()
    """Reasons why the request cannot be honoured; empty after `make_request`."""

    @property
    def diarizes(self) -> bool:
        return bool(self.options.get("diarize"))

    @property
    def sound(self) -> SoundOptions:
        """The track and the channels, which the decoder chooses."""
        names = ("audio_track", "channels")
        return SoundOptions(**{n: self.options[n] for n in names if n in self.options})

    @property
    def can_be_spread(self) -> bool:
        """True if several workers can decode the chunks of one recording: not with the library's
        own algorithm, and not if tracks or channels are transcribed separately."""
        return self.options.get("strategy") != "native" and not self.sound.has_lanes


class Speech:
    """Engines, decoding processes and threads of one server process."""

    def __init__(
        self, settings: Settings, keys_required: Callable[[], bool] = lambda: False
    ) -> None:
        self.settings = settings
        self.models = ClientModels(settings, keys_required)
        self.pool = Pool(settings.engines, settings.idle_timeout, settings.batch_size)
        self.decoders = Decoders(settings.decoders, settings.decode_memory, settings.decode_timeout)
        self.threads = ChainedThreads(settings.requests_at_once, "unispeech-request")
        self._weights = Weights(settings.diarize_model)
        self._slots = asyncio.Semaphore(settings.requests_at_once)
        self._waiting = 0

    def make_request(
        self, model: str | None = None, backend: str | None = None, **options: Any
    ) -> SpeechRequest:
        """Return a checked request, before any expensive work.

        Raises:
            UnknownBackend, UnknownModel: the server does not have it.
            OptionError: an option is unknown or its value is wrong.
            UnsupportedOption: the backend or model cannot honour an option.
            NoSpeakers: the request wants speakers, and this server cannot diarize.
        """
        request = self.review_request(model, backend, **options)
        for refusal in request.refusals:
            raise refusal.error()
        return request

    def review_request(
        self, model: str | None = None, backend: str | None = None, **options: Any
    ) -> SpeechRequest:
        """Return the request with all reasons why it cannot be honoured.

        Raises:
            UnknownBackend, UnknownModel, OptionError: the request is malformed.
        """
        name = self.models.resolve(model, backend)
        options = {key: value for key, value in options.items() if value is not None}
        if languages.is_automatic(options.get("language")):
            del options["language"]
        load, transcribe = split_options(options)
        own = (
            *self._check_limits(load, options.get("batch_size", 0)),
            *self._check_files(transcribe),
        )
        transcribe = transcribe.without(refusal.option for refusal in own)  # open no refused path
        settled = self.settled(backend or self.settings.backend, name, transcribe)
        refusals = (
            *own,
            *map(_as_speaker_refusal, settled.refusals),
            *self._check_aligner(settled),
        )
        return SpeechRequest(settled.spec.name, name, options, refusals)

    def settled(self, backend: str, model: str, options: TranscribeOptions) -> Settled:
        """Check options together with those that the server sets."""
        options = TranscribeOptions.of(**self.with_server_options(options.flat()))
        return choose.settle_request(backend, model, self.settings.load_options, options)

    def with_server_options(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return a client's options with the server's diarization model and the n-gram's path."""
        merged = dict(options)
        if options.get("diarize"):
            merged["diarize_model"] = self.settings.diarize_model
        if name := options.get("ngram"):
            merged["ngram"] = str(self.settings.data_dir / NGRAMS / name)
        return merged

    def _check_files(self, options: TranscribeOptions) -> Iterator[Refusal]:
        """Yield refusals of models and files that the server does not have, and of all paths."""
        for name, model in (
            ("align_model", options.annotate.align_model),
            ("language_id_model", options.language_id_model),
        ):
            if model is not None and not is_offered(model):
                yield Refusal(
                    "model_not_offered", name,
                    f"{name} {model[:100]!r}: the server has no such model",
                    "use a name from the catalog, or a Hub ID in the server's store", OptionError,
                )  # fmt: skip
            elif model is not None and not self.models.may_name(model):
                yield Refusal.of(not_here(model), name)
        ngram = options.decode.ngram
        if ngram is not None and ngram not in self._ngrams():
            yield Refusal(
                "file_not_offered", "ngram", f"ngram {ngram[:100]!r}: the server has no such file",
                f"use the name of a file in its folder {NGRAMS}", OptionError,
            )  # fmt: skip

    def _check_aligner(self, settled: Settled) -> Iterator[Refusal]:
        """Yield a refusal of the default aligner of the language, if it must not be downloaded."""
        annotate, facts = settled.options.annotate, settled.facts.model
        aligns_itself = settled.spec.capabilities.emissions
        if annotate.align_model is not None or aligns_itself or isinstance(facts, UnispeechError):
            return
        model = aligner_model(settled.options, facts)
        if model is not None and not self.models.may_name(model):
            is_asked = settled.requested.annotate.align
            yield Refusal.of(not_here(model), "align" if is_asked else "aligner")

    def _ngrams(self) -> set[str]:
        """Return the names of the n-gram files that clients may use."""
        paths = (self.settings.data_dir / NGRAMS).glob("[!.]*")
        return {path.name for path in paths if path.is_file()}

    def _check_limits(self, load: LoadOptions, batch_size: int) -> Iterator[Refusal]:
        default = LoadOptions()
        for name in (field.name for field in fields(load)):
            if getattr(load, name) != getattr(default, name):
                yield Refusal(
                    "server_setting", name, f"{name}: the server decides how models are loaded",
                    "leave it out", OptionError,
                )  # fmt: skip
        limit = self.settings.batch_size
        if batch_size > limit:
            yield Refusal(
                "over_limit", "batch_size", f"batch_size is {batch_size}",
                f"the limit of this server is {limit}", OptionError,
            )  # fmt: skip

    def diarization_refusal(self) -> Refusal | None:
        """Return the reason why this server cannot diarize; None if it can."""
        options = TranscribeOptions.of(diarize=True)
        settled = self.settled(self.settings.backend, self.settings.model, options)
        refusal = settled.refusal("diarize", "diarize_model")
        return refusal and _as_speaker_refusal(refusal)

    async def fetch_weights(self, request: SpeechRequest) -> None:
        """Fetch the weights that would be needed only after decoding.

        Raises:
            NoSpeakers: the diarization weights cannot be downloaded.
        """
        if request.diarizes:
            try:
                await self._weights.obtain(self.run)
            except UnispeechError as error:
                raise _as_speaker_refusal(Refusal.of(error, "diarize")).error() from error

    def check(self) -> None:
        """Check at the start that this machine has what the settings name.

        Raises:
            OptionError: a backend, model or pipeline is missing; the message names the setting.
        """
        if self.settings.backend == choose.AUTO:
            with _setting("model"):
                store.describe(self.settings.model)
        with _setting("backend"):
            backend = choose.find(self.settings.backend, self.settings.model).name
        settled = self.settled(backend, self.settings.model, TranscribeOptions())
        for name in ("backend", "model"):
            with _setting(name):
                if refusal := settled.refusal(name):
                    raise refusal.error()
        settled.checked(language_later=True)
        with _setting("waas_model"):
            store.describe(self.settings.waas_model)
        refusal = self.diarization_refusal()
        if refusal and self.settings.diarize_model != companions.DIARIZER:
            with _setting("diarize_model"):
                raise refusal.error()

    @contextmanager
    def engine(self, request: SpeechRequest) -> Iterator[Engine]:
        load = self.settings.load_options
        with (
            store.checking_downloads(self.models.check_download),
            self.pool.engine(request.backend, request.model, load) as engine,
        ):
            yield engine

    def load(self, request: SpeechRequest) -> None:
        """Load the model of a request into the pool (blocking)."""
        with self.engine(request):
            pass  # it stays in the pool

    def transcribe(self, request: SpeechRequest, decoded: Decoded, call: Call) -> Transcript:
        """Transcribe (blocking). The warnings include those of the decoder."""
        with self.engine(request) as engine:
            transcript = engine.follow(decoded.path, call, **self._engine_options(request))
        metrics.AUDIO_SECONDS.inc(transcript.duration)
        return replace(
            transcript,
            warnings=(*decoded.warnings, *_for_clients(transcript.warnings, decoded)),
            complete=decoded.complete and transcript.complete,
        )

    def assist(self, request: SpeechRequest, call: Call) -> None:
        """Decode open chunks of another worker's call (blocking)."""
        with self.engine(request) as engine:
            engine.assist(call, **self._engine_options(request))

    def _engine_options(self, request: SpeechRequest) -> dict[str, Any]:
        """Return the options of a request for the engine, which gets a decoded recording."""
        options = self.with_server_options(request.options)
        options.pop("audio_track", None)  # the decoder has chosen the track and the channels
        options["channels"] = "each" if request.sound.has_lanes else "mix"
        if options.get("strategy") != "native":
            options.setdefault("batch_size", self.settings.batch_size)
        return options

    def detect(self, request: SpeechRequest, decoded: Decoded) -> tuple[str, float]:
        """Detect the language at the beginning (blocking): its code and its probability."""
        with self.engine(request) as engine:
            return engine.detect_language(decoded.path)

    def check_capacity(self) -> None:
        """Check that another request may wait.

        Raises:
            Busy: too many requests are waiting.
        """
        if self._waiting >= self.settings.queue_size:
            raise Busy("too many requests are waiting", "try again in a moment")

    @asynccontextmanager
    async def admitted(self) -> AsyncIterator[None]:
        """Wait for a slot among the requests being transcribed, and hold it.

        Call it after the upload has arrived, since a slow client would hold its slot.

        Raises:
            Busy: too many requests are waiting.
        """
        self.check_capacity()
        self._waiting += 1
        metrics.WAITING.set(self._waiting)
        try:
            await self._slots.acquire()
        finally:
            self._waiting -= 1
            metrics.WAITING.set(self._waiting)
        try:
            yield
        finally:
            self._slots.release()

    async def decode(self, source: Path, name: str, range: DecodeRange | None = None) -> Decoded:
        target = source.with_suffix(".decoded.wav")
        range = range or DecodeRange(max_duration=self.settings.max_duration)
        return await self.decoders.decode_async(source, target, name, range)

    async def run(self, work: partial[Any], cancelled: threading.Event | None = None) -> Any:
        """Run blocking work in a thread; `cancelled` is set if the task is cancelled."""
        in_context = partial(contextvars.copy_context().run, work)  # with the request ID
        try:
            return await asyncio.get_running_loop().run_in_executor(self.threads, in_context)
        except asyncio.CancelledError:
            if cancelled:
                cancelled.set()
            raise

    def close(self) -> None:
        with contextlib.suppress(RuntimeError):
            self.decoders.close()
        self.threads.shutdown(wait=True, cancel_futures=True)
        self.pool.close()


@contextmanager
def _setting(name: str) -> Iterator[None]:
    """Turn errors into an `OptionError` that names the setting."""
    try:
        yield
    except UnispeechError as error:
        raise OptionError(f"setting {name}: {error.message}", error.hint) from error


def _as_speaker_refusal(refusal: Refusal) -> Refusal:
    """Turn a refusal of a diarization option into one of `NoSpeakers`; return others unchanged."""
    if refusal.option not in ("diarize", "diarize_model"):
        return refusal
    reason = refusal.reason.removeprefix("diarize: ")
    return Refusal(
        NoSpeakers.code, "diarize", f"this server cannot identify speakers: {reason}",
        refusal.hint, NoSpeakers,
    )  # fmt: skip


_PATH = re.compile(r"(?<![\w:/])/(?:[^\s/:'\"]+/)+([^\s/:'\"]*)")


def _for_clients(warnings: Iterable[str], decoded: Decoded) -> list[str]:
    """Remove the path of the decoded file and other paths of this machine."""
    return [_PATH.sub(r"\1", line.removeprefix(f"{decoded.path}: ")) for line in warnings]


def public(error: BaseException) -> str:
    """Return an error for clients: one line without paths of this machine."""
    return _PATH.sub(r"\1", str(error))
