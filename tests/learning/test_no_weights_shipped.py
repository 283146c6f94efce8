"""The wheel is the folder of the package: no weights trained on other people's data may lie in it."""

import hashlib
import tomllib
import zipfile
from pathlib import Path

import numpy as np

import houfeng
from houfeng.learning.backbones import weights_file

ROOT = Path(houfeng.__file__).parent
#: Kinds of files that models are kept in.
WEIGHTS = {
    "bin", "ckpt", "gguf", "h5", "hdf5", "joblib", "keras", "npy", "onnx", "pb", "pickle", "pkl", "pt", "pth",
    "safetensors", "tflite", "weights",
}  # fmt: skip
#: Arrays that are no weights: coasts, and the streets of the demo city.
ARRAYS = {"data/coastline.npz", "data/coquimbo/roads.npz"}


def shipped() -> list[Path]:
    return [path for path in ROOT.rglob("*") if path.is_file() and "__pycache__" not in path.parts]


def test_the_wheel_is_the_package_and_nothing_beside_it():
    told = tomllib.loads((ROOT.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    assert told["tool"]["hatch"]["build"]["targets"]["wheel"] == {"packages": ["src/houfeng"]}


def test_no_file_of_weights_is_shipped():
    files = shipped()
    assert len(files) > 300
    assert [str(path) for path in files if path.suffix.lower().lstrip(".") in WEIGHTS] == []
    assert {path.relative_to(ROOT).as_posix() for path in files if path.suffix == ".npz"} == ARRAYS
    archives = {path for path in files if path.suffix != ".npz" and zipfile.is_zipfile(path)}
    assert archives == set()  # torch and numpy keep weights in these, under any name


def test_arrays_that_are_shipped_are_not_the_size_of_networks():
    for name in ARRAYS:
        with np.load(ROOT / name, allow_pickle=False) as kept:
            assert not any(kept[one].ndim > 2 for one in kept.files), name


def test_the_weights_of_the_backbone_stay_in_their_own_wheel():
    weights = weights_file()
    assert not weights.is_relative_to(ROOT)
    same = [path for path in shipped() if path.stat().st_size == weights.stat().st_size]
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    assert all(hashlib.sha256(path.read_bytes()).hexdigest() != digest for path in same)
