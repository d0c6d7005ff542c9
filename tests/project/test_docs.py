"""Every command and every program that the documentation shows is run, as written."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from support.pages import blocks
from support.samples import ROOT, SAMPLES
from support.serving import Server

PAGES = ["README.md", "docs/guides/transcribe.md"]
FIGURES = "docs/reference/figures.md"
SLOW = ["docs/guides/backends.md"]
"""Pages whose commands need PyTorch. Those on models, fine-tuning and MMS have tests of their own:
`test_store.py`, `test_fine_tuning.py` and `test_docs_mms.py`."""


def _commands(pages: list[str]) -> list[tuple[str, str]]:
    """Each command once, and the first page that shows it."""
    lines = [(p, line) for p in pages for block in blocks(p, "sh") for line in block.splitlines()]
    first: dict[str, str] = {}
    for page, line in lines:
        if not line.startswith(("make ", "pip install ")):  # read by other tests
            first.setdefault(line.split("#")[0].strip().removeprefix(".venv/bin/"), page)
    return [(page, command) for command, page in first.items()]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "samples").symlink_to(SAMPLES)
    (tmp_path / "interview.wav").symlink_to(SAMPLES / "english.wav")
    (tmp_path / "recordings").mkdir()
    for name in ("english.wav", "english.txt"):
        (tmp_path / "recordings" / name).symlink_to(SAMPLES / name)
    return tmp_path


@pytest.mark.parametrize(("page", "command"), _commands(PAGES[:1]))
def test_commands(place: Path, page: str, command: str) -> None:
    run(command, place)


@pytest.mark.slow
@pytest.mark.parametrize(("page", "command"), _commands([*PAGES[1:], *SLOW]))
def test_slow_commands(place: Path, page: str, command: str) -> None:
    run(command, place)


def run(command: str, place: Path) -> None:
    program = f"{shlex.quote(sys.executable)} -m unispeech"
    line = re.sub(r"^unispeech\b", lambda m: program, command)
    done = subprocess.run(line, shell=True, cwd=place, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    assert done.stdout or any(p.is_dir() and not p.is_symlink() for p in place.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "more"),
    [
        ("mic", "--input interview.wav --fast"),  # there is no microphone
        ("bench", "--backends faster --models tiny.en --repeat 1"),  # all backends take minutes
    ],
)
def test_the_other_commands_of_the_readme(place: Path, command: str, more: str) -> None:
    (block,) = blocks("README.md", "sh more")
    (line,) = re.findall(rf"^unispeech {command}\b[^#\n]*", block, re.M)
    run(f"{line.strip()} {more}", place)


@pytest.mark.slow
def test_the_readmes_client_and_server(place: Path) -> None:
    (block,) = blocks("README.md", "sh more")
    assert re.search(r"^unispeech serve\s", block, re.M)
    (program,) = blocks("README.md", "python client")
    assert program.count("http://127.0.0.1:8000") == 1
    server = Server(place).start()
    try:
        program = program.replace("http://127.0.0.1:8000", server.url)
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=place, capture_output=True, text=True, timeout=120
        )
    finally:
        server.stop()
    assert done.returncode == 0, done.stderr
    assert "roses" in done.stdout


def test_pip_commands_name_extras_that_exist() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras = settings["project"]["optional-dependencies"]
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    named = {
        extra.strip()
        for page in pages
        for group in re.findall(r"unispeech\[([a-z, -]+)\]", page.read_text())
        for extra in group.split(",")
    }
    assert "server" in named
    assert named <= set(extras)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_measuring_commands_on_a_small_sample(place: Path, data: Path) -> None:
    """As written, but for one recording, one model, one round, and the shortest figures."""
    (place / "benchmarks").symlink_to(ROOT / "benchmarks")
    program = shlex.quote(sys.executable)
    smaller = {
        r"DATA/longform/\S+": f"{data}/misc/jfk.flac",
        r"\bDATA\b": str(data),
        "--sample 40": "--sample 1",
        "--repeat 3": "--repeat 1",
        "tiny.en,base": "tiny.en",
        r"(benchmarks/core.py \S+)$": r"\1 --sample 1 startup nonspeech",
        r"(benchmarks/word_times.py \S+)$": r"\1 --sample 1",
        "^unispeech": f"{program} -m unispeech",
        "^python": program,
    }
    lines = [line for block in blocks(FIGURES, "sh measuring") for line in block.splitlines()]
    assert lines
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        command = line.split("#")[0].strip()
        for pattern, replacement in smaller.items():
            command = re.sub(pattern, replacement, command)
        done = subprocess.run(command, shell=True, cwd=place, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert ("report: " if "--backends" in command else "|") in done.stdout, done.stdout
        assert "failed" not in done.stdout, done.stdout


@pytest.mark.parametrize(
    ("page", "program"), [(p, block) for p in PAGES for block in blocks(p, "python")]
)
def test_programs(place: Path, page: str, program: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=place, capture_output=True, text=True, timeout=280,
        env=dict(os.environ),
    )  # fmt: skip
    assert done.returncode == 0 and done.stdout, done.stderr


def test_every_link_leads_somewhere() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    missing = [
        f"{page.name}: {target}"
        for page in pages
        for target in re.findall(r"(?:\]\(|src=\")([^)#:\"]+)[)\"]", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert not missing


def test_the_repository_speaks_of_the_project_alone() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    paths = re.compile("(^|[\\s\"'=(])/" + "(work|root|home)/")
    found = [
        name
        for name in tracked
        if Path(name).suffix in (".py", ".md", ".toml", ".yaml", ".txt", "")
        and name != "Dockerfile"  # the home of the container's own user
        and paths.search((ROOT / name).read_text(encoding="utf-8", errors="ignore"))
    ]
    assert not found
