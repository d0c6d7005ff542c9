"""Draw the rooms of the package and their imports: `python docs/architecture.py`.

Rows are the layers of the first import contract in pyproject.toml, arrows are imports. Left out are
arrows that a longer path replaces, and arrows to the rooms at the bottom, which every room uses.
Writes docs/concepts/architecture.svg.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[1]
DRAWING = ROOT / "docs" / "concepts" / "architecture.svg"
FIRST_OF_BAND = "call"
"""The layer from which on every room may import a room; those are drawn as one band."""
ROOMS = {
    "testing": (85, "suite for backends"),
    "cli": (330, "commands"),
    "agents": (640, "tools, MCP"),
    "ray": (485, "Ray Data"),
    "bench": (175, "benchmarks"),
    "corpus": (330, "manifests, parts"),
    "wyoming": (485, "voice assistants"),
    "server": (640, "service, jobs, web page"),
    "engine": (350, "source to transcript"),
    "annotate": (235, "word times, speakers"),
    "aligners": (235, "times of known words"),
    "realtime": (480, "live captions"),
    "backends": (200, "an adapter per library"),
    "models": (85, "weights, conversion"),
    "environments": (255, "isolated interpreters"),
    "audio": (605, "any file to 16 kHz"),
    "stages": (440, "VAD, chunks, guard"),
    "features": (85, "log-mel"),
    "ctc": (355, "CTC decoding"),
    "text": (635, "subtitles, formats"),
}
"""Centre of each room's box in pixels, and its contents in a few words."""
DOWN_THEN_SIDEWAYS = {("testing", "engine")}
SIDEWAYS_THEN_DOWN = {("server", "text"): 60, ("backends", "ctc"): 0}
"""With the distance in pixels between the end of the arrow and the centre of the lower box."""
WIDTH, BOX, HEIGHT, STEP = 720, 150, 44, 74
"""Pixels: the drawing, a box, and from one row to the next."""
STYLE = """<style>
.dw{font:13px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
.dw text{fill:var(--drawing-ink,#1d1c1a);text-anchor:middle}
.dw .soft{fill:var(--drawing-soft,#5d5a53);font-size:12px}
.dw .bold{font-weight:600}
.dw .plain{fill:var(--drawing-fill,#f7f6f2);stroke:var(--drawing-line,#8b877d)}
.dw .arrow{fill:none;stroke:var(--drawing-line,#8b877d);stroke-width:1.5}
.dw .head{fill:var(--drawing-line,#8b877d)}
@media (prefers-color-scheme:dark){svg.dw{--drawing-ink:#ecebe6;--drawing-soft:#a9a69d;
--drawing-line:#75736b;--drawing-fill:#252624}}
</style>"""

Edge = tuple[str, str]
Point = tuple[float, float]


def layers() -> tuple[list[list[str]], list[str]]:
    """The layers of the import contract, top first: those of `ROOMS`, and the rooms of the band."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    lines = settings["tool"]["importlinter"]["contracts"][0]["layers"]
    rows = [[name.strip() for name in line.split("|")] for line in lines]
    first = next(number for number, row in enumerate(rows) if FIRST_OF_BAND in row)
    return rows[:first], [room for row in rows[first:] for room in row]


def imports(drawn: set[str]) -> set[Edge]:
    """Pairs of drawn rooms of which the first imports the second."""
    graph = grimp.build_graph("unispeech")
    pairs = {
        (_room(module), _room(imported))
        for module in graph.modules
        for imported in graph.find_modules_directly_imported_by(module)
    }
    return {(a, b) for a, b in pairs if a != b and {a, b} <= drawn}


def _room(module: str) -> str:
    return (module.split(".") + [""])[1]


def without_detours(edges: Iterable[Edge]) -> list[Edge]:
    """The edges that no path of other edges replaces (the transitive reduction)."""
    below: dict[str, set[str]] = {}
    for upper, lower in edges:
        below.setdefault(upper, set()).add(lower)

    def reached(room: str) -> set[str]:
        return {r for step in below.get(room, ()) for r in {step} | reached(step)}

    return sorted(
        (upper, lower)
        for upper, lowers in below.items()
        for lower in lowers
        if not any(lower in reached(other) for other in lowers - {lower})
    )


def drawing() -> str:
    """The SVG.

    Raises:
        KeyError: a room has no place in `ROOMS`.
    """
    rows, band = layers()
    top = {room: 10 + STEP * i for i, row in enumerate(rows) for room in row}
    bottom = 10 + STEP * len(rows)
    lines = [line for edge in without_detours(imports(set(top))) for line in _arrow(edge, top)]
    lines += [line for room, y in top.items() for line in _box(room, y)]
    lines += [
        f'<rect class="plain" x="10" y="{bottom}" width="{WIDTH - 20}" height="{HEIGHT}" rx="6"/>',
        f'<text class="bold" x="{WIDTH / 2}" y="{bottom + 18}">{", ".join(band)}</text>',
        f'<text class="soft" x="{WIDTH / 2}" y="{bottom + 34}">used by every room</text>',
    ]
    size = f"0 0 {WIDTH} {bottom + HEIGHT + 10}"
    label = "Rooms of the package; arrows point to what a room imports"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" class="dw" role="img" viewBox="{size}"'
    return "\n".join([f'{head} aria-label="{label}">', STYLE, *lines, "</svg>", ""])


def _box(room: str, y: float) -> list[str]:
    x, contents = ROOMS[room]
    return [
        f'<rect class="plain" x="{x - BOX / 2}" y="{y}" width="{BOX}" height="{HEIGHT}" rx="6"/>',
        f'<text class="bold" x="{x}" y="{y + 18}">{room}</text>',
        f'<text class="soft" x="{x}" y="{y + 34}">{contents}</text>',
    ]


def _arrow(edge: Edge, top: dict[str, int]) -> list[str]:
    upper, lower = edge
    (x1, _), (x2, _) = ROOMS[upper], ROOMS[lower]
    y1, y2 = top[upper] + HEIGHT, top[lower]
    if edge in DOWN_THEN_SIDEWAYS:
        middle = y2 + HEIGHT / 2
        return _line([(x1, y1), (x1, middle), (x2 - BOX / 2, middle)])
    if edge in SIDEWAYS_THEN_DOWN:
        middle, end = y1 - HEIGHT / 2, x2 + SIDEWAYS_THEN_DOWN[edge]
        if end < x1 + BOX / 2:
            return _line([(end, y1), (end, y2)])
        return _line([(x1 + BOX / 2, middle), (end, middle), (end, y2)])
    lean = max(-50.0, min(50.0, (x2 - x1) / 3))
    return _line([(x1 + lean, y1), (x2 - lean, y2)])


def _line(points: list[Point]) -> list[str]:
    (x0, y0), (x, y) = points[-2:]
    length = math.hypot(x - x0, y - y0)
    across, along = (x - x0) / length, (y - y0) / length
    back = x - 8 * across, y - 8 * along
    wings = [(back[0] + 4 * side * along, back[1] - 4 * side * across) for side in (-1, 1)]
    return [
        f'<polyline class="arrow" points="{_joined(points)}"/>',
        f'<polygon class="head" points="{_joined([(x, y), *wings])}"/>',
    ]


def _joined(points: Iterable[Point]) -> str:
    return " ".join(f"{x:.4g},{y:.4g}" for x, y in points)


if __name__ == "__main__":
    DRAWING.write_text(drawing())
