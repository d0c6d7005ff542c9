"""Speed of the web page, from browser traces: first paint, bytes, and a long transcript.

    python benchmarks/page.py

The transcript is synthetic: 5,000 segments with 40,000 words in four hours, saved as a correction
of a short recording. Chromium renders in software, in a window of 1280 by 800.

The exit status is 1 if a bound is missed: first paint in 1 s, 150 kB, no task over 50 ms and at
most 5 % of frames over 33 ms while scrolling, no task over 50 ms while typing, and an empty
console. The longest task is printed in wall and processor time, since other load on the machine
interrupts tasks.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.append(str(Path(__file__).parents[1] / "tests"))  # support.serving and support.browsing

from support.browsing import browser
from support.samples import SAMPLES
from support.serving import Server, running, until_ended

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

NAME = "four hours.wav"
SEGMENTS = 5_000
HOURS = 4
KNOWN = ("garden", "river", "morning", "quietly", "bridge", "market", "under", "between", "of",
         "thought", "because", "the", "and", "a", "to", "she", "he", "carried")  # fmt: skip
CATEGORIES = ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline.frame"]
SCROLL = 12_000
"""Pixels per second: the whole transcript in about half a minute."""
LONG_TASK = 50.0
LONG_FRAME = 33.4
"""Milliseconds: two frames at 60 Hz."""


@dataclass(slots=True)
class Result:
    """Measurements, and the bounds that were missed."""

    lines: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    traces: Path | None = None
    """Folder for the traces, which the browser's developer tools can show."""

    def add(self, name: str, value: float, unit: str, limit: float | None = None) -> None:
        bound = "" if limit is None else f" (at most {limit:g})"
        self.lines.append(f"{name}: {value:.4g} {unit}{bound}")
        if limit is not None and value > limit:
            self.missed.append(name)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--traces", type=Path, help="folder for the traces")
    result = Result(traces=parser.parse_args().traces)
    with (
        tempfile.TemporaryDirectory(prefix="unispeech-") as folder,
        running(Path(folder)) as server,
        browser() as chromium,
    ):
        job = long_job(server)
        start_page(chromium, server, result)
        long_transcript(chromium, f"{server.url}/#/job/{job}", result)
    print("\n".join(result.lines))
    print(f"missed: {', '.join(result.missed)}" if result.missed else "all bounds are met")
    return 1 if result.missed else 0


# The four hours


def long_job(server: Server) -> str:
    """Create a job with the long transcript, and return its id."""
    with server.client() as http:
        with (SAMPLES / "pause.wav").open("rb") as file:
            created = http.post("/api/jobs", files={"file": (NAME, file)})
        job = str(created.raise_for_status().json()["id"])
        ended = until_ended(http, job)
        assert ended["state"] == "done", ended
        put = http.put(
            f"/api/jobs/{job}/transcript", json={"segments": segments()}, headers={"If-Match": "*"}
        )
        put.raise_for_status()
    return job


def segments() -> list[dict[str, Any]]:
    """Return segments of two alternating speakers, 4 to 12 words each; 1 in 40 is doubtful."""
    chance = random.Random(2)
    result = []
    step = HOURS * 3600 / SEGMENTS
    for number in range(SEGMENTS):
        start = number * step
        count = chance.randint(4, 12)
        each = step / count
        words = [
            {
                "start": round(start + i * each, 3),
                "end": round(start + (i + 1) * each, 3),
                "word": " " + chance.choice(KNOWN),
                "probability": 0.3 if chance.random() < 0.025 else 0.95,
            }
            for i in range(count)
        ]
        text = "".join(str(word["word"]) for word in words)
        speaker = ("Ada", "Grace")[number // 7 % 2]
        result.append(
            {"start": round(start, 3), "end": round(start + step, 3), "text": text,
             "words": words, "speaker": speaker}
        )  # fmt: skip
    return result


# What is measured


@contextmanager
def opened(chromium: Browser) -> Iterator[tuple[Page, list[str], dict[str, float]]]:
    """Yield an empty page, the messages of its console, and transferred bytes by URL."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
    page = context.new_page()
    console: list[str] = []
    page.on("pageerror", lambda error: console.append(str(error)))
    page.on("console", lambda message: console.append(message.text))
    network = context.new_cdp_session(page)
    names: dict[str, str] = {}
    sizes: dict[str, float] = {}
    network.on(
        "Network.responseReceived",
        lambda event: names.update({event["requestId"]: event["response"]["url"]}),
    )

    def ended(event: dict[str, Any]) -> None:
        name = names.get(event["requestId"], "?")
        sizes[name] = sizes.get(name, 0) + event["encodedDataLength"]

    network.on("Network.loadingFinished", ended)
    network.send("Network.enable")
    yield page, console, sizes
    context.close()


def painted(page: Page) -> float:
    """Return the milliseconds from the start of the navigation to the first contentful paint."""
    return float(
        page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    )


def start_page(chromium: Browser, server: Server, result: Result) -> None:
    with opened(chromium) as (page, console, sizes):
        page.goto(server.url)
        page.get_by_role("button", name="Choose files").wait_for()
        page.get_by_role("link", name=NAME).wait_for()
        result.add("start page, first paint", painted(page), "ms", 1000)
        result.add("start page, transferred", sum(sizes.values()) / 1000, "kB", 150)
        answers = sum(size for name, size in sizes.items() if "/api/" in name)
        result.add("start page, of which API responses", answers / 1000, "kB")
        result.add("start page, requests", len(sizes), "")
        result.add("start page, in the console", len(console), "lines", 0)
        result.lines += console


def long_transcript(chromium: Browser, address: str, result: Result) -> None:
    with opened(chromium) as (page, console, sizes):
        page.goto(address)
        page.locator(".segment").first.wait_for(timeout=60_000)
        result.add("editor, first paint", painted(page), "ms", 1000)
        result.add("editor, 5,000 segments loaded", page.evaluate("performance.now()"), "ms")
        page.wait_for_timeout(3000)
        ours = sum(size for name, size in sizes.items() if "/api/" not in name)
        result.add("editor, transferred without the transcript", ours / 1000, "kB", 150)
        traced(chromium, page, "scrolling 5,000 segments", lambda: scroll(page), result)
        traced(chromium, page, "typing in them", lambda: write(page), result, frames=False)
        result.add("editor, in the console", len(console), "lines", 0)
        result.lines += console


def scroll(page: Page) -> None:
    """Scroll from the first segment to the last with synthetic gestures."""
    touch = page.context.new_cdp_session(page)
    page.evaluate("scrollTo(0, 0)")
    # Rows are measured as they are rendered, so the height is only known at the end.
    rest = "document.documentElement.scrollHeight - innerHeight - scrollY"
    while (left := page.evaluate(rest)) > 2:
        touch.send(
            "Input.synthesizeScrollGesture",
            {"x": 640, "y": 400, "yDistance": -left, "speed": SCROLL, "gestureSourceType": "mouse"},
        )
    page.locator(f".segment[aria-posinset='{SEGMENTS}']").wait_for()


def write(page: Page) -> None:
    page.locator(".text").nth(5).click()
    page.keyboard.type(" and then she said nothing at all", delay=60)
    page.get_by_text("Saved", exact=True).wait_for(timeout=60_000)


def traced(
    chromium: Browser,
    page: Page,
    name: str,
    work: Callable[[], None],
    result: Result,
    frames: bool = True,
) -> None:
    chromium.start_tracing(page=page, categories=CATEGORIES)
    work()
    trace = chromium.stop_tracing()
    if result.traces:
        (result.traces / f"{name}.json").write_bytes(trace)
    events = json.loads(trace)["traceEvents"]
    tasks = main_thread_tasks(events)
    busy = max(busy for busy, _ in tasks)
    result.add(f"{name}, longest task, processor", busy, "ms")
    result.add(f"{name}, longest task, clock", max(took for _, took in tasks), "ms", LONG_TASK)
    if frames:
        gaps = drawn(events)
        late = sum(gap > LONG_FRAME for gap in gaps) / len(gaps)
        result.add(f"{name}, frames", len(gaps), "")
        result.add(f"{name}, frames over 33 ms", 100 * late, "%", 5)


def main_thread_tasks(events: list[dict[str, Any]]) -> list[tuple[float, float]]:
    """Return processor and wall milliseconds of every task of the page's main thread."""
    threads = {
        (event["pid"], event["tid"])
        for event in events
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    return [
        (event.get("tdur", event["dur"]) / 1000, event["dur"] / 1000)
        for event in events
        if event.get("ph") == "X"
        and event["name"].endswith("RunTask")
        and (event["pid"], event["tid"]) in threads
    ]


def drawn(events: list[dict[str, Any]]) -> list[float]:
    """Return the milliseconds between drawn frames; gaps from 500 ms on are pauses."""
    times = sorted(event["ts"] / 1000 for event in events if event["name"] == "DrawFrame")
    return [after - before for before, after in itertools.pairwise(times) if after - before < 500]


if __name__ == "__main__":
    sys.exit(main())
