import importlib.util

import numpy as np
import pytest

from schemas.failures import ConfigurationError
from transforms.inference.message import parse
from transforms.inference.sessions import Execution, make_session
from transforms.ocr.onnx import languages, models, weights


def test_latin_languages_share_an_alphabet_without_look_alikes():
    english, german = models.alphabet(["eng"]), models.alphabet(["deu", "eng"])
    assert english == german
    assert set("azAZ09äßéøłş€§%&“”—αΩ•") <= set(english.characters)
    assert english.characters[0] == "" and english.characters[-1] == " "
    assert not {"，", "Ａ", "口", "一", "ǀ", "ɑ"} & set(english.characters)
    assert len(set(english.characters)) == len(english.characters) == len(english.columns)


def test_east_asian_languages_get_all_that_the_model_knows():
    assert models.alphabet(["eng", "jpn"]).characters == models.characters()


def test_a_language_is_covered_when_all_its_letters_are():
    letters = set("abcdefghijklmnopqrstuvwxyzäöüÄÖÜ")
    assert "deu" not in languages.covered(letters)
    assert "deu" in languages.covered(letters | {"ß"})
    known = languages.covered(models.characters())
    assert known == languages.SHIPPED
    assert {"eng", "deu", "fra", "spa", "pol", "tur", "jpn", "chi_sim"} <= set(known)
    assert not {"rus", "ell", "ara", "kor", "vie", "tha", "hin", "heb"} & set(known)


def test_cutting_the_output_changes_no_score_but_their_sum():
    chosen = models.alphabet(["eng"])
    line = np.random.default_rng(5).uniform(-1, 1, (1, 3, 48, 64)).astype(np.float32)

    def scores(model):
        return make_session(model, Execution()).run(None, {"x": line})[0]

    whole = scores(models._read(models.RECOGNITION))[..., list(chosen.columns)]
    cut = scores(models.recognition_model(chosen))
    assert cut.shape == whole.shape
    assert np.allclose(cut, whole / whole.sum(axis=2, keepdims=True), atol=1e-4)


def test_dropping_negligible_weights_changes_nothing_that_detection_sees():
    page = np.random.default_rng(7).uniform(-1, 1, (1, 3, 96, 96)).astype(np.float32)
    model = parse(models._read(models.DETECTION))
    assert weights.drop_negligible(model) > 100_000
    assert weights.drop_negligible(model) == 0
    outputs = [
        make_session(data, Execution()).run(None, {"x": page})[0]
        for data in (models._read(models.DETECTION), model.SerializeToString())
    ]
    assert np.allclose(*outputs, atol=1e-6)


def test_a_model_that_ends_in_another_way_is_told_apart():
    model = parse(models._read(models.DETECTION))
    with pytest.raises(KeyError, match="Softmax"):
        weights.keep_classes(model, [0])


def test_bytes_that_are_no_model():
    with pytest.raises(ConfigurationError, match="no ONNX model"):
        parse(b"\xff\xff\xff")


def test_a_missing_wheel_is_a_configuration_error(monkeypatch):
    monkeypatch.setattr(models, "find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match="install rapidocr"):
        models.plain_model(models.DETECTION)


def test_a_wheel_without_the_model_names_the_version_that_has_it(monkeypatch, tmp_path):
    spec = importlib.util.spec_from_loader("rapidocr", None, is_package=True)
    assert spec is not None and spec.submodule_search_locations is not None
    spec.submodule_search_locations.append(str(tmp_path))
    monkeypatch.setattr(models, "find_spec", lambda name: spec)
    with pytest.raises(ConfigurationError, match=rf"has no {models.DETECTION}.onnx; install rapidocr 3.10"):
        models.plain_model(models.DETECTION)


def test_devices_that_compile_each_shape_have_stand_ins():
    assert [models.stand_in(device) for device in ("auto", "cpu", "cuda", "tensorrt", "openvino")] == [
        "auto",
        "cpu",
        "cuda",
        "cuda",
        "cpu",
    ]


def test_a_model_that_does_not_name_its_characters(monkeypatch):
    monkeypatch.setattr(models, "_read", lambda name: b"")
    models.characters.cache_clear()
    with pytest.raises(ConfigurationError, match="does not name its characters"):
        models.characters()
    models.characters.cache_clear()
