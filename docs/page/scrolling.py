"""Measure how smoothly 5,000 segments scroll in the editor.

Run `python docs/page/scrolling.py`. It prints the longest task, and the share of frames over 33 ms.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "tests"))

from support.browsing import WAIT, browser
from support.page_scene import joined, submitted
from support.serving import running, until_ended

SEGMENTS = 5000
MEASURE = """() => new Promise((resolve) => {
  const tasks = [];
  new PerformanceObserver((list) => tasks.push(...list.getEntries().map((e) => e.duration)))
    .observe({ type: "longtask" });
  const frames = [];
  let last = performance.now();
  const began = last;
  const step = (now) => {
    frames.push(now - last);
    last = now;
    scrollBy(0, 60);
    if (now - began < 10000) return requestAnimationFrame(step);
    const slow = frames.filter((time) => time > 33.4).length / frames.length;
    resolve({ frames: frames.length, slow, longest: Math.max(0, ...tasks), tasks: tasks.length });
  };
  requestAnimationFrame(step);
})"""

if __name__ == "__main__":
    with (
        tempfile.TemporaryDirectory() as name,
        running(Path(name)) as server,
        browser() as launched,
    ):
        with server.client() as http:
            job = submitted(http, joined(Path(name) / "walk.wav", 1))
            until_ended(http, job)
            segments = [
                {
                    "start": at / 200, "end": (at + 1) / 200, "speaker": "Bob" if at % 3 else "Ada",
                    "text": f" Segment {at} has a few words, as people say them." * (1 + at % 3),
                }
                for at in range(SEGMENTS)
            ]  # fmt: skip
            http.put(
                f"/api/jobs/{job}/transcript",
                json={"segments": segments},
                headers={"If-Match": "*"},
            ).raise_for_status()
        page = launched.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{server.url}/#/job/{job}")
        page.locator(".segment").first.wait_for(timeout=WAIT)
        page.wait_for_timeout(2000)
        sys.stdout.write(f"{page.evaluate(MEASURE)}\n")
