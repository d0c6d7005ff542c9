"""OpenVINO without its telemetry, which would report every import of it to Google Analytics."""

import sys

# Where that package is not there, OpenVINO has a stub (openvino/tools/ovc/telemetry_utils.py).
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]

import openvino as ov  # noqa: E402
import openvino.opset13 as op  # noqa: E402
from openvino.op.util import Variable, VariableInfo  # noqa: E402

__all__ = ["Variable", "VariableInfo", "op", "ov"]
