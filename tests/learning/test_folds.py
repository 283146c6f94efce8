"""Folds never let the future be learned from."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.errors import InputError, NotEnoughDataError
from houfeng.learning.folds import forward_folds


@given(st.lists(st.integers(0, 1000), min_size=40, max_size=80, unique=True), st.integers(1, 4), st.integers(0, 30))
def test_all_that_is_learned_lies_a_gap_before_all_that_is_judged(times, k, gap):
    times = np.array(times)
    try:
        folds = forward_folds(times, k, gap)
    except NotEnoughDataError:
        return
    assert len(folds) == k
    for fold in folds:
        assert times[fold.train].max() + max(gap, 1) <= times[fold.validation].min()
    judged = np.concatenate([fold.validation for fold in folds])
    assert len(set(judged)) == len(judged)
    assert set(np.argsort(times)[-len(judged) :]) == set(judged)


@given(st.lists(st.integers(0, 4), min_size=10, max_size=60), st.integers(1, 3))
def test_one_moment_is_never_on_both_sides(times, k):
    times = np.array(times)
    try:
        folds = forward_folds(times, k)
    except NotEnoughDataError:
        return
    assert all(times[fold.train].max() < times[fold.validation].min() for fold in folds)


def test_datetimes_with_a_gap():
    days = np.datetime64("2020-01-01", "us") + np.arange(12) * np.timedelta64(1, "D")
    folds = forward_folds(days[::-1], 2, gap=np.timedelta64(3, "D"))
    assert [days[::-1][fold.validation].min() for fold in folds] == [days[4], days[8]]
    assert days[::-1][folds[1].train].max() == days[5]


def test_too_little_is_said():
    with pytest.raises(NotEnoughDataError, match="fold 1 of 2 learns from 0"):
        forward_folds(6, 2, gap=5)
    with pytest.raises(NotEnoughDataError):
        forward_folds(2, 4)
    with pytest.raises(NotEnoughDataError, match="no examples"):
        forward_folds(0, 2)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((np.zeros((2, 2)), 1), "moments"),
        ((5, 0), "k >= 1"),
        ((np.array([1.0, np.nan]), 1), "missing"),
        ((np.array(["2020", "NaT"], dtype="datetime64[us]"), 1), "missing"),
        ((9, 2, -1), "negative"),
    ],
)
def test_nonsense_is_refused(given, message):
    with pytest.raises(InputError, match=message):
        forward_folds(*given)
