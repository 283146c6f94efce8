import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.damage.pager import (
    COLOURS,
    LOSS_STEPS_USD,
    MMI,
    alert,
    country_model,
    country_models,
    death_alert,
    expected_deaths,
    expected_loss_usd,
    loss_alert,
    people_by_mmi,
)
from houfeng.errors import InputError, UnknownNameError

NORMAL = NormalDist()
exposures = st.lists(st.floats(0, 1e7), min_size=5, max_size=5)


def test_the_table_holds_the_published_models():
    assert len(country_models()) == 252
    # Jaiswal and Wald (2010), table of country coefficients, version 2.2 as distributed by PAGER.
    chile, china = country_model("CL"), country_model("cn")
    assert (chile.name, chile.theta, chile.beta, chile.zeta) == ("Chile", 19.7868, 0.259531, 1.47799)
    assert (china.theta, china.beta, china.zeta) == (10.3288, 0.100058, 2.01313)
    assert (chile.loss_theta, chile.loss_beta, chile.loss_alpha) == (9.73375, 0.1, 15.9373)
    assert chile.gdp_per_person_usd == 10091.2
    assert country_model("NA").name == "Namibia"


def test_an_unknown_country_lists_those_there_are():
    with pytest.raises(UnknownNameError, match="unknown country 'ZZ'.*CL, CM, CN"):
        country_model("ZZ")


def test_death_rates_are_the_lognormal_of_the_paper():
    rate = country_model("CL").death_rate(np.array([8.0]))[0]
    assert rate == pytest.approx(NORMAL.cdf(math.log(8 / 19.7868) / 0.259531), rel=1e-9)
    assert rate == pytest.approx(2.4217e-4, rel=1e-3)


@pytest.mark.parametrize("country", ["CL", "CN", "IR", "JP", "TR", "US"])
def test_rates_rise_with_intensity(country):
    model = country_model(country)
    assert (np.diff(model.death_rate(MMI)) > 0).all() and (np.diff(model.loss_rate(MMI)) > 0).all()
    assert 0 < model.death_rate(9) < 0.5


def test_people_are_counted_at_the_nearest_degree():
    people = np.array([10.0, 20, 30, 40, 50, 60])
    mmi = np.array([4.4, 4.5, 5.49, 7.0, 9.6, 11.0])
    assert people_by_mmi(people, mmi).tolist() == [50, 0, 40, 0, 110]
    several = people_by_mmi(people, np.stack([mmi, mmi - 1]))
    assert several.shape == (2, 5) and several[1].tolist() == [0, 40, 0, 0, 110]


@pytest.mark.parametrize(
    ("people", "mmi", "message"),
    [
        ([1, -2], [5, 5], "must be 0 or more"),
        ([1, math.nan], [5, 5], "must be 0 or more"),
        ([1, 2], [5, 5, 5], "the last axes must agree"),
    ],
)
def test_bad_people_are_refused(people, mmi, message):
    with pytest.raises(InputError, match=message):
        people_by_mmi(np.array(people), np.array(mmi))


def test_deaths_and_losses_are_sums_over_intensities():
    exposed = np.array([1e6, 2e5, 1e5, 3e4, 1e3])
    china = country_model("CN")
    expected = sum(n * NORMAL.cdf(math.log(s / 10.3288) / 0.100058) for n, s in zip(exposed, MMI, strict=True))
    assert expected_deaths(exposed, "CN") == pytest.approx(expected, rel=1e-9)
    loss = exposed @ china.loss_rate(MMI) * china.loss_alpha * china.gdp_per_person_usd
    assert expected_loss_usd(exposed, china) == pytest.approx(loss)
    assert expected_deaths(np.stack([exposed, 2 * exposed]), "CN") == pytest.approx([expected, 2 * expected])


@pytest.mark.parametrize("bad", [[1, 2, 3], [1, 2, 3, 4, -5], [1, 2, 3, 4, math.nan]])
def test_bad_exposures_are_refused(bad):
    with pytest.raises(InputError, match="people by intensity"):
        expected_deaths(np.array(bad), "CL")


@pytest.mark.parametrize(
    ("expected", "colour"),
    [(0, "green"), (0.99, "green"), (1, "yellow"), (99.9, "yellow"), (100, "orange"), (999, "orange"), (1000, "red")],
)
def test_colours_begin_at_1_100_and_1000_deaths(expected, colour):
    assert alert(expected, 1.5).colour == colour


def test_chances_are_those_of_the_lognormal_around_the_estimate():
    found = alert(200.0, 1.5)
    below = [NORMAL.cdf(math.log(step / 200) / 1.5) for step in (1, 100, 1000)]
    assert list(found.probabilities.values()) == pytest.approx(np.diff([0, *below, 1]))
    assert found.estimate.value == 200
    assert found.estimate.high == pytest.approx(200 * math.exp(1.5 * 1.6448536))
    assert found.estimate.low == pytest.approx(200 * math.exp(-1.5 * 1.6448536))
    assert found.estimate.level == 0.9


def test_money_has_steps_and_spread_of_its_own():
    """Half a million dollars is less than one unit of a million: PAGER's fixed mean 0.1 and spread 1.7613 of it."""
    small = alert(5e5, 2.3, LOSS_STEPS_USD)
    assert small.probabilities["green"] == pytest.approx(NORMAL.cdf(math.log(10) / 1.7613))
    assert small.estimate.high == pytest.approx(1e5 * math.exp(1.7613 * 1.6448536))
    large = alert(2e8, 9.0, LOSS_STEPS_USD)  # no spread above 2.5
    below = [NORMAL.cdf(math.log(step / 2e8) / 2.5) for step in (1e6, 1e8, 1e9)]
    assert list(large.probabilities.values()) == pytest.approx(np.diff([0, *below, 1]))
    assert large.colour == "orange"


@given(st.floats(0, 1e6), st.floats(0.3, 4))
def test_chances_sum_to_one(expected, zeta):
    found = alert(expected, zeta)
    assert tuple(found.probabilities) == COLOURS
    assert sum(found.probabilities.values()) == pytest.approx(1)
    assert min(found.probabilities.values()) >= 0
    assert found.estimate.low <= found.estimate.value <= found.estimate.high


@given(st.floats(1, 1e5), st.floats(1.01, 10), st.floats(0.5, 2.5))
def test_more_expected_deaths_never_lower_the_chance_of_red(expected, factor, zeta):
    assert alert(expected * factor, zeta).probabilities["red"] >= alert(expected, zeta).probabilities["red"]


@given(exposures)
def test_more_people_never_mean_fewer_deaths(exposed):
    few = np.array(exposed)
    assert expected_deaths(few + 1000, "TR") >= expected_deaths(few, "TR")


def test_fewer_than_one_expected_death_is_spread_as_pager_does():
    assert alert(0.2, 2.3).probabilities["green"] == pytest.approx(NORMAL.cdf(math.log(10) / 1.7613))


def test_alerts_of_people_and_of_money():
    exposed = np.array([1e6, 5e5, 3e5, 1e5, 1e4])
    deaths, loss = death_alert(exposed, "CL"), loss_alert(exposed, "CL")
    assert deaths.colour == "yellow" and deaths.estimate.value == pytest.approx(expected_deaths(exposed, "CL"))
    steps = np.searchsorted(LOSS_STEPS_USD, expected_loss_usd(exposed, "CL"), side="right")
    assert loss.colour == COLOURS[steps]


@pytest.mark.parametrize(("expected", "zeta"), [(-1, 1), (math.nan, 1), (1, 0)])
def test_impossible_alerts_are_refused(expected, zeta):
    with pytest.raises(InputError, match="expected loss"):
        alert(expected, zeta)
