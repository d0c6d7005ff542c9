"""Where transcripts go: stdout as they are heard, or files, each whole or not at all."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from unispeech.cli.sources import Input
from unispeech.errors import OptionError
from unispeech.system.files import write_whole
from unispeech.text import formats
from unispeech.text.subtitles import Layout
from unispeech.types import Segment, Transcript


class Output:
    """Writes the transcripts of one run."""

    def __init__(
        self,
        wanted: Sequence[str],
        folder: Path | None,
        layout: Layout,
        several: bool,
        speakers: bool = False,
    ) -> None:
        self.formats = formats.extensions(wanted, speakers)
        self.folder = folder or (Path() if len(self.formats) > 1 else None)
        self.layout = layout
        self.several = several
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            if not os.access(self.folder, os.W_OK):
                raise OptionError(f"output_dir {self.folder}: not writable", "choose another")

    @property
    def _live(self) -> bool:
        """Whether segments are printed as they are heard."""
        return self.folder is None and self.formats == ["txt"]

    def begin(self, source: Input) -> None:
        if self.folder is None and self.several:
            _put(f"==> {source.name} <==\n")

    def heard(self, segment: Segment) -> None:
        if self._live:
            _put(formats.line(segment) + "\n")

    def end(self, source: Input, transcript: Transcript) -> None:
        if self.folder is None:
            if not self._live:
                _put(formats.render(transcript, self.formats[0], self.layout))
            return
        for format in self.formats:
            text = formats.render(transcript, format, self.layout)
            write_whole(self.folder / f"{source.stem}.{format}", text)

    def done(self, source: Input) -> bool:
        """Whether every file this input would give is already there."""
        return self.folder is not None and all(
            (self.folder / f"{source.stem}.{format}").exists() for format in self.formats
        )


def _put(text: str) -> None:
    """To stdout through whatever stands there now: the progress bar moves out of the way."""
    sys.stdout.write(text)
    sys.stdout.flush()
