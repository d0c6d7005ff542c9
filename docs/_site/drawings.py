"""Draw the pictures of the concept pages: `python docs/_site/drawings.py`.

Each drawing is a function that puts boxes, arrows, bars and texts on a canvas 720 units wide. The
colours are CSS variables with fallbacks: a drawing follows the theme of the site and, when it is
shown alone, that of the system.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "concepts"
WIDTH = 720
LINE = 17
"""Distance of two lines of text."""
STYLE = """
.dw{font:13px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
.dw text{fill:var(--drawing-ink,#1d1c1a)}
.dw .soft{fill:var(--drawing-soft,#5d5a53);font-size:12px}
.dw .bold{font-weight:600}
.dw .plain{fill:var(--drawing-fill,#f7f6f2);stroke:var(--drawing-line,#8b877d)}
.dw .accent{fill:var(--drawing-tint,#e3f0ec);stroke:var(--drawing-accent,#0b6355)}
.dw .doubt{fill:var(--drawing-doubt-tint,#fdf1e3);stroke:var(--drawing-doubt,#a4460a)}
.dw .hollow{fill:none;stroke:var(--drawing-line,#8b877d);stroke-dasharray:4 3}
.dw .arrow{fill:none;stroke:var(--drawing-line,#8b877d);stroke-width:1.5}
.dw .head{fill:var(--drawing-line,#8b877d)}
.dw .dashed{stroke-dasharray:4 3}
@media (prefers-color-scheme:dark){svg.dw{--drawing-ink:#ecebe6;--drawing-soft:#a9a69d;
--drawing-line:#75736b;--drawing-fill:#252624;--drawing-tint:#17302b;--drawing-accent:#62cdb7;
--drawing-doubt:#f2a65a;--drawing-doubt-tint:#34240f}}
"""


@dataclass
class Canvas:
    """Shapes of one drawing, in the order in which they are painted."""

    title: str
    height: int
    shapes: list[str] = field(default_factory=list)

    def box(
        self, x: float, y: float, width: float, height: float, *lines: str, kind: str = "plain"
    ) -> None:
        """A rectangle with centred lines of text, the first one bold."""
        place = f'x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"'
        self.shapes.append(f'<rect class="{kind}" {place} rx="6"/>')
        top = y + height / 2 - (len(lines) - 1) * LINE / 2 + 4.5
        for number, line in enumerate(lines):
            style = "soft" if number else "bold"
            self.text(x + width / 2, top + number * LINE, line, style, "middle")

    def text(self, x: float, y: float, line: str, style: str = "", anchor: str = "start") -> None:
        kind = f' class="{style}"' if style else ""
        self.shapes.append(
            f'<text{kind} x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(line)}</text>'
        )

    def arrow(self, *points: tuple[float, float], label: str = "", dashed: bool = False) -> None:
        """A line through the points with a head at the last. The label is at its middle."""
        path = " ".join(f"{x:g},{y:g}" for x, y in points)
        kind = "arrow dashed" if dashed else "arrow"
        self.shapes.append(f'<polyline class="{kind}" points="{path}"/>')
        (ax, ay), (bx, by) = points[-2:]
        step = ((bx > ax) - (bx < ax), (by > ay) - (by < ay))
        side = (-step[1], step[0])
        corners = (
            (bx, by),
            (bx - 8 * step[0] + 4 * side[0], by - 8 * step[1] + 4 * side[1]),
            (bx - 8 * step[0] - 4 * side[0], by - 8 * step[1] - 4 * side[1]),
        )
        shape = " ".join(f"{x:g},{y:g}" for x, y in corners)
        self.shapes.append(f'<polygon class="head" points="{shape}"/>')
        if label:
            middle = ((ax + bx) / 2, (ay + by) / 2 - 6)
            self.text(*middle, label, "soft", "middle")

    def svg(self) -> str:
        body = "\n".join(self.shapes)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="dw" role="img" '
            f'viewBox="0 0 {WIDTH} {self.height}" aria-label="{escape(self.title)}">\n'
            f"<style>{STYLE}</style>\n{body}\n</svg>\n"
        )


def engine() -> Canvas:
    canvas = Canvas("Stages of the engine, from a source to the formats", 316)
    first = ("audio", "16 kHz mono"), ("vad", "speech or silence"), ("chunking", "cut in silence")
    for number, lines in enumerate(first):
        canvas.box(130 + number * 205, 20, 160, 56, *lines)
        canvas.arrow((90 + number * 205 if number else 92, 48), (130 + number * 205, 48))
    canvas.box(10, 20, 82, 56, "source", "any file")
    canvas.arrow((620, 76), (620, 110))
    canvas.box(540, 110, 160, 56, "batching", "chunks of equal window")
    canvas.arrow((540, 138), (495, 138))
    canvas.box(
        335, 98, 160, 80, "languages, guard", "each stretch in its own,", "doubtful texts again"
    )
    canvas.arrow((335, 126), (290, 126))
    canvas.arrow((290, 150), (335, 150))
    canvas.box(130, 98, 160, 80, "backend", "the only stage", "that knows a library", kind="accent")
    canvas.arrow((415, 178), (415, 196))
    canvas.box(335, 196, 160, 46, "seams", "cuts without a pause")
    canvas.arrow((495, 219), (540, 219))
    canvas.box(540, 196, 160, 46, "stitch", "times of the file")
    canvas.arrow((620, 242), (620, 262))
    canvas.box(540, 262, 160, 46, "Transcript", "txt, srt, vtt, json")
    return canvas


def chunking() -> Canvas:
    canvas = Canvas("A passage of speech cut into chunks at its pauses", 232)
    speech = [(20, 70), (110, 60), (185, 90), (300, 50), (365, 75), (455, 40), (590, 110)]
    canvas.text(20, 22, "speech, as the VAD detects it", "soft")
    for x, width in speech:
        canvas.box(x, 32, width, 26, kind="accent")
    canvas.arrow((20, 80), (700, 80))
    canvas.text(692, 98, "time", "soft", "end")
    canvas.text(543, 47, "silence", "soft", "middle")
    canvas.text(543, 63, "over 2 s", "soft", "middle")
    canvas.text(20, 122, "chunks", "soft")
    canvas.box(14, 132, 272, 40, "chunk 1", "cut at the longest pause in reach")
    canvas.box(290, 132, 212, 40, "chunk 2", "the rest of the passage")
    canvas.box(582, 132, 126, 40, "chunk 3", "next passage")
    canvas.arrow((288, 200), (288, 176))
    canvas.text(288, 216, "pause", "soft", "middle")
    canvas.arrow((543, 200), (543, 176))
    canvas.text(543, 216, "never decoded", "soft", "middle")
    return canvas


def batching() -> Canvas:
    canvas = Canvas("Chunks of several recordings in one batch, padded to one window", 246)
    canvas.text(20, 22, "chunks in order of arrival", "soft")
    waiting = [("a1", 90), ("a2", 60), ("b1", 110), ("b2", 64), ("a3", 96), ("c1", 58)]
    for number, (name, width) in enumerate(waiting):
        kind = "accent" if name.startswith("a") else "doubt" if name.startswith("b") else "plain"
        canvas.box(20, 32 + number * 34, width, 26, name, kind=kind)
    canvas.arrow((150, 128), (230, 128), label="alike in length")
    for top, title, names in ((32, "batch 1", [0, 4, 2]), (150, "batch 2", [1, 3, 5])):
        canvas.text(250, top - 10, f"{title}, one window", "soft")
        for row, number in enumerate(names):
            name, width = waiting[number]
            kind = {"a": "accent", "b": "doubt"}.get(name[0], "plain")
            canvas.box(250, top + row * 30, 120 if top < 100 else 70, 24, kind="hollow")
            canvas.box(250, top + row * 30, width, 24, name, kind=kind)
    canvas.arrow((390, 76), (470, 76))
    canvas.arrow((390, 190), (470, 190))
    canvas.box(470, 52, 100, 160, "backend", "two batches", "at once")
    canvas.arrow((570, 128), (620, 128))
    canvas.box(620, 84, 86, 90, "results", "in the order", "of the", "sources")
    return canvas


def guard() -> Canvas:
    canvas = Canvas("Decision of the guard for one chunk", 262)
    canvas.box(10, 40, 130, 56, "decode", "with its batch")
    canvas.arrow((140, 68), (200, 68))
    canvas.box(200, 30, 170, 76, "check the text", "repeated? too fast?", "too short? unlikely?")
    canvas.arrow((370, 68), (560, 68), label="plausible")
    canvas.box(560, 40, 150, 56, "keep the text", kind="accent")
    canvas.arrow((285, 106), (285, 150))
    canvas.text(295, 132, "doubtful", "soft")
    canvas.box(
        200, 150, 170, 76, "decode again", "its halves, then alone in", "the full window, sampled"
    )
    canvas.arrow((370, 172), (635, 172), (635, 96))
    canvas.text(460, 166, "plausible", "soft", "middle")
    canvas.arrow((370, 206), (560, 206), label="still doubtful")
    canvas.box(560, 182, 150, 56, "report a gap", "with the reason", kind="doubt")
    canvas.arrow((200, 188), (160, 188), (160, 248), (240, 248), (240, 228), dashed=True)
    canvas.text(14, 192, "up to six temperatures", "soft")
    return canvas


def word_times() -> Canvas:
    canvas = Canvas("Four sources of word times", 328)
    rows = (
        ("estimate", "default", "the chunk's speech", "divided by the length of the text,",
         "moved to the nearest pause", "plain"),
        ("attention", "word_timestamps", "the Whisper decoder", "where it attends in the audio",
         "as it writes each word, less its bias", "plain"),
        ("SoundSwallower", "word_timestamps", "Gaussian mixtures", "the likeliest path through",
         "the phones of the text (en, fr)", "accent"),
        ("CTC", "align", "a CTC model", "where it detects the letters",
         "of a text that any backend wrote", "accent"),
    )  # fmt: skip
    for number, (title, option, source, first, second, kind) in enumerate(rows):
        top = 14 + number * 78
        canvas.box(10, top, 170, 56, source)
        canvas.arrow((180, top + 28), (270, top + 28))
        canvas.box(270, top, 160, 56, title, option, kind=kind)
        canvas.text(446, top + 24, first, "soft")
        canvas.text(446, top + 24 + LINE, second, "soft")
    return canvas


def jobs() -> Canvas:
    canvas = Canvas("Life of a job, and what survives a kill", 290)
    canvas.box(10, 30, 120, 56, "upload", "stored on disk")
    canvas.arrow((130, 58), (170, 58))
    canvas.box(170, 30, 130, 56, "decode audio", "16 kHz WAV")
    canvas.arrow((300, 58), (340, 58))
    canvas.box(340, 30, 140, 56, "transcribe", "chunk by chunk", kind="accent")
    canvas.arrow((480, 58), (520, 58))
    canvas.box(520, 30, 190, 56, "transcript", "webhook and e-mail")
    canvas.box(
        10, 160, 700, 64, "database and data folder", "survive kill -9, a restart, a lost host"
    )
    for x, label in ((70, "201: the job is kept"), (235, ""), (410, "each result"), (615, "")):
        canvas.arrow((x, 86), (x, 160))
        if label:
            canvas.text(x + 8, 126, label, "soft")
    canvas.arrow((410, 262), (410, 226))
    canvas.text(410, 280, "after a restart: continue at the first chunk without a result", "soft",
                "middle")  # fmt: skip
    return canvas


def security() -> Canvas:
    canvas = Canvas("Trust boundaries of the service", 270)
    canvas.box(10, 90, 120, 60, "client", "browser, program")
    canvas.arrow((130, 120), (190, 120), label="TLS")
    canvas.box(190, 90, 110, 60, "your proxy", "TLS ends here")
    canvas.box(340, 20, 370, 234, kind="hollow")
    canvas.text(354, 40, "unispeech serve", "bold")
    canvas.arrow((300, 120), (360, 120))
    canvas.box(360, 84, 150, 72, "routes", "key, rate limit,", "size limit")
    canvas.arrow((510, 100), (550, 100))
    canvas.box(550, 56, 146, 72, "decoder process", "memory and time", "limits", kind="doubt")
    canvas.arrow((510, 140), (550, 140), (550, 164))
    canvas.box(550, 164, 146, 72, "data folder", "keys as hashes,", "jobs per key", kind="accent")
    canvas.arrow((435, 156), (435, 190))
    canvas.box(360, 190, 150, 46, "outgoing", "listed webhooks only")
    return canvas


DRAWINGS: dict[str, Callable[[], Canvas]] = {
    "engine": engine,
    "chunking": chunking,
    "batching": batching,
    "guard": guard,
    "word-times": word_times,
    "jobs": jobs,
    "security": security,
}


def main() -> None:
    for name, draw in DRAWINGS.items():
        (FOLDER / f"{name}.svg").write_text(draw().svg(), encoding="utf-8")


if __name__ == "__main__":
    main()
