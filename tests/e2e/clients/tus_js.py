"""tus-js-client (npm) against a server: pieces, method override, refused parallel uploads."""

from __future__ import annotations

from support.clients import run_node, served
from support.samples import SAMPLES

if __name__ == "__main__":
    with served() as server:
        run_node("tus_js.mjs", ["tus-js-client@^4"], server.url, str(SAMPLES / "english.wav"))
