"""Times of transcripts as text."""

from __future__ import annotations


def timestamp(seconds: float, point: str = ",", hours: bool = True) -> str:
    """A time such as `00:01:02,345`. Without `hours`, zero hours are left out."""
    ms = max(0, round(seconds * 1000))
    hour, ms = divmod(ms, 3_600_000)
    minute, ms = divmod(ms, 60_000)
    second, ms = divmod(ms, 1000)
    start = f"{hour:02d}:" if hours or hour else ""
    return f"{start}{minute:02d}:{second:02d}{point}{ms:03d}"


def short(seconds: float) -> str:
    """A time for people: `01:02`, or `1:00:01` from an hour up."""
    hours, rest = divmod(int(max(0.0, seconds)), 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else timestamp(rest, ".", False)[:5]


def timecode(seconds: float, fps: float) -> tuple[int, int, int, int]:
    """Hours, minutes, seconds and frames, without dropped frames."""
    rate = round(fps)
    frames = round(seconds * fps)
    return frames // rate // 3600, frames // rate // 60 % 60, frames // rate % 60, frames % rate
