"""The commands and the program of docs/guides/mms.md, as written.

The Hub's own cache holds the small checkpoint under the names of Meta's models, its English adapter
as those of Swahili and Ayacucho Quechua: what is heard is English.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import soundfile

from support.pages import blocks
from support.samples import ROOT
from support.small_mms import CLIPS, ENGLISH, LID, MODEL, RUSSIAN, TEXTS, arpa, long_recording
from unispeech.models import catalog
from unispeech.types import SAMPLE_RATE

pytestmark = pytest.mark.slow
PAGE = "docs/guides/mms.md"
PROGRAM = f"{shlex.quote(sys.executable)} -m unispeech"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("hub")
    for name, folder in (("mms-1b-all", MODEL), ("mms-lid-126", LID), ("mms-lid-1024", LID)):
        entry = catalog.find(name)
        assert entry
        revision = entry.sources[0].revision or "0" * 40
        place = home / "hub" / f"models--facebook--{name}"
        shutil.copytree(folder, place / "snapshots" / revision)
        (place / "refs").mkdir()
        (place / "refs" / "main").write_text(revision)
    (snapshot,) = (home / "hub" / "models--facebook--mms-1b-all" / "snapshots").iterdir()
    tables = json.loads((snapshot / "vocab.json").read_text(encoding="utf-8"))
    for code in ("swh", "quy"):
        tables[code] = tables["eng"]
        shutil.copy(snapshot / "adapter.eng.safetensors", snapshot / f"adapter.{code}.safetensors")
    (snapshot / "vocab.json").write_text(json.dumps(tables), encoding="utf-8")
    return home


@pytest.fixture
def place(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the recordings and texts that the page speaks of."""
    monkeypatch.setenv("HF_HOME", str(home))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.chdir(tmp_path)
    for name in ("radio.mp3", "other.mp3", "interview.mp3", "sermon.mp3", "song.flac"):
        samples, said = long_recording(ENGLISH, 4.0, 0.3)
        soundfile.write(name, samples, SAMPLE_RATE)
    for name in ("lyrics.txt", "sermon.txt"):
        Path(name).write_text(said)
    Path("swahili.arpa").write_text(arpa(*sorted({w for n in ENGLISH for w in TEXTS[n].split()})))
    Path("archive").mkdir()
    for name in (ENGLISH[0], RUSSIAN[0]):
        shutil.copy(CLIPS / name, "archive")
    return tmp_path


@pytest.mark.parametrize(
    "command", [line for block in blocks(PAGE, "sh") for line in block.splitlines()]
)
def test_commands(place: Path, command: str) -> None:
    line = re.sub(r"^unispeech\b", lambda m: PROGRAM, command)
    done = subprocess.run(line, shell=True, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    assert done.stdout or Path(command.rpartition("> ")[2]).stat().st_size


@pytest.mark.parametrize("session", blocks(PAGE, "console"))
def test_sessions(place: Path, session: str) -> None:
    command, _, answer = session.partition("\n")
    line = re.sub(r"^\$ unispeech\b", lambda m: PROGRAM, command)
    done = subprocess.run(line, shell=True, capture_output=True, text=True, timeout=280)
    assert done.returncode == 2 and done.stderr == answer and not done.stdout


@pytest.mark.parametrize("program", blocks(PAGE, "python"))
def test_programs(place: Path, program: str) -> None:
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout, done.stderr


SMALL = {
    "train.py": ["--part", "0.004", "--out", "checkpoint"],
    "joining.py": ["--seconds", "5", "--lengths", "5"],
}


@pytest.mark.parametrize("command", [block.strip() for block in blocks(PAGE, "sh training")])
def test_the_training_in_small(tmp_path: Path, command: str) -> None:
    """As written, but with a few steps, or a few seconds: that it runs, not what comes of it."""
    script, *options = shlex.split(command)[1:]
    line = [sys.executable, str(ROOT / script), *options, *SMALL[Path(script).name]]
    done = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    if script.endswith("train.py"):
        assert {path.name for path in Path(tmp_path, "checkpoint").iterdir()} >= {"model", "lid"}
    else:
        assert len(re.findall("against the single pass", done.stdout)) == 8, done.stdout
