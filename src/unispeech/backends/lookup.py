"""The facts that the gate decides by: read from the catalog, the store and this environment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from unispeech.backends import registry
from unispeech.backends.settle import Described, Facts, known_language
from unispeech.backends.spec import BackendSpec
from unispeech.environments import folders
from unispeech.errors import BackendMissing, OptionError, UnispeechError, UnknownModel, did_you_mean
from unispeech.models import catalog, companions, store
from unispeech.models.facts import ModelFacts
from unispeech.options import LoadOptions, TranscribeOptions

if TYPE_CHECKING:
    from collections.abc import Callable

ENVIRONMENT = "whisperx"
"""The environment with transformers and pyannote, where this interpreter has neither."""


def facts(
    spec: BackendSpec,
    model: str | None,
    load: LoadOptions,
    options: TranscribeOptions,
    known: ModelFacts | None = None,
) -> Facts:
    """Look up everything a request names. Nothing is downloaded or loaded, nothing raises.

    `known` are the model's facts where they are at hand.
    """
    described = known or _attempt(lambda: spec.describe(spec.named(model)))
    annotate, own = options.annotate, spec.capabilities.emissions
    identifier = aligner = diarizer = None
    if options.language_id_model is not None:
        identifier = _attempt(partial(_identifier, options.language_id_model))
    if annotate.needs_alignment and not own:
        name = companions.aligner(known_language(described, options), annotate.align_model)
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
        tuple(_missing(spec, load, options)),
    )


def alignment_spec(model: ModelFacts) -> BackendSpec:
    """Return the backend that runs an aligner: that of MMS where it has adapters."""
    spec = registry.find("mms" if model.multilingual else "ctc")
    return replace(spec, environment=ENVIRONMENT)


def diarization_interpreter() -> Path | None:
    """Return where pyannote runs: None is this process, else the interpreter of its worker.

    Raises:
        BackendMissing: nowhere; the hint is the command that installs it.
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
        # Nothing is known of an unknown Hub id; but all of Meta's are in the catalog.
        near = catalog.nearest(name)
        raise UnknownModel(f"there is no model {name!r}", did_you_mean(near))
    return model


def _missing(
    spec: BackendSpec, load: LoadOptions, options: TranscribeOptions
) -> Iterator[OptionError | BackendMissing]:
    """Files and libraries that the request needs and this machine does not have."""
    ngram = options.decode.ngram
    if ngram is not None and not Path(ngram).is_file():
        yield OptionError(
            f"ngram {ngram}: there is no such file",
            "give a KenLM model: an .arpa file or a binary one",
            code="file_not_found",
            option="ngram",
        )
    try:
        registry.interpreter(spec, load)
    except BackendMissing as error:
        error.option = "backend"
        yield error
    if ngram is not None and find_spec("ctc_beam_decoder") is None:
        from unispeech.ctc.words import NO_DECODER

        yield BackendMissing(NO_DECODER, "run: pip install 'unispeech[mms]'", option="ngram")
    if options.language_id_model is not None and not (mms := registry.find("mms")).installed():
        yield BackendMissing(
            "language_id_model: its libraries are not installed",
            f"run: {mms.install_command}",
            option="language_id_model",
        )
    if options.annotate.needs_alignment and not spec.capabilities.emissions:
        yield from _without_aligner()
    if options.annotate.needs_speakers:
        try:
            diarization_interpreter()
        except BackendMissing as error:
            yield error


def _without_aligner() -> Iterator[BackendMissing]:
    try:
        registry.interpreter(replace(registry.find("ctc"), environment=ENVIRONMENT), LoadOptions())
    except BackendMissing:
        yield BackendMissing(
            "align: transformers is not installed",
            f"run: pip install 'unispeech[mms]', or unispeech backends install {ENVIRONMENT}",
            option="align",
        )
