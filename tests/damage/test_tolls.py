from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.damage.pager import COLOURS, DEATH_STEPS, country_models
from houfeng.damage.toll_fit import RISING, _objective, fit_tolls
from houfeng.damage.tolls import (
    FEATURES,
    STEPS,
    Cases,
    colour_chances,
    is_feared,
    quantile_of,
    toll_alert,
    toll_model,
)
from houfeng.errors import InputError, UnknownNameError

EXPOSED = np.array([2e6, 5e5, 1e5, 1e4, 0])
KNOWN = {"magnitude": 7.0, "depth_km": 15.0, "year": 2005, "local_hour": 3.0}


def cases(n, seed=0):
    rng = np.random.default_rng(seed)
    exposed = 10 ** rng.uniform(0, [7, 6, 5, 4, 3], (n, 5))
    countries = np.array(["CL", "CN", "IR", "JP"])[rng.integers(0, 4, n)]
    return Cases(exposed, countries, rng.uniform(5, 8, n), rng.uniform(5, 60, n), rng.uniform(1973, 2007, n),
                 rng.uniform(0, 24, n))  # fmt: skip


def test_the_shipped_model_has_its_features_and_rising_cuts():
    model = toll_model()
    assert len(model.weights) == len(FEATURES) == 12 and len(model.cuts) == len(STEPS)
    assert (np.diff(model.cuts) > 0).all() and (model.sd > 0).all()
    assert all(model.weights[FEATURES.index(name)] >= 0 for name in RISING)
    assert set(model.countries) <= set(country_models())
    assert set(DEATH_STEPS) <= set(STEPS)


def test_a_known_disaster_is_red_and_a_tremor_green():
    # EXPO-CAT: Kashmir 2005, 87,351 dead of shaking
    kashmir = toll_alert(np.array([3_988_390, 2_332_392, 1_273_391, 792_954, 336_569]), "PK", magnitude=7.6,
                         depth_km=19.1, year=2005, local_hour=8.7)  # fmt: skip
    assert kashmir.colour == "red" and kashmir.estimate.high > 10_000 and is_feared(kashmir)
    calm = toll_alert(np.array([1e5, 1e3, 0, 0, 0]), "US", magnitude=5.0, depth_km=10, year=2005, local_hour=12)
    assert calm.colour == "green" and calm.estimate.value == 0 and not is_feared(calm)


@settings(max_examples=40)
@given(
    st.lists(st.floats(0, 1e7), min_size=5, max_size=5),
    st.sampled_from(["CL", "CN", "NA", "XF", "UM"]),
    st.floats(4.5, 9),
)
def test_chances_sum_to_one_and_ranges_are_in_order(exposed, country, magnitude):
    found = toll_alert(np.array(exposed), country, magnitude=magnitude, depth_km=10, year=2015, local_hour=20)
    assert tuple(found.probabilities) == COLOURS
    assert sum(found.probabilities.values()) == pytest.approx(1)
    assert min(found.probabilities.values()) >= 0
    assert 0 <= found.estimate.low <= found.estimate.value <= found.estimate.high


@settings(max_examples=40)
@given(
    st.lists(st.floats(0, 1e6), min_size=5, max_size=5),
    st.integers(0, 4),
    st.floats(1, 1e6),
    st.sampled_from(["CL", "CN", "TR"]),
)
def test_more_people_exposed_are_never_less_to_fear(exposed, where, more, country):
    few, many = np.array(exposed), np.array(exposed)
    many[where] += more
    less, most = (toll_alert(one, country, **KNOWN) for one in (few, many))
    assert most.probabilities["green"] <= less.probabilities["green"] + 1e-12
    assert most.probabilities["red"] >= less.probabilities["red"] - 1e-12
    assert most.estimate.high >= less.estimate.high


def test_later_years_are_taken_as_the_last_on_record():
    late, last = (toll_alert(EXPOSED, "CL", **KNOWN | {"year": year}) for year in (2026, 2007))
    assert late == last


@pytest.mark.parametrize(("level", "expected"), [(0.2, 0), (0.3, 0), (0.5, 2), (0.7, 7), (0.975, 94_868)])
def test_quantiles_lie_between_the_steps(level, expected):
    below = np.full(len(STEPS), 0.95)
    below[:5] = [0.3, 0.5, 0.55, 0.6, 0.8]
    assert quantile_of(below, level) == expected  # 7: halfway in logarithm from 5 to 10; 94,868: from 30,000 to 300,000


def test_colour_chances_are_those_between_the_steps():
    below = np.linspace(0.1, 0.8, len(STEPS))[None]
    chances = colour_chances(below)[0]
    edges = [0, *below[0, [STEPS.index(step) for step in DEATH_STEPS]], 1]
    assert chances == pytest.approx(np.diff(edges))


def test_unknown_countries_and_impossible_numbers_are_refused():
    with pytest.raises(UnknownNameError, match="unknown country 'ZZ'"):
        toll_alert(EXPOSED, "ZZ", **KNOWN)
    with pytest.raises(InputError, match="depth_km is nan; a number is needed"):
        toll_alert(EXPOSED, "CL", **KNOWN | {"depth_km": np.nan})
    with pytest.raises(InputError, match="people by intensity"):
        toll_alert(-EXPOSED, "CL", **KNOWN)


def test_the_gradient_is_that_of_the_likelihood():
    rng = np.random.default_rng(3)
    design = rng.normal(size=(40, 6))
    level = rng.integers(0, len(STEPS) + 1, 40)
    point = np.concatenate([rng.normal(size=6), [-1.0], np.full(len(STEPS) - 1, -0.7)])
    value, gradient = _objective(point, design, level)
    for i in range(len(point)):
        moved = point.copy()
        moved[i] += 1e-6
        assert (_objective(moved, design, level)[0] - value) / 1e-6 == pytest.approx(gradient[i], rel=1e-3, abs=2e-3)


def test_a_fit_finds_what_was_put_in():
    given_cases = cases(3000)
    features = given_cases.features()
    standard = (features - features.mean(axis=0)) / features.std(axis=0)
    truth = 1.5 * standard[:, FEATURES.index("magnitude")] - 0.8 * standard[:, FEATURES.index("ln_gdp")]
    noise = np.random.default_rng(5).logistic(size=3000)
    cuts = np.linspace(-1, 5, len(STEPS))
    level = (truth[:, None] + noise[:, None] >= cuts).sum(axis=1)
    deaths = np.concatenate([[0.0], STEPS])[level]
    model = fit_tolls(given_cases, deaths)
    assert model.weights[FEATURES.index("magnitude")] == pytest.approx(1.5, abs=0.15)
    below = model.below(given_cases)
    expected = 1 / (1 + np.exp(-(cuts - truth[:, None])))
    assert np.abs(below - expected).mean() < 0.02
    flagged = 1 - below[:, STEPS.index(100)] >= model.flag_chance
    assert (deaths[flagged] >= 100).mean() == pytest.approx(0.5, abs=0.02)


def test_a_fit_needs_recorded_deaths():
    with pytest.raises(InputError, match="leave earthquakes without a record out"):
        fit_tolls(cases(3), np.array([1.0, np.nan, 2.0]))


@pytest.mark.shared
def test_the_shipped_numbers_are_those_of_the_catalogue(shared_data: Path, monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    from expocat import read_expocat

    record = read_expocat(shared_data / "damage" / "expocat.xlsx")
    assert len(record) == 1080 and record.deaths.max() > 50_000
    model = fit_tolls(record.cases, record.deaths)
    np.testing.assert_allclose(model.weights, toll_model().weights, atol=0.02)
    said = colour_chances(toll_model().below(record.cases)).argmax(axis=1)
    level = np.searchsorted(DEATH_STEPS, record.deaths, side="right")
    assert (said == level).mean() > 0.65 and (abs(said - level) <= 1).mean() > 0.95
