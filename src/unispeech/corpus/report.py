"""`report.html`: what all shards of a run have done so far."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from unispeech import languages
from unispeech.corpus.parts import Record, records
from unispeech.errors import OptionError
from unispeech.system.files import write_whole

EXAMPLES = 10
"""Rows shown of each kind."""


@dataclass(slots=True)
class Summary:
    """Sums over the parts in an output folder."""

    parts: int = 0
    rows: int = 0
    sound: float = 0.0
    """Seconds, and so are the others."""
    work: float = 0.0
    gaps: float = 0.0
    words: int = 0
    languages: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    silent: int = 0
    """Rows without text."""
    incomplete: list[Record] = field(default_factory=list)
    with_gaps: list[Record] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[Record]] = field(default_factory=dict)

    @property
    def failed(self) -> int:
        return self.errors.total()

    def add(self, record: Record) -> None:
        self.rows += 1
        self.sound += record["duration"]
        self.work += record["seconds"]
        self.words += len(record["text"].split())
        self.languages[record["language"] or ""] += record["duration"]
        self.silent += not record["text"].strip()
        if not record["complete"] and len(self.incomplete) < EXAMPLES:
            self.incomplete.append(record)
        if record["gaps"]:
            self.gaps += sum(gap["end"] - gap["start"] for gap in record["gaps"])
            if len(self.with_gaps) < EXAMPLES:
                self.with_gaps.append(record)

    def add_error(self, error: Record) -> None:
        self.errors[error["code"]] += 1
        shown = self.examples.setdefault(error["code"], [])
        if len(shown) < EXAMPLES:
            shown.append(error)


def summary(folder: Path) -> Summary:
    """Read all parts in an output folder, one at a time."""
    found = Summary()
    for path in sorted((folder / "parts").glob("[0-9]*")):
        found.parts += 1
        for record in records(path):
            found.add(record)
        for error in records(folder / "errors" / path.name):
            found.add_error(error)
    return found


def write(folder: Path, settings: Record) -> Path:
    """Write the report of an output folder and return its path.

    Raises:
        OptionError: jinja2 is not installed. OSError: it cannot be written.
    """
    path = folder / "report.html"
    write_whole(path, page(summary(folder), settings))
    return path


def page(found: Summary, settings: Record) -> str:
    """The report as one self-contained page."""
    try:
        import jinja2
    except ImportError as error:
        raise OptionError(
            "the report needs jinja2", "pip install 'unispeech[batch]'", option="report"
        ) from error
    environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    source = files("unispeech.corpus") / "report.html.j2"
    spoken = sorted(found.languages.items(), key=lambda item: -item[1])
    return environment.from_string(source.read_text("utf-8")).render(
        found=found,
        settings=settings,
        languages=[(languages.name(code) if code else "unknown", s) for code, s in spoken],
    )
