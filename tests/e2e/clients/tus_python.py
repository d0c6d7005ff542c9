"""tuspy against a server: upload in pieces, continue, and transcribe the upload."""

from __future__ import annotations

from importlib.metadata import version

import httpx
from tusclient.client import TusClient

from support.samples import SAMPLES, reference, words
from support.serving import until_ended

ENGLISH = SAMPLES / "english.wav"


def run(url: str) -> None:
    """Raise an AssertionError or an error of the client if something does not work."""
    client = TusClient(f"{url}/api/uploads")
    metadata = {"filename": "talk.wav"}
    with ENGLISH.open("rb") as file:
        first = client.uploader(file_stream=file, chunk_size=50_000, metadata=metadata)
        first.upload_chunk()  # type: ignore[no-untyped-call]
        second = client.uploader(file_stream=file, chunk_size=50_000, url=first.url)
        assert second.offset == 50_000
        second.upload()
    with httpx.Client(base_url=url, timeout=120) as http:
        upload = {"upload": (None, str(first.url).rsplit("/", 1)[1])}
        job = http.post("/api/jobs", files=upload).json()
        assert job["filename"] == "talk.wav"
        assert until_ended(http, job["id"])["state"] == "done"
        text = http.get(f"/api/jobs/{job['id']}/transcript?format=txt").text
        assert words(text) == words(reference("english"))


if __name__ == "__main__":
    from support.clients import served

    with served() as server:
        run(server.url)
    print(f"tuspy {version('tuspy')}: passed")
