"""Tables: TSV as openai-whisper writes it, and CSV with speakers and languages."""

from __future__ import annotations

import csv as csv_files
import io

from unispeech.text.formats.base import Details
from unispeech.text.formats.plain import language
from unispeech.text.subtitles import Layout
from unispeech.types import Transcript

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Beginnings of a cell that a spreadsheet would run (OWASP, "CSV Injection")."""


def tsv(transcript: Transcript, layout: Layout, details: Details) -> str:
    rows = [
        f"{round(1000 * s.start)}\t{round(1000 * s.end)}\t{s.text.strip().replace(chr(9), ' ')}\n"
        for s in transcript.segments
    ]
    return "start\tend\ttext\n" + "".join(rows)


def csv(transcript: Transcript, layout: Layout, details: Details) -> str:
    """Seconds, speaker, language, text and, if chosen, its translation. An apostrophe disarms what
    looks like a formula."""
    file = io.StringIO()
    table = csv_files.writer(file, lineterminator="\n")
    extra = ["translation"] if details.translation is not None else []
    table.writerow(["start", "end", "speaker", "language", "text", *extra])
    for segment, other in zip(transcript.segments, details.beside(transcript), strict=True):
        texts = [segment.speaker or "", language(segment, transcript), segment.text.strip()]
        texts += [other] if extra else []
        table.writerow([f"{segment.start:.3f}", f"{segment.end:.3f}", *map(disarmed, texts)])
    return file.getvalue()


def disarmed(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell
