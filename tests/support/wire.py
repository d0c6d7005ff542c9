"""Proxy that slows down and cuts connections."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

PIECE = 65_536


class Wire:
    """TCP proxy to a local port. `cut` closes its connections; new ones work at once."""

    def __init__(self, port: int, bytes_a_second: float = float("inf")) -> None:
        self._target = port
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
                    socket.create_connection(("127.0.0.1", self._target)),
                )
                self._open += ends
                for source, target in (ends, ends[::-1]):
                    threading.Thread(target=self._copy, args=(source, target), daemon=True).start()

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(PIECE):
                target.sendall(data)
                time.sleep(len(data) / self._rate)
            target.shutdown(socket.SHUT_WR)

    def cut(self) -> None:
        while self._open:
            with contextlib.suppress(OSError):
                self._open.pop().shutdown(socket.SHUT_RDWR)
