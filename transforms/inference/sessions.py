"""Where models run: devices, what each can compute in, and sessions that really run there.

onnxruntime lists providers that it was built with. Whether one works shows only when a session is made: when CUDA's
libraries are missing onnxruntime goes on with the CPU and says so in its log alone.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal, get_args

import msgspec
import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as _state
from threadpoolctl import threadpool_limits

from schemas.failures import ConfigurationError
from schemas.options import Device
from transforms.inference import precision
from transforms.inference.exact import exact_products
from transforms.inference.message import identity_model
from transforms.sandbox.memory import return_freed_memory

RealDevice = Literal["cpu", "cuda", "tensorrt", "openvino"]
Precision = Literal["fp32", "fp16", "int8"]

CPU_PROVIDER = "CPUExecutionProvider"
PROVIDERS: dict[str, str] = {
    "cpu": CPU_PROVIDER,
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
}
PRECISIONS: dict[str, tuple[Precision, ...]] = {
    "cpu": ("fp32", "int8"),
    "cuda": ("fp32", "fp16"),
    "tensorrt": ("fp32", "fp16", "int8"),
    "openvino": ("fp32", "fp16", "int8"),
}
_WHEELS = {"cuda": "onnxruntime-gpu", "tensorrt": "onnxruntime-gpu", "openvino": "onnxruntime-openvino"}
_NEEDED = {
    "cuda": "an NVIDIA driver, CUDA and cuDNN (pip install 'onnxruntime-gpu[cuda,cudnn]')",
    "tensorrt": "an NVIDIA driver, CUDA, cuDNN and TensorRT's libraries on LD_LIBRARY_PATH",
    "openvino": "for fp16 an Intel GPU with its driver; fp32 and int8 run on the CPU",
}
#: 'auto' takes the first that works.
_PREFERRED: tuple[RealDevice, ...] = ("cuda", "cpu")
#: What onnxruntime raises for models and providers that it cannot take; they share no base of their own.
SESSION_ERRORS: tuple[type[Exception], ...] = (
    _state.EPFail,
    _state.EngineError,
    _state.Fail,
    _state.InvalidArgument,
    _state.InvalidGraph,
    _state.InvalidProtobuf,
    _state.NotImplemented,
    _state.RuntimeException,
    RuntimeError,
    ValueError,
)
_WARNINGS, _ERRORS_ONLY, _FATAL_ONLY = 2, 3, 4
_QUOTED = 300


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """How sessions run."""

    device: Device = "auto"
    precision: Precision = "fp32"
    #: Threads of one run on a CPU.
    threads: int = 1
    #: Lets CUDA round the factors of products to 10 bits.
    tf32: bool = False
    #: Every run has the same shapes: the memory of one serves the next.
    same_shapes: bool = False


class Chosen(msgspec.Struct, frozen=True):
    """A device that works here."""

    device: RealDevice
    precision: Precision
    #: For people: why this one.
    why: str

    @property
    def providers(self) -> list[str]:
        """Execution providers, preferred first."""
        return [name for name, _ in _providers(self, Execution())]


def resolve_device(device: Device, wanted: Precision = "fp32") -> Chosen:
    """The device that `device` means; 'auto' says why. Raises ConfigurationError when it cannot be had.

    Makes a session of one operator: that a provider is listed does not mean that its libraries load.
    """
    if device != "auto":
        _explained(device, wanted)
        return Chosen(device, wanted, f"{device}: asked for")
    reasons = []
    for candidate in _PREFERRED:
        try:
            _explained(candidate, wanted)
        except ConfigurationError as error:
            reasons.append(_lack(candidate) or str(error))
        else:
            why = "; ".join(reasons) or "works here"
            return Chosen(candidate, wanted, f"{candidate}: {why}")
    raise ConfigurationError("; ".join(reasons))


def make_session(model: bytes, execution: Execution) -> Any:
    """An onnxruntime session that runs on the device, not beside it. Raises ConfigurationError when there is none."""
    chosen = resolve_device(execution.device, execution.precision)
    return _session(_rewritten(model, chosen), chosen, execution)


def _explained(device: RealDevice, wanted: Precision) -> None:
    """Raises ConfigurationError unless the device is here, works, and has the precision."""
    _check_precision(device, wanted)
    if lack := _lack(device):
        raise ConfigurationError(f"{lack}: {_installation(device)}")
    # Whether a model can be run in int8 depends on the model.
    if device != "cpu" and (trouble := _trouble(device, "fp32" if wanted == "int8" else wanted)):
        raise ConfigurationError(trouble)


def _lack(device: RealDevice) -> str:
    here = PROVIDERS[device] in onnxruntime.get_available_providers()
    return "" if here else f"onnxruntime has no {PROVIDERS[device]}"


def _check_precision(device: RealDevice, wanted: Precision) -> None:
    if wanted not in PRECISIONS[device]:
        having = [name for name, can in PRECISIONS.items() if wanted in can]
        raise ConfigurationError(
            f"{device} does not compute in {wanted}: choose {' or '.join(PRECISIONS[device])}, "
            f"or a device that does ({', '.join(having)})"
        )
    if (device, wanted) in _REWRITES:
        precision.check_tools(wanted)


def _installation(device: RealDevice) -> str:
    """What to install. Wheels of onnxruntime share one folder: the one installed last is there."""
    wheel = _WHEELS[device]
    try:
        version(wheel)
    except PackageNotFoundError:
        return f"install {wheel} in place of onnxruntime (see docs/layout-models.md), or choose --device cpu"
    return (
        f"{wheel} is installed, but another wheel of onnxruntime has overwritten it: "
        f"pip install --force-reinstall --no-deps {wheel}"
    )


@cache
def _trouble(device: RealDevice, wanted: Precision) -> str:
    """Why the provider does not work here; '' when it does. Asked once per process: libraries do not come and go."""
    # Providers log outside of the session why they do not load; the error that is raised here says it once.
    onnxruntime.set_default_logger_severity(_FATAL_ONLY)
    try:
        _session(identity_model().SerializeToString(), Chosen(device, wanted, ""), Execution())
    except ConfigurationError as error:
        return str(error)
    finally:
        onnxruntime.set_default_logger_severity(_WARNINGS)
    return ""


#: How models are rewritten for a device and a precision. What is not here the provider does by itself, or nobody.
_REWRITES: dict[tuple[str, str], Callable[[bytes], bytes]] = {
    ("cuda", "fp16"): precision.to_half,
    ("cpu", "int8"): precision.to_int8,
}


def _rewritten(model: bytes, chosen: Chosen) -> bytes:
    rewrite = _REWRITES.get((chosen.device, chosen.precision))
    if rewrite is not None:
        return rewrite(model)
    if chosen.precision == "int8" and not precision.is_quantised(model):
        raise ConfigurationError(
            f"int8 on {chosen.device} runs models that were quantised before, and this one is not: quantise it with "
            "onnxruntime.quantization, or choose another precision"
        )
    return model


def _session(model: bytes, chosen: Chosen, execution: Execution) -> Any:
    device = chosen.device
    model, exact = exact_products(model)
    quiet = _FATAL_ONLY if device != "cpu" else _ERRORS_ONLY
    options = _session_options(execution, quiet, exact)
    providers = _providers(chosen, execution)
    _prepare_process(chosen)
    try:
        session = onnxruntime.InferenceSession(model, options, providers=providers, enable_fallback=0)
    except SESSION_ERRORS as error:
        raise ConfigurationError(_refusal(device, chosen.precision, str(error))) from error
    if PROVIDERS[device] not in session.get_providers():
        raise ConfigurationError(_refusal(device, chosen.precision, "its libraries cannot be loaded"))
    return session


def _refusal(device: RealDevice, wanted: Precision, error: str) -> str:
    needed = f"; it needs {_NEEDED[device]}" if device in _NEEDED else ""
    # What went wrong stands at the end, after the names of onnxruntime's functions.
    quoted = " ".join(error.split())[-_QUOTED:]
    return f"onnxruntime cannot make a session on {device} in {wanted}: {quoted}{needed}"


def _session_options(execution: Execution, severity: int, exact: bool) -> Any:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = severity
    options.intra_op_num_threads, options.inter_op_num_threads = execution.threads, 1
    # The arena keeps the largest run's memory for ever.
    options.enable_cpu_mem_arena = execution.same_shapes
    # Waiting threads must not take cores from the parser processes.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Sums of 8-bit products saturate on CPUs without VNNI otherwise; see exact.py.
    options.add_session_config_entry("session.x64quantprecision", str(int(exact)))
    return options


def _providers(chosen: Chosen, execution: Execution) -> list[tuple[str, dict[str, Any]]]:
    """Providers with their options, preferred first. What a provider cannot run goes to the next."""
    wanted = chosen.precision
    # Shapes differ from page to page: an exhaustive search for the best convolution would start over each time.
    settings = {"use_tf32": int(execution.tf32), "cudnn_conv_algo_search": "HEURISTIC"}
    cuda = (PROVIDERS["cuda"], settings)
    tensorrt = {"trt_fp16_enable": wanted == "fp16", "trt_int8_enable": wanted == "int8"}
    chains: dict[str, list[tuple[str, dict[str, Any]]]] = {
        "cpu": [],
        "cuda": [cuda],
        "tensorrt": [(PROVIDERS["tensorrt"], tensorrt), cuda],
        "openvino": [(PROVIDERS["openvino"], _openvino(wanted, execution.threads))],
    }
    return [*chains[chosen.device], (CPU_PROVIDER, {})]


def _openvino(wanted: Precision, threads: int) -> dict[str, Any]:
    """OpenVINO computes in half precision on GPUs only, and left alone on some CPUs in bfloat16."""
    if wanted == "fp16":
        return {"device_type": "GPU", "load_config": json.dumps({"GPU": {"INFERENCE_PRECISION_HINT": "f16"}})}
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": str(threads)}
    return {"device_type": "CPU", "load_config": json.dumps({"CPU": settings})}


def _prepare_process(chosen: Chosen) -> None:
    """What is wanted before the first session of the process."""
    return_freed_memory()
    # NumPy's threads wait busily for the next product, on cores that the networks and the parsers need.
    threadpool_limits(1, "blas")
    if chosen.device in ("cuda", "tensorrt"):
        # Finds the libraries of the nvidia-* wheels. What it prints, the session's error says better.
        with redirect_stdout(io.StringIO()):
            onnxruntime.preload_dlls()
    if chosen.device == "tensorrt" and chosen.precision == "fp32":
        # TensorRT rounds factors to 10 bits otherwise, and has no option of its own against it.
        os.environ.setdefault("NVIDIA_TF32_OVERRIDE", "0")


DEVICES: tuple[str, ...] = get_args(Device)
