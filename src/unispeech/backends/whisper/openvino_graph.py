"""Whisper as OpenVINO graphs, built from its tensors (openai/whisper, model.py).

Two graphs with the inputs, outputs and states that openvino-genai's pipeline expects: an encoder,
and a decoder that keeps its keys and values between calls until its state is reset.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from unispeech.system.openvino_library import Variable, VariableInfo, op, ov
from unispeech.types import Floats

Tensors = Mapping[str, Any]


class Graph:
    """Building blocks of both graphs. `int8` stores the large matrices in int8, scaled per row.

    `bfloat16` stores and multiplies them in bfloat16. OpenVINO keeps the matrices of a graph beside
    the packed ones that its kernels use, so float32 would cost as much again (decision 0124).
    """

    def __init__(self, tensors: Tensors, heads: int, int8: bool, bfloat16: bool = False) -> None:
        self._tensors = tensors
        self._heads = heads
        self._int8 = int8
        self._bfloat16 = bfloat16

    def constant(self, name: str) -> Any:
        return op.constant(np.asarray(self._tensors[name], np.float32))

    def matrix(self, name: str) -> Any:
        """Return weights of shape (out, in)."""
        values = np.asarray(self._tensors[name], np.float32)
        if not self._int8:
            return op.constant(values)
        scale = np.maximum(np.abs(values).max(axis=1, keepdims=True), 1e-8) / 127
        small = op.constant(np.round(values / scale).astype(np.int8))
        return op.multiply(op.convert(small, "f32"), op.constant(scale.astype(np.float32)))

    def linear(self, x: Any, name: str) -> Any:
        y = self._product(x, f"{name}.weight")
        bias = f"{name}.bias"
        return op.add(y, self.constant(bias)) if bias in self._tensors else y

    def _product(self, x: Any, name: str) -> Any:
        if not self._bfloat16:
            return op.matmul(x, self.matrix(name), False, True)
        matrix = bfloat16_constant(np.asarray(self._tensors[name], np.float32))
        return op.convert(op.matmul(op.convert(x, "bf16"), matrix, False, True), "f32")

    def norm(self, x: Any, name: str) -> Any:
        axes = op.constant(np.array([-1], np.int64))
        y = op.mvn(x, axes, True, 1e-5, "inside_sqrt")
        return op.add(
            op.multiply(y, self.constant(f"{name}.weight")), self.constant(f"{name}.bias")
        )

    def split(self, x: Any, width: int) -> Any:
        """Reshape (batch, length, width) to (batch, heads, length, head width)."""
        shape = op.constant(np.array([0, 0, self._heads, width // self._heads], np.int64))
        order = op.constant(np.array([0, 2, 1, 3], np.int64))
        return op.transpose(op.reshape(x, shape, True), order)

    def join(self, x: Any, width: int) -> Any:
        order = op.constant(np.array([0, 2, 1, 3], np.int64))
        shape = op.constant(np.array([0, 0, width], np.int64))
        return op.reshape(op.transpose(x, order), shape, True)

    def mlp(self, x: Any, name: str) -> Any:
        y = self.linear(self.norm(x, f"{name}.final_layer_norm"), f"{name}.fc1")
        return op.add(x, self.linear(op.gelu(y, "erf"), f"{name}.fc2"))


def bfloat16_constant(values: Floats) -> Any:
    """Round float32 to the nearest bfloat16, which numpy lacks: the upper half of a float32."""
    bits = np.ascontiguousarray(values).view(np.uint32)
    tensor = ov.Tensor(ov.Type.bf16, ov.Shape(list(values.shape)))
    to_even = (bits >> 16) & 1
    np.asarray(tensor.data).view(np.uint16)[...] = (bits + 0x7FFF + to_even) >> 16
    return ov.op.Constant(tensor, shared_memory=True)


def encoder(
    tensors: Tensors,
    config: Mapping[str, Any],
    int8: bool,
    cross: ov.Type | None = None,
    bfloat16: bool = False,
) -> ov.Model:
    """Map `input_features` (batch, mels, frames) to `last_hidden_state` (batch, frames / 2, width).

    With `cross`, output the keys and values of the decoder's cross-attention instead, in that type:
    `<layer>.k` and `<layer>.v` for each decoder layer.
    """
    heads, width = config["encoder_attention_heads"], config["d_model"]
    graph = Graph(tensors, heads, int8, bfloat16)
    features = _input("input_features", [-1, config["num_mel_bins"], -1], ov.Type.f32)
    x: Any = features
    for number, stride in ((1, 1), (2, 2)):
        name = f"model.encoder.conv{number}"
        x = op.convolution(x, graph.constant(f"{name}.weight"), [stride], [1], [1], [1])
        bias = op.reshape(graph.constant(f"{name}.bias"), op.constant([1, width, 1]), False)
        x = op.gelu(op.add(x, bias), "erf")
    x = op.transpose(x, op.constant(np.array([0, 2, 1], np.int64)))
    positions = graph.constant("model.encoder.embed_positions.weight")
    x = op.add(x, _first(positions, _size(x, 1)))
    for layer in range(config["encoder_layers"]):
        name = f"model.encoder.layers.{layer}"
        y = graph.norm(x, f"{name}.self_attn_layer_norm")
        query, key, value = (
            graph.split(graph.linear(y, f"{name}.self_attn.{part}_proj"), width) for part in "qkv"
        )
        attended = graph.join(op.scaled_dot_product_attention(query, key, value), width)
        x = op.add(x, graph.linear(attended, f"{name}.self_attn.out_proj"))
        x = graph.mlp(x, name)
    x = graph.norm(x, "model.encoder.layer_norm")
    if cross is None:
        x.output(0).get_tensor().set_names({"last_hidden_state"})
        return ov.Model([op.result(x)], [features], "encoder")
    results = []
    for layer, part in _cross(config):
        y = graph.linear(x, f"model.decoder.layers.{layer}.encoder_attn.{part}_proj")
        y = op.convert(graph.split(y, width), cross)
        y.output(0).get_tensor().set_names({f"{layer}.{part}"})
        results.append(op.result(y))
    return ov.Model(results, [features], "encoder")


def _cross(config: Mapping[str, Any]) -> list[tuple[int, str]]:
    return [(layer, part) for layer in range(config["decoder_layers"]) for part in "kv"]


def decoder(
    tensors: Tensors, config: Mapping[str, Any], int8: bool, cross: ov.Type | None = None
) -> ov.Model:
    """Append `input_ids` (batch, length), and output the next `logits` (batch, 1, vocabulary).

    `beam_idx` (batch,) is the row of the previous call that each row continues. The encoder's
    output is `encoder_hidden_states`, or with `cross` the outputs of an encoder with `cross`.
    """
    heads, width = config["decoder_attention_heads"], config["d_model"]
    graph = Graph(tensors, heads, int8)
    ids = _input("input_ids", [-1, -1], ov.Type.i64)
    beams = _input("beam_idx", [-1], ov.Type.i32)
    if cross is None:
        encoded = [_input("encoder_hidden_states", [-1, -1, width], ov.Type.f32)]
    else:
        shape = [-1, heads, -1, width // heads]
        encoded = [_input(f"{layer}.{part}", shape, cross) for layer, part in _cross(config)]
    states = _States(graph, width, beams)
    rows, length = _size(ids, 0), _size(ids, 1)
    layers = range(config["decoder_layers"])
    pasts = [states.past(f"{layer}.key", rows) for layer in layers]
    past = _size(pasts[0], 2)
    ahead = op.range(past, op.add(past, length), op.constant(np.int64(1)), "i64")
    x = op.gather(graph.matrix("model.decoder.embed_tokens.weight"), ids, op.constant(np.int64(0)))
    positions = graph.constant("model.decoder.embed_positions.weight")
    x = op.add(x, op.gather(positions, ahead, op.constant(np.int64(0))))
    mask = _causal(ahead, op.add(past, length))
    for layer, past_key in zip(layers, pasts, strict=True):
        name = f"model.decoder.layers.{layer}"
        y = graph.norm(x, f"{name}.self_attn_layer_norm")
        query, key, value = (
            graph.split(graph.linear(y, f"{name}.self_attn.{part}_proj"), width) for part in "qkv"
        )
        key = states.grow(f"{layer}.key", past_key, key)
        value = states.grow(f"{layer}.value", states.past(f"{layer}.value", rows), value)
        attended = op.scaled_dot_product_attention(query, key, value, mask)
        x = op.add(x, graph.linear(graph.join(attended, width), f"{name}.self_attn.out_proj"))
        y = graph.norm(x, f"{name}.encoder_attn_layer_norm")
        query = graph.split(graph.linear(y, f"{name}.encoder_attn.q_proj"), width)
        if cross is None:
            key, value = (
                states.once(
                    f"{layer}.cross.{part}",
                    graph.split(
                        graph.linear(encoded[0], f"{name}.encoder_attn.{part}_proj"), width
                    ),
                )
                for part in "kv"
            )
        else:
            key, value = (op.convert(encoded[2 * layer + i], "f32") for i in range(2))
        attended = op.scaled_dot_product_attention(query, key, value)
        x = op.add(x, graph.linear(graph.join(attended, width), f"{name}.encoder_attn.out_proj"))
        x = graph.mlp(x, name)
    last = op.gather(x, op.constant(np.array([-1], np.int64)), op.constant(np.int64(1)))
    y = graph.norm(last, "model.decoder.layer_norm")
    logits = op.matmul(y, graph.matrix("model.decoder.embed_tokens.weight"), False, True)
    logits.output(0).get_tensor().set_names({"logits"})
    return ov.Model([op.result(logits)], states.sinks, [ids, *encoded, beams], "decoder")


class _States:
    """The decoder's key-value cache: OpenVINO variables, read and assigned once per call."""

    def __init__(self, graph: Graph, width: int, beams: Any) -> None:
        self._heads = graph._heads
        self._size = width // graph._heads
        self._beams = beams
        self._variables: dict[str, Any] = {}
        self.sinks: list[Any] = []

    def past(self, name: str, rows: Any) -> Any:
        """Return the keys or values of earlier calls, (batch, heads, length, size)."""
        shape = op.concat(
            [_vector(rows), op.constant(np.array([self._heads, 0, self._size], np.int64))], 0
        )
        empty = op.broadcast(op.constant(np.float32(0)), shape)
        read = self._read(name, empty)
        return op.gather(read, self._beams, op.constant(np.int64(0)))

    def grow(self, name: str, past: Any, more: Any) -> Any:
        """Append keys or values to those of earlier calls."""
        grown = op.concat([past, more], 2)
        self.sinks.append(op.assign(grown, self._variables[name]))
        return grown

    def once(self, name: str, first: Any) -> Any:
        """Return the value that the first call after a reset computed."""
        read = self._read(name, first)
        self.sinks.append(op.assign(read, self._variables[name]))
        return read

    def _read(self, name: str, initial: Any) -> Any:
        info = VariableInfo()
        info.data_shape = ov.PartialShape([-1, self._heads, -1, self._size])
        info.data_type = ov.Type.f32
        info.variable_id = name
        self._variables[name] = Variable(info)
        return op.read_value(initial, self._variables[name])


def _input(name: str, shape: list[int], kind: ov.Type) -> Any:
    parameter = op.parameter(shape, kind)
    parameter.output(0).get_tensor().set_names({name})
    return parameter


def _size(x: Any, axis: int) -> Any:
    return op.gather(op.shape_of(x), op.constant(np.int64(axis)), op.constant(np.int64(0)))


def _vector(scalar: Any) -> Any:
    return op.unsqueeze(scalar, op.constant(np.int64(0)))


def _first(x: Any, count: Any) -> Any:
    zero, one = op.constant(np.array([0], np.int64)), op.constant(np.array([1], np.int64))
    return op.slice(x, zero, _vector(count), one, zero)


def _causal(rows: Any, columns: Any) -> Any:
    """Return the causal mask (1, 1, rows, columns): 0, or minus infinity for the future."""
    zero, one = op.constant(np.int64(0)), op.constant(np.int64(1))
    across = op.unsqueeze(op.range(zero, columns, one, "i64"), op.constant(np.array([0, 1, 2])))
    down = op.unsqueeze(rows, op.constant(np.array([0, 1, 3])))
    visible = op.less_equal(across, down)
    return op.select(visible, op.constant(np.float32(0)), op.constant(np.float32(-np.inf)))
