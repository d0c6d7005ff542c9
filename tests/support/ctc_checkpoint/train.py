"""Train the small checkpoint beside this file (`python tests/support/ctc_checkpoint/train.py`).

It is no MMS. It has MMS's architecture and layout (`Wav2Vec2ForCTC` with an attention adapter and
an output layer per language, each in a file of its own, a vocabulary per language, and a language
identification model as a second folder), but it is 3,000 times smaller and knows 12 English and 12
Russian words, as espeak-ng 1.51 says them. With it the real loading, adapter and decoding code is
tested on speech whose words are known; what it says of anybody's recording means nothing.

The speech is espeak-ng's (`apt-get install espeak-ng`), whose licence claims nothing on the audio
it makes; the sentences are drawn at random from our own lists, and the weights start at random. So
all of it is under this project's licence. Takes about twenty minutes of one core.

Writes `model/`, `lid/` and `clips/` (held-out sentences: FLAC, and their texts in `texts.json`).
"""

import argparse
import copy
import math
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors.torch import save_file
from speech import RATE, WORDS, Samples, Spoken, corpus, quiet_room, row, save_clips, write_json
from transformers import (
    Wav2Vec2Config,
    Wav2Vec2FeatureExtractor,
    Wav2Vec2ForCTC,
    Wav2Vec2ForSequenceClassification,
)

FOLDER = Path(__file__).parent
HELD_OUT = 12
GAIN = 0.7
"""How much louder or quieter sound is made, at most, as a natural logarithm."""


class Round(NamedTuple):
    """A part of the training, on sentences of its own."""

    sentences: int  # spoken, a language
    steps: int
    rate: float  # the highest learning rate
    batch: int
    rows: tuple[int, ...]  # how many sentences there are in a row
    gap: float  # seconds of silence, at most, around each of them
    attention: float  # the learning rate of attention, as a part of the others'


# At first there is no attention: left to itself, the model looks a word up when it is over, and in
# a long sound it finds another. So it learns to write each letter where it hears it. Then it hears
# other sentences, so that it does not know them by heart, and rows of up to half a minute, so that
# it does not mind how long a sound is; attention is there from now on, and learns slowly.
ROUNDS = (
    Round(300, 1400, 3e-3, batch=8, rows=(1, 1, 1, 1, 2), gap=0.25, attention=0.0),
    Round(300, 300, 1.5e-3, batch=6, rows=(1, 2, 3), gap=1.0, attention=0.1),
    Round(300, 100, 1e-3, batch=4, rows=(1, 1, 1, 4, 8, 12), gap=2.5, attention=0.1),
)
LID_STEPS = 200


def vocabulary(language: str) -> dict[str, int]:
    """MMS's layout: four special tokens, `|` between words, then the letters."""
    letters = sorted(set("".join(WORDS[language])))
    tokens = ["<pad>", "<s>", "</s>", "<unk>", "|", *letters]
    return {token: number for number, token in enumerate(tokens)}


def config(size: int) -> Wav2Vec2Config:
    return Wav2Vec2Config(
        vocab_size=size,
        hidden_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=192,
        conv_dim=(48,) * 5,
        conv_kernel=(20, 8, 3, 3, 2),
        conv_stride=(10, 4, 2, 2, 2),  # 320 in all, as MMS, in fewer and cheaper layers
        conv_bias=True,
        feat_extract_norm="layer",  # as MMS: nothing is averaged over the recording
        do_stable_layer_norm=True,
        num_conv_pos_embeddings=64,  # 1.28 s, a word and what is next to it
        num_conv_pos_embedding_groups=4,
        adapter_attn_dim=8,
        hidden_dropout=0.0,
        attention_dropout=0.0,
        activation_dropout=0.0,
        feat_proj_dropout=0.0,
        final_dropout=0.0,
        layerdrop=0.0,
        apply_spec_augment=False,
        ctc_loss_reduction="mean",
        ctc_zero_infinity=True,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
    )


def own(name: str) -> bool:
    """Whether a parameter is a language's own."""
    return "adapter_layer" in name or name.startswith("lm_head")


def models() -> dict[str, Wav2Vec2ForCTC]:
    """A model per language, all of whose parameters but the adapters are the same objects.

    What their attention finds is multiplied by zero, until it is trained.
    """
    torch.manual_seed(1)
    made = {lang: Wav2Vec2ForCTC(config(len(vocabulary(lang)))) for lang in WORDS}
    first, *others = made.values()
    for name, weights in first.named_parameters():
        if name.endswith("attention.out_proj.weight"):
            torch.nn.init.zeros_(weights)
    for other in others:
        for path, module in list(other.named_modules()):
            for name, _ in list(module.named_parameters(recurse=False)):
                if not own(f"{path}.{name}"):
                    setattr(module, name, getattr(first.get_submodule(path), name))
    return made


def batches(
    draw: random.Random, speech: list[Spoken], tokens: dict[str, int], part: Round
) -> Iterator[dict[str, torch.Tensor]]:
    """For ever: rows of about one length, each louder or quieter than the extractor makes it.

    It divides by the deviation of the whole, which depends on how much of it is silence.
    """
    extract = Wav2Vec2FeatureExtractor(return_attention_mask=True)
    while True:
        drawn = [draw.sample(speech, draw.choice(part.rows)) for _ in range(part.batch * 4)]
        drawn.sort(key=lambda parts: sum(len(samples) for _, samples in parts))
        groups = [drawn[i : i + part.batch] for i in range(0, len(drawn), part.batch)]
        for group in draw.sample(groups, len(groups)):
            texts, sounds = zip(*(row(draw, parts, part.gap) for parts in group), strict=True)
            # After each word its mark, also after the last: the next sentence is a new word.
            labels = [[tokens[c] for c in f"{text} ".replace(" ", "|")] for text in texts]
            width = max(map(len, labels))
            inputs = extract(list(sounds), sampling_rate=RATE, padding=True, return_tensors="pt")
            inputs["input_values"] *= torch.tensor(
                [[math.exp(draw.uniform(-GAIN, GAIN))] for _ in group]
            )
            padded = [ids + [-100] * (width - len(ids)) for ids in labels]
            yield {**inputs, "labels": torch.tensor(padded)}


def train(
    by_language: dict[str, Wav2Vec2ForCTC], speech: dict[str, list[Spoken]], part: Round
) -> None:
    draw = random.Random(2)
    feeds = {lang: batches(draw, speech[lang], vocabulary(lang), part) for lang in speech}
    named = {id(p): (n, p) for m in by_language.values() for n, p in m.named_parameters()}
    attention = [p for n, p in named.values() if ".attention." in n]
    others = [p for n, p in named.values() if ".attention." not in n]
    for parameter in attention:
        parameter.requires_grad_(part.attention > 0)
    optimizer = torch.optim.AdamW(
        [{"params": others, "part": 1.0}, {"params": attention, "part": part.attention}],
        weight_decay=0.01,
    )
    began = time.monotonic()
    for step in range(part.steps):
        done = step / part.steps
        rate = part.rate * min(1.0, (step + 1) / 60, 2.5 * (1 - done) + 0.01)
        for group in optimizer.param_groups:
            group["lr"] = rate * group["part"]
        losses = {}
        for language, model in by_language.items():
            loss = model(**next(feeds[language])).loss
            loss.backward()
            losses[language] = round(loss.item(), 3)
        torch.nn.utils.clip_grad_norm_(others + attention, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if step % 25 == 0:
            print(f"step {step} {time.monotonic() - began:.0f} s {losses}", flush=True)


def hear(model: Wav2Vec2ForCTC, tokens: dict[str, int], samples: Samples) -> str:
    extract = Wav2Vec2FeatureExtractor()
    with torch.inference_mode():
        values = extract(samples, sampling_rate=RATE, return_tensors="pt").input_values
        best = model(values).logits[0].argmax(-1).tolist()
    names = {number: token for token, number in tokens.items()}
    kept = [b for a, b in zip([-1, *best], best, strict=False) if a != b and b != 0]
    return "".join(names[b] for b in kept).replace("|", " ").strip()


def train_lid(
    ctc: Wav2Vec2ForCTC, speech: dict[str, list[Spoken]], steps: int
) -> Wav2Vec2ForSequenceClassification:
    """A classifier of languages on the trained encoder without its adapters."""
    settings = copy.deepcopy(ctc.config)
    settings.update(
        {
            "adapter_attn_dim": None,
            "num_hidden_layers": 1,
            "classifier_proj_size": 32,
            "num_labels": len(WORDS),
            "id2label": dict(enumerate(WORDS)),
            "label2id": {lang: number for number, lang in enumerate(WORDS)},
        }
    )
    model = Wav2Vec2ForSequenceClassification(settings)
    model.load_state_dict(ctc.state_dict(), strict=False)
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-4)
    extract = Wav2Vec2FeatureExtractor(return_attention_mask=True)
    draw = random.Random(3)
    for step in range(steps):
        numbers = [draw.randrange(len(WORDS)) for _ in range(8)]
        drawn = [row(draw, [draw.choice(speech[list(WORDS)[n]])], 1.0) for n in numbers]
        sounds = [samples for _, samples in drawn]
        inputs = extract(sounds, sampling_rate=RATE, padding=True, return_tensors="pt")
        loss = model(**inputs, labels=torch.tensor(numbers)).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        if step % 20 == 0:
            print(f"lid step {step} {loss.item():.3f}", flush=True)
    model.eval()
    return model


def save(place: Path, by_language: dict[str, Wav2Vec2ForCTC]) -> None:
    """As MMS lies on the Hub, in float16."""
    folder = place / "model"
    for language, model in by_language.items():
        if language == "eng":
            copy.deepcopy(model).half().save_pretrained(folder)
        weights = {
            name: value.detach().half().contiguous()
            for name, value in model.state_dict().items()
            if own(name)
        }
        save_file(weights, folder / f"adapter.{language}.safetensors", {"format": "pt"})
    write_json(folder / "vocab.json", {lang: vocabulary(lang) for lang in WORDS})
    special = {
        "tokenizer_class": "Wav2Vec2CTCTokenizer",
        "target_lang": "eng",
        "pad_token": "<pad>",
        "bos_token": "<s>",
        "eos_token": "</s>",
        "unk_token": "<unk>",
        "word_delimiter_token": "|",
        "do_lower_case": False,
    }
    write_json(folder / "tokenizer_config.json", special)
    Wav2Vec2FeatureExtractor(return_attention_mask=True).save_pretrained(folder)


def save_lid(place: Path, lid: Wav2Vec2ForSequenceClassification) -> None:
    lid.half().save_pretrained(place / "lid")
    Wav2Vec2FeatureExtractor(return_attention_mask=True).save_pretrained(place / "lid")


def examine(by_language: dict[str, Wav2Vec2ForCTC], held: dict[str, list[Spoken]]) -> None:
    """Say how the held-out sentences come out."""
    for language, model in by_language.items():
        model.eval()
        for text, samples in held[language]:
            heard = hear(model, vocabulary(language), samples)
            print("ok " if heard == text else "BAD", text, "" if heard == text else f"-> {heard}")
        model.train()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=FOLDER, help="where it is written")
    parser.add_argument("--part", type=float, default=1.0, help="of it all, to try it out")
    args = parser.parse_args()
    draw = random.Random(0)
    held = {lang: [quiet_room(*one) for one in corpus(draw, lang, HELD_OUT)] for lang in WORDS}
    unlike = {lang: [text for text, _ in held[lang]] for lang in WORDS}
    save_clips(args.out / "clips", held)
    by_language = models()
    for part in ROUNDS:
        part = part._replace(
            steps=math.ceil(part.steps * args.part),
            sentences=max(HELD_OUT, math.ceil(part.sentences * args.part)),
        )
        speech = {lang: corpus(draw, lang, part.sentences, unlike[lang]) for lang in WORDS}
        train(by_language, speech, part)
        save(args.out, by_language)
        examine(by_language, held)
    save_lid(args.out, train_lid(by_language["eng"], speech, math.ceil(LID_STEPS * args.part)))


if __name__ == "__main__":
    main()
