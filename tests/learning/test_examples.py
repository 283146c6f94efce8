"""Examples are checked once, and say which array and row is wrong."""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.errors import InputError
from houfeng.learning.examples import Examples


def some(n=5, **changes):
    given = {
        "inputs": {"features": np.arange(2.0 * n).reshape(n, 2), "maps": np.zeros((n, 1, 3, 3), dtype=np.uint8)},
        "target": np.arange(n) % 2,
    }
    return Examples(**{**given, **changes})


def test_weights_are_one_unless_given():
    assert some().weight.tolist() == [1.0] * 5
    assert some(weight=[0, 1, 2, 3, 4]).weight.tolist() == [0, 1, 2, 3, 4]


@given(st.lists(st.integers(0, 4), min_size=1, max_size=9))
def test_selected_rows_keep_their_order_in_every_array(rows):
    chosen = some(weight=np.arange(5.0)).select(rows)
    assert len(chosen) == len(rows)
    assert chosen.inputs["features"][:, 0].tolist() == [2.0 * row for row in rows]
    assert chosen.target.tolist() == [row % 2 for row in rows]
    assert chosen.weight.tolist() == rows


def test_a_mask_selects_and_must_have_the_length_of_the_examples():
    assert some().select(np.array([True, False, False, False, True])).inputs["features"][:, 0].tolist() == [0.0, 8.0]
    with pytest.raises(InputError, match="cannot select among 5"):
        some().select(np.array([True]))


def test_no_row_at_all_can_be_selected():
    assert len(some().select([])) == 0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_named_with_its_row(bad):
    features = np.zeros((5, 2))
    features[3, 1] = bad
    with pytest.raises(InputError, match=r"input 'features' is not finite in row 3 \(1 such rows\)"):
        some(inputs={"features": features})
    with pytest.raises(InputError, match="target is not finite in row 0"):
        some(target=np.array([bad, 0, 0, 0, 0]))
    with pytest.raises(InputError, match="weight is not finite in row 0"):
        some(weight=[bad, 1, 1, 1, 1])


def test_lengths_must_agree():
    with pytest.raises(InputError, match="input 'features' has 4 rows, the target 5"):
        some(inputs={"features": np.zeros((4, 2))})
    with pytest.raises(InputError, match="weight has 2 rows, the target 5"):
        some(weight=[1, 1])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"inputs": {}}, "without inputs"),
        ({"inputs": {"features": 3.0}}, "single value"),
        ({"inputs": {"features": np.array(["a"] * 5)}}, "only numbers"),
        ({"weight": [1, 1, -1, 1, 1]}, "weight of row 2 is negative"),
        ({"weight": np.ones((5, 2))}, "one number an example"),
    ],
)
def test_what_cannot_be_learned_from_is_refused(changes, message):
    with pytest.raises(InputError, match=message):
        some(**changes)


def test_inputs_cannot_be_replaced():
    with pytest.raises(TypeError):
        some().inputs["features"] = np.zeros(5)


def test_examples_travel_to_another_process():
    there = pickle.loads(pickle.dumps(some(weight=np.arange(5.0))))
    assert there.weight.tolist() == list(range(5))
    assert there.inputs["maps"].dtype == np.uint8


def test_names_go_with_their_rows_and_change_nothing_else():
    named = Examples({"x": np.arange(4.0)[:, None]}, np.arange(4), names=("a", "b", "c", "d"))
    assert named.select([2, 0]).names == ("c", "a") and named.select(named.target > 1).names == ("c", "d")
    assert named.row_named(1) == "row 1 (b)" and Examples(named.inputs, named.target).row_named(1) == "row 1"
    assert pickle.loads(pickle.dumps(named)).names == named.names
    with pytest.raises(InputError, match="3 names for 4 examples"):
        Examples({"x": np.ones(4)}, np.ones(4), names=("a", "b", "c"))
