"""Build the documentation site: `python docs/_site/build.py [--serve]`.

Zensical reads Markdown from one folder. This script fills that folder (`build/docs`) with the pages
of `docs/`, the generated reference, and the diagrams inline, then builds `build/site`. A warning
(a link or an anchor that leads nowhere, an unknown name in the reference) fails the build.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import reference
import yaml

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
BUILD = ROOT / "build"
STAGED = BUILD / "docs"
LEFT_OUT = {".py", ".pyc"}
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
FENCE = re.compile(r"^( *```\w+) [^\n{]*$", re.M)
"""The opening of a fenced block whose info string tells the tests what to do with it."""
LINK = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^()\s:#]+)(#[^()\s]*)?\)")
"""A link to a file, without or with an anchor. Addresses have a colon and are left alone."""


def main() -> int:
    """Fill the folder and run Zensical. Returns its exit status."""
    shutil.rmtree(STAGED, ignore_errors=True)
    for path in sorted(DOCS.rglob("*")):
        if path.is_file() and path.suffix not in LEFT_OUT:
            stage(path)
    for name, text in reference.pages().items():
        _write(STAGED / name, text)
    config = BUILD / "mkdocs.yml"
    config.write_text(yaml.safe_dump(configured(), sort_keys=False), encoding="utf-8")
    command = [sys.executable, "-m", "zensical"]
    command += ["serve"] if "--serve" in sys.argv else ["build", "--strict", "--clean"]
    command += ["--config-file", str(config)]
    if "--serve" in sys.argv:
        return subprocess.run(command).returncode
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        problems, _, fault = done.stderr.partition("Traceback")
        last = fault.strip().rpartition("\n")[2]
        sys.stderr.write(COLOURS.sub("", f"{done.stdout}{problems}{last}\n"))
    return done.returncode


def stage(path: Path) -> None:
    """Copy one file; a page is adapted on the way."""
    place = STAGED / path.relative_to(DOCS)
    if path.suffix == ".md":
        _write(place.with_name("index.md") if path.name == "README.md" else place, adapted(path))
    else:
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)


def adapted(path: Path) -> str:
    """A page as Zensical reads it.

    Info strings lose all but the language, drawings are put inline, links to files outside `docs`
    become their text, and a `README.md` is called `index.md`.
    """
    text = FENCE.sub(r"\1", path.read_text(encoding="utf-8"))

    def followed(link: re.Match[str]) -> str:
        mark, label, target, anchor = link.groups(default="")
        there = (path.parent / target).resolve()
        if not there.is_relative_to(DOCS):
            return label
        if mark and not there.exists():
            raise SystemExit(f"{path}: there is no picture {target}")
        if mark and there.parent == DOCS / "concepts":
            drawing = re.sub(r"\n\s*", "", there.read_text(encoding="utf-8"))
            return f'<figure class="drawing" markdown="0">{drawing}</figure>'
        target = re.sub(r"README\.md$", "index.md", target)
        return f"{mark}[{label}]({target}{anchor})"

    return LINK.sub(followed, text)


def configured() -> dict[str, Any]:
    """`mkdocs.yml` with the folders of this build and the decision records in its navigation."""
    config: dict[str, Any] = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    records = sorted(path.name for path in (DOCS / "decisions").glob("[0-9]*.md"))
    decisions = ["decisions/index.md", *(f"decisions/{name}" for name in records)]
    config["nav"] = [_renamed(entry, decisions) for entry in config["nav"]]
    return {**config, "docs_dir": "docs", "site_dir": "site"}


def _renamed(entry: Any, decisions: list[str]) -> Any:
    if isinstance(entry, dict):
        return {title: _renamed(part, decisions) for title, part in entry.items()}
    if isinstance(entry, list):
        return [_renamed(part, decisions) for part in entry]
    return decisions if entry == "decisions/" else entry.replace("README.md", "index.md")


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
