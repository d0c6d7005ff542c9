"""openai-node (npm) against a server: formats, streams, log probabilities, Azure's paths."""

from __future__ import annotations

from support.clients import run_node, served
from support.samples import SAMPLES

if __name__ == "__main__":
    with served() as server:
        run_node("openai_node.mjs", ["openai@^6"], server.url, str(SAMPLES / "english.wav"))
