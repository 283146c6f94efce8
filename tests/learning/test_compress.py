"""Compression: zeros stay zeros, eight bits stay close, students learn from teacher and truth."""

from dataclasses import replace
from functools import partial

import numpy as np
import onnx
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from houfeng.errors import InputError
from houfeng.learning.compress import Bf16, distil, prune, quantise, soften, zeros_share
from houfeng.learning.engine import predict, train
from houfeng.learning.examples import Examples
from houfeng.learning.export import to_onnx
from houfeng.learning.inference import OnnxPredictor
from houfeng.learning.losses import Binary, Categorical, Mse, Poisson
from houfeng.learning.networks import FusionConfig, MapCnnConfig, MlpConfig, SequenceRnnConfig, build
from houfeng.learning.settings import TrainSettings

CONFIG = FusionConfig(
    (
        ("numbers", MlpConfig(3, width=12, depth=1)),
        ("maps", MapCnnConfig(1, width=8, depth=2)),
        ("events", SequenceRnnConfig(2, width=8)),
    ),
    width=12,
)
SETTINGS = TrainSettings(steps=60, batch_size=32, learning_rate=0.01, evaluate_every=20)


def some(n=200, seed=0):
    rng = np.random.default_rng(seed)
    inputs = {
        "numbers": rng.normal(size=(n, 3)),
        "maps": rng.normal(size=(n, 1, 8, 8)),
        "events": rng.normal(size=(n, 5, 2)),
    }
    score = inputs["numbers"][:, 0] + 4 * inputs["maps"].mean((1, 2, 3)) + inputs["events"][:, -1, 0]
    return Examples(inputs, (score > 0).astype(int))


@pytest.fixture(scope="module")
def trained():
    return train(build(CONFIG), some(), some(100, 1), loss="binary", settings=SETTINGS).network


def test_pruned_weights_stay_zero_through_the_fine_tuning(trained):
    before = {name: values.clone() for name, values in trained.state_dict().items()}
    pruned = prune(trained, 0.6, some(), some(100, 1), loss="binary", settings=SETTINGS).network
    assert zeros_share(pruned) == pytest.approx(0.6, abs=0.01)
    assert zeros_share(trained) < 0.01
    assert {name for name, _ in pruned.named_parameters()} == {name for name, _ in trained.named_parameters()}
    assert all(torch.equal(values, before[name]) for name, values in trained.state_dict().items())
    to_onnx(pruned, some().inputs)
    unseen = some(1000, 2)
    assert ((predict(pruned, unseen.inputs) > 0) == unseen.target).mean() > 0.8


def test_the_smallest_weights_go_first(trained):
    pruned = prune(trained, 0.5, some(), None, loss="binary", settings=replace(SETTINGS, steps=1)).network
    after, gone, kept = dict(pruned.named_parameters()), [], []
    for name, old in trained.named_parameters():
        if old.ndim >= 2:
            gone += old.detach()[after[name] == 0].abs().tolist()
            kept += old.detach()[after[name] != 0].abs().tolist()
    assert len(gone) == pytest.approx(len(kept), abs=1)
    assert max(gone) <= min(kept)


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0])
def test_a_share_is_between_none_and_all(trained, share):
    with pytest.raises(InputError, match="between 0 and 1"):
        prune(trained, share, some(), None, loss="binary", settings=SETTINGS)
    with pytest.raises(InputError, match="between 0 and 1"):
        distil(trained, trained, some(), None, loss="binary", settings=SETTINGS, share=share)


def test_eight_bits_are_smaller_and_close(trained):
    config = FusionConfig((("maps", MapCnnConfig(1, width=32, depth=3)),))
    data = Examples({"maps": some().inputs["maps"]}, some().target)
    network = train(build(config), data, None, loss="binary", settings=SETTINGS).network
    plain = to_onnx(network, data.inputs)
    small = quantise(plain, data.inputs)
    assert len(small) < 0.5 * len(plain)
    kinds = {node.op_type for node in onnx.load_from_string(small).graph.node}
    assert "QuantizeLinear" in kinds
    unseen = {"maps": some(100, 3).inputs["maps"]}
    raw, rough = OnnxPredictor(plain).predict(unseen), OnnxPredictor(small).predict(unseen)
    assert 0 < np.abs(raw - rough).max() < 0.3 * raw.std() + 0.2


def test_recurrent_layers_survive_the_quantisation(trained):
    small = quantise(to_onnx(trained, some().inputs), some().inputs)
    assert OnnxPredictor(small).predict(some(3, 1).inputs).shape == (3,)
    with pytest.raises(InputError, match="no calibration examples"):
        quantise(b"", {"numbers": np.zeros((0, 3))})


def test_bf16_halves_the_weights_and_stays_close(trained):
    half = Bf16(trained)
    assert {p.dtype for p in half.parameters()} == {torch.bfloat16}
    assert {p.dtype for p in trained.parameters()} == {torch.float32}
    raw = predict(trained, some().inputs)
    np.testing.assert_allclose(predict(half, some().inputs), raw, atol=0.05 * np.abs(raw).max())


def test_a_student_learns_from_its_teacher(trained):
    student = build(FusionConfig((("numbers", MlpConfig(3, width=8, depth=1)),), depth=0))
    seen = some()
    wrong = Examples(seen.inputs, 1 - seen.target)  # the truth is lost; the teacher knows
    done = distil(
        student, partial(predict, trained), wrong, None, loss="binary", settings=replace(SETTINGS, steps=200), share=0.9
    )
    raw = predict(done.network, some(500, 5).inputs)
    assert np.corrcoef(raw, some(500, 5).inputs["numbers"][:, 0])[0, 1] > 0.8


@given(st.floats(0.05, 0.95), st.floats(-3, 3), st.floats(-3, 3), st.floats(0.1, 5), st.integers(0, 9))
def test_learning_from_the_mixture_is_learning_from_both(share, told, raw, exposure, count):
    def value(loss, target):
        return float(loss.per_example(torch.tensor([raw]), torch.tensor(np.asarray(target))))

    yes = 1 / (1 + np.exp(-told))
    for loss, truth, teacher in (
        (Binary(), [1.0], [yes]),
        (Poisson(), [[float(count), exposure]], [[exposure * np.exp(told), exposure]]),
    ):
        mixed = value(loss, soften(np.array(truth), np.array([told]), loss, share))
        assert mixed == pytest.approx(
            (1 - share) * value(loss, truth) + share * value(loss, teacher), rel=1e-4, abs=1e-5
        )


@given(st.floats(0.2, 30), st.floats(0.01, 0.99))
def test_a_teacher_of_a_weighted_loss_is_not_weighted_twice(weight, chance):
    """The best output under a weight, handed to a student of the same loss, is the best output again."""
    best = np.log(weight * chance / (1 - chance))
    assert soften(np.array([chance]), np.array([best]), Binary(weight), 0.5) == pytest.approx([chance])
    weights = (1.0, weight, 2.0)
    truth = np.array([[1 - chance, 0.6 * chance, 0.4 * chance]])
    told = soften(truth, np.log(truth * weights), Categorical(weights), 0.5)
    assert told == pytest.approx(truth)
    many = soften(truth[:, :, None], np.log(truth * weights)[:, :, None], Categorical(weights), 0.5)
    assert many[:, :, 0] == pytest.approx(truth)


def test_softened_classes_are_probabilities():
    raw = np.array([[1.0, 2.0, 0.0], [900.0, 0.0, 0.0]])
    soft = soften(np.array([0, 0]), raw, Categorical(), 0.5)
    assert soft.sum(1) == pytest.approx([1, 1])
    assert soft[1] == pytest.approx([1, 0, 0])
    assert soft[0, 0] == pytest.approx(0.5 + 0.5 * np.exp(1) / np.exp(raw[0]).sum())
    windows = soften(np.zeros((2, 4), dtype=int), np.zeros((2, 3, 4)), Categorical(), 0.5)
    assert windows.shape == (2, 3, 4)
    assert windows[:, 0] == pytest.approx(np.full((2, 4), 0.5 + 0.5 / 3))
    assert soften(np.array([2.0]), np.array([4.0]), Mse(), 0.5) == pytest.approx([3.0])
