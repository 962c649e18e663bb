#!/usr/bin/env bash
# onnxruntime 1.31.1 (CPU wheel, x86-64 with AVX2), numpy 2.4.6, onnx 1.23.2; 2026-11-28.
#
# The session option session.x64quantprecision=1 makes 8-bit products exact on CPUs without VNNI, which is why one would
# set it on every session. But a valid model whose QLinearConv takes signed activations (int8), which loads and is exact
# without the option, cannot be loaded with it: the weights are made unsigned, and no kernel takes signed activations
# with those. The option also leaves QLinearMatMul as it is (seen on a CPU without VNNI: 0.51 for 1.0, with and without).
#
# Seen:
#   without the option: 1.0
#   with the option: NOT_IMPLEMENTED, Failed to find kernel for com.microsoft.QLinearConv(1)
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
grep -qw avx2 /proc/cpuinfo || { echo 'needs an x86-64 CPU with AVX2'; exit 0; }
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet onnxruntime==1.31.1 onnx==1.23.2 numpy==2.4.6
"$folder/venv/bin/python" - <<'PYTHON'
import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

PLACES = ["x", "scale", "zero", "w", "wscale", "zero", "scale", "zero"]
tensors = {
    "scale": np.array(1 / 127, np.float32),
    "wscale": np.array(1 / 127 / 64, np.float32),
    "zero": np.array(0, np.int8),
    "w": np.full((4, 64, 1, 1), 127, np.int8),
}
graph = helper.make_graph(
    [helper.make_node("QLinearConv", PLACES, ["y"])],
    "signed",
    [helper.make_tensor_value_info("x", TensorProto.INT8, (1, 64, 3, 3))],
    [helper.make_tensor_value_info("y", TensorProto.INT8, None)],
    [numpy_helper.from_array(value, name) for name, value in tensors.items()],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()


def said(exact):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.add_session_config_entry("session.x64quantprecision", exact)
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return session.run(None, {"x": np.full((1, 64, 3, 3), 127, np.int8)})[0].ravel()[0] / 127


print("without the option:", said("0"))
try:
    raise SystemExit(f"CHANGED: with the option the model loads and says {said('1')}")
except onnxruntime.capi.onnxruntime_pybind11_state.NotImplemented as error:
    print("with the option: NOT_IMPLEMENTED,", str(error).split(" : ")[3].split(" (")[0])
PYTHON
