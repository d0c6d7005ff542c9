"""OpenAI's generation settings, as data, for formats that do not store them.

Alignment heads: openai/whisper `__init__.py`. Suppressed tokens: `non_speech_tokens` of its
`tokenizer.py` and the special tokens, as in the generation_config.json of the Hub's `openai/*`.
"""

from __future__ import annotations

import base64
import gzip
from dataclasses import dataclass

from unispeech.models.formats.whisper_shape import CANTONESE, ENGLISH, MULTILINGUAL, Dims

Heads = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Generation:
    """A model's generation settings."""

    alignment_heads: Heads
    """(layer, head) pairs of the cross-attention heads that align with word times."""
    suppress: tuple[int, ...]
    """Tokens that are always suppressed."""
    suppress_begin: tuple[int, ...]
    """Tokens that are suppressed at the beginning."""
    languages: tuple[int, ...]
    """The ids of the language tokens, in order."""


_HEADS = {
    # (text layers, text width, vocabulary, audio layers): base85 of a gzipped boolean array
    (4, 384, ENGLISH, 4): b"ABzY8J1N>@0{>%R00Bk>$p{7v037`oCl~+#00",
    (4, 384, MULTILINGUAL, 4): b"ABzY8bu8Lr0{>%RKn9Fp%m@SkK7Kt=7ytkO",
    (6, 512, ENGLISH, 6): b"ABzY8;40c<0{>%RzzG;p*o+Vo09|#PsxSZm00",
    (6, 512, MULTILINGUAL, 6): b"ABzY8KQ!870{>%RzyTQH3`Q^yNP!>##QT-<FaQ7m",
    (12, 768, ENGLISH, 12): b"ABzY8>?_)10{>%RpeA61k&I|OI3I$65C{;;pbCHh0B{qLQ;+}v00",
    (12, 768, MULTILINGUAL, 12): b"ABzY8DmU6=0{>%Rpa?J`kvJ6qF(V^F86#Xh7JUGMK}P<N0000",
    (24, 1024, ENGLISH, 24): b"ABzY8usPae0{>%R7<zz_OvQ{)4kMa0BMw6u5rT}kRKX;$NfYBv00*Hl@qhsU00",
    (24, 1024, MULTILINGUAL, 24): b"ABzY8B0Jh+0{>%R7}kK1fFL7w6%<-Pf*t^=N)Qr&0RR9",
    # the heads of large-v2; large-v1, which is rarely used, has the same shape
    (32, 1280, MULTILINGUAL, 32): (
        b"ABzY8zd+h!0{>%R7=D0pU<_bnWW*tkYAhobTNnu$jnkEkXqp)j;w1Tzk)UH3X%SZd&fFZ2fC2yj"
    ),
    (32, 1280, CANTONESE, 32): (b"ABzY8gWO1E0{>%R7(9S+Kn!D~%ngiGaR?*L!iJG9p-nab0JQ=-{D1-g00"),
    (4, 1280, CANTONESE, 32): b"ABzY8j^C+e0{>%RARaKHP%t(lGR*)0g!tONPyhe`",
}

_ENGLISH_SUPPRESSED = (
    1, 2, 7, 8, 9, 10, 14, 25, 26, 27, 28, 29, 31, 58, 59, 60, 61, 62, 63, 90, 91, 92, 93, 357,
    366, 438, 532, 685, 705, 796, 930, 1058, 1220, 1267, 1279, 1303, 1343, 1377, 1391, 1635, 1782,
    1875, 2162, 2361, 2488, 3467, 4008, 4211, 4600, 4808, 5299, 5855, 6329, 7203, 9609, 9959,
    10563, 10786, 11420, 11709, 11907, 13163, 13697, 13700, 14808, 15306, 16410, 16791, 17992,
    19203, 19510, 20724, 22305, 22935, 27007, 30109, 30420, 33409, 34949, 40283, 40493, 40549,
    47282, 49146,
)  # fmt: skip
_MULTILINGUAL_SUPPRESSED = (
    1, 2, 7, 8, 9, 10, 14, 25, 26, 27, 28, 29, 31, 58, 59, 60, 61, 62, 63, 90, 91, 92, 93, 359,
    503, 522, 542, 873, 893, 902, 918, 922, 931, 1350, 1853, 1982, 2460, 2627, 3246, 3253, 3268,
    3536, 3846, 3961, 4183, 4667, 6585, 6647, 7273, 9061, 9383, 10428, 10929, 11938, 12033, 12331,
    12562, 13793, 14157, 14635, 15265, 15618, 16553, 16604, 18362, 18956, 20075, 21675, 22520,
    26130, 26161, 26435, 28279, 29464, 31650, 32302, 32470, 36865, 42863, 47425, 49870, 50254,
)  # fmt: skip


def alignment_heads(dims: Dims) -> Heads:
    """Return OpenAI's heads for models of this shape, else all heads of the upper layers."""
    import numpy as np

    shape = (dims.n_text_layer, dims.n_text_state, dims.n_vocab, dims.n_audio_layer)
    if shape in _HEADS:
        raw = gzip.decompress(base64.b85decode(_HEADS[shape]))
        flags = np.frombuffer(raw, dtype=bool).reshape(dims.n_text_layer, dims.n_text_head)
        return tuple((int(layer), int(head)) for layer, head in np.argwhere(flags))
    upper = range(dims.n_text_layer // 2, dims.n_text_layer)
    return tuple((layer, head) for layer in upper for head in range(dims.n_text_head))


def generation(dims: Dims) -> Generation:
    """Return the settings of OpenAI's models with this vocabulary."""
    end = end_of_text(dims.n_vocab)
    first = end + 2  # after <|startoftranscript|>
    count = dims.n_vocab - 51765 - (dims.n_vocab > ENGLISH)
    after = first + count
    plain = _ENGLISH_SUPPRESSED if dims.n_vocab == ENGLISH else _MULTILINGUAL_SUPPRESSED
    return Generation(
        alignment_heads=alignment_heads(dims),
        # the start, and from <|translate|> to <|nospeech|>
        suppress=(*plain, end + 1, *range(after, after + 5)),
        suppress_begin=(220, end),
        # English models have unused language tokens; published conversions list all but <|en|>.
        languages=tuple(range(first + (dims.n_vocab == ENGLISH), after)),
    )


def end_of_text(n_vocab: int) -> int:
    """Return the id of <|endoftext|>."""
    return 50256 if n_vocab == ENGLISH else 50257
