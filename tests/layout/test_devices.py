"""Devices and precisions: what is there, what is not, and what a provider that does not load leads to."""

import importlib.util
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnxruntime
import pytest

from schemas.failures import ConfigurationError
from transforms.inference import precision, sessions
from transforms.inference.sessions import Chosen, Execution, make_session, resolve_device
from transforms.layout.batches import BatchBounds
from transforms.layout.builtin.model import LayoutModel, ModelOptions, measured_bounds

_spec = importlib.util.spec_from_file_location("detector_models", Path(__file__).with_name("detector_models.py"))
models = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(models)

X = np.linspace(-1, 1, 8, dtype=np.float32)[None]


@pytest.fixture(autouse=True)
def forget_providers() -> Iterator[None]:
    sessions._trouble.cache_clear()
    yield
    sessions._trouble.cache_clear()


def listed(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """onnxruntime says that it was built with these; no library of theirs is here."""
    found = [sessions.PROVIDERS[name] for name in names]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: found)


def working(monkeypatch: pytest.MonkeyPatch, *names: str) -> list[list[tuple[str, dict]]]:
    """As if the devices were here; collects the providers that sessions ask for."""
    listed(monkeypatch, *names)
    asked: list[list[tuple[str, dict]]] = []

    def session(model: bytes, options: object, *, providers: list, enable_fallback: int) -> SimpleNamespace:
        asked.append(providers)
        return SimpleNamespace(get_providers=lambda: [name for name, _ in providers])

    monkeypatch.setattr(onnxruntime, "InferenceSession", session)
    return asked


def test_auto_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    listed(monkeypatch, "cpu")
    chosen = resolve_device("auto")
    assert (chosen.device, chosen.providers) == ("cpu", ["CPUExecutionProvider"])
    assert chosen.why == "cpu: onnxruntime has no CUDAExecutionProvider"
    working(monkeypatch, "cuda", "cpu")
    chosen = resolve_device("auto")
    assert (chosen.device, chosen.why) == ("cuda", "cuda: works here")
    assert chosen.providers == ["CUDAExecutionProvider", "CPUExecutionProvider"]


@pytest.mark.parametrize("device", ["cuda", "tensorrt", "openvino"])
def test_a_provider_that_does_not_load(monkeypatch: pytest.MonkeyPatch, device: str) -> None:
    """The CPU's onnxruntime does what one for GPUs does where CUDA is missing: it goes on with the CPU."""
    listed(monkeypatch, device, "cpu")
    with pytest.warns(UserWarning, match="not in available provider"):
        with pytest.raises(ConfigurationError, match=f"session on {device} in fp32: its libraries cannot be loaded"):
            resolve_device(device)
        assert resolve_device("auto").device == "cpu"


def test_auto_tells_that_cuda_does_not_load(monkeypatch: pytest.MonkeyPatch) -> None:
    listed(monkeypatch, "cuda", "cpu")
    with pytest.warns(UserWarning):
        assert "libraries cannot be loaded" in resolve_device("auto").why


def test_errors_of_providers_are_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    listed(monkeypatch, "cuda", "cpu")

    def refuse(*args: object, **kwargs: object) -> None:
        raise RuntimeError("CUDA failure 35: driver version is insufficient")

    monkeypatch.setattr(onnxruntime, "InferenceSession", refuse)
    with pytest.raises(ConfigurationError, match=r"CUDA failure 35.*NVIDIA driver"):
        resolve_device("cuda")


@pytest.mark.parametrize(("device", "wanted", "message"), [
    ("cpu", "fp16", r"cpu does not compute in fp16: choose fp32 or int8.*\(cuda, tensorrt, openvino\)"),
    ("cuda", "int8", "cuda does not compute in int8: choose fp32 or fp16"),
    ("auto", "fp16", "no CUDAExecutionProvider; cpu does not compute in fp16"),
    ("tensorrt", "fp32", "no TensorrtExecutionProvider: install onnxruntime-gpu"),
    ("openvino", "int8", "no OpenVINOExecutionProvider: install onnxruntime-openvino"),
])  # fmt: skip
def test_what_cannot_be_had(monkeypatch: pytest.MonkeyPatch, device: str, wanted: str, message: str) -> None:
    listed(monkeypatch, "cpu")
    monkeypatch.setattr(sessions, "version", absent)
    with pytest.raises(ConfigurationError, match=message):
        resolve_device(device, wanted)


def absent(name: str) -> str:
    raise PackageNotFoundError(name)


def test_an_overwritten_wheel_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    listed(monkeypatch, "cpu")
    monkeypatch.setattr(sessions, "version", lambda name: "1.23")
    with pytest.raises(ConfigurationError, match="--force-reinstall --no-deps onnxruntime-gpu"):
        resolve_device("cuda")


def test_full_precision_is_not_rounded(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = working(monkeypatch, "cuda", "tensorrt", "openvino", "cpu")
    monkeypatch.setenv("NVIDIA_TF32_OVERRIDE", "0")
    for device in ("cuda", "tensorrt", "openvino"):
        make_session(models.product(), Execution(device=device, threads=3))
    of = dict(provider for providers in asked for provider in providers)
    assert of["CUDAExecutionProvider"]["use_tf32"] == 0
    assert of["TensorrtExecutionProvider"] == {"trt_fp16_enable": False, "trt_int8_enable": False}
    assert '"f32"' in of["OpenVINOExecutionProvider"]["load_config"]
    assert '"INFERENCE_NUM_THREADS": "3"' in of["OpenVINOExecutionProvider"]["load_config"]


def test_cuda_may_round_where_it_is_allowed_to(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = working(monkeypatch, "cuda", "cpu")
    make_session(models.product(), Execution(device="cuda", tf32=True))
    (name, settings), (last, _) = asked[-1]
    assert (name, last) == ("CUDAExecutionProvider", "CPUExecutionProvider")
    assert settings["use_tf32"] == 1


def test_half_precision_of_each_device(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = working(monkeypatch, "tensorrt", "openvino", "cpu")
    for device in ("tensorrt", "openvino"):
        make_session(models.product(), Execution(device=device, precision="fp16"))
    of = dict(provider for providers in asked for provider in providers)
    assert of["TensorrtExecutionProvider"]["trt_fp16_enable"] is True
    assert of["OpenVINOExecutionProvider"]["device_type"] == "GPU"


@pytest.mark.parametrize("device", ["tensorrt", "openvino"])
def test_int8_takes_quantised_models_only(monkeypatch: pytest.MonkeyPatch, device: str) -> None:
    working(monkeypatch, device, "cpu")
    with pytest.raises(ConfigurationError, match="this one is not: quantise it"):
        make_session(models.product(), Execution(device=device, precision="int8"))
    assert make_session(precision.to_int8(models.product()), Execution(device=device, precision="int8"))


def run(model: bytes) -> np.ndarray:
    return make_session(model, Execution(device="cpu")).run(None, {"x": X})[0]


def test_rewritten_models_say_nearly_the_same() -> None:
    exact = run(models.product())
    for rewritten, tolerance in ((precision.to_half, 5e-3), (precision.to_int8, 0.05)):
        value = run(rewritten(models.product()))
        assert value.dtype == np.float32 and not np.array_equal(value, exact)
        assert np.allclose(value, exact, atol=tolerance)


def test_int8_on_a_cpu() -> None:
    session = make_session(models.product(), Execution(device="cpu", precision="int8"))
    assert np.array_equal(session.run(None, {"x": X})[0], run(precision.to_int8(models.product())))
    quantised = precision.to_int8(models.product())
    assert precision.is_quantised(quantised) and precision.to_int8(quantised) is quantised


def test_rewriting_needs_onnx(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match="pip install onnx"):
        resolve_device("cpu", "int8")
    assert resolve_device("cpu", "fp32").device == "cpu"


def test_bounds_follow_the_device() -> None:
    cpu, cuda = (measured_bounds(Chosen(device, "fp32", "")) for device in ("cpu", "cuda"))
    assert measured_bounds(Chosen("openvino", "fp32", "")) == cpu != cuda
    assert measured_bounds(Chosen("tensorrt", "fp32", "")) == cuda
    wanted = BatchBounds(image_pages=4, graph_pages=4)
    model = LayoutModel(ModelOptions(tier="graph", device="cpu", precision="int8", bounds=wanted))
    assert model.bounds == BatchBounds(), "pages of a batch would change each other's numbers"
