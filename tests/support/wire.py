"""A connection that can be slow, and be cut."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

PIECE = 65_536


class Wire:
    """A connection to a server that can be cut, and works again at once."""

    def __init__(self, port: int, bytes_a_second: float = float("inf")) -> None:
        self._to = port
        self._rate = bytes_a_second
        self._open: list[socket.socket] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                ends = (
                    self._listening.accept()[0],
                    socket.create_connection(("127.0.0.1", self._to)),
                )
                self._open += ends
                for one, other in (ends, ends[::-1]):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(PIECE):
                other.sendall(data)
                time.sleep(len(data) / self._rate)
            other.shutdown(socket.SHUT_WR)

    def cut(self) -> None:
        while self._open:
            with contextlib.suppress(OSError):
                self._open.pop().shutdown(socket.SHUT_RDWR)
