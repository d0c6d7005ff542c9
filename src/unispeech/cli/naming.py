"""Names of output files: one rule for every command that writes transcripts.

`lib/talk.wav` gives `talk.srt` if no other input is called talk, else a name that starts with as
much of its path as tells it apart: `a-talk.srt`. A name that an input once had stays its own. Pure
functions, for paths of any system.
"""

from __future__ import annotations

import hashlib
import itertools
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath, PureWindowsPath

MAX_BYTES = 230
"""Longest name in UTF-8, which leaves room for `.en.textgrid` within the 255 of file systems."""


def comparable(name: str) -> str:
    """A form that is equal for names that some file system takes for the same."""
    return unicodedata.normalize("NFC", name).casefold()


def assigned(paths: Sequence[PurePath], owners: Mapping[str, PurePath]) -> list[str]:
    """The name of each input, without a suffix: unique, and independent of the order.

    `paths` are absolute and distinct. `owners` are the names that earlier runs gave in the same
    folder, with the path of each input.
    """
    known = {path: name for name, path in owners.items()}
    taken = {comparable(name) for name in owners}
    every = {*paths, *owners.values()}
    siblings = Counter((path.parent, comparable(path.stem)) for path in every)
    choices = {
        path: candidates(path, siblings[path.parent, comparable(path.stem)] > 1) for path in paths
    }
    names = {path: known[path] for path in paths if path in known}
    while len(names) < len(paths):
        wanted = {path: next(choices[path]) for path in paths}
        counts = Counter(comparable(name) for name in wanted.values())
        for path, name in wanted.items():
            is_free = counts[comparable(name)] == 1 and comparable(name) not in taken
            if path not in names and is_free:
                names[path] = name
        taken |= {comparable(name) for name in names.values()}
    return [names[path] for path in paths]


def candidates(path: PurePath, with_suffix: bool) -> Iterator[str]:
    """Names for an input, the best first: `talk`, `a-talk`, `lib-a-talk` and so on.

    `with_suffix` names it `talk.wav` instead, for a folder that also has a talk.mp3.
    """
    base = path.name if with_suffix else path.stem
    folders = [part for part in path.parts[:-1] if part != path.anchor and part[-1:] != ":"]
    for count in range(len(folders) + 1):
        yield shortened("-".join([*folders[len(folders) - count :], base]))
    digest = hashlib.sha256(str(path).encode(errors="surrogatepass")).hexdigest()
    yield shortened(f"{base}-{digest[:8]}")
    for number in itertools.count(2):
        yield shortened(f"{base}-{digest}-{number}")


def shortened(name: str) -> str:
    """A name that fits a file name with its suffix; if it is cut, a digest keeps it distinct."""
    encoded = name.encode(errors="surrogateescape")
    if len(encoded) <= MAX_BYTES:
        return name
    digest = hashlib.sha256(encoded).hexdigest()[:8]
    return f"{encoded[: MAX_BYTES - 9].decode(errors='ignore')}-{digest}"


def relative(path: PurePath, folder: PurePath) -> str:
    """A path as the record of a folder stores it, with slashes: relative where both are on the
    same drive, so that the folders can move together."""
    if path.anchor != folder.anchor:
        return path.as_posix()
    shared = 0
    for mine, other in zip(path.parts, folder.parts, strict=False):
        if mine != other:
            break
        shared += 1
    return "/".join([*[".."] * (len(folder.parts) - shared), *path.parts[shared:]])


def absolute(stored: str, folder: PurePath) -> PurePath:
    """The path that `relative` stored."""
    path = type(folder)(stored)
    is_url = path.parts[0].endswith(":")
    if path.is_absolute() or is_url or (isinstance(path, PureWindowsPath) and path.drive):
        return path
    at = folder
    for part in path.parts:
        at = at.parent if part == ".." else at / part
    return at
