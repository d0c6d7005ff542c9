"""litellm against a server, in a virtual environment of its own."""

from __future__ import annotations

import subprocess

from support.clients import python_with, served
from support.samples import SAMPLES

SCRIPT = """
import sys
from importlib.metadata import version
import litellm
url, path = sys.argv[1:]
for model in ("openai/whisper-1", "openai/gpt-4o-transcribe"):
    with open(path, "rb") as file:
        answer = litellm.transcription(model=model, file=file, api_base=f"{url}/v1", api_key="any")
    assert "garden" in answer.text, answer
with open(path, "rb") as file:
    answer = litellm.transcription(
        model="azure/whisper", file=file, api_base=url, api_key="any", api_version="2024-06-01",
    )
assert "garden" in answer.text, answer
print(f"litellm {version('litellm')}: passed")
"""

if __name__ == "__main__":
    with served() as server, python_with("litellm") as python:
        arguments = [server.url, str(SAMPLES / "english.wav")]
        subprocess.run([python, "-c", SCRIPT, *arguments], check=True)
