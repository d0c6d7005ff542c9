"""Recordings with their texts, from whatever form they are kept in."""

from __future__ import annotations

import csv
import itertools
import json
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from unispeech.audio.containers import MEDIA
from unispeech.audio.recording import Recording
from unispeech.bench.hub import from_hub
from unispeech.bench.utterances import NO_SPEECH, Utterance, known
from unispeech.errors import OptionError


def samples() -> Path:
    """The clips that come with the project.

    Raises:
        OptionError: they were not installed with it.
    """
    package = Path(__file__).parent.parent
    for folder in (package / "samples", package.parent.parent / "samples"):
        if folder.is_dir():
            return folder
    raise OptionError("the sample clips are not installed", "name a folder of recordings")


def load_all(data: Sequence[str], keep: Path) -> list[Utterance]:
    """The recordings of several data sets, one set after the other; of the samples without any.

    Raises:
        OptionError: as `load`; or a set is given twice.
    """
    if len(data) < 2:
        return load(data[0] if data else None, keep)
    names = _names(data)
    return [
        replace(one, set=name, id=f"{name}/{one.id}")
        for name, each in zip(names, data, strict=True)
        for one in load(each, keep / name)
    ]


def _names(data: Sequence[str]) -> list[str]:
    """What each set is called: the end of its path, as much of it as tells it from the others."""
    if twice := next((one for one in data if data.count(one) > 1), None):
        raise OptionError(f"{twice} is given twice")
    paths = [Path(one).with_suffix("") for one in data]
    for length in range(1, max(len(path.parts) for path in paths) + 1):
        names = ["-".join(path.parts[-length:]).replace(":", "-") for path in paths]
        if len(set(names)) == len(names):
            return names
    return [str(number) for number, _ in enumerate(data, 1)]


def load(data: str | None, keep: Path) -> list[Utterance]:
    """The recordings of a data set, in a fixed order. `keep` is where a downloaded one is put.

    Raises:
        OptionError: there is no such data set, or none of its recordings is there.
    """
    path = samples() if data is None else Path(data).expanduser()
    if data is not None and not path.exists():
        found = from_hub(data, keep)
    elif path.suffix.lower() in MEDIA:
        found = [_recording(path)]
    elif path.is_file():
        found = list(_manifest(path))
    elif (path / "manifest.jsonl").exists():
        found = list(_manifest(path / "manifest.jsonl"))
    elif any(path.rglob("*.trans.txt")):
        found = list(_librispeech(path))
    else:
        found = list(_folder(path))
    if not found:
        raise OptionError(f"{path}: no recordings in it", "see the help of `unispeech bench`")
    if missing := [u for u in found if not u.audio.exists()]:
        raise OptionError(
            f"{missing[0].audio}: there is no such file",
            f"{len(missing)} of the {len(found)} recordings of {path} are missing",
        )
    return [u if u.duration else replace(u, duration=_duration(u.audio)) for u in found]


def _recording(path: Path) -> Utterance:
    """A single one: as its folder's manifest has it, or with its text beside it."""
    manifest = path.parent / "manifest.jsonl"
    rows = _manifest(manifest) if manifest.exists() else iter(())
    listed = next((row for row in rows if row.audio.name == path.name), None)
    return listed or _with_text(path, path.name)


def _manifest(path: Path) -> Iterator[Utterance]:
    for number, row in enumerate(_rows(path), 1):
        try:
            names = (name for name in ("audio", "audio_filepath", "path") if row.get(name))
            yield _utterance(path.parent / row[next(names, "audio")], row)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            what = f"has no {error}" if isinstance(error, KeyError) else f"cannot be used ({error})"
            raise OptionError(
                f"{path}: row {number} {what}",
                "each row needs `audio`, and `text` to be scored; `words` are [word, start, end]",
            ) from error


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    lines = _text(path).splitlines()
    if path.suffix.lower() in (".tsv", ".csv"):
        yield from csv.DictReader(lines, delimiter="\t" if path.suffix.lower() == ".tsv" else ",")
        return
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise OptionError(f"{path}: line {number} is not JSON ({error})") from error
        if not isinstance(row, dict):
            raise OptionError(f"{path}: line {number} is not a JSON object")
        yield row


def _utterance(audio: Path, row: dict[str, Any]) -> Utterance:
    language = row.get("language") or None
    text = row.get("text", row.get("sentence"))
    return Utterance(
        id=str(row.get("id") or audio.name),
        audio=audio,
        text=text if text or language == NO_SPEECH else None,
        language=known(language),
        duration=float(row.get("duration_s") or row.get("duration") or 0),
        words=tuple((str(w), float(s), float(e)) for w, s, e, *_ in row.get("words") or ()),
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise OptionError(f"{path}: not UTF-8 ({error})", "save it as UTF-8") from error


def _librispeech(folder: Path) -> Iterator[Utterance]:
    """`84-121123.trans.txt` beside `84-121123-0000.flac`: lines of id and text."""
    for path in sorted(folder.rglob("*.trans.txt")):
        for line in _text(path).splitlines():
            name, _, text = line.partition(" ")
            yield Utterance(name, path.parent / f"{name}.flac", text, "en")


def _folder(folder: Path) -> Iterator[Utterance]:
    """Recordings, each with its text in a `.txt` of the same name; its language may stand in a
    `.language.txt`, or in `language.txt` for all of the folder."""
    for audio in sorted(p for p in folder.rglob("*") if p.suffix.lower() in MEDIA):
        yield _with_text(audio, str(audio.relative_to(folder)))


def _with_text(audio: Path, id: str) -> Utterance:
    text = audio.with_suffix(".txt")
    told = (audio.with_suffix(".language.txt"), audio.parent / "language.txt")
    language = next((_text(p).strip() for p in told if p.exists()), None)
    return Utterance(
        id=id,
        audio=audio,
        text=_text(text).strip() if text.exists() else None,
        language=known(language),
    )


def _duration(audio: Path) -> float:
    recording = Recording(audio)
    for _ in recording.blocks():
        pass
    return recording.duration or 0.0


@dataclass(frozen=True, slots=True)
class Choice:
    """Which of a set's recordings are used, and how."""

    language: str | None = None
    ids: tuple[str, ...] = ()
    """Only these: names with or without the folder and the suffix."""
    sample: int = 0
    """So many of each set at random, always the same ones; 0 is all."""
    join: float | None = None
    """One long recording of them all: 0 once through, otherwise at least so many seconds."""


def choose(utterances: Sequence[Utterance], choice: Choice) -> list[Utterance]:
    """The chosen recordings, in their old order.

    Raises:
        OptionError: none is left, or one that was named is not there.
    """
    chosen = list(utterances)
    if choice.language:
        wanted = known(choice.language)
        if wanted is None:
            raise OptionError(
                f"unknown language {choice.language!r}",
                "give a code such as 'fr' or a name such as 'french'",
                option="language",
            )
        chosen = [u for u in chosen if u.language == wanted]
    if choice.ids:
        by_name = {Path(u.id).stem: u for u in chosen}
        if missing := [name for name in choice.ids if Path(name).stem not in by_name]:
            raise OptionError(
                f"{len(missing)} of {len(choice.ids)} ids are not in the data ({missing[0]}, ...)"
            )
        chosen = [by_name[Path(name).stem] for name in choice.ids]
    if choice.sample:
        sets = itertools.groupby(chosen, key=lambda u: u.set)
        chosen = [u for _, each in sets for u in _sample(list(each), choice.sample)]
    if not chosen:
        raise OptionError("no recordings are left", "widen the choice by language or ids")
    return chosen


def _sample(utterances: list[Utterance], count: int) -> list[Utterance]:
    """Random once and for all: the order of a set says something about it."""
    if count >= len(utterances):
        return utterances
    picked = random.Random(0).sample(range(len(utterances)), count)
    return [utterances[i] for i in sorted(picked)]


def warm_up(utterances: Iterable[Utterance]) -> Utterance:
    """The one to warm up with: the shortest of at least two seconds that has speech."""
    return min(utterances, key=lambda u: (not u.text, u.duration < 2, u.duration))
