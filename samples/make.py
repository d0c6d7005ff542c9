"""Make the sample clips again: `python samples/make.py` writes NAME.wav and NAME.txt beside itself.

The speech is synthesised by SVOX Pico, through the package py-nanotts 0.1.1, which contains the
engine and its voices: `pip install py-nanotts==0.1.1 numpy`. Engine, voices and package are under
the Apache License 2.0, which does not cover generated audio; the sentences are our own. So the
clips are under this project's MIT licence. They contain no human recordings.

The voices were chosen because the models transcribe them correctly: faster-whisper 1.2.1 with
Whisper `base` (and `tiny.en` for the English clips) returns each clip's reference text word for
word, ignoring case and punctuation, at beam 1 and 5, in int8 and float32, with and without voice
activity detection, and `base` detects the language. espeak-ng's German and Spanish fail that. The
same versions produce the same bytes.
"""

import importlib
import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

RATE = 16_000
SPEED = 0.9  # relative to the voices' default
VOLUME = 0.5  # at its default volume Pico clips, which causes more errors
NOISE = 8.0  # RMS in 16-bit steps, about -72 dBFS, like a quiet room
PAUSE = 12.0  # seconds between the sentences of a clip that has several

# Name: the voice, and the sentences before and after each pause.
CLIPS: dict[str, tuple[str, list[str]]] = {
    "english": (
        "en-US",
        [
            "Good morning, and welcome to the garden. The roses are in full bloom this week, "
            "so please take your time and follow the path down to the river."
        ],
    ),
    "german": (
        "de-DE",
        [
            "Guten Morgen und willkommen im Garten. Heute scheint die Sonne, und die Vögel "
            "singen in den Bäumen. Bitte nehmen Sie sich Zeit und folgen Sie dem Weg bis zum Fluss."
        ],
    ),
    "pause": (
        "en-GB",
        [
            "Please wait here for a moment while I open the door.",
            "Thank you for waiting. You can come in now, and there is fresh bread on the table.",
        ],
    ),
}


def speak(voice: str, text: str) -> npt.NDArray[np.float64]:
    """Synthesise speech, 16 kHz mono, in 16-bit steps."""
    nanotts = importlib.import_module("py_nanotts")  # it has no type information
    pcm: bytes = nanotts.NanoTTS().speak(text, voice=voice, speed=SPEED, volume=VOLUME)
    return np.frombuffer(pcm, dtype="<i2").astype(np.float64)


def make(folder: Path, name: str) -> None:
    """Write one clip and its reference text."""
    voice, parts = CLIPS[name]
    pieces = [speak(voice, parts[0])]
    for part in parts[1:]:
        pieces += [np.zeros(round(PAUSE * RATE)), speak(voice, part)]
    speech = np.concatenate(pieces)
    noise = np.random.default_rng(0).normal(0.0, NOISE, speech.size)
    samples = np.clip(np.rint(speech + noise), -32768, 32767).astype("<i2")
    with wave.open(str(folder / f"{name}.wav"), "wb") as clip:
        clip.setnchannels(1)
        clip.setsampwidth(2)
        clip.setframerate(RATE)
        clip.writeframes(samples.tobytes())
    (folder / f"{name}.txt").write_text(" ".join(parts) + "\n", encoding="utf-8", newline="\n")
    print(f"{name}.wav: {samples.size / RATE:.1f} s, peak {np.abs(speech).max() / 32768:.2f}")


if __name__ == "__main__":
    for clip_name in CLIPS:
        make(Path(__file__).parent, clip_name)
