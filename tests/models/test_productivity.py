"""Productivity of a sequence: the prior of its regime, the posterior by brute force, draws and intervals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate

from houfeng.errors import UnknownNameError
from houfeng.models.omori import omori_integral
from houfeng.models.productivity import A_GRID, Observed, Productivity
from houfeng.models.regimes import A_SPREAD_FLOOR, C_DAYS, PRODUCTIVITY_B, REGIMES, named_regime, regime_of
from houfeng.regions import Region

#: Retyped from the table that the US Geological Survey ships with its aftershock software (2016-03-21): a, spread, p.
TABLE = {
    "ANSR-DEEPCON": (-2.13, 250, 0.98), "ANSR-HOTSPOT": (-3.00, 680, 1.12), "ANSR-OCEANBD": (-3.19, 500, 1.08),
    "ANSR-SHALCON": (-2.42, 570, 0.98), "ANSR-ABSLDEC": (-2.29, 560, 1.01), "ANSR-ABSLOCB": (-2.82, 890, 0.64),
    "ANSR-ABSLSHC": (-2.85, 800, 1.06), "SCR-GENERIC": (-2.85, 870, 0.73), "SCR-ABVSLAB": (-2.85, 870, 0.73),
    "SOR-GENERIC": (-3.04, 650, 0.97), "SOR-ABVSLAB": (-3.04, 650, 0.97), "SZ-GENERIC": (-2.47, 570, 0.88),
    "SZ-INLBACK": (-2.43, 640, 0.86), "SZ-ONSHORE": (-2.34, 500, 0.81), "SZ-OUTERTR": (-2.42, 540, 0.92),
}  # fmt: skip

#: Standard deviation of a over all sequences of a regime, as the same table gives it beside its two parts.
OVERALL = {"ANSR-SHALCON": 0.63, "SZ-GENERIC": 0.63, "SCR-GENERIC": 0.78, "ANSR-DEEPCON": 0.52}

NOTHING = Observed(*(np.zeros(0) for _ in range(5)))


def spans(counts, *, seen=1.0, background=0.0, first=0.05) -> Observed:
    edges = np.geomspace(first, 10.0, len(counts) + 1)
    share = np.full(len(counts), float(seen))
    return Observed(edges[:-1], edges[1:], np.array(counts, float), share, np.full(len(counts), float(background)))


def learnt(observed=NOTHING, *, code="SZ-GENERIC", magnitude=7.0, scale=1000.0, p_sd=0.1) -> Productivity:
    return Productivity.of(named_regime(code), magnitude=magnitude, scale=scale, p_sd=p_sd, observed=observed)


def test_all_fifteen_regimes_are_those_of_the_table():
    assert {regime.code: (regime.a, regime.a_spread, regime.p) for regime in REGIMES} == TABLE
    assert (PRODUCTIVITY_B, C_DAYS, A_SPREAD_FLOOR) == (1.0, 0.018, 0.49)


@pytest.mark.parametrize("code", OVERALL)
def test_the_two_parts_of_the_spread_give_the_overall_one_near_magnitude_six(code):
    spread = [named_regime(code).a_sd(magnitude) for magnitude in (5.0, 6.0, 6.5, 9.0)]
    assert spread[0] == spread[1] > spread[2] > spread[3] > A_SPREAD_FLOOR
    assert spread[2] < OVERALL[code] < spread[1] or abs(spread[2] - OVERALL[code]) < 0.1


def test_a_wrong_code_is_told_the_right_one():
    with pytest.raises(UnknownNameError, match="did you mean 'SZ-GENERIC'"):
        named_regime("SZ-GENERIK")


@pytest.mark.parametrize(("name", "code"), [("chile", "SZ-GENERIC"), ("japan", "SZ-GENERIC"),
                                            ("italy", "ANSR-SHALCON"), ("sichuan-yunnan", "ANSR-SHALCON")])  # fmt: skip
def test_named_regions_have_the_regime_of_their_plate_boundary(name, code):
    assert regime_of(Region.named(name)).code == code


def test_without_counts_the_prior_stands():
    prior, regime = learnt(), named_regime("SZ-GENERIC")
    a, p = prior.a_estimate(), prior.p_estimate()
    assert a.value == pytest.approx(regime.a, abs=1e-3) and p.value == pytest.approx(regime.p, abs=1e-9)
    assert (a.high - a.low) / 2 == pytest.approx(1.96 * regime.a_sd(7.0), rel=0.01)
    assert (p.high - p.low) / 2 == pytest.approx(1.96 * 0.1, rel=0.03)
    assert prior.weight.sum() == pytest.approx(1.0)


def test_the_expected_number_is_that_of_the_prior_by_integration():
    """Mean of 10^a over a normal law times the mean decay, done by quadrature instead of on the grid."""
    regime = named_regime("SZ-GENERIC")
    sd = regime.a_sd(7.0)
    lognormal = 10**regime.a * np.exp((np.log(10) * sd) ** 2 / 2)

    def decay(step):
        return np.exp(-(step**2) / 2) * omori_integral(1.0, 8.0, c=C_DAYS, p=regime.p + 0.1 * step)

    mean_decay = integrate.quad(decay, -3, 3)[0] / integrate.quad(lambda s: np.exp(-(s**2) / 2), -3, 3)[0]
    assert learnt().expected(1.0, 8.0) == pytest.approx(1000 * lognormal * mean_decay, rel=0.01)


@settings(max_examples=20, deadline=None)
@given(
    counts=st.lists(st.integers(0, 30), min_size=1, max_size=5),
    seen=st.sampled_from([0.05, 0.5, 1.0]),
    background=st.sampled_from([0.0, 2.0]),
)
def test_the_posterior_is_prior_times_poisson_by_brute_force(counts, seen, background):
    observed, regime = spans(counts, seen=seen, background=background), named_regime("SZ-GENERIC")
    found = learnt(observed)
    rows, columns = range(100, 450, 50), (0, 12, 24)
    log = {}
    for i in rows:
        for k in columns:
            p = found.p_grid[k]
            value = -0.5 * ((A_GRID[i] - regime.a) / regime.a_sd(7.0)) ** 2 - 0.5 * ((p - regime.p) / 0.1) ** 2
            for start, end, count in zip(observed.start, observed.end, counts, strict=True):
                decay = ((end + C_DAYS) ** (1 - p) - (start + C_DAYS) ** (1 - p)) / (1 - p)
                rate = 10 ** A_GRID[i] * 1000 * seen * decay + background
                value += count * np.log(rate) - rate
            log[i, k] = value
    top = max(log, key=log.get)
    for (i, k), value in log.items():
        if value > log[top] - 50:
            with np.errstate(divide="ignore"):
                ratio = np.log(found.weight[i, k]) - np.log(found.weight[top])
            assert ratio == pytest.approx(value - log[top], abs=1e-6)


def test_many_counts_forget_the_regime():
    """A sequence of a = -1.5 is found from either regime, and its interval shrinks like one over the root."""
    decay = omori_integral(np.geomspace(0.05, 10, 9)[:-1], np.geomspace(0.05, 10, 9)[1:], c=C_DAYS, p=0.9)
    for code in ("SZ-GENERIC", "SOR-GENERIC"):
        wide = None
        for scale in (1e3, 1e5):
            counts = np.rint(10**-1.5 * scale * decay)
            a = learnt(spans(counts), code=code, scale=scale).a_estimate()
            assert a.value == pytest.approx(-1.5, abs=0.15 if scale < 1e4 else 0.03)
            assert a.low < -1.5 < a.high or scale > 1e4
            wide, width = wide or a.high - a.low, a.high - a.low
        assert width < wide / 3


@given(st.integers(0, 200))
def test_more_aftershocks_mean_a_higher_productivity(count):
    few, more = learnt(spans([count])), learnt(spans([count + 1]))
    assert more.a_estimate().value > few.a_estimate().value
    assert more.expected(10, 20) > few.expected(10, 20)


def test_what_the_network_could_not_see_is_no_sign_of_calm():
    blind, seeing = learnt(spans([3], seen=0.05)), learnt(spans([3], seen=1.0))
    assert blind.a_estimate().value > seeing.a_estimate().value + 0.3


def test_draws_have_the_weights_of_the_grid():
    found = learnt(spans([4, 2, 1]))
    a, p = found.draw(np.random.default_rng(1), 200_000)
    estimate, decay = found.a_estimate(), found.p_estimate()
    assert a.mean() == pytest.approx(estimate.value, abs=0.003) and p.mean() == pytest.approx(decay.value, abs=0.001)
    assert np.quantile(a, [0.025, 0.975]) == pytest.approx([estimate.low, estimate.high], abs=0.02)
    rates = found.rates(a, p, 10.0, 40.0)
    assert rates.mean() == pytest.approx(found.expected(10.0, 40.0), rel=0.01)
    assert np.corrcoef(a, p)[0, 1] == pytest.approx(_correlation(found.weight, A_GRID, found.p_grid), abs=0.02)


def _correlation(weight, rows, columns) -> float:
    mean_a, mean_p = rows @ weight.sum(axis=1), columns @ weight.sum(axis=0)
    da, dp = rows - mean_a, columns - mean_p
    spread = np.sqrt((da**2 @ weight.sum(axis=1)) * (dp**2 @ weight.sum(axis=0)))
    return float(da @ weight @ dp / spread)


def test_windows_add_up():
    found = learnt(spans([5, 5]))
    assert found.expected(1, 3) + found.expected(3, 30) == pytest.approx(found.expected(1, 30), rel=1e-12)
    assert found.expected(2, 2) == 0


def test_exponents_stay_positive_however_wide_their_spread():
    assert learnt(p_sd=1.0).p_grid.min() == 0.05
