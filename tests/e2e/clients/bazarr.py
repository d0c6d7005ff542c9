"""bazarr's Whisper provider against a server: detection of the language, and subtitles.

`python tests/e2e/clients/bazarr.py FOLDER`: a copy of the repository morpheus65535/bazarr.
Needs ffmpeg, which bazarr starts.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from support.clients import python_with, served
from support.samples import SAMPLES

SCRIPT = """
import sys
folder, url, path, ffmpeg = sys.argv[1:]
sys.path[:0] = [f"{folder}/custom_libs", f"{folder}/libs"]
from subliminal.video import Movie
from subliminal_patch.providers.whisperai import WhisperAIProvider
from subzero.language import Language
provider = WhisperAIProvider(
    endpoint=url, response=5, timeout=300, ffmpeg_path=ffmpeg, pass_video_name=True,
    loglevel="INFO",
)
provider.initialize()
video = Movie(path, "Talk")
video.original_path = video.original_name = path
(subtitle,) = provider.list_subtitles(video, {Language("eng")})
assert (subtitle.task, subtitle.audio_language) == ("transcribe", "eng"), subtitle.release_info
provider.download_subtitle(subtitle)
text = subtitle.content.decode()
assert "garden" in text and "-->" in text, text
provider.terminate()
print("bazarr: passed")
"""


def main(folder: str) -> None:
    ffmpeg = shutil.which("ffmpeg")
    if ffmpeg is None:
        sys.exit("ffmpeg is not installed")
    # Packages that bazarr expects from the system.
    with served() as server, python_with("setuptools<81", "pillow") as python:
        arguments = [str(Path(folder).resolve()), server.url, str(SAMPLES / "english.wav"), ffmpeg]
        subprocess.run([python, "-W", "ignore", "-c", SCRIPT, *arguments], check=True)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("give the folder of a copy of morpheus65535/bazarr")
    main(sys.argv[1])
