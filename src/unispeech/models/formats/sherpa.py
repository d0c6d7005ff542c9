"""sherpa-onnx: a folder in a layout of its releases, with `tokens.txt` beside the weights.

Layouts are told by the names of the files, and by the metadata in the largest. sherpa-onnx ends the
process if a file is incomplete, so everything it relies on is checked here (decision 0081).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from unispeech import languages
from unispeech.errors import ModelDamaged
from unispeech.models.facts import UNDETERMINED, ModelFacts
from unispeech.models.formats import onnx_header

AGAIN = "download it again"


@dataclass(frozen=True, slots=True)
class Layout:
    """One layout of files."""

    factory: str
    """`OfflineRecognizer.from_...`, or `OnlineRecognizer.from_...` if `streaming`."""
    family: str
    files: Mapping[str, str]
    """Parameter of the factory to the pattern of its file; the largest comes first."""
    mark: str = ""
    """Beginning of `model_type` in the metadata of the largest file, or a name in it."""
    needs: tuple[str, ...] = ()
    """Names in that metadata without which sherpa-onnx ends the process; `PARAMETER.NAME` is in
    another file."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Further arguments of the factory."""
    languages: tuple[str, ...] = ()
    """Codes of the languages it may have; empty if a folder does not name its own."""
    streaming: bool = False


TOKENS = {"tokens": "tokens.txt"}
MODEL = {"model": "model*.onnx", **TOKENS}
CODER = {"encoder": "encoder*.onnx", "decoder": "decoder*.onnx"}
TRANSDUCER = {**CODER, "joiner": "joiner*.onnx", **TOKENS}
NEMO = ("vocab_size", "subsampling_factor")
FRAMES = ("lfr_window_size", "lfr_window_shift", "neg_mean", "inv_stddev")
"""Metadata of the models of FunASR, which stack frames."""
CMVN = ("cmvn_mean", "cmvn_inv_stddev")
LAYOUTS: tuple[Layout, ...] = (
    Layout(
        "transducer", "parakeet", TRANSDUCER, "EncDec",
        (*NEMO, "window_size", "pred_rnn_layers", "pred_hidden"), streaming=True,
    ),
    Layout("nemo_ctc", "parakeet", MODEL, "EncDec", (*NEMO, "window_size"), streaming=True),
    Layout(
        "transducer", "zipformer", TRANSDUCER, "decode_chunk_len",
        ("T", "decoder.vocab_size", "decoder.context_size"), streaming=True,
    ),
    Layout("zipformer2_ctc", "zipformer", MODEL, "zipformer2", ("T",), streaming=True),
    *(
        layout
        for mark, family in (("is_giga_am", "gigaam"), ("EncDec", "parakeet"))
        for layout in (
            Layout(
                "transducer", family, TRANSDUCER, mark, (*NEMO, "pred_rnn_layers", "pred_hidden"),
                {"model_type": "nemo_transducer"},
            ),
            Layout("nemo_ctc", family, MODEL, mark, NEMO),
        )
    ),
    *(
        Layout(
            "transducer", "zipformer", TRANSDUCER, mark,
            ("decoder.vocab_size", "decoder.context_size"),
        )
        for mark in ("zipformer", "conformer", "ebranchformer")
    ),
    Layout(
        "sense_voice", "sensevoice", MODEL, "sense_voice", ("vocab_size", *FRAMES),
        {"use_itn": True}, languages=("zh", "en", "ja", "ko", "yue"),
    ),
    Layout(
        "paraformer", "paraformer", {"paraformer": "model*.onnx", **TOKENS}, "paraformer",
        ("vocab_size", *FRAMES),
    ),
    Layout("omnilingual_asr_ctc", "omnilingual", MODEL, "omnilingual"),
    Layout("zipformer_ctc", "zipformer", MODEL, "zipformer2_ctc"),
    Layout("wenet_ctc", "wenet", MODEL, "wenet", NEMO),
    Layout("fire_red_asr_ctc", "firered", MODEL, "fire-red-asr-2-ctc", CMVN),
    Layout("dolphin_ctc", "dolphin", MODEL, "invstd", ("vocab_size", "mean", "invstd")),
    Layout(
        "nemo_canary", "canary", {**CODER, **TOKENS}, "EncDecMultiTask", (*NEMO, "feat_dim"),
        languages=("en", "de", "es", "fr"),
    ),
    Layout(
        "fire_red_asr", "firered", {**CODER, **TOKENS}, "cmvn_mean",
        (*CMVN, "num_decoder_layers", "num_head", "head_dim", "sos", "eos", "max_len"),
    ),
    Layout(
        "moonshine", "moonshine",
        {
            "encoder": "encode.*onnx", "preprocessor": "preprocess*.onnx",
            "uncached_decoder": "uncached_decode*.onnx", "cached_decoder": "cached_decode*.onnx",
            **TOKENS,
        },
    ),
    Layout(
        "moonshine_v2", "moonshine",
        {"encoder": "encoder_model*.ort", "decoder": "decoder_model_merged*.ort", **TOKENS},
    ),
    Layout(
        "qwen3_asr", "qwen",
        {**CODER, "conv_frontend": "conv_frontend*.onnx", "tokenizer": "tokenizer"},
    ),
)  # fmt: skip
SHIFTS = ("decode_chunk_len", "chunk_shift")
"""Names in the metadata of models that decode while the sound arrives: the frames of 10 ms by which
they move on."""
TYPES: Mapping[str, str] = {"int8": "int8", "fp16": "float16"}
"""Part of a file's name to its compute type; other files are in float32."""


def find(folder: Path) -> Layout | None:
    """Return the layout of a folder, or None.

    Raises:
        ModelDamaged: the largest file is truncated.
    """
    headers: dict[Path, dict[str, str]] = {}
    incomplete: Layout | None = None
    for layout in LAYOUTS:
        paths = [_pick(folder, pattern) for pattern in layout.files.values()]
        largest = paths[0]
        if largest is None or not (layout.mark or all(paths)):
            continue
        if largest not in headers:
            is_onnx = largest.suffix == ".onnx"
            headers[largest] = onnx_header.metadata(largest) if is_onnx else {}
        found = headers[largest]
        if layout.streaming != any(name in found for name in SHIFTS):
            continue
        if found.get("model_type", "").startswith(layout.mark) or layout.mark in found:
            if all(paths):
                return layout
            incomplete = incomplete or layout
    return incomplete


def matches(folder: Path) -> bool:
    """Return True for a folder with ONNX files and a list of tokens, as sherpa-onnx writes it."""
    tokens = (folder / "tokens.txt").is_file() or (folder / "tokenizer").is_dir()
    return tokens and any(p.suffix in (".onnx", ".ort") for p in folder.iterdir())


def shift(model: Path) -> float:
    """Return the seconds by which a streaming model moves on, from its largest file."""
    found = onnx_header.metadata(model)
    return next(_number(found[name]) for name in SHIFTS if name in found) / 100


def compute_type(path: Path) -> str:
    """Return the compute type of a file, by its name."""
    return next((kind for part, kind in TYPES.items() if part in path.name), "float32")


def files(folder: Path, layout: Layout, kind: str) -> dict[str, str]:
    """Return the arguments of the factory that are files, preferably of a compute type.

    Raises:
        ModelDamaged: a file is missing.
    """
    found = {name: _pick(folder, pattern, kind) for name, pattern in layout.files.items()}
    for name, path in found.items():
        if path is None:
            raise ModelDamaged(f"{folder}: {layout.files[name]} is missing", AGAIN)
    return {name: str(path) for name, path in found.items()}


def facts(folder: Path, name: str) -> ModelFacts:
    """Return languages and compute types; the languages of most folders are undetermined.

    Raises:
        ModelDamaged: a file is missing, incomplete, or of another model.
    """
    layout = find(folder)
    if layout is None:
        raise ModelDamaged(
            f"{folder}: a model of a kind that is not supported",
            "give an offline model of sherpa-onnx other than Whisper",
        )
    largest = next(iter(layout.files.values()))
    types = tuple(sorted({compute_type(path) for path in folder.glob(largest)}))
    for kind in types:
        _check(layout, {key: Path(path) for key, path in files(folder, layout, kind).items()})
    known = {UNDETERMINED: "undetermined"}
    if layout.languages:
        known = {code: languages.WHISPER[code] for code in layout.languages}
    if layout.family == "omnilingual":
        known = languages.known_by("o")
    if layout.family == "canary":
        tokens = _tokens(folder / "tokens.txt")
        known = {code: text for code, text in known.items() if f"<|{code}|>".encode() in tokens}
    return ModelFacts(name, layout.family, known, layout.family == "canary", types)


def _pick(folder: Path, pattern: str, kind: str = "") -> Path | None:
    """Return the file of a pattern, preferably of a compute type, else in float32."""
    found = sorted(folder.glob(pattern))
    rank = {kind: 0, "float32": 1}
    return min(found, key=lambda path: rank.get(compute_type(path), 2), default=None)


def _check(layout: Layout, paths: Mapping[str, Path]) -> None:
    """Raise `ModelDamaged` for what sherpa-onnx would end the process for."""
    largest = next(iter(paths.values()))
    headers = {
        path: onnx_header.metadata(path) for path in paths.values() if path.suffix == ".onnx"
    }
    found = headers.get(largest, {})
    for need in layout.needs:
        parameter, _, name = need.rpartition(".")
        path = paths[parameter] if parameter else largest
        if not headers[path].get(name):
            raise ModelDamaged(f"{path}: {name} is missing in its metadata", AGAIN)
    if "tokens" not in paths:
        return
    tokens = _tokens(paths["tokens"])
    for problem in _differences(layout, paths, found, tokens):
        raise ModelDamaged(f"{paths['tokens']}: {problem}", "take all files of one model")


def _differences(
    layout: Layout, paths: Mapping[str, Path], found: Mapping[str, str], tokens: Mapping[bytes, int]
) -> Iterator[str]:
    """Yield what makes the files those of different models."""
    needs_blank = layout.factory.endswith("_ctc") and layout.family != "omnilingual"
    if needs_blank and not tokens.keys() & {b"<blk>", b"<eps>", b"<blank>"}:
        yield "without the token <blk>"
    if layout.factory == "nemo_canary" and len(tokens) != _number(found["vocab_size"]):
        yield f"{len(tokens)} tokens, but the model has {found['vocab_size']}"
    if layout.settings.get("model_type") == "nemo_transducer":
        size = _number(found["vocab_size"]) + 1
        if len(tokens) != size or tokens.get(b"<blk>") != size - 1:
            yield f"{len(tokens)} tokens, but the model has {size}, the last of them <blk>"
        outputs = onnx_header.output_size(paths["joiner"])
        has_durations = "tdt" in found.get("url", "")
        if outputs and (outputs == size) is has_durations:
            yield f"the joint network has {outputs} outputs for {size} tokens"


def _number(text: str) -> int:
    return int(text) if text.isdigit() else -1


def _tokens(path: Path) -> dict[bytes, int]:
    """Return the tokens and their numbers; a line with a number alone stands for a space.

    Raises:
        ModelDamaged: a line has another form.
    """
    found: dict[bytes, int] = {}
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        parts = line.split()
        if not parts:
            continue
        if len(parts) > 2 or not parts[-1].isdigit():
            raise ModelDamaged(f"{path}: line {number} is not a token and its number", AGAIN)
        found[parts[0] if len(parts) == 2 else b" "] = int(parts[-1])
    return found
