"""What a name means: a local path, a model of the catalog, or a repository of the Hub."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from unispeech.errors import ModelDamaged, UnknownModel, did_you_mean
from unispeech.models import catalog, weight_cache
from unispeech.models.formats import registry

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
"""The Hub allows 96 characters a part; a longer one would be no name of a folder either."""


def local_path(name: str) -> Path | None:
    """The path that a name means, if it means one.

    A folder that happens to be called `base` is that only if there is a model in it.

    Raises:
        UnknownModel: it can only be a path, and there is nothing.
    """
    path = Path(name).expanduser()
    written_as_path = (
        path.is_absolute() or name.startswith((".", "~")) or path.suffix in (".pt", ".bin")
        or os.sep != "/" and os.sep in name
    )  # fmt: skip
    if written_as_path:
        if not path.exists():
            raise UnknownModel(f"there is no model at {name}", "give a folder or file that exists")
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
    """The name under which a model is kept: of the catalog, or the Hub id itself."""
    if entry := catalog.find(name):
        return entry.name
    if HUB_ID.fullmatch(name):
        return name
    near = catalog.nearest(name)
    raise UnknownModel(
        f"there is no model {name!r}",
        did_you_mean(near, "see: unispeech models list"),
    )


def kept_name(name: str) -> str:
    """The name under which something is kept: what a name means, or what `listing` calls it.

    Raises:
        UnknownModel: neither kept nor known.
    """
    if weight_cache.formats(name):
        return name
    path = local_path(name)
    return local_key(path) if path else key_of(name)


def local_key(path: Path) -> str:
    """The name under which conversions of a local model are kept."""
    place = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]
    return f"local--{path.stem}--{place}"


def short(key: str) -> str:
    """What the one file of a single-file format is called."""
    return key.removeprefix("local--").split("/")[-1].split("--")[0]
