"""`unispeech probe`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click

from unispeech.audio import probe as probing
from unispeech.audio.decoding_process import decoding_in_children
from unispeech.audio.probe import Loudness, Probe
from unispeech.audio.tracks import Track
from unispeech.cli import inputs
from unispeech.cli.help import Command, option
from unispeech.cli.notices import notify
from unispeech.cli.spelling import with_flags
from unispeech.errors import UnispeechError

CLIPPED = 0.0001
"""Fraction of samples at full scale that is worth a remark."""
OFFSET = 0.01
"""Mean sample (DC) that is worth a remark."""


@click.command(cls=Command)
@click.argument("files", metavar="FILE...", nargs=-1, required=True)
@option("--audio-track", metavar="N|LANGUAGE", help="Track to read.  [default: the default track]")
@option("--json", "as_json", is_flag=True, help="Print one JSON object per file.")
def probe(files: tuple[str, ...], audio_track: str | None, as_json: bool) -> None:
    """Describe recordings: audio tracks, channels, length, holes and loudness.

    Each file is read to its end, so the length is the real one. Exits with 1 if a file cannot be
    read or ends early.

    \b
    Examples:
      unispeech probe film.mkv
      unispeech probe --json recordings/
    """
    entries = inputs.expand(files)
    with decoding_in_children(len(entries)):
        is_complete = _probe_all(entries, audio_track, as_json)
    if not is_complete:
        raise SystemExit(1)


def _probe_all(entries: list[inputs.Input], audio_track: str | None, as_json: bool) -> bool:
    """Describe the files in order, and return whether all are complete."""
    is_complete = True
    for entry in entries:
        try:
            found = probing.probe(_readable(entry.open()), audio_track)
        except UnispeechError as error:
            notify(with_flags(error))
            is_complete = False
            continue
        is_complete &= found.complete
        if as_json:
            click.echo(json.dumps(asdict(found), ensure_ascii=False))
        else:
            click.echo("\n".join(_lines(found)))
    return is_complete


def _readable(source: object) -> str | Path | bytes:
    return source if isinstance(source, str | Path | bytes) else source.read()  # type: ignore[attr-defined]


def _lines(found: Probe) -> Iterator[str]:
    container = found.container.split(",")[0]
    yield f"{found.name}: {container}, {_time(found.duration)}"
    for track in found.tracks:
        is_used = track == found.track and len(found.tracks) > 1
        yield f"  track {track.number}    {_track(track)}{' (used)' if is_used else ''}"
    for number, loudness in enumerate(found.channels, 1):
        yield f"  channel {number}  {_loudness(loudness)}"
    for start, length in found.holes:
        yield f"  no sound   from {_time(start)} for {length:.1f} s"
    for warning in found.warnings:
        yield f"  warning    {warning.removeprefix(f'{found.name}: ')}"


def _track(track: Track) -> str:
    rate = f"{track.sample_rate / 1000:g} kHz"
    described = f"{track.codec}, {rate}, {track.layout}"
    details = [track.language, track.title, "default" if track.default else ""]
    return ", ".join([described, *(detail for detail in details if detail)])


def _loudness(loudness: Loudness) -> str:
    if loudness.level <= probing.FLOOR:
        return "silent"
    line = f"level {loudness.level:.1f} dBFS, peak {loudness.peak:.1f} dBFS"
    if loudness.clipped > CLIPPED:
        line += f", {loudness.clipped:.2%} clipped"
    if abs(loudness.offset) > OFFSET:
        line += f", offset {loudness.offset:+.3f}"
    return line


def _time(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02}:{rest:04.1f}" if hours else f"{minutes}:{rest:04.1f}"
