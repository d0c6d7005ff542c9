"""Conversion of Whisper's tokenizer between `tokenizer.json` and a plain list of tokens.

CTranslate2 and ggml store the plain list, in GPT-2's spelling with a visible character per byte.
The list is sufficient, since in byte pair encoding the ranks of tokens determine the merges.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from unispeech import languages
from unispeech.errors import ModelDamaged
from unispeech.models import weight_cache
from unispeech.models.convert.openai_defaults import end_of_text
from unispeech.models.formats.whisper_shape import CANTONESE, ENGLISH, MULTILINGUAL

Fetch = Callable[[str], Path]
"""Function that returns the CTranslate2 folder of a catalog model by name."""

STANDARD = {
    ENGLISH: "3a1f1c010d179f036be1992bc14b861e326341438633869c694dc4dccfe153d3",
    MULTILINGUAL: "de2b51643840893f26b6113b24777bdac8c38a7d05ccb579eeec8da26df76749",
    CANTONESE: "de2b51643840893f26b6113b24777bdac8c38a7d05ccb579eeec8da26df76749",
}
"""sha256 of OpenAI's text tokens, one per line, by vocabulary size."""

END, START, NO_TIMESTAMPS = "<|endoftext|>", "<|startoftranscript|>", "<|notimestamps|>"
TASKS = (
    "<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nocaptions|>",
    NO_TIMESTAMPS,
)  # fmt: skip


@cache
def byte_letters() -> dict[int, str]:
    """Return GPT-2's visible character for every byte (`bytes_to_unicode` of its encoder.py)."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return {**{byte: chr(byte) for byte in printable},
            **{byte: chr(256 + number) for number, byte in enumerate(others)}}  # fmt: skip


def spelled(token: bytes) -> str:
    """Return a token in GPT-2's spelling."""
    letters = byte_letters()
    return "".join(letters[byte] for byte in token)


def bytes_of(word: str) -> bytes:
    """Return the bytes of a token in GPT-2's spelling."""
    byte_of = {letter: byte for byte, letter in byte_letters().items()}
    return bytes(byte_of[letter] for letter in word)


def words_of(tokenizer: str, n_vocab: int) -> list[str]:
    """Return all tokens in the order of their ids, including timestamps.

    Raises:
        ModelDamaged: the tokenizer has more tokens than the model, or lacks some.
    """
    parsed = json.loads(tokenizer)
    by_id = {number: word for word, number in parsed["model"]["vocab"].items()}
    by_id |= {token["id"]: token["content"] for token in parsed["added_tokens"]}
    if len(by_id) > n_vocab or sorted(by_id) != list(range(len(by_id))):
        raise ModelDamaged(
            f"the tokenizer has {max(by_id) + 1} tokens, but the model has {n_vocab}",
            "use the tokenizer of this model",
        )
    words = [by_id[number] for number in range(len(by_id))]
    return words + [f"<|{number * 0.02:.2f}|>" for number in range(n_vocab - len(words))]


def tokenizer_of(words: Sequence[str]) -> str:
    """Return the `tokenizer.json` for a list of tokens."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors

    end = words.index(END)
    last = words.index(NO_TIMESTAMPS) if NO_TIMESTAMPS in words else len(words) - 1
    plain = {word: number for number, word in enumerate(words[:end])}
    tokenizer: Any = Tokenizer(models.BPE(plain, _merges(words[:end])))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(
        [AddedToken(word, special=True, normalized=False) for word in words[end : last + 1]]
    )
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{START} {NO_TIMESTAMPS} $A {END}",
        pair=f"{START} {NO_TIMESTAMPS} $A $B:1 {END}:1",
        special_tokens=[(word, words.index(word)) for word in (START, NO_TIMESTAMPS, END)],
    )
    return str(tokenizer.to_str())


def _merges(words: Sequence[str]) -> list[tuple[str, str]]:
    """Return the two parts that each token longer than a byte is merged from."""
    ranks = {word: rank for rank, word in enumerate(words)}
    merges = []
    for word, rank in ranks.items():
        if len(word) < 2:
            continue
        parts = list(word)
        while len(parts) > 2:
            pairs = [ranks.get(a + b, rank) for a, b in zip(parts, parts[1:], strict=False)]
            best = min(range(len(pairs)), key=pairs.__getitem__)
            if pairs[best] >= rank:
                break
            parts[best : best + 2] = [parts[best] + parts[best + 1]]
        if len(parts) == 2:
            merges.append((parts[0], parts[1]))
    return merges


def standard(n_vocab: int, fetch: Fetch) -> str:
    """Return OpenAI's `tokenizer.json` for a vocabulary of this size.

    Taken from a cached catalog model, else from openai-whisper's data files if installed, else from
    a catalog model that is downloaded for it.

    Raises:
        ModelDamaged: OpenAI has no vocabulary of this size.
        ModelUnavailable: the catalog model could not be downloaded.
    """
    if n_vocab not in (ENGLISH, MULTILINGUAL, CANTONESE):
        raise ModelDamaged(
            f"OpenAI has no vocabulary of {n_vocab} tokens",
            "put the model's own tokenizer.json beside the weights",
        )
    name = "tiny.en" if n_vocab == ENGLISH else "base"
    plain = None if weight_cache.formats(name) else _installed(n_vocab)
    if plain is None:
        text = (fetch(name) / "tokenizer.json").read_text(encoding="utf-8")
        if n_vocab != CANTONESE:
            return text
        plain = words_of(text, MULTILINGUAL)[: end_of_text(n_vocab)]
    return tokenizer_of([*plain, *specials(n_vocab)])


def specials(n_vocab: int) -> list[str]:
    """Return the special tokens of an OpenAI vocabulary, without timestamps."""
    codes = [code for code in _order() if code != "yue" or n_vocab == CANTONESE]
    if n_vocab == ENGLISH:  # the older vocabulary's code for Hebrew
        codes[codes.index("he")] = "iw"
    return [END, START, *(f"<|{code}|>" for code in codes), *TASKS]


def _order() -> list[str]:
    """Return the language codes in the order of OpenAI's tokens (by hours of training data)."""
    codes = (
        "en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no "
        "th ur hr bg lt la mi ml cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw "
        "gl mr pa si km sn yo so af oc ka be tg sd gu am yi lo uz fo ht ps tk nn mt sa lb my bo tl "
        "mg as tt haw ln ha ba jw su yue"
    )
    return codes.split()


def _installed(n_vocab: int) -> list[str] | None:
    """Return the text tokens from openai-whisper's files, without importing it."""
    spec = find_spec("whisper")
    if spec is None or not spec.submodule_search_locations:
        return None
    name = "gpt2" if n_vocab == ENGLISH else "multilingual"
    path = Path(spec.submodule_search_locations[0]) / "assets" / f"{name}.tiktoken"
    if not path.is_file():
        return None
    ranked = [line.split() for line in path.read_bytes().splitlines() if line]
    ranked.sort(key=lambda pair: int(pair[1]))
    return [spelled(base64.b64decode(token)) for token, _ in ranked]


def language_ids(words: Sequence[str]) -> dict[str, int]:
    """Return the ids of the language tokens (`<|xx|>`)."""
    return {
        word: number
        for number, word in enumerate(words)
        if word.startswith("<|") and word[2:-2] in languages.WHISPER
    }


def must_be_standard(tokenizer: str, n_vocab: int, what: str) -> None:
    """Refuse a vocabulary other than OpenAI's, for formats whose readers support no other.

    Raises:
        ModelDamaged: the vocabulary is not OpenAI's.
    """
    words = words_of(tokenizer, n_vocab)
    plain = words[: end_of_text(n_vocab)] if n_vocab in STANDARD else []
    if hashlib.sha256("\n".join(plain).encode()).hexdigest() != STANDARD.get(n_vocab):
        raise ModelDamaged(
            f"{what} cannot store this model: its vocabulary is not OpenAI's",
            "use a backend that reads CTranslate2 or Hugging Face folders",
        )
