"""The small networks: an encoder as long as its sound, and one decoder per kind of model."""

import math

import torch
from torch import Tensor, nn

FEATURES = 80
WIDTH = 96
DURATIONS = 5
"""A TDT model skips 0 to 4 frames after each step."""


class Encoder(nn.Module):
    """Log-mel features to one vector per 80 ms: strided convolutions, then blocks of them.

    Like NeMo's, it masks what is beyond the length of each row, so that a row's output does not
    depend on the others.
    """

    def __init__(self, blocks: int = 4) -> None:
        super().__init__()
        sizes = (FEATURES, 64, 64, WIDTH)
        self.strided = nn.ModuleList(
            nn.Conv1d(a, b, 5, stride=2, padding=2) for a, b in zip(sizes, sizes[1:], strict=False)
        )
        self.blocks = nn.ModuleList(Block() for _ in range(blocks))

    def forward(self, features: Tensor, length: Tensor) -> tuple[Tensor, Tensor]:
        """Map (rows, 80, frames) to (rows, frames / 8, width), and the lengths."""
        values = features
        for layer in self.strided:
            length = (length - 1) // 2 + 1
            values = torch.relu(layer(values))
            values = values * mask(length, values.shape[2])[:, None]
        keep = mask(length, values.shape[2])[:, None]
        for block in self.blocks:
            values = block(values) * keep
        return values.transpose(1, 2), length


class Block(nn.Module):
    """A depthwise convolution over 0.7 s and a feed-forward layer, with a residual."""

    def __init__(self) -> None:
        super().__init__()
        self.along = nn.Conv1d(WIDTH, WIDTH, 9, padding=4, groups=WIDTH)
        self.norm = nn.LayerNorm(WIDTH)
        self.up, self.down = nn.Linear(WIDTH, 2 * WIDTH), nn.Linear(2 * WIDTH, WIDTH)

    def forward(self, values: Tensor) -> Tensor:
        mixed = self.norm(self.along(values).transpose(1, 2))
        changed: Tensor = values + self.down(torch.relu(self.up(mixed))).transpose(1, 2)
        return changed


def mask(length: Tensor, frames: int) -> Tensor:
    """Return 1.0 for the frames inside each row's length, else 0.0."""
    return (torch.arange(frames)[None] < length[:, None]).float()


class Ctc(nn.Module):
    """NeMo's `model.onnx`: features to log probabilities per frame; the last token is blank."""

    def __init__(self, encoder: Encoder, tokens: int) -> None:
        super().__init__()
        self.encoder, self.head = encoder, nn.Linear(WIDTH, tokens + 1)

    def forward(self, audio_signal: Tensor, length: Tensor) -> Tensor:
        return torch.log_softmax(self.head(self.encoder(audio_signal, length)[0]), -1)


class TransducerEncoder(nn.Module):
    """NeMo's `encoder-model.onnx` of a transducer."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, audio_signal: Tensor, length: Tensor) -> tuple[Tensor, Tensor]:
        values, lengths = self.encoder(audio_signal, length)
        return values.transpose(1, 2), lengths


class Transducer(nn.Module):
    """NeMo's `decoder_joint-model.onnx`: an LSTM over the text, and the joint network.

    The outputs are logits of the tokens, of blank, and of the durations.
    """

    def __init__(self, tokens: int, hidden: int = 64) -> None:
        super().__init__()
        self.embed = nn.Embedding(tokens + 1, hidden)
        self.text = nn.LSTM(hidden, hidden, batch_first=True)
        self.from_sound, self.from_text = nn.Linear(WIDTH, 128), nn.Linear(hidden, 128)
        self.out = nn.Linear(128, tokens + 1 + DURATIONS)

    def joint(self, sound: Tensor, text: Tensor) -> Tensor:
        """Combine vectors of sound and text, of the same shape but for the last dimension."""
        logits: Tensor = self.out(torch.tanh(self.from_sound(sound) + self.from_text(text)))
        return logits

    def forward(
        self,
        encoder_outputs: Tensor,
        targets: Tensor,
        target_length: Tensor,
        input_states_1: Tensor,
        input_states_2: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        text, (h, c) = self.text(self.embed(targets), (input_states_1, input_states_2))
        logits = self.joint(encoder_outputs.transpose(1, 2)[:, :, None], text[:, None])
        return logits, target_length + 0, h, c


class Rnnt(nn.Module):
    """A transducer without its durations."""

    def __init__(self, transducer: Transducer) -> None:
        super().__init__()
        self.transducer = transducer

    def forward(
        self,
        encoder_outputs: Tensor,
        targets: Tensor,
        target_length: Tensor,
        input_states_1: Tensor,
        input_states_2: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        logits, *others = self.transducer(
            encoder_outputs, targets, target_length, input_states_1, input_states_2
        )
        return logits[..., :-DURATIONS], *others


class CanaryEncoder(nn.Module):
    """NeMo's `encoder-model.onnx` of an attention decoder: vectors with positions, and a mask."""

    def __init__(self, encoder: Encoder) -> None:
        super().__init__()
        self.encoder, self.norm = encoder, nn.LayerNorm(WIDTH)

    def forward(self, audio_signal: Tensor, length: Tensor) -> tuple[Tensor, Tensor]:
        values, lengths = self.encoder(audio_signal, length)
        frames = values.shape[1]
        return self.norm(values) + positions(torch.arange(frames)), mask(lengths, frames).long()


class CanaryDecoder(nn.Module):
    """NeMo's `decoder-model.onnx`: a transformer decoder that is given what it has read before.

    `decoder_mems` (layers + 1, rows, tokens so far, width) grows by the tokens of a call.
    """

    def __init__(self, tokens: int, layers: int = 2) -> None:
        super().__init__()
        self.embed = nn.Embedding(tokens, WIDTH)
        self.layers = nn.ModuleList(DecoderLayer() for _ in range(layers))
        self.norm, self.out = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, tokens)

    def forward(
        self,
        input_ids: Tensor,
        encoder_embeddings: Tensor,
        encoder_mask: Tensor,
        decoder_mems: Tensor,
    ) -> tuple[Tensor, Tensor]:
        before = decoder_mems.shape[2]
        at = torch.arange(input_ids.shape[1]) + before
        values = self.embed(input_ids) + positions(at)
        causal = torch.arange(before + input_ids.shape[1])[None] > at[:, None]
        blocked = (1.0 - encoder_mask.float())[:, None] * -1e4
        memories = []
        for number, layer in enumerate(self.layers):
            history = torch.cat([decoder_mems[number], values], 1)
            memories.append(history)
            values = layer(values, history, causal.float() * -1e4, encoder_embeddings, blocked)
        memories.append(torch.cat([decoder_mems[len(self.layers)], values], 1))
        return torch.log_softmax(self.out(self.norm(values)), -1), torch.stack(memories)


class DecoderLayer(nn.Module):
    """Attention to the text, attention to the sound, and a feed-forward layer."""

    def __init__(self) -> None:
        super().__init__()
        self.text, self.sound = Attention(), Attention()
        self.up, self.down = nn.Linear(WIDTH, 2 * WIDTH), nn.Linear(2 * WIDTH, WIDTH)
        self.norms = nn.ModuleList(nn.LayerNorm(WIDTH) for _ in range(3))

    def forward(
        self, values: Tensor, history: Tensor, causal: Tensor, sound: Tensor, blocked: Tensor
    ) -> Tensor:
        values = values + self.text(self.norms[0](values), self.norms[0](history), causal)
        values = values + self.sound(self.norms[1](values), sound, blocked)
        changed: Tensor = values + self.down(torch.relu(self.up(self.norms[2](values))))
        return changed


class Attention(nn.Module):
    """Scaled dot-product attention with four heads."""

    HEADS = 4

    def __init__(self) -> None:
        super().__init__()
        self.ask, self.key, self.value, self.out = (nn.Linear(WIDTH, WIDTH) for _ in range(4))

    def forward(self, values: Tensor, source: Tensor, bias: Tensor) -> Tensor:
        ask, key, value = (
            layer(x).reshape(x.shape[0], -1, self.HEADS, WIDTH // self.HEADS).transpose(1, 2)
            for layer, x in ((self.ask, values), (self.key, source), (self.value, source))
        )
        scores = ask @ key.transpose(2, 3) / math.sqrt(WIDTH // self.HEADS)
        if bias.dim() == 3:
            bias = bias[:, None]
        mixed = torch.softmax(scores + bias, -1) @ value
        result: Tensor = self.out(mixed.transpose(1, 2).reshape(values.shape[0], -1, WIDTH))
        return result


def positions(at: Tensor) -> Tensor:
    """Return sinusoids of a position in the input, shape (positions, width)."""
    rates = torch.exp(torch.arange(0, WIDTH, 2) * (-math.log(1000.0) / WIDTH))
    angles = at[:, None].float() * rates[None]
    return torch.cat([torch.sin(angles), torch.cos(angles)], 1)
