"""Transcripts to stdout as they are decoded, or to files, each written completely or not at all."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from unispeech.cli.inputs import Input
from unispeech.errors import OptionError
from unispeech.system.files import write_whole
from unispeech.text import formats
from unispeech.text.subtitles import Layout
from unispeech.types import Segment, Transcript


class Output:
    """Writer of the transcripts of one run."""

    def __init__(
        self,
        names: Sequence[str],
        folder: Path | None,
        layout: Layout,
        several: bool,
        speakers: bool = False,
    ) -> None:
        self.formats = formats.extensions(names, speakers)
        self.folder = folder or (Path() if len(self.formats) > 1 else None)
        self.layout = layout
        self.several = several
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            if not os.access(self.folder, os.W_OK):
                raise OptionError(f"output_dir {self.folder}: not writable", "choose another")

    @property
    def _streams(self) -> bool:
        """True if each segment is printed as soon as it is decoded."""
        return self.folder is None and self.formats == ["txt"]

    def begin(self, source: Input) -> None:
        if self.folder is None and self.several:
            _print(f"==> {source.name} <==\n")

    def on_segment(self, segment: Segment) -> None:
        if self._streams:
            _print(formats.line(segment) + "\n")

    def end(self, source: Input, transcript: Transcript) -> None:
        if self.folder is None:
            if not self._streams:
                _print(formats.render(transcript, self.formats[0], self.layout))
            return
        for format in self.formats:
            text = formats.render(transcript, format, self.layout)
            write_whole(self.folder / f"{source.stem}.{format}", text)

    def exists(self, source: Input) -> bool:
        """Return True if all output files of this input exist."""
        return self.folder is not None and all(
            (self.folder / f"{source.stem}.{format}").exists() for format in self.formats
        )


def _print(text: str) -> None:
    """Write to the current `sys.stdout`, which a progress bar replaces to move out of the way."""
    sys.stdout.write(text)
    sys.stdout.flush()
