"""whisper.cpp: quantised files, limits, and words combined from tokens."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from support.errors import raises
from support.samples import SAMPLES, reference, words
from unispeech.audio.recording import load
from unispeech.backends.registry import find
from unispeech.backends.whisper import cpp_devices, cpp_tokens
from unispeech.engine.engine import Engine
from unispeech.errors import BackendError, UnsupportedOption
from unispeech.models import store
from unispeech.options import DecodeOptions
from unispeech.types import SAMPLE_RATE, Chunk

Q8_0, VERSION = 7, 2


def quantised(path: Path, to: Path) -> Path:
    """A q8_0 file from a float16 one, as whisper.cpp's `quantize` makes it.

    Blocks of 32 values: a float16 scale, then 32 int8 (ggml-quants.c, quantize_row_q8_0).
    """
    with path.open("rb") as file, to.open("wb") as out:
        header = file.read(48)
        out.write(header[:44] + struct.pack("<i", VERSION * 1000 + Q8_0))
        shape = file.read(8)
        out.write(shape + file.read(4 * int(np.prod(struct.unpack("<ii", shape)))))
        count = file.read(4)
        out.write(count)
        for _ in range(struct.unpack("<i", count)[0]):
            length = file.read(4)
            out.write(length + file.read(struct.unpack("<i", length)[0]))
        while start := file.read(12):
            rank, length, kind = struct.unpack("<iii", start)
            dims = file.read(4 * rank)
            name = file.read(length)
            size = int(np.prod(struct.unpack(f"<{rank}i", dims)))
            data = file.read(size * (2 if kind == 1 else 4))
            if rank == 2 and kind == 1:
                blocks = np.frombuffer(data, np.float16).astype(np.float32).reshape(-1, 32)
                scale = np.abs(blocks).max(1, keepdims=True) / 127
                levels = np.rint(blocks / np.where(scale, scale, 1)).astype(np.int8)
                data = np.concatenate(
                    [scale.astype(np.float16).view(np.int8), levels], axis=1
                ).tobytes()
                start = struct.pack("<iii", rank, length, 8)
            out.write(start + dims + name + data)
    return to


@pytest.mark.slow
def test_a_quantised_file_runs(tmp_path: Path) -> None:
    if not find("cpp").installed():
        pytest.skip(f"cpp is not installed: {find('cpp').install_command}")
    small = quantised(store.obtain("tiny.en", "ggml"), tmp_path / "tiny.en-q8_0.bin")
    assert small.stat().st_size < 0.6 * store.obtain("tiny.en", "ggml").stat().st_size
    with Engine("whisper.cpp", str(small)) as engine:
        transcript = engine.transcribe(SAMPLES / "english.wav", beam_size=1, word_timestamps=True)
    assert words(transcript.text) == words(reference("english"))


def test_a_longer_chunk_does_not_leak_into_the_next(engine: Callable[..., Engine]) -> None:
    """If a window ended inside a block of keys, whisper.cpp would read keys of earlier chunks."""
    backend = engine("cpp", "tiny.en").backend
    samples = load(SAMPLES / "english.wav")
    short, long = (
        Chunk(samples=samples, start=0.0, end=len(samples) / SAMPLE_RATE, window=window)
        for window in backend.windows[:2]
    )
    options = DecodeOptions(beam_size=1)
    before, _, after = (
        backend.transcribe_batch([chunk], options) for chunk in (short, long, short)
    )
    assert before == after
    assert words(before[0].text) == words(reference("english"))


def test_unsupported_beams_and_temperatures_are_refused_by_name(
    engine: Callable[..., Engine],
) -> None:
    loaded = engine("cpp", "tiny.en")
    for options, name in (
        ({"beam_size": 9}, "beam_size 9"),
        ({"beam_size": 9, "strategy": "native"}, "beam_size 9"),
        ({"temperature": (0.0, 0.2), "strategy": "native"}, "temperature"),
        ({"temperature": (0.0, 0.2, 1.0), "strategy": "native"}, "temperature"),
    ):
        with raises(UnsupportedOption, name):
            loaded.transcribe(SAMPLES / "english.wav", **options)
    widest = loaded.transcribe(SAMPLES / "english.wav", beam_size=8)
    assert words(widest.text) == words(reference("english"))
    ladder = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    rising = loaded.transcribe(SAMPLES / "english.wav", strategy="native", temperature=ladder)
    assert words(rising.text) == words(reference("english"))


def test_tokens_become_words() -> None:
    tokens = [
        (b" Mr", 0.5, 0.9), (b".", 0.7, 0.5), (b" gar", 1.0, 0.8), (b"den", 1.2, 0.6),
        (b" \xc3", 1.3, 0.9), (b"\xa4", 1.5, 0.7), (b"!", 9.0, 0.1),
    ]  # fmt: skip
    result = cpp_tokens.words(tokens, 0.1, 2.0)
    assert [(w.word, w.start, w.end) for w in result] == [
        (" Mr.", 0.1, 0.5), (" garden", 0.7, 1.2), (" ä!", 1.2, 1.5),
    ]  # fmt: skip
    assert [round(w.probability, 2) for w in result] == [0.9, 0.6, 0.8]


def test_a_token_is_a_word_in_scripts_without_spaces() -> None:
    tokens = [("你".encode(), 0.2, 1.0), ("好".encode(), 0.4, 1.0), ("。".encode(), 0.9, 1.0)]
    assert [w.word for w in cpp_tokens.words(tokens, 0.0, 1.0)] == ["你", "好。"]


@pytest.mark.parametrize("device", ["cuda", "cuda:1", "mps", "vulkan"])
def test_a_gpu_that_the_build_does_not_support_is_refused(device: str) -> None:
    with raises(UnsupportedOption, device):
        Engine("cpp", "tiny.en", device=device)


def test_the_cpu_may_have_a_number() -> None:
    Engine("cpp", "tiny.en", device="cpu:0").close()


@pytest.mark.parametrize(
    ("device", "gpus", "number"),
    [
        ("cuda", ("CUDA0", "CUDA1"), 0),
        ("cuda:1", ("CUDA0", "CUDA1"), 1),
        ("vulkan", ("CUDA0", "Vulkan0"), 1),
        ("mps", ("Metal",), 0),
        ("mps", ("MTL0",), 0),
    ],
)
def test_a_gpu_has_the_number_that_whisper_cpp_gives_it(
    device: str, gpus: tuple[str, ...], number: int
) -> None:
    assert cpp_devices.number_of(device, gpus) == number
    missing = f"{device.partition(':')[0]}:7"
    with raises(BackendError, missing):
        cpp_devices.number_of(missing, gpus)


def test_the_registry_of_ggml_is_readable() -> None:
    """The wheel for Linux has no GPU support, so only the CPU is listed."""
    import _pywhispercpp

    assert cpp_devices.devices(_pywhispercpp.__file__) == [(0, "CPU")]
    assert cpp_devices.gpus(_pywhispercpp.__file__) == ()
    assert cpp_devices.gpus("no-such-library.so") == ()
