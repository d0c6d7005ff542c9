"""Open WebUI's audio router against a server, without the rest of Open WebUI: open_webui.py [URL]

The package needs hundreds of megabytes of others, so that only its code for transcription runs: its
configuration is set here, and its other modules are mocks. Needs ffmpeg.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack

from support.clients import python_with, served
from support.samples import SAMPLES

REQUIREMENTS = ["aiofiles", "aiohttp", "fastapi", "pydub", "python-multipart"]
SCRIPT = """
import asyncio, importlib.metadata, json, sys, tempfile
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from unittest.mock import MagicMock

import aiohttp
from fastapi import APIRouter

url, audio = sys.argv[1:]
folder = Path(find_spec("aiohttp").origin).parents[1] / "open_webui"
for name in ("open_webui", "open_webui.routers"):
    sys.modules[name] = package = ModuleType(name)
    package.__path__ = [str(folder.joinpath(*name.split(".")[1:]))]
mocks = {}
for name in ("config", "constants", "env", "events", "models", "models.config", "utils",
             "utils.access_control", "utils.auth", "utils.headers", "utils.json_codec",
             "utils.misc", "utils.session_pool", "routers.audio.realtime"):
    mocks[name] = sys.modules[f"open_webui.{name}"] = MagicMock()
settings = {
    "audio.stt.engine": "openai", "audio.stt.model": "whisper-1",
    "audio.stt.openai.api_base_url": f"{url}/v1", "audio.stt.openai.api_key": "any",
}

async def get(name):
    return settings.get(name)

async def session():
    return open_session

mocks["config"].CACHE_DIR = Path(tempfile.mkdtemp())
mocks["config"].WHISPER_LANGUAGE = ""
mocks["env"].AIOHTTP_CLIENT_SESSION_SSL = True
mocks["env"].AIOHTTP_FILE_STREAM_CHUNK_SIZE = 65536
mocks["env"].BYPASS_PYDUB_PREPROCESSING = False
mocks["env"].ENABLE_FORWARD_USER_INFO_HEADERS = False
mocks["env"].USE_SLIM = False
mocks["models.config"].Config.get = get
mocks["routers.audio.realtime"].router = APIRouter()
mocks["utils.auth"].get_admin_user = mocks["utils.auth"].get_verified_user = lambda: None
mocks["utils.json_codec"].JSONCodec = json
mocks["utils.session_pool"].get_session = session
from open_webui.routers import audio as router

async def main():
    global open_session
    async with aiohttp.ClientSession() as open_session:
        for metadata in ({}, {"language": "en"}):
            answer = await router.transcribe(None, audio, metadata)
            assert "garden" in answer["text"], answer
        settings["audio.stt.model"] = ""
        answer = await router.transcribe(None, audio, {})
        assert "garden" in answer["text"], answer

asyncio.run(main())
print(f"open-webui {importlib.metadata.version('open-webui')}, audio router: passed")
"""


def main(url: str = "") -> None:
    with ExitStack() as stack:
        python = stack.enter_context(python_with(*REQUIREMENTS))
        install = [python, "-m", "pip", "install", "-q", "--no-deps", "open-webui"]
        subprocess.run(install, check=True)
        url = url or stack.enter_context(served()).url
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        audio = shutil.copy(SAMPLES / "english.wav", folder)  # its files are written beside it
        subprocess.run([python, "-c", SCRIPT, url, audio], check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
