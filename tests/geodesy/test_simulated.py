from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from houfeng.errors import InputError
from houfeng.geodesy.noise import Noise
from houfeng.geodesy.simulated import GravityTruth, simulate_gravity, simulate_positions

START = datetime(2020, 1, 1, tzinfo=UTC)
STEP = START + timedelta(days=20)


def test_what_is_simulated_says_so_and_one_seed_gives_one_series():
    made = [simulate_gravity(GravityTruth(1.0, STEP), np.random.default_rng(4), start=START) for _ in range(2)]
    assert made[0].simulated and made[0].station == "SIMULATED"
    np.testing.assert_array_equal(made[0].gravity_ugal, made[1].gravity_ugal)
    assert 0 < np.isnan(made[0].gravity_ugal).mean() < 0.06
    p = simulate_positions(np.random.default_rng(4), start=START, days=50, noise=Noise(1.0))
    assert p.simulated and p.source == "SIMULATED" and len(p) <= 50


def test_the_step_is_the_only_difference():
    with_step, without = (
        simulate_gravity(GravityTruth(size, STEP), np.random.default_rng(4), start=START) for size in (5.0, 0.0)
    )
    difference = with_step.gravity_ugal - without.gravity_ugal
    after = with_step.time >= np.datetime64("2020-01-21")
    np.testing.assert_allclose(difference[after & np.isfinite(difference)], 5.0)
    np.testing.assert_allclose(difference[~after & np.isfinite(difference)], 0.0)


def test_the_tide_is_of_the_size_of_the_earths():
    series = simulate_gravity(GravityTruth(0.0, STEP), np.random.default_rng(4), start=START)
    assert 150 < np.nanmax(series.gravity_ugal) - np.nanmin(series.gravity_ugal) < 350


def test_a_position_of_the_day_of_a_step_holds_a_part_of_it():
    moment = START + timedelta(days=10.25)
    p = simulate_positions(
        np.random.default_rng(0), start=START, days=20, noise=Noise(1e-9), annual_mm=0.0,
        velocity_mm_per_year=(0, 0, 0), steps=((moment, (8.0, 0.0, 0.0)),), gap_share=0.0,
    )  # fmt: skip
    np.testing.assert_allclose(p.east_mm[[9, 10, 11]], [0, 6, 8], atol=1e-6)


def test_mistakes_are_named():
    with pytest.raises(InputError, match="at least 2 days"):
        simulate_positions(np.random.default_rng(0), start=START, days=1, noise=Noise(1.0))
    with pytest.raises(InputError, match="less than half"):
        simulate_gravity(GravityTruth(0.0, STEP), np.random.default_rng(0), start=START, gap_share=0.7)
