"""Home Assistant's Wyoming integration against `unispeech wyoming`: speech to text.

Home Assistant needs a newer Python than this script. Its four files for speech to text run here
with mocks of the rest, and with what a newer Python has: `typing.override`, deferred annotations,
and `except A, B:` without parentheses.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from support.clients import python_with
from support.samples import SAMPLES
from support.serving import free_port

SCRIPT = """
import asyncio, re, sys, time, types, typing, wave
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import MagicMock

folder, port, audio = sys.argv[1:]
typing.override = lambda method: method
for name in ("homeassistant", "homeassistant.components", "homeassistant.const",
             "homeassistant.core", "homeassistant.exceptions", "homeassistant.helpers",
             "homeassistant.helpers.entity_platform", "homeassistant.components.wyoming.models"):
    sys.modules[name] = MagicMock()
sys.modules["homeassistant.exceptions"].HomeAssistantError = type("Error", (Exception,), {})

@dataclass
class SpeechResult:
    text: str
    result: str

stt = sys.modules["homeassistant.components"].stt
stt.SpeechToTextEntity = object
stt.SpeechResult = SpeechResult
package = sys.modules["homeassistant.components.wyoming"] = types.ModuleType("wyoming")
package.__path__ = []
for name in ("const", "error", "data", "stt"):
    text = Path(folder, "homeassistant/components/wyoming", f"{name}.py").read_text()
    text = re.sub(r"except (\\w+(?:, \\w+)+):", r"except (\\1):", text)
    text = "from __future__ import annotations\\n" + text
    full = f"homeassistant.components.wyoming.{name}"
    module = sys.modules[full] = types.ModuleType(full)
    module.__package__ = "homeassistant.components.wyoming"
    exec(compile(text, name, "exec"), module.__dict__)
data = sys.modules["homeassistant.components.wyoming.data"]
provider = sys.modules["homeassistant.components.wyoming.stt"]

async def stream():
    with wave.open(audio) as file:
        while piece := file.readframes(1024):
            yield piece

async def main():
    for _ in range(60):
        if service := await data.WyomingService.create("127.0.0.1", int(port)):
            break
    assert service.has_services() and service.platforms, service.info
    entity = provider.WyomingSttProvider(MagicMock(), service)
    assert entity.supported_languages == ["en"], entity.supported_languages
    result = await entity.async_process_audio_stream(MagicMock(language="en"), stream())
    assert "garden" in result.text, result
    print("name:", service.get_name(), "text:", result.text)

asyncio.run(main())
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, python_with("wyoming") as python:
        download = [python, "-m", "pip", "download", "-q", "--no-deps", "-d", folder]
        subprocess.run([*download, "--ignore-requires-python", "homeassistant"], check=True)
        (wheel,) = Path(folder).glob("*.whl")
        subprocess.run([python, "-m", "zipfile", "-e", str(wheel), folder], check=True)
        port = str(free_port())
        command = [sys.executable, "-m", "unispeech", "wyoming", "--model", "tiny.en"]
        environment = {**os.environ, "UNISPEECH_DATA_DIR": folder}
        server = subprocess.Popen([*command, "--uri", f"tcp://127.0.0.1:{port}"], env=environment)
        try:
            audio = str(SAMPLES / "english.wav")
            subprocess.run([python, "-c", SCRIPT, folder, port, audio], check=True)
        finally:
            server.terminate()
            server.wait()
    print(f"Home Assistant's speech to text ({wheel.stem.split('-')[1]}): passed")


if __name__ == "__main__":
    main()
