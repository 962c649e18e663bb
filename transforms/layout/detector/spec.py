"""The TOML file beside an ONNX detector: what goes in, what comes out, and what its classes mean."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Annotated, Literal
from urllib.parse import urlsplit, urlunsplit

import msgspec
from msgspec import Meta

from schemas.content import BlockType
from schemas.failures import ConfigurationError, DocumentError
from transforms.layout.records import PrepareRequest, View

Convention = Literal["detr", "rtdetr", "yolo", "yolo-end-to-end"]
Share = Annotated[float, Meta(ge=0, le=1)]
Triple = tuple[float, float, float]
_SUFFIX = ".onnx"


class InputSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The network's image: (batch, 3, height, width)."""

    width: Annotated[int, Meta(ge=16, le=4096)]
    height: Annotated[int, Meta(ge=16, le=4096)]
    #: 'stretch' fills the input, 'letterbox' keeps the page's proportions and pads around it.
    fit: Literal["stretch", "letterbox"] = "stretch"
    #: Grey level of the padding.
    padding: Annotated[int, Meta(ge=0, le=255)] = 114
    channels: Literal["rgb", "bgr"] = "rgb"
    #: value = (pixel * scale - mean) / std
    scale: float = 1 / 255
    mean: Triple = (0.0, 0.0, 0.0)
    std: Triple = (1.0, 1.0, 1.0)


class DetectorSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to run a detector and read what it says."""

    convention: Convention
    input: InputSpec
    #: Class, by index or by its name in `names`, to our type. Classes left out are not used.
    classes: dict[str, BlockType]
    #: The classes in the order of their indices; needed when `classes` uses names.
    names: tuple[str, ...] = ()
    threshold: Share = 0.5
    #: 'yolo' only: of two boxes of a class that overlap more than this the surer one stays.
    iou: Share = 0.5
    #: 'detr' only: 'softmax' has a last class for nothing, 'sigmoid' has none.
    activation: Literal["softmax", "sigmoid"] = "softmax"

    @property
    def view(self) -> View:
        """How pages are rendered for this detector."""
        return View(self.input.width, self.input.height, self.input.fit == "letterbox")

    def types(self) -> dict[int, BlockType]:
        """Our type of each class index."""
        return {self._index(key): kind for key, kind in self.classes.items()}

    def _index(self, key: str) -> int:
        if key in self.names:
            return self.names.index(key)
        if key.isdecimal():
            return int(key)
        known = ", ".join(self.names) or "none are given"
        raise ConfigurationError(f"the class {key!r} is neither an index nor one of `names` ({known})")


class DetectorFiles(msgspec.Struct, frozen=True, kw_only=True):
    """A detector as stored."""

    model: bytes
    spec: DetectorSpec
    #: Of model and TOML file: two detectors with one digest say the same.
    digest: str


def load_detector(uri: str, read: Callable[[str], bytes]) -> DetectorFiles:
    """The ONNX file `uri` and the TOML file beside it, as `read` brings them. Raises ConfigurationError."""
    toml_uri = spec_uri(uri)
    try:
        model, text = read(uri), read(toml_uri)
    except DocumentError as error:
        raise ConfigurationError(f"--layout-model needs {uri} and {toml_uri}: {error.message}") from error
    return DetectorFiles(model=model, spec=parse_spec(text, toml_uri), digest=digest(model, text))


def spec_uri(uri: str) -> str:
    """Where the TOML file of a detector is."""
    parts = urlsplit(uri)
    if not parts.path.endswith(_SUFFIX):
        raise ConfigurationError(f"--layout-model takes the URI of an {_SUFFIX} file, not {uri}")
    return urlunsplit(parts._replace(path=parts.path.removesuffix(_SUFFIX) + ".toml"))


def parse_spec(text: bytes, name: str) -> DetectorSpec:
    """The spec in a TOML file; `name` is for messages."""
    try:
        spec = msgspec.toml.decode(text, type=DetectorSpec)
        types = spec.types()
    except (msgspec.DecodeError, UnicodeDecodeError, ConfigurationError) as error:
        raise ConfigurationError(f"{name}: {error}") from error
    if not types or len(types) != len(spec.classes):
        raise ConfigurationError(f"{name}: [classes] must name at least one class, and each once")
    if 0 in spec.input.std:
        raise ConfigurationError(f"{name}: input.std must not be 0, pixels are divided by it")
    return spec


def digest(model: bytes, spec: bytes) -> str:
    """SHA-256 of both, for the fingerprint."""
    return hashlib.sha256(hashlib.sha256(model).digest() + hashlib.sha256(spec).digest()).hexdigest()


def prepare_request(spec: DetectorSpec, *, tables: bool = False) -> PrepareRequest:
    """What the parser process prepares: the page's picture; with `tables` also what the table network reads."""
    return PrepareRequest(feature_names=(), thumbnail=False, raster=tables, lines=tables, view=spec.view)
