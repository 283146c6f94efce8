"""Rows, the level of the prior, the sample of quiet cells, and calibration: against arithmetic."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.errors import InputError, NotEnoughDataError
from houfeng.models.learned.calibration import Calibration, log_likelihood
from houfeng.models.learned.rows import Level, Rows, draw_quiet


def rows_of(log_prior: np.ndarray, active: np.ndarray, features: np.ndarray | None = None) -> Rows:
    n = len(log_prior)
    return Rows(
        time=np.datetime64("2000-01-01", "us") + (np.arange(n) // 10 * 7).astype("timedelta64[D]"),
        cell=np.arange(n),
        features=np.zeros((n, 2), np.float32) if features is None else features.astype(np.float32),
        log_prior=log_prior,
        active=active,
        weight=np.ones(n),
        patches=np.zeros((n, 0, 0, 0), np.float32),
        sequences=np.zeros((n, 0, 0), np.float32),
    )


def test_columns_of_one_length():
    with pytest.raises(InputError, match="differ in length"):
        Rows(*(np.zeros(n) for n in (3, 3, 3, 3, 3, 2, 3, 3)))


def test_rows_divide_in_time_and_join_again():
    rows = rows_of(np.zeros(100), np.arange(100) % 2 == 0)
    edge = rows.time[50]
    early, late = rows.before(edge), rows.since(edge)
    assert len(early) + len(late) == 100 and (early.time < edge).all() and (late.time >= edge).all()
    again = Rows.joined([early, late])
    assert np.array_equal(again.cell, rows.cell)


@pytest.mark.parametrize("active", [29, 100 - 29])
def test_too_few_of_either_kind_is_said_with_numbers(active):
    rows = rows_of(np.zeros(100), np.arange(100) < active)
    with pytest.raises(NotEnoughDataError, match=f"the past has {active} active and {100 - active} quiet cells"):
        rows.checked("the past")
    assert len(rows_of(np.zeros(100), np.arange(100) < 50).checked("the past")) == 100


@settings(max_examples=40, deadline=None)
@given(st.floats(0.1, 5), st.floats(0.1, 5), st.integers(0, 1000))
def test_the_level_is_found_again(background: float, triggered: float, seed: int):
    rng = np.random.default_rng(seed)
    b, t = rng.gamma(2.0, 1e-3, 200_000), rng.gamma(0.2, 1e-2, 200_000)
    active = rng.random(len(b)) < background * b + triggered * t
    level = Level.fitted(b[active], t[active], total_background=b.sum(), total_triggered=t.sum())
    assert level.background == pytest.approx(background, rel=0.5, abs=0.3)
    assert level.triggered == pytest.approx(triggered, rel=0.35, abs=0.15)
    assert level.of(b, t).sum() == pytest.approx(active.sum(), rel=0.05)


def test_a_part_without_a_single_earthquake_keeps_a_little():
    level = Level.fitted(np.full(50, 1.0), np.zeros(50), total_background=50.0, total_triggered=500.0)
    assert level.background == pytest.approx(1, rel=0.1)
    assert 0 < level.triggered < 0.01


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_the_sample_stands_for_all_cells(seed: int):
    rng = np.random.default_rng(seed)
    expected = rng.gamma(0.3, 1.0, 3000) + 1e-9
    active = rng.random(3000) < 0.01
    value = rng.normal(5, 1, 3000)
    sums = []
    for _ in range(200):
        cells, weight = draw_quiet(expected, active, 40, rng)
        assert set(np.flatnonzero(active)) <= set(cells.tolist())
        assert (weight[active[cells]] == 1).all() and (weight >= 1).all()
        sums.append(float(weight @ value[cells]))
    assert np.mean(sums) == pytest.approx(value.sum(), rel=0.05)
    assert len(cells) < 40 + active.sum() + 40


def test_calibration_that_sees_nothing_leaves_the_prior():
    rng = np.random.default_rng(0)
    log_prior = rng.normal(-3, 1, 40_000)
    rows = rows_of(log_prior, rng.random(40_000) < -np.expm1(-np.exp(log_prior)))
    found = Calibration.fitted(rows, rng.normal(size=40_000))
    assert abs(found.level) < 0.08 and abs(found.slope) < 0.08 and abs(found.gain) < 0.08
    rate = found.log_rate(log_prior, rng.normal(size=40_000))
    assert np.abs(rate - log_prior).max() < 0.6


@pytest.mark.parametrize(("level", "slope", "gain"), [(0.7, 0.0, 0.5), (-0.5, -0.3, 0.8), (0.0, 0.2, -0.6)])
def test_calibration_finds_what_a_score_is_worth(level: float, slope: float, gain: float):
    rng = np.random.default_rng(1)
    log_prior, score = rng.normal(-3, 1, 60_000), rng.normal(10, 4, 60_000)
    truth = log_prior + level + slope * (log_prior - log_prior.mean()) + gain * (score - score.mean()) / score.std()
    rows = rows_of(log_prior, rng.random(60_000) < -np.expm1(-np.exp(truth)))
    found = Calibration.fitted(rows, score)
    assert found.log_rate(log_prior, score) == pytest.approx(truth, abs=0.35)
    assert log_likelihood(rows, found.log_rate(log_prior, score)) >= log_likelihood(rows, truth) - 2.0


def test_the_likelihood_is_that_of_the_chances():
    rows = rows_of(np.log(np.array([0.1, 0.2, 0.3])), np.array([True, False, True]))
    chance = -np.expm1(-np.array([0.1, 0.2, 0.3]))
    by_hand = np.log(chance[0]) + np.log(1 - chance[1]) + np.log(chance[2])
    assert log_likelihood(rows, rows.log_prior) == pytest.approx(by_hand)
