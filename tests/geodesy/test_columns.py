from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from houfeng.errors import InputError
from houfeng.geodesy.columns import COLUMNS, geodetic_columns, spread_to_cells
from houfeng.geodesy.noise import Noise
from houfeng.geodesy.regressors import Step
from houfeng.geodesy.simulated import simulate_positions

START = datetime(2015, 1, 1, tzinfo=UTC)
STEP = START + timedelta(days=1200)
CELLS = {"longitude": np.array([-118.0, -117.5, -100.0]), "latitude": np.array([36.0, 36.2, 36.0])}


@pytest.fixture(scope="module")
def stations():
    places = {"A": (-118.0, 36.1), "B": (-117.6, 35.9), "C": (-118.3, 35.8), "D": (-117.7, 36.4)}
    return [
        simulate_positions(
            np.random.default_rng(i), start=START, days=1400, noise=Noise(0.6, 0.4), station=name, longitude=lon,
            latitude=lat, steps=((STEP, (9.0, 0.0, 0.0)),), velocity_mm_per_year=(10 * (lon + 118), 0.0, 0.0),
        )
        for i, (name, (lon, lat)) in enumerate(places.items())
    ]  # fmt: skip


def times(*days):
    return [START + timedelta(days=float(d)) for d in days]


def test_shapes_names_and_reach(stations):
    columns = geodetic_columns(stations, times(300, 1100, 1350), **CELLS)
    assert list(columns) == list(COLUMNS)
    for name, values in columns.items():
        assert values.shape == (3, 3) and values.dtype == float
        assert np.isnan(values[0]).all()  # a past of 300 days tells nothing
        assert np.isfinite(values[1:, :2]).all(), name
        assert np.isnan(values[1:, 2]).all() or name == "gnss_distance_km"
    assert columns["gnss_distance_km"][1, 2] > 1000
    # Velocity grows by 10 mm per year and degree of 90 km: about 110 nanostrain per year.
    np.testing.assert_allclose(columns["gnss_dilatation_1e9_per_year"][1, :2], 111, atol=25)


def test_a_step_is_seen_after_it_and_not_before(stations):
    columns = geodetic_columns(stations, times(1199, 1215), **CELLS)
    offset = columns["gnss_offset_east_mm"][:, 0]
    assert abs(offset[0]) < 4 and offset[1] == pytest.approx(9.0, abs=4)
    before, after = columns["gnss_transient_score_30d"][:, 0]
    assert before < 3 and after > 4


@pytest.mark.parametrize(("day", "seed"), [(int(d), i) for i, d in enumerate(np.linspace(1020, 1390, 8))])
def test_later_data_never_change_an_earlier_row(stations, day, seed):
    moment = START + timedelta(days=day)
    rng = np.random.default_rng(seed)
    changed = []
    for p in stations:
        late = p.issued > np.datetime64(moment.replace(tzinfo=None))
        wild = np.where(late, 1e3 * rng.standard_normal(p.displacement_mm.shape), p.displacement_mm)
        changed.append(replace(p, displacement_mm=wild))
    late_step = Step(START + timedelta(days=day - 200), issued=moment + timedelta(seconds=1))
    known = geodetic_columns(stations, [moment], steps=(Step(STEP),), **CELLS)
    cut = geodetic_columns([p.as_of(moment) for p in stations], [moment], steps=(Step(STEP),), **CELLS)
    told = geodetic_columns(changed, [moment, moment + timedelta(days=5)], steps=(Step(STEP), late_step), **CELLS)
    for name in COLUMNS:
        np.testing.assert_array_equal(known[name][0], told[name][0], err_msg=name)
        np.testing.assert_array_equal(known[name], cut[name], err_msg=name)


def test_steps_may_be_those_of_each_station(stations):
    own = geodetic_columns(stations, times(1390), steps={"A": (Step(STEP),)}, refit_days=90, **CELLS)
    none = geodetic_columns(stations, times(1390), refit_days=90, **CELLS)
    assert own["gnss_max_shear_1e9_per_year"][0, 0] != none["gnss_max_shear_1e9_per_year"][0, 0]


def test_a_station_that_fell_silent_says_nothing(stations):
    columns = geodetic_columns(stations, times(1500), **CELLS)
    assert np.isnan(columns["gnss_offset_east_mm"]).all() and np.isnan(columns["gnss_distance_km"]).all()


def test_values_spread_with_distance():
    values = np.array([[1.0, 3.0], [np.nan, 3.0], [np.nan, np.nan]])
    distance = np.array([[10.0, 10.0], [10.0, 90.0], [1000.0, 1000.0]])
    found = spread_to_cells(values, distance, reach_km=100, decay_km=40)
    share = np.exp(-80 / 40)
    np.testing.assert_allclose(
        found, [[2.0, (1 + 3 * share) / (1 + share), np.nan], [3.0, 3.0, np.nan], [np.nan, np.nan, np.nan]]
    )


def test_no_stations_leave_everything_unknown():
    columns = geodetic_columns([], times(1100), **CELLS)
    assert all(np.isnan(v).all() and v.shape == (1, 3) for v in columns.values())


def test_mistakes_are_named(stations):
    with pytest.raises(InputError, match="no place is known of A"):
        geodetic_columns([replace(stations[0], longitude=np.nan)], times(1100), **CELLS)
    with pytest.raises(InputError, match="twice"):
        geodetic_columns([stations[0]] * 2, times(1100), **CELLS)
    with pytest.raises(InputError, match="above 0 km"):
        geodetic_columns(stations, times(1100), reach_km=0, **CELLS)
