"""Every command and every program that the documentation shows is run as written, or parsed."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import pytest
from click.testing import CliRunner

from support.pages import Block, blocks, every_block
from support.samples import ROOT, SAMPLES
from support.serving import Server
from unispeech.backends import registry
from unispeech.cli import cli

README = "README.md"
FIGURES = "docs/reference/figures.md"
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "docs").rglob("*.md")
    if path.parent.name not in ("decisions", "page", "_site")
)
OWN_TESTS = {
    "docs/guides/fine-tuning.md": "test_fine_tuning.py",
    "docs/guides/mms.md": "test_docs_mms.py",
    "docs/guides/models.md": "test_store.py",
    "docs/guides/write-a-backend.md": "test_write_a_backend.py",
}
"""Pages whose commands need a setting of their own, and the tests that have it."""
GENERATED = {"python.md", "cli.md", "http.md", "settings.md", "formats.md", "untested.md"}
"""Pages of the reference that exist only on the site."""
SHELLS = ("sh", "console", "powershell")
SETTINGS = {
    ("sh", "measuring"),
    ("sh", "server"),
    ("python", "server"),
    ("python", "live"),
    ("python", "realtime"),
}
"""Settings that the tests of this file provide."""


def _commands(pages: list[str]) -> list[tuple[str, str]]:
    """Each command once, and the first page that shows it."""
    lines = [(p, line) for p in pages for block in blocks(p, "sh") for line in block.splitlines()]
    first: dict[str, str] = {}
    for page, line in lines:
        if not line.startswith(("make ", "pip install ")):  # read by other tests
            first.setdefault(line.split("#")[0].strip().removeprefix(".venv/bin/"), page)
    return [(page, command) for command, page in first.items()]


def _shown(*pages: str) -> Iterator[Block]:
    for page in pages or PAGES:
        if page not in OWN_TESTS:
            yield from every_block(page)


def _with(language: str, setting: str = "") -> list[str]:
    """The pages that have such a block."""
    return list(
        dict.fromkeys(b.page for b in _shown() if (b.language, b.setting) == (language, setting))
    )


def _first_shown() -> dict[str, list[str]]:
    """The commands of each page that no page before it has shown."""
    pages: dict[str, list[str]] = {}
    seen: set[str] = set()
    for page in _with("sh"):
        lines = [line for text in blocks(page, "sh") for line in text.splitlines()]
        pages[page] = [line for line in lines if line not in seen]
        seen |= set(lines)
    return pages


FIRST_SHOWN = _first_shown()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "samples").symlink_to(SAMPLES)
    (tmp_path / "benchmarks").symlink_to(ROOT / "benchmarks")
    (tmp_path / "interview.wav").symlink_to(SAMPLES / "english.wav")
    (tmp_path / "recordings").mkdir()
    for name in ("english.wav", "english.txt"):
        (tmp_path / "recordings" / name).symlink_to(SAMPLES / name)
    return tmp_path


@pytest.mark.parametrize(("page", "command"), _commands([README]))
def test_commands(place: Path, page: str, command: str) -> None:
    run(command, place)


@pytest.fixture(scope="module")
def kept_models() -> Iterator[None]:
    """Commands of this process load a model once, not once each."""
    loaded: dict[str, Any] = {}
    load = registry.load

    def cached(*arguments: Any) -> Any:
        key = repr(arguments)
        if key not in loaded:
            loaded[key] = load(*arguments)
            closing.append(loaded[key].close)
            setattr(loaded[key], "close", lambda: None)  # noqa: B010
        return loaded[key]

    closing: list[Any] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "load", cached)
        yield
    for close in closing:
        close()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of the backends' libraries
@pytest.mark.parametrize("page", [page for page, lines in FIRST_SHOWN.items() if lines])
def test_commands_of_a_page(
    place: Path, kept_models: None, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    """In one process, so that libraries are imported once; in a shell where one is needed."""
    monkeypatch.chdir(place)
    monkeypatch.setenv("UNISPEECH_DATA_DIR", str(place / "data"))
    for command in FIRST_SHOWN[page]:
        name, *arguments = shlex.split(command)
        if name != "unispeech" or {"<", ">", "|"} & set(arguments):
            run(command, place)
            continue
        done = CliRunner().invoke(cli, arguments)
        assert done.exit_code == 0, f"{command}: {done.output}{done.exception!r}"


def run(command: str, place: Path) -> None:
    program = f"{shlex.quote(sys.executable)} -m unispeech"
    line = re.sub(r"^((?:[A-Z_]+=\S+ )*)unispeech\b", lambda m: m[1] + program, command)
    done = subprocess.run(line, shell=True, cwd=place, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    assert done.stdout or any(p.is_dir() and not p.is_symlink() for p in place.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("page", _with("console"))
def test_sessions_of_a_page(place: Path, monkeypatch: pytest.MonkeyPatch, page: str) -> None:
    """A command that is refused, and the line that says why."""
    monkeypatch.chdir(place)
    for session in blocks(page, "console"):
        command, _, answer = session.partition("\n")
        line = re.sub(r"^\$ ", "", command).replace(
            "unispeech", f"{sys.executable} -m unispeech", 1
        )
        done = subprocess.run(line, shell=True, capture_output=True, text=True, timeout=280)
        assert (done.returncode, done.stdout, done.stderr) == (2, "", answer)


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
    program = shlex.quote(sys.executable)
    smaller = {
        r"DATA/longform/\S+": f"{data}/misc/jfk.flac",
        r"\bDATA\b": str(data),
        "--sample 40": "--sample 1",
        "--repeat 3": "--repeat 1",
        "tiny.en,base": "tiny.en",
        r"(benchmarks/core.py \S+)$": r"\1 --sample 1 startup nonspeech",
        r"(benchmarks/word_times.py .+)$": r"\1 --sample 1",
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


@pytest.mark.parametrize("program", blocks(README, "python"))
def test_programs(place: Path, program: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=place, capture_output=True, text=True, timeout=280,
        env=dict(os.environ),
    )  # fmt: skip
    assert done.returncode == 0 and done.stdout, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("page", _with("python"))
def test_programs_of_a_page(
    place: Path, page: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place)
    for program in blocks(page, "python"):
        exec(compile(program, page, "exec"), {})
        assert capsys.readouterr().out


@pytest.mark.slow
def test_the_program_that_follows_a_stream(capsys: pytest.CaptureFixture[str]) -> None:
    from unispeech.audio.recording import load

    samples = load(SAMPLES / "pause.wav")
    pieces = [samples[at : at + 8000] for at in range(0, len(samples), 8000)]
    (program,) = blocks("docs/guides/live.md", "python live")
    exec(compile(program, "live.md", "exec"), {"pieces": pieces})
    assert "door" in capsys.readouterr().out


@pytest.mark.slow
def test_the_program_that_uses_the_realtime_client(service: Any) -> None:
    import asyncio
    import base64
    from textwrap import indent

    from openai import AsyncOpenAI

    from unispeech.audio.recording import load

    (program,) = blocks("docs/guides/live.md", "python realtime")
    samples = load(SAMPLES / "pause.wav").repeat(3)[::2]  # 24 kHz
    pcm = base64.b64encode((samples * 32767).astype("<i2").tobytes()).decode()
    body = program.replace("print(event.transcript)", "return event.transcript")
    names: dict[str, Any] = {
        "client": AsyncOpenAI(base_url=f"{service.url}/v1", api_key="none"),
        "base64_of_pcm": pcm,
    }
    exec("async def main():\n" + indent(body, "    "), names)
    assert "please" in asyncio.run(asyncio.wait_for(names["main"](), 120)).lower()


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", list(dict.fromkeys(_with("sh", "server") + _with("python", "server")))
)
def test_requests_of_a_page(service: Any, http: Any, place: Path, page: str) -> None:
    """As written, but for the address, and the id of the job in the place of `ID`."""
    from support.serving import until_ended

    job = ""
    for name in ("talk.mp3", "interview.mp3"):
        shutil.copy(SAMPLES / "english.wav", place / name)
    for block in every_block(page):
        if block.setting != "server":
            continue
        text = block.text.replace("http://127.0.0.1:8000", service.url)
        commands = [[sys.executable, "-c", text]] if block.language == "python" else [
            ["curl", "--silent", "--show-error", "--fail-with-body", *shlex.split(line)[1:]]
            for line in text.splitlines()
        ]  # fmt: skip
        for command in commands:
            line = [part.replace("ID", job) for part in command]
            done = subprocess.run(line, cwd=place, capture_output=True, text=True, timeout=240)
            assert done.returncode == 0 and done.stdout, f"{line}: {done.stdout}{done.stderr}"
            if line[-1].endswith("/api/jobs"):
                job = json.loads(done.stdout)["id"]
            elif job:
                until_ended(http, job)


def test_every_block_is_tested() -> None:
    unknown = [
        f"{block.page}: {block.language} {block.setting}"
        for block in _shown()
        if block.language in (*SHELLS, "python")
        and block.setting
        and (block.language, block.setting) not in SETTINGS
        and len(block.reason) < 5
    ]
    assert not unknown


def _parses(line: str) -> str:
    """What is wrong with a command line of ours, or an empty string. Nothing is run."""
    try:
        words = shlex.split(line, comments=True)
    except ValueError as error:
        return str(error)
    for stop in ("|", ">", ">>", "<"):
        words = words[: words.index(stop)] if stop in words else words
    command: click.Command = cli
    context = click.Context(cli, info_name="unispeech")
    rest = words[1:]
    try:
        while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
            name, below, rest = command.resolve_command(context, rest)
            assert name is not None and below is not None
            command, context = below, click.Context(below, context, info_name=name)
            if name == "bench" and rest[:1] not in (["run"], ["compare"], ["table"]):
                rest = ["run", *rest]  # the usual command of this group
        values, _, _ = command.make_parser(context).parse_args(list(rest))
        for parameter in command.params:
            value = values.get(parameter.name)
            if isinstance(parameter.type, click.Choice) and isinstance(value, str):
                parameter.type.convert(value, parameter, context)
    except click.ClickException as error:
        return error.format_message()
    return ""


def test_the_parser_of_this_test_finds_mistakes() -> None:
    assert not _parses("unispeech transcribe a.wav --beam-size 1 > b.txt")
    for line in ("transcribe a.wav --beam 1", "models fetch base", "transcribe a --task sing"):
        assert _parses(f"unispeech {line}")


@pytest.mark.parametrize("block", [b for b in _shown() if b.reason], ids=lambda b: b.reason)
def test_commands_that_cannot_run_here_parse(block: Block) -> None:
    if block.language == "python":
        ast.parse(block.text)
        return
    for command in block.commands:
        words = shlex.split(command, comments=True)
        while words and re.match(r"[A-Z_]+=", words[0]):
            _known_variable(words.pop(0).partition("=")[0])
        tool = words[0]
        assert all((ROOT / word).is_file() for word in words if word.startswith("deploy/")), command
        if tool == "unispeech":
            assert not _parses(shlex.join(words)), command
        elif tool == "pip":
            for extra in re.findall(r"unispeech\[([^\]]+)\]", command):
                assert set(extra.split(",")) <= _extras(), command
        elif tool == "docker":
            _docker(words)
        elif tool == "export":
            _known_variable(words[1].partition("=")[0])
        elif tool == "python" and words[1].endswith(".py"):
            assert (ROOT / words[1]).is_file(), command
        else:
            assert tool in ("aws", "ffmpeg", "kubectl", "python3", "py", "source", "sudo", "tar",
                            "speech\\Scripts\\activate", "speechScriptsactivate")  # fmt: skip


def _extras() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return set(project["optional-dependencies"])


def _known_variable(name: str) -> None:
    from unispeech.server import settings

    others = {"POSTGRES_PASSWORD", "HF_TOKEN", "LD_LIBRARY_PATH"}
    assert name in others or not settings.misspelt([name], all=True), name


def _docker(words: list[str]) -> None:
    """The files, services, ports and variables that a command names exist."""
    import yaml

    given = dict(zip(words, words[1:], strict=False))
    files = [b for a, b in zip(words, words[1:], strict=False) if a == "-f"] or ["compose.yaml"]
    if words[1] == "compose":
        services: set[str] = set()
        for file in files:
            services |= set(yaml.safe_load((ROOT / file).read_text())["services"])
        assert given.get("--scale", "server=1").partition("=")[0] in services
    else:
        dockerfile = (ROOT / "Dockerfile").read_text()
        assert words[1] in ("build", "push", "run")
        assert f" AS {given.get('--target', 'service')}\n" in dockerfile
        exposed = re.findall(r"^EXPOSE (\d+)", dockerfile, re.M)
        assert given.get("--publish", "8000:8000").rpartition(":")[2] in exposed
        _known_variable(given.get("--env", "UNISPEECH_API_KEY=").partition("=")[0])


def _inline(page: str) -> list[str]:
    """The code spans of a page, without its blocks."""
    text = re.sub(
        r"^( *)```.*?^\1```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.M | re.S
    )
    if page.endswith("migrate.md"):  # of a table only our column
        text = re.sub(r"^\|.*\|(.*)\|$", r"\1", text, flags=re.M)
        text = re.sub(r"### Without an equivalent.*?###", "", text, flags=re.S)
    return re.findall(r"`([^`\n]+)`", text)


@pytest.mark.parametrize("page", PAGES)
def test_flags_and_variables_in_sentences_exist(page: str) -> None:
    flags = set(_flags(cli))
    for span in _inline(page):
        for flag in re.findall(r"(?<![\w-])--[a-z][\w-]*", span):
            others = span.startswith(("pip ", "python ", "docker ", "whisper"))
            others |= "_" in flag  # those of other tools
            assert others or flag in flags or span.startswith("--") and flag in SCRIPTS, span
        if span.startswith("unispeech ") and "NAME" not in span:
            assert not _parses(span), span
    for name in re.findall(r"\bUNISPEECH_[A-Z_]+\b", (ROOT / page).read_text(encoding="utf-8")):
        _known_variable(name)


SCRIPTS = {"--accuracy", "--streams", "--hours", "--noise", "--speed", "--busy", "--price"}
"""Flags of scripts in `benchmarks/` that pages name alone."""


def _flags(command: click.Command) -> Iterator[str]:
    for parameter in command.params:
        yield from parameter.opts
    yield "--help"
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            below = command.get_command(click.Context(command), name)
            assert below is not None
            yield from _flags(below)


def test_routes_in_sentences_exist(tmp_path: Path) -> None:
    from unispeech.server.app import create_app
    from unispeech.server.settings import read

    paths = create_app(read(data_dir=tmp_path)).openapi()["paths"]
    known = {
        (method.upper(), re.sub(r"\{[^}]*\}", "{}", path))
        for path, methods in paths.items()
        for method in methods
    }
    for page in PAGES:
        for span in _inline(page):
            for method, path in re.findall(r"^([A-Z]+) (/[\w/{}' .-]*)", span):
                shown = re.sub(r"\{[^}]*\}", "{}", path.strip())
                assert (method, shown) in known, f"{page}: {span}"


def test_drawings_are_as_drawn() -> None:
    sys.path.insert(0, str(ROOT / "docs" / "_site"))
    try:
        from drawings import DRAWINGS
    finally:
        sys.path.pop(0)
    for name, draw in DRAWINGS.items():
        file = ROOT / "docs" / "concepts" / f"{name}.svg"
        assert file.read_text(encoding="utf-8") == draw().svg(), "run python docs/_site/drawings.py"


def test_every_link_leads_somewhere() -> None:
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    missing = [
        f"{page.name}: {target}"
        for page in pages
        for target in re.findall(r"(?:\]\(|src=\")([^)#:\"]+)[)\"#]", page.read_text())
        if not (page.parent / target).exists()
        and not ("docs" in page.parts and Path(target).name in GENERATED)
    ]
    assert not missing


def test_addresses_are_well_formed() -> None:
    for page in [README, *PAGES]:
        text = (ROOT / page).read_text(encoding="utf-8")
        for address in re.findall(r"\]\((\w+:[^)]+)\)|<(https?:[^>]+)>", text):
            parts = urlsplit("".join(address))
            assert parts.scheme in ("http", "https") and parts.hostname, address
            assert " " not in "".join(address)


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
