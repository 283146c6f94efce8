"""The champion's rate as a sum of exponentials, against the law itself and against plain sums."""

import numpy as np
import pytest
from adaptive_samples import SPACE, TIME, decay, productivity
from hybrid_samples import usual
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.models.adaptive.laws import Decay
from houfeng.models.hybrid.exponentials import LONGEST_DAYS, Exponentials
from houfeng.models.hybrid.rate import ChampionRate


@pytest.fixture(scope="module")
def past():
    return usual()[0]


@pytest.fixture(scope="module")
def rate():
    return usual()[1]


@settings(max_examples=60, deadline=None)
@given(ln_c=st.floats(-12, 1), omega=st.floats(-0.5, 1.0), ln_tau=st.floats(2, 14))
def test_the_sum_of_exponentials_is_the_law(ln_c, omega, ln_tau):
    law = Decay(ln_c, omega, ln_tau)
    age = np.append(0.0, np.geomspace(1e-6, min(LONGEST_DAYS, 20 * np.exp(ln_tau)), 60))
    exact = (age + law.c) ** -(1 + omega) * np.exp(-age * law.inverse_tau)
    np.testing.assert_allclose(Exponentials.of(law).at(age), exact, rtol=2e-6)


def test_a_law_without_taper_is_met_too():
    law = Decay(-5.0, 0.1, np.inf)
    age = np.geomspace(1e-4, 1e4, 40)
    np.testing.assert_allclose(Exponentials.of(law).at(age), (age + law.c) ** -1.1, rtol=2e-6)


def test_terms_are_positive_and_ascend():
    terms = Exponentials.of(Decay(-6.0, 0.05, 6.0))
    assert (terms.weight > 0).all()
    assert (np.diff(terms.rate) > 0).all()
    assert len(terms.rate) < 100


def by_definition(past, moments):
    weight, d = productivity(TIME, past.data, past.features), past.data
    out = []
    for t in moments:
        k = int((d.days < t).sum())
        triggered = weight[:k] @ decay(TIME, t - d.days[:k])
        active = past.activity(np.array([t]), np.array([k]))[0]
        out.append((np.exp(TIME[0]) * active, triggered))
    return np.array(out).T


def test_rates_are_plain_sums(past, rate):
    rng = np.random.default_rng(1)
    moments = np.sort(np.append(rng.uniform(past.data.days[0] + 1, past.data.days[-1] + 5, 60), past.data.days[50:60]))
    background, triggered = by_definition(past, moments)
    found = rate.at(moments)
    np.testing.assert_allclose(found.triggered, triggered, rtol=3e-6)
    np.testing.assert_allclose(found.background, background, rtol=1e-9)
    np.testing.assert_allclose(found.total, background + triggered, rtol=3e-6)


def test_an_earthquake_counts_after_it_and_not_at_its_own_time(past, rate):
    t = float(past.data.days[100])
    before, after = rate.at(np.array([t, np.nextafter(t, np.inf)])).triggered
    jump = productivity(TIME, past.data, past.features)[100] * decay(TIME, 0.0)
    assert after - before == pytest.approx(jump, rel=1e-4)


def test_the_integral_is_that_of_the_rate_by_random_nodes(past, rate):
    """Random nodes in log time in each gap: nothing shared with the closed form."""
    rng, days = np.random.default_rng(3), past.data.days
    edges = days[200:241]
    exact = np.diff(rate.at(edges).integral)
    c = 1e-3
    for begin, end, expected in zip(edges[:-1], edges[1:], exact, strict=True):
        reach = np.log1p((end - begin) / c)
        u = (np.arange(4000) + rng.random(4000)) / 4000 * reach
        since = c * np.expm1(u)
        total = (rate.at(begin + since).total * (since + c)).sum() * reach / 4000
        assert total == pytest.approx(expected, rel=1e-4)


def test_the_integral_does_not_depend_on_where_it_is_cut(past, rate):
    days = past.data.days
    coarse = rate.at(np.array([days[100], days[-1]])).integral[-1]
    cut = rate.at(np.unique(np.append(days[100:], np.linspace(days[100], days[-1], 777)))).integral[-1]
    assert cut == pytest.approx(coarse, rel=1e-10)


def test_slope_and_young_share(past, rate):
    t, step = float(past.data.days[300]) + 0.5, 1e-5
    here, later = rate.at(np.array([t, t + step])).total
    found = rate.at(np.array([t]))
    assert found.slope[0] == pytest.approx((here - later) / step / here, rel=1e-3)
    assert 0 < found.young[0] < 1
    with_weight = ChampionRate.of(past, TIME, SPACE)
    np.testing.assert_array_equal(with_weight.productivity, rate.productivity)
