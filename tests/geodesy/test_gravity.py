from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from houfeng.errors import InputError, NotEnoughDataError
from houfeng.geodesy.gravity import GravitySeries, analyse_gravity
from houfeng.geodesy.noise import Noise
from houfeng.geodesy.simulated import GravityTruth, simulate_gravity
from houfeng.geodesy.tides import WAVES, groups_for, speed_degrees_per_hour, wave_angles

START = datetime(2020, 1, 1, tzinfo=UTC)
STEP = START + timedelta(days=17, hours=5)

#: Degrees per hour, as printed in every table of tides (Schureman 1958, Special Publication 98).
SPEEDS = {"M2": 28.9841042, "S2": 30.0, "N2": 28.4397295, "K2": 30.0821373, "K1": 15.0410686, "O1": 13.9430356,
          "P1": 14.9589314, "Q1": 13.3986609, "Mf": 1.0980331, "Mm": 0.5443747, "L2": 29.5284789, "T2": 29.9589333,
          "J1": 15.5854433, "OO1": 16.1391017, "2N2": 27.8953548, "mu2": 27.9682084, "nu2": 28.5125831,
          "M3": 43.4761563, "Ssa": 0.0821373}  # fmt: skip


@pytest.mark.parametrize("wave", SPEEDS)
def test_speeds_are_those_of_the_tables(wave):
    assert speed_degrees_per_hour(wave) == pytest.approx(SPEEDS[wave], abs=2e-7)


def test_the_solar_tide_is_highest_at_noon_and_midnight():
    noon = np.datetime64("2021-06-01T12:00", "us") + np.arange(3) * np.timedelta64(12, "h")
    assert np.cos(wave_angles("S2", noon)) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize(
    ("days", "apart", "together"),
    [(3, ("M2", "K1"), ("M2", "S2")), (31, ("M2", "S2"), ("S2", "K2")), (400, ("S2", "K2"), ("M2", "M2-"))],
)
def test_waves_that_a_record_cannot_tell_apart_are_one_group(days, apart, together):
    home = {wave: group.name for group in groups_for(days) for wave in group.waves}
    assert home[apart[0]] != home[apart[1]] and home[together[0]] == home[together[1]]
    with pytest.raises(NotEnoughDataError, match="2 days"):
        groups_for(1.0)


def test_a_simulated_step_lies_in_its_95_percent_interval_as_often_as_it_says():
    truth = GravityTruth(3.0, STEP)
    hits, pressure = [], []
    for seed in range(40):
        series = simulate_gravity(truth, np.random.default_rng(seed), start=START, days=60)
        assert series.simulated
        found = analyse_gravity(series, steps=[STEP])
        assert found.simulated
        (_, step), factor = found.steps[0], found.pressure_ugal_per_hpa
        hits.append(step.low <= 3.0 <= step.high)
        pressure.append(factor.low <= -0.3 <= factor.high)
    assert 0.90 <= np.mean(hits) <= 0.99
    assert 0.85 <= np.mean(pressure) <= 1.0


def test_no_step_is_found_where_there_is_none_and_parts_add_up():
    truth = GravityTruth(0.0, STEP)
    series = simulate_gravity(truth, np.random.default_rng(1), start=START, days=40)
    found = analyse_gravity(series, steps=[STEP])
    assert found.steps[0][1].low <= 0 <= found.steps[0][1].high
    after = found.steps[0][1].value * (series.time >= np.datetime64(STEP.replace(tzinfo=None)))
    total = found.tide_ugal + found.pressure_effect_ugal + found.drift_ugal + after + found.residual_ugal
    good = np.isfinite(series.gravity_ugal)
    np.testing.assert_allclose(total[good], series.gravity_ugal[good])
    hourly = [np.nanstd(np.diff(x)) for x in (found.residual_ugal, series.gravity_ugal)]
    assert hourly[0] < 0.03 * hourly[1]  # slow wandering is noise and stays in the residual


def test_the_response_of_the_earth_is_recovered():
    truth = GravityTruth(0.0, STEP, noise=Noise(0.1))
    found = analyse_gravity(simulate_gravity(truth, np.random.default_rng(2), start=START, days=60))
    for wave in ("M2", "O1"):
        assert found.tides[wave][0] == pytest.approx(60 * 1.16 * abs(WAVES[wave][1]), rel=0.04)
    assert max(found.tides, key=lambda name: found.tides[name][0]) == "M2"


def test_an_exponential_drift_is_followed_where_a_line_fails():
    rng = np.random.default_rng(3)
    base = simulate_gravity(GravityTruth(2.0, STEP), rng, start=START, days=40)
    hours = np.arange(len(base.time))
    drifting = GravitySeries("A", base.time, base.gravity_ugal + 40 * np.exp(-hours / 24 / 8), base.pressure_hpa, True)
    curved = analyse_gravity(drifting, steps=[STEP], drift="exponential")
    line = analyse_gravity(drifting, steps=[STEP])
    assert np.nanstd(curved.residual_ugal) < 0.5 * np.nanstd(line.residual_ugal)
    assert curved.steps[0][1].low <= 2.0 <= curved.steps[0][1].high


def test_without_pressure_there_is_no_factor():
    series = simulate_gravity(GravityTruth(0.0, STEP), np.random.default_rng(1), start=START, days=20)
    blind = GravitySeries("A", series.time, series.gravity_ugal, np.full(len(series.time), np.nan))
    found = analyse_gravity(blind)
    assert found.pressure_ugal_per_hpa is None and not found.pressure_effect_ugal.any()


def test_later_samples_are_not_seen():
    series = simulate_gravity(GravityTruth(0.0, STEP), np.random.default_rng(1), start=START, days=20)
    assert series.as_of(START + timedelta(days=5)).time[-1] == np.datetime64("2020-01-06T00:00")


def test_mistakes_are_named():
    series = simulate_gravity(GravityTruth(0.0, STEP), np.random.default_rng(1), start=START, days=20)
    with pytest.raises(InputError, match="polynomial"):
        analyse_gravity(series, drift="spline")
    with pytest.raises(NotEnoughDataError, match="before or after the step"):
        analyse_gravity(series, steps=[START + timedelta(days=90)])
    with pytest.raises(NotEnoughDataError, match="coefficients"):
        analyse_gravity(GravitySeries("A", series.time[::24], series.gravity_ugal[::24], series.pressure_hpa[::24]))
    with pytest.raises(InputError, match="regular grid"):
        GravitySeries(
            "A", series.time[[0, 2, 5]] + np.array([0, 0, 1]) * np.timedelta64(7, "m"), np.zeros(3), np.zeros(3)
        )
    with pytest.raises(InputError, match="need 480 values"):
        GravitySeries("A", series.time, np.zeros(3), np.zeros(3))
    with pytest.raises(InputError, match="increase"):
        GravitySeries("A", series.time[[1, 0]], np.zeros(2), np.zeros(2))
    with pytest.raises(InputError, match="at least 3 days"):
        simulate_gravity(GravityTruth(0.0, STEP), np.random.default_rng(1), start=START, days=1)
