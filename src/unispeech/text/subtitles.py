"""Subtitles: cutting of a transcript into cues, and violations of the layout."""

from __future__ import annotations

from unispeech.text.layout.arrange import cues as cues
from unispeech.text.layout.checking import Violation as Violation
from unispeech.text.layout.checking import violations as violations
from unispeech.text.layout.cue import Cue as Cue
from unispeech.text.layout.cue import speaker as speaker
from unispeech.text.layout.limits import Layout as Layout
