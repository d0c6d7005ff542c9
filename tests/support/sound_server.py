"""A private sound server, whose microphone hears what its loudspeaker plays."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MODULES = (
    "module-null-sink sink_name=room",
    "module-remap-source master=room.monitor source_name=microphone",
)


@contextmanager
def sound_server(folder: Path) -> Iterator[dict[str, str]]:
    """Start PulseAudio, and return the environment of programs that shall use it."""
    socket = folder / "sound.socket"
    protocol = f"module-native-protocol-unix auth-anonymous=1 socket={socket}"
    command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1"]
    for module in (*MODULES, protocol):
        command += ["-L", module]
    own = {**os.environ, "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
    log = folder / "pulseaudio.log"
    with log.open("w") as file:
        process = subprocess.Popen(command, env=own, stdout=file, stderr=file)
    try:
        while not socket.exists():
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
        yield {"PULSE_SERVER": f"unix:{socket}"}
    finally:
        process.terminate()
        process.wait(30)
