"""Recordings at URLs: downloaded to a temporary file, within limits of size and time.

fsspec reads files (http, https, s3, gs, sftp and others). yt-dlp, if it is installed, reads the
pages of the sites that it knows.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote, urlsplit

from unispeech.audio.containers import MEDIA
from unispeech.errors import AudioError, UnispeechError

INSTALL = "pip install 'unispeech[urls]'"
BLOCK = 1 << 20
"""Bytes read at a time."""
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]+')
"""Characters that some file system does not allow in a name."""


class DownloadFailed(AudioError):
    """The recording at a URL cannot be downloaded."""

    code = "download_failed"


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one download."""

    size: int
    """Bytes."""
    seconds: float


def is_url(argument: str) -> bool:
    return _URL.match(argument) is not None


def as_path(url: str) -> Path:
    """A URL as a path, for naming: `https:/host/a/talk.mp3`.

    A query counts only if the name is not that of a media file: it may be a signature that changes.
    """
    parts = urlsplit(url)
    names = [name for name in unquote(parts.path).split("/") if name.strip(". ")]
    last = names.pop() if names else "download"
    if parts.query and Path(last).suffix.lower() not in MEDIA:
        last = f"{last}-{unquote(parts.query)}"
    safe = (_FORBIDDEN.sub("-", name) for name in [parts.hostname or "", *names, last] if name)
    return Path(f"{parts.scheme.lower()}:", *safe)


def opened(url: str, folder: Path, limits: Limits) -> IO[bytes]:
    """Download a recording into a folder and open it; its name is the URL.

    Raises:
        DownloadFailed: it cannot be downloaded, or exceeds a limit.
    """
    try:
        path = _downloaded(url, folder, limits)
    except UnispeechError:
        raise
    except TimeoutError as error:
        raise _late(url, limits) from error
    except Exception as error:  # fsspec and yt-dlp raise the errors of many libraries
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DownloadFailed(f"{url}: not downloaded ({reason})") from error
    file = path.open("rb")
    file.raw.name = url  # type: ignore[attr-defined]
    return file


def _downloaded(url: str, folder: Path, limits: Limits) -> Path:
    if _is_page(url):
        return _by_yt_dlp(url, folder, limits)
    target = folder / "download"
    ends = time.monotonic() + limits.seconds
    size = 0
    with target.open("wb") as file:
        for block in _blocks(url, limits):
            if not size and block.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html")):
                hint = "give the address of the media file"
                has_yt_dlp = find_spec("yt_dlp") is not None
                raise DownloadFailed(
                    f"{url}: a web page, not a recording",
                    hint if has_yt_dlp else f"{hint}, or {INSTALL} for sites that yt-dlp knows",
                )
            size += len(block)
            _check(url, limits, size, time.monotonic() > ends)
            file.write(block)
    return target


def _blocks(url: str, limits: Limits) -> Iterator[bytes]:
    import fsspec

    options: dict[str, Any] = {}
    if urlsplit(url).scheme.lower() in ("http", "https"):
        if find_spec("aiohttp") is None:
            raise DownloadFailed(f"{url}: http needs aiohttp", INSTALL)
        import aiohttp

        timeout = aiohttp.ClientTimeout(total=limits.seconds, sock_read=60.0)
        options = {"block_size": 0, "client_kwargs": {"timeout": timeout}}  # 0: one request
    with fsspec.open(url, "rb", **options) as file:
        while block := file.read(BLOCK):
            yield block


def _check(url: str, limits: Limits, size: int, is_late: bool) -> None:
    if size > limits.size:
        raise DownloadFailed(f"{url}: larger than {limits.size / 1e6:g} MB", "raise --max-download")
    if is_late:
        raise _late(url, limits)


def _late(url: str, limits: Limits) -> DownloadFailed:
    return DownloadFailed(
        f"{url}: not downloaded within {limits.seconds:g} s", "raise --download-timeout"
    )


def _is_page(url: str) -> bool:
    """True if yt-dlp is installed and knows the site of this URL."""
    if urlsplit(url).scheme.lower() not in ("http", "https") or find_spec("yt_dlp") is None:
        return False
    from yt_dlp.extractor import gen_extractor_classes

    return any(site.suitable(url) for site in gen_extractor_classes() if site.IE_NAME != "generic")


def _by_yt_dlp(url: str, folder: Path, limits: Limits) -> Path:
    import yt_dlp

    ends = time.monotonic() + limits.seconds

    def on_progress(state: dict[str, Any]) -> None:
        _check(url, limits, state.get("downloaded_bytes") or 0, time.monotonic() > ends)

    options = {
        "format": "bestaudio/best",
        "outtmpl": str(folder / "download.%(ext)s"),
        "noplaylist": True,
        "quiet": True,
        "no_warnings": True,
        "noprogress": True,
        "socket_timeout": 60,
        "progress_hooks": [on_progress],
    }
    with yt_dlp.YoutubeDL(options) as downloader:
        downloader.download([url])
    found = sorted(folder.glob("download.*"))
    if not found:
        raise DownloadFailed(f"{url}: yt-dlp found no recording")
    return found[0]
