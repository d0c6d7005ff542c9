"""Request a server's health until stdin is closed, then print the seconds of each request. An empty
line after the first one says that the probe has started."""

from __future__ import annotations

import json
import select
import sys
import time

import httpx


def main(url: str) -> None:
    delays: list[float] = []
    with httpx.Client(base_url=url, timeout=60) as http:
        while not select.select([sys.stdin], [], [], 0.05)[0]:
            start = time.monotonic()
            http.get("/healthz").raise_for_status()
            delays.append(time.monotonic() - start)
            if len(delays) == 1:
                print(flush=True)
    print(json.dumps(delays))


if __name__ == "__main__":
    main(sys.argv[1])
