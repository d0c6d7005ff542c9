"""The requests of the README of whisper.cpp's server, sent by curl: whisper_cpp.py [URL [KEY]]

`/load` needs a running server with UNISPEECH_FETCH_MODELS=tiny.en and an admin key.
"""

from __future__ import annotations

import json
import subprocess
import sys

from support.clients import served
from support.samples import SAMPLES, reference, words

MULTIPART = ["-H", "Content-Type: multipart/form-data"]
SETTINGS = {
    "temperature": "0.0",
    "temperature_inc": "0.2",
    "prompt": "A garden show.",
    "carry_initial_prompt": "true",
    "response_format": "json",
}


def curl(url: str, key: str = "", **fields: str) -> str:
    headers = [*MULTIPART, *(["-H", f"Authorization: Bearer {key}"] if key else [])]
    form = [part for name, value in fields.items() for part in ("-F", f"{name}={value}")]
    command = ["curl", "--silent", "--show-error", "--fail-with-body", url, *headers, *form]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def run(url: str, key: str = "") -> None:
    file = f"@{SAMPLES / 'english.wav'}"
    text = json.loads(curl(f"{url}/inference", key, file=file, **SETTINGS))
    assert words(text["text"]) == words(reference("english")), text
    if key:
        loaded = curl(f"{url}/load", key, model="models/ggml-tiny.en.bin")
        assert loaded == "Load was successful!", loaded
    for format, part in (("srt", "-->"), ("vtt", "WEBVTT"), ("verbose_json", '"segments"')):
        assert part in curl(f"{url}/inference", key, file=file, response_format=format)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        run(*sys.argv[1:])
    else:
        with served() as server:
            run(server.url)
    print("whisper.cpp's requests: passed")
