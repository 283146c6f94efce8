"""Learners on rows whose truth is known: what there is to learn is learned, what is not there is not."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from houfeng.errors import InputError, NotEnoughDataError
from houfeng.models.learned.calibration import log_likelihood
from houfeng.models.learned.learners import (
    FOLDS,
    MOST_LOG_FACTOR,
    Boosting,
    Forest,
    Logistic,
    Prior,
    SupportVectors,
    believed,
    bounded,
    folds,
    tried,
)
from houfeng.models.learned.networks import Network, Standard
from houfeng.models.learned.rows import Rows
from houfeng.models.learned.stacking import OUTER

LEARNERS = {
    "logistic": Logistic(),
    "forest": Forest(trees=40, least_leaf=40),
    "svm": SupportVectors(most=2000),
    "boosting": Boosting(rounds=60, rate=0.08),
    "mlp": Network(("features",), epochs=5, members=1, dropout=0.05, learning_rate=3e-3),
    "cnn": Network(("patches",), epochs=5, members=1, dropout=0.05, learning_rate=3e-3),
    "rnn": Network(("sequences",), epochs=5, members=1, dropout=0.05, learning_rate=3e-3),
    "fusion": Network(("features", "patches", "sequences"), epochs=5, members=1, dropout=0.05, learning_rate=3e-3),
}


def world(seed: int, *, effect: float, n: int = 7_000) -> tuple[Rows, np.ndarray]:
    """Rows whose rate is e^(effect x) times the prior, x standing in every view; and the true log rate."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    log_prior = rng.normal(-3.2, 0.7, n)
    truth = log_prior + effect * x - effect**2 / 2
    features = np.column_stack([rng.normal(size=n), x, rng.normal(size=n)]).astype(np.float32)
    features[rng.random(n) < 0.05, 2] = np.nan
    patches = rng.normal(size=(n, 2, 5, 5)).astype(np.float32)
    patches[:, 1] += x[:, None, None].astype(np.float32)
    sequences = rng.normal(size=(n, 6, 3)).astype(np.float32)
    sequences[:, :, 0] += x[:, None].astype(np.float32)
    sequences[:, :, -1] = np.arange(6) >= rng.integers(0, 5, n)[:, None]
    sequences[sequences[:, :, -1] == 0] = 0
    rows = Rows(
        time=np.datetime64("2000-01-01", "us") + np.sort(rng.integers(0, 400, n)).astype("timedelta64[D]"),
        cell=rng.integers(0, 50, n),
        features=features,
        log_prior=log_prior,
        active=rng.random(n) < -np.expm1(-np.exp(truth)),
        weight=np.ones(n),
        patches=patches,
        sequences=sequences,
    )
    return rows, truth


@pytest.fixture(scope="module")
def lesson():
    return world(1, effect=1.0), world(2, effect=1.0)


@pytest.fixture(scope="module")
def nothing():
    return world(3, effect=0.0), world(4, effect=0.0)


def per_active(rows: Rows, log_rate: np.ndarray) -> float:
    """Gain over the prior, nats per active cell."""
    return (log_likelihood(rows, log_rate) - log_likelihood(rows, rows.log_prior)) / rows.active.sum()


@pytest.fixture(scope="module")
def taught(lesson):
    """What each learner made of the lesson, fitted when first asked for."""
    (rows, _), _ = lesson
    return cache(lambda name: LEARNERS[name].fit(rows, np.random.default_rng(0)))


@pytest.mark.parametrize("name", LEARNERS)
def test_what_there_is_to_learn_is_learned(name, lesson, taught):
    _, (other, truth) = lesson
    rule = taught(name)
    possible = per_active(other, truth)
    assert possible > 0.3
    assert per_active(other, rule.log_rate(other)) > 0.5 * possible
    assert np.corrcoef(rule.log_rate(other) - other.log_prior, truth - other.log_prior)[0, 1] > 0.7


@pytest.mark.parametrize("name", ["logistic", "forest", "svm", "boosting", "fusion"])
def test_what_is_not_there_leaves_the_prior(name, nothing):
    (rows, _), (other, _) = nothing
    rule = LEARNERS[name].fit(rows, np.random.default_rng(0))
    assert per_active(other, rule.log_rate(other)) > -0.02
    assert np.exp(rule.log_rate(other)).sum() == pytest.approx(other.active.sum(), rel=0.12)


@pytest.mark.parametrize("name", ["forest", "boosting", "fusion"])
def test_the_same_seed_learns_the_same(name, lesson):
    (rows, _), (other, _) = lesson
    some = rows.select(np.arange(len(rows)) % 3 == 0)
    first, second = (LEARNERS[name].fit(some, np.random.default_rng(5)).log_rate(other) for _ in range(2))
    assert np.array_equal(first, second)


@pytest.mark.parametrize("name", ["logistic", "boosting", "fusion"])
def test_no_factor_is_beyond_all_measure(name, lesson, taught):
    _, (other, _) = lesson
    rule = taught(name)
    wild = Rows(**{**vars_of(other), "features": other.features * 1e6, "patches": other.patches * 1e6})
    assert np.abs(rule.log_rate(wild) - wild.log_prior).max() <= MOST_LOG_FACTOR + 1e-6


def vars_of(rows: Rows) -> dict:
    return {name: getattr(rows, name) for name in Rows.__dataclass_fields__}


@pytest.mark.parametrize("name", ["logistic", "forest", "svm", "boosting", "mlp"])
def test_a_column_without_any_value_is_no_obstacle(name, lesson):
    (rows, _), (other, _) = lesson
    empty = np.full((len(rows), 1), np.nan, np.float32)
    few = np.where(np.arange(len(rows))[:, None] > 0.97 * len(rows), np.float32(1.5), np.nan)
    holed = Rows(**{**vars_of(rows), "features": np.hstack([rows.features, empty, few])})
    later = Rows(**{**vars_of(other), "features": np.hstack([other.features, empty[: len(other)], few[: len(other)]])})
    learner = LEARNERS[name] if name != "mlp" else Network(("features",), epochs=0.5, members=1)
    rate = learner.fit(holed, np.random.default_rng(0)).log_rate(later)
    assert np.isfinite(rate).all()


def test_the_learner_that_learns_nothing_is_the_prior(lesson):
    (rows, _), _ = lesson
    assert Prior().fit(rows, np.random.default_rng(0)).log_rate(rows) is rows.log_prior


def test_folds_are_in_order_of_time_and_try_what_was_not_learned(lesson):
    (rows, _), _ = lesson
    parts = folds(rows)
    assert len(parts) == 3
    for early, later in parts:
        assert early.time.max() < later.time.min()
    assert [len(np.unique(later.time)) for _, later in parts] == [80, 80, 80]
    assert parts[-1][1].time.max() == rows.time.max()
    seen = []
    unseen, score = tried(rows, lambda early: early.time.max(), lambda last, later: later.time > last)
    seen.append(score)
    assert score.all() and len(unseen) == sum(len(later) for _, later in parts)


def test_no_fold_learns_from_what_followed_into_the_days_it_is_tried_on(lesson):
    (rows, _), _ = lesson
    month = np.timedelta64(30, "D")
    for shares in (FOLDS, OUTER):
        for early, later in folds(replace(rows, horizon=month), shares):
            assert early.time.max() + month == later.time.min()


@pytest.mark.parametrize("name", ["logistic", "boosting", "mlp"])
def test_a_sample_of_the_quiet_rows_is_learned_from_as_if_it_were_all(name, lesson):
    """Quiet rows are dropped where x is small: without their weights, little would seem to depend on x."""
    (rows, _), (other, truth) = lesson
    chance = np.where(rows.active | (rows.features[:, 1] > 0), 1.0, 0.15)
    kept = np.random.default_rng(0).random(len(rows)) < chance
    sample = replace(rows, weight=1 / chance).select(kept)
    rate = LEARNERS[name].fit(sample, np.random.default_rng(0)).log_rate(other)
    assert np.exp(rate).sum() == pytest.approx(np.exp(truth).sum(), rel=0.15)
    assert per_active(other, rate) > 0.5 * per_active(other, truth)


def test_too_few_active_cells_in_the_first_part_are_told(lesson):
    (rows, _), _ = lesson
    quiet = Rows(**{**vars_of(rows), "active": rows.active & (rows.time > rows.time[len(rows) // 2])})
    with pytest.raises(NotEnoughDataError, match="the first part has 0 active"):
        Logistic().fit(quiet, np.random.default_rng(0))


def test_bounds_and_belief():
    prior = np.array([-5.0, -5.0, -5.0])
    assert bounded(prior + [9, 0.5, -9], prior).tolist() == [-2.0, -4.5, -8.0]
    rows, truth = world(7, effect=1.0)
    assert believed(rows, truth - rows.log_prior) > 0.85
    assert believed(rows, np.random.default_rng(0).normal(size=len(rows))) < 0.1
    assert believed(rows, rows.log_prior - truth) == 0.0


def test_standard_numbers_mark_what_is_missing():
    table = np.array([[1.0, 5.0], [3.0, np.nan], [5.0, 7.0]])
    scale = Standard.of(table)
    scaled = scale(table)
    assert scale.size == scaled.shape[1] == 3
    assert scaled[:, 0] == pytest.approx([-np.sqrt(1.5), 0, np.sqrt(1.5)], rel=1e-4)
    assert scaled[1, 1] == 0 and scaled[:, 2].tolist() == [0, 1, 0]


def test_a_network_that_looks_at_nothing_known_is_refused():
    with pytest.raises(InputError, match="features, patches, sequences"):
        Network(("tea_leaves",))
    with pytest.raises(InputError, match="nothing"):
        Network(())
