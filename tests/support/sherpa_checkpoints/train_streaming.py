"""Train the small streaming model `streaming/` (`python train_streaming.py` in this folder).

It has the files, inputs, outputs and metadata of an LSTM transducer of k2's Icefall as sherpa-onnx
reads them: the state of the encoder goes from call to call, so the text grows while the sound
arrives. It knows the words of the samples in the voices of the samples. The frames of its tokens
are those of `../onnx_checkpoints/ctc`, with a delay; no transducer loss is needed.

    pip install kaldi-native-fbank py-nanotts==0.1.1 onnx onnxscript onnx-asr torch
"""

import random
import sys
from collections.abc import Iterator
from pathlib import Path

import kaldi_native_fbank
import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn

FOLDER = Path(__file__).parent
TEACHER = FOLDER.parent / "onnx_checkpoints"
sys.path.insert(0, str(TEACHER))

from onnx_asr.preprocessors.numpy_preprocessor import NemoPreprocessorNumpy  # noqa: E402
from spoken import Samples, corpus, pieces, rows  # noqa: E402
from train_onnx import PIECES, Schedule, emitted  # noqa: E402

FEATURES, WIDTH, TEXT, LAYERS = 80, 96, 64, 2
CONTEXT = 2
"""Tokens that the text network sees."""
NEEDED, CHUNK = 7 + 4, 4 * 2
"""Frames of 10 ms that a call of the encoder gets, and by how many it moves on (80 ms)."""
DELAY = 8
"""Encoder frames of 40 ms between a token's frame in the teacher and its own."""
LATEST_MARK = 8
"""Encoder frames after a word at which its punctuation appears at the latest."""
SENTENCES = {"en": 360, "de": 210}
STEPS, ROWS = 1500, 480
FORGOTTEN = 0.2
"""Share of the tokens before that training replaces at random."""
TAIL = 0.8
"""Seconds of silence after a row, so that its last token has time to appear."""


class Encoder(nn.Module):
    """Log-mel features to one vector per 40 ms: two strided convolutions, then LSTMs."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv1d(FEATURES, 64, 3, stride=2)
        self.second = nn.Conv1d(64, WIDTH, 3, stride=2)
        self.lstm = nn.LSTM(WIDTH, WIDTH, LAYERS, batch_first=True)

    def forward(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Map (rows, frames, 80) to (rows, (frames - 3) / 4, width), and the states."""
        values = ((x + 8.0) / 4.0).transpose(1, 2)
        values = torch.relu(self.second(torch.relu(self.first(values))))
        found, (h, c) = self.lstm(values.transpose(1, 2), (h, c))
        return found, h, c


class Decoder(nn.Module):
    """A vector of the last two tokens; -1 stands for no token."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(len(PIECES) + 1, TEXT)
        self.mix = nn.Linear(CONTEXT * TEXT, TEXT)

    def forward(self, y: Tensor) -> Tensor:
        known = (y >= 0).unsqueeze(-1).float()
        values = self.embed(y.clamp(min=0)) * known
        return torch.relu(self.mix(values.flatten(1)))


class Joiner(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.sound, self.text = nn.Linear(WIDTH, 96), nn.Linear(TEXT, 96)
        self.out = nn.Linear(96, len(PIECES) + 1)

    def forward(self, encoder_out: Tensor, decoder_out: Tensor) -> Tensor:
        logits: Tensor = self.out(torch.tanh(self.sound(encoder_out) + self.text(decoder_out)))
        return logits


def fbank(samples: Samples) -> Tensor:
    """Return sherpa-onnx's features, shape (frames, 80)."""
    options = kaldi_native_fbank.FbankOptions()
    options.frame_opts.dither, options.frame_opts.snip_edges = 0.0, False
    options.mel_opts.num_bins, options.mel_opts.high_freq = FEATURES, -400.0
    extractor = kaldi_native_fbank.OnlineFbank(options)
    extractor.accept_waveform(16_000, samples.tolist())
    extractor.input_finished()
    frames = [extractor.get_frame(i) for i in range(extractor.num_frames_ready)]
    return torch.from_numpy(np.stack(frames))


Row = tuple[Tensor, list[int], list[int]]
"""Features, tokens (0 is blank), and the encoder frame of each."""


def labelled(draw: random.Random) -> Iterator[Row]:
    """Yield rows of speech with the tokens and frames of the CTC model, where it is right."""
    number = {piece: i for i, piece in enumerate(PIECES)}
    spoken = [s for language, n in SENTENCES.items() for s in corpus(draw, language, n)]
    teacher = onnxruntime.InferenceSession(TEACHER / "ctc" / "model.onnx")
    extract = NemoPreprocessorNumpy("nemo80")
    for text, sound in rows(draw, spoken, 3, gap=2.0):
        sound = np.pad(sound, (0, round(TAIL * 16_000)))
        features, length = extract(sound[None], np.array([len(sound)]))
        scores = teacher.run(None, {"audio_signal": features, "length": length})[0][0]
        found, starts = emitted(torch.from_numpy(scores), len(scores))
        values = fbank(sound)
        frames = [2 * t + 1 + DELAY for t in starts]
        for n in range(1, len(frames)):  # the teacher sees the future: a full stop may come late
            if PIECES[found[n]] in (",", "."):
                frames[n] = min(frames[n], frames[n - 1] + LATEST_MARK)
        fits = frames and frames[-1] < (len(values) - 3) // 4
        if fits and found == [number[piece] for piece in pieces(text)]:
            yield values, [n + 1 for n in found], frames


def loss_of(sound: Tensor, row: Row, decoder: Decoder, joiner: Joiner) -> Tensor:
    """Return the cross entropy at all frames of a row.

    A token may also be emitted a little late, and after an early one comes blank.
    """
    _, tokens, starts = row
    length, first = len(sound), torch.tensor(starts)
    found = torch.tensor(tokens)
    at = [torch.arange(length)]
    said = [torch.bucketize(at[0], first)]
    target = [torch.zeros(length, dtype=torch.long)]
    target[0][first] = found
    following = torch.tensor([*starts[1:], length])
    for late in (1, 2, 3):
        inside = first + late < following
        at.append((first + late)[inside])
        said.append(torch.arange(len(starts))[inside])
        target.append(found[inside])
    for early in (0, 1, 2):
        inside = first - early > torch.tensor([-1, *starts[:-1]])
        at.append((first - early)[inside])
        said.append(torch.arange(1, len(starts) + 1)[inside])
        target.append(torch.zeros(int(inside.sum()), dtype=torch.long))
    history = torch.tensor([-1, 0, *tokens])  # as the library begins
    contexts = torch.stack([history[:-1], history[1:]], 1)
    wrong = torch.rand(contexts.shape) < FORGOTTEN  # so that the sound decides, not the text
    contexts = torch.where(wrong, torch.randint(-1, len(PIECES) + 1, contexts.shape), contexts)
    text = decoder(contexts)
    wanted = torch.cat(target)
    logits = joiner(sound[torch.cat(at)], text[torch.cat(said)])
    losses = nn.functional.cross_entropy(logits, wanted, reduction="none")
    weights = torch.where(wanted == 0, 1.0, 4.0)
    return (losses * weights).sum() / weights.sum()


def begun(draw: random.Random, row: Row) -> Row:
    """Return a row with its silence, or one that begins as its speech does."""
    features, tokens, starts = row
    cut = max(0, starts[0] - DELAY - draw.randint(1, 8)) if draw.random() < 0.5 else 0
    return features[4 * cut :], tokens, [start - cut for start in starts]


def train(draw: random.Random) -> tuple[Encoder, Decoder, Joiner]:
    source = labelled(draw)
    made = sorted((next(source) for _ in range(ROWS)), key=lambda row: len(row[0]))
    print(f"{len(made)} rows", flush=True)
    groups = [made[i : i + 8] for i in range(0, len(made), 8)]
    encoder, decoder, joiner = Encoder(), Decoder(), Joiner()
    schedule = Schedule([encoder, decoder, joiner], STEPS, 4e-3)
    for _ in range(STEPS):
        group = [begun(draw, row) for row in draw.choice(groups)]
        longest = max(len(row[0]) for row in group)
        batch = torch.zeros(len(group), longest, FEATURES) - 15.9
        for values, (features, *_) in zip(batch, group, strict=True):
            clean = features + torch.randn_like(features) * draw.uniform(0, 0.5)
            values[: len(features)] = clean + draw.uniform(-1.5, 1.5)
        states = torch.zeros(2, LAYERS, len(group), WIDTH)
        sound, _, _ = encoder(batch, *states)
        losses = [
            loss_of(values[: (len(row[0]) - 3) // 4], row, decoder, joiner)
            for values, row in zip(sound, group, strict=True)
        ]
        schedule.step(torch.stack(losses).mean())
    return encoder.eval(), decoder.eval(), joiner.eval()


def save(
    model: nn.Module, name: str, inputs: dict[str, Tensor], outputs: list[str],
    dynamic: dict[str, dict[int, str]], metadata: dict[str, object],
) -> None:  # fmt: skip
    """Export a network with its metadata."""
    made = FOLDER / "streaming"
    made.mkdir(exist_ok=True)
    path = made / f"{name}.onnx"
    torch.onnx.export(
        model, tuple(inputs.values()), str(path), input_names=list(inputs), output_names=outputs,
        dynamic_axes=dynamic, opset_version=17, dynamo=False,
    )  # fmt: skip
    graph = onnx.load(path)
    onnx.helper.set_model_props(graph, {key: str(value) for key, value in metadata.items()})
    onnx.save(graph, path)


def main() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    encoder, decoder, joiner = train(random.Random(0))
    states = {"h": torch.zeros(LAYERS, 2, WIDTH), "c": torch.zeros(LAYERS, 2, WIDTH)}
    axes = {0: "rows"}
    save(
        encoder, "encoder", {"x": torch.zeros(2, NEEDED, FEATURES), **states},
        ["encoder_out", "next_h", "next_c"],
        {
            "x": axes, "encoder_out": axes,
            **dict.fromkeys(("h", "c", "next_h", "next_c"), {1: "rows"}),
        },
        {
            "model_type": "lstm", "version": 1, "num_encoder_layers": LAYERS, "T": NEEDED,
            "decode_chunk_len": CHUNK, "rnn_hidden_size": WIDTH, "d_model": WIDTH,
        },
    )  # fmt: skip
    save(
        decoder, "decoder", {"y": torch.tensor([[-1, 0], [1, 2]])}, ["decoder_out"],
        {"y": axes, "decoder_out": axes},
        {"vocab_size": len(PIECES) + 1, "context_size": CONTEXT},
    )  # fmt: skip
    inputs = {"encoder_out": torch.zeros(2, WIDTH), "decoder_out": torch.zeros(2, TEXT)}
    save(
        joiner, "joiner", inputs, ["logit"],
        dict.fromkeys((*inputs, "logit"), axes), {"joiner_dim": 96},
    )  # fmt: skip
    lines = "".join(f"{token} {i}\n" for i, token in enumerate(["<blk>", *PIECES]))
    (FOLDER / "streaming" / "tokens.txt").write_text(lines, encoding="utf-8")


if __name__ == "__main__":
    main()
