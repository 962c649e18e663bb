"""The TOML file beside a detector."""

import pytest

from schemas.content import BlockType
from schemas.failures import ConfigurationError, NotFound
from transforms.layout.detector.spec import digest, load_detector, parse_spec, spec_uri

TOML = """
convention = "yolo"
names = ["text", "plot"]
threshold = 0.4

[input]
width = 640
height = 480
fit = "letterbox"

[classes]
text = "paragraph"
plot = "figure"
"""


def test_a_spec_is_read() -> None:
    spec = parse_spec(TOML.encode(), "x.toml")
    assert spec.types() == {0: BlockType.PARAGRAPH, 1: BlockType.FIGURE} and spec.threshold == 0.4
    assert spec.view == type(spec.view)(640, 480, True)


@pytest.mark.parametrize(("old", "new", "message"), [
    ('"yolo"', '"ssd"', r"x\.toml: Invalid enum value 'ssd'.*convention"),
    ("width = 640", "width = 0", r"input\.width"),
    ("width = 640", "", "width"),
    ('"figure"', '"plot"', r"x\.toml: Invalid enum value 'plot'"),
    ("plot = ", "drawing = ", r"'drawing' is neither an index nor one of `names` \(text, plot\)"),
    ("plot = ", "0 = ", "each once"),
    ("threshold", "treshold", "treshold"),
    ("threshold = 0.4", "threshold = 4.0", r"threshold"),
    ("[input]", "[input]\nstd = [1, 0, 1]", r"input\.std"),
    ('text = "paragraph"\nplot = "figure"', "", "at least one class"),
    ("convention", "= convention", "x.toml"),
])  # fmt: skip
def test_mistakes_are_named(old: str, new: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        parse_spec(TOML.replace(old, new, 1).encode(), "x.toml")


def test_the_file_stands_beside_the_model() -> None:
    assert spec_uri("gs://bucket/a.b/layout.onnx") == "gs://bucket/a.b/layout.toml"
    assert spec_uri("https://host/layout.onnx?key=1") == "https://host/layout.toml?key=1"
    with pytest.raises(ConfigurationError, match=r"\.onnx file"):
        spec_uri("layout.pt")


def test_a_detector_is_loaded_from_anywhere() -> None:
    files = {"mem://m/d.onnx": b"model", "mem://m/d.toml": TOML.encode()}
    loaded = load_detector("mem://m/d.onnx", files.__getitem__)
    assert loaded.model == b"model" and loaded.spec.names == ("text", "plot")
    assert loaded.digest == digest(b"model", TOML.encode()) != digest(b"model", TOML.encode() + b"\n")

    def missing(uri: str) -> bytes:
        raise NotFound(f"no such file: {uri}")

    with pytest.raises(ConfigurationError, match=r"d\.toml: no such file"):
        load_detector("d.onnx", missing)
