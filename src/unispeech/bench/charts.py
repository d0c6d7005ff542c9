"""The charts of the report as inline SVG, without scripts or further files.

Colours and fonts come from the style sheet of the page (`report.css`), for light and dark mode.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 760, 380
LEFT, RIGHT, TOP, BOTTOM = 64, 24, 16, 52
COLOURS = 8
"""The number of colour classes in the style sheet, `c0` to `c7`."""


@dataclass(frozen=True, slots=True)
class Point:
    """One dot: its position, uncertainty, label and colour."""

    x: float
    y: float
    label: str
    colour: int
    x_range: tuple[float, float] | None = None
    y_range: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Axis:
    """A linear or logarithmic mapping from values to pixels, with ticks."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def at(self, value: float) -> float:
        f: Callable[[float], float] = math.log if self.log else float
        value = max(value, self.low) if self.log else value
        part = (f(value) - f(self.low)) / (f(self.high) - f(self.low))
        return round(self.start + part * (self.end - self.start), 1)

    def ticks(self) -> list[float]:
        if self.log:
            decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            marks = [m * 10.0**d for d in decades for m in (1, 2, 5)]
        else:
            rough = (self.high - self.low) / 5
            unit = 10.0 ** math.floor(math.log10(rough))
            step = next(unit * m for m in (1, 2, 2.5, 5, 10) if unit * m >= rough)
            first = math.ceil(self.low / step - 1e-9)
            marks = [step * i for i in range(first, first + 12)]
        return [mark for mark in marks if self.low * 0.999999 <= mark <= self.high * 1.000001]


def speed_against_error(points: Sequence[Point], unit: str = "word") -> str:
    """Draw word error rate (lower is better) against speed, with the Pareto front."""
    xs = [v for p in points for v in (p.x, *(p.x_range or ()))]
    ys = [v for p in points for v in (p.y, *(p.y_range or ()))]
    log = max(xs) / min(xs) > 8
    x = Axis(
        min(xs) * (0.8 if log else 0.9), max(xs) * (1.25 if log else 1.1), LEFT, WIDTH - RIGHT, log
    )
    room = (max(ys) - min(ys) or 1) * 0.15
    y = Axis(max(0, min(ys) - room), max(ys) + room, HEIGHT - BOTTOM, TOP)
    body = [
        *_frame(
            x,
            y,
            "seconds of audio for each second of work →",
            f"{unit} error rate, % (lower is better)",
        )
    ]
    front = pareto(points)
    steps = " ".join(f"{'L' if i else 'M'}{x.at(p.x)},{y.at(p.y)}" for i, p in enumerate(front))
    body.append(f'<path class="front" d="{steps}"/>')
    for point in points:
        body += _whiskers(point, x, y)
    for point in points:
        mark = "dot best" if point in front else "dot"
        body.append(
            f'<circle class="{mark} c{point.colour % COLOURS}" cx="{x.at(point.x)}" '
            f'cy="{y.at(point.y)}" r="6"><title>{escape(point.label)}: {point.y:.2f} %, '
            f"{point.x:.1f}x</title></circle>"
        )
    body += _labels([(x.at(p.x), y.at(p.y), p) for p in points])
    return _svg(body, HEIGHT, "Word error rate against speed")


def pareto(points: Iterable[Point]) -> list[Point]:
    """Return the points that no other beats in both speed and error rate, slowest first."""
    front: list[Point] = []
    for point in sorted(points, key=lambda p: (-p.x, p.y)):
        if not front or point.y < front[-1].y:
            front.append(point)
    return front[::-1]


BARS = 500
"""Width of a bar chart, half a page: two of them stand side by side."""


def bars(rows: Sequence[tuple[str, float, str, int]], title: str) -> str:
    """Draw a bar for each (label, value, formatted value, colour); the longest fills the chart."""
    most = max((value for _, value, _, _ in rows), default=1) or 1
    body: list[str] = []
    for number, (label, value, value_text, colour) in enumerate(rows):
        top = number * 44
        length = max(2, (BARS - 90) * value / most)
        body.append(f'<text class="name" x="0" y="{top + 14}">{escape(label)}</text>')
        body.append(
            f'<rect class="bar c{colour % COLOURS}" x="0" y="{top + 20}" width="{length:.1f}" '
            f'height="14" rx="3"/>'
        )
        body.append(
            f'<text class="value" x="{length + 8:.1f}" y="{top + 32}">{escape(value_text)}</text>'
        )
    return _svg(body, 44 * len(rows), title, BARS)


def scatter(points: Sequence[Point], x_title: str, y_title: str) -> str:
    """Draw a dot for each recording."""
    x = Axis(0, max(p.x for p in points) * 1.05 or 1, LEFT, WIDTH - RIGHT)
    y = Axis(0, max(1.0, max(p.y for p in points) * 1.05), HEIGHT - BOTTOM, TOP)
    body = [*_frame(x, y, x_title, y_title)]
    for point in points:
        body.append(
            f'<circle class="file c{point.colour % COLOURS}" cx="{x.at(point.x)}" '
            f'cy="{y.at(point.y)}" r="4"><title>{escape(point.label)}</title></circle>'
        )
    return _svg(body, HEIGHT, y_title)


def _frame(x: Axis, y: Axis, x_title: str, y_title: str) -> Iterable[str]:
    bottom, left = HEIGHT - BOTTOM, LEFT
    for tick in x.ticks():
        at = x.at(tick)
        yield f'<path class="grid" d="M{at},{TOP}V{bottom}"/>'
        yield f'<text class="tick" x="{at}" y="{bottom + 20}" text-anchor="middle">{tick:g}</text>'
    for tick in y.ticks():
        at = y.at(tick)
        yield f'<path class="grid" d="M{left},{at}H{WIDTH - RIGHT}"/>'
        place = f'x="{left - 10}" y="{at + 4}" text-anchor="end"'
        yield f'<text class="tick" {place}>{tick:g}</text>'
    middle = (LEFT + WIDTH - RIGHT) / 2
    place = f'x="{middle}" y="{HEIGHT - 8}" text-anchor="middle"'
    yield f'<text class="axis" {place}>{escape(x_title)}</text>'
    turn = (TOP + bottom) / 2
    yield (
        f'<text class="axis" transform="translate(14 {turn}) rotate(-90)" '
        f'text-anchor="middle">{escape(y_title)}</text>'
    )


def _whiskers(point: Point, x: Axis, y: Axis) -> Iterable[str]:
    px, py = x.at(point.x), y.at(point.y)
    lines = []
    if point.x_range:
        lines.append(f"M{x.at(point.x_range[0])},{py}H{x.at(point.x_range[1])}")
    if point.y_range:
        lines.append(f"M{px},{y.at(point.y_range[0])}V{y.at(point.y_range[1])}")
    if lines:
        yield f'<path class="whisker c{point.colour % COLOURS}" d="{"".join(lines)}"/>'


def _labels(places: Sequence[tuple[float, float, Point]]) -> Iterable[str]:
    """Place each label beside its dot where it overlaps least with dots and earlier labels."""
    occupied = [Box(x - 6, y - 6, x + 6, y + 6) for x, y, _ in places]
    for x, y, point in sorted(places, key=lambda place: place[1]):
        width = 5.9 * len(point.label)
        around = [
            Box(start, y + dy - 7, start + width, y + dy + 7)
            for dy in (0, -9, 9, -15, 15, -30, 30, -45, 45)
            for start in (x + 12, x - 12 - width)
            if start >= LEFT and start + width <= WIDTH and TOP <= y + dy <= HEIGHT - BOTTOM
        ]
        best = min(
            around or [Box(x + 12, y - 7, x + 12 + width, y + 7)],
            key=lambda box: sum(box.shared(other) for other in occupied) + 4 * abs(box.top + 7 - y),
        )
        occupied.append(best)
        place = f'x="{best.left:.1f}" y="{best.top + 11:.1f}"'
        yield f'<text class="label c{point.colour % COLOURS}" {place}>{escape(point.label)}</text>'


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, in pixels."""

    left: float
    top: float
    right: float
    bottom: float

    def shared(self, other: Box) -> float:
        """Return the area that both cover."""
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(0.0, across) * max(0.0, down)


def _svg(body: Iterable[str], height: float, title: str, width: float = WIDTH) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}">'
        f"{''.join(body)}</svg>"
    )
