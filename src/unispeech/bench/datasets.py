"""Recordings with their reference texts, from folders, manifests, LibriSpeech or the Hub."""

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
from unispeech.bench.accuracy import WordTime
from unispeech.bench.hub import from_hub
from unispeech.bench.utterances import NO_SPEECH, Utterance, language_code
from unispeech.errors import OptionError
from unispeech.text import formats


def samples() -> Path:
    """Return the folder of the sample clips of the project.

    Raises:
        OptionError: they are not installed.
    """
    package = Path(__file__).parent.parent
    for folder in (package / "samples", package.parent.parent / "samples"):
        if folder.is_dir():
            return folder
    raise OptionError("the sample clips are not installed", "name a folder of recordings")


def load_all(data: Sequence[str], downloads: Path) -> list[Utterance]:
    """Load several datasets, one after the other; without any, the sample clips.

    Raises:
        OptionError: as `load`; or a dataset is given twice.
    """
    if len(data) < 2:
        return load(data[0] if data else None, downloads)
    names = _names(data)
    return [
        replace(utterance, set=name, id=f"{name}/{utterance.id}")
        for name, dataset in zip(names, data, strict=True)
        for utterance in load(dataset, downloads / name)
    ]


def _names(data: Sequence[str]) -> list[str]:
    """Return a unique name for each dataset: as many of the last parts of its path as needed."""
    if duplicate := next((dataset for dataset in data if data.count(dataset) > 1), None):
        raise OptionError(f"{duplicate} is given twice")
    paths = [Path(dataset).with_suffix("") for dataset in data]
    for length in range(1, max(len(path.parts) for path in paths) + 1):
        names = ["-".join(path.parts[-length:]).replace(":", "-") for path in paths]
        if len(set(names)) == len(names):
            return names
    return [str(number) for number, _ in enumerate(data, 1)]


def load(data: str | None, downloads: Path) -> list[Utterance]:
    """Load the recordings of a dataset in a fixed order; one of the Hub is saved in `downloads`.

    Raises:
        OptionError: there is no such dataset, it is malformed, or a recording is missing.
    """
    path = samples() if data is None else Path(data).expanduser()
    if data is not None and not path.exists():
        utterances = from_hub(data, downloads)
    elif path.suffix.lower() in MEDIA:
        utterances = [_recording(path)]
    elif path.is_file():
        utterances = list(_manifest(path))
    elif (path / "manifest.jsonl").exists():
        utterances = list(_manifest(path / "manifest.jsonl"))
    elif any(path.rglob("*.trans.txt")):
        utterances = list(_librispeech(path))
    else:
        utterances = list(_folder(path))
    if not utterances:
        raise OptionError(f"{path}: no recordings", "see the help of `unispeech bench`")
    if missing := [u for u in utterances if not u.audio.exists()]:
        raise OptionError(
            f"{missing[0].audio}: there is no such file",
            f"{len(missing)} of the {len(utterances)} recordings of {path} are missing",
        )
    return [u if u.duration else replace(u, duration=_duration(u.audio)) for u in utterances]


def _recording(path: Path) -> Utterance:
    """Return a single recording: as listed in its folder's manifest, else with its text file."""
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
            problem = f"has no {error}" if isinstance(error, KeyError) else f"is invalid ({error})"
            raise OptionError(
                f"{path}: row {number} {problem}",
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
        language=language_code(language),
        duration=float(row.get("duration_s") or row.get("duration") or 0),
        words=tuple((str(w), float(s), float(e)) for w, s, e, *_ in row.get("words") or ()),
    )


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise OptionError(f"{path}: not UTF-8 ({error})", "save it as UTF-8") from error


def _librispeech(folder: Path) -> Iterator[Utterance]:
    """Read `84-121123.trans.txt` (lines of ID and text) beside `84-121123-0000.flac`."""
    for path in sorted(folder.rglob("*.trans.txt")):
        for line in _text(path).splitlines():
            name, _, text = line.partition(" ")
            yield Utterance(name, path.parent / f"{name}.flac", text, "en")


def _folder(folder: Path) -> Iterator[Utterance]:
    """Read recordings, each with its text in a `.txt` or a transcript of the same name.

    The language may be in a `.language.txt`, or in `language.txt` for the whole folder.
    """
    for audio in sorted(p for p in folder.rglob("*") if p.suffix.lower() in MEDIA):
        yield _with_text(audio, str(audio.relative_to(folder)))


def _with_text(audio: Path, id: str) -> Utterance:
    files = (audio.with_suffix(".language.txt"), audio.parent / "language.txt")
    language = next((_text(file).strip() for file in files if file.exists()), None)
    text, words = _reference(audio)
    return Utterance(id, audio, text, language_code(language), words=words)


def _reference(audio: Path) -> tuple[str | None, tuple[WordTime, ...]]:
    """The text beside a recording: a `.txt`, or a transcript with the times of its words."""
    plain = audio.with_suffix(".txt")
    if plain.exists():
        return _text(plain).strip(), ()
    for suffix in (*formats.readable(), ".TextGrid"):
        path = audio.with_suffix(suffix)
        if path.exists():
            segments = formats.read(path).segments
            words = tuple((w.word.strip(), w.start, w.end) for s in segments for w in s.words)
            return " ".join(segment.text.strip() for segment in segments), words
    return None, ()


def _duration(audio: Path) -> float:
    recording = Recording(audio)
    for _ in recording.blocks():
        pass
    return recording.duration or 0.0


@dataclass(frozen=True, slots=True)
class Choice:
    """A selection of the recordings of a dataset."""

    language: str | None = None
    ids: tuple[str, ...] = ()
    """Only these recordings, by name, with or without folder and suffix."""
    sample: int = 0
    """The size of a fixed random sample of each dataset; 0 is all."""
    join: float | None = None
    """Join all into one recording: 0 for each once, else repeated to at least so many seconds."""


def choose(utterances: Sequence[Utterance], choice: Choice) -> list[Utterance]:
    """Return the selected recordings, in the order of the dataset, or of `ids`.

    Raises:
        OptionError: none is left, or one of `ids` is missing.
    """
    chosen = list(utterances)
    if choice.language:
        language = language_code(choice.language)
        if language is None:
            raise OptionError(
                f"unknown language {choice.language!r}",
                "give a code such as 'fr' or a name such as 'french'",
                option="language",
            )
        chosen = [u for u in chosen if u.language == language]
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
        raise OptionError("no recordings match", "select other languages or ids")
    return chosen


def _sample(utterances: list[Utterance], count: int) -> list[Utterance]:
    """Draw a fixed random sample: the first recordings of a set are often not representative."""
    if count >= len(utterances):
        return utterances
    picked = random.Random(0).sample(range(len(utterances)), count)
    return [utterances[i] for i in sorted(picked)]


def warm_up(utterances: Iterable[Utterance]) -> Utterance:
    """Return the recording to warm up with: the shortest with speech of at least two seconds."""
    return min(utterances, key=lambda u: (not u.text, u.duration < 2, u.duration))
