"""Formats that light up words: SubStation Alpha with karaoke, and LRC lyrics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from unispeech.text.formats.base import Details
from unispeech.text.formats.plain import title
from unispeech.text.formats.spoken_cues import SpokenCue, spoken_cues
from unispeech.text.subtitles import Layout, speaker
from unispeech.types import Transcript, Word

COLOURS = ("FFFFFF", "00FFFF", "00FF00", "FFFF00", "FF00FF", "FFA07A", "87CEFA", "C0C0C0")
"""Colours of speakers, as RRGGBB, with enough contrast on black."""
STYLE = ("Style: {name},Arial,58,&H00{colour},&H0000A5FF,&H00000000,&H80000000,0,0,0,0,100,100,0,0,"
         "1,3,1,2,60,60,50,1")  # fmt: skip
HEAD = """[Script Info]
ScriptType: v4.00+
Title: {title}
WrapStyle: 0
PlayResX: 1920
PlayResY: 1080
ScaledBorderAndShadow: yes

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, \
Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, \
Alignment, MarginL, MarginR, MarginV, Encoding
{styles}

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


def ass(transcript: Transcript, layout: Layout, details: Details) -> str:
    """A style and a colour for each speaker, and `\\k` for each word if asked for."""
    cues = list(spoken_cues(transcript, layout))
    names = dict.fromkeys(name for cue in cues for name in cue.speakers if name)
    styles = {name: f"Speaker {number}" for number, name in enumerate(names, 1)}
    rows = [STYLE.format(name="Default", colour="FFFFFF")]
    for number, style in enumerate(styles.values()):
        red, green, blue = (COLOURS[number % len(COLOURS)][at : at + 2] for at in (0, 2, 4))
        rows.append(STYLE.format(name=style, colour=blue + green + red))
    head = HEAD.format(title=" ".join(title(transcript, details).split()), styles="\n".join(rows))
    events = [
        f"Dialogue: 0,{_ass_time(cue.start)},{_ass_time(cue.end)},"
        f"{styles.get(cue.speaker or '', 'Default')},"
        f"{_ass_name(cue)},0,0,0,,{_ass_text(cue, details.word_times, styles)}\n"
        for cue in cues
    ]
    return head + "".join(events)


def _ass_time(seconds: float) -> str:
    hundredths = round(max(0.0, seconds) * 100)
    whole, rest = divmod(hundredths, 100)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}.{rest:02d}"


def _ass_name(cue: SpokenCue) -> str:
    names = cue.sharing or (cue.speaker,)
    return " ".join("; ".join(filter(None, names)).replace(",", ";").split())


def _ass_text(cue: SpokenCue, karaoke: bool, styles: Mapping[str, str]) -> str:
    """The lines, each in the style of its speaker if several share the cue."""
    lines = _ass_lines(cue, karaoke)
    if cue.sharing:
        shown = [styles.get(name or "", "Default") for name in cue.sharing]
        lines = [f"{{\\r{style}}}{line}" for style, line in zip(shown, lines, strict=True)]
    return "\\N".join(lines)


def _ass_lines(cue: SpokenCue, karaoke: bool) -> list[str]:
    if not (karaoke and cue.has_times):
        return list(map(escaped, cue.lines))
    at = cue.start
    lines: list[str] = []
    for words in cue.words:
        line, at = _karaoke(words, at)
        lines.append(cue.dash + line)
    return lines


def _karaoke(words: Sequence[Word], at: float) -> tuple[str, float]:
    """A line whose words light up, and the time when it ends. Pauses are steps without text."""
    parts: list[str] = []
    for number, word in enumerate(words):
        if pause := _hundredths(word.start) - _hundredths(at):
            parts.append(f"{{\\k{max(0, pause)}}}")
        text = escaped(word.word if number else word.word.lstrip())
        end = max(at, word.end)
        parts.append(f"{{\\k{max(0, _hundredths(end) - _hundredths(max(at, word.start)))}}}{text}")
        at = end
    return "".join(parts), at


def _hundredths(seconds: float) -> int:
    return round(seconds * 100)


def escaped(text: str) -> str:
    """Braces begin commands and a backslash a line break. Not all players know an escape, so braces
    become full-width ones, and a word joiner follows a backslash, as ffmpeg writes it."""
    return text.replace("\\", "\\\u2060").replace("{", "\uff5b").replace("}", "\uff5d")


def lrc(transcript: Transcript, layout: Layout, details: Details) -> str:
    """Lyrics, a line per line of a cue, with `<mm:ss.xx>` before each word if asked for."""
    rows = [f"[ti:{_line(title(transcript, details))}]"]
    if transcript.language:
        rows.append(f"[la:{_line(transcript.language)}]")
    rows += [row for cue in spoken_cues(transcript, layout) for row in _lyrics(cue, details)]
    return "".join(f"{row}\n" for row in rows)


def _lyrics(cue: SpokenCue, details: Details) -> Iterator[str]:
    """A row for each line. The first of each speaker in the cue begins with the name."""
    rows = zip(cue.lines, cue.words, cue.speakers, strict=True)
    for number, (line, words, spoken_by) in enumerate(rows):
        start = words[0].start if number and words else cue.start
        text = _line(line).removeprefix(cue.dash)
        if details.word_times and cue.has_times:
            text = " ".join(f"<{_lrc_time(word.start)}> {_line(word.word)}" for word in words)
        is_named = spoken_by and (cue.sharing or not number)
        name = _line(speaker(spoken_by)) + " " if is_named else ""
        yield f"[{_lrc_time(start)}]{name}{text}"


def _line(text: str) -> str:
    return " ".join(text.split())


def _lrc_time(seconds: float) -> str:
    hundredths = round(max(0.0, seconds) * 100)
    return f"{hundredths // 6000:02d}:{hundredths // 100 % 60:02d}.{hundredths % 100:02d}"
