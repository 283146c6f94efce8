"""Maps as pictures: pixels that hold what happened in them, cells found again, and no view of the future."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.errors import InputError
from houfeng.features.base import Lineage
from houfeng.features.images import Maps, seismicity_maps
from houfeng.features.maps import PixelCounts, Raster
from houfeng.features.prior import Prior
from houfeng.features.proof import prove, with_false_future
from houfeng.regions import Region
from houfeng.times import from_datetime64
from tests.features.simulated import BOX, DATE_LINE, some_catalog, weekly

GRID = BOX.grid()
SEEDS = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize("name", ["california", "new-zealand"])
@pytest.mark.parametrize("margin", [0, 5])
def test_every_cell_has_its_pixel(name, margin):
    grid = Region.named(name).grid()
    raster = Raster.around(grid, margin)
    pixel = raster.row * raster.width + raster.column
    assert np.allclose(raster.grid.west[pixel], grid.west) and np.allclose(raster.grid.south[pixel], grid.south)
    assert len(raster.grid) == raster.height * raster.width
    assert raster.row.min() == margin and raster.row.max() == raster.height - 1 - margin
    assert raster.column.min() == margin and raster.column.max() == raster.width - 1 - margin


def test_a_raster_across_the_date_line_is_no_wider_than_one_elsewhere():
    raster = Raster.around(DATE_LINE.grid(), 2)
    assert (raster.height, raster.width) == (12, 12)
    west = np.where(raster.grid.west < 0, raster.grid.west + 360, raster.grid.west).reshape(12, 12)
    assert (
        np.allclose(west[0], 178.5 + 0.25 * np.arange(12))
        and (np.diff(raster.grid.south.reshape(12, 12), axis=0) > 0).all()
    )


def test_a_raster_stops_at_the_pole_and_goes_once_around():
    polar = Region.box("polar", west=10, south=85, east=20, north=90, cell_deg=1).grid()
    raster = Raster.around(polar, 4)
    assert (raster.height, raster.width) == (9, 18) and raster.row.min() == 4
    with pytest.raises(InputError, match="goes around the Earth"):
        Raster.around(Region.box("band", west=-180, south=0, east=180, north=2, cell_deg=1).grid(), 1)
    with pytest.raises(InputError, match="negative"):
        Raster.around(polar, -1)


@settings(max_examples=10)
@given(SEEDS)
def test_pixels_hold_what_happened_in_them(seed):
    catalog, times = some_catalog(seed), weekly(3)
    feature = PixelCounts((2.5, 3.5), (30.0, 200.0))
    maps = seismicity_maps(catalog, GRID, times, (feature,), min_magnitude=2.5, margin=3)
    assert maps.values.shape == (3, 8, 14, 14) and maps.values.dtype == np.float32
    channel = {name: maps.values[:, k] for k, name in enumerate(maps.channels)}
    for row, moment in enumerate(times):
        at = from_datetime64(moment)
        known = catalog.as_of(at)
        for days in (30.0, 200.0):
            recent = known.select(known.time >= moment - np.timedelta64(timedelta(days=days)))
            for m in (2.5, 3.5):
                assert np.allclose(
                    np.expm1(channel[f"map_log_count_{days:g}d_m{m:g}"][row]), counted(maps, recent.above(m)), atol=1e-3
                )
        assert np.allclose(
            np.expm1(channel["map_log_count_past_m3.5"][row]), counted(maps, known.above(3.5)), atol=1e-3
        )
        total = 10 ** channel["map_log_moment_200d"][row].astype(float) - 1
        ratio = 10 ** (1.5 * (recent.magnitude - 2.5))
        assert np.allclose(total, counted(maps, recent, ratio), rtol=1e-3, atol=1e-3)
        deep = recent.select(~np.isnan(recent.depth_km))
        mean = counted(maps, deep, deep.depth_km) / np.maximum(counted(maps, deep), 1)
        assert np.allclose(channel["map_depth_200d"][row], mean / 10, atol=1e-4)


def counted(maps, catalog, weights=None):
    raster = maps.raster
    pixel = raster.grid.index_of(longitude=catalog.longitude, latitude=catalog.latitude)
    weights = np.ones(len(catalog)) if weights is None else weights
    flat = np.bincount(pixel[pixel >= 0], weights=weights[pixel >= 0], minlength=len(raster.grid))
    return flat.reshape(raster.height, raster.width)


@settings(max_examples=5)
@given(SEEDS)
def test_pictures_do_not_see_the_future(seed):
    catalog, times = some_catalog(seed), weekly(2)
    prove(catalog, Raster.around(GRID, 1).grid, times, [PixelCounts((2.5,))], np.random.default_rng(seed))
    world = with_false_future(catalog, GRID, times[-1], np.random.default_rng(seed))
    one, other = (seismicity_maps(c, GRID, times, min_magnitude=2.5) for c in (catalog, world))
    assert np.array_equal(one.values, other.values) and one.values.any()


@given(SEEDS, st.sampled_from([1, 3, 7]))
def test_patches_are_cut_around_their_cells(seed, size):
    rng = np.random.default_rng(seed)
    raster = Raster.around(GRID, 2)
    values = rng.normal(size=(3, 2, raster.height, raster.width)).astype(np.float32)
    maps = Maps(weekly(3), raster, values, ("a", "b"), dict.fromkeys("ab", Lineage("s", "m", "1")))
    moments, cells = rng.integers(3, size=5), rng.integers(len(GRID), size=5)
    patches = maps.patches(moments, cells, size)
    assert patches.shape == (5, 2, size, size) and patches.dtype == np.float32
    reach = size // 2
    wide = np.pad(values, ((0, 0), (0, 0), (reach, reach), (reach, reach)))
    for k, (moment, cell) in enumerate(zip(moments, cells, strict=True)):
        row, column = raster.row[cell], raster.column[cell]
        assert np.array_equal(patches[k], wide[moment, :, row : row + size, column : column + size])


def test_a_prior_is_a_channel_and_is_asked_for_the_pixels():
    def expected(known, at, grid):
        return np.where(grid.latitude > 34, 2.0, 1.0)

    features = (PixelCounts((2.5,), (30.0,)), Prior("prior", expected, Lineage("model", "rate", "ln(number)")))
    maps = seismicity_maps(some_catalog(1), GRID, weekly(2), features, min_magnitude=2.5, margin=1)
    last = maps.values[0, maps.channels.index("prior")]
    assert (
        np.allclose(last[:5], 0, atol=1e-6)
        and np.allclose(last[5:], np.log(2))
        and maps.lineage["prior"].source == "model"
    )


def test_what_makes_no_sense_is_refused():
    maps = seismicity_maps(some_catalog(1), GRID, weekly(2), min_magnitude=2.5)
    with pytest.raises(InputError, match="must be odd"):
        maps.patches(np.array([0]), np.array([0]), 4)
    with pytest.raises(InputError, match="no pairs"):
        maps.patches(np.array([0, 1]), np.array([0]), 3)
    with pytest.raises(InputError, match="maps of shape"):
        Maps(maps.times, maps.raster, maps.values[:, :1], maps.channels, maps.lineage)
    with pytest.raises(InputError, match="must ascend"):
        PixelCounts((4.0, 2.5))
    with pytest.raises(InputError, match="positive"):
        PixelCounts((4.0,), (0.0,))
