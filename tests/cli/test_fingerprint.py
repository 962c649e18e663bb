"""A document's rows depend on what shaped them, and on nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

import beam_pipeline.fingerprint as fingerprint_module
from beam_pipeline.fingerprint import FAMILIES, fingerprint, fingerprints
from schemas.options import ChunkOptions, LayoutOptions, OcrOptions, Options, RunOptions
from schemas.versions import Fingerprints
from transforms.extract.registry import _by_media_type, import_built_in
from transforms.ocr.engines import Choice

PDF, PNG, DOCX = "application/pdf", "image/png", next(name for name in FAMILIES if name.endswith("document"))
MARKDOWN, TEXT, HTML, PPTX = "text/markdown", "text/plain", "text/html", "application/x-slides"
EVERY = [
    (kind, scans, seen) for kind in (PDF, PNG, DOCX, MARKDOWN, TEXT, HTML, PPTX) for scans in (0, 1) for seen in (0, 1)
]


@pytest.fixture(autouse=True)
def fresh(monkeypatch):
    """Engines and versions that tests change; nothing is remembered."""
    chosen = {"engine": "onnx"}
    monkeypatch.setattr(
        "transforms.ocr.settings.ocr_choice", lambda options: Choice(named(options) or chosen["engine"], "")
    )
    clear()
    yield chosen
    clear()


def named(options: Options) -> str:
    return "" if options.ocr.engine == "auto" else options.ocr.engine


def clear() -> None:
    fingerprint.cache_clear()
    fingerprints.cache_clear()


def versions(monkeypatch=None, **changed: str) -> None:
    real = fingerprint_module.version
    monkeypatch.setattr(fingerprint_module, "version", lambda name: changed.get(name) or real(name))
    clear()


def made(versions: Fingerprints) -> dict:
    return {(kind, scans, seen): versions.of(kind, scans=bool(scans), seen=bool(seen)) for kind, scans, seen in EVERY}


def redone(before: dict, after: Fingerprints) -> set:
    """Types, and whether OCR or a model looked at them, that are not as good as today's."""
    return {key for key, name in before.items() if name not in after.current}


def test_every_built_in_type_has_its_family():
    import_built_in()
    assert {name for name, extractor in _by_media_type().items() if extractor.__module__.startswith("transforms.")} == {
        *FAMILIES
    }


@pytest.mark.parametrize(
    ("distribution", "kinds"),
    [
        ("python-docx", {DOCX}),
        ("lxml", {DOCX, HTML}),
        ("markdown-it-py", {MARKDOWN}),
        ("pymupdf", {PDF}),
        ("pillow", {PNG}),
        ("charset-normalizer", {MARKDOWN, TEXT, HTML}),
        ("docbeam", {PDF, PNG, DOCX, MARKDOWN, TEXT, HTML, PPTX}),
        ("tiktoken", {PDF, PNG, DOCX, MARKDOWN, TEXT, HTML, PPTX}),
        ("duckdb", set()),
    ],
)
def test_an_engine_redoes_what_it_reads(monkeypatch, distribution, kinds):
    before = made(fingerprints(Options()))
    versions(monkeypatch, **{distribution: "99.0"})
    assert {kind for kind, _, _ in redone(before, fingerprints(Options()))} == kinds


def test_models_redo_only_what_was_given_to_them(monkeypatch):
    before = made(fingerprints(Options()))
    versions(monkeypatch, rapidocr="99.0")
    assert redone(before, fingerprints(Options())) == {(k, s, m) for k, s, m in EVERY if s and k in (PDF, PNG, PPTX)}


def test_a_network_redoes_only_documents_it_was_asked_about(monkeypatch):
    before = made(fingerprints(Options()))
    versions(monkeypatch, onnxruntime="99.0")
    assert redone(before, fingerprints(Options())) == {(PDF, 0, 1), (PDF, 1, 1)}
    assert redone(before, fingerprints(Options(layout=LayoutOptions(max_lines=3)))) == {(PDF, 0, 1), (PDF, 1, 1)}


def test_auto_is_as_good_as_what_it_chose_elsewhere(fresh):
    before = fingerprints(Options())
    fresh["engine"] = "tesseract"
    clear()
    after = fingerprints(Options())
    assert redone(made(before), after) == set() and redone(made(after), before) == set()
    assert before.of(PDF, scans=True, seen=False) != after.of(PDF, scans=True, seen=False)
    assert after.current[before.of(PDF, scans=True, seen=False)].reader == "onnx"
    assert (before.reader, after.reader) == ("onnx", "tesseract")
    asked = fingerprints(Options(ocr=OcrOptions(engine="tesseract")))
    assert redone(made(before), asked) == {(k, s, m) for k, s, m in EVERY if s and k in (PDF, PNG, PPTX)}
    assert redone(made(after), asked) == set()


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        ({"ocr": OcrOptions(languages=("deu",))}, {PDF, PNG, PPTX}),
        ({"ocr": OcrOptions(max_dpi=150)}, {PDF, PNG, PPTX}),
        ({"run": RunOptions(precision="fp16")}, {PDF, PNG, PPTX}),
    ],
)
def test_options_of_ocr_redo_what_was_given_to_it(change, kinds):
    before = made(fingerprints(Options()))
    found = redone(before, fingerprints(replace(Options(), **change)))
    assert {kind for kind, scans, _ in found if scans} == kinds
    assert all(scans or (kind, seen) == (PDF, 1) for kind, scans, seen in found)


def test_chunk_options_redo_everything():
    before = made(fingerprints(Options()))
    assert redone(before, fingerprints(Options(chunk=ChunkOptions(max_tokens=64)))) == set(EVERY)


MODES = st.tuples(st.sampled_from(["never", "auto", "redo", "always"]), st.sampled_from(["never", "auto", "always"]))


@given(MODES, MODES, st.sampled_from(EVERY))
def test_modes_redo_what_they_may_look_at_differently(before, after, document):
    """A mode that looks at fewer pages would give away none of a document of which one that looks at more gave none."""
    kind, scans, seen = document
    old, new = (fingerprints(of_modes(*modes)) for modes in (before, after))
    good = old.of(kind, scans=bool(scans), seen=bool(seen)) in new.current
    gave = bool(scans) and before[0] != "never" and kind in (PDF, PNG, PPTX)
    asked = bool(seen) and before[1] != "never" and kind == PDF
    fewer = [order.index(a) <= order.index(b) for order, a, b in zip(ORDERS, after, before, strict=True)]
    same = [a == b for a, b in zip(after, before, strict=True)]
    ocr_good = kind in (DOCX, MARKDOWN, TEXT, HTML) or (same[0] if gave else fewer[0])
    assert good == (ocr_good and (kind != PDF or (same[1] if asked else fewer[1])))


ORDERS = (["never", "auto", "redo", "always"], ["never", "auto", "always"])


def of_modes(ocr: str, layout: str) -> Options:
    return Options(ocr=OcrOptions(mode=ocr), layout=LayoutOptions(mode=layout))
