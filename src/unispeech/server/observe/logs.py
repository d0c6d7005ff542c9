"""Logs on stderr: JSON lines for machines, plain lines for a terminal."""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Literal

Format = Literal["auto", "json", "plain"]

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""ID of the request being handled; every line logged meanwhile carries it."""

BURST = 5
"""Equal lines of other libraries logged in one `WINDOW`; the others are counted."""
WINDOW = 60.0
"""Seconds."""

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}


class JsonLines(logging.Formatter):
    """One object a line: time, level, logger, message, request ID and the fields of `extra`."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **({"request": id} if (id := request_id.get()) else {}),
            **_extra(record),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class PlainLines(logging.Formatter):
    """Local time, level (warnings and errors only), message, and `extra` as `name=value`."""

    def format(self, record: logging.LogRecord) -> str:
        parts = [datetime.fromtimestamp(record.created).strftime("%H:%M:%S")]
        if record.levelno >= logging.WARNING:
            parts.append(f"{record.levelname.lower()}:")
        parts.append(record.getMessage())
        parts += [f"{name}={value}" for name, value in _extra(record).items()]
        line = " ".join(parts)
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class Repeats(logging.Filter):
    """Drops warnings that other libraries repeat: asyncio logs thousands a second when the process
    has too many open files. The first line of the next window has the number as `dropped`."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._start = float("-inf")
        self._counts: dict[tuple[str, str], int] = {}
        self._dropped: dict[tuple[str, str], int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING or record.name.partition(".")[0] == "unispeech":
            return True
        key = (record.name, str(record.msg)[:100])
        with self._lock:
            now = self._clock()
            if now - self._start > WINDOW:
                self._start = now
                self._dropped = {k: n - BURST for k, n in self._counts.items() if n > BURST}
                self._counts.clear()
            self._counts[key] = count = self._counts.get(key, 0) + 1
            if count == 1 and (dropped := self._dropped.pop(key, 0)):
                record.dropped = dropped
        return count <= BURST


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


def is_plain(format: Format) -> bool:
    """Return whether logs of this format are plain lines; `auto` depends on the terminal."""
    return format == "plain" or (format == "auto" and sys.stderr.isatty())


def configure(level: str = "info", format: Format = "auto") -> None:
    """Set up logging for a process that is the service; a library never calls this."""
    plain = is_plain(format)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(PlainLines() if plain else JsonLines())
    handler.addFilter(Repeats())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    if not plain:
        _capture_output()
    threshold = logging.getLevelName(level.upper())
    logging.getLogger("unispeech").setLevel(threshold)
    # In a terminal the command itself says where it listens. At debug level, uvicorn would log the
    # URLs, headers and frames of WebSockets: keys, prompts and transcripts.
    least = logging.WARNING if plain and level != "debug" else logging.INFO
    logging.getLogger("uvicorn").setLevel(max(threshold, least))
    logging.getLogger("uvicorn.error").addFilter(_is_worth_a_line)


def _capture_output() -> None:
    """Log what Python would print: warnings, and errors that nobody catches."""

    def log_error(message: str, error: BaseException | None) -> None:
        logging.getLogger("unispeech.server").error(message, exc_info=error)

    logging.captureWarnings(True)
    threading.excepthook = lambda args: log_error("a thread failed", args.exc_value)
    sys.unraisablehook = lambda args: log_error("an error was ignored", args.exc_value)


REFUSED_SOCKET = "ASGI callable returned without completing handshake."
"""uvicorn's error for a WebSocket that the application has refused with a response."""


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    """Drop uvicorn's line for each WebSocket, which holds the client's address and the query
    string, and with it prompts and hotwords; and its error for a refused one, which is none."""
    message = str(record.msg)
    return '"WebSocket ' not in message and message != REFUSED_SOCKET
