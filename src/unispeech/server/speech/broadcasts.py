"""Captions of live streams for people who watch by link (decision 0109).

A broadcast is the state of one link: its last lines and the line that still grows. The stream that
was shared last is its only writer. A watcher is a cursor into that state and has no queue, so that
a slow one skips what it has missed and delays nobody.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import re
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from unispeech.errors import OptionError
from unispeech.realtime.events import Event
from unispeech.realtime.lines import Lines
from unispeech.server.service_errors import Busy, NotFound

KEPT_LINES = 50
"""Complete lines that a watcher gets who comes late."""
KEPT_FOR = 600.0
"""Seconds for which a broadcast waits for another stream after its last one has ended."""
MAX_WAITING = 100
"""Broadcasts that wait for another stream; the oldest is ended first."""
TICK = 1.0
"""Seconds between two looks at the shutdown of the server."""
UNCLEAR = "[…]"
"""Line in place of speech without a trustworthy text."""
_SECRET = re.compile(r"[\w-]{43}", re.ASCII)


@dataclass(frozen=True, slots=True)
class CaptionUpdate:
    """Change of a broadcast since the previous update of a watcher."""

    live: bool
    """A stream is publishing."""
    lines: list[str]
    """Lines completed since then."""
    text: str
    """Final text of the unfinished line."""
    hypothesis: str
    """Its continuation, which the next update may change."""


def new_secret() -> str:
    """Return a secret with which streams publish captions."""
    return secrets.token_urlsafe(32)


def broadcast_id(secret: str) -> str:
    """Return the ID under which others watch. It does not reveal the secret.

    Raises:
        OptionError: the secret does not have the form of `new_secret`.
    """
    if not isinstance(secret, str) or not _SECRET.fullmatch(secret):
        raise OptionError("this is no secret of a captions link", "create one at /api/captions")
    return hashlib.sha256(f"unispeech.captions.{secret}".encode()).hexdigest()[:40]


class Broadcast:
    """State of one link. Every method runs in the event loop."""

    def __init__(self, id: str) -> None:
        self.id = id
        self.key = ""
        """ID of the API key that publishes; "" without one."""
        self.waiting_since: float | None = None
        """Monotonic time at which the last stream ended; None while one is publishing."""
        self._has_ended = False
        self._writer: object | None = None
        self._completed: deque[str] = deque(maxlen=KEPT_LINES)
        self._count = 0  # lines completed since the start
        self._line = Lines()
        self._hypothesis = ""
        self._version = 0
        self._changed = asyncio.Event()

    @property
    def is_over(self) -> bool:
        """True if it was ended, or has waited too long for another stream."""
        since = self.waiting_since
        return self._has_ended or (since is not None and time.monotonic() - since > KEPT_FOR)

    def begin(self, writer: object, key: str) -> None:
        """Make a stream the only writer. The unfinished line of the one before it ends here."""
        if writer is not self._writer:
            self._end_line()
        self._writer, self.key, self.waiting_since = writer, key, None
        self._notify()

    def show(self, writer: object, event: Event) -> None:
        """Add an event of the stream, unless another one has become the writer."""
        if writer is not self._writer:
            return
        self._hypothesis = event.text if event.type == "partial" else ""
        for line in self._line.add(event):
            self._complete(line.text)
        if event.type == "gap":
            self._end_line()
            if not self._completed or self._completed[-1] != UNCLEAR:
                self._complete(UNCLEAR)
        self._notify()

    def is_written_by(self, writer: object) -> bool:
        """Return whether a stream is the writer: another one may have taken its place."""
        return writer is self._writer

    def stop(self, writer: object) -> None:
        """End the writing of a stream."""
        if self.is_written_by(writer):
            self._end_line()
            self._writer, self.waiting_since = None, time.monotonic()
            self._notify()

    def end(self) -> None:
        """End the broadcast for all its watchers."""
        self._has_ended, self._writer = True, None
        self._notify()

    async def updates(self, is_open: Callable[[], bool]) -> AsyncIterator[CaptionUpdate]:
        """Yield the present state, and then what has changed, until the broadcast or `is_open`
        ends."""
        seen, count = -1, 0
        while not self.is_over and is_open():
            if seen == self._version:
                await self._next_change()
                continue
            seen = self._version
            new = min(self._count - count, len(self._completed))
            count = self._count
            yield CaptionUpdate(
                self._writer is not None,
                list(self._completed)[len(self._completed) - new :],
                self._line.text,
                self._hypothesis,
            )

    async def _next_change(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), TICK)

    def _end_line(self) -> None:
        self._hypothesis = ""
        for line in self._line.end():
            self._complete(line.text)

    def _complete(self, text: str) -> None:
        self._completed.append(text.strip())
        self._count += 1

    def _notify(self) -> None:
        self._version += 1
        self._changed.set()
        self._changed = asyncio.Event()


class Broadcasts:
    """Broadcasts of one server process."""

    def __init__(self, max_watchers: int) -> None:
        self._max_watchers = max_watchers
        self._watchers = 0
        self._broadcasts: dict[str, Broadcast] = {}

    def begin(self, secret: str, key: str, writer: object) -> Broadcast:
        """Return the broadcast of a secret, with this stream as its writer.

        Raises:
            OptionError: the secret is malformed, or the settings allow no watchers.
        """
        if not self._max_watchers:
            raise OptionError("captions cannot be shared on this server")
        self._sweep()
        id = broadcast_id(secret)
        broadcast = self._broadcasts.setdefault(id, Broadcast(id))
        broadcast.begin(writer, key)
        return broadcast

    def end(self, broadcast: Broadcast) -> None:
        """End a broadcast and forget it."""
        broadcast.end()
        self._broadcasts.pop(broadcast.id, None)

    def find(self, id: str) -> Broadcast:
        """Return a broadcast.

        Raises:
            NotFound: none has this ID, it has not begun, or it has ended.
        """
        self._sweep()
        broadcast = self._broadcasts.get(id)
        if broadcast is None:
            raise NotFound(
                "there are no captions under this link now",
                "they may not have started",
                code="captions_not_found",
            )
        return broadcast

    async def watch(
        self, broadcast: Broadcast, is_open: Callable[[], bool]
    ) -> AsyncIterator[CaptionUpdate]:
        """Yield the updates of a broadcast for one watcher.

        Raises:
            Busy: the server has too many watchers.
        """
        self.check_room()
        self._watchers += 1
        try:
            async for update in broadcast.updates(is_open):
                yield update
        finally:
            self._watchers -= 1

    def check_room(self) -> None:
        """Check that another watcher may connect.

        Raises:
            Busy: the server has too many watchers.
        """
        if self._watchers >= self._max_watchers:
            raise Busy("too many people are watching captions", "try again in a moment")

    def _sweep(self) -> None:
        """Forget broadcasts that are over, and end the oldest of too many that wait."""
        waiting = [b for b in self._broadcasts.values() if b.waiting_since is not None]
        waiting.sort(key=lambda broadcast: broadcast.waiting_since or 0.0)
        for index, broadcast in enumerate(reversed(waiting)):
            if broadcast.is_over or index >= MAX_WAITING:
                self.end(broadcast)
