"""What there is to see on the page: recordings of our own samples, and a server without any."""

from __future__ import annotations

import os
import subprocess
import sys
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from support.recordings import talking_video
from support.samples import SAMPLES
from support.serving import Server, running, until_ended

LONG = 40
"""Minutes of the recording that is still decoded while it is looked at."""


@dataclass(frozen=True, slots=True)
class Scene:
    full: Server
    empty: Server
    """Nothing is in it, and it wants a key."""
    key: str
    interview: str
    """The job with speakers, doubtful words and a gap."""
    film: str
    going: str
    """A job that is decoded for as long as it is looked at."""
    link: str
    """The address with which others read the interview."""


@contextmanager
def scene(folder: Path, minutes: int = LONG) -> Iterator[Scene]:
    for name in ("full", "empty"):
        (folder / name).mkdir()
    with (
        running(folder / "full", rate_limit="100000/minute", jobs_at_once=1) as full,
        locked(folder / "empty") as (empty, key),
        full.client() as http,
    ):
        interview = submitted(http, joined(folder / "Garden walk, first interview.wav", 2))
        film = submitted(http, talking_video(folder / "The gate.webm", SAMPLES / "pause.wav"))
        (folder / "Notes by mistake.mp3").write_text("This is not sound.\n")
        broken = submitted(http, folder / "Notes by mistake.mp3")
        for job in (interview, film, broken):
            until_ended(http, job)
        for job in (interview, film):  # asked for once, so that it is there when it is looked at
            http.get(f"/api/jobs/{job}/peaks").raise_for_status()
        corrected(http, interview)
        mended(http, interview)
        link = shared(http, interview, "The photo desk")
        # After the others, for it takes as long as it is looked at; and two wait behind it.
        going = submitted(http, joined(folder / "River, the whole afternoon.wav", minutes * 2))
        for name in ("Phone call.wav", "Council meeting, part 2.wav"):
            submitted(http, joined(folder / name, 1))
        yield Scene(full, empty, key, interview, film, going, link)
        for job in http.get("/api/jobs").json()["jobs"]:
            http.delete(f"/api/jobs/{job['id']}")


@contextmanager
def locked(folder: Path) -> Iterator[tuple[Server, str]]:
    """A server that wants a key, and one."""
    server = Server(folder, require_keys="true", rate_limit="100000/minute")
    made = subprocess.run(
        [sys.executable, "-m", "unispeech", "keys", "create", "desk"],
        env={**os.environ, **server.environment}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    try:
        yield server.start(), made.stdout.split()[-1]
    finally:
        server.stop()


def joined(path: Path, times: int) -> Path:
    """The two English samples one after the other, so many times."""
    with wave.open(str(path), "wb") as file:
        for number in range(2 * times):
            with wave.open(str(SAMPLES / f"{('english', 'pause')[number % 2]}.wav")) as clip:
                if not number:
                    file.setparams(clip.getparams())
                file.writeframes(clip.readframes(clip.getnframes()))
    return path


def with_silence(path: Path, minutes: float) -> Path:
    """A clip, and silence until it is so long: much to send and to play, and little to decode."""
    with wave.open(str(SAMPLES / "english.wav")) as clip, wave.open(str(path), "wb") as file:
        file.setparams(clip.getparams())
        file.writeframes(clip.readframes(clip.getnframes()))
        rest = int(minutes * 60 * clip.getframerate()) - clip.getnframes()
        file.writeframes(bytes(rest * clip.getsampwidth() * clip.getnchannels()))
    return path


def submitted(http: httpx.Client, path: Path) -> str:
    with path.open("rb") as file:
        made = http.post(
            "/api/jobs", files={"file": (path.name, file)}, data={"word_timestamps": "true"}
        )
    return str(made.raise_for_status().json()["id"])


def corrected(http: httpx.Client, job: str) -> None:
    """Who speaks, some words that the model doubts, and a stretch it has left out."""
    found = http.get(f"/api/jobs/{job}/transcript").json()["segments"]
    for segment in found:
        segment["speaker"] = "Gardener" if "ood morning" in segment["text"] else "Visitor"
        if "roses" in segment["text"]:
            segment["speaker"] = "Gardener"
        for word in segment["words"]:
            word["probability"] = 0.9
            if word["word"].strip() in ("bloom", "bread"):
                word["probability"] = 0.31
    kept = [
        {name: one[name] for name in ("start", "end", "text", "speaker", "words")} for one in found
    ]
    gap = {"start": 15.0, "end": 20.8, "reason": "speech without text"}
    put = http.put(
        f"/api/jobs/{job}/transcript",
        json={"segments": kept, "gaps": [gap]}, headers={"If-Match": "*"},
    )  # fmt: skip
    put.raise_for_status()


def mended(http: httpx.Client, job: str) -> None:
    """A word is corrected, so that the history has something to show."""
    place = f"/api/jobs/{job}/transcript"
    got = http.get(place)
    changes = [
        {"at": at, "remove": 1, "segments": [{**one, "text": one["text"].replace("fresh", "warm")}]}
        for at, one in enumerate(got.json()["segments"])
        if "fresh" in one["text"]
    ]
    assert changes
    tag = {"If-Match": got.headers["etag"]}
    http.patch(place, json={"changes": changes}, headers=tag).raise_for_status()


def shared(http: httpx.Client, job: str, name: str) -> str:
    """A link to a job; its address."""
    made = http.post(f"/api/jobs/{job}/shares", json={"name": name})
    return str(made.raise_for_status().json()["url"])
