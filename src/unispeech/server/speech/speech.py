"""Speech to text for the server: what is asked for is checked, then decoded on shared engines."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import re
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

from unispeech.backends import choose, registry
from unispeech.backends.settle import Refusal, Settled
from unispeech.call import Call
from unispeech.engine.engine import Engine
from unispeech.engine.pool import Pool
from unispeech.errors import OptionError, UnispeechError, UnknownModel, did_you_mean
from unispeech.models import catalog, companions, model_names, store, weight_cache
from unispeech.options import LoadOptions, TranscribeOptions, split_options
from unispeech.server.observe import metrics
from unispeech.server.service_errors import Busy
from unispeech.server.settings import Settings
from unispeech.server.speech.decoders import Cut, Decoded, Decoders
from unispeech.server.speech.diarization_weights import Weights
from unispeech.server.speech.threads import started
from unispeech.types import Transcript

DIARIZING = "gpt-4o-transcribe-diarize"
HOSTED = frozenset(
    {
        "whisper-1",
        "gpt-transcribe",
        "gpt-4o-transcribe",
        "gpt-4o-mini-transcribe",
        "gpt-4o-mini-transcribe-2025-12-15",
        DIARIZING,
    }
)
"""Model ids of OpenAI's own service; here they mean the server's default."""


NGRAMS = "ngrams"
"""The folder in the service's data of the KenLM models that requests may name."""


class NoSpeakers(UnispeechError):
    """Nothing on this server can tell speakers apart."""

    code = "diarization_unavailable"


@dataclass(frozen=True, slots=True)
class Ask:
    """What a request wants, checked: which engine, and how to transcribe."""

    backend: str
    model: str
    options: dict[str, Any]
    """The flat names of `TranscribeOptions.of`, only those that were given. With whose weights
    speakers are told apart is not among them: that is the server's own."""
    refusals: tuple[Refusal, ...] = ()
    """Why it cannot be done; empty of a request that was let through."""

    @property
    def diarized(self) -> bool:
        return bool(self.options.get("diarize"))


class Speech:
    """The engines, the decoding processes and the threads of one server process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.pool = Pool(settings.engines, settings.idle_timeout, settings.batch_size)
        self.decoders = Decoders(settings.decoders, settings.decode_memory, settings.decode_timeout)
        self.threads = started(settings.requests_at_once, "unispeech-request")
        self._weights = Weights(settings.diarize_model)
        self._places = asyncio.Semaphore(settings.requests_at_once)
        self._waiting = 0

    def ask(self, model: str | None = None, backend: str | None = None, **options: Any) -> Ask:
        """Check a request before anything heavy happens.

        Raises:
            UnknownBackend, UnknownModel: not here. OptionError: a wrong or unknown option.
            UnsupportedOption: one that this backend or model cannot honour.
            NoSpeakers: they are wanted, and nothing here tells them apart.
        """
        ask = self.consider(model, backend, **options)
        for refusal in ask.refusals:
            raise refusal.error()
        return ask

    def consider(self, model: str | None = None, backend: str | None = None, **options: Any) -> Ask:
        """A request with every reason why it cannot be done.

        Raises:
            As `ask`: for what is not a request at all, such as an unknown option.
        """
        name = self.model(model, backend)
        given = {key: value for key, value in options.items() if value is not None}
        load, wanted = split_options(given)
        own = (*self._own_limits(load, given.get("batch_size", 0)), *self._own_files(wanted))
        wanted = wanted.without(refusal.option for refusal in own)  # a path is not even looked at
        settled = self.settled(backend or self.settings.backend, name, wanted)
        refusals = (*own, *map(_about_speakers, settled.refusals))
        return Ask(settled.spec.name, name, given, refusals)

    def settled(self, backend: str, model: str, options: TranscribeOptions) -> Settled:
        """What the gate says of options, with the server's own for all that is not a client's."""
        options = TranscribeOptions.of(**self.with_own(options.flat()))
        return choose.settle_request(backend, model, self.settings.load_options, options)

    def with_own(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """A client's options with the server's own pipeline and the paths of its n-grams."""
        own = dict(options)
        if options.get("diarize"):
            own["diarize_model"] = self.settings.diarize_model
        if name := options.get("ngram"):
            own["ngram"] = str(self.settings.data_dir / NGRAMS / name)
        return own

    def _own_files(self, options: TranscribeOptions) -> Iterator[Refusal]:
        """Refuse what is not the server's: a client names models and files, never paths."""
        for name, model in (
            ("align_model", options.annotate.align_model),
            ("language_id_model", options.language_id_model),
        ):
            if model is not None and not is_offered(model):
                yield Refusal(
                    "model_not_offered", name,
                    f"{name} {model[:100]!r}: the server has no such model",
                    "give a name of the catalog, or a Hub id that the server keeps", OptionError,
                )  # fmt: skip
        ngram = options.decode.ngram
        if ngram is not None and ngram not in self._ngrams():
            yield Refusal(
                "file_not_offered", "ngram", f"ngram {ngram[:100]!r}: not a file of this server",
                f"give the name of a file in its folder {NGRAMS}", OptionError,
            )  # fmt: skip

    def _ngrams(self) -> set[str]:
        """The names that a client may give. None of them is a path."""
        found = (self.settings.data_dir / NGRAMS).glob("[!.]*")
        return {path.name for path in found if path.is_file()}

    def _own_limits(self, load: LoadOptions, batch_size: int) -> Iterator[Refusal]:
        usual = LoadOptions()
        for name in (field.name for field in fields(load)):
            if getattr(load, name) != getattr(usual, name):
                yield Refusal(
                    "server_setting", name, f"{name}: the server decides how models are loaded",
                    "leave it out", OptionError,
                )  # fmt: skip
        most = self.settings.batch_size
        if batch_size > most:
            yield Refusal(
                "over_limit", "batch_size", f"batch_size is {batch_size}",
                f"this server's largest is {most}", OptionError,
            )  # fmt: skip

    def without_speakers(self) -> Refusal | None:
        """Why this server cannot tell speakers apart; None where it can."""
        asked = TranscribeOptions.of(diarize=True)
        settled = self.settled(self.settings.backend, self.settings.model, asked)
        found = settled.refusal("diarize", "diarize_model")
        return found and _about_speakers(found)

    async def fetch(self, ask: Ask) -> None:
        """Have here what would be missed only after all is decoded.

        Raises:
            NoSpeakers: the weights that tell them apart cannot be had.
        """
        if ask.diarized:
            try:
                await self._weights.obtain(self.run)
            except UnispeechError as error:
                raise _about_speakers(Refusal.of(error, "diarize")).error() from error

    def check(self) -> None:
        """Refuse at the start what the settings name and this machine does not have.

        Raises:
            OptionError: a backend, a model or a pipeline; the message names the setting.
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
        refusal = self.without_speakers()
        if refusal and self.settings.diarize_model != companions.DIARIZER:
            with _setting("diarize_model"):
                raise refusal.error()

    def model(self, name: str | None, backend: str | None = None) -> str:
        """The model that a client's name means.

        Raises:
            UnknownModel: it is neither the server's own, nor in the store, nor in the catalog, nor
                the default of a backend that brings its models.
            UnknownBackend: there is no such backend.
        """
        if backend and backend != choose.AUTO:
            spec = registry.find(backend)
            if spec.facts and (name or spec.default_model) == spec.default_model:
                return spec.default_model
        if not name or name in HOSTED or name == self.settings.model:
            return self.settings.model
        if is_offered(name):
            return name
        near = catalog.nearest(name)
        raise UnknownModel(
            f"there is no model {name[:100]!r} here", did_you_mean(near), option="model"
        )

    @contextmanager
    def engine(self, ask: Ask) -> Iterator[Engine]:
        with self.pool.engine(ask.backend, ask.model, self.settings.load_options) as engine:
            yield engine

    def transcribe(self, ask: Ask, decoded: Decoded, call: Call) -> Transcript:
        """Blocking. What was wrong with the upload is said in the transcript's warnings."""
        options = self.with_own(ask.options)
        with self.engine(ask) as engine:
            transcript = engine.follow(decoded.path, call, **options)
        metrics.AUDIO_SECONDS.inc(transcript.duration)
        return replace(
            transcript,
            warnings=(*decoded.warnings, *transcript.warnings),
            complete=decoded.complete and transcript.complete,
        )

    def detect(self, ask: Ask, decoded: Decoded) -> tuple[str, float]:
        """The language spoken at the beginning, as a code, and its probability. Blocking."""
        with self.engine(ask) as engine:
            return engine.detect_language(decoded.path)

    def room(self) -> None:
        """Raises:
        Busy: too many requests wait already.
        """
        if self._waiting >= self.settings.queue_size:
            raise Busy("too many requests are waiting", "try again in a moment")

    @asynccontextmanager
    async def admitted(self) -> AsyncIterator[None]:
        """A place among the requests that are worked on, waiting for one if need be. For those
        whose upload is here: a slow client would keep it.

        Raises:
            Busy: too many wait already.
        """
        self.room()
        self._waiting += 1
        metrics.WAITING.set(self._waiting)
        try:
            await self._places.acquire()
        finally:
            self._waiting -= 1
            metrics.WAITING.set(self._waiting)
        try:
            yield
        finally:
            self._places.release()

    async def decode(self, source: Path, name: str, cut: Cut | None = None) -> Decoded:
        target = source.with_suffix(".decoded.wav")
        cut = cut or Cut(longest=self.settings.max_duration)
        return await self.decoders.decode_async(source, target, name, cut)

    async def run(self, work: partial[Any], left: threading.Event | None = None) -> Any:
        """Blocking work in a thread of ours; `left` is set where the caller goes away."""
        known = partial(contextvars.copy_context().run, work)  # whose request it is, for the log
        try:
            return await asyncio.get_running_loop().run_in_executor(self.threads, known)
        except asyncio.CancelledError:
            if left:
                left.set()
            raise

    def close(self) -> None:
        with contextlib.suppress(RuntimeError):
            self.decoders.close()
        self.threads.shutdown(wait=True, cancel_futures=True)
        self.pool.close()


def is_offered(model: str) -> bool:
    """Whether a client may name this model: it is in the catalog, or kept in the store."""
    kept = model_names.HUB_ID.fullmatch(model) and weight_cache.formats(model)
    return bool(catalog.find(model) or kept)


@contextmanager
def _setting(name: str) -> Iterator[None]:
    """Whatever is wrong with what a setting names, as an `OptionError` that names the setting."""
    try:
        yield
    except UnispeechError as error:
        raise OptionError(f"setting {name}: {error.message}", error.hint) from error


def _about_speakers(refusal: Refusal) -> Refusal:
    """The same refusal; one about what tells speakers apart as `NoSpeakers`."""
    if refusal.option not in ("diarize", "diarize_model"):
        return refusal
    reason = refusal.reason.removeprefix("diarize: ")
    return Refusal(
        NoSpeakers.code, "diarize", f"this server cannot tell speakers apart: {reason}",
        refusal.hint, NoSpeakers,
    )  # fmt: skip


_PATH = re.compile(r"(?<![\w:/])/(?:[^\s/:'\"]+/)+([^\s/:'\"]*)")


def public(error: BaseException) -> str:
    """What a client may read of an error: one line without the paths of this machine."""
    return _PATH.sub(r"\1", str(error))
