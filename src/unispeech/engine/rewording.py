"""Text rules over the segments of one source, as they are decoded and at the end."""

from __future__ import annotations

from dataclasses import replace

from unispeech.errors import OptionError
from unispeech.options import TranscribeOptions
from unispeech.text.rules import reworded, written_language
from unispeech.types import Segment, Transcript


class Rewording:
    """The rules of a run. After the first failure the text stays as it is."""

    def __init__(self, options: TranscribeOptions) -> None:
        self.error: OptionError | None = None
        self._rules = options.text
        self._task = options.decode.task

    def segment(self, segment: Segment) -> Segment:
        """A segment after the rules; its text is empty if nothing is left."""
        if self.error is not None or not self._rules.chosen:
            return segment
        try:
            language = written_language(segment.language or "", self._task)
            return reworded(segment, self._rules, language)
        except OptionError as error:
            self.error = error
            return segment

    def transcript(self, transcript: Transcript) -> Transcript:
        """The transcript after the rules, with the record of its edits.

        A failure is a warning and makes it incomplete, since the text cost more than the rules.
        """
        if not self._rules.chosen:
            return transcript
        try:
            if self.error is not None:
                raise self.error
            return transcript.edited(self._rules)
        except OptionError as error:
            line = f"{transcript.source}: the text rules were not applied ({error})"
            return replace(transcript, warnings=(*transcript.warnings, line), complete=False)
