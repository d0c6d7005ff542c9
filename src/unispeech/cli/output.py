"""Transcripts to stdout as they are decoded, or to files, each written completely or not at all."""

from __future__ import annotations

import os
import re
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from unispeech.cli import names
from unispeech.cli.console import printable_json
from unispeech.cli.inputs import Input
from unispeech.errors import OptionError
from unispeech.system.files import write_whole
from unispeech.text import formats
from unispeech.text.formats import Details
from unispeech.text.subtitles import Layout
from unispeech.types import Segment, Transcript

LANGUAGE = r"\.[a-z]{2,3}"
"""A language between the name and the suffix of a file, as in `talk.en.srt`."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Destination of transcripts."""

    folder: Path | None = None
    """None is stdout."""
    beside: bool = False
    """Write each transcript into the folder of its input."""
    language_suffix: bool = False
    """Name the language of the text: `talk.en.srt`."""
    overwrite: bool = False
    """Replace existing files."""

    @property
    def is_stdout(self) -> bool:
        return self.folder is None and not self.beside


class Output:
    """Writer of the transcripts of one run. The only place that decides what is done."""

    def __init__(
        self,
        names: Sequence[str],
        destination: Destination,
        layout: Layout,
        several: bool,
        speakers: bool = False,
        details: Details | None = None,
        transcripts: Mapping[Input, Path] | None = None,
    ) -> None:
        self.formats = formats.extensions(names, speakers)
        self.destination = destination
        self.layout = layout
        self.details = details or Details()
        self.several = several
        self.transcripts = transcripts or {}
        """Transcripts that outputs are made from; an output that is older is made again."""
        self._targets: dict[Input, Path] = {}
        folder = destination.folder
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            if not os.access(folder, os.W_OK):
                raise OptionError(f"output_dir {folder}: not writable", "choose another")

    @property
    def _streams(self) -> bool:
        """True if each segment is printed as soon as it is decoded."""
        is_plain = not (self.details.paragraphs or self.details.times)
        return self.destination.is_stdout and self.formats == ["txt"] and is_plain

    def place(self, inputs: Sequence[Input]) -> None:
        """Give every input the path of its output files, without suffix.

        Raises:
            OptionError: the record of a folder is damaged.
            OSError: the record cannot be written.
        """
        groups: defaultdict[Path, dict[Input, Path]] = defaultdict(dict)
        for source in inputs:
            folder = self.destination.folder
            if source.path is None:
                self._targets[source] = (folder or Path()) / "stdin"
            else:
                path = source.path if source.url else source.path.absolute()
                groups[self.folder_of(source.path)][source] = path
        for folder, paths in groups.items():
            claimed = names.claim(folder, list(paths.values()))
            for source, name in zip(paths, claimed, strict=True):
                self._targets[source] = folder / name

    def begin(self, source: Input) -> None:
        if self.destination.is_stdout and self.several:
            _print(f"==> {source.name} <==\n")

    def on_segment(self, segment: Segment) -> None:
        if self._streams:
            name = segment.speaker if self.details.speakers else None
            _print(formats.line(replace(segment, speaker=name)) + "\n")

    def end(self, source: Input, transcript: Transcript) -> None:
        """Write the files of an input.

        Raises:
            OptionError: a format cannot hold the text. The files of the others are written.
            OSError: a file cannot be written.
        """
        if self.destination.is_stdout:
            if not self._streams:
                self._print_format(transcript, self.formats[0])
            return
        present = set() if self.destination.overwrite else set(self._up_to_date(source))
        lacks_turns = not (transcript.turns or transcript.complete)  # the diarization failed
        refused: OptionError | None = None
        for format in self.formats:
            if format in present or (format == "rttm" and lacks_turns):
                continue
            try:
                content = formats.encoded(transcript, format, self.layout, self.details)
            except OptionError as error:
                refused = refused or error
                continue
            write_whole(self._path(source, format, transcript), content)
        if refused is not None:
            raise refused

    def losses(self, transcript: Transcript) -> str:
        """A line about what the formats cannot hold. Text on the screen is not expected to."""
        kept = transcript if self.details.speakers else formats.without_speakers(transcript)
        return "" if self._streams else formats.losses(kept, self.formats)

    def _print_format(self, transcript: Transcript, format: str) -> None:
        content = formats.encoded(transcript, format, self.layout, self.details)
        if not formats.find(format).is_text:
            sys.stdout.buffer.write(content)
            sys.stdout.flush()
            return
        text = content.decode()
        _print(printable_json(text) if format == "json" else text)

    def is_done(self, source: Input) -> bool:
        """True if all output files of this input exist. The one rule for every command.

        With `overwrite`, files older than their input do not count.
        """
        present = self._up_to_date(source)
        if self.destination.overwrite and source.path is not None:
            present = _not_older(present, source.path)
        return len(present) == len(set(self.formats))

    def _up_to_date(self, source: Input) -> dict[str, Path]:
        """The output files that exist and are not older than the transcript they are made from."""
        present, transcript = self._present(source), self.transcripts.get(source)
        return _not_older(present, transcript) if transcript else present

    def folder_of(self, path: Path) -> Path:
        """The folder of an input's output files."""
        return self.destination.folder or path.parent

    def existing(self, source: Input) -> Path | None:
        """An output file of this input that exists, if any."""
        return next(iter(self._present(source).values()), None)

    def _present(self, source: Input) -> dict[str, Path]:
        """The output files that exist, by format."""
        if self.destination.is_stdout:
            return {}
        target = self._targets[source]
        found = ((format, self._find(target, format)) for format in self.formats)
        return {format: path for format, path in found if path is not None}

    def _find(self, target: Path, format: str) -> Path | None:
        suffix = formats.find(format).suffix
        if not self.destination.language_suffix:
            plain = target.with_name(target.name + suffix)
            return plain if plain.exists() else None
        pattern = re.compile(re.escape(target.name) + LANGUAGE + re.escape(suffix))
        entries = target.parent.iterdir() if target.parent.is_dir() else ()
        return next((path for path in entries if pattern.fullmatch(path.name)), None)

    def _path(self, source: Input, format: str, transcript: Transcript) -> Path:
        target = self._targets[source]
        language = "en" if transcript.task == "translate" else transcript.language
        infix = f".{language}" if self.destination.language_suffix and language else ""
        return target.with_name(target.name + infix + formats.find(format).suffix)


def _not_older(files: dict[str, Path], source: Path) -> dict[str, Path]:
    """The files that were not written before the source was."""
    changed = source.stat().st_mtime if source.exists() else 0.0
    return {format: path for format, path in files.items() if path.stat().st_mtime >= changed}


def _print(text: str) -> None:
    """Write to the current `sys.stdout`, which a progress bar replaces to move out of the way."""
    sys.stdout.write(text)
    sys.stdout.flush()
