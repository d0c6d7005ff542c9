"""The audio tracks of a container, and the choice of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from unispeech import languages
from unispeech.errors import AudioError

if TYPE_CHECKING:
    import av

_BIBLIOGRAPHIC = {
    "alb": "sq", "arm": "hy", "baq": "eu", "bur": "my", "chi": "zh", "cze": "cs", "dut": "nl",
    "fre": "fr", "geo": "ka", "ger": "de", "gre": "el", "ice": "is", "mac": "mk", "mao": "mi",
    "may": "ms", "per": "fa", "rum": "ro", "slo": "sk", "tib": "bo", "wel": "cy",
}  # fmt: skip
"""The second set of codes of ISO 639-2, which DVDs and broadcasters use."""


@dataclass(frozen=True, slots=True)
class Track:
    """One audio track, as its container describes it."""

    number: int
    """Counted from 1 among the audio tracks."""
    codec: str
    sample_rate: int
    """Hz."""
    channels: int
    layout: str
    """FFmpeg's name of it: mono, stereo, 5.1(side)."""
    language: str
    """As the file says (ISO 639-2, mostly); "" if it says nothing."""
    title: str
    default: bool
    """The flag for the track that players choose."""

    def __str__(self) -> str:
        details = [self.language, self.title, self.layout]
        return f"{self.number} ({', '.join(detail for detail in details if detail)})"


def of(container: av.container.InputContainer) -> tuple[Track, ...]:
    """The audio tracks with a known codec, in the order of the file."""
    from av.stream import Disposition

    return tuple(
        Track(
            number=number,
            codec=stream.codec_context.name,
            sample_rate=stream.codec_context.sample_rate or 0,
            channels=stream.codec_context.channels or 0,
            layout=_layout(stream.codec_context),
            language=_known(stream.metadata.get("language", "")),
            title=_printable(stream.metadata.get("title", "")),
            default=bool(stream.disposition & Disposition.default),
        )
        for number, stream in enumerate(container.streams.audio, 1)
        if stream.codec_context is not None
    )


def chosen(tracks: Sequence[Track], wanted: str | None, name: str) -> Track:
    """Return the track that `wanted` names (a number or a language), else the default one.

    `tracks` holds at least one.

    Raises:
        AudioError: the file has no such track.
    """
    if wanted is None:
        return next((track for track in tracks if track.default), tracks[0])
    for track in tracks:
        if wanted == str(track.number):
            return track
        if track.language and _code(wanted) == _code(track.language):
            return track
    listed = "; ".join(str(track) for track in tracks)
    raise AudioError(
        f"{name}: there is no audio track {wanted!r}",
        f"its audio tracks: {listed}",
        code="no_such_track",
        option="audio_track",
    )


def _code(language: str) -> str:
    """A language's two-letter code, or its three-letter one if it has none."""
    written = language.strip().lower()
    code = languages.find(written, languages.WHISPER, languages.ALIASES) or written
    return languages.iso639_1(_BIBLIOGRAPHIC.get(code, code)) or code


def _layout(codec: av.AudioCodecContext) -> str:
    if codec.channels == 1:
        return "mono"  # WAV files name no layout
    return codec.layout.name if codec.channels else ""


def _known(language: str) -> str:
    return "" if language in ("und", "mis", "zxx") else _printable(language)


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text).strip()
