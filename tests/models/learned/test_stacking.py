"""Stacking: weights where they belong, none for what is worth nothing, and never below the prior on average."""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.models.learned.calibration import log_likelihood
from houfeng.models.learned.learners import Logistic, Prior
from houfeng.models.learned.rows import Rows
from houfeng.models.learned.stacking import OUTER, Stack, best_weights


def rows_of(seed: int, n: int = 6000) -> tuple[Rows, np.ndarray]:
    """Rows whose log rate is the prior plus x, the first feature; and x."""
    rng = np.random.default_rng(seed)
    x, log_prior = rng.normal(0, 0.8, n), rng.normal(-3, 0.5, n)
    rows = Rows(
        time=np.datetime64("2000-01-01", "us") + np.sort(rng.integers(0, 300, n)).astype("timedelta64[D]"),
        cell=np.arange(n),
        features=np.column_stack([x, rng.normal(size=n)]).astype(np.float32),
        log_prior=log_prior,
        active=rng.random(n) < -np.expm1(-np.exp(log_prior + x)),
        weight=np.ones(n),
        patches=np.zeros((n, 0, 0, 0), np.float32),
        sequences=np.zeros((n, 0, 0), np.float32),
    )
    return rows, x


@dataclass(frozen=True)
class Says:
    """A learner that has learned something already: the column of the features that it reads, times a number."""

    column: int
    times: float = 1.0

    def fit(self, rows, rng):
        return self

    def log_rate(self, rows):
        return rows.log_prior + self.times * rows.features[:, self.column]


def test_the_learner_that_is_right_gets_the_weight():
    rows, _ = rows_of(1)
    rule = Stack((Says(1), Says(0), Prior())).fit(rows, np.random.default_rng(0))
    assert rule.weights[1] > 0.8 and rule.weights[0] < 0.1


class Listens:
    """A learner that remembers the last moment of every lesson, and says nothing but the prior."""

    def __init__(self):
        self.last = []

    def fit(self, rows, rng):
        self.last.append(rows.time.max())
        return self

    def log_rate(self, rows):
        assert len(self.last) > len(OUTER) - 1 or rows.time.min() > self.last[-1], "tried on what it was learned from"
        return rows.log_prior


def test_weights_come_from_what_no_member_had_seen_and_the_members_from_everything():
    rows, _ = rows_of(6)
    member = Listens()
    Stack((member,)).fit(rows, np.random.default_rng(0))
    moments = np.unique(rows.time)
    assert member.last == [moments[int(len(moments) * share) - 1] for share in OUTER]


def test_half_a_truth_each_adds_up():
    rows, x = rows_of(2)
    weights = best_weights(rows, np.column_stack([1.5 * x, 0.5 * x]))
    assert np.array([1.5, 0.5]) @ weights == pytest.approx(1.0, abs=0.25)


def test_nonsense_leaves_the_prior():
    rows, x = rows_of(3)
    rng = np.random.default_rng(0)
    weights = best_weights(rows, np.column_stack([rng.normal(size=len(x)), -x]))
    assert weights.sum() < 0.05


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 4))
def test_weights_are_shares_and_no_worse_than_the_prior(seed: int, size: int):
    rows, x = rows_of(seed, 800)
    rng = np.random.default_rng(seed)
    ratios = rng.normal(0, 1, (800, size)) + rng.normal(0, 1, size) * x[:, None]
    weights = best_weights(rows, ratios)
    assert weights.shape == (size,) and (weights >= 0).all() and weights.sum() <= 1 + 1e-9
    assert log_likelihood(rows, rows.log_prior + ratios @ weights) >= log_likelihood(rows, rows.log_prior) - 1.0


def test_a_stack_is_bounded_and_learns_from_its_members():
    rows, _ = rows_of(4)
    other, x = rows_of(5)
    rule = Stack((Logistic(), Says(1))).fit(rows, np.random.default_rng(0))
    assert len(rule.rules) == 2
    assert np.corrcoef(rule.log_rate(other) - other.log_prior, x)[0, 1] > 0.9
    wild = Stack((Says(0, 1e6),)).fit(rows, np.random.default_rng(0))
    assert np.abs(wild.log_rate(other) - other.log_prior).max() <= 3 + 1e-9
