"""Reading layers: points from CSV, rasters from NPZ and classic NetCDF, faults from GeoJSON."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest
from scipy.io import netcdf_file

from houfeng.errors import InputError, SourceError
from houfeng.features.base import Lineage
from houfeng.features.layer_files import read_points_csv, read_raster_netcdf, read_raster_npz
from houfeng.features.layers import ALWAYS, Age
from tests.features.simulated import BOX

GRID = BOX.grid()
ABOUT = Lineage("made up", "rain of a day", "mm", "CC0")
CSV = """time,longitude,latitude,station,rain
2016-01-01T00:00:00Z,-119.9,33.1,A,1.5
2016-01-02T00:00:00+08:00,-119.9,33.1,A,
"""


def test_points_come_from_csv(tmp_path):
    path = tmp_path / "rain.csv"
    path.write_text("\ufeff" + CSV, encoding="utf-8")
    layer = read_points_csv(path, "rain", {"rain": ABOUT}, radius_km=20.0, delay_days=1.5, age=Age("sum", 3.0))
    assert layer.times.astype(str).tolist() == ["2016-01-01T00:00:00.000000", "2016-01-01T16:00:00.000000"]
    assert (layer.issued - layer.times == np.timedelta64(36, "h")).all()
    assert layer.values["rain"][0] == 1.5 and np.isnan(layer.values["rain"][1])
    assert layer.station.tolist() == ["A", "A"] and layer.age.in_time == "sum"


def test_issue_times_of_the_file_come_before_a_delay(tmp_path):
    path = tmp_path / "rain.csv"
    path.write_text("time,issued,longitude,latitude,rain\n2016-01-01T00:00Z,2016-03-01T00:00Z,1,2,3\n")
    layer = read_points_csv(path, "rain", {"rain": ABOUT}, radius_km=20.0, delay_days=9.0)
    assert layer.issued[0] == np.datetime64("2016-03-01") and layer.station is None


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("time,longitude,latitude\n", InputError, "has no column rain; the layer 'rain' needs time"),
        (CSV.replace("1.5", "much"), InputError, "rain.csv, line 2: rain 'much' cannot be read"),
        (CSV.replace("00Z", "00"), InputError, "line 2: time .* no time zone"),
        (CSV.replace("-119.9,33.1,A,\n", "east"), InputError, "line 3"),
    ],
)
def test_a_bad_line_is_named(tmp_path, text, error, message):
    path = tmp_path / "rain.csv"
    path.write_text(text)
    with pytest.raises(error, match=message):
        read_points_csv(path, "rain", {"rain": ABOUT}, radius_km=20.0)


def test_a_missing_file_is_a_source_that_did_not_deliver(tmp_path):
    for read in (
        lambda path: read_points_csv(path, "rain", {"rain": ABOUT}, radius_km=20.0),
        lambda path: read_raster_npz(path, "rain", ABOUT),
        lambda path: read_raster_netcdf(path, "tp", "rain", ABOUT),
    ):
        with pytest.raises(SourceError, match="cannot read the layer 'rain' from .*none"):
            read(tmp_path / "none")
        (tmp_path / "bad").write_bytes(b"\x89HDF not what was meant \xff\xfe" * 20)
        with pytest.raises(SourceError, match="cannot read the layer 'rain'"):
            read(tmp_path / "bad")


def test_rasters_come_from_npz(tmp_path):
    axes = {"longitude": np.arange(-121, -117, 0.5), "latitude": np.arange(36, 32, -0.5)}
    value = np.broadcast_to(axes["latitude"][:, None], (8, 8))
    np.savez(tmp_path / "height.npz", value=value, **axes)
    layer = read_raster_npz(tmp_path / "height.npz", "height", ABOUT, in_space="bilinear")
    found = layer.on(GRID)(datetime(1999, 1, 1, tzinfo=UTC))
    assert layer.issued[0] == ALWAYS and np.allclose(found.values[:, 0], GRID.latitude)
    times = np.array(["2016-01-01", "2016-01-02"], "datetime64[D]")
    np.savez(tmp_path / "two.npz", value=np.stack([value, value]), time=times, issued=times + 9, **axes)
    layer = read_raster_npz(tmp_path / "two.npz", "height", ABOUT, delay_days=1.0)
    assert layer.issued[1] == np.datetime64("2016-01-11")
    np.savez(tmp_path / "lacks.npz", value=value)
    with pytest.raises(InputError, match="no array longitude, latitude"):
        read_raster_npz(tmp_path / "lacks.npz", "height", ABOUT)


def write_netcdf(path, *, units="hours since 1900-01-01 00:00:0.0", calendar="gregorian", lat="latitude"):
    with netcdf_file(str(path), "w") as file:
        for name, values in (
            ("time", [1016832, 1016856]),
            ("longitude", np.arange(239, 243, 0.5)),
            (lat, np.arange(36, 32, -0.5)),
        ):
            file.createDimension(name, len(values))
            variable = file.createVariable(name, "f8", (name,))
            variable[:] = values
        file.variables["time"].units, file.variables["time"].calendar = units, calendar
        packed = file.createVariable("tp", "i2", ("time", lat, "longitude"))
        packed.scale_factor, packed.add_offset, packed._FillValue = 0.5, 10.0, np.int16(-32767)
        data = np.full((2, 8, 8), 4, np.int16)
        data[1] = 6
        data[1, 0, 0] = -32767
        packed[:] = data


def test_rasters_come_from_netcdf_with_scale_offset_and_gaps(tmp_path):
    write_netcdf(tmp_path / "era.nc")
    layer = read_raster_netcdf(tmp_path / "era.nc", "tp", "rain", ABOUT, delay_days=5.0)
    assert layer.times.astype("datetime64[D]").astype(str).tolist() == ["2016-01-01", "2016-01-02"]
    assert (layer.issued - layer.times == np.timedelta64(5, "D")).all()
    assert layer.latitude[0] == 32.5 and np.isnan(layer.values[1, -1, 0]) and np.isnan(layer.values).sum() == 1
    found = layer.on(GRID)(datetime(2016, 1, 7, tzinfo=UTC))
    assert (found.values == 13.0).all()


@pytest.mark.parametrize("since", ["1900-1-1", "1900-01-01T00:00:00Z", "1900-01-01 00:00 UTC", "1900-01-01 0:0:0"])
def test_origins_of_time_are_written_in_many_ways(tmp_path, since):
    write_netcdf(tmp_path / "era.nc", units=f"hours since {since}")
    layer = read_raster_netcdf(tmp_path / "era.nc", "tp", "rain", ABOUT)
    assert layer.times[0] == np.datetime64("2016-01-01")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"units": "fortnights since 1900-01-01"}, "units 'fortnights"),
        ({"units": "hours since the flood"}, "which is no date"),
        ({"units": "hours since 1900-13-01"}, "which is no date"),
        ({"units": "hours since 1900-01-01 00:00:00 +05:00"}, "no date in UTC"),
        ({"calendar": "360_day"}, "360_day"),
        ({"lat": "y"}, "no axis latitude or lat; it has time, y, longitude"),
    ],
)
def test_axes_that_are_not_understood_are_named(tmp_path, changes, message):
    write_netcdf(tmp_path / "odd.nc", **changes)
    with pytest.raises(InputError, match=message):
        read_raster_netcdf(tmp_path / "odd.nc", "tp", "rain", ABOUT)


def test_a_variable_that_is_not_there_is_named_with_those_that_are(tmp_path):
    write_netcdf(tmp_path / "era.nc")
    with pytest.raises(InputError, match="no variable 'sp'; it has latitude, longitude, time, tp"):
        read_raster_netcdf(tmp_path / "era.nc", "sp", "pressure", ABOUT)


def test_a_geojson_document_is_not_a_table(tmp_path):
    (tmp_path / "x.npz").write_text(json.dumps({"type": "Point"}))
    with pytest.raises(SourceError, match="x.npz"):
        read_raster_npz(tmp_path / "x.npz", "x", ABOUT)
