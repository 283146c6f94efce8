"""Pieces of time, and what is known where each begins: nothing of what comes."""

import numpy as np
import pytest
from adaptive_samples import SPACE, TIME, clustered
from hybrid_samples import judged, usual
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.errors import InputError
from houfeng.models.hybrid import signals
from houfeng.models.hybrid.pieces import ELAPSED, PER_DAY, Pieces
from houfeng.models.hybrid.rate import ChampionRate


@pytest.fixture(scope="module")
def past():
    return usual()[0]


@pytest.fixture(scope="module")
def rate():
    return usual()[1]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(2, 60), length=st.floats(0.5, 20.0), gap=st.floats(0.01, 3.0))
def test_pieces_cover_the_window_and_count_every_earthquake_once(seed, n, length, gap):
    rng = np.random.default_rng(seed)
    days = np.sort(np.append(-1.0, rng.uniform(-1.0, length, n)))
    days[-1] = days[-2]  # two at one time
    pieces = Pieces.over(days, 0.0, length, gap)
    assert pieces.start[0] == 0.0
    assert pieces.end[-1] == length
    np.testing.assert_array_equal(pieces.start[1:], pieces.end[:-1])
    assert (pieces.end > pieces.start).all()
    inside = days[(days >= 0) & (days < length)]
    assert pieces.count.sum() == len(inside)
    np.testing.assert_array_equal(np.bincount(pieces.piece_of, minlength=len(pieces.start)), pieces.count)
    assert (pieces.start[pieces.piece_of] <= inside).all()
    assert (inside <= pieces.end[pieces.piece_of]).all()
    np.testing.assert_array_equal(pieces.known, np.searchsorted(days, pieces.start, side="right"))


def test_cuts_are_fixed_times_after_the_last_earthquake_or_of_the_clock():
    pieces = Pieces.over(np.array([-0.5, 0.03, 2.0]), 0.0, 3.0, 1.0)
    after = 0.03 + np.array(ELAPSED)
    expected = np.concatenate([[0.0, 0.03, 2.0, 3.0], after[after < 2.0], 2.0 + np.array(ELAPSED)[:4]])
    clock = np.arange(1, 3 * PER_DAY) / PER_DAY
    np.testing.assert_allclose(pieces.start, np.unique(np.append(expected, clock).round(12))[:-1], atol=1e-12)


def test_the_piece_of_a_moment_is_the_one_that_ends_there():
    pieces = Pieces.over(np.array([-1.0, 0.4]), 0.0, 1.0, 10.0)
    assert pieces.end[pieces.at(np.array([0.4]))[0]] == 0.4
    moments = np.linspace(0.001, 0.999, 50)
    k = pieces.at(moments)
    assert ((pieces.start[k] < moments) & (moments <= pieces.end[k])).all()


@pytest.mark.parametrize(
    ("start", "end", "gap"), [(1.0, 1.0, 1.0), (2.0, 1.0, 1.0), (0.0, 1.0, 0.0), (-2.0, 1.0, 1.0), (-1.0, 1.0, 1.0)]
)
def test_a_window_without_length_or_past_is_refused(start, end, gap):
    with pytest.raises(InputError, match="window"):
        Pieces.over(np.array([-1.0, 0.5]), start, end, gap)


def seen(past):
    d = past.data
    rate = ChampionRate.of(past, TIME, SPACE)
    pieces = Pieces.over(d.days, float(d.days[100]), float(d.days[-1]), past.smoothing.gap_days)
    return pieces, signals.signals_at(past, rate, pieces, 0.0)


def test_signals_are_finite_and_named(past):
    pieces, found = seen(past)
    assert found.shape == (len(pieces.start), len(signals.NAMES))
    assert np.isfinite(found).all()
    assert len(set(signals.NAMES)) == len(signals.NAMES)


def test_an_invented_future_changes_no_signal_of_what_came_before():
    days, xyz, m = clustered(np.random.default_rng(8), 400)
    past = judged(days, xyz, m)
    rng, half = np.random.default_rng(9), 250
    later = np.sort(rng.uniform(days[half], days[-1], 300))
    false = judged(
        np.append(days[:half], later),
        np.vstack([xyz[:half], rng.uniform(0, 300, (300, 3)) * [1, 1, 0]]),
        np.append(m[:half], rng.uniform(0, 5, 300)),
        past.smoothing,
    )
    truth = judged(days, xyz, m, past.smoothing)
    (pieces, told), (others, invented) = seen(truth), seen(false)
    early = int((pieces.start < days[half - 1]).sum())
    np.testing.assert_array_equal(pieces.start[:early], others.start[:early])
    np.testing.assert_allclose(told[:early], invented[:early], atol=2e-3)


def test_signals_hold_no_place():
    """Turned and moved, the same earthquakes say the same."""
    days, xyz, m = clustered(np.random.default_rng(8), 300)
    turn = np.array([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    here, there = seen(judged(days, xyz, m))[1], seen(judged(days, xyz @ turn + [500.0, -70.0, 0.0], m))[1]
    np.testing.assert_allclose(here, there, atol=2e-3)


def test_counts_against_what_was_expected_by_hand(past, rate):
    pieces, found = seen(past)
    d, k = past.data, 700
    t = pieces.start[k]
    for name, days in (("excess_1d", 1.0), ("excess_10d", 10.0)):
        number = ((d.days > t - days) & (d.days <= t)).sum()
        a, b = rate.at(np.array([t - days, t])).integral
        expected = np.log((number + 1.0) / (b - a + 1.0))
        assert found[k, signals.NAMES.index(name)] == pytest.approx(expected, abs=0.05)
    column = signals.NAMES.index("largest_10d")
    recent = d.m[(d.days > t - 10) & (d.days <= t)]
    assert found[k, column] == pytest.approx(recent.max() if len(recent) else -1.0)
    assert found[k, signals.NAMES.index("magnitude_1")] == pytest.approx(d.m[pieces.known[k] - 1])


def test_the_hour_is_that_of_the_clock(past):
    pieces, found = seen(past)
    hour = 2 * np.pi * (pieces.start % 1.0)
    np.testing.assert_allclose(found[:, signals.NAMES.index("hour_cos")], np.cos(hour), atol=1e-6)
    assert set(found[:, signals.NAMES.index("weekday")]) <= set(range(7))
