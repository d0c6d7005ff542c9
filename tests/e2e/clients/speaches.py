"""Examples of speaches' documentation against a running server: curl and OpenAI's SDK.

Run it by `python tests/e2e/clients/run.py speaches [URL [KEY]]`. With an admin key it also fetches
a model; the server needs UNISPEECH_FETCH_MODELS=tiny.en.
"""

# /// script
# dependencies = ["openai>=2", "websockets"]
# ///

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
from pathlib import Path

from openai import OpenAI
from websockets.sync.client import connect

NO_KEY = "cant-be-empty"
AUDIO = Path(__file__).parents[3] / "samples" / "english.wav"


def curl(*arguments: str) -> str:
    command = ["curl", "--silent", "--show-error", "--fail-with-body", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def main(url: str, key: str = NO_KEY) -> None:
    assert json.loads(curl(f"{url}/health"))["message"] == "OK"
    header = ["-H", f"Authorization: Bearer {key}"]
    registry = json.loads(curl(f"{url}/v1/registry?task=automatic-speech-recognition", *header))
    assert "tiny.en" in [row["id"] for row in registry["data"]], registry
    if key != NO_KEY:
        assert "already exists" in curl(f"{url}/v1/models/tiny.en", "-X", "POST", *header)
    assert "tiny.en" in curl(f"{url}/v1/models", *header)
    form = ["-F", f"file=@{AUDIO}", "-F", "model=tiny.en"]
    text = curl(f"{url}/v1/audio/transcriptions", *header, *form)
    assert "garden" in text, text
    os.environ |= {"OPENAI_BASE_URL": f"{url}/v1/", "OPENAI_API_KEY": key}
    with AUDIO.open("rb") as file:
        answer = OpenAI().audio.transcriptions.create(model="tiny.en", file=file)
    assert "garden" in answer.text, answer
    realtime = f"{url.replace('http', 'ws', 1)}/v1/realtime?model=tiny.en&intent=transcription"
    with connect(f"{realtime}&language=en&api_key={key}") as socket:
        created = json.loads(socket.recv(timeout=60))
    assert created["type"] == "session.created", created
    sys.stdout.write(f"openai {importlib.metadata.version('openai')}: ok\n")


main(*sys.argv[1:])
