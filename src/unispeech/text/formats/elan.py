"""ELAN annotation files (EAF 3.0): a tier per speaker, and below it a tier of words."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterable
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, SubElement

from unispeech import languages
from unispeech.text.formats.base import Details
from unispeech.text.formats.markup import clean, document
from unispeech.text.formats.plain import NOBODY, language, recording_name
from unispeech.text.formats.praat import OF, WORDS, by_speaker
from unispeech.text.subtitles import Layout
from unispeech.types import Transcript

SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
TRANSCRIPT = "transcript"
"""The tier of a recording without speakers."""
INCLUDED = (
    "Time alignable annotations within the parent annotation's time interval, gaps are allowed"
)
LANGUAGE_LIST = "http://cdb.iso.org/lg/CDB-00138502-001"

Timed = tuple[float, float, str, str]
"""Start, end, text and language."""


def eaf(transcript: Transcript, layout: Layout, details: Details) -> str:
    date = details.date or datetime.now(UTC)
    root = Element("ANNOTATION_DOCUMENT", {
        "AUTHOR": "", "DATE": date.astimezone().isoformat(timespec="seconds"),
        "FORMAT": "3.0", "VERSION": "3.0", f"{XSI}noNamespaceSchemaLocation": SCHEMA,
    })  # fmt: skip
    _header(root, clean(recording_name(transcript)))
    writer = _Tiers(SubElement(root, "TIME_ORDER"))
    for name, segments in by_speaker(transcript):
        tier = {"TIER_ID": clean(name) or TRANSCRIPT, "LINGUISTIC_TYPE_REF": TRANSCRIPT}
        if name and name != NOBODY:
            tier["PARTICIPANT"] = clean(name)
        phrases = [(s.start, s.end, s.text, language(s, transcript)) for s in segments]
        writer.add(root, tier, phrases)
        words = [(w.start, w.end, w.word, "") for s in segments for w in s.words]
        if words:
            identity = f"{tier['TIER_ID']}{OF}{WORDS}"
            below = {**tier, "TIER_ID": identity, "LINGUISTIC_TYPE_REF": WORDS}
            writer.add(root, {**below, "PARENT_REF": tier["TIER_ID"]}, words)
    writer.write_times()
    kind = {"GRAPHIC_REFERENCES": "false", "TIME_ALIGNABLE": "true"}
    SubElement(root, "LINGUISTIC_TYPE", {**kind, "LINGUISTIC_TYPE_ID": TRANSCRIPT})
    SubElement(
        root, "LINGUISTIC_TYPE",
        {**kind, "LINGUISTIC_TYPE_ID": WORDS, "CONSTRAINTS": "Included_In"},
    )  # fmt: skip
    for code in sorted(writer.languages):
        label = languages.name(code) or code
        SubElement(
            root, "LANGUAGE", {"LANG_ID": code, "LANG_DEF": LANGUAGE_LIST, "LANG_LABEL": label}
        )
    SubElement(root, "CONSTRAINT", {"STEREOTYPE": "Included_In", "DESCRIPTION": INCLUDED})
    return document(root)


def _header(root: Element, name: str) -> None:
    header = SubElement(root, "HEADER", {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"})
    if name:
        SubElement(header, "MEDIA_DESCRIPTOR", {
            "MEDIA_URL": f"./{name}", "RELATIVE_MEDIA_URL": f"./{name}",
            "MIME_TYPE": mimetypes.guess_type(name)[0] or "unknown",
        })  # fmt: skip


class _Tiers:
    """Adds tiers, and numbers annotations and times."""

    def __init__(self, times: Element) -> None:
        self._order = times
        self._times: list[tuple[int, str]] = []
        self._annotations = 0
        self.languages: set[str] = set()

    def add(self, root: Element, attributes: dict[str, str], spans: Iterable[Timed]) -> None:
        """Add a tier. Annotations last 1 ms at least and do not overlap: ELAN allows neither."""
        tier = SubElement(root, "TIER", attributes)
        at = 0
        for start, end, text, code in spans:
            first = max(at, round(start * 1000))
            at = max(first + 1, round(end * 1000))
            self._annotations += 1
            identity = {"ANNOTATION_ID": f"a{self._annotations}"}
            if code:
                identity["LANG_REF"] = clean(code)
                self.languages.add(clean(code))
            annotation = SubElement(
                SubElement(tier, "ANNOTATION"), "ALIGNABLE_ANNOTATION",
                {**identity, "TIME_SLOT_REF1": self._time(first), "TIME_SLOT_REF2": self._time(at)},
            )  # fmt: skip
            SubElement(annotation, "ANNOTATION_VALUE").text = clean(text.strip())

    def _time(self, milliseconds: int) -> str:
        name = f"ts{len(self._times) + 1}"
        self._times.append((milliseconds, name))
        return name

    def write_times(self) -> None:
        for milliseconds, name in sorted(self._times, key=lambda time: time[0]):
            SubElement(
                self._order, "TIME_SLOT", {"TIME_SLOT_ID": name, "TIME_VALUE": str(milliseconds)}
            )
