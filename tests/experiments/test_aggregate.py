"""From windows to one line per model: by hand where it can be done by hand, by property elsewhere."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng import evaluation as ev
from houfeng.experiments.aggregate import (
    Blocks,
    Series,
    Tally,
    chance_scores,
    compare,
    ratio_interval,
    reliability_rows,
)
from houfeng.experiments.scoreboard import number


def series(observed, expected, log_rates=None) -> Series:
    observed = np.asarray(observed, float)
    logs = log_rates or [np.zeros(int(n)) for n in observed]
    return Series(np.arange(len(observed)), observed, np.asarray(expected, float), tuple(logs))


def rng() -> np.random.Generator:
    return np.random.default_rng(1)


@pytest.mark.parametrize(
    ("n_windows", "block_days", "step_days", "overlap", "expected"),
    [
        (184, 30, 1, 1, (30, 30)),
        (100, 30, 1, 1, (20, 30)),
        (52, 30, 7, 1, (5, 5)),
        (4, 30, 1, 1, (0, 30)),
        (500, 3, 1, 7, (7, 7)),
        (10, 1, 7, 1, (1, 1)),
    ],
)
def test_blocks_outlast_memory_and_overlap_until_too_few_fit(n_windows, block_days, step_days, overlap, expected):
    blocks = Blocks.of(n_windows=n_windows, block_days=block_days, step_days=step_days, overlap=overlap)
    assert (blocks.windows, blocks.asked) == expected


def test_the_ratio_is_that_of_the_sums():
    found = ratio_interval(series([1, 0, 3, 0, 0], [2, 2, 2, 1, 1]), Blocks(1, 1), rng())
    assert found.value == 2.0 and found.low <= 2.0 <= found.high


def test_the_ratio_of_nothing_is_unknown_and_that_of_few_windows_unbounded():
    assert ratio_interval(series([0, 0], [1, 1]), Blocks(1, 1), rng()) is None
    few = ratio_interval(series([1, 1], [1, 1]), Blocks(0, 30), rng())
    assert (few.value, few.low, few.high) == (1.0, 0.0, np.inf)


def test_the_interval_of_the_ratio_covers_the_truth():
    """Poisson counts of the rates themselves: 1 lies in the 95 % interval about as often as it should."""
    draw = np.random.default_rng(3)
    inside, trials = 0, 60
    for _ in range(trials):
        expected = draw.uniform(0.5, 3, 120)
        found = ratio_interval(series(draw.poisson(expected), expected), Blocks(6, 6), draw)
        inside += found.low <= 1 <= found.high
    assert inside >= 48  # of 60; 57 expected


def test_clusters_widen_the_interval():
    draw = np.random.default_rng(4)
    calm = draw.poisson(1.0, 200)
    clustered = np.where(np.arange(200) % 50 < 5, 10, 0)
    wide = ratio_interval(series(clustered, np.ones(200)), Blocks(10, 10), rng())
    narrow = ratio_interval(series(calm, np.ones(200)), Blocks(10, 10), rng())
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


def test_the_gain_by_hand():
    logs = [np.log([0.2, 0.4]), np.log([0.3]), np.empty(0), np.log([0.1]), np.empty(0)]
    base = [np.log([0.1, 0.1]), np.log([0.1]), np.empty(0), np.log([0.2]), np.empty(0)]
    model, reference = series([2, 1, 0, 1, 0], [1, 1, 1, 1, 1], logs), series([2, 1, 0, 1, 0], [0.5] * 5, base)
    found = compare(model, reference, Blocks(1, 1), overlap=1, rng=rng())
    by_hand = (np.log(2) + np.log(4) + np.log(3) - np.log(2) - 2.5) / 4
    assert found.gain.value == pytest.approx(by_hand)
    assert found.by_window.sum() == pytest.approx(4 * by_hand)
    assert found.t.difference == pytest.approx(by_hand) and found.t.n == 4 and found.w.n == 4


def test_a_model_is_compared_on_the_windows_that_both_have():
    full = series([1, 2, 3], [1.0, 2.0, 3.0])
    part = full.at(np.array([0, 2]))
    assert part.windows.tolist() == [0, 2] and part.observed.tolist() == [1, 3]
    found = compare(part, full, Blocks(0, 1), overlap=1, rng=rng())
    assert found.windows.tolist() == [0, 2] and found.by_window.tolist() == [0.0, 0.0]
    assert found.gain.value == 0 and found.gain.low == -np.inf


def test_an_earthquake_without_a_rate_is_an_infinite_loss_and_no_test_hides_it():
    bad = series([1, 1, 0, 0, 0], [1.0] * 5, [np.array([-np.inf]), np.zeros(1), *[np.empty(0)] * 3])
    found = compare(bad, series([1, 1, 0, 0, 0], [1.0] * 5), Blocks(1, 1), overlap=1, rng=rng())
    assert found.gain.value == -np.inf and found.t is None and found.w is None and found.diebold_mariano is None
    assert number(found.gain.value) is None


def test_without_an_earthquake_there_is_no_gain():
    found = compare(series([0] * 9, [1.0] * 9), series([0] * 9, [2.0] * 9), Blocks(1, 1), overlap=1, rng=rng())
    assert found.gain is None and found.by_window.tolist() == [1.0] * 9


def score(quantile: float, passed: bool = True, n_unsampled: int = 0) -> dict:
    return {"quantile": quantile, "passed": passed, "n_unsampled": n_unsampled}


@pytest.mark.parametrize(
    ("both", "high", "passed"),
    [(True, False, [0.03, 0.5, 0.97]), (False, False, [0.06, 0.5, 0.999]), (False, True, [0.001, 0.5, 0.94])],
)
def test_quantiles_fail_on_the_side_that_shows_disagreement(both, high, passed):
    tally = Tally.of_scores([score(q) for q in passed], both_tails=both, high_tail=high)
    assert tally.passed_randomised == 3
    failing = {(True, False): [0.01, 0.99], (False, False): [0.04], (False, True): [0.96]}[both, high]
    tally = Tally.of_scores([score(q, False) for q in failing], both_tails=both, high_tail=high)
    assert tally.passed_randomised == 0 == tally.passed and tally.of == len(failing)


def test_tests_that_say_nothing_are_not_counted():
    tally = Tally.of_scores([None, score(0.5, n_unsampled=2), None], both_tails=True, high_tail=False)
    assert (tally.passed, tally.of, tally.n_unsampled) == (1, 1, 2)
    nothing = Tally.of_scores([None, None], both_tails=True, high_tail=False)
    assert (nothing.of, nothing.low, nothing.high, nothing.calibration_p) == (0, 0, 0, None)


def test_the_band_is_the_exact_binomial_one():
    tally = Tally.of_scores([score(0.5)] * 100, both_tails=True, high_tail=False)
    assert (tally.low, tally.high) == ev.passing_band(100) == (89, 100)


@given(st.lists(st.tuples(st.floats(0.001, 0.999), st.booleans()), min_size=1, max_size=80))
@settings(max_examples=60, deadline=None)
def test_reliability_accounts_for_every_window(cases):
    probability, occurred = (np.array(column) for column in zip(*cases, strict=True))
    rows = reliability_rows(probability, occurred)
    assert sum(row["n"] for row in rows) == len(cases)
    assert sum(row["n"] * row["frequency"] for row in rows) == pytest.approx(occurred.sum())
    assert sum(row["n"] * row["probability"] for row in rows) == pytest.approx(probability.sum())
    assert all(row["low"] <= row["high"] for row in rows)


def test_chances_are_scored_by_squares_and_logarithms():
    found = chance_scores(np.array([0.2, 0.9]), np.array([False, True]))
    assert found["brier"] == pytest.approx((0.04 + 0.01) / 2)
    assert found["log_score"] == pytest.approx((np.log(0.8) + np.log(0.9)) / 2)
