"""A user's ONNX detector: batches of pages in, regions out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from schemas.content import Region, told_confidence
from schemas.failures import ConfigurationError
from schemas.geometry import Box, rounded
from transforms.inference.sessions import SESSION_ERRORS, Execution, make_session, resolve_device
from transforms.layout.batches import slices
from transforms.layout.detector import detections
from transforms.layout.detector.spec import DetectorSpec
from transforms.layout.detector.view import placed, to_points
from transforms.layout.records import Array, PageInput

_IMAGE_TYPES = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
_SIZE_TYPES = {"tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(float)": np.float32}
#: Pages per run where GPUs want many; on a CPU they gain nothing.
_GPU_PAGES = 16


class Detector:
    """Make one per process. Tries a blank page first; raises ConfigurationError when spec and model do not fit."""

    def __init__(
        self, spec: DetectorSpec, model: bytes, execution: Execution | None = None, batch_pages: int = 0
    ) -> None:
        self.spec, self._types = spec, spec.types()
        execution = execution or Execution()
        self.chosen = resolve_device(execution.device, execution.precision)
        self._session = make_session(model, execution)
        self._image, self._size = _inputs(self._session, spec)
        self._outputs = _outputs(self._session, spec)
        self.batch_pages = self._batch(batch_pages)
        self._try()

    @property
    def providers(self) -> list[str]:
        """The execution providers in use, preferred first."""
        names: list[str] = self._session.get_providers()
        return names

    def regions(self, pages: Sequence[PageInput]) -> list[list[Region]]:
        """The regions of each page in points, surest first; none for refused pages."""
        found: list[list[Region]] = [[] for _ in pages]
        seen = [i for i, page in enumerate(pages) if page.view]
        for part in slices(len(seen), self.batch_pages):
            chosen = [pages[i] for i in seen[part]]
            outputs = self._run(np.stack([self._pixels(page) for page in chosen]))
            for row, i in enumerate(seen[part]):
                found[i] = self._regions(pages[i], [output[row] for output in outputs])
        return found

    def _regions(self, page: PageInput, outputs: Sequence[Array]) -> list[Region]:
        read = detections.read(outputs, self.spec)
        boxes = to_points(read.boxes, page, self.spec.view)
        regions = []
        for box, label, score in zip(boxes.tolist(), read.classes.tolist(), read.scores.tolist(), strict=True):
            if label in self._types and box[0] < box[2] and box[1] < box[3]:
                regions.append(Region(self._types[label], rounded(Box(*box)), told_confidence(min(1.0, score))))
        return regions

    def _pixels(self, page: PageInput) -> Array:
        return normalised(placed(page, self.spec.view, self.spec.input.padding), self.spec)

    def _run(self, images: Array) -> list[Array]:
        feed = {self._image.name: images.astype(_IMAGE_TYPES[self._image.type])}
        if self._size is not None:
            size = [self.spec.input.width, self.spec.input.height]
            feed[self._size.name] = np.array([size] * len(images), _SIZE_TYPES[self._size.type])
        outputs: list[Array] = self._session.run(self._outputs, feed)
        return outputs

    def _batch(self, wanted: int) -> int:
        """Pages per run. Models quantised on the fly scale the numbers of a run together: theirs run alone."""
        fixed = self._image.shape[0]
        if isinstance(fixed, int) and fixed > 1:
            raise _misfit(f"the batch of the input is {fixed}: export the model with a batch of 1 or a dynamic one")
        if fixed == 1 or (self.chosen.device, self.chosen.precision) == ("cpu", "int8"):
            return 1
        return wanted or (_GPU_PAGES if self.chosen.device in ("cuda", "tensorrt") else 1)

    def _try(self) -> None:
        size = self.spec.input
        blank = normalised(np.full((size.height, size.width, 3), 255, np.uint8), self.spec)
        try:
            outputs = self._run(blank[None])
        except SESSION_ERRORS as error:
            raise _misfit(f"it fails on a blank page of {size.width} x {size.height}: {error}") from error
        ranks = [rank for _, rank in detections.OUTPUTS[self.spec.convention]]
        shapes = [tuple(output.shape) for output in outputs]
        if [len(shape) for shape in shapes] != ranks or any(shape[0] != 1 for shape in shapes):
            raise _misfit(
                f"outputs of {self.spec.convention} have ranks {ranks} and the batch first, these are {shapes}"
            )
        try:
            count = detections.class_count([shape[1:] for shape in shapes], self.spec)
        except ValueError as error:
            raise _misfit(f"its output is no {self.spec.convention}: {error}") from error
        if count is not None and max(self._types) >= count:
            raise _misfit(f"[classes] names class {max(self._types)}, but the model has {count} (from 0)")


def normalised(pixels: Array, spec: DetectorSpec) -> Array:
    """(3, height, width) float32 as the network was trained with."""
    image = pixels[..., ::-1] if spec.input.channels == "bgr" else pixels
    scaled = image.astype(np.float32) * np.float32(spec.input.scale) - np.array(spec.input.mean, np.float32)
    values: Array = np.ascontiguousarray((scaled / np.array(spec.input.std, np.float32)).transpose(2, 0, 1))
    return values


def _inputs(session: Any, spec: DetectorSpec) -> tuple[Any, Any]:
    """The image input, and the one for image sizes that some RT-DETR models have."""
    entries = session.get_inputs()
    images = [entry for entry in entries if len(entry.shape) == 4]
    others = [entry for entry in entries if len(entry.shape) != 4]
    listed = ", ".join(f"{entry.name} {entry.type} {entry.shape}" for entry in entries)
    if len(images) != 1 or len(others) > (spec.convention == "rtdetr"):
        raise _misfit(f"wanted is one image (batch, 3, height, width), there are: {listed}")
    image, size = images[0], others[0] if others else None
    if image.type not in _IMAGE_TYPES or (size is not None and size.type not in _SIZE_TYPES):
        raise _misfit(f"an input has an unknown type: {listed}")
    wanted = (3, spec.input.height, spec.input.width)
    if any(isinstance(have, int) and have != want for have, want in zip(image.shape[1:], wanted, strict=True)):
        raise _misfit(f"its input is {image.shape}, the TOML file says (batch, {', '.join(map(str, wanted))})")
    return image, size


def _outputs(session: Any, spec: DetectorSpec) -> list[str]:
    """Names of the outputs in the convention's order."""
    here = [entry.name for entry in session.get_outputs()]
    wanted = [name or here[0] for name, _ in detections.OUTPUTS[spec.convention]]
    if missing := [name for name in wanted if name not in here]:
        raise _misfit(f"{spec.convention} has the outputs {', '.join(wanted)}; missing: {', '.join(missing)}")
    return wanted


def _misfit(what: str) -> ConfigurationError:
    return ConfigurationError(f"--layout-model: {what}")
