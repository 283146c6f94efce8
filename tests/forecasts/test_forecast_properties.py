"""Laws that hold for any forecast: files give back what went in, numbers agree with one another."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.errors import InputError
from houfeng.forecasts import csep, parquet
from houfeng.forecasts.counts import Counts
from houfeng.forecasts.forecast import Contributor, Explanation, Forecast, Issue
from houfeng.forecasts.geojson import to_geojson
from houfeng.forecasts.gridded import GriddedForecast, magnitude_bins
from houfeng.forecasts.simulated import SimulatedForecast
from houfeng.forecasts.table import forecast_table, format_number, format_probability
from houfeng.regions import Region
from houfeng.times import Window
from houfeng.values import STATES

START = datetime(2020, 2, 29, 23, 59, 59, 999_999, tzinfo=UTC)
SEEDS = st.integers(0, 10**6)


@st.composite
def forecasts(draw) -> Forecast:
    rng = np.random.default_rng(draw(SEEDS))
    west, south = draw(st.sampled_from([(-180.0, -90.0), (179.0, 0.0), (-0.5, 89.0), (10.0, 40.0)]))
    cell = draw(st.sampled_from([0.1, 0.25, 0.5]))
    grid = Region.box("b", west=west, south=south, east=west + 2 * cell, north=south + 2 * cell, cell_deg=cell).grid()
    edges = magnitude_bins(draw(st.sampled_from([2.0, 4.5, 5.9])), top=draw(st.sampled_from([6.0, 8.9])))
    rates = rng.gamma(0.3, 10.0 ** rng.integers(-6, 2), (len(grid), len(edges)))
    rates[rng.random(rates.shape) < 0.1] = 0
    thresholds = np.array([edges[0], 7.0, 8.5])
    samples = -np.sort(-rng.poisson(draw(st.sampled_from([0.01, 1.0, 300.0])), (30, 3)), axis=1)
    state = draw(st.sampled_from(STATES))
    issue = Issue(
        draw(st.sampled_from(["etas", "模型"])), "b", START, START - timedelta(hours=draw(st.integers(0, 99))),
        "PROSPECTIVE (as issued)", "source, with comma; and \"quotes\"", state, "" if state == "draft" else "Büro 1",
    )  # fmt: skip
    return Forecast(
        issue,
        GriddedForecast(grid, Window.after(START, timedelta(days=draw(st.integers(1, 400)))), edges, rates),
        Counts(thresholds, rng.random(3), samples, np.array([[1.0, 0.01, 0.0001]])),
        Explanation(0.5, (Contributor("us1", START, 1.0, 2.0, 8.3, 0.5),), ("注记",)),
    )


@settings(max_examples=25, deadline=None)
@given(forecasts())
def test_parquet_gives_back_rates_window_and_standing_exactly(tmp_path_factory, made):
    path = tmp_path_factory.mktemp("p") / "it's.parquet"
    parquet.write_gridded(made, path)
    found = parquet.read_gridded(path)
    np.testing.assert_array_equal(found.rates, made.gridded.rates)
    np.testing.assert_array_equal(found.magnitudes, made.gridded.magnitudes)
    np.testing.assert_allclose(found.grid.west, made.gridded.grid.west, atol=1e-9)
    np.testing.assert_allclose(found.grid.south, made.gridded.grid.south, atol=1e-9)
    assert found.window == made.gridded.window and parquet.read_issue(path) == made.issue


@settings(max_examples=25, deadline=None)
@given(forecasts())
def test_csep_gives_back_rates_to_ten_digits_and_the_window(tmp_path_factory, made):
    path = tmp_path_factory.mktemp("c") / "rates.dat"
    csep.write_gridded(made, path)
    found = csep.read_gridded(path)
    np.testing.assert_allclose(found.rates, made.gridded.rates, rtol=1e-9)
    np.testing.assert_allclose(found.magnitudes, made.gridded.magnitudes, atol=1e-6)
    np.testing.assert_allclose(found.grid.longitude, made.gridded.grid.longitude, atol=1e-6)
    assert found.window == made.gridded.window
    head = path.read_text(encoding="utf-8").splitlines()[:6]
    assert all(line.startswith("# ") for line in head) and made.issue.state in head[2]


@settings(max_examples=25, deadline=None)
@given(forecasts())
def test_geojson_has_one_feature_for_each_cell_and_the_same_sums(made):
    lowest = float(made.gridded.magnitudes[0])
    told = json.loads(json.dumps(to_geojson(made, [lowest]), allow_nan=False))
    numbers = [feature["properties"][f"expected_{lowest:.1f}"] for feature in told["features"]]
    assert sum(numbers) == pytest.approx(made.gridded.expected, rel=1e-5)
    chances = [feature["properties"][f"probability_{lowest:.1f}"] for feature in told["features"]]
    np.testing.assert_allclose(chances, -np.expm1(-np.array(numbers)), rtol=1e-4)
    for feature in told["features"]:
        ring = np.array(feature["geometry"]["coordinates"][0])
        assert (ring[0] == ring[-1]).all() and (np.abs(ring[:, 0]) <= 180).all() and (np.abs(ring[:, 1]) <= 90).all()
        (x, y), cell = ring.T, made.gridded.grid.cell_deg
        assert np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]) / 2 == pytest.approx(cell**2, rel=1e-4)  # anticlockwise
    assert told["properties"]["authority"] == made.issue.authority


@settings(max_examples=40, deadline=None)
@given(forecasts())
def test_more_earthquakes_are_expected_above_smaller_magnitudes(made):
    gridded = made.gridded
    above = np.array([gridded.above(m) for m in gridded.magnitudes])
    assert (np.diff(above, axis=0) <= 1e-12).all()
    np.testing.assert_allclose(above[0], gridded.rates.sum(axis=1))
    np.testing.assert_array_equal(above[-1], gridded.rates[:, -1])
    for m in (gridded.magnitudes[0], gridded.magnitudes[-1]):
        chance = gridded.probability(m)
        assert ((chance >= 0) & (chance <= 1)).all() and (chance <= gridded.above(m) + 1e-15).all()
    half = gridded.scaled(0.5)
    assert half.expected == pytest.approx(gridded.expected / 2) and half.window == gridded.window


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.sampled_from([0.5, 0.8, 0.95]))
def test_ranges_are_made_of_whole_numbers_that_occurred(seed, level):
    rng = np.random.default_rng(seed)
    samples = rng.poisson(5.0, (rng.integers(1, 400), 1))
    counts = Counts(np.array([5.0]), np.array([5.0]), samples, np.ones((1, 1)))
    number = counts.number(5.0, level)
    assert {number.low, number.high} <= set(samples[:, 0].tolist()) and number.level == level
    inside = ((samples >= number.low) & (samples <= number.high)).mean()
    assert inside >= level - 1e-12
    assert counts.probability(5.0) == pytest.approx((samples > 0).mean())


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.integers(1, 40))
def test_simulated_counts_are_those_of_counting_by_hand(seed, n_catalogs):
    rng = np.random.default_rng(seed)
    ids = np.sort(rng.integers(0, n_catalogs, rng.integers(0, 60))).astype(np.int32)
    magnitude = np.round(rng.uniform(3, 8, len(ids)), 1)
    drawn = SimulatedForecast(
        Window.after(START, timedelta(days=1)), n_catalogs, ids,
        np.full(len(ids), np.datetime64("2020-03-01"), "M8[us]"), np.zeros(len(ids)), np.zeros(len(ids)), magnitude,
    )  # fmt: skip
    counts = drawn.counts_above(np.array([3.0, 5.0, 9.0]))
    assert counts.shape == (n_catalogs, 3) and len(drawn) == n_catalogs
    for k in range(n_catalogs):
        mine = [m for one, m in zip(ids.tolist(), magnitude.tolist(), strict=True) if one == k]
        assert counts[k].tolist() == [len(mine), sum(m >= 5 for m in mine), 0]


@pytest.mark.parametrize(("ids", "n", "words"), [
    ([0, 2], 2, "runs outside 0 to 1"), ([-1, 0], 2, "runs outside"), ([1, 0], 2, "must be ordered by catalog_id"),
])  # fmt: skip
def test_numbers_of_catalogues_that_cannot_be_are_refused(ids, n, words):
    with pytest.raises(InputError, match=words):
        SimulatedForecast(
            Window.after(START, timedelta(days=1)), n, np.array(ids, np.int32), np.zeros(2, "M8[us]"), np.zeros(2),
            np.zeros(2), np.zeros(2),
        )  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(forecasts(), st.sampled_from(["en", "zh"]))
def test_a_table_has_a_line_for_each_magnitude_it_can_speak_of(made, language):
    thresholds = made.counts.magnitudes.tolist()
    table = forecast_table({"week": made}, thresholds)
    text = table.to_text(language)
    assert [line.split()[0] for line in text.splitlines() if line.startswith("M≥")] == [f"M≥{m:g}" for m in thresholds]
    for row in table.rows:
        assert format_probability(row.probability, language) in text and format_number(row.number.value) in text
    assert ("Büro 1" in text) == (made.issue.state != "draft")
    told = json.loads(json.dumps(table.to_json()))
    assert [row["magnitude"] for row in told["rows"]] == thresholds and told["issue"]["state"] == made.issue.state
