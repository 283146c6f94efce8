"""What leaves torch says the same on ONNX Runtime, where torch need not be."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from houfeng.errors import FitError, InputError, MissingExtraError
from houfeng.learning.engine import predict
from houfeng.learning.export import to_onnx
from houfeng.learning.extra import require
from houfeng.learning.inference import OnnxPredictor
from houfeng.learning.networks import FusionConfig, MapCnnConfig, MlpConfig, SequenceRnnConfig, build

BRANCHES = {
    "numbers": MlpConfig(3, dropout=0.5),
    "maps": MapCnnConfig(2, width=8),
    "events": SequenceRnnConfig(4, depth=2, dropout=0.5),
    "states": SequenceRnnConfig(4, cell="lstm"),
    "pixels": MapCnnConfig(2, width=8, per_pixel=True),
}


def inputs(n=40, seed=0):
    rng = np.random.default_rng(seed)
    return {
        "numbers": rng.normal(size=(n, 3)),
        "maps": rng.normal(size=(n, 2, 11, 9)),
        "pixels": rng.normal(size=(n, 2, 5, 9)),
        "events": rng.normal(size=(n, 7, 4)),
        "events_length": rng.integers(0, 8, n),
        "states": rng.normal(size=(n, 7, 4)),
        "offset": rng.normal(size=n),
    }


def network(*names, **more):
    built = build(FusionConfig(tuple((name, BRANCHES[name]) for name in names), **more))
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in built.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=generator)
    return built


CASES = [
    (("numbers",), {}),
    (("maps",), {"outputs": 3}),
    (("events", "events_length"), {}),
    (("states",), {}),
    (("pixels", "numbers"), {"outputs": 2}),
    (("numbers", "maps", "events", "events_length", "offset"), {"offset": "offset"}),
]


@pytest.mark.parametrize(("names", "more"), CASES)
def test_outputs_agree_for_any_number_of_examples(tmp_path, names, more):
    built = network(*(name for name in names if name in BRANCHES), **more)
    seen = {name: inputs()[name] for name in names}
    content = to_onnx(built, seen, tmp_path / "network.onnx")
    assert (tmp_path / "network.onnx").read_bytes() == content
    predictor = OnnxPredictor(tmp_path / "network.onnx")
    assert predictor.inputs == names
    for n in (1, 2, 33):
        unseen = {name: inputs(n, seed=1)[name] for name in names}
        np.testing.assert_allclose(predictor.predict(unseen), predict(built, unseen), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(predictor.predict(seen, 7), predictor.predict(seen), rtol=1e-5, atol=1e-6)


def test_an_exported_network_that_says_something_else_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(OnnxPredictor, "predict", lambda self, inputs: np.ones(40, dtype=np.float32) * 9)
    with pytest.raises(FitError, match="differs from the trained one by"):
        to_onnx(network("numbers"), {"numbers": inputs()["numbers"]}, tmp_path / "network.onnx")
    assert not (tmp_path / "network.onnx").exists()


def test_an_export_needs_examples():
    with pytest.raises(InputError, match="at least two"):
        to_onnx(network("numbers"), {"numbers": np.zeros((1, 3))})


def test_a_network_in_training_stays_in_training():
    built = network("numbers").train()
    to_onnx(built, {"numbers": inputs()["numbers"]})
    assert built.training


def test_what_the_network_cannot_take_is_said():
    predictor = OnnxPredictor(to_onnx(network("numbers"), {"numbers": inputs()["numbers"]}))
    with pytest.raises(InputError, match="needs numbers; missing: numbers"):
        predictor.predict({"number": np.zeros((2, 3))})
    with pytest.raises(InputError, match=r"does not take inputs of shapes .*\(2, 5\)"):
        predictor.predict({"numbers": np.zeros((2, 5))})
    with pytest.raises(InputError, match="no rows"):
        predictor.predict({"numbers": np.zeros((0, 3))})


def test_files_that_are_no_network_are_named(tmp_path):
    with pytest.raises(InputError, match="no network file"):
        OnnxPredictor(tmp_path / "none.onnx")
    (tmp_path / "bad.onnx").write_bytes(b"bad")
    with pytest.raises(InputError, match=r"bad\.onnx cannot be read"):
        OnnxPredictor(tmp_path / "bad.onnx")
    with pytest.raises(InputError, match="these bytes cannot be read"):
        OnnxPredictor(b"bad")


def test_prediction_needs_no_torch(tmp_path):
    to_onnx(network("numbers"), {"numbers": inputs()["numbers"]}, tmp_path / "network.onnx")
    code = (
        "import sys, numpy as np; sys.modules['torch'] = None\n"
        "from houfeng.learning.inference import OnnxPredictor\n"
        f"print(OnnxPredictor({str(tmp_path / 'network.onnx')!r}).predict({{'numbers': np.zeros((2, 3))}}).shape)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "(2,)"


def test_a_missing_package_is_named_with_its_remedy():
    with pytest.raises(MissingExtraError, match=r"nosuchpackage is needed .* pip install houfeng\[learn\]"):
        require("nosuchpackage.part")
