from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import InputError, NotEnoughDataError
from houfeng.geodesy.noise import Noise
from houfeng.geodesy.positions import make_positions
from houfeng.geodesy.regressors import Decay, Step, group_steps, steps_from_catalog
from houfeng.geodesy.simulated import simulate_positions
from houfeng.geodesy.trajectory import TrajectoryModel, fit_trajectory
from houfeng.times import after_days
from houfeng.values import Provenance

START = datetime(2015, 1, 1, tzinfo=UTC)
NOISE = Noise(0.6, 0.5)
STEP = datetime(2016, 8, 9, 7, 30, tzinfo=UTC)


def made(seed=1, days=1200, steps=((STEP, (5.0, -2.0, 0.0)),), **more):
    return simulate_positions(np.random.default_rng(seed), start=START, days=days, noise=NOISE, steps=steps, **more)


def exact(values, days=800):
    time = np.datetime64("2015-01-01T12:00", "us") + np.arange(days) * np.timedelta64(1, "D")
    jitter = 1e-3 * np.random.default_rng(0).standard_normal(days)
    return make_positions("A", time, east_mm=values + jitter, north_mm=np.roll(jitter, 7))


def test_95_percent_intervals_of_step_and_velocity_hold_the_truth():
    hits = []
    for seed in range(50):
        fitted = fit_trajectory(made(seed), TrajectoryModel((Step(STEP),)))
        for component, (step, velocity) in enumerate([(5.0, 10.0), (-2.0, -5.0)]):
            for estimate, truth in ((fitted.step(0, component), step), (fitted.velocity(component), velocity)):
                hits.append(estimate.low <= truth <= estimate.high)
    share = np.mean(hits)
    assert 0.90 <= share <= 0.99


def test_intervals_that_think_days_independent_would_be_too_short():
    fitted = fit_trajectory(made(), TrajectoryModel((Step(STEP),)))
    width = fitted.velocity(0).high - fitted.velocity(0).low
    independent = 2 * 1.96 * fitted.scatter_mm[0] / np.sqrt(1200 / 12) / (1200 / 365.25)
    assert width > 3 * independent


def test_a_season_a_trend_and_a_step_without_noise_are_found_exactly():
    days = np.arange(800) + 0.5
    years = days / 365.25
    season = 3 * np.cos(2 * np.pi * years) + np.sin(4 * np.pi * years)
    east = 12.0 * years + season + 7.0 * (days > 500)
    moment = datetime(2015, 1, 1, tzinfo=UTC) + timedelta(days=500)
    fitted = fit_trajectory(exact(east), TrajectoryModel((Step(moment),)))
    assert fitted.velocity(0).value == pytest.approx(12.0, abs=0.01)
    assert fitted.step(0, 0).value == pytest.approx(7.0, abs=0.01)
    assert fitted.scatter_mm[0] < 0.01
    np.testing.assert_allclose(fitted.predict(fitted.time)[0] + fitted.residual_mm[0], exact(east).east_mm, atol=1e-6)


def test_the_day_of_an_earthquake_counts_its_part_after_it():
    days = np.arange(800) + 0.5
    moment = START + timedelta(days=500.75)
    part = np.clip(days - 500.75 + 0.5, 0, 1)
    assert part[500] == 0.25
    fitted = fit_trajectory(exact(20 * part), TrajectoryModel((Step(moment),), annual=False, semiannual=False))
    assert fitted.scatter_mm[0] < 0.01


@pytest.mark.parametrize("form", ["log", "exp"])
def test_the_time_of_a_decay_is_found(form):
    days = np.arange(1500) + 0.5
    decay = Decay(START + timedelta(days=400), form, 40.0)
    time = np.datetime64("2015-01-01T12:00", "us") + np.arange(1500) * np.timedelta64(1, "D")
    east = 3.0 * days / 365.25 + 15 * decay.column(time) + 10 * (days > 400)
    model = TrajectoryModel((Step(decay.time),), (Decay(decay.time, form),), annual=False, semiannual=False)
    fitted = fit_trajectory(exact(east, 1500), model)
    assert fitted.regressors.decays[0].tau_days == pytest.approx(40.0, rel=0.35)
    assert fitted.velocity(0).value == pytest.approx(3.0, abs=0.2)
    fixed = fit_trajectory(exact(east, 1500), TrajectoryModel(model.steps, (decay,), annual=False, semiannual=False))
    assert fixed.coefficients[0, -1] == pytest.approx(15.0, abs=0.01)


def test_two_steps_a_day_apart_are_measured_together_without_the_day_between():
    first, second = STEP, STEP + timedelta(days=1.4)
    p = made(steps=((first, (3.0, 0.0, 0.0)), (second, (9.0, 0.0, 0.0))))
    fitted = fit_trajectory(p, TrajectoryModel((Step(first, "M6.4"), Step(second, "M7.1"))))
    assert [group.name for group in fitted.regressors.steps] == ["M6.4 + M7.1"]
    assert fitted.step(0, 0).low <= 12.0 <= fitted.step(0, 0).high
    # The day before and the day of the second, and the one between, belong to neither side.
    assert np.isnan(fitted.residual_mm[0]).sum() == 2


def test_steps_outside_the_data_are_left_out_and_told():
    late = Step(datetime(2030, 1, 1, tzinfo=UTC))
    fitted = fit_trajectory(made(), TrajectoryModel((Step(STEP), late), (Decay(late.time),)))
    assert len(fitted.regressors.steps) == 1 and len(fitted.left_out) == 2
    assert "2030-01-01" in fitted.left_out[0]
    with pytest.raises(InputError, match="no step 1"):
        fitted.step(1, 0)


def test_a_missing_component_stays_missing():
    p = made()
    flat = make_positions("A", p.time, east_mm=p.east_mm, north_mm=np.full(len(p), np.nan))
    fitted = fit_trajectory(flat)
    assert fitted.noise[1] is None and np.isnan(fitted.scatter_mm[1]) and np.isfinite(fitted.scatter_mm[0])
    with pytest.raises(NotEnoughDataError, match="component 1"):
        fitted.velocity(1)


def test_days_with_large_formal_errors_weigh_less():
    p = made(steps=())
    east = p.east_mm.copy()
    bad = np.zeros(len(p), bool)
    bad[::7] = True
    east[bad] += 4 * np.random.default_rng(1).standard_normal(bad.sum())
    sigma = np.where(bad, 8.0, 1.0) * np.ones((3, 1))
    plain = make_positions("A", p.time, east_mm=east, north_mm=p.north_mm)
    weighted = make_positions("A", p.time, east_mm=east, north_mm=p.north_mm, sigma_mm=sigma)
    clean = fit_trajectory(p).predict(p.time)[0]
    error = [np.abs(fit_trajectory(q).predict(p.time)[0] - clean).mean() for q in (plain, weighted)]
    assert error[1] < error[0]


def test_mistakes_are_named():
    with pytest.raises(NotEnoughDataError, match="fit fewer terms"):
        fit_trajectory(made(days=30, steps=()))
    for build in (
        lambda: TrajectoryModel(degree=9),
        lambda: Decay(STEP, "power"),
        lambda: Decay(STEP, "log", -1.0),
        lambda: Step(STEP, kind="landslide"),
        lambda: Step(STEP, issued=STEP - timedelta(1)),
    ):
        with pytest.raises(InputError):
            build()
    with pytest.raises(ValueError, match="zone"):
        Step(datetime(2020, 1, 1))


def test_earthquakes_of_a_catalogue_that_may_move_a_station():
    catalog = Catalog(
        event_id=np.array(["near", "far", "small"], object),
        time=after_days(START, np.array([10.0, 20.0, 30.0])),
        issued=after_days(START, np.array([10.1, 20.1, 30.1])),
        longitude=np.array([-118.0, -100.0, -118.0]),
        latitude=np.array([36.0, 36.0, 36.0]),
        depth_km=np.full(3, 10.0),
        magnitude=np.array([7.0, 7.0, 5.0]),
        magnitude_type=np.array(["mw"] * 3, object),
        provenance=Provenance("made", "none", START + timedelta(days=40)),
    )
    steps = steps_from_catalog(catalog, longitude=-119.0, latitude=36.0)
    assert [step.name for step in steps] == ["M7.0 90 km"]
    assert steps[0].known_at == START + timedelta(days=10.1)
    groups, left_out = group_steps(steps, made())
    assert len(groups) == 1 and not left_out
