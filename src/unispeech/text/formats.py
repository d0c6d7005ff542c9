"""Output formats of a transcript: text, subtitles, tables and JSON, one function per format.

The formats match openai-whisper's (whisper/utils.py), so that scripts of its users keep working.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from unispeech.errors import OptionError
from unispeech.text.subtitles import Layout, cues, speaker
from unispeech.text.textgrid import textgrid
from unispeech.types import Segment, Transcript, Word

Render = Callable[[Transcript, Layout], str]


def render(transcript: Transcript, format: str, layout: Layout | None = None) -> str:
    """Render a transcript in a format of `FORMATS`. The text ends with a newline.

    Raises:
        OptionError: the format is unknown.
    """
    if format not in FORMATS:
        raise OptionError(f"format {format!r} is unknown", f"use one of {', '.join(FORMATS)}")
    return FORMATS[format](transcript, layout or Layout())


def line(segment: Segment) -> str:
    """A segment as a line of text, with its speaker."""
    return speaker(segment.speaker) + segment.text.strip()


def txt(transcript: Transcript, layout: Layout) -> str:
    return "".join(line(segment) + "\n" for segment in transcript.segments)


def srt(transcript: Transcript, layout: Layout) -> str:
    blocks = [
        f"{number}\n{timestamp(cue.start)} --> {timestamp(cue.end)}\n{cue.text}\n\n"
        for number, cue in enumerate(cues(transcript, layout), 1)
    ]
    return "".join(blocks)


def vtt(transcript: Transcript, layout: Layout) -> str:
    blocks = [
        f"{timestamp(cue.start, '.', hours=False)} --> {timestamp(cue.end, '.', hours=False)}\n"
        f"{_escaped(cue.text)}\n\n"
        for cue in cues(transcript, layout)
    ]
    return "WEBVTT\n\n" + "".join(blocks)


def _escaped(text: str) -> str:
    """Escape what a WebVTT player would take for a tag or an entity (W3C WebVTT, section 4.2.2)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def tsv(transcript: Transcript, layout: Layout) -> str:
    rows = [
        f"{round(1000 * s.start)}\t{round(1000 * s.end)}\t{s.text.strip().replace(chr(9), ' ')}\n"
        for s in transcript.segments
    ]
    return "start\tend\ttext\n" + "".join(rows)


def rttm(transcript: Transcript, layout: Layout) -> str:
    """Rich Transcription Time Marked, a line per speaker turn (NIST RT-09 plan, appendix A)."""
    name = "_".join(Path(transcript.source).stem.split()) or "recording"
    rows = [
        f"SPEAKER {name} 1 {turn.start:.3f} {turn.end - turn.start:.3f} <NA> <NA> "
        f"{'_'.join(turn.speaker.split())} <NA> <NA>\n"
        for turn in transcript.turns
    ]
    return "".join(rows)


def to_json(transcript: Transcript, layout: Layout) -> str:
    return json.dumps(as_dict(transcript), ensure_ascii=False, indent=2) + "\n"


def as_dict(transcript: Transcript) -> dict[str, Any]:
    """The JSON object of a transcript. Empty `turns`, `gaps` and `warnings` are left out.

    If the transcript has several languages, `languages` lists them, and each segment has its own.
    """
    several = len(transcript.languages) > 1
    fields: dict[str, Any] = {
        "text": transcript.text,
        "language": transcript.language,
        "duration": transcript.duration,
        "segments": [
            segment_dict(segment) | ({"language": segment.language} if several else {})
            for segment in transcript.segments
        ],
        "backend": transcript.backend,
        "model": transcript.model,
    }
    optional: dict[str, list[Any]] = {
        "languages": list(transcript.languages) if several else [],
        "turns": [asdict(turn) for turn in transcript.turns],
        "gaps": [asdict(gap) for gap in transcript.gaps],
        "warnings": list(transcript.warnings),
    }
    return fields | {name: values for name, values in optional.items() if values}


def segment_dict(segment: Segment) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "id": segment.id,
        "start": segment.start,
        "end": segment.end,
        "text": segment.text,
        "words": [_word(word) for word in segment.words],
        "avg_logprob": segment.avg_logprob,
        "no_speech_prob": segment.no_speech_prob,
    }
    if segment.speaker:
        fields["speaker"] = segment.speaker
    return fields


def _word(word: Word) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "start": word.start,
        "end": word.end,
        "word": word.word,
        "probability": round(word.probability, 4),
    }
    if word.characters:
        fields["characters"] = [[c.start, c.end, c.word] for c in word.characters]
    if word.phones:
        fields["phones"] = [[p.start, p.end, p.word] for p in word.phones]
    if word.timed_by:
        fields["timed_by"] = word.timed_by
    if word.confidence is not None:
        fields["confidence"] = round(word.confidence, 3)
    if word.speaker:
        fields["speaker"] = word.speaker
    return fields


def timestamp(seconds: float, point: str = ",", hours: bool = True) -> str:
    """A time such as `00:01:02,345`. Without `hours`, zero hours are left out."""
    ms = max(0, round(seconds * 1000))
    hour, ms = divmod(ms, 3_600_000)
    minute, ms = divmod(ms, 60_000)
    second, ms = divmod(ms, 1000)
    start = f"{hour:02d}:" if hours or hour else ""
    return f"{start}{minute:02d}:{second:02d}{point}{ms:03d}"


FORMATS: dict[str, Render] = {
    "txt": txt, "srt": srt, "vtt": vtt, "tsv": tsv, "json": to_json, "rttm": rttm,
    "textgrid": lambda transcript, layout: textgrid(transcript),
}  # fmt: skip


def extensions(formats: Sequence[str], speakers: bool = False) -> list[str]:
    """Expand `all` in a list of formats. It includes RTTM only with speakers, and no TextGrid."""
    if "all" in formats:
        left_out = {"textgrid"} if speakers else {"textgrid", "rttm"}
        return [format for format in FORMATS if format not in left_out]
    return list(formats)
