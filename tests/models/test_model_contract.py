"""What every model promises, whatever it believes about earthquakes."""

from dataclasses import FrozenInstanceError
from datetime import timedelta

import numpy as np
import pytest

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import FutureError, NotEnoughDataError
from houfeng.forecasts.forecast import Forecast
from houfeng.forecasts.simulated import SimulatedForecast
from houfeng.models.base import Fitted, Model
from houfeng.models.registry import create_model, model_names
from houfeng.times import Window, to_datetime64
from houfeng.values import Provenance

MIN_MAGNITUDE = 4.0
N_CATALOGS = 800
SEEDS = range(6)

#: Past windows cost an ensemble a forecast of each member, learners a look at the whole past: a few show what is
#: promised here.
LEARNER = {"every_days": 28.0, "quiet_cells": 10, "n_catalogs": 2000}
NETWORK = {**LEARNER, "epochs": 0.3, "members": 1, "width": 8}
QUICKER = {
    "ensemble": {"n_windows": 6},
    **dict.fromkeys(("logistic", "svm"), LEARNER),
    **dict.fromkeys(("forest", "stack"), {**LEARNER, "trees": 10}),
    "boosting": {**LEARNER, "rounds": 10},
    "pool": {**LEARNER, "members": ("logistic",)},
    **dict.fromkeys(("mlp", "cnn", "rnn", "fusion"), NETWORK),
}


def recipe(name: str) -> Model:
    return create_model(name, min_magnitude=MIN_MAGNITUDE, **QUICKER.get(name, {}))


@pytest.fixture(scope="module", params=model_names())
def fitted(request, history, region) -> Fitted:
    return recipe(request.param).fit(history, region)


@pytest.fixture(scope="module")
def window(now) -> Window:
    return Window.after(now, timedelta(days=7))


@pytest.fixture(scope="module")
def forecast(fitted, history, window) -> Forecast:
    return fitted.forecast(history, window, np.random.default_rng(1))


@pytest.fixture(scope="module")
def simulated(fitted, history, window) -> list[SimulatedForecast]:
    """One set for each seed: a model may draw its parameters only a few times in each."""
    return [fitted.simulate(history, window, np.random.default_rng(100 + seed), N_CATALOGS) for seed in SEEDS]


@pytest.fixture(scope="module")
def forecasts(fitted, history, window) -> list[Forecast]:
    return [fitted.forecast(history, window, np.random.default_rng(seed)) for seed in SEEDS]


def agree(forecast: np.ndarray, simulated: np.ndarray) -> bool:
    """Means of values by seed (s,) and by seed and catalogue (s, c), within five standard errors.

    The error is the larger of what the seeds show and what catalogues that share nothing would have.
    """
    by_seed = simulated.mean(axis=1)
    error = np.sqrt(forecast.var(ddof=1) + by_seed.var(ddof=1)) / len(SEEDS) ** 0.5
    error = max(error, simulated.std() / simulated.size**0.5)
    return abs(forecast.mean() - by_seed.mean()) <= 5 * error


def test_nothing_issued_after_as_of_changes_the_forecast(fitted, past, history, window, region):
    cut = past.select(past.issued <= to_datetime64(window.start))
    assert len(cut) < len(past), "the invented past must reach beyond the forecast"
    alone = Catalog(**cut.columns, provenance=Provenance("invented", "none", window.start))
    again = recipe(fitted.model.name).fit(alone, region)
    one = again.forecast(alone, window, np.random.default_rng(1))
    two = fitted.forecast(history, window, np.random.default_rng(1))
    np.testing.assert_array_equal(one.gridded.rates, two.gridded.rates)
    np.testing.assert_array_equal(one.counts.samples, two.counts.samples)


def test_a_history_that_has_seen_the_window_is_refused(fitted, past, window):
    with pytest.raises(FutureError, match="as_of"):
        fitted.forecast(past, window, np.random.default_rng(1))
    with pytest.raises(FutureError, match="as_of"):
        fitted.simulate(past, window, np.random.default_rng(1), 3)


def test_every_cell_and_bin_has_a_finite_positive_rate(forecast):
    rates = forecast.gridded.rates
    assert np.isfinite(rates).all()
    assert (forecast.gridded.above(MIN_MAGNITUDE) > 0).all()
    assert rates.shape == (len(forecast.gridded.grid), len(forecast.gridded.magnitudes))


def test_the_map_and_the_total_agree(forecast):
    for magnitude, expected in zip(forecast.counts.magnitudes, forecast.counts.expected, strict=True):
        assert forecast.gridded.above(magnitude).sum() == pytest.approx(expected, rel=1e-6)


def test_thresholds_start_at_the_smallest_magnitude_and_rise_by_halves(forecast):
    assert forecast.counts.magnitudes.tolist() == [4.0, 4.5, 5.0, 5.5, 6.0, 6.5, 7.0, 7.5, 8.0, 8.5]


def test_samples_scatter_about_the_expected_number(forecast):
    samples = forecast.counts.samples[:, 0]
    error = samples.std() / np.sqrt(len(samples))
    assert samples.mean() == pytest.approx(forecast.counts.expected[0], abs=5 * error)
    assert (np.diff(forecast.counts.samples, axis=1) <= 0).all()


def test_probabilities_fall_with_magnitude(forecast):
    probabilities = [forecast.counts.probability(m) for m in forecast.counts.magnitudes]
    assert all(0 <= p <= 1 for p in probabilities)
    assert (np.diff(probabilities) <= 0).all()
    assert probabilities[-1] > 0, "rare is not impossible"


def test_simulations_agree_with_the_expected_numbers(forecasts, simulated):
    magnitudes = forecasts[0].counts.magnitudes[:4]
    for k in range(len(magnitudes)):
        expected = np.array([forecast.counts.expected[k] for forecast in forecasts])
        counted = np.array([one.counts_above(magnitudes)[:, k] for one in simulated])
        assert agree(expected, counted), f"M{magnitudes[k]}: {expected} against {counted.mean(axis=1)}"


def test_simulations_agree_with_the_map(forecasts, simulated):
    maps = np.array([forecast.gridded.above(MIN_MAGNITUDE) for forecast in forecasts])
    grid, order = forecasts[0].gridded.grid, np.argsort(-maps.mean(axis=0))
    half = np.searchsorted(np.cumsum(maps.mean(axis=0)[order]), maps.mean(axis=0).sum() / 2) + 1
    busiest = order[:half]
    cells = [grid.index_of(longitude=one.longitude, latitude=one.latitude) for one in simulated]
    assert min((cell >= 0).mean() for cell in cells) > 0.99
    counted = np.array(
        [
            np.bincount(one.catalog_id[np.isin(cell, busiest)], minlength=N_CATALOGS)
            for one, cell in zip(simulated, cells, strict=True)
        ]
    )
    assert agree(maps[:, busiest].sum(axis=1), counted)


def test_simulated_events_lie_in_window_region_and_range(simulated, window, region):
    one = simulated[0]
    assert one.n_catalogs == N_CATALOGS
    assert window.contains(one.time).all()
    assert region.contains(longitude=one.longitude, latitude=one.latitude).all()
    assert one.magnitude.min() >= MIN_MAGNITUDE - 0.05 - 1e-9
    first = one.catalog_id == one.catalog_id[0]
    assert (np.diff(one.time[first]) >= np.timedelta64(0)).all()


def test_the_same_seed_gives_the_same_forecast(fitted, history, window, forecast):
    again = fitted.forecast(history, window, np.random.default_rng(1))
    other = fitted.forecast(history, window, np.random.default_rng(3))
    np.testing.assert_array_equal(again.counts.samples, forecast.counts.samples)
    np.testing.assert_array_equal(again.gridded.rates, forecast.gridded.rates)
    assert not np.array_equal(other.counts.samples, forecast.counts.samples)


def test_the_same_seed_gives_the_same_catalogues(fitted, history, window):
    one, two, three = (fitted.simulate(history, window, np.random.default_rng(seed), 50) for seed in (4, 4, 5))
    np.testing.assert_array_equal(one.time, two.time)
    np.testing.assert_array_equal(one.magnitude, two.magnitude)
    assert not np.array_equal(one.time, three.time)


def test_a_longer_window_holds_more(fitted, history, now, forecast):
    month = fitted.forecast(history, Window.after(now, timedelta(days=30)), np.random.default_rng(1))
    assert month.counts.expected[0] > forecast.counts.expected[0]
    assert month.counts.probability(6.0) > forecast.counts.probability(6.0)


def test_the_header_says_who_when_and_on_what(forecast, fitted, now):
    issue = forecast.issue
    assert (issue.model, issue.region, issue.state, issue.authority) == (
        fitted.model.name,
        "margin",
        "draft",
        "",
    )
    assert issue.as_of == issue.data_end == now
    assert issue.label.startswith("PSEUDO-PROSPECTIVE")


def test_the_explanation_adds_up(forecast):
    told = forecast.explanation
    assert 0 < told.background_share <= 1
    shares = [contributor.share for contributor in told.contributors]
    assert shares == sorted(shares, reverse=True)
    assert told.background_share + sum(shares) <= 1 + 1e-6
    assert told.notes


def test_parameters_have_names_and_intervals(fitted):
    parameters = fitted.parameters()
    assert {"b"} < set(parameters)
    assert all(e.low <= e.value <= e.high for e in parameters.values())
    assert parameters["b"].value == pytest.approx(1.0, abs=0.15)


def test_models_and_fits_are_frozen(fitted):
    with pytest.raises(FrozenInstanceError):
        fitted.region = None
    with pytest.raises(FrozenInstanceError):
        fitted.model.min_magnitude = 3.0


@pytest.mark.parametrize("n", [0, 1, 3])
@pytest.mark.parametrize("name", model_names())
def test_too_little_data_is_said_so(name, n, history, region):
    few = history.select(np.arange(n))
    with pytest.raises(NotEnoughDataError):
        recipe(name).fit(few, region)
