"""Resolution of model names: a local path, a catalog name, or a Hub repository."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from unispeech.errors import ModelDamaged, UnknownModel, did_you_mean
from unispeech.models import catalog, weight_cache
from unispeech.models.formats import registry

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
"""A Hub id. The Hub allows 96 characters per part."""


def local_path(name: str) -> Path | None:
    """Return the path if `name` is a local path, else None.

    A folder whose name is in the catalog (`base`) counts only if it contains a model.

    Raises:
        UnknownModel: `name` is written as a path that does not exist.
    """
    path = Path(name).expanduser()
    is_path = (
        path.is_absolute() or name.startswith((".", "~")) or path.suffix in (".pt", ".bin")
        or os.sep != "/" and os.sep in name
    )  # fmt: skip
    if is_path:
        if not path.exists():
            raise UnknownModel(f"no model at {name}: no such file or folder")
        return path
    if not path.exists():
        return None
    if catalog.find(name) is None:
        return path
    try:
        registry.format_of(path)
    except (ModelDamaged, UnknownModel):
        return None
    return path


def key_of(name: str) -> str:
    """Return the name under which a model is cached: the catalog name, or the Hub id.

    Raises:
        UnknownModel: neither in the catalog nor a Hub id.
    """
    if entry := catalog.find(name):
        return entry.name
    if HUB_ID.fullmatch(name):
        return name
    near = catalog.nearest(name)
    raise UnknownModel(
        f"model {name!r} is unknown",
        did_you_mean(near, "see `unispeech models list`"),
    )


def cached_name(name: str) -> str:
    """Return the name under which a model is cached, given that name or any other of it.

    Raises:
        UnknownModel: neither cached nor known.
    """
    if weight_cache.formats(name):
        return name
    path = local_path(name)
    return local_key(path) if path else key_of(name)


def local_key(path: Path) -> str:
    """Return the name under which conversions of a local model are cached."""
    digest = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]
    return f"local--{path.stem}--{digest}"


def file_stem(key: str) -> str:
    """Return the stem of the file name for a single-file format."""
    return key.removeprefix("local--").split("/")[-1].split("--")[0]
