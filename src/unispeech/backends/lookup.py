"""The facts for the gate (`settle`), read from the catalog, the store and this environment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from unispeech.backends import registry, word_timing
from unispeech.backends.settle import Described, Facts, known_language
from unispeech.backends.spec import BackendSpec
from unispeech.environments import folders
from unispeech.errors import (
    BackendError,
    BackendMissing,
    OptionError,
    UnispeechError,
    UnknownModel,
    UnsupportedOption,
    did_you_mean,
)
from unispeech.models import catalog, companions, store
from unispeech.models.facts import ModelFacts
from unispeech.options import LoadOptions, TranscribeOptions

if TYPE_CHECKING:
    from collections.abc import Callable

ENVIRONMENT = "whisperx"
"""The environment with transformers and pyannote, if this interpreter has neither."""


def facts(
    spec: BackendSpec,
    model: str | None,
    load: LoadOptions,
    options: TranscribeOptions,
    model_facts: ModelFacts | None = None,
) -> Facts:
    """Look up everything a request names. Downloads and loads nothing, and never raises.

    `model_facts` are the model's facts if the caller already has them.
    """
    described = model_facts or _attempt(lambda: spec.describe(spec.model_or_default(model)))
    annotate = options.annotate
    identifier = aligner = diarizer = None
    if options.language_id_model is not None:
        identifier = _attempt(partial(_identifier, options.language_id_model))
    language = known_language(described, options)
    installed = find_spec("soundswallower") is not None
    ctc = _uses_ctc(spec, options, language, installed)
    if ctc:
        name = companions.aligner(language, annotate.align_model)
        aligner = _attempt(lambda: store.describe(name or companions.ALIGNER, unknown="ctc"))
    if annotate.needs_speakers:
        pipeline = annotate.diarize_model or companions.DIARIZER
        diarizer = _attempt(lambda: store.describe(pipeline, unknown="diarization"))
    return Facts(
        described,
        model or spec.default_model,
        identifier,
        aligner,
        diarizer,
        tuple(_missing(spec, load, options, ctc)),
        soundswallower=installed,
    )


def _uses_ctc(
    spec: BackendSpec, options: TranscribeOptions, language: str | None, installed: bool
) -> bool:
    """True if a CTC model will align the words, as far as that is known before decoding."""
    method = word_timing.method(options, language, installed)
    return options.annotate.needs_alignment and not spec.capabilities.emissions and method == "ctc"


def alignment_spec(model: ModelFacts) -> BackendSpec:
    """Return the backend that runs an aligner: MMS if the model has adapters, else CTC."""
    spec = registry.find("mms" if model.multilingual else "ctc")
    return replace(spec, environment=ENVIRONMENT)


def diarization_interpreter() -> Path | None:
    """Return the interpreter that pyannote runs in; None for this process.

    Raises:
        BackendMissing: pyannote is not installed; the hint is the command that installs it.
    """
    try:
        if find_spec("pyannote.audio") is not None:
            return None
    except (ImportError, ValueError):
        pass
    if environment := folders.find(ENVIRONMENT):
        return environment.python
    raise BackendMissing(
        "diarize: pyannote.audio is not installed",
        f"run: unispeech backends install {ENVIRONMENT}",
        option="diarize",
    )


def _attempt(describe: Callable[[], ModelFacts]) -> Described:
    try:
        return describe()
    except UnispeechError as error:
        return error


def _identifier(name: str) -> ModelFacts:
    model = store.describe(name)
    if model.family != "lid" and name.startswith("facebook/mms-lid"):
        # Unknown Hub ids are accepted, but the catalog has every mms-lid model, so this is a typo.
        near = catalog.nearest(name)
        raise UnknownModel(f"model {name!r} is unknown", did_you_mean(near))
    return model


def _missing(
    spec: BackendSpec, load: LoadOptions, options: TranscribeOptions, ctc: bool
) -> Iterator[OptionError | BackendMissing]:
    """Yield an error for each file and library that the request needs and this machine lacks."""
    ngram = options.decode.ngram
    if ngram is not None and not Path(ngram).is_file():
        yield OptionError(
            f"ngram {ngram}: no such file",
            "give a KenLM model (.arpa or binary)",
            code="file_not_found",
            option="ngram",
        )
    try:
        registry.interpreter(spec, load)
    except BackendMissing as error:
        error.option = "backend"
        yield error
    if spec.name == "cpp":
        yield from _missing_gpu(load.device)
    if ngram is not None and find_spec("ctc_beam_decoder") is None:
        from unispeech.ctc.words import NO_DECODER

        yield BackendMissing(NO_DECODER, "run: pip install 'unispeech[mms]'", option="ngram")
    if options.language_id_model is not None and not (mms := registry.find("mms")).installed():
        yield BackendMissing(
            "language_id_model: transformers is not installed",
            f"run: {mms.install_command}",
            option="language_id_model",
        )
    if ctc:
        yield from _missing_aligner("aligner" if options.annotate.aligner else "align")
    if options.annotate.needs_speakers:
        try:
            diarization_interpreter()
        except BackendMissing as error:
            yield error


def _missing_gpu(device: str) -> Iterator[OptionError]:
    """Yield an error if whisper.cpp's build lacks a GPU that is asked for."""
    from unispeech.backends.whisper import cpp_devices

    library = find_spec("_pywhispercpp")
    if device.partition(":")[0] in cpp_devices.PREFIXES and library and library.origin:
        try:
            cpp_devices.number_of(device, cpp_devices.gpus(library.origin))
        except BackendError as error:
            yield UnsupportedOption(error.message, error.hint, option="device")


def _missing_aligner(option: str) -> Iterator[BackendMissing]:
    try:
        registry.interpreter(replace(registry.find("ctc"), environment=ENVIRONMENT), LoadOptions())
    except BackendMissing:
        yield BackendMissing(
            f"{option}: transformers is not installed",
            f"run: pip install 'unispeech[mms]', or unispeech backends install {ENVIRONMENT}",
            option=option,
        )
