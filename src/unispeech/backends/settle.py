"""The gate: the only code that decides which options a backend and a model can honour.

Pure: it reads, imports and loads nothing. The state of the disk and the environment is passed in
as `Facts` (see `lookup.facts`). Callers raise the first refusal, list them all, or drop options.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Self

from unispeech.backends import word_timing
from unispeech.backends.spec import BackendSpec
from unispeech.errors import BackendMissing, OptionError, UnispeechError, UnsupportedOption
from unispeech.models import companions
from unispeech.models.facts import ModelFacts, family_title
from unispeech.options import OPTIONS, LoadOptions, TranscribeOptions

LANGUAGE_REQUIRED = "language_required"
"""Code of the refusal that a later call can still avoid by giving a language."""

Described = ModelFacts | UnispeechError
"""A model, or the error that describing it raised."""


@dataclass(frozen=True, slots=True)
class Facts:
    """State of the disk and the environment for everything a request names."""

    model: Described
    name: str = ""
    """The model's name in the request."""
    identifier: Described | None = None
    aligner: Described | None = None
    diarizer: Described | None = None
    missing: tuple[OptionError | BackendMissing, ...] = ()
    """Errors about missing files and libraries, each with the option that needs it."""
    soundswallower: bool = False
    """True if SoundSwallower is installed."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One option that cannot be honoured, as data."""

    code: str
    option: str
    reason: str
    hint: str = ""
    kind: type[UnispeechError] = UnsupportedOption

    @classmethod
    def of(cls, error: UnispeechError, option: str = "") -> Self:
        return cls(error.code, error.option or option, error.message, error.hint, type(error))

    def error(self) -> UnispeechError:
        return self.kind(self.reason, self.hint, code=self.code, option=self.option)


@dataclass(frozen=True, slots=True)
class Settled:
    """A checked request: the effective options, and every reason to refuse it."""

    spec: BackendSpec
    facts: Facts
    load: LoadOptions
    requested: TranscribeOptions
    """The options of the request."""
    options: TranscribeOptions
    """The effective options."""
    refusals: tuple[Refusal, ...] = ()
    dropped: tuple[Refusal, ...] = ()
    """Options that `settle_leniently` left out, with the reasons."""

    @property
    def model(self) -> ModelFacts:
        """The model's facts. Raises the error that describing the model raised."""
        if isinstance(self.facts.model, UnispeechError):
            raise self.facts.model
        return self.facts.model

    def checked(self, *, language_later: bool = False) -> Self:
        """Return itself if nothing is refused.

        `language_later` allows a missing language, which a later call will give.

        Raises:
            UnispeechError: the first refusal, as its own class.
        """
        for refusal in self.refusals:
            if not (language_later and refusal.code == LANGUAGE_REQUIRED):
                raise refusal.error()
        return self

    @property
    def deprecated(self) -> str:
        """A line about an option that is no longer needed, or empty."""
        options = self.options
        follows = self.spec.capabilities.language_changes and options.strategy == "batched"
        if options.language_per_chunk and follows and options.language_id_model is None:
            return (
                f"language_per_chunk is deprecated with the backend {self.spec.name}, which always "
                "follows changes of language; leave it out"
            )
        return ""

    def refusal(self, *options: str) -> Refusal | None:
        """Return the first refusal of any of these options."""
        return next((refusal for refusal in self.refusals if refusal.option in options), None)


def settle(
    spec: BackendSpec,
    facts: Facts,
    load: LoadOptions,
    options: TranscribeOptions,
    live: bool = False,
) -> Settled:
    """Settle a request: pick one source of word times, and list every refusal.

    `live` is for a stream, which is decoded while it arrives.
    """
    if isinstance(facts.model, ModelFacts):
        spec = spec.of(facts.model)
    settled = _single_source_of_word_times(spec, facts, options)
    refusals = (
        *(_live(options) if live else ()),
        *_align_model(spec, options),
        *_aligner(facts, options),
        *_strategy(spec, settled),
        *_choices(spec, load, settled),
        *_capabilities(spec, load, settled),
        *_model(spec, facts, settled, live),
        *_companions(facts, settled),
        *(Refusal.of(error) for error in facts.missing),
    )
    if not spec.capabilities.temperature:  # without sampling, a retry would give the same text
        settled = replace(settled, decode=replace(settled.decode, temperature=(0.0,)))
    return Settled(spec, facts, load, options, settled, refusals)


def settle_leniently(
    spec: BackendSpec,
    facts: Facts,
    load: LoadOptions,
    options: TranscribeOptions,
    droppable: Collection[str],
    live: bool = False,
) -> Settled:
    """Settle a request, leaving out those `droppable` options that cannot be honoured."""
    settled = settle(spec, facts, load, options, live)
    dropped = tuple(refusal for refusal in settled.refusals if refusal.option in droppable)
    if not dropped:
        return settled
    names = {refusal.option for refusal in dropped}
    if "threads" in names:
        load = replace(load, threads=0)
    return replace(settle(spec, facts, load, options.without(names), live), dropped=dropped)


def _single_source_of_word_times(
    spec: BackendSpec, facts: Facts, options: TranscribeOptions
) -> TranscribeOptions:
    """Request the backend's own word times only where they are used.

    A CTC backend times words by its frame scores. Other aligners use the backend's times, if it has
    any, to check their own; a CTC model and a library's own algorithm do not.
    """
    annotate = options.annotate
    if spec.capabilities.emissions:
        own, align = options.decode.word_timestamps or annotate.needs_alignment, False
    elif annotate.aligner in ("attention", "none"):
        own, align = True, annotate.align
    elif annotate.needs_alignment:
        method = word_timing.method(
            options, known_language(facts.model, options), facts.soundswallower
        )
        unused = method == "ctc" or options.strategy == "native"
        own, align = spec.capabilities.word_timestamps and not unused, True
    else:
        return options
    return replace(
        options,
        decode=replace(options.decode, word_timestamps=own),
        annotate=replace(annotate, align=align),
    )


def _aligner(facts: Facts, options: TranscribeOptions) -> Iterator[Refusal]:
    """Refuse an aligner that is not installed, or does not know the language."""
    annotate = options.annotate
    named = annotate.aligner == "soundswallower" or annotate.phones
    if not named:
        return
    option = "phones" if annotate.phones else "aligner"
    language = known_language(facts.model, options)
    if annotate.phones and annotate.aligner not in (None, "soundswallower"):
        yield Refusal(
            "no_phones", option, f"phones: the aligner {annotate.aligner} has no phone times",
            "leave out aligner",
        )  # fmt: skip
    elif not facts.soundswallower:
        yield Refusal(
            "backend_missing", option, f"{option}: soundswallower is not installed",
            "run: pip install soundswallower", BackendMissing,
        )  # fmt: skip
    elif language is not None and language not in companions.SOUNDSWALLOWER:
        known = ", ".join(companions.SOUNDSWALLOWER)
        yield Refusal(
            "aligner_language", option,
            f"{option}: soundswallower does not have the language {language!r}, only {known}",
            "leave it out",
        )  # fmt: skip


def _live(options: TranscribeOptions) -> Iterator[Refusal]:
    for name in _non_default(options):
        reason = OPTIONS[name].excluded.get("live")
        if reason and name not in ("batch_size", "word_timestamps"):  # these change no text
            yield Refusal("not_live", name, f"{name}: {reason}", "leave it out")


def _non_default(options: TranscribeOptions) -> list[str]:
    return [name for name, value in options.flat().items() if value != OPTIONS[name].default]


def _align_model(spec: BackendSpec, options: TranscribeOptions) -> Iterator[Refusal]:
    annotate = options.annotate
    if annotate.align_model is not None and annotate.aligner not in (None, "ctc"):
        yield Refusal(
            "aligner_conflict", "align_model",
            f"align_model with the aligner {annotate.aligner}", "leave out one of the two",
        )  # fmt: skip
    if spec.capabilities.emissions and options.annotate.align_model is not None:
        yield Refusal(
            "aligns_itself", "align_model",
            f"align_model: the backend {spec.name} times words by its own scores", "leave it out",
        )  # fmt: skip


def _strategy(spec: BackendSpec, options: TranscribeOptions) -> Iterator[Refusal]:
    """Refuse options that the library's own long-form algorithm cannot honour."""
    if options.strategy != "native":
        return
    capabilities = spec.capabilities
    refused = [name for name in _non_default(options) if OPTIONS[name].engine_only]
    if options.language_per_chunk and not capabilities.native_language_per_chunk:
        refused.append("language_per_chunk")
    requested = {*_capability_options(options), *(() if options.vad.enabled else ("vad",))}
    refused += [name for name in capabilities.refused_natively if name in requested]
    for name in refused:
        yield Refusal(
            "not_native", name, f"{name}: the native strategy of {spec.name} cannot honour it",
            "use strategy='batched'",
        )  # fmt: skip


def _choices(spec: BackendSpec, load: LoadOptions, options: TranscribeOptions) -> Iterator[Refusal]:
    offered = spec.capabilities
    for name, value, allowed in (
        ("strategy", options.strategy, offered.strategies),
        ("task", options.decode.task, offered.tasks),
        ("device", re.sub(r":\d+$", "", load.device), ("auto", *offered.devices)),
        ("compute_type", load.compute_type, ("default", *offered.compute_types)),
    ):
        if value not in allowed:
            yield Refusal(
                "not_offered", name,
                f"{name} {value!r}: the backend {spec.name} supports only {', '.join(allowed)}",
            )  # fmt: skip


def _capability_options(options: TranscribeOptions) -> Iterator[str]:
    """Yield the options of the request that need a capability of the backend."""
    for name, value in options.flat().items():
        row = OPTIONS[name]
        if row.capability and value not in (row.default, *row.neutral):
            yield name


def _capabilities(
    spec: BackendSpec, load: LoadOptions, options: TranscribeOptions
) -> Iterator[Refusal]:
    for name in (*_capability_options(options), *(("threads",) if load.threads else ())):
        if not getattr(spec.capabilities, OPTIONS[name].capability):
            yield Refusal(
                "unsupported_option", name, f"{name}: the backend {spec.name} cannot honour it",
                "leave it out, or see `unispeech backends` for another backend",
            )  # fmt: skip


def _model(
    spec: BackendSpec, facts: Facts, options: TranscribeOptions, live: bool
) -> Iterator[Refusal]:
    """Refuse a model of another family, and languages and tasks that the model lacks."""
    model = facts.model
    if isinstance(model, UnispeechError):
        yield Refusal.of(model, "model")
        return
    if not spec.runs(model.family):
        yield Refusal(
            "model_family", "model",
            f"model {model.name}: a {family_title(model.family)} model, but the backend "
            f"{spec.name} runs {spec.model_kind} models", "choose another model or backend",
        )  # fmt: skip
        return
    language = options.decode.language
    if language is not None and (problem := unknown_language(model, language)):
        yield Refusal.of(problem, "language")
    if options.decode.task == "translate" and not model.translates:
        yield Refusal(
            "model_cannot_translate", "task",
            f"task 'translate': the model {model.name} cannot translate",
            "use a multilingual Whisper model (base, small, medium, large-v3)",
        )  # fmt: skip
    can = spec.capabilities
    is_determined = (
        language or options.language_id_model or can.detect_language or can.language_free
    )
    if model.multilingual and not is_determined:
        yield Refusal(
            LANGUAGE_REQUIRED, "language", f"{spec.name} cannot detect the language",
            "give language=CODE" + ("" if live else ", or language_id_model='mms'"),
        )  # fmt: skip


def unknown_language(model: ModelFacts, language: str) -> OptionError | None:
    """Return the error about a language that the model does not have, else None."""
    try:
        model.language(language)
    except OptionError as error:
        return error
    return None


def _companions(facts: Facts, options: TranscribeOptions) -> Iterator[Refusal]:
    """Refuse companion models of the wrong family."""
    annotate = options.annotate
    yield from _kind(
        facts.identifier, "lid", "language_id_model",
        f"language_id_model {options.language_id_model}: a {{kind}} model, which does not identify "
        "languages", "give 'mms', or the folder of a language identification model",
    )  # fmt: skip
    yield from _kind(
        facts.diarizer, "diarization", "diarize_model",
        f"diarize_model {annotate.diarize_model}: a {{kind}} model, not a diarization pipeline",
        "leave it out, or give the folder of a pyannote pipeline with its config.yaml",
    )  # fmt: skip
    yield from _kind(
        facts.aligner, "ctc", "align_model",
        f"align_model {annotate.align_model}: a {{kind}} model, but alignment needs a CTC model",
        "use a wav2vec2, HuBERT, WavLM or MMS model, or leave it out",
    )  # fmt: skip
    aligner, language = facts.aligner, known_language(facts.model, options)
    if not isinstance(aligner, ModelFacts) or aligner.family != "ctc" or not language:
        return
    if unknown_language(aligner, language):
        yield Refusal(
            "aligner_language", "align_model",
            f"align: the model {aligner.name} does not have the language {language!r}",
            "choose another align_model",
        )  # fmt: skip


def _kind(
    model: Described | None, family: str, option: str, reason: str, hint: str
) -> Iterator[Refusal]:
    if isinstance(model, UnispeechError):
        yield Refusal.of(model, option)
    elif model is not None and model.family != family:
        yield Refusal("model_family", option, reason.format(kind=family_title(model.family)), hint)


def known_language(model: Described, options: TranscribeOptions) -> str | None:
    """Return the language code if it is known before decoding, else None."""
    if isinstance(model, UnispeechError):
        return None
    language = options.decode.language
    if language is None:
        return None if model.multilingual else next(iter(model.languages), None)
    return None if unknown_language(model, language) else model.language(language)
