"""What followed large shocks, against plain sums."""

import numpy as np
import pytest
from adaptive_samples import SPACE, TIME, box, decay, kernel, sphere_data

from houfeng.models.adaptive.past import Past, Smoothing
from houfeng.models.adaptive.sequences import followed
from houfeng.models.etas.vigour import LARGE


@pytest.fixture(scope="module")
def past() -> Past:
    data, inside = sphere_data(np.random.default_rng(12), 400, box())
    smoothing = Smoothing(box().area_km2, 2.0)
    start = Past.unjudged(data, inside, smoothing, scale=True).with_usual_activity().smoothed()
    return start.judged(SPACE, 0, 8)


def test_what_followed_is_the_sum_of_shares(past):
    """Each share straight from the formula: the shock's part of all that the model expected there and then."""
    d, f = past.data, past.features
    got = followed(past, TIME, SPACE, since_day=float(d.days[0]))
    np.testing.assert_array_equal(got.shock, np.flatnonzero(d.m >= LARGE))
    assert len(got.shock) > 0
    spread = np.exp(SPACE[9] + f.growth @ SPACE[10:12])
    whole = np.exp(SPACE[1] + f.productivity @ SPACE[2:6])
    activity = past.activity(d.days, np.arange(len(d.days)))
    found = np.zeros(len(got.shock))
    for i in np.flatnonzero(d.target):
        squared = ((d.xyz_km[:i] - d.xyz_km[i]) ** 2).sum(axis=1)
        parts = whole[:i] * decay(SPACE, d.days[i] - d.days[:i]) * kernel(SPACE, spread[:i], squared)
        everything = parts.sum() + np.exp(SPACE[0]) * activity[i] * past.background[i]
        for n, j in enumerate(got.shock):
            found[n] += parts[j] / everything if j < i else 0.0
    np.testing.assert_allclose(got.found, found, rtol=0.02, atol=0.01)
    assert found.max() > 0.5


def test_what_was_expected_is_the_integral_inside(past):
    d, f = past.data, past.features
    got = followed(past, TIME, SPACE, since_day=float(d.days[0]))
    c = np.exp(TIME[6])
    for n, j in enumerate(got.shock):
        y = np.exp(np.linspace(np.log(c), np.log(d.end_day - d.days[j] + c), 4000))
        integral = np.trapezoid(decay(TIME, y - c), y)
        spread = np.exp(SPACE[9] + f.growth[j] @ SPACE[10:12])
        share = d.mass.shares(np.full(len(d.days), spread), float(np.exp(SPACE[12])))[0][j]
        plain = np.exp(TIME[1] + f.productivity[j] @ TIME[2:6]) * integral * share
        assert got.expected[n] == pytest.approx(plain, rel=1e-3)


def test_only_shocks_since_a_day_are_followed(past):
    d = past.data
    shocks = np.flatnonzero(d.m >= LARGE)
    late = followed(past, TIME, SPACE, since_day=float(d.days[shocks[-1]]))
    np.testing.assert_array_equal(late.shock, shocks[-1:])
    none = followed(past, TIME, SPACE, since_day=float(d.days[-1]) + 1)
    assert len(none.shock) == len(none.found) == len(none.expected) == 0
