"""What followed large shocks, against plain sums."""

from dataclasses import replace

import numpy as np
import pytest
from adaptive_samples import SPACE, TIME, box, decay, sphere_data

from houfeng.models.adaptive.past import Past, Smoothing
from houfeng.models.adaptive.sequences import followed
from houfeng.models.etas.vigour import LARGE


@pytest.fixture(scope="module")
def past() -> Past:
    data, inside = sphere_data(np.random.default_rng(12), 400, box())
    smoothing = Smoothing(box().area_km2, 2.0)
    start = Past.unjudged(data, inside, smoothing, scale=True).with_usual_activity().smoothed()
    return start.judged(SPACE, 0, 8)


@pytest.fixture(scope="module")
def plain(past) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return by_definition(past)


def by_definition(past: Past) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each large shock, straight from the formulas: sum of shares, of their squares, and what is expected."""
    d, f = past.data, past.features
    shocks = np.flatnonzero(d.m >= LARGE)
    spread = np.exp(SPACE[9] + f.growth @ SPACE[10:12])
    inside = d.mass.shares(spread, float(np.exp(SPACE[12])))[0]
    strength = np.exp(TIME[1] + f.productivity @ TIME[2:6] + d.log_weight) * inside
    activity = past.activity(d.days, np.arange(len(d.days)))
    shares, squares = np.zeros(len(shocks)), np.zeros(len(shocks))
    for i in np.flatnonzero(d.target):
        parts = strength[:i] * decay(TIME, d.days[i] - d.days[:i])
        whole = parts.sum() + np.exp(TIME[0]) * activity[i]
        for n, j in enumerate(shocks):
            if j < i:
                shares[n] += parts[j] / whole
                squares[n] += (parts[j] / whole) ** 2
    c, expected = np.exp(TIME[6]), np.zeros(len(shocks))
    for n, j in enumerate(shocks):
        y = np.exp(np.linspace(np.log(c), np.log(d.end_day - d.days[j] + c), 4000))
        expected[n] = strength[j] * np.trapezoid(decay(TIME, y - c), y)
    return shares, squares, expected


def test_the_information_is_the_sum_of_squared_shares(past, plain):
    got = followed(past, TIME, SPACE, since_day=float(past.data.days[0]))
    np.testing.assert_array_equal(got.shock, np.flatnonzero(past.data.m >= LARGE))
    assert len(got.shock) > 0
    np.testing.assert_allclose(got.expected, plain[1], rtol=0.02, atol=0.01)
    assert got.expected.max() > 0.1


def test_found_is_the_excess_over_what_is_expected(past, plain):
    shares, squares, expected = plain
    got = followed(past, TIME, SPACE, since_day=float(past.data.days[0]))
    np.testing.assert_allclose(got.found, np.maximum(squares + shares - expected, 0), rtol=0.02, atol=0.02)


def test_weights_of_sources_count_in_what_is_found_and_expected(past):
    weight = np.random.default_rng(4).normal(0, 0.7, len(past.data.days))
    weighed = replace(past, data=replace(past.data, log_weight=weight))
    shares, squares, expected = by_definition(weighed)
    got = followed(weighed, TIME, SPACE, since_day=float(past.data.days[0]))
    np.testing.assert_allclose(got.expected, squares, rtol=0.02, atol=0.01)
    np.testing.assert_allclose(got.found, np.maximum(squares + shares - expected, 0), rtol=0.02, atol=0.02)


def test_a_shock_of_just_the_size_and_at_just_the_day_is_followed(past):
    m = past.data.m.copy()
    first = int(np.flatnonzero(m >= LARGE)[0])
    m[first] = LARGE
    exact = replace(past, data=replace(past.data, m=m))
    got = followed(exact, TIME, SPACE, since_day=float(past.data.days[first]))
    assert got.shock[0] == first


def test_a_law_that_fits_finds_what_it_expects(past):
    """At the best productivity the shares add up to what is expected: no shock as a class is richer or poorer."""
    fit = past.data
    got = followed(past, TIME, SPACE, since_day=float(fit.days[0]))
    richer = TIME.copy()
    richer[1] += 0.7
    other = followed(past, richer, SPACE, since_day=float(fit.days[0]))
    assert (other.found - other.expected).sum() < (got.found - got.expected).sum(), "more expected, less found"


def test_nothing_followed_yet_leaves_the_factor_as_it_was(past):
    d = past.data
    last = past.until(int(np.flatnonzero(d.m >= LARGE)[-1]) + 1, float(d.days[np.flatnonzero(d.m >= LARGE)[-1]]) + 1e-6)
    got = followed(last, TIME, SPACE, since_day=float(d.days[np.flatnonzero(d.m >= LARGE)[-1]]))
    factor = (2.0 + got.found) / (2.0 + got.expected)
    assert factor == pytest.approx(1.0, abs=0.01)


def test_only_shocks_since_a_day_are_followed(past):
    d = past.data
    shocks = np.flatnonzero(d.m >= LARGE)
    late = followed(past, TIME, SPACE, since_day=float(d.days[shocks[-1]]))
    np.testing.assert_array_equal(late.shock, shocks[-1:])
    none = followed(past, TIME, SPACE, since_day=float(d.days[-1]) + 1)
    assert len(none.shock) == len(none.found) == len(none.expected) == 0
