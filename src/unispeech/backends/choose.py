"""Backend `auto`: the fastest backend on this machine whose accuracy is close to the best.

The figures come from the last `unispeech bench`, which leaves a summary in the user's data folder.
Before the first benchmark a rule of thumb decides, and the reason says so.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from unispeech.backends import lookup, registry
from unispeech.backends.settle import Refusal, Settled, settle
from unispeech.backends.spec import BackendSpec
from unispeech.errors import BackendMissing, OptionError, UnispeechError
from unispeech.models import weight_cache
from unispeech.models.recommend import recommend
from unispeech.options import LoadOptions, TranscribeOptions
from unispeech.system.cores import cores
from unispeech.system.files import write_whole

AUTO = "auto"
COMPANIONS = frozenset({"align", "align_model", "diarize", "diarize_model", "language_id_model"})
"""Options that companion models honour: refusing them is the same for every backend."""
OF_THE_MODEL = frozenset({"model", "language", "task"})
"""Options that the model refuses, whichever backend runs it."""
MARGIN = 0.5
"""Percentage points of word error rate that a faster backend may be worse than the best."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """Result of the last benchmark for one configuration of one backend."""

    backend: str
    model: str
    beam_size: int
    wer: float
    """Percent."""
    speed: float
    """Seconds of audio transcribed per second."""
    compute_type: str = "default"


@dataclass(frozen=True, slots=True)
class Choice:
    """A chosen backend, and the reason in one line."""

    backend: str
    reason: str
    model: str | None = None
    """The model, if it is not the backend's default."""


def choose(
    measurements: Sequence[Measurement],
    candidates: Sequence[str],
    model: str,
    beam_size: int,
    compute_type: str = "default",
) -> Choice | None:
    """Return the fastest candidate whose word error rate is within `MARGIN` of the best candidate.

    `candidates` are in the order of the rule of thumb, which decides if none was measured. Figures
    of the same model are preferred, then of the same compute type, then of the nearest beam. None
    if there are no candidates.
    """
    if not candidates:
        return None
    relevant = [m for m in measurements if m.backend in candidates]
    relevant = [m for m in relevant if m.model == model] or relevant
    if not relevant:
        first = candidates[0]
        return Choice(first, f"{first}, by rule of thumb; run `unispeech bench` to measure")
    relevant = [m for m in relevant if m.model == relevant[0].model]
    rivals = [_nearest(m.backend, relevant, beam_size, compute_type) for m in relevant]
    limit = min(m.wer for m in rivals) + MARGIN
    best = max((m for m in rivals if m.wer <= limit), key=lambda m: m.speed)
    unmeasured = [name for name in candidates if name not in {m.backend for m in relevant}]
    return Choice(
        best.backend,
        f"{best.backend}, the fastest measured here within {MARGIN} points of the best word error "
        f"rate ({best.model}: {best.speed:.1f}x, {best.wer:.1f} %)"
        + (f"; not measured: {', '.join(unmeasured)}" if unmeasured else ""),
    )


def _nearest(
    backend: str, measurements: Sequence[Measurement], beam_size: int, compute_type: str
) -> Measurement:
    """Return the backend's measurement that is nearest to the requested configuration."""
    own = [m for m in measurements if m.backend == backend]
    return min(
        own,
        key=lambda m: (m.compute_type != compute_type, abs(m.beam_size - beam_size), -m.speed),
    )


def find(
    backend: str,
    model: str | None = None,
    load: LoadOptions | None = None,
    options: TranscribeOptions | None = None,
) -> BackendSpec:
    """Return the backend of a name; for `auto`, the chosen backend.

    Raises:
        UnknownBackend: no such name.
        UnispeechError: `auto`, and no installed backend supports the request.
    """
    if backend.strip().lower() != AUTO:
        return registry.find(backend)
    return registry.find(choose_backend(model, load, options).backend)


def settle_request(
    backend: str,
    model: str | None,
    load: LoadOptions,
    options: TranscribeOptions,
    live: bool = False,
) -> Settled:
    """Settle a request by the names in it. Downloads and loads nothing.

    Raises:
        UnknownBackend: no such name.
        UnispeechError: `auto`, and no installed backend supports the request.
    """
    if backend.strip().lower() == AUTO:
        choice = choose_backend(model, load, options)
        backend, model = choice.backend, model or choice.model
    spec = registry.find(backend)
    return settle(spec, lookup.facts(spec, model, load, options), load, options, live)


def choose_backend(
    model: str | None = None,
    load: LoadOptions | None = None,
    options: TranscribeOptions | None = None,
) -> Choice:
    """Choose a backend for this machine, this model and these options.

    If no model is given but a language, the choice is also that of the best downloaded model.

    Raises:
        UnispeechError: no installed backend supports the request.
    """
    load, options = load or LoadOptions(), options or TranscribeOptions()
    able = [s for s in registry.specs().values() if _supports(s, model, load, options)]
    names = [spec.name for spec in able]
    model_name = model or (able[0].default_model if able else "")
    choice = choose(load_measurements(), names, model_name, options.decode.beam, load.compute_type)
    usual = registry.find(choice.backend).default_model if choice else ""
    if model is None and options.decode.language:
        best = _by_language(options.decode.language, load, options)
        if best and best.model != usual:
            return best
    if choice is None:
        raise _refused(model, load, options)
    return choice


def _refused(model: str | None, load: LoadOptions, options: TranscribeOptions) -> UnispeechError:
    """Return the error for a request that no installed backend supports.

    It is the first refusal of the backend that refuses least, among those that run the model.
    """
    refused = [_refusals(spec, model, load, options) for spec in registry.specs().values()]
    nearest = min(refused, key=lambda found: (found[0].code == "model_family", len(found)))[0]
    if nearest.option in OF_THE_MODEL:
        return nearest.error()
    return BackendMissing(
        f"no installed backend supports this request: {nearest.reason}",
        "see `unispeech backends`, or leave options out",
        option=nearest.option,
    )


def _by_language(language: str, load: LoadOptions, options: TranscribeOptions) -> Choice | None:
    """Choose the best downloaded model for a language; None if there is none.

    "Best" is the order of `models.recommend`, for this machine.
    """
    device = "cpu" if load.device in ("auto", "cpu") else load.device
    try:
        judged = recommend(language, device, cores=cores())
    except OptionError:
        return None
    for advised in judged:
        name = advised.entry.name
        if advised.against or not weight_cache.formats(name):
            continue
        able = [s for s in registry.specs().values() if _supports(s, name, load, options)]
        names = [spec.name for spec in able]
        beam, kind = options.decode.beam, load.compute_type
        found = choose(load_measurements(), names, name, beam, kind)
        if found:
            why = f"the best downloaded model for {language}: {advised.reasons[0]}"
            return Choice(found.backend, f"{found.backend} with {name}, {why}", name)
    return None


def _supports(
    spec: BackendSpec, model: str | None, load: LoadOptions, options: TranscribeOptions
) -> bool:
    return not _refusals(spec, model, load, options)


def _refusals(
    spec: BackendSpec, model: str | None, load: LoadOptions, options: TranscribeOptions
) -> list[Refusal]:
    """Return the refusals that another backend may not have."""
    refusals = settle(spec, lookup.facts(spec, model, load, options), load, options).refusals
    return [refusal for refusal in refusals if refusal.option not in COMPANIONS]


def measurements_path() -> Path:
    """Path of the summary, in `UNISPEECH_DATA_DIR` or the user's data folder."""
    if folder := os.environ.get("UNISPEECH_DATA_DIR"):
        return Path(folder).expanduser() / "benchmark.json"
    from platformdirs import user_data_path

    return user_data_path("unispeech") / "benchmark.json"


def save_measurements(measurements: Sequence[Measurement]) -> None:
    """Save the summary of a benchmark, replacing the previous one."""
    path = measurements_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps([asdict(m) for m in measurements], indent=1))


def load_measurements() -> list[Measurement]:
    """Return the summary of the last benchmark; empty if it is missing or unreadable."""
    try:
        rows: list[dict[str, Any]] = json.loads(measurements_path().read_text(encoding="utf-8"))
        return [Measurement(**row) for row in rows]
    except (OSError, ValueError, TypeError):
        return []
