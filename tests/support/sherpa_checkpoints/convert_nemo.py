"""Convert the small models of `../onnx_checkpoints` into sherpa-onnx's layout of NeMo's models.

    pip install onnx
    python convert_nemo.py

Writes what differs by more than metadata (which `support/sherpa_models.py` adds): sherpa-onnx calls
the text network and the joint network of a transducer apart, and gives Canary's decoder a token and
its position, and one memory a layer.
"""

from pathlib import Path

import onnx
from onnx import TensorProto, helper
from onnx.utils import Extractor

FOLDER = Path(__file__).parent
SOURCE = FOLDER.parent / "onnx_checkpoints"
TEXT = "/text/Transpose_1_output_0"
"""The output of the transducer's text network in the graph of both."""
MEMORIES = 3
ADDED = ("<|es|>", "<|fr|>")
"""Tokens that sherpa-onnx looks up in every Canary model."""


def split_transducer() -> None:
    """Write `tdt/decoder.onnx` and `tdt/joiner.onnx`."""
    whole = onnx.shape_inference.infer_shapes(
        onnx.load(SOURCE / "tdt" / "decoder_joint-model.onnx")
    )
    states = ["input_states_1", "input_states_2"]
    parts = {
        "decoder": (
            ["targets", "target_length", *states],
            [TEXT, "prednet_lengths", "output_states_1", "output_states_2"],
        ),
        "joiner": (["encoder_outputs", TEXT], ["outputs"]),
    }
    (FOLDER / "tdt").mkdir(exist_ok=True)
    for name, (inputs, outputs) in parts.items():
        part = Extractor(whole).extract_model(inputs, outputs)
        for node in part.graph.node:
            for names in (node.input, node.output):
                names[:] = ["decoder_outputs" if n == TEXT else n for n in names]
        for value in (*part.graph.input, *part.graph.output):
            value.name = "decoder_outputs" if value.name == TEXT else value.name
        del part.graph.value_info[:]
        _save(part, FOLDER / "tdt" / f"{name}.onnx")


def canary_encoder() -> None:
    """Features come as (rows, frames, 80); the lengths of the output go beside its mask."""
    model = onnx.load(SOURCE / "canary" / "encoder-model.int8.onnx")
    graph = model.graph
    graph.node.insert(0, helper.make_node("Transpose", ["x"], ["audio_signal"], perm=[0, 2, 1]))
    graph.node.append(helper.make_node("Identity", ["length"], ["lengths"]))
    sound = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", "time", 80])
    lengths = helper.make_tensor_value_info("lengths", TensorProto.INT64, ["rows"])
    others = [value for value in graph.input if value.name != "audio_signal"]
    outputs = {value.name: value for value in graph.output}
    del graph.input[:], graph.output[:]
    graph.input.extend([sound, *others])
    graph.output.extend([outputs["encoder_embeddings"], lengths, outputs["encoder_mask"]])
    _save(model, FOLDER / "canary" / "encoder.int8.onnx")


def canary_decoder(first: int) -> None:
    """`first` is the token before a prompt, which sherpa-onnx leaves out."""
    model = onnx.load(SOURCE / "canary" / "decoder-model.int8.onnx")
    graph = model.graph
    inputs = {value.name: value for value in graph.input}
    layers = range(MEMORIES)
    before = [
        helper.make_node("Gather", ["decoder_input_ids", "zero"], ["token32"], axis=1),
        helper.make_node("Cast", ["token32"], ["token"], to=TensorProto.INT64),
        *(helper.make_node("Unsqueeze", [f"mem_{n}", "zero"], [f"layer_{n}"]) for n in layers),
        helper.make_node("Concat", [f"layer_{n}" for n in layers], ["decoder_mems"], axis=0),
        helper.make_node("Shape", ["mem_0"], ["count"], start=1, end=2),
        helper.make_node("Sub", ["one", "count"], ["left"]),
        helper.make_node("Max", ["left", "zero"], ["missing"]),
        helper.make_node("Slice", ["first", "zero", "missing", "one"], ["prefix"]),
        helper.make_node("Concat", ["prefix", "token"], ["input_ids"], axis=1),
    ]
    after = [
        helper.make_node("Gather", ["logits", "last"], ["known"], axis=1),
        helper.make_node("Concat", ["known", "added"], ["scores"], axis=2),
        helper.make_node(
            "Split", ["decoder_hidden_states", "sizes"], [f"all_{n}" for n in layers], axis=0
        ),
        *(helper.make_node("Squeeze", [f"all_{n}", "zero"], [f"next_{n}"]) for n in layers),
    ]
    nodes = [*before, *graph.node, *after]
    width = inputs["encoder_embeddings"].type.tensor_type.shape.dim[2].dim_value
    tokens = len((SOURCE / "canary" / "vocab.txt").read_text(encoding="utf-8").splitlines())
    del graph.node[:], graph.input[:], graph.output[:]
    graph.node.extend(nodes)
    for name, values in {
        "zero": [0], "one": [1], "last": [-1], "sizes": [1] * MEMORIES,
    }.items():  # fmt: skip
        graph.initializer.append(helper.make_tensor(name, TensorProto.INT64, [len(values)], values))
    graph.initializer.append(helper.make_tensor("first", TensorProto.INT64, [1, 1], [first]))
    low = helper.make_tensor("added", TensorProto.FLOAT, [1, 1, len(ADDED)], [-1e9] * len(ADDED))
    graph.initializer.append(low)

    def memory(name: str, length: str) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["rows", length, width])

    ids = helper.make_tensor_value_info("decoder_input_ids", TensorProto.INT32, ["rows", 2])
    logits = helper.make_tensor_value_info(
        "scores", TensorProto.FLOAT, ["rows", 1, tokens + len(ADDED)]
    )
    graph.input.extend(
        [ids, *(memory(f"mem_{n}", "before") for n in layers),
         inputs["encoder_embeddings"], inputs["encoder_mask"]]
    )  # fmt: skip
    graph.output.extend([logits, *(memory(f"next_{n}", "all") for n in layers)])
    _save(model, FOLDER / "canary" / "decoder.int8.onnx")


def _save(model: onnx.ModelProto, path: Path) -> None:
    onnx.checker.check_model(model)
    onnx.save(model, path)


def main() -> None:
    split_transducer()
    (FOLDER / "canary").mkdir(exist_ok=True)
    lines = (SOURCE / "canary" / "vocab.txt").read_text(encoding="utf-8").splitlines()
    tokens = [line.split(" ")[0] for line in lines]
    canary_encoder()
    canary_decoder(tokens.index("\u2581"))


if __name__ == "__main__":
    main()
