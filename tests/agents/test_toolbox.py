"""Allowed folders, transcripts in memory, search, and the shapes of the schemas."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from support.errors import raises
from support.samples import SAMPLES
from unispeech.agents.declarations import SHAPES, TOOLS
from unispeech.agents.mcp_server import Steps
from unispeech.agents.roots import OutsideRoots, Roots
from unispeech.agents.toolbox import Toolbox
from unispeech.agents.transcripts import Transcripts, UnknownTranscript, search
from unispeech.call import Call
from unispeech.cli import cli
from unispeech.errors import AudioError, AudioNotFound, OptionError, UnispeechError
from unispeech.server import settings
from unispeech.server.service_errors import FetchFailed, TooLarge
from unispeech.types import Progress, Segment, Transcript

LIMIT = 1000


def transcript(*texts: str) -> Transcript:
    segments = [Segment(n, n, n + 1.0, text) for n, text in enumerate(texts)]
    return Transcript("".join(texts), "en", float(len(texts)), tuple(segments), "faster", "tiny")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "talk.wav").write_bytes(b"1234")
    (tmp_path / "secret.wav").write_bytes(b"1234")
    (inside / "link.wav").symlink_to(tmp_path / "secret.wav")
    (inside / "circle").symlink_to(inside / "circle")
    os.mkfifo(inside / "pipe")
    return inside


def test_files_in_the_roots_are_found(folder: Path) -> None:
    roots = Roots([folder, folder.parent])
    assert roots.file("talk.wav", LIMIT) == (folder / "talk.wav").resolve()
    assert roots.file("link.wav", LIMIT) == (folder.parent / "secret.wav").resolve()


@pytest.mark.parametrize("name", ["link.wav", "../secret.wav", "../missing.wav", "/etc/passwd"])
def test_paths_that_leave_the_roots_are_refused(folder: Path, name: str) -> None:
    with raises(OutsideRoots, name, code="outside_roots"):
        Roots([folder]).file(name, LIMIT)


@hypothesis_settings(deadline=None)  # a busy machine
@given(st.lists(st.sampled_from(["..", ".", "inside", "talk.wav", "secret.wav", "/"]), max_size=8))
def test_no_path_leads_out_of_the_roots(
    tmp_path_factory: pytest.TempPathFactory, parts: list[str]
) -> None:
    folder = tmp_path_factory.getbasetemp() / "property" / "inside"
    folder.mkdir(parents=True, exist_ok=True)
    for path in (folder / "talk.wav", folder.parent / "secret.wav"):
        path.touch()
    try:
        found = Roots([folder]).file("/".join(parts), LIMIT)
    except AudioError:
        return
    assert found == (folder / "talk.wav").resolve()


def test_what_is_no_small_file_is_refused(folder: Path) -> None:
    roots = Roots([folder])
    for name in ("missing.wav", "circle", "a\0b"):
        with pytest.raises(AudioNotFound):
            roots.file(name, LIMIT)
    for name in ("pipe", "."):
        with raises(AudioError, name):
            roots.file(name, LIMIT)
    with raises(AudioError, "talk.wav", 4, 3):
        roots.file("talk.wav", 3)
    with raises(OptionError, "none", option="root"):
        Roots([folder / "none"])


def test_a_phrase_is_found_across_segments() -> None:
    found = search(transcript(" Go down", " to the  River.", " The river?"), "DOWN to the river")
    assert [(match.start, match.end) for match in found] == [(0, 2)]
    assert found[0].text == "Go down to the  River."
    with raises(OptionError, option="query"):
        search(transcript("a"), "  ")


@hypothesis_settings(deadline=None)  # a busy machine
@given(st.lists(st.text(max_size=8), max_size=5), st.text(min_size=1, max_size=4))
def test_every_match_contains_the_query(texts: list[str], query: str) -> None:
    needle = " ".join(query.casefold().split())
    if not needle:
        return
    for match in search(transcript(*texts), query):
        assert needle in " ".join(match.text.casefold().split())
        assert match.start < match.end


def test_the_oldest_transcript_goes_first() -> None:
    rows = Transcripts(limit=2)
    ids = [rows.add(transcript(text)) for text in "abc"]
    assert [id for id, _ in rows.list()] == ids[1:]
    with raises(UnknownTranscript, ids[0]):
        rows.get(ids[0])


def test_progress_only_rises() -> None:
    steps, values = Steps(), []
    for stage, done, total in [("load", 1, 2), ("transcribe", 5, None), ("transcribe", 3, 6),
                               ("align", 0, 1), ("transcribe", 9, 6)]:  # fmt: skip
        steps.note(Progress(float(done), total, stage=stage))
        values.append(steps.latest[:2])
    assert values == [(0.5, 1), (1.0, 2), (1.5, 2), (2.0, 3), (4.0, 4)]


@pytest.mark.parametrize("shape", SHAPES)
def test_schemas_are_printed_in_every_shape(shape: str) -> None:
    result = CliRunner().invoke(cli, ["tools", "--format", shape])
    rows = json.loads(result.stdout)
    assert len(rows) == len(TOOLS)
    for row, tool in zip(rows, TOOLS, strict=True):
        body = row["function"] if shape == "openai" else row
        schema = body.get("parameters") or body.get("input_schema") or body.get("inputSchema")
        assert body["name"] == tool.name
        Draft202012Validator.check_schema(schema)
        assert set(schema["required"]) <= set(schema["properties"])


@pytest.mark.parametrize("package", ["mcp", "httpcore"])
def test_a_missing_extra_is_one_line(package: str) -> None:
    """The package is hidden in a process of its own."""
    code = (
        f"import sys; sys.modules[{package!r}] = None; sys.argv = ['unispeech', 'mcp']\n"
        "from unispeech.cli import main; main()"
    )
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert process.returncode == 1
    assert "unispeech[mcp]" in process.stderr
    assert process.stderr.count("\n") == 1
    assert process.stdout == ""


def test_printing_schemas_imports_neither_sdk_nor_service() -> None:
    code = (
        "import sys; from unispeech.cli import cli\n"
        "cli.main(['tools'], standalone_mode=False)\n"
        "assert not {'mcp', 'pydantic', 'numpy', 'uvicorn'} & {*sys.modules}"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


@pytest.fixture
def site() -> Iterator[str]:
    handler = partial(Quiet, directory=str(SAMPLES))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def call(folder: Path, source: str, **values: object) -> str:
    toolbox = Toolbox(Roots([folder]), settings.read(**values), model="tiny.en")
    try:
        return toolbox.call("transcribe", {"source": source}, Call()).text
    finally:
        toolbox.close()


def test_urls_obey_the_rules_of_the_service(tmp_path: Path, site: str) -> None:
    url = f"{site}/english.wav"
    assert "garden" in call(tmp_path, url, fetch_private=True)
    with pytest.raises(FetchFailed):
        call(tmp_path, url)
    with pytest.raises(FetchFailed):
        call(tmp_path, url, fetch_private=True, fetch_urls=False)
    with pytest.raises(FetchFailed):
        call(tmp_path, "file:///etc/passwd", fetch_private=True)
    with pytest.raises(TooLarge):
        call(tmp_path, url, fetch_private=True, max_upload=100)
    with raises(AudioError, f"{site}/english.txt"):
        call(tmp_path, f"{site}/english.txt", fetch_private=True)


def test_a_cancelled_download_ends(tmp_path: Path, site: str) -> None:
    toolbox = Toolbox(Roots([tmp_path]), settings.read(fetch_private=True), model="tiny.en")
    with pytest.raises(UnispeechError):
        toolbox.call("transcribe", {"source": f"{site}/english.wav"}, Call(cancelled=lambda: True))
    toolbox.close()
