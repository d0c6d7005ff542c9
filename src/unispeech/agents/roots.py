"""Folders whose files an agent may name."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from unispeech.errors import AudioError, AudioNotFound, OptionError


class OutsideRoots(AudioError):
    """The path leads out of the allowed folders, by `..`, a link, or as it stands."""

    code = "outside_roots"


class Roots:
    """The allowed folders. Relative paths count from the first.

    Raises:
        OptionError: a folder does not exist.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        for folder in folders:
            if not folder.is_dir():
                raise OptionError(
                    f"root: there is no folder {folder}", "name one that exists", option="root"
                )
        self.folders = tuple(folder.resolve() for folder in folders)

    def file(self, name: str, limit: int) -> Path:
        """The path of a file of at most `limit` bytes, with all links resolved.

        A path outside the folders is refused before the file system says whether it exists.

        Raises:
            OutsideRoots: the path leads out of the folders.
            AudioNotFound: there is no such file.
            AudioError: it is no regular file, or too large.
        """
        try:
            path = (self.folders[0] / name).resolve()
        except (OSError, RuntimeError, ValueError):  # a circle of links, a null byte
            raise AudioNotFound(f"{name!r}: no path of a file") from None
        if not any(path.is_relative_to(folder) for folder in self.folders):
            allowed = ", ".join(map(str, self.folders))
            raise OutsideRoots(f"{name!r} is outside the allowed folders", f"use: {allowed}")
        try:
            status = path.stat()
        except (FileNotFoundError, NotADirectoryError):
            raise AudioNotFound(f"{name!r}: there is no such file") from None
        except OSError as error:
            raise AudioError(f"{name!r}: {error.strerror or error}") from None
        if not stat.S_ISREG(status.st_mode):
            raise AudioError(f"{name!r}: not a regular file")
        if not os.access(path, os.R_OK):
            raise AudioError(f"{name!r}: it cannot be read", "check its permissions")
        if status.st_size > limit:
            raise AudioError(
                f"{name!r}: {status.st_size} bytes are more than the limit of {limit}",
                "raise UNISPEECH_MAX_UPLOAD",
            )
        return path
