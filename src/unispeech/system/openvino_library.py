"""OpenVINO without its telemetry, which reports every import to Google Analytics."""

import sys

# Without the package openvino_telemetry, OpenVINO uses a stub
# (openvino/tools/ovc/telemetry_utils.py). The package is hidden during this import only.
telemetry = sys.modules.get("openvino_telemetry")
sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]

try:
    import openvino as ov
    import openvino.opset13 as op
    from openvino.op.util import Variable, VariableInfo
finally:
    if telemetry is None:
        del sys.modules["openvino_telemetry"]
    else:
        sys.modules["openvino_telemetry"] = telemetry

__all__ = ["Variable", "VariableInfo", "op", "ov"]
