"""Captions that others watch: lines, writers, slow and late watchers, and their limits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from unispeech.errors import OptionError
from unispeech.realtime.events import Event, Kind
from unispeech.server.service_errors import Busy, NotFound
from unispeech.server.speech import broadcasts as module
from unispeech.server.speech.broadcasts import (
    KEPT_LINES,
    UNCLEAR,
    Broadcast,
    Broadcasts,
    CaptionUpdate,
    broadcast_id,
    new_secret,
)
from unispeech.types import Word

SPEAKER, OTHER = object(), object()


def event(type: Kind, text: str = "") -> Event:
    words = (Word(0.0, 1.0, text, 1.0),) if type == "final" else ()
    return Event(type, 0.0, 1.0, text, words)


async def following(updates: AsyncIterator[CaptionUpdate]) -> CaptionUpdate:
    async with asyncio.timeout(30):
        return await anext(updates)


def begun(watchers: int = 9) -> tuple[Broadcasts, Broadcast]:
    hub = Broadcasts(watchers)
    return hub, hub.begin(new_secret(), "", SPEAKER)


def test_a_watcher_sees_lines_grow_and_end() -> None:
    async def work() -> None:
        _, broadcast = begun()
        updates = broadcast.updates(lambda: True)
        assert await following(updates) == CaptionUpdate(True, [], "", "")
        broadcast.show(SPEAKER, event("partial", " Good mor"))
        assert await following(updates) == CaptionUpdate(True, [], "", " Good mor")
        broadcast.show(SPEAKER, event("final", " Good"))
        broadcast.show(SPEAKER, event("partial", " morning"))
        assert await following(updates) == CaptionUpdate(True, [], " Good", " morning")
        broadcast.show(SPEAKER, event("final", " morning"))
        broadcast.show(SPEAKER, event("endpoint", " Good morning"))
        assert await following(updates) == CaptionUpdate(True, ["Good morning"], "", "")
        broadcast.show(SPEAKER, event("gap"))
        broadcast.show(SPEAKER, event("gap"))
        assert await following(updates) == CaptionUpdate(True, [UNCLEAR], "", "")
        broadcast.show(SPEAKER, event("final", " The end"))
        broadcast.stop(SPEAKER)
        assert await following(updates) == CaptionUpdate(False, ["The end"], "", "")

    asyncio.run(work())


def test_late_and_slow_watchers_get_the_last_lines_and_the_latest_hypothesis() -> None:
    async def work() -> None:
        _, broadcast = begun()
        slow = broadcast.updates(lambda: True)
        await following(slow)
        for number in range(KEPT_LINES + 20):
            broadcast.show(SPEAKER, event("partial", f" Lin {number}"))
            broadcast.show(SPEAKER, event("final", f" Line {number}"))
            broadcast.show(SPEAKER, event("endpoint", f" Line {number}"))
        broadcast.show(SPEAKER, event("partial", " one"))
        broadcast.show(SPEAKER, event("partial", " more"))
        for updates in (slow, broadcast.updates(lambda: True)):
            update = await following(updates)
            assert update.lines == [f"Line {number + 20}" for number in range(KEPT_LINES)]
            assert update.hypothesis == " more"

    asyncio.run(work())


def test_the_stream_shared_last_is_the_only_writer() -> None:
    async def work() -> None:
        hub, secret = Broadcasts(9), new_secret()
        broadcast = hub.begin(secret, "", SPEAKER)
        broadcast.show(SPEAKER, event("final", " Before"))
        assert hub.begin(secret, "another", OTHER) is broadcast
        broadcast.show(SPEAKER, event("final", " ignored"))
        broadcast.stop(SPEAKER)
        assert broadcast.is_written_by(OTHER) and not broadcast.is_written_by(SPEAKER)
        broadcast.show(OTHER, event("final", " After"))
        update = await following(broadcast.updates(lambda: True))
        assert update == CaptionUpdate(True, ["Before"], " After", "")

    asyncio.run(work())


def test_watchers_leave_when_the_captions_or_the_server_end() -> None:
    async def work() -> None:
        hub, broadcast = begun()
        updates = hub.watch(broadcast, lambda: True)
        await following(updates)
        hub.end(broadcast)
        with pytest.raises(StopAsyncIteration):
            await following(updates)
        with pytest.raises(NotFound):
            hub.find(broadcast.id)
        _, other = begun()
        is_open = True
        updates = other.updates(lambda: is_open)
        await following(updates)
        is_open = False
        with pytest.raises(StopAsyncIteration):
            await following(updates)

    asyncio.run(work())


def test_the_number_of_watchers_is_limited() -> None:
    async def work() -> None:
        hub, broadcast = begun(watchers=1)
        first = hub.watch(broadcast, lambda: True)
        await following(first)
        with pytest.raises(Busy):
            await following(hub.watch(broadcast, lambda: True))
        await first.aclose()  # type: ignore[attr-defined]
        await following(hub.watch(broadcast, lambda: True))
        with pytest.raises(OptionError):
            Broadcasts(0).begin(new_secret(), "", SPEAKER)

    asyncio.run(work())


def test_captions_wait_for_another_stream_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> None:
        hub, broadcast = begun()
        broadcast.stop(SPEAKER)
        assert hub.find(broadcast.id) is broadcast
        monkeypatch.setattr(module, "KEPT_FOR", -1.0)
        assert broadcast.is_over
        with pytest.raises(NotFound):
            hub.find(broadcast.id)
        monkeypatch.undo()
        monkeypatch.setattr(module, "MAX_WAITING", 2)
        ids = []
        for _ in range(4):
            ids.append(hub.begin(new_secret(), "", SPEAKER).id)
            hub.find(ids[-1]).stop(SPEAKER)
        with pytest.raises(NotFound):
            hub.find(ids[0])
        assert hub.find(ids[-1])

    asyncio.run(work())


def test_the_link_does_not_reveal_the_secret() -> None:
    secret = new_secret()
    assert broadcast_id(secret) == broadcast_id(secret) != broadcast_id(new_secret())
    assert secret not in broadcast_id(secret)
    for wrong in ("", "short", secret + "x", secret[:-1] + "ä", None, 5):
        with pytest.raises(OptionError):
            broadcast_id(wrong)  # type: ignore[arg-type]
