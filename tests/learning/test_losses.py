"""Losses on raw outputs, held to sums by hand and to their probabilistic meaning."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from houfeng.errors import InputError, UnknownNameError
from houfeng.learning.losses import (
    LOSSES,
    Binary,
    Categorical,
    Huber,
    Mse,
    Poisson,
    balance,
    class_weights,
    loss_of,
)


def value(loss, raw, target):
    return loss.per_example(torch.as_tensor(raw, dtype=torch.float32), torch.as_tensor(target)).tolist()


@given(st.floats(-20, 20), st.sampled_from([0.0, 1.0, 0.3]), st.floats(0.1, 10))
def test_binary_is_the_cross_entropy_of_the_probability(logit, target, factor):
    p = 1 / (1 + math.exp(-logit))
    by_hand = -factor * target * math.log(p) - (1 - target) * math.log1p(-p) if 0 < p < 1 else None
    (found,) = value(Binary(factor), [logit], [target])
    if by_hand is not None:
        assert found == pytest.approx(by_hand, rel=1e-4, abs=1e-6)


def test_binary_stays_finite_where_a_probability_would_round_to_one():
    assert value(Binary(), [200.0, -200.0], [0.0, 1.0]) == [200.0, 200.0]


def test_a_last_axis_of_one_is_no_error_and_another_shape_is():
    assert value(Binary(), [[0.0], [0.0]], [0.0, 1.0]) == pytest.approx([math.log(2)] * 2)
    with pytest.raises(InputError, match=r"gives \(2, 2\) where the target needs \(2,\)"):
        value(Binary(), [[0.0, 1.0], [0.0, 1.0]], [0.0, 1.0])


def test_pixels_of_an_example_are_averaged():
    raw, target = np.zeros((2, 3, 4)), np.zeros((2, 3, 4))
    assert value(Binary(), raw, target) == pytest.approx([math.log(2)] * 2)


def test_categorical_is_minus_the_log_of_the_softmax():
    raw = [[1.0, 2.0, 0.5]]
    softmax = np.exp(raw[0]) / np.exp(raw[0]).sum()
    assert value(Categorical(), raw, [1]) == pytest.approx([-math.log(softmax[1])])
    assert value(Categorical((1.0, 3.0, 1.0)), raw, [1]) == pytest.approx([-3 * math.log(softmax[1])])
    soft = [[0.2, 0.5, 0.3]]
    assert value(Categorical(), raw, soft) == pytest.approx([-(np.array(soft) * np.log(softmax)).sum()])


def test_categorical_of_samples_in_a_window():
    raw = torch.zeros(2, 3, 10)
    assert value(Categorical(), raw, torch.zeros(2, 10, dtype=torch.long)) == pytest.approx([math.log(3)] * 2)


def test_categorical_refuses_classes_without_output_and_wrong_weights():
    with pytest.raises(InputError, match="class 3 has no output"):
        value(Categorical(), [[0.0, 0.0]], [3])
    with pytest.raises(InputError, match="3 class weights for the 2 outputs"):
        value(Categorical((1.0, 1.0, 1.0)), [[0.0, 0.0]], [1])
    with pytest.raises(InputError, match="for classes"):
        value(Categorical(), [[0.0, 0.0]], [[1, 1]])


@given(st.integers(1, 50), st.floats(0.1, 20))
def test_poisson_is_least_at_the_observed_rate(count, exposure):
    best = math.log(count / exposure)
    losses = value(Poisson(), [best - 0.3, best, best + 0.3], [[count, exposure]] * 3)
    assert losses[1] <= min(losses) + 1e-5
    (at_zero,) = value(Poisson(), [0.0], [[count, exposure]])
    assert at_zero == pytest.approx(exposure, rel=1e-5)


def test_exposure_of_zero_leaves_a_cell_out():
    assert value(Poisson(), [[5.0, 0.0]], [[[0.0, 0.0], [1.0, 2.0]]]) == pytest.approx([1.0])


def test_squares_and_huber():
    assert value(Mse(), [[1.0, 3.0]], [[0.0, 0.0]]) == pytest.approx([5.0])
    assert value(Huber(1.0), [0.5, 3.0], [0.0, 0.0]) == pytest.approx([0.125, 2.5])


def test_losses_have_names():
    assert {name: type(loss_of(name)) for name in LOSSES} == LOSSES
    kept = Binary(3.0)
    assert loss_of(kept) is kept
    with pytest.raises(UnknownNameError, match="did you mean 'binary'"):
        loss_of("binnary")


@pytest.mark.parametrize(
    ("loss", "target", "message"),
    [
        (Binary(), [1, 1, 1], "all 3 targets are 1: two classes"),
        (Binary(), [0.0, 0.0], "all 2 targets are 0"),
        (Binary(), [0, 2], "lies in"),
        (Categorical(), [0, 0], "at least two classes"),
        (Categorical(), [0, 2, 2], "class 1 has no example"),
        (Categorical(), [-1, 1], "numbered from 0"),
        (Poisson(), [1, 2], "counts and exposure"),
        (Poisson(), [[-1, 2]], "cannot be negative"),
        (Poisson(), [[0, 2], [0, 1]], "no rate to learn"),
        (Poisson(), [[1, 0]], "infinite"),
    ],
)
def test_targets_that_cannot_be_learned_from_are_refused(loss, target, message):
    with pytest.raises(InputError, match=message):
        loss.check(np.array(target))


def test_soft_labels_below_a_half_are_fine():
    Binary().check(np.array([0.01, 0.2]))
    Categorical().check(np.array([[0.1, 0.9], [0.2, 0.8]]))


def test_pos_weight_must_be_positive():
    with pytest.raises(InputError, match="pos_weight"):
        Binary(0.0)


@given(st.integers(1, 30), st.integers(1, 30))
def test_balanced_classes_weigh_the_same(negatives, positives):
    target = np.repeat([0, 1], [negatives, positives])
    assert balance(target) * positives == pytest.approx(negatives)
    weights = np.array(class_weights(target))
    assert weights[0] * negatives == pytest.approx(weights[1] * positives)
    assert weights[target].mean() == pytest.approx(1)
