"""The data folder, closed to other users of the machine."""

from __future__ import annotations

import os
import stat
from pathlib import Path

OTHERS = stat.S_IRWXG | stat.S_IRWXO


def make_private(folder: Path) -> list[str]:
    """Create the folder, and let only this user read it. Returns warnings about what failed.

    Without effect on Windows, where the folders of a user are private.
    """
    if os.name != "posix":
        return []
    try:
        folder.mkdir(mode=stat.S_IRWXU, parents=True, exist_ok=True)
        status = folder.stat()
    except OSError:
        return []  # `Settings.folder` reports it
    is_open = bool(status.st_mode & OTHERS)
    if status.st_uid != os.geteuid():
        lines = [
            f"the data folder {folder} belongs to {user(status.st_uid)}, and this process runs as "
            f"{user(os.geteuid())}: run all servers and workers of a folder as one user"
        ]
        return lines + [f"other users can read the data folder {folder}"] * is_open
    if is_open:
        try:
            folder.chmod(stat.S_IMODE(status.st_mode) & ~OTHERS)
        except OSError as error:
            return [f"other users can read the data folder {folder} ({error.strerror})"]
    return []


def foreign_owner(folder: Path) -> str:
    """Return the owner of an existing folder that is not this user, or ""."""
    if os.name != "posix" or not folder.exists():
        return ""
    owner = folder.stat().st_uid
    return "" if owner == os.geteuid() else user(owner)


def user(number: int) -> str:
    """Return a user's name, or its number where it has none, as in a container."""
    import pwd

    try:
        return f"the user {pwd.getpwuid(number).pw_name}"
    except KeyError:
        return f"the user {number}"
