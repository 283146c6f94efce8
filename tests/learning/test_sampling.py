"""The order of examples is a function of seed and step."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.errors import InputError
from houfeng.learning.sampling import BalancedOrder, ShuffledOrder


@given(st.integers(1, 40), st.integers(1, 50), st.integers(0, 5))
def test_every_example_comes_once_an_epoch(n, batch, seed):
    order = ShuffledOrder(n, batch, seed)
    size = min(batch, n)
    rows = np.concatenate([order.rows(step) for step in range(n)])  # n steps of `size` are `size` whole epochs
    assert all(sorted(epoch) == list(range(n)) for epoch in rows.reshape(size, n))


def test_a_step_has_the_same_rows_whatever_was_asked_before():
    one, other = ShuffledOrder(23, 7, 4), ShuffledOrder(23, 7, 4)
    along = [one.rows(step).tolist() for step in range(12)]
    assert [other.rows(step).tolist() for step in reversed(range(12))] == along[::-1]


def test_seeds_and_epochs_differ():
    assert ShuffledOrder(50, 50, 0).rows(0).tolist() != ShuffledOrder(50, 50, 1).rows(0).tolist()
    order = ShuffledOrder(50, 50, 0)
    assert order.rows(0).tolist() != order.rows(1).tolist()


def test_a_rare_class_is_drawn_as_often_as_a_common_one():
    classes = np.repeat([0, 1, 2], [900, 90, 10])
    order = BalancedOrder(classes, 30, 0)
    drawn = classes[np.concatenate([order.rows(step) for step in range(50)])]
    assert np.bincount(drawn).tolist() == [500, 500, 500]
    assert order.rows(3).tolist() == BalancedOrder(classes, 30, 0).rows(3).tolist()


def test_a_batch_smaller_than_the_classes_gives_all_of_them_in_turn():
    classes = np.repeat([0.0, 1.0], [9, 3])
    order = BalancedOrder(classes, 1, 0)
    assert {classes[order.rows(step)[0]] for step in range(4)} == {0.0, 1.0}


def test_balance_needs_classes():
    with pytest.raises(InputError, match="at least two classes"):
        BalancedOrder(np.zeros(4, dtype=int), 2, 0)
    with pytest.raises(InputError, match="one class an example"):
        BalancedOrder(np.zeros((4, 3)), 2, 0)
