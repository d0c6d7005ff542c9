"""Backend `auto`: the fastest backend here whose text is as good as the best.

What is fast and right on this machine is known from its last `unispeech bench`, which leaves a
summary in the user's data folder; before any, a rule of thumb decides, and says so.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from unispeech.backends import lookup, registry
from unispeech.backends.settle import Settled, settle
from unispeech.backends.spec import BackendSpec
from unispeech.errors import BackendMissing
from unispeech.options import LoadOptions, TranscribeOptions
from unispeech.system.files import write_whole

AUTO = "auto"
COMPANIONS = frozenset({"align", "align_model", "diarize", "diarize_model", "language_id_model"})
"""Options that other models honour: a refusal of these is the same for every backend."""
MARGIN = 0.5
"""Points of word error rate above the best that speed may cost."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What the last benchmark found about one configuration of one backend."""

    backend: str
    model: str
    beam_size: int
    wer: float
    """Percent."""
    speed: float
    """Seconds of audio for each second of work."""
    compute_type: str = "default"


@dataclass(frozen=True, slots=True)
class Choice:
    """A backend, and in a line why it is this one."""

    backend: str
    reason: str


def choose(
    measured: Sequence[Measurement],
    able: Sequence[str],
    model: str,
    beam_size: int,
    compute_type: str = "default",
) -> Choice | None:
    """The fastest of the backends that are `able` within `MARGIN` of the best of them.

    `able` are in the order of the rule of thumb, which decides where none of them was measured.
    Figures of the same model are preferred, then of the same compute type, then of the nearest
    beam. None: nobody is able.
    """
    if not able:
        return None
    known = [m for m in measured if m.backend in able]
    known = [m for m in known if m.model == model] or known
    if not known:
        return Choice(able[0], f"{able[0]}, by rule of thumb; `unispeech bench` would measure it")
    known = [m for m in known if m.model == known[0].model]
    rivals = [_nearest(m.backend, known, beam_size, compute_type) for m in known]
    limit = min(m.wer for m in rivals) + MARGIN
    best = max((m for m in rivals if m.wer <= limit), key=lambda m: m.speed)
    others = [name for name in able if name not in {m.backend for m in known}]
    return Choice(
        best.backend,
        f"{best.backend}, the fastest measured here within {MARGIN} points of the best word error "
        f"rate ({best.model}: {best.speed:.1f}x, {best.wer:.1f} %)"
        + (f"; not measured: {', '.join(others)}" if others else ""),
    )


def _nearest(
    backend: str, known: Sequence[Measurement], beam_size: int, compute_type: str
) -> Measurement:
    """How the backend would do what is asked, as far as that was measured."""
    own = [m for m in known if m.backend == backend]
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
    """The backend of a name, or the chosen one for `auto`.

    Raises:
        UnknownBackend: no such name. BackendMissing: `auto`, and none can do what is asked.
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
    """Settle a request by the names it gives. Nothing is downloaded or loaded.

    Raises:
        UnknownBackend: no such name. BackendMissing: `auto`, and none can do what is asked.
    """
    spec = find(backend, model, load, options)
    return settle(spec, lookup.facts(spec, model, load, options), load, options, live)


def choose_backend(
    model: str | None = None,
    load: LoadOptions | None = None,
    options: TranscribeOptions | None = None,
) -> Choice:
    """The choice for this machine, this model and these options.

    Raises:
        BackendMissing: no backend that is installed can do it.
    """
    load, options = load or LoadOptions(), options or TranscribeOptions()
    able = [s for s in registry.specs().values() if _able(s, model, load, options)]
    names = [spec.name for spec in able]
    wanted = model or (able[0].default_model if able else "")
    choice = choose(load_measurements(), names, wanted, options.decode.beam, load.compute_type)
    if choice is None:
        raise BackendMissing(
            "no backend that is installed can do this", "see `unispeech backends`, or ask for less"
        )
    return choice


def _able(
    spec: BackendSpec, model: str | None, load: LoadOptions, options: TranscribeOptions
) -> bool:
    refusals = settle(spec, lookup.facts(spec, model, load, options), load, options).refusals
    return all(refusal.option in COMPANIONS for refusal in refusals)


def measurements_path() -> Path:
    """Where the summary is kept: in `UNISPEECH_DATA_DIR` or the user's data folder."""
    if given := os.environ.get("UNISPEECH_DATA_DIR"):
        return Path(given).expanduser() / "benchmark.json"
    from platformdirs import user_data_path

    return user_data_path("unispeech") / "benchmark.json"


def save_measurements(measured: Sequence[Measurement]) -> None:
    """Keep the summary of a benchmark, in the place of the one before."""
    path = measurements_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, json.dumps([asdict(m) for m in measured], indent=1))


def load_measurements() -> list[Measurement]:
    """The summary of the last benchmark; empty where there is none that can be read."""
    try:
        rows: list[dict[str, Any]] = json.loads(measurements_path().read_text(encoding="utf-8"))
        return [Measurement(**row) for row in rows]
    except (OSError, ValueError, TypeError):
        return []
