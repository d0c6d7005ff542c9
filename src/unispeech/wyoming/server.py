"""Connections of the Wyoming server: their number, their timeouts, and errors as events."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass

from wyoming.error import Error
from wyoming.event import Eventable, async_write_event

from unispeech.errors import UnispeechError
from unispeech.wyoming.address import Address
from unispeech.wyoming.announcement import announced
from unispeech.wyoming.conversation import Conversation
from unispeech.wyoming.framing import MAX_LINE, read_event
from unispeech.wyoming.program import Program

log = logging.getLogger("unispeech.wyoming")

LINGER = 2.0
"""Seconds in which a client may read an error before its connection is closed."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one server."""

    clients: int = 16
    """Connections at once."""
    duration: float = 300.0
    """Seconds of sound in one request."""
    silence: float = 60.0
    """Seconds without a complete event, or without a client reading, until a connection ends."""


class Server:
    """Connections of one program. `connect` is called for each."""

    def __init__(self, program: Program, limits: Limits) -> None:
        self._program = program
        self._limits = limits
        self._open: set[asyncio.StreamWriter] = set()

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection to its end."""

        async def send(message: Eventable) -> None:
            async with asyncio.timeout(self._limits.silence):
                await async_write_event(message.event(), writer)

        self._open.add(writer)
        try:
            if len(self._open) > self._limits.clients:
                await send(Error("too many clients; try again in a moment", "busy"))
                return
            conversation = Conversation(
                self._program, self._limits.duration, send, writer.is_closing
            )
            try:
                await self._converse(reader, conversation)
            except UnispeechError as error:
                await send(Error(str(error), error.code))
                await _until_read(reader, writer)
            except TimeoutError:
                await send(Error(f"nothing arrived for {self._limits.silence:g} s", "timeout"))
            finally:
                conversation.end()
        except (OSError, TimeoutError):
            pass  # the client has gone, or does not read
        except Exception:
            log.exception("a Wyoming client ended by a defect")
        finally:
            self._open.remove(writer)
            writer.close()

    def abort(self) -> None:
        """Close all connections at once."""
        for writer in self._open:
            writer.transport.abort()

    async def _converse(self, reader: asyncio.StreamReader, conversation: Conversation) -> None:
        while True:
            async with asyncio.timeout(self._limits.silence):
                event = await read_event(reader)
            if event is None:
                return
            await conversation.take(event)


async def _until_read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Wait a moment for the client to read an error: closing with unread sound resets the
    connection, and the error is lost."""
    writer.write_eof()
    async with asyncio.timeout(LINGER):
        while await reader.read(MAX_LINE):
            pass


async def serve(
    program: Program,
    address: Address,
    limits: Limits,
    name: str | None = None,
    listening: Callable[[int], None] = lambda port: None,
) -> None:
    """Serve until the task is cancelled. `listening` gets the port, `name` is announced.

    Raises:
        UnispeechError: the address cannot be listened on, or the name cannot be announced.
    """
    # A client occupies one thread at most: while it is decoded.
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(limits.clients + 1, "unispeech-wyoming"))
    server = Server(program, limits)
    try:
        listener = await asyncio.start_server(
            server.connect, address.host, address.port, limit=MAX_LINE
        )
    except OSError as error:
        number = error.errno or 0  # negative if the host has no address
        reason = os.strerror(number) if number > 0 else error.strerror
        raise UnispeechError(
            f"uri: cannot listen on {address.host} port {address.port}: {reason}",
            "choose another port or host", option="uri",
        ) from None  # fmt: skip
    async with AsyncExitStack() as stack:
        stack.callback(server.abort)
        stack.callback(listener.close)
        port = listener.sockets[0].getsockname()[1]
        if name is not None:
            await stack.enter_async_context(announced(name, address, port))
        listening(port)
        await asyncio.Event().wait()
