"""XML, and what XML cannot contain."""

from __future__ import annotations

import re
from xml.etree import ElementTree

RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ps", "sd", "ur", "yi"})
"""Languages that are written from right to left."""
_INVALID = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean(text: str) -> str:
    """A text without the characters that XML cannot contain."""
    return _INVALID.sub("", text)


def document(root: ElementTree.Element, doctype: str = "") -> str:
    """An XML file. Text inside the elements must be clean."""
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{doctype}{text}\n'
