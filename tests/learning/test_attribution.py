"""Integrated gradients: what the axioms of the paper ask for, on networks whose answer is known."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.errors import InputError
from houfeng.learning.attribution import integrated_gradients
from houfeng.learning.networks import FusionConfig, MapCnnConfig, MlpConfig, SequenceRnnConfig, build

RNG = np.random.default_rng(5)


class Linear(torch.nn.Module):
    """3 a - 2 b + 1."""

    def forward(self, inputs):
        return inputs["x"] @ torch.tensor([3.0, -2.0, 0.0]) + 1.0


class Product(torch.nn.Module):
    """x y: on the straight line from zero both get half of it."""

    def forward(self, inputs):
        return inputs["x"][:, 0] * inputs["x"][:, 1]


class Classes(torch.nn.Module):
    """Two outputs."""

    def forward(self, inputs):
        return torch.stack([inputs["x"].sum(1), (inputs["x"] ** 2).sum(1)], 1)


def awake(network, seed=0):
    """A network whose last layer does not begin at zero."""
    rng = np.random.default_rng(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.2 * torch.from_numpy(rng.standard_normal(parameter.shape)).float()
    return network


def test_a_linear_network_gives_weight_times_difference():
    x = np.array([[1.0, 2.0, 5.0], [-1.0, 0.5, 7.0]], np.float32)
    found = integrated_gradients(Linear(), {"x": x}, steps=3)
    assert found.values["x"] == pytest.approx(x * [3.0, -2.0, 0.0], abs=1e-5)
    assert found.baseline_output == pytest.approx([1.0, 1.0])
    assert found.gap == pytest.approx([0, 0], abs=1e-5)


def test_a_product_is_split_in_halves():
    found = integrated_gradients(Product(), {"x": np.array([[3.0, 4.0]], np.float32)})
    assert found.values["x"] == pytest.approx(np.array([[6.0, 6.0]]), rel=1e-5)


def test_the_baseline_counts_as_nothing():
    x = np.array([[3.0, 4.0, 1.0]], np.float32)
    found = integrated_gradients(Linear(), {"x": x}, {"x": x[0]})
    assert np.abs(found.values["x"]).max() == 0 and found.total == 0


def test_one_of_several_outputs_is_meant():
    x = np.array([[1.0, 2.0]], np.float32)
    assert integrated_gradients(Classes(), {"x": x}, output=0).values["x"] == pytest.approx(x)
    assert integrated_gradients(Classes(), {"x": x}, output=1).values["x"] == pytest.approx(x**2, rel=1e-5)


@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_attributions_of_a_network_on_numbers_are_complete(data):
    width, seed = data.draw(st.integers(1, 9)), data.draw(st.integers(0, 2**16))
    network = awake(build(FusionConfig((("x", MlpConfig(width, 0, 0)),), width=8), seed), seed)
    rng = np.random.default_rng(seed)
    x, base = rng.standard_normal((2, 4, width)).astype(np.float32)
    found = integrated_gradients(network, {"x": x}, {"x": base}, steps=400)
    assert found.gap == pytest.approx(np.zeros(4), abs=2e-2 * max(1.0, np.abs(found.output).max()))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_attributions_of_a_fused_network_are_complete(seed):
    """Numbers, maps and sequences together sum to the difference of the outputs."""
    config = FusionConfig(
        (("numbers", MlpConfig(5, 8, 1, 0.3)), ("maps", MapCnnConfig(2, 4, 1)), ("events", SequenceRnnConfig(3, 6))),
        width=8, dropout=0.3,
    )  # fmt: skip
    network, rng = awake(build(config, seed), seed), np.random.default_rng(seed)
    inputs = {
        "numbers": rng.standard_normal((3, 5)).astype(np.float32),
        "maps": rng.standard_normal((3, 2, 5, 5)).astype(np.float32),
        "events": rng.standard_normal((3, 4, 3)).astype(np.float32),
    }
    found = integrated_gradients(network, inputs, steps=400)
    assert {name: value.shape for name, value in found.values.items()} == {n: v.shape for n, v in inputs.items()}
    change = np.abs(found.output - found.baseline_output)
    assert np.all(np.abs(found.gap) < 5e-3 * np.maximum(change, 0.1))  # norms bend sharply near the baseline
    rough = integrated_gradients(network, inputs, steps=4)
    assert np.abs(found.gap).sum() < 0.5 * np.abs(rough.gap).sum()
    assert all(np.abs(value).max() > 0 for value in found.values.values())


def test_an_input_that_the_network_ignores_gets_zero_and_examples_do_not_mix():
    network = awake(build(FusionConfig((("x", MlpConfig(4, 8, 1)),), width=8), 1))
    x = RNG.standard_normal((6, 4)).astype(np.float32)
    both = integrated_gradients(network, {"x": x, "ignored": x})
    assert not both.values["ignored"].any()
    alone = integrated_gradients(network, {"x": x[2:3]})
    assert both.values["x"][2] == pytest.approx(alone.values["x"][0], abs=1e-5)


def test_the_network_is_left_as_it_was():
    network = awake(build(FusionConfig((("x", MlpConfig(4, 8, 1, 0.5)),), width=8), 1)).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    first = integrated_gradients(network, {"x": RNG.standard_normal((2, 4)).astype(np.float32)})
    assert network.training and all(p.grad is None for p in network.parameters())
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert np.isfinite(first.total).all()


@pytest.mark.parametrize(
    ("inputs", "more", "words"),
    [
        ({}, {}, "one input"),
        ({"x": np.ones((1, 3))}, {"steps": 0}, "one step"),
        ({"x": np.array([[np.nan, 1, 2]])}, {}, "x has missing"),
        ({"x": np.ones((1, 3))}, {"baseline": {"y": np.ones(3)}}, "no x"),
        ({"x": np.ones((1, 3))}, {"baseline": {"x": np.ones(2)}}, "baseline of x is"),
        ({"x": np.ones((1, 3))}, {"output": 1}, "no output 1"),
    ],
)
def test_what_makes_no_sense_is_refused(inputs, more, words):
    with pytest.raises(InputError, match=words):
        integrated_gradients(Linear(), inputs, **more)


def test_several_outputs_must_be_chosen_from():
    with pytest.raises(InputError, match="which output"):
        integrated_gradients(Classes(), {"x": np.ones((1, 2), np.float32)})
