"""Sequences of the last earthquakes: those that were known, in order, told relative to the moment and the cell."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.errors import InputError
from houfeng.features.proof import with_false_future
from houfeng.features.sequences import COLUMNS, last_events, last_events_near
from houfeng.geo import great_circle_km, to_xyz_km
from houfeng.times import from_datetime64
from tests.features.simulated import BOX, DATE_LINE, some_catalog, weekly

GRID = BOX.grid()
SEEDS = st.integers(0, 2**32 - 1)
NAMES = list(COLUMNS)


@settings(max_examples=20)
@given(SEEDS, st.integers(1, 30))
def test_they_are_the_last_ones_that_were_known(seed, n):
    catalog, times = some_catalog(seed), weekly(5, "2015-02-01")
    found = last_events(catalog, times, n, min_magnitude=3.0)
    assert found.values.shape == (5, n, 8) and found.values.dtype == np.float32 and len(found) == 5
    for row, moment in enumerate(times):
        known = catalog.as_of(from_datetime64(moment)).above(3.0)
        expected = known.event_id[-n:].tolist()
        assert catalog.event_id[found.events[row][found.mask[row]]].tolist() == expected
        assert found.mask[row].tolist() == [False] * (n - len(expected)) + [True] * len(expected)
        assert (found.values[row][~found.mask[row]] == 0).all() and (found.events[row][~found.mask[row]] == -1).all()


@settings(max_examples=20)
@given(SEEDS)
def test_around_a_cell_they_are_within_the_radius_and_the_days(seed):
    catalog = some_catalog(seed)
    rng = np.random.default_rng(seed)
    times, cells = rng.choice(weekly(20), 12), rng.integers(len(GRID), size=12)
    found = last_events_near(catalog, times, cells, GRID, 10, min_magnitude=2.5, radius_km=60.0, max_days=300.0)
    for row in range(12):
        known = (catalog.issued <= times[row]) & (times[row] - catalog.time <= np.timedelta64(300, "D"))
        centre = to_xyz_km(longitude=GRID.longitude[cells[row]], latitude=GRID.latitude[cells[row]])
        away = np.linalg.norm(to_xyz_km(longitude=catalog.longitude, latitude=catalog.latitude) - centre, axis=1)
        expected = np.flatnonzero(known & (away <= 60))[-10:]
        assert found.events[row][found.mask[row]].tolist() == expected.tolist()
        values = found.values[row][found.mask[row]]
        days = (times[row] - catalog.time[expected]) / np.timedelta64(86_400_000_000, "us")
        assert np.allclose(values[:, NAMES.index("log_elapsed")], np.log(days + 1e-4), rtol=1e-4, atol=1e-4)
        assert np.allclose(values[:, NAMES.index("log_distance")], np.log1p(away[expected]), rtol=1e-4, atol=1e-4)
        assert np.allclose(values[:, NAMES.index("magnitude_above")], catalog.magnitude[expected] - 2.5, atol=1e-5)


def test_azimuths_point_from_the_cell_to_the_earthquake():
    catalog = some_catalog(1, late=False)
    cell = GRID.index_of(longitude=np.array([-118.9]), latitude=np.array([34.1]))
    place = {"longitude": GRID.longitude[cell][0], "latitude": GRID.latitude[cell][0]}
    around = {
        "longitude": place["longitude"] + np.array([0, 0.2, 0, -0.2, 0]),
        "latitude": place["latitude"] + np.array([0.2, 0, -0.2, 0, 0]),
    }
    five = replace(catalog.select(np.arange(5)), **around, depth_km=np.array([10, 20, np.nan, 5, 0.0]))
    found = last_events_near(five, weekly(1, "2017-01-01"), cell, GRID, 5, min_magnitude=0, radius_km=50).values[0]
    assert np.allclose(found[:, NAMES.index("east")], [0, 1, 0, -1, 0], atol=2e-3)
    assert np.allclose(found[:, NAMES.index("north")], [1, 0, -1, 0, 0], atol=2e-3)
    assert found[:, NAMES.index("depth")].tolist() == [1, 2, 0, 0.5, 0]
    assert found[:, NAMES.index("depth_known")].tolist() == [1, 1, 0, 1, 1]


def test_in_the_region_distances_are_from_one_to_the_next():
    catalog = some_catalog(1, late=False)
    found = last_events(catalog, weekly(1, "2017-01-01"), 6, min_magnitude=2.5)
    rows = found.events[0]
    from_, to = catalog.select(rows[:-1]), catalog.select(rows[1:])
    away = great_circle_km(
        longitude=from_.longitude, latitude=from_.latitude, to_longitude=to.longitude, to_latitude=to.latitude
    )
    assert found.values[0, 0, NAMES.index("log_distance")] == 0 and found.values[0, 0, NAMES.index("log_interval")] == 0
    assert np.allclose(found.values[0, 1:, NAMES.index("log_distance")], np.log1p(away), rtol=1e-3)
    days = np.diff(catalog.time[rows]) / np.timedelta64(86_400_000_000, "us")
    assert np.allclose(found.values[0, 1:, NAMES.index("log_interval")], np.log(days + 1e-4), rtol=1e-4)


@settings(max_examples=10)
@given(SEEDS)
def test_the_future_and_the_date_do_not_matter(seed):
    catalog, times = some_catalog(seed), weekly(3)
    world = with_false_future(catalog, GRID, times[-1], np.random.default_rng(seed))
    near = {"min_magnitude": 2.5, "radius_km": 80.0}
    cells = np.array([3, 20, 40])
    for make in (
        lambda c, t: last_events(c, t, 8, min_magnitude=2.5),
        lambda c, t: last_events_near(c, t, cells, GRID, 8, **near),
    ):
        one, other = make(catalog, times), make(world, times)
        assert np.array_equal(one.values, other.values)
        assert catalog.event_id[one.events[one.mask]].tolist() == world.event_id[other.events[other.mask]].tolist()
        shift = np.timedelta64(999, "D")
        later = replace(catalog, time=catalog.time + shift, issued=catalog.issued + shift)
        assert np.array_equal(make(later, times + shift).values, one.values)


def test_the_date_line_is_no_edge():
    catalog, grid = some_catalog(5, region=DATE_LINE), DATE_LINE.grid()
    cells = np.arange(0, len(grid), 7)
    times = np.repeat(weekly(1), len(cells))
    found = last_events_near(catalog, times, cells, grid, 5, min_magnitude=2.5, radius_km=40.0)
    turned = replace(catalog, longitude=catalog.longitude - 60)
    here = replace(grid, west=np.where(grid.west < 0, grid.west + 360, grid.west) - 60)
    other = last_events_near(turned, times, cells, here, 5, min_magnitude=2.5, radius_km=40.0)
    assert found.mask.any() and np.allclose(found.values, other.values, atol=1e-4)


def test_nothing_known_is_a_sequence_of_nothing():
    found = last_events(some_catalog(1), weekly(2, "2010-01-01"), 4, min_magnitude=2.5)
    assert not found.mask.any() and (found.values == 0).all()
    found = last_events(some_catalog(1), weekly(2), 4, min_magnitude=9.5)
    assert not found.mask.any()


def test_what_makes_no_sense_is_refused():
    with pytest.raises(InputError, match="at least one"):
        last_events(some_catalog(1), weekly(2), 0, min_magnitude=2.5)
    with pytest.raises(InputError, match="no pairs"):
        last_events_near(some_catalog(1), weekly(2), np.zeros(3, int), GRID, 4, min_magnitude=2.5, radius_km=10)
    with pytest.raises(InputError, match="holds no earthquake"):
        last_events_near(some_catalog(1), weekly(2), np.zeros(2, int), GRID, 4, min_magnitude=2.5, radius_km=0)
