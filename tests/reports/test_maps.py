"""Maps: the right cell in the right place, across the date line too."""

import io
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from matplotlib.image import imread

from houfeng.catalogs.catalog import Catalog
from houfeng.forecasts.gridded import GriddedForecast, magnitude_bins
from houfeng.regions import Region
from houfeng.reports.coastline import coastline
from houfeng.reports.maps import Frame, circle_area, forecast_map, raster
from houfeng.reports.scale import DECADES, colour_range
from houfeng.times import Window
from houfeng.values import Provenance

WINDOW = Window.after(datetime(2020, 1, 1, tzinfo=UTC), timedelta(days=7))


def forecast_of(region: Region) -> GriddedForecast:
    grid, magnitudes = region.grid(), magnitude_bins(5.0, top=6.0)
    cells = 1e-4 * (1 + np.arange(len(grid)))
    return GriddedForecast(grid, WINDOW, magnitudes, np.outer(cells, np.full(len(magnitudes), 1 / len(magnitudes))))


def box(west, south, east, north, cell_deg=0.5) -> Region:
    return Region.box("box", west=west, south=south, east=east, north=north, cell_deg=cell_deg)


@pytest.mark.parametrize("region", [box(10, 40, 12, 42), box(178, -20, -178, -16), box(-179, 60, -170, 89.5)])
def test_every_cell_is_drawn_where_it_lies(region):
    gridded = forecast_of(region)
    frame = Frame.around(region)
    picture, (west, east, south, north) = raster(gridded, gridded.above(5.0), frame)
    assert np.isfinite(picture).sum() == len(gridded.grid)
    size = gridded.grid.cell_deg
    for i in (0, len(gridded.grid) // 2, len(gridded.grid) - 1):
        column = int((frame.shift(gridded.grid.longitude[i]) - west) / size)
        row = int((gridded.grid.latitude[i] - south) / size)
        assert picture[row, column] == pytest.approx(gridded.above(5.0)[i])
    assert frame.west <= west < east <= frame.east + 1e-9 and frame.south <= south < north <= frame.north + 1e-9


def test_the_date_line_is_no_edge():
    frame = Frame.around(box(170, -25, -170, -12))
    assert frame.west == 169.5 and frame.east == 190.5
    assert frame.shift(np.array([179.5, -179.5, -171.0])).tolist() == [179.5, 180.5, 189.0]


def test_a_close_up_lies_inside_and_a_small_region_needs_none():
    whole = Frame.around(box(-76, -46, -66, -17))
    close = whole.close_up(longitude=-71.7, latitude=-31.6, cell_deg=0.2)
    assert (close.east - close.west, close.north - close.south) == pytest.approx((7, 7))
    assert close.west <= -71.7 <= close.east and close.south <= -31.6 <= close.north
    corner = whole.close_up(longitude=-66, latitude=-17, cell_deg=0.2)
    assert corner.east <= whole.east + 1e-9 and corner.north <= whole.north + 1e-9
    assert Frame.around(box(10, 40, 15, 45)).close_up(longitude=12, latitude=42, cell_deg=0.1) is None


def test_colours_span_whole_decades_and_do_not_depend_on_what_happened_lately():
    low, high = colour_range(np.array([0.0, 2e-5, 3e-5, 4e-4]))
    assert low == pytest.approx(1e-5) and high == pytest.approx(low * 10**DECADES)
    assert colour_range(np.zeros(3)) == (1e-5, 1.0)


def test_circles_grow_with_magnitude():
    areas = circle_area(np.array([4.0, 5.0, 6.0]))
    assert areas[1] / areas[0] == pytest.approx(areas[2] / areas[1]) and areas[0] < areas[1]


@pytest.mark.parametrize("region", [box(178, -20, -178, -16), box(-76, -46, -66, -17, 1.0), Region.named("global")])
def test_a_map_is_a_picture_with_something_on_it(region):
    gridded = forecast_of(region)
    observed = Catalog.of(
        time=np.array(["2020-01-02"], "M8[us]"),
        longitude=gridded.grid.longitude[:1],
        latitude=gridded.grid.latitude[:1],
        magnitude=[6.1],
        provenance=Provenance("test", "CC0", datetime(2020, 2, 1, tzinfo=UTC)),
    )
    coast = coastline()

    def drawn(**more):
        png = forecast_map(gridded, region, magnitude=5.0, colours=(1e-4, 10.0), coast=coast, **more)
        return imread(io.BytesIO(png))

    without, with_circle = drawn(), drawn(observed=observed)
    assert without.shape == with_circle.shape and min(without.shape[:2]) > 200
    assert np.ptp(without[..., :3]) > 0.5
    assert not np.array_equal(without, with_circle)
