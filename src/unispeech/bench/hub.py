"""Data sets by name, through Hugging Face `datasets` where that is installed."""

from __future__ import annotations

import os
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from unispeech.bench.utterances import Utterance, known
from unispeech.errors import OptionError
from unispeech.models import download

PLACE = re.compile(r"[\w-][\w.-]*(/[\w.-]+)?")
"""A name of the Hub, with its owner or without."""
TEXTS = ("text", "sentence", "transcription", "transcript", "normalized_text", "raw_text")
"""What sets call the reference, most usual first."""


def from_hub(name: str, keep: Path) -> list[Utterance]:
    """The recordings of `owner/set`, `owner/set:config` or `owner/set:config:split`.

    The split is `test` unless given. The recordings are written to `keep`, as they are.

    Raises:
        OptionError: `datasets` is not installed, there is no such set, or it has no audio.
    """
    path, _, rest = name.removeprefix("hf:").partition(":")
    config, _, split = rest.partition(":")
    _must_be_within_reach(name, path)
    import datasets

    try:
        rows = datasets.load_dataset(path, config or None, split=split or "test")
    except Exception as error:  # whatever a set's own loader raises
        raise OptionError(f"{name}: {error}", "give owner/set:config:split") from error
    if "audio" not in rows.column_names:
        raise OptionError(f"{name}: it has no column `audio`")
    # As bytes: decoding is what is being measured, and needs torch in `datasets`.
    rows = rows.cast_column("audio", datasets.Audio(decode=False))
    column = next((c for c in TEXTS if c in rows.column_names), "")
    keep.mkdir(parents=True, exist_ok=True)
    return [_utterance(number, row, column, config, keep) for number, row in enumerate(rows)]


def _must_be_within_reach(name: str, path: str) -> None:
    """Say at once what the library would say after half a minute of trying again."""
    missing = f"{name}: there is no such file or folder"
    if not PLACE.fullmatch(path) and not Path(path).exists():
        raise OptionError(missing, "see the help of `unispeech bench`")
    if find_spec("datasets") is None:
        raise OptionError(missing, "for a data set by name: pip install datasets")
    if Path(path).exists() or os.environ.get("HF_HUB_OFFLINE"):
        return
    if reason := download.why_hub_unreachable():
        raise OptionError(
            f"{missing}, and the Hub cannot be reached ({reason})",
            "HF_HUB_OFFLINE=1 looks among the sets that it has been asked for before",
        )


def _utterance(number: int, row: dict[str, Any], text: str, config: str, keep: Path) -> Utterance:
    audio = row["audio"]
    path = Path(audio["path"] or "")
    if audio.get("bytes"):
        path = keep / f"{number:05d}{path.suffix or '.wav'}"
        path.write_bytes(audio["bytes"])
    language = row.get("language") or row.get("locale") or config
    return Utterance(
        id=str(row.get("id", number)),
        audio=path,
        text=row.get(text) or None,
        language=known(language if isinstance(language, str) else None),
    )
