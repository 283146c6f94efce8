"""Rows become tensors of the right kind, and torch's own state stays as it was."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from houfeng.errors import InputError
from houfeng.learning.examples import as_network_sees
from houfeng.learning.tensors import device_of, evaluating, seed_of, seeded, tensor, tensors, threads, weights_of

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("given", "seen"),
    [
        (np.float64, torch.float32),
        (np.float16, torch.float32),
        (bool, torch.float32),
        (np.uint8, torch.float32),
        (np.int8, torch.int64),
        (np.uint16, torch.int64),
        (np.int64, torch.int64),
    ],
)
def test_numbers_become_what_a_network_expects(given, seen):
    values = np.array([[0, 1], [1, 0]], dtype=given)
    found = tensor(values, CPU)
    assert found.dtype == seen
    assert found.tolist() == [[0, 1], [1, 0]]
    assert torch.from_numpy(as_network_sees(values)).dtype == seen  # ONNX Runtime is fed the same


def test_bytes_of_a_target_are_classes():
    assert tensor(np.array([3], dtype=np.uint8), CPU, pixels=False).dtype == torch.int64


def test_chosen_rows_of_all_inputs():
    found = tensors({"a": np.arange(5), "b": np.arange(5.0)}, np.array([4, 0]), CPU)
    assert found["a"].tolist() == [4, 0]
    assert found["b"].tolist() == [4.0, 0.0]


@given(st.lists(st.integers(0, 2**40), min_size=1, max_size=4))
def test_seeds_are_fit_for_torch_and_repeatable(parts):
    assert 0 <= seed_of(*parts) < 2**63
    assert seed_of(*parts) == seed_of(*parts)
    assert seed_of(*parts) != seed_of(*parts, 1)


def test_torch_draws_on_as_if_nothing_had_happened():
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    with seeded(8):
        inside = torch.rand(3)
    assert torch.equal(torch.rand(3), expected)
    with seeded(8, CPU):
        assert torch.equal(torch.rand(3), inside)


def test_threads_and_modes_are_put_back_after_an_error():
    before = torch.get_num_threads()
    layer = torch.nn.Dropout(0.5)
    with pytest.raises(KeyError), threads(1), evaluating(layer):
        assert torch.get_num_threads() == 1
        assert not layer.training
        assert torch.is_inference_mode_enabled()
        raise KeyError
    assert torch.get_num_threads() == before
    assert layer.training
    assert not torch.is_inference_mode_enabled()


def test_a_copy_of_the_weights_does_not_follow_them():
    layer = torch.nn.BatchNorm1d(2)
    kept = weights_of(layer)
    layer.weight.data.fill_(7.0)
    layer.running_mean.fill_(7.0)
    assert kept["weight"].tolist() == [1.0, 1.0]
    assert kept["running_mean"].tolist() == [0.0, 0.0]


def test_devices_by_name(monkeypatch):
    assert device_of("cpu") == CPU
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device_of("auto") == CPU
    with pytest.raises(InputError, match="finds no GPU"):
        device_of("cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert device_of("auto") == torch.device("cuda")
