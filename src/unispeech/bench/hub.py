"""Datasets of the Hugging Face Hub, through the library `datasets` if it is installed."""

from __future__ import annotations

import os
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from unispeech.bench.utterances import Utterance, language_code
from unispeech.errors import OptionError
from unispeech.models import download

NAME = re.compile(r"[\w-][\w.-]*(/[\w.-]+)?")
"""The name of a dataset on the Hub, with or without its owner."""
TEXT_COLUMNS = ("text", "sentence", "transcription", "transcript", "normalized_text", "raw_text")
"""Names of the column with the reference text, the most common first."""


def from_hub(name: str, folder: Path) -> list[Utterance]:
    """Load `owner/set`, `owner/set:config` or `owner/set:config:split`.

    The default split is `test`. The recordings are written to `folder` without conversion.

    Raises:
        OptionError: `datasets` is not installed, there is no such dataset, or it has no audio.
    """
    path, _, rest = name.removeprefix("hf:").partition(":")
    config, _, split = rest.partition(":")
    _check_reachable(name, path)
    import datasets

    try:
        rows = datasets.load_dataset(path, config or None, split=split or "test")
    except Exception as error:  # a dataset may have code of its own
        raise OptionError(f"{name}: {error}", "give owner/set:config:split") from error
    if "audio" not in rows.column_names:
        raise OptionError(f"{name}: there is no column `audio`")
    # As bytes: `datasets` needs torch to decode, and decoding is part of what is measured.
    rows = rows.cast_column("audio", datasets.Audio(decode=False))
    column = next((c for c in TEXT_COLUMNS if c in rows.column_names), "")
    folder.mkdir(parents=True, exist_ok=True)
    return [_utterance(number, row, column, config, folder) for number, row in enumerate(rows)]


def _check_reachable(name: str, path: str) -> None:
    """Fail at once; the library itself retries for half a minute."""
    missing = f"{name}: there is no such file or folder"
    if not NAME.fullmatch(path) and not Path(path).exists():
        raise OptionError(missing, "see the help of `unispeech bench`")
    if find_spec("datasets") is None:
        raise OptionError(missing, "for a dataset of the Hub: pip install datasets")
    if Path(path).exists() or os.environ.get("HF_HUB_OFFLINE"):
        return
    if reason := download.hub_outage():
        raise OptionError(
            f"{missing}, and the Hub cannot be reached ({reason})",
            "HF_HUB_OFFLINE=1 uses datasets that were downloaded before",
        )


def _utterance(number: int, row: dict[str, Any], text: str, config: str, folder: Path) -> Utterance:
    audio = row["audio"]
    path = Path(audio["path"] or "")
    if audio.get("bytes"):
        path = folder / f"{number:05d}{path.suffix or '.wav'}"
        path.write_bytes(audio["bytes"])
    language = row.get("language") or row.get("locale") or config
    return Utterance(
        id=str(row.get("id", number)),
        audio=path,
        text=row.get(text) or None,
        language=language_code(language if isinstance(language, str) else None),
    )
