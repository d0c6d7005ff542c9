"""Loaded aligners, shared between calls."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from unispeech.aligners.base import Aligner
from unispeech.aligners.ctc import CtcAligner
from unispeech.aligners.soundswallower import SoundSwallower
from unispeech.backends import lookup, registry
from unispeech.backends.loaded import Key, LoadedModels
from unispeech.call import OnProgress
from unispeech.models import companions, store
from unispeech.options import LoadOptions


@contextmanager
def aligner(
    models: LoadedModels,
    method: str,
    language: str | None,
    model: str | None = None,
    device: str = "auto",
    on_progress: OnProgress | None = None,
) -> Iterator[Aligner]:
    """The aligner `soundswallower` or `ctc` of a language, loaded if necessary.

    A CTC model is downloaded too: the named model, or the model of the language.

    Raises:
        BackendMissing, ModelUnavailable, ModelDamaged, BackendError.
    """
    if method == "soundswallower":
        assert language is not None
        key = Key("aligner", f"soundswallower {language}", method)
        with models.use(key, partial(SoundSwallower, language)) as swallower:
            yield swallower
        return
    name = companions.aligner(language, model)
    assert name is not None
    device = companions.device(device)
    load = LoadOptions(device=device)
    key = Key("aligner", name, load=load)
    with models.use(key, partial(_ctc, name, load, on_progress)) as ctc:
        yield ctc


def _ctc(name: str, load: LoadOptions, on_progress: OnProgress | None) -> CtcAligner:
    path = store.obtain(name, "hf", on_progress)
    facts = store.describe(name, unknown="ctc")  # the download reveals more about a Hub id
    return CtcAligner(registry.load(lookup.alignment_spec(facts), path, facts, load), facts)
