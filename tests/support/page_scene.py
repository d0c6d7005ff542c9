"""Servers for the views of the page: one with recordings of our own samples, one without."""

from __future__ import annotations

import os
import subprocess
import sys
import wave
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from support.recordings import talking_video
from support.samples import SAMPLES
from support.serving import Server, running, until_ended

LONG = 25
"""Minutes of the recording that is still being decoded."""


@dataclass(frozen=True, slots=True)
class Scene:
    full: Server
    empty: Server
    """A server without recordings that requires a key."""
    key: str
    interview: str
    """Job with speakers, doubtful words and a gap."""
    film: str
    german: str
    """Job with an English translation beside its text."""
    going: str
    """Job that is still being decoded."""
    link: str
    """Address of a share link to the interview."""


VOCABULARY = {
    "City council": ["Ada Lovelace", "Wilhelmine Thielemann", "Old Mill Lane", "zoning appeal"],
    "Football": ["Zinédine Zidane", "offside trap"],
}
"""Vocabulary lists of the scene."""


@contextmanager
def scene(folder: Path, minutes: int = LONG) -> Iterator[Scene]:
    for name in ("full", "empty"):
        (folder / name).mkdir()
    with (
        running(
            folder / "full",
            rate_limit="100000/minute",
            jobs_at_once=1,
            batch_size=1,  # the long recording shows text soon
        ) as full,
        locked(folder / "empty") as (empty, key),
        full.client() as http,
    ):
        interview = submitted(http, joined(folder / "Garden walk, first interview.wav", 2))
        film = submitted(http, talking_video(folder / "The gate.webm", SAMPLES / "pause.wav"))
        german = submitted(
            http, joined(folder / "Gartenweg.wav", 2, ("german", "german")), model="base"
        )
        (folder / "Notes by mistake.mp3").write_text("This is not sound.\n")
        broken = submitted(http, folder / "Notes by mistake.mp3")
        for job in (interview, film, broken, german):
            until_ended(http, job)
        translated(http, german)
        for job in (interview, film):  # computed now, so that the views find it
            http.get(f"/api/jobs/{job}/peaks").raise_for_status()
        corrected(http, interview)
        mended(http, interview)
        http.patch(f"/api/jobs/{interview}", json={"tags": ["garden", "radio"]}).raise_for_status()
        for name, words in VOCABULARY.items():
            http.put(f"/api/vocabularies/{name}", json={"words": words}).raise_for_status()
        link = shared(http, interview, "The photo desk")
        # Submitted last, because it runs as long as the views are open; two jobs queue behind it.
        going = submitted(http, joined(folder / "River, the whole afternoon.wav", minutes * 2))
        for name in ("Phone call.wav", "Council meeting, part 2.wav"):
            submitted(http, joined(folder / name, 1))
        yield Scene(full, empty, key, interview, film, german, going, link)
        for job in http.get("/api/jobs").json()["jobs"]:
            http.delete(f"/api/jobs/{job['id']}")


@contextmanager
def locked(folder: Path) -> Iterator[tuple[Server, str]]:
    """A server that requires a key, and a key."""
    server = Server(folder, require_keys="true", rate_limit="100000/minute")
    made = subprocess.run(
        [sys.executable, "-m", "unispeech", "keys", "create", "desk"],
        env={**os.environ, **server.environment}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    try:
        yield server.start(), made.stdout.split()[-1]
    finally:
        server.stop()


def joined(path: Path, times: int, samples: Sequence[str] = ("english", "pause")) -> Path:
    """Concatenate two samples, by default the English ones, `times` times."""
    with wave.open(str(path), "wb") as file:
        for number in range(2 * times):
            with wave.open(str(SAMPLES / f"{samples[number % 2]}.wav")) as clip:
                if not number:
                    file.setparams(clip.getparams())
                file.writeframes(clip.readframes(clip.getnframes()))
    return path


def with_silence(path: Path, minutes: float) -> Path:
    """A clip padded with silence: long to send and to play, quick to decode."""
    with wave.open(str(SAMPLES / "english.wav")) as clip, wave.open(str(path), "wb") as file:
        file.setparams(clip.getparams())
        file.writeframes(clip.readframes(clip.getnframes()))
        rest = int(minutes * 60 * clip.getframerate()) - clip.getnframes()
        file.writeframes(bytes(rest * clip.getsampwidth() * clip.getnchannels()))
    return path


def submitted(http: httpx.Client, path: Path, **options: str) -> str:
    data = {"word_timestamps": "true", **options}
    with path.open("rb") as file:
        made = http.post("/api/jobs", files={"file": (path.name, file)}, data=data)
    return str(made.raise_for_status().json()["id"])


def translated(http: httpx.Client, job: str) -> None:
    """Translate a job and wait."""
    made = http.post(f"/api/jobs/{job}/translation").raise_for_status().json()
    until_ended(http, made["job"]["id"])


def corrected(http: httpx.Client, job: str) -> None:
    """Save speakers, doubtful words and a gap."""
    segments = http.get(f"/api/jobs/{job}/transcript").json()["segments"]
    for segment in segments:
        segment["speaker"] = "Gardener" if "ood morning" in segment["text"] else "Visitor"
        if "roses" in segment["text"]:
            segment["speaker"] = "Gardener"
        for word in segment["words"]:
            word["probability"] = 0.9
            if word["word"].strip() in ("bloom", "bread"):
                word["probability"] = 0.31
    edited = [
        {name: segment[name] for name in ("start", "end", "text", "speaker", "words")}
        for segment in segments
    ]
    gap = {"start": 15.0, "end": 20.8, "reason": "speech without text"}
    response = http.put(
        f"/api/jobs/{job}/transcript",
        json={"segments": edited, "gaps": [gap]}, headers={"If-Match": "*"},
    )  # fmt: skip
    response.raise_for_status()


def mended(http: httpx.Client, job: str) -> None:
    """Correct a word, so that the history has a second version."""
    path = f"/api/jobs/{job}/transcript"
    response = http.get(path)
    changes = [
        {
            "at": at,
            "remove": 1,
            "segments": [{**segment, "text": segment["text"].replace("fresh", "warm")}],
        }
        for at, segment in enumerate(response.json()["segments"])
        if "fresh" in segment["text"]
    ]
    assert changes
    tag = {"If-Match": response.headers["etag"]}
    http.patch(path, json={"changes": changes}, headers=tag).raise_for_status()


def shared(http: httpx.Client, job: str, name: str) -> str:
    """Share a job and return the address of the link."""
    made = http.post(f"/api/jobs/{job}/shares", json={"name": name})
    return str(made.raise_for_status().json()["url"])
