"""The backends, as data: their libraries are imported on first use."""

from __future__ import annotations

import logging
import sys
from dataclasses import replace
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path

from unispeech.backends.base import Backend, Capabilities
from unispeech.backends.remote import Remote
from unispeech.backends.spec import BackendSpec
from unispeech.environments import folders
from unispeech.environments.catalog import Lock
from unispeech.environments.folders import Environment
from unispeech.errors import BackendMissing, UnknownBackend, did_you_mean, nearest
from unispeech.models.facts import ModelFacts
from unispeech.options import LoadOptions

log = logging.getLogger("unispeech")

ENTRY_POINTS = "unispeech.backends"
"""Group of the entry points through which third parties add a `BackendSpec`."""


CTC = Capabilities(
    word_timestamps=True,
    ngram=True,
    emissions=True,
    devices=("cpu", "cuda", "mps"),
    compute_types=("float32", "float16", "bfloat16"),
)

ONNX = Capabilities(
    tasks=("transcribe", "translate"),
    word_timestamps=True,
    devices=("cpu", "cuda"),
    compute_types=("int8", "float32"),
)
"""Everything that any of onnx-asr's models can do."""
TRANSDUCER = replace(ONNX, tasks=("transcribe",), language_free=True)
"""Transducers and CTC models: times of tokens, and no language to give."""
SHERPA = replace(ONNX, devices=("cpu",), compute_types=("int8", "float16", "float32"))
"""Everything that any of sherpa-onnx's models can do."""
SHERPA_TIMED = replace(SHERPA, tasks=("transcribe",), language_free=True)
SHERPA_UNTIMED = replace(SHERPA_TIMED, word_timestamps=False)

BUILT_IN: tuple[BackendSpec, ...] = (
    BackendSpec(
        name="faster",
        aliases=("faster-whisper", "ctranslate2"),
        target="unispeech.backends.faster:FasterWhisper",
        summary="faster-whisper (CTranslate2): fast on CPUs and NVIDIA GPUs",
        requires=("faster_whisper", "ctranslate2"),
        capabilities=Capabilities(
            tasks=("transcribe", "translate"),
            strategies=("batched", "native"),
            word_timestamps=True,
            initial_prompt=True,
            hotwords=True,
            beam_size=True,
            temperature=True,
            detect_language=True,
            language_changes=True,
            devices=("cpu", "cuda"),
            compute_types=(
                "int8", "int8_float32", "int8_float16", "int8_bfloat16",
                "int16", "float16", "bfloat16", "float32",
            ),
            native_language_per_chunk=True,
        ),
    ),
    BackendSpec(
        name="openai",
        aliases=("openai-whisper", "whisper"),
        target="unispeech.backends.openai:OpenAIWhisper",
        summary="openai-whisper (PyTorch): the reference implementation",
        requires=("whisper", "torch"),
        capabilities=Capabilities(
            tasks=("transcribe", "translate"),
            strategies=("batched", "native"),
            word_timestamps=True,
            initial_prompt=True,
            beam_size=True,
            temperature=True,
            detect_language=True,
            language_changes=True,
            devices=("cpu", "cuda"),
            compute_types=("int8", "float16", "float32"),
        ),
        extra="openai",
        model_format="openai",
    ),
    BackendSpec(
        name="hf",
        aliases=("transformers", "huggingface"),
        target="unispeech.backends.hf:Transformers",
        summary="transformers (PyTorch): any Whisper on the Hugging Face Hub",
        requires=("transformers", "torch"),
        capabilities=Capabilities(
            tasks=("transcribe", "translate"),
            strategies=("batched", "native"),
            word_timestamps=True,
            initial_prompt=True,
            beam_size=True,
            temperature=True,
            detect_language=True,
            language_changes=True,
            devices=("cpu", "cuda"),
            compute_types=("float16", "bfloat16", "float32"),
        ),
        extra="hf",
        model_format="hf",
    ),
    BackendSpec(
        name="cpp",
        aliases=("whisper.cpp", "whisper-cpp", "pywhispercpp"),
        target="unispeech.backends.cpp:WhisperCpp",
        summary="whisper.cpp (ggml): few dependencies, quantised models",
        requires=("pywhispercpp", "_pywhispercpp"),
        capabilities=Capabilities(
            tasks=("transcribe", "translate"),
            strategies=("batched", "native"),
            word_timestamps=True,
            initial_prompt=True,
            beam_size=True,
            temperature=True,
            detect_language=True,
            devices=("cpu", "cuda", "mps", "vulkan"),
        ),
        extra="cpp",
        model_format="ggml",
    ),
    BackendSpec(
        name="whisperx",
        target="unispeech.backends.whisperx:WhisperX",
        summary="whisperX: pyannote's VAD and batched CTranslate2",
        requires=("whisperx", "faster_whisper", "pyannote.audio"),
        capabilities=Capabilities(
            tasks=("transcribe", "translate"),
            strategies=("batched", "native"),
            word_timestamps=True,
            initial_prompt=True,
            hotwords=True,
            beam_size=True,
            temperature=True,
            detect_language=True,
            language_changes=True,
            devices=("cpu", "cuda"),
            compute_types=("int8", "float16", "float32"),
            refused_natively=("word_timestamps", "temperature", "vad"),
            native_alignment=True,
        ),
        environment="whisperx",
    ),
    BackendSpec(
        name="jax",
        aliases=("whisper-jax", "flax"),
        target="unispeech.backends.jax:JaxWhisper",
        summary="JAX (transformers' FlaxWhisper): compiled once for each batch size",
        requires=("jax", "flax", "transformers"),
        capabilities=Capabilities(
            tasks=("transcribe", "translate"),
            initial_prompt=True,
            hotwords=True,
            temperature=True,
            detect_language=True,
            language_changes=True,
            compute_types=("float32", "bfloat16"),
            threads=False,
        ),
        model_format="hf",
        environment="jax",
    ),
    BackendSpec(
        name="openvino",
        aliases=("openvino-genai",),
        target="unispeech.backends.openvino:OpenVINO",
        summary="OpenVINO: Intel processors, bfloat16 and int8",
        requires=("openvino", "openvino_genai", "openvino_tokenizers", "transformers"),
        capabilities=Capabilities(
            tasks=("transcribe", "translate"),
            strategies=("batched", "native"),
            initial_prompt=True,
            hotwords=True,
            temperature=True,
            detect_language=True,
            language_changes=True,
            devices=("cpu", "gpu"),
            compute_types=("int8", "bfloat16", "float32"),
            refused_natively=("temperature",),
        ),
        model_format="hf",
        environment="openvino",
    ),
    BackendSpec(
        name="mlx",
        aliases=("mlx-whisper",),
        target="unispeech.backends.mlx:MlxWhisper",
        summary="mlx-whisper (MLX): the GPU of Macs with Apple silicon",
        requires=("mlx", "mlx_whisper"),
        capabilities=Capabilities(
            tasks=("transcribe", "translate"),
            strategies=("batched", "native"),
            word_timestamps=True,
            initial_prompt=True,
            hotwords=True,
            temperature=True,
            detect_language=True,
            language_changes=True,
            devices=("cpu", "mps"),
            compute_types=("float16", "float32"),
            threads=False,
            refused_natively=("hotwords",),
        ),
        model_format="mlx",
        environment="mlx",
    ),
    BackendSpec(
        name="mms",
        aliases=("mms-1b-all",),
        target="unispeech.backends.mms:Mms",
        summary="MMS (transformers): over a thousand languages",
        requires=("transformers", "torch"),
        extra="mms",
        capabilities=CTC,
        model_format="hf",
        family="ctc",
        default_model="mms-1b-all",
        context=1.5,
    ),
    BackendSpec(
        name="ctc",
        aliases=("wav2vec2", "hubert"),
        target="unispeech.backends.ctc:Ctc",
        summary="any wav2vec2, HuBERT or WavLM checkpoint with CTC (transformers)",
        requires=("transformers", "torch"),
        extra="mms",
        capabilities=CTC,
        model_format="hf",
        family="ctc",
        default_model="",
        context=1.5,
    ),
    BackendSpec(
        name="onnx",
        aliases=("onnx-asr", "parakeet"),
        target="unispeech.backends.onnx:Onnx",
        summary="onnx-asr (ONNX Runtime): Parakeet, Canary, GigaAM, Vosk",
        requires=("onnx_asr", "onnxruntime"),
        extra="onnx",
        capabilities=ONNX,
        families={
            "parakeet": TRANSDUCER,
            "canary": replace(ONNX, word_timestamps=False),
            "gigaam": TRANSDUCER,
            "vosk": TRANSDUCER,
        },
        model_format="onnx",
        family="parakeet",
        default_model="parakeet-tdt-0.6b-v3-int8",
    ),
    BackendSpec(
        name="sherpa",
        aliases=("sherpa-onnx", "k2"),
        target="unispeech.backends.sherpa:Sherpa",
        summary="sherpa-onnx: Zipformer, Parakeet, SenseVoice, Moonshine, Omnilingual and more",
        requires=("sherpa_onnx",),
        extra="sherpa",
        capabilities=SHERPA,
        families={
            **dict.fromkeys(("parakeet", "gigaam", "zipformer", "wenet"), SHERPA_TIMED),
            **dict.fromkeys(("sensevoice", "omnilingual", "dolphin"), SHERPA_TIMED),
            **dict.fromkeys(("paraformer", "moonshine", "firered", "qwen"), SHERPA_UNTIMED),
            "canary": replace(SHERPA, word_timestamps=False),
        },
        model_format="sherpa",
        family="parakeet",
        default_model="",
    ),
)  # fmt: skip


def interpreter(spec: BackendSpec, options: LoadOptions) -> Path | None:
    """Return the interpreter the backend will run in; None for this process.

    Cheap, so that a missing backend is detected before any weights are downloaded.

    Raises:
        BackendMissing: neither this interpreter nor an environment has its library.
    """
    installed = spec.installed()
    if installed and not options.isolated:
        return None
    if environment := installed_environment(spec):
        return environment.python
    if installed:
        return Path(sys.executable)
    raise BackendMissing(
        f"the backend {spec.name} is not installed", f"run: {spec.install_command}"
    )


def installed_environment(spec: BackendSpec) -> Environment | None:
    """Return the backend's environment if it is complete and matches its lock."""
    lock = spec.environment_lock()
    return folders.installed(lock) if lock else None


def locks() -> dict[str, Lock]:
    """Return the locks of all backends by the name of their environment."""
    by_name = {spec.environment: spec.environment_lock() for spec in specs().values()}
    return {name: lock for name, lock in sorted(by_name.items()) if lock}


def is_available(spec: BackendSpec) -> bool:
    """Return True if the backend can run here, in this process or in its environment."""
    try:
        interpreter(spec, LoadOptions())
    except BackendMissing:
        return False
    return True


def load(spec: BackendSpec, model: Path | None, facts: ModelFacts, options: LoadOptions) -> Backend:
    """Load a backend in this process, or in a worker (see `interpreter`).

    A backend whose library is installed but cannot be imported (JAX beside transformers 5) runs in
    its environment.

    Raises:
        BackendMissing: its library is not installed.
        ModelDamaged: it cannot read the files.
        BackendError: its library or its worker failed.
    """
    python = interpreter(spec, options)
    if python is None:
        try:
            backend_class = spec.load_class()
        except BackendMissing:
            if (environment := installed_environment(spec)) is None:
                raise
            python = environment.python
        else:
            return backend_class(model, facts, options)
    return Remote(model, facts, options, name=spec.name, target=spec.target, python=python)


@cache
def specs() -> dict[str, BackendSpec]:
    """Return all backends by name, built-in ones first.

    A third-party backend that fails to load is skipped with a warning.
    """
    by_name = {spec.name: spec for spec in BUILT_IN}
    for point in entry_points(group=ENTRY_POINTS):
        try:
            spec = point.load()
        except Exception as error:  # third-party code may raise anything
            reason = f"{type(error).__name__}: {error}"
            log.warning("skipped the backend %s of %s: %s", point.name, point.value, reason)
            continue
        if isinstance(spec, BackendSpec):
            by_name.setdefault(spec.name, spec)
        else:
            log.warning("skipped %s: it is not a BackendSpec", point.value)
    return by_name


def find(name: str) -> BackendSpec:
    """Return the backend of a name or alias.

    Raises:
        UnknownBackend: no backend has the name; the hint is the nearest name.
    """
    by_alias = {alias: spec for spec in specs().values() for alias in (spec.name, *spec.aliases)}
    key = name.strip().lower()
    if key in by_alias:
        return by_alias[key]
    raise UnknownBackend(
        f"backend {name[:100]!r} is unknown",
        did_you_mean(nearest(key, by_alias), f"use one of {', '.join(specs())}"),
        option="backend",
    )
