"""Every line of the threat model names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SECTIONS = ("Who may do what", "What a client sends", "What the machine does")


def rows(section: str) -> list[str]:
    page = (ROOT / "docs" / "concepts" / "security.md").read_text(encoding="utf-8")
    text = page.split(f"## {section}\n", 1)[1].split("\n## ", 1)[0]
    return [line for line in text.splitlines() if line.startswith("| ")][2:]


def test_every_line_of_the_threat_model_has_a_test() -> None:
    lines = [row for section in SECTIONS for row in rows(section)]
    assert len(lines) > 20
    existing = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.M)
    }
    for line in lines:
        named = re.findall(r"`(test_\w+)`", line.rstrip(" |").rpartition("|")[2])
        assert named, line
        assert set(named) <= existing, line
