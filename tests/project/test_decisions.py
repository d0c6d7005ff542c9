"""The decision records: complete, listed once, and cited by numbers that exist."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from support.samples import ROOT

RECORDS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
NUMBERS = {path.name[:4] for path in RECORDS}
HEADINGS = ["Status", "Context", "Decision", "Evidence", "Consequences"]


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.name[:4])
def test_every_record_has_the_headings_and_a_dated_status(record: Path) -> None:
    text = record.read_text()
    assert re.findall(r"^## (.+)$", text, re.M) == HEADINGS
    assert text.startswith(f"# {record.name[:4]}: ")
    status = text.split("## Status")[1].split("##")[0]
    assert re.search(r"(Accepted|Superseded by \d{4}), 20\d\d-\d\d-\d\d", status)


def test_the_index_lists_every_record_once_under_its_title() -> None:
    index = (ROOT / "docs/decisions/README.md").read_text()
    rows = re.findall(r"^\| (\d{4}) \| \[(.+)\]\((.+)\) \|$", index, re.M)
    titles = [
        (
            path.name[:4],
            path.read_text().splitlines()[0].removeprefix(f"# {path.name[:4]}: "),
            path.name,
        )
        for path in RECORDS
    ]
    assert sorted(rows) == titles


def test_every_cited_number_is_a_record() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    cited = {
        (name, number)
        for name in tracked
        if Path(name).suffix in (".py", ".md", ".toml", ".js", ".css", ".jsonc")
        and (ROOT / name).exists()
        for list_ in re.findall(
            r"[Dd]ecisions? (\d{4}(?:(?:,| and) \d{4})*)", (ROOT / name).read_text("utf-8")
        )
        for number in re.findall(r"\d{4}", list_)
    }
    assert cited
    assert {(name, number) for name, number in cited if number not in NUMBERS} == set()


def test_records_cite_records_that_exist() -> None:
    found = {
        (path.name, number)
        for path in RECORDS
        for number in re.findall(r"\((?:[a-z ]+ )?(0\d{3})[);:,]", path.read_text())
    }
    assert {(name, number) for name, number in found if number not in NUMBERS} == set()
