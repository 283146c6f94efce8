"""The adaptive model from a catalogue to a forecast; what every model promises is in test_model_contract."""

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import FitError, InputError, NotEnoughDataError
from houfeng.models.adaptive import model as adaptive_model
from houfeng.models.adaptive.fit import branching_when_busiest
from houfeng.models.adaptive.laws import LOWER, UPPER
from houfeng.models.adaptive.model import AdaptiveEtas, branching_ratio
from houfeng.models.etas.vigour import Attributed
from houfeng.regions import Region
from houfeng.times import Window, after_days
from houfeng.values import Provenance

START, NOW = datetime(2010, 1, 1, tzinfo=UTC), datetime(2016, 1, 1, tzinfo=UTC)
MODEL = AdaptiveEtas(min_magnitude=4.0, n_catalogs=2000)
DAYS = (NOW - START).days - 1


def catalog(longitude=-71.5, latitude=-31.0, wide=1.5, extra=(), n=500, seed=2) -> Catalog:
    """Background and clusters about a place; `extra` are days, longitudes, latitudes and magnitudes of others."""
    rng = np.random.default_rng(seed)
    m = 3.95 + np.minimum(rng.exponential(1 / np.log(10), n), 2.4)
    many = np.exp(1.6 * m[: n // 2])
    mother = rng.choice(n // 2, n - n // 2, p=many / many.sum())
    days = rng.uniform(0, DAYS, n // 2)
    after = 0.02 * ((1 + 300 / 0.02) ** rng.random(n - n // 2) - 1)
    x, y = rng.uniform(-wide, wide, n // 2), rng.uniform(-wide, wide, n // 2)
    days = np.concatenate([days, days[mother] + after])
    x = np.concatenate([x, x[mother] + rng.normal(0, 0.05, len(mother))])
    y = np.concatenate([y, y[mother] + rng.normal(0, 0.05, len(mother))])
    rows = np.column_stack([days, longitude + x, latitude + y, m])[days < DAYS]
    rows = np.vstack([rows, np.array(extra).reshape(-1, 4)])
    rows = rows[np.argsort(rows[:, 0])]
    return Catalog.of(
        time=after_days(START, rows[:, 0]),
        longitude=(rows[:, 1] + 180) % 360 - 180,
        latitude=rows[:, 2],
        magnitude=np.round(rows[:, 3], 1),
        provenance=Provenance("invented", "none", NOW),
    )


def box(longitude=-71.5, latitude=-31.0, wide=1.5) -> Region:
    sides = {"west": longitude - wide, "east": longitude + wide, "south": latitude - wide, "north": latitude + wide}
    return Region.box("box", **sides, cell_deg=0.25, corner_magnitude=8.0)


@pytest.fixture(scope="module")
def history():
    return catalog()


@pytest.fixture(scope="module")
def fitted(history):
    return MODEL.fit(history, box())


@pytest.fixture(scope="module")
def week():
    return Window.after(NOW, timedelta(days=7))


def forecast(fitted, history, window, seed=1):
    return fitted.forecast(history, window, np.random.default_rng(seed))


def test_the_map_is_the_total(fitted, history, week):
    one = forecast(fitted, history, week)
    for magnitude, expected in zip(one.counts.magnitudes, one.counts.expected, strict=True):
        assert one.gridded.above(magnitude).sum() == pytest.approx(expected, rel=1e-6)
    assert one.counts.samples[:, 0].mean() == pytest.approx(one.counts.expected[0], rel=0.15)


def test_parameters_have_units_in_their_names_and_intervals(fitted):
    told = fitted.parameters()
    names = {"mu_per_day", "k", "by_magnitude", "by_independence", "by_quiet", "by_pace", "c_days", "omega"}
    names |= {"tau_days", "place_d_km2", "place_by_magnitude", "place_by_spacing", "place_rho"}
    assert set(told) == names | {"branching_ratio_1y", "vigour_shape", "b"}
    assert told["mu_per_day"].low < told["mu_per_day"].value < told["mu_per_day"].high
    assert told["place_rho"].value == pytest.approx(np.exp(fitted.result.space[-1]))
    assert 0 < told["branching_ratio_1y"].value < 1


def test_intervals_are_those_of_the_covariance(fitted):
    told, time = fitted.parameters(), fitted.result.time
    sd = np.sqrt(np.diag(fitted.result.time_covariance))
    for i, name in ((0, "mu_per_day"), (1, "k"), (6, "c_days"), (8, "tau_days")):
        ends = np.exp(time[i] + sd[i] * np.array([0, -1.96, 1.96]))
        assert (told[name].value, told[name].low, told[name].high) == pytest.approx(tuple(ends)), name
    for i, name in ((2, "by_magnitude"), (3, "by_independence"), (4, "by_quiet"), (5, "by_pace"), (7, "omega")):
        ends = time[i] + sd[i] * np.array([0, -1.96, 1.96])
        assert (told[name].value, told[name].low, told[name].high) == pytest.approx(tuple(ends)), name
    space = fitted.result.space
    places = [told[f"place_{name}"].value for name in ("d_km2", "by_magnitude", "by_spacing", "rho")]
    assert places == pytest.approx([np.exp(space[9]), space[10], space[11], np.exp(space[12])])


def test_what_followed_a_shock_weighs_its_aftershocks_to_come(fitted, history, week, monkeypatch):
    """A gamma law of shape k, after 7 found of 2 expected: mean (k + 7) / (k + 2); drawn anew for each setup."""
    sources = fitted.sources(history)
    past, asked = fitted.judged(sources), []

    def known(*_, since_day):
        asked.append(since_day)
        return Attributed(np.array([5]), np.array([7.0]), np.array([2.0]))

    monkeypatch.setattr(adaptive_model, "followed", known)
    weight = fitted.best_setup(sources, past, week).past.data.log_weight
    mean = (fitted.vigour_shape + 7) / (fitted.vigour_shape + 2)
    assert weight[5] == pytest.approx(np.log(mean)) and (np.delete(weight, 5) == 0).all()
    assert asked == [sources.known_until_day - 1000]
    setups = []
    monkeypatch.setattr(adaptive_model.AdaptiveOutlook, "of", lambda drawn, *_: setups.extend(drawn))
    fitted.outlook(sources, past, week, np.random.default_rng(1))
    factors = np.exp([one.past.data.log_weight[5] for one in setups])
    assert len(np.unique(factors)) == len(setups) == adaptive_model.PARAMETER_DRAWS
    spread = np.sqrt(fitted.vigour_shape + 7) / (fitted.vigour_shape + 2)
    assert factors.mean() == pytest.approx(mean, abs=4 * spread / np.sqrt(len(factors)))
    assert {one.start_day for one in setups} == {sources.known_until_day}
    assert {one.end_day - (week.end - sources.origin).total_seconds() / 86_400 for one in setups} == {0.0}


def test_parameters_of_times_are_drawn_in_pairs_about_the_best(fitted, monkeypatch):
    monkeypatch.setattr(adaptive_model, "branching_ratio", lambda *_: 0.5)
    monkeypatch.setattr(adaptive_model, "branching_when_busiest", lambda *_: 0.5)
    draws = np.array(fitted._draw_times(np.random.default_rng(5)))
    low, high = (box[: draws.shape[1]] for box in (LOWER, UPPER))
    assert ((draws >= low) & (draws <= high)).all()
    one, other = draws[::2], draws[1::2]
    free = (one > low) & (one < high) & (other > low) & (other < high)
    assert free.mean() > 0.5
    best = np.broadcast_to(fitted.result.time, one.shape)
    np.testing.assert_allclose((one + other)[free], 2 * best[free], atol=1e-9)
    # Magnitude hardly meets the box: 20 independent steps have the spread of the fit.
    sd = np.sqrt(fitted.result.time_covariance[2, 2])
    assert 0.6 * sd < np.sqrt(np.mean((one - best)[:, 2] ** 2)) < 1.5 * sd


def test_the_branching_ratio_is_that_of_the_formula(fitted):
    """By draws of magnitudes and a plain integral."""
    time, rng = fitted.result.time, np.random.default_rng(4)
    m = fitted.sizes.law.sample(rng, 400_000) - 4.0
    past = fitted.result.past
    others = past.features.productivity[past.data.target, 1:] @ time[3:6]
    c = np.exp(time[6])
    y = np.exp(np.linspace(np.log(c), np.log(365.25 + c), 20_000))
    integral = np.trapezoid(y ** -(1 + time[7]) * np.exp(-(y - c) / np.exp(time[8])), y)
    plain = np.exp(time[1]) * np.exp(time[2] * m).mean() * np.exp(others).mean() * integral
    assert branching_ratio(time, past, fitted.sizes.law) == pytest.approx(plain, rel=0.05)


def test_supercritical_fits_are_refused(history, monkeypatch):
    monkeypatch.setattr(adaptive_model, "branching_ratio", lambda *_: 1.25)
    with pytest.raises(FitError, match="supercritical: one earthquake triggers 1.25 .* raise the minimum magnitude"):
        MODEL.fit(history, box())


def test_parameters_that_are_all_supercritical_are_refused(fitted, history, week, monkeypatch):
    monkeypatch.setattr(adaptive_model, "branching_ratio", lambda *_: 1.25)
    with pytest.raises(FitError, match="supercritical"):
        forecast(fitted, history, week)


def test_no_draw_runs_away_in_a_swarm(fitted, history):
    """One draw in forty did: a year ahead it had 100,000 earthquakes in each catalogue, the others a hundred."""
    draws = fitted._draw_times(np.random.default_rng(2))
    assert len(draws) == adaptive_model.PARAMETER_DRAWS
    assert max(branching_when_busiest(draw, fitted.result.past) for draw in draws) < 1
    samples = forecast(fitted, history, Window.after(NOW, timedelta(days=365))).counts.samples[:, 0]
    assert samples.mean() < 2 * np.median(samples)


def test_a_history_with_nothing_new_is_no_obstacle(fitted, history, week):
    sources = fitted.sources(history)
    again = fitted.judged(sources)
    np.testing.assert_array_equal(again.independence, fitted.result.past.independence)
    assert forecast(fitted, history, week).counts.expected[0] > 0


def test_a_large_shock_an_hour_ago_raises_the_rate_where_it_was(fitted, history, week):
    shock = (DAYS + 1 - 1.5 / 24, -71.0, -30.6, 6.8)
    shaken = catalog(extra=[shock])
    quiet, after = forecast(fitted, history, week), forecast(fitted, shaken, week)
    assert after.counts.expected[0] > 3 * quiet.counts.expected[0]
    cells = after.gridded.grid
    busiest = int(np.argmax(after.gridded.above(4.0) - quiet.gridded.above(4.0)))
    here = cells.index_of(longitude=np.array([-71.0]), latitude=np.array([-30.6]))[0]
    assert abs(busiest - here) <= 1 or busiest in (here - 12, here + 12)
    first = after.explanation.contributors[0]
    assert first.magnitude == 6.8
    assert after.explanation.background_share < 0.6


def test_aftershocks_of_sources_outside_keep_their_number_on_the_map(fitted, week):
    """Most of an outer kernel misses the region; what is counted inside was counted after that."""
    shaken = catalog(extra=[(DAYS + 0.9, -72.2, -31.8, 6.3), (DAYS + 0.91, -69.8, -30.6, 6.3)])
    sources = fitted.sources(shaken)
    outlook = fitted.outlook(sources, fitted.judged(sources), week, np.random.default_rng(1))
    grid, n = box().grid(), len(sources.days)
    inner, outer = (np.where(np.arange(n) == k, 100.0, 0.0) for k in (n - 2, n - 1))
    assert sources.inside[n - 2]
    assert not sources.inside[n - 1]
    one, two, both = (outlook._cells_of_past(grid, e, np.random.default_rng(2)) for e in (inner, outer, inner + outer))
    assert one.sum() == pytest.approx(100)
    assert two.sum() == pytest.approx(100)
    west = one > 0.5
    assert west.sum() > 3
    np.testing.assert_allclose(both[west].sum(), (one + two)[west].sum(), rtol=0.03)
    np.testing.assert_allclose(both[~west].sum(), (one + two)[~west].sum(), rtol=0.03)


@pytest.mark.parametrize("where", ["date line", "whole Earth"])
def test_other_regions(where, week):
    if where == "date line":
        history, region = catalog(longitude=179.6, latitude=-20.0), box(179.6, -20.0)
    else:
        history = catalog(longitude=0.0, latitude=0.0, wide=60.0)
        region = Region.box("Earth", west=-180, south=-90, east=180, north=90, cell_deg=5.0, corner_magnitude=8.5)
        assert region.whole_earth
    fitted = MODEL.fit(history, region)
    one = forecast(fitted, history, week)
    assert one.gridded.above(4.0).sum() == pytest.approx(one.counts.expected[0], rel=1e-6)
    drawn = fitted.simulate(history, week, np.random.default_rng(3), 500)
    assert region.contains(longitude=drawn.longitude, latitude=drawn.latitude).all()
    assert len(drawn.time) / 500 == pytest.approx(one.counts.expected[0], rel=0.35)
    if where == "date line":
        assert (drawn.longitude < -170).any()
        assert (drawn.longitude > 170).any()


def test_too_few_earthquakes_and_impossible_settings_are_refused(history):
    with pytest.raises(NotEnoughDataError, match="at least 50"):
        MODEL.fit(catalog(n=40), box())
    with pytest.raises(InputError, match="margin -1"):
        AdaptiveEtas(min_magnitude=4.0, margin_km=-1)
    with pytest.raises(InputError):
        AdaptiveEtas(min_magnitude=4.0, n_catalogs=0)


def test_where_the_start_is_given_the_learning_begins_there(history):
    late = replace(MODEL, start=datetime(2013, 1, 1, tzinfo=UTC)).fit(history, box())
    assert late.result.past.data.start_day == pytest.approx(
        (datetime(2013, 1, 1, tzinfo=UTC) - late.sources(history).origin).total_seconds() / 86_400
    )
    assert len(late.result.past.data.days) == len(history.above(4.0))


def digest() -> str:
    """Of a fit, a forecast and simulated catalogues."""
    history = catalog(n=160)
    fitted = MODEL.fit(history, box())
    window = Window.after(NOW, timedelta(days=7))
    one = replace(fitted, model=replace(MODEL, n_catalogs=300)).forecast(history, window, np.random.default_rng(1))
    drawn = fitted.simulate(history, window, np.random.default_rng(2), 100)
    parts = (fitted.result.time, fitted.result.space, one.gridded.rates, one.counts.samples, drawn.longitude)
    return hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in parts)).hexdigest()


@pytest.mark.slow
def test_bytes_are_the_same_in_every_process():
    code = "import test_adaptive_model as t; print(t.digest())"
    found = set()
    for threads in ("1", "2"):
        where = {**os.environ, "PYTHONPATH": str(Path(__file__).parent), "NUMBA_NUM_THREADS": threads}
        done = subprocess.run([sys.executable, "-c", code], env=where, capture_output=True, text=True, check=True)
        found.add(done.stdout.strip())
    assert found == {digest()}
