"""Asks a server for its health until its own input is closed, then prints the seconds each took."""

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
            began = time.monotonic()
            http.get("/healthz").raise_for_status()
            delays.append(time.monotonic() - began)
    print(json.dumps(delays))


if __name__ == "__main__":
    main(sys.argv[1])
