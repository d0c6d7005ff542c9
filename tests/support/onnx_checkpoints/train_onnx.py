"""Train the small ONNX models beside this file (`python train_onnx.py` in this folder).

They have the files, inputs and outputs of NVIDIA NeMo's exports as onnx-asr reads them (Parakeet
CTC and TDT, Canary), and are 3,000 times smaller: they know the words of the samples, in the voices
of the samples. With them the real library runs on real speech; what they say of other recordings
means nothing. The weights start at random, so they are under this project's licence.

    pip install py-nanotts==0.1.1 onnx onnxscript onnx-asr torch

Writes `ctc/`, `tdt/`, `canary/` and the decoder of `rnnt/`, in float32 and int8. Takes about ten
minutes of two cores.
"""

import json
import random
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from networks import (
    DURATIONS,
    FEATURES,
    WIDTH,
    CanaryDecoder,
    CanaryEncoder,
    Ctc,
    Encoder,
    Rnnt,
    Transducer,
    TransducerEncoder,
)
from onnx_asr.preprocessors.numpy_preprocessor import NemoPreprocessorNumpy
from onnxruntime.quantization import QuantType, quantize_dynamic
from spoken import TRANSLATIONS, Spoken, corpus, pieces, rows, tokens
from torch import Tensor, nn

FOLDER = Path(__file__).parent
SENTENCES = {"en": 360, "de": 210}
STEPS = {"ctc": 800, "tdt": 500, "canary": 600}
ROWS = 480
"""Rows of sentences that a model is trained on."""
PIECES = tokens()
BLANK = len(PIECES)
CONTROL = [
    "<unk>", "<|nospeech|>", "<pad>", "<|endoftext|>", "<|startoftranscript|>", "<|pnc|>",
    "<|nopnc|>", "<|startofcontext|>", "<|itn|>", "<|noitn|>", "<|timestamp|>", "<|notimestamp|>",
    "<|diarize|>", "<|nodiarize|>", "<|emo:undefined|>", "<|en|>", "<|de|>", "\u2581",
]  # fmt: skip
"""Canary's tokens before the word pieces."""
TRANSLATED = [piece for text in TRANSLATIONS.values() for piece in pieces(text)]
CANARY = [*CONTROL, *PIECES, *sorted({*TRANSLATED} - {*PIECES})]


Batch = tuple[Tensor, Tensor, list[list[int]]]
"""Features (rows, 80, frames), the length of each row in frames, and its pieces."""


def batches(
    draw: random.Random, speech: list[Spoken], count: int, most: int = 2
) -> Iterator[Batch]:
    """Make rows of speech once, and yield batches of about one length for ever, with noise."""
    extract = NemoPreprocessorNumpy("nemo80")
    number = {piece: i for i, piece in enumerate(CANARY[len(CONTROL) :])}  # PIECES come first
    made: list[tuple[Tensor, list[int]]] = []
    for _, (text, sound) in zip(range(count), rows(draw, speech, most, gap=1.0), strict=False):
        features, frames = extract(sound[None], np.array([len(sound)]))
        row = torch.from_numpy(features[0, :, : frames[0]].astype(np.float32))
        made.append((row, [number[piece] for piece in pieces(text)]))
    made.sort(key=lambda row: row[0].shape[1])
    groups = [made[i : i + 8] for i in range(0, len(made), 8)]
    while True:
        for group in draw.sample(groups, len(groups)):
            lengths = torch.tensor([clean.shape[1] for clean, _ in group])
            padded = torch.zeros(len(group), FEATURES, int(lengths.max()))
            for row, (clean, _) in zip(padded, group, strict=True):
                noise = torch.randn_like(clean) * draw.uniform(0, 0.3)
                row[:, : clean.shape[1]] = clean + noise
            yield padded, lengths, [labels for _, labels in group]


class Schedule:
    """Adam with a one-cycle learning rate, and a line about the loss now and then."""

    def __init__(self, parts: list[nn.Module], steps: int, rate: float) -> None:
        weights = [weight for part in parts for weight in part.parameters()]
        self._weights, self._started, self._step = weights, time.monotonic(), 0
        self._adam = torch.optim.AdamW(weights, rate, weight_decay=1e-3)
        self._cycle = torch.optim.lr_scheduler.OneCycleLR(self._adam, rate, steps, pct_start=0.1)

    def step(self, loss: Tensor) -> None:
        self._adam.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(self._weights, 1.0)
        self._adam.step()
        self._cycle.step()
        if self._step % 50 == 0:
            seconds = time.monotonic() - self._started
            print(f"  step {self._step}: loss {float(loss):.4f}, {seconds:.0f} s", flush=True)
        self._step += 1


def train_ctc(speech: list[Spoken], draw: random.Random) -> Ctc:
    model = Ctc(Encoder(), len(PIECES))
    schedule = Schedule([model], STEPS["ctc"], 4e-3)
    for _, (features, frames, labels) in zip(
        range(STEPS["ctc"]), batches(draw, speech, ROWS), strict=False
    ):
        scores = model(features, frames)
        sizes = torch.tensor([len(row) for row in labels])
        loss = nn.functional.ctc_loss(
            scores.transpose(0, 1), torch.tensor(sum(labels, [])), (frames - 1) // 8 + 1, sizes,
            blank=BLANK, zero_infinity=True,
        )  # fmt: skip
        schedule.step(loss)
    return model.eval()


def emitted(scores: Tensor, length: int) -> tuple[list[int], list[int]]:
    """Return the tokens of the best path, and the frame of each."""
    best = scores[:length].argmax(-1).tolist()
    starts = [
        t for t, token in enumerate(best) if token != BLANK and (not t or best[t - 1] != token)
    ]
    return [best[t] for t in starts], starts


def transducer_losses(
    model: Transducer, sound: Tensor, found: list[int], starts: list[int]
) -> list[Tensor]:
    """Return the losses of tokens and durations on all frames of a row.

    A token may also be emitted one or two frames late, in case the frame of its start was skipped.
    """
    length, first = len(sound), torch.tensor(starts)
    at = torch.arange(length)
    said = torch.bucketize(at, first)  # tokens before each frame
    token = torch.full((length,), BLANK)
    token[first] = torch.tensor(found)
    following = torch.tensor([*starts, length])
    for late in (1, 2):
        frames = first + late
        inside = frames < following[1:]
        at = torch.cat([at, frames[inside]])
        said = torch.cat([said, torch.arange(len(starts))[inside]])
        token = torch.cat([token, torch.tensor(found)[inside]])
    for early in (0, 1, 2):  # said too early: not again
        frames = first - early
        inside = frames > torch.tensor([-1, *starts[:-1]])
        at = torch.cat([at, frames[inside]])
        said = torch.cat([said, torch.arange(1, len(starts) + 1)[inside]])
        token = torch.cat([token, torch.full((int(inside.sum()),), BLANK)])
    # One frame at a time while nothing is said, so that no first token of a sentence is skipped.
    after = following[torch.bucketize(at, following, right=True)]
    skip = torch.where(token == BLANK, 1, (after - at - 1).clamp(1, DURATIONS - 1))
    text, _ = model.text(model.embed(torch.tensor([[BLANK, *found]])))
    logits = model.joint(sound[at], text[0, said])
    weights = torch.where(token == BLANK, 1.0, 4.0)  # most frames are blank
    losses = []
    for part, target in ((logits[:, : BLANK + 1], token), (logits[:, BLANK + 1 :], skip)):
        loss = nn.functional.cross_entropy(part, target, reduction="none")
        losses.append((loss * weights).sum() / weights.sum())
    return losses


def train_tdt(ctc: Ctc, speech: list[Spoken], draw: random.Random) -> Transducer:
    """Train a transducer on the frames at which the CTC model emits the text.

    Its target at each frame is the token, or blank, and the distance to the next token.
    """
    model = Transducer(len(PIECES))
    schedule = Schedule([model], STEPS["tdt"], 4e-3)
    for _, (features, frames, labels) in zip(
        range(STEPS["tdt"]), batches(draw, speech, ROWS // 2), strict=False
    ):
        with torch.no_grad():
            sound, lengths = ctc.encoder(features, frames)
            scores = ctc.head(sound)
        losses = []
        for row, length in enumerate(lengths.tolist()):
            found, starts = emitted(scores[row], length)
            if found != labels[row]:
                continue
            losses += transducer_losses(model, sound[row, :length], found, starts)
        if losses:
            schedule.step(torch.stack(losses).mean())
    return model.eval()


def prompt(source: str, target: str) -> list[int]:
    """Return Canary's decoder prompt."""
    names = [
        "\u2581", "<|startofcontext|>", "<|startoftranscript|>", "<|emo:undefined|>",
        f"<|{source}|>", f"<|{target}|>", "<|pnc|>", "<|noitn|>", "<|notimestamp|>",
        "<|nodiarize|>",
    ]  # fmt: skip
    return [CANARY.index(name) for name in names]


def canary_batches(
    draw: random.Random, speech: dict[str, list[Spoken]]
) -> Iterator[tuple[Tensor, Tensor, list[list[int]], list[int]]]:
    """Yield batches of one language whose target is its text, or the English of whole sentences."""
    whole = [spoken for spoken in speech["de"] if spoken[0] in TRANSLATIONS]
    plain = {language: batches(draw, spoken, ROWS // 2, 3) for language, spoken in speech.items()}
    english = [(TRANSLATIONS[text], sound) for text, sound in whole]
    translated = batches(draw, english, ROWS // 4, 3)
    while True:
        for language, source in (("en", plain["en"]), ("de", plain["de"]), ("en", plain["en"])):
            yield *next(source), prompt(language, language)
        yield *next(translated), prompt("de", "en")


def train_canary(
    ctc: Ctc, speech: dict[str, list[Spoken]], draw: random.Random
) -> tuple[CanaryEncoder, CanaryDecoder]:
    encoder, decoder = CanaryEncoder(ctc.encoder), CanaryDecoder(len(CANARY))
    schedule = Schedule([encoder, decoder], STEPS["canary"], 2e-3)
    end, pad = CANARY.index("<|endoftext|>"), CANARY.index("<pad>")
    for _, (features, frames, labels, start) in zip(
        range(STEPS["canary"]), canary_batches(draw, speech), strict=False
    ):
        texts = [[*start, *(len(CONTROL) + piece for piece in row), end] for row in labels]
        width = max(map(len, texts))
        ids = torch.tensor([text + [pad] * (width - len(text)) for text in texts])
        sound, keep = encoder(features, frames)
        empty = torch.zeros(3, len(texts), 0, WIDTH)
        scores, _ = decoder(ids[:, :-1], sound, keep, empty)
        targets = ids[:, 1:].clone()
        targets[:, : len(start) - 1] = pad
        schedule.step(
            nn.functional.nll_loss(
                scores.reshape(-1, scores.shape[-1]), targets.reshape(-1), ignore_index=pad
            )
        )
    return encoder.eval(), decoder.eval()


def save(
    model: nn.Module, path: Path, inputs: dict[str, Tensor], outputs: list[str],
    dynamic: dict[str, dict[int, str]],
) -> None:  # fmt: skip
    """Export a network, and beside it the same in int8."""
    torch.onnx.export(
        model, tuple(inputs.values()), str(path), input_names=list(inputs), output_names=outputs,
        dynamic_axes=dynamic, opset_version=17, dynamo=False,
    )  # fmt: skip
    small = path.with_name(path.name.replace(".onnx", ".int8.onnx"))
    quantize_dynamic(path, small, weight_type=QuantType.QUInt8)


def folder(name: str, kind: str, vocabulary: list[str]) -> Path:
    """Make a model folder with its configuration and vocabulary."""
    made = FOLDER / name
    made.mkdir(exist_ok=True)
    config = {"model_type": kind, "features_size": FEATURES, "subsampling_factor": 8}
    (made / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    lines = "".join(f"{token} {i}\n" for i, token in enumerate(vocabulary))
    (made / "vocab.txt").write_text(lines, encoding="utf-8")
    return made


SOUND = {"audio_signal": torch.zeros(2, FEATURES, 160), "length": torch.tensor([160, 96])}
SOUND_AXES = {"audio_signal": {0: "rows", 2: "time"}, "length": {0: "rows"}}


def save_ctc(model: Ctc) -> None:
    made = folder("ctc", "nemo-conformer-ctc", [*PIECES, "<blk>"])
    axes = {**SOUND_AXES, "logprobs": {0: "rows", 1: "t"}}
    save(model, made / "model.onnx", SOUND, ["logprobs"], axes)


def save_tdt(encoder: Encoder, model: Transducer) -> None:
    made = folder("tdt", "nemo-conformer-tdt", [*PIECES, "<blk>"])
    encoded = {"outputs": {0: "rows", 2: "t"}, "encoded_lengths": {0: "rows"}}
    axes = {**SOUND_AXES, **encoded}
    whole = TransducerEncoder(encoder).eval()
    save(whole, made / "encoder-model.onnx", SOUND, list(encoded), axes)
    hidden = model.embed.embedding_dim
    inputs = {
        "encoder_outputs": torch.zeros(2, WIDTH, 1),
        "targets": torch.zeros(2, 1, dtype=torch.int32),
        "target_length": torch.ones(2, dtype=torch.int32),
        "input_states_1": torch.zeros(1, 2, hidden),
        "input_states_2": torch.zeros(1, 2, hidden),
    }
    names = ["outputs", "prednet_lengths", "output_states_1", "output_states_2"]
    axes = {name: {1 if "states" in name else 0: "rows"} for name in (*inputs, *names)}
    save(model, made / "decoder_joint-model.onnx", inputs, names, axes)
    made = folder("rnnt", "nemo-conformer-rnnt", [*PIECES, "<blk>"])  # the encoder is that of tdt/
    save(Rnnt(model).eval(), made / "decoder_joint-model.onnx", inputs, names, axes)


def save_canary(encoder: CanaryEncoder, decoder: CanaryDecoder) -> None:
    made = folder("canary", "nemo-conformer-aed", CANARY)
    encoded = {"encoder_embeddings": {0: "rows", 1: "t"}, "encoder_mask": {0: "rows", 1: "t"}}
    axes = {**SOUND_AXES, **encoded}
    save(encoder, made / "encoder-model.onnx", SOUND, list(encoded), axes)
    inputs = {
        "input_ids": torch.zeros(2, 3, dtype=torch.int64),
        "encoder_embeddings": torch.zeros(2, 20, WIDTH),
        "encoder_mask": torch.ones(2, 20, dtype=torch.int64),
        "decoder_mems": torch.zeros(3, 2, 4, WIDTH),
    }
    axes = {
        "input_ids": {0: "rows", 1: "new"}, **encoded, "decoder_mems": {1: "rows", 2: "before"},
        "logits": {0: "rows", 1: "new"}, "decoder_hidden_states": {1: "rows", 2: "all"},
    }  # fmt: skip
    save(decoder, made / "decoder-model.onnx", inputs, ["logits", "decoder_hidden_states"], axes)


def main() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    draw = random.Random(0)
    speech = {language: corpus(draw, language, count) for language, count in SENTENCES.items()}
    everything = [spoken for language in speech.values() for spoken in language]
    print(f"{len(PIECES)} word pieces, {len(everything)} sentences")
    ctc = train_ctc(everything, draw)
    for weight in ctc.parameters():  # the other models share its encoder
        weight.requires_grad_(False)
    save_ctc(ctc)
    save_tdt(ctc.encoder, train_tdt(ctc, everything, draw))
    save_canary(*train_canary(ctc, speech, draw))


if __name__ == "__main__":
    main()
