"""Layers: what had been issued, where it lies, and a message where there is nothing."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.errors import FutureError, InputError, SourceError
from houfeng.features.base import Layer, LayerValues, Lineage
from houfeng.features.layers import ALWAYS, AbsentLayer, Age, RasterLayer, TableLayer, layer_or_absent
from houfeng.features.table import build_table
from houfeng.geo import great_circle_km, to_xyz_km
from houfeng.times import from_datetime64
from tests.features.simulated import BOX, DATE_LINE, some_catalog, weekly

GRID = BOX.grid()
ABOUT = Lineage("simulated weather", "pressure", "hPa", "CC0")
DAY = np.timedelta64(86_400_000_000, "us")
TIMES = np.datetime64("2016-01-01", "us") + np.arange(10) * DAY
SEEDS = st.integers(0, 2**32 - 1)


def moment(day):
    return from_datetime64(np.datetime64("2016-01-01", "us")) + timedelta(days=day)


def raster(values=None, *, delay=2, longitude=None, latitude=None, times=TIMES, **how):
    longitude = np.arange(-121, -116.9, 0.5) if longitude is None else longitude
    latitude = np.arange(32, 36.1, 0.5) if latitude is None else latitude
    shape = (len(times), len(latitude), len(longitude))
    values = np.broadcast_to(np.arange(len(times), dtype=float)[:, None, None], shape) if values is None else values
    issued = np.where(times == ALWAYS, times, times + delay * DAY)
    return RasterLayer("pressure", times, issued, longitude, latitude, values, ABOUT, **how)


def points(**changes):
    given_arguments = {
        "name": "stations",
        "times": np.repeat(TIMES[:3], 2),
        "issued": np.repeat(TIMES[:3], 2) + DAY,
        "longitude": np.tile([-119.875, -118.125], 3),
        "latitude": np.full(6, 33.125),
        "values": {"rain": np.arange(6.0)},
        "about": {"rain": replace(ABOUT, meaning="rain", unit="mm")},
        "radius_km": 30.0,
    }
    return TableLayer(**given_arguments | changes)


# -- time ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("day", "slice_"), [(1.9, None), (2.0, 0), (2.5, 0), (5.0, 3), (100.0, 9)])
def test_only_what_had_been_issued_is_used(day, slice_):
    found = raster().on(GRID)(moment(day))
    if slice_ is None:
        assert np.isnan(found.values).all() and found.latest_issued is None
        assert found.why == "nothing had been issued by 2016-01-02T21:36:00.000000Z"
    else:
        assert (found.values == slice_).all() and found.why == ""
        assert found.latest_issued == moment(slice_ + 2)


def test_a_forecast_of_a_later_time_is_not_what_happened():
    layer = raster(delay=-5)
    assert (layer.on(GRID)(moment(3.0)).values == 3).all()


def test_what_is_too_old_is_missing_and_told():
    found = raster(age=Age(days=5)).on(GRID)(moment(15.0))
    assert np.isnan(found.values).all()
    assert found.why == "at 2016-01-16T00:00:00.000000Z the latest value was 6.0 days old; up to 5 days count"
    assert (raster(age=Age(days=6)).on(GRID)(moment(15.0)).values == 9).all()


def test_a_second_version_counts_from_its_own_issue_time():
    times = np.array([TIMES[0], TIMES[0], TIMES[1]])
    layer = raster(np.stack([np.full((9, 9), v) for v in (1.0, 5.0, 2.0)]), times=times)
    layer = replace(layer, issued=np.array([TIMES[1], TIMES[5], TIMES[2]]), age=Age("sum", 30.0))
    assert (layer.on(GRID)(moment(1.0)).values == 1).all()
    assert (layer.on(GRID)(moment(4.0)).values == 3).all()
    assert (layer.on(GRID)(moment(5.0)).values == 7).all()


@given(st.integers(2, 12), st.sampled_from(["mean", "sum"]))
def test_means_and_sums_are_those_of_the_days(day, how):
    found = raster(age=Age(how, 3.0)).on(GRID)(moment(float(day))).values
    slices = [s for s in range(10) if s + 2 <= day and s >= day - 3]
    if not slices:
        assert np.isnan(found).all()
    else:
        assert np.allclose(found, sum(slices) / (len(slices) if how == "mean" else 1))


@given(SEEDS)
def test_what_is_issued_later_changes_nothing(seed):
    rng = np.random.default_rng(seed)
    layer, now = raster(age=Age("mean", 4.0)), np.datetime64("2016-01-06", "us")
    values = np.where((layer.issued > now)[:, None, None], rng.normal(size=layer.values.shape), layer.values)
    other = replace(layer, values=values)
    assert np.array_equal(layer.on(GRID)(from_datetime64(now)).values, other.on(GRID)(from_datetime64(now)).values)


@pytest.mark.parametrize(("in_time", "days"), [("first", 3.0), ("mean", None), ("latest", 0.0)])
def test_an_age_that_makes_no_sense_is_refused(in_time, days):
    with pytest.raises(InputError):
        Age(in_time, days)


# -- space --------------------------------------------------------------------------------------------------


def plane(longitude, latitude):
    """A plane, which bilinear interpolation gives back exactly."""
    return (2 * longitude[None, :] + 3 * latitude[:, None])[None]


def test_bilinear_gives_a_plane_back_and_nearest_the_next_pixel():
    longitude, latitude = np.arange(-121, -116.9, 0.5), np.arange(32, 36.1, 0.5)
    values = plane(longitude, latitude)
    times = np.array([ALWAYS])
    smooth = raster(values, times=times, in_space="bilinear").on(GRID)(moment(0)).values[:, 0]
    assert np.allclose(smooth, 2 * GRID.longitude + 3 * GRID.latitude)
    next_ = raster(values, times=times).on(GRID)(moment(0))
    distance = np.abs(longitude[None] - GRID.longitude[:, None]), np.abs(latitude[None] - GRID.latitude[:, None])
    assert next_.latest_issued is None
    assert np.allclose(np.abs(next_.values[:, 0] - smooth), 2 * distance[0].min(1) + 3 * distance[1].min(1), atol=2.0)


def test_the_mean_is_that_of_the_pixels_in_the_cell():
    longitude, latitude = np.arange(-119.975, -118, 0.05), np.arange(33.025, 35, 0.05)
    rng = np.random.default_rng(1)
    values = rng.normal(size=(1, len(latitude), len(longitude)))
    values[0, :5, :5] = np.nan
    found = raster(values, times=TIMES[:1], longitude=longitude, latitude=latitude, in_space="mean").on(GRID)(moment(3))
    cell = GRID.index_of(longitude=np.array([-118.875]), latitude=np.array([33.875]))[0]
    columns = (longitude > -119) & (longitude < -118.75)
    rows = (latitude > 33.75) & (latitude < 34)
    assert found.values[cell, 0] == pytest.approx(values[0][np.ix_(rows, columns)].mean())
    first = GRID.index_of(longitude=np.array([-119.875]), latitude=np.array([33.125]))[0]
    assert np.isnan(found.values[first, 0]) and np.isnan(found.values).sum() == 1


def test_a_missing_corner_makes_a_cell_missing():
    values = plane(np.arange(-121, -116.9, 0.5), np.arange(32, 36.1, 0.5))
    values[0, 4, 4] = np.nan
    found = raster(values, times=TIMES[:1], in_space="bilinear").on(GRID)(moment(3)).values[:, 0]
    lost = (np.abs(GRID.longitude + 119) < 0.5) & (np.abs(GRID.latitude - 34) < 0.5)
    assert (np.isnan(found) == lost).all() and lost.any()


@pytest.mark.parametrize("in_space", ["nearest", "bilinear", "mean"])
@pytest.mark.parametrize("start", [-180.0, 0.0, 170.0])
def test_the_date_line_is_no_edge_of_a_raster_around_the_earth(in_space, start):
    grid = DATE_LINE.grid()
    longitude, latitude = start + np.arange(0, 360, 0.25) + 0.125, np.arange(-25, -15, 0.25) + 0.125
    values = (np.cos(np.radians(longitude))[None, :] * latitude[:, None])[None]
    layer = raster(values, times=TIMES[:1], longitude=longitude, latitude=latitude, in_space=in_space)
    found = layer.on(grid)(moment(3)).values[:, 0]
    assert np.allclose(found, np.cos(np.radians(grid.longitude)) * grid.latitude, rtol=1e-6)


def test_a_raster_elsewhere_is_told():
    layer = raster(np.zeros((10, 9, 9)), longitude=np.arange(0, 4.1, 0.5))
    found = layer.on(GRID)(moment(5))
    assert np.isnan(found.values).all() and found.why == "it has no value in any cell of the grid"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"values": np.zeros((3, 9, 9))}, "values of shape"),
        ({"longitude": np.arange(-117, -121.1, -0.5)}, "ascend in even steps"),
        ({"latitude": np.array([30, 31, 33, 34, 35, 36, 37, 38, 39.0])}, "ascend in even steps"),
        ({"in_space": "magic"}, "not 'magic'"),
        ({"issued": TIMES[:3]}, "needs a time and an issue time"),
    ],
)
def test_a_raster_that_makes_no_sense_is_refused(changes, message):
    with pytest.raises(InputError, match=message):
        replace(raster(np.zeros((10, 9, 9))), **changes)


# -- points -------------------------------------------------------------------------------------------------


def test_points_reach_as_far_as_said_and_no_farther():
    found = points().on(GRID)(moment(3.0))
    near = great_circle_km(longitude=GRID.longitude, latitude=GRID.latitude, to_longitude=-119.875, to_latitude=33.125)
    assert (found.values[near < 29.9, 0] == 4).all() and (near < 29.9).sum() > 1
    far = great_circle_km(longitude=GRID.longitude, latitude=GRID.latitude, to_longitude=-118.125, to_latitude=33.125)
    assert np.isnan(found.values[(near > 30.1) & (far > 30.1)]).all()
    assert found.latest_issued == moment(3.0)


def test_each_station_has_its_own_latest_value():
    issued = points().issued.copy()
    issued[5] = np.datetime64("2016-06-01")  # the last of the second station comes late
    found = points(issued=issued).on(GRID)(moment(3.0)).values[:, 0]
    assert set(found[~np.isnan(found)]) == {4.0, 3.0}


@given(SEEDS)
def test_the_mean_of_points_is_that_of_those_within_the_radius(seed):
    rng = np.random.default_rng(seed)
    n = 12
    layer = points(
        times=np.repeat(TIMES[0], n), issued=np.repeat(TIMES[0], n), longitude=rng.uniform(-120, -118, n),
        latitude=rng.uniform(33, 35, n), values={"rain": np.where(rng.random(n) < 0.3, np.nan, rng.normal(size=n))},
        radius_km=60.0, in_space="mean",
    )  # fmt: skip
    found = layer.on(GRID)(moment(1.0)).values[:, 0]
    for cell in range(0, len(GRID), 5):
        centre = to_xyz_km(longitude=GRID.longitude[cell], latitude=GRID.latitude[cell])
        distance = np.linalg.norm(to_xyz_km(longitude=layer.longitude, latitude=layer.latitude) - centre, axis=1)
        inside = layer.values["rain"][distance <= 60]
        inside = inside[~np.isnan(inside)]
        mean = inside.mean() if len(inside) else np.nan
        assert found[cell] == pytest.approx(mean, nan_ok=True)


def test_rain_is_summed_over_days_at_each_station():
    found = points(age=Age("sum", 5.0), values={"rain": np.array([1, 10, 2, 20, np.nan, 40.0])}).on(GRID)(moment(3.0))
    assert set(found.values[~np.isnan(found.values)]) == {3.0, 70.0}
    found = points(age=Age("mean", 5.0), values={"rain": np.array([1, 10, 2, 20, np.nan, 40.0])}).on(GRID)(moment(3.0))
    assert set(np.round(found.values[~np.isnan(found.values)], 6)) == {1.5, 23.333333}


def test_names_of_stations_join_series_that_moved():
    layer = points(longitude=np.tile([-119.875, -118.125], 3) + np.repeat([0, 0.01, 0.02], 2), age=Age("sum", 5.0))
    apart = layer.on(GRID)(moment(3.0)).values
    joined = replace(layer, station=np.tile(["A", "B"], 3)).on(GRID)(moment(3.0)).values
    assert set(joined[~np.isnan(joined)]) == {6.0, 9.0} and not set(apart[~np.isnan(apart)]) & {6.0, 9.0}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"longitude": np.zeros(2)}, "one length"),
        ({"about": {}}, "one length"),
        ({"radius_km": 0.0}, "holds no point"),
        ({"in_space": "bilinear"}, "nearest or mean"),
    ],
)
def test_points_that_make_no_sense_are_refused(changes, message):
    with pytest.raises(InputError, match=message):
        points(**changes)


# -- in a table ---------------------------------------------------------------------------------------------


def test_a_layer_becomes_a_column_with_its_lineage():
    catalog, times = some_catalog(1), weekly(3, "2016-01-05")
    table = build_table(catalog, GRID, times, [], [raster(), points()])
    assert table.names == ("pressure", "rain") and table.left_out == ()
    assert table.columns["pressure"][:, 0].tolist() == [2.0, 9.0, 9.0]
    assert table.lineage["pressure"].latest_issued == moment(11)
    assert table.lineage["rain"].unit == "mm" and table.lineage["rain"].source == "simulated weather"


def test_what_is_absent_is_told_and_never_silently_dropped():
    def unreadable():
        raise SourceError("cannot read rain.csv: No such file or directory")

    gone = layer_or_absent("rain", unreadable)
    assert isinstance(gone, AbsentLayer) and isinstance(gone, Layer) and isinstance(raster(), Layer)
    silent = points(values={"a": np.arange(6.0), "b": np.full(6, np.nan)}, about={"a": ABOUT, "b": ABOUT})
    old = raster(age=Age(days=5.0))
    table = build_table(some_catalog(1), GRID, weekly(3, "2016-01-05"), [], [gone, silent, old])
    assert table.names == ("a", "pressure")
    assert table.left_out == (
        "layer 'rain' is left out: cannot read rain.csv: No such file or directory",
        "layer 'stations' is left out in part: no value of b at any moment",
        "layer 'pressure' has no value at 1 of 3 moments: at 2016-01-19T00:00:00.000000Z the latest value was 9.0 "
        "days old; up to 5 days count",
    )
    nothing = build_table(some_catalog(1), GRID, weekly(1, "2015-06-01"), [], [raster()])
    assert nothing.names == () and "left out: nothing had been issued" in nothing.left_out[0]


def test_a_layer_that_looks_ahead_is_refused():
    class Ahead(AbsentLayer):
        def on(self, grid):
            return lambda at: LayerValues(np.zeros((len(grid), 0)), at + timedelta(days=1))

    with pytest.raises(FutureError, match="layer 'oracle' gave at 2016-06-01"):
        build_table(some_catalog(1), GRID, weekly(1), [], [Ahead("oracle", "")])


def test_errors_that_are_not_of_a_source_are_not_swallowed():
    def broken():
        raise InputError("line 7 cannot be read")

    with pytest.raises(InputError, match="line 7"):
        layer_or_absent("rain", broken)


def test_always_known_means_always():
    layer = raster(np.ones((1, 9, 9)), times=np.array([ALWAYS]))
    found = layer.on(GRID)(datetime(1750, 1, 1, tzinfo=UTC))
    assert (found.values == 1).all() and found.latest_issued is None
