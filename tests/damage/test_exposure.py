import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.damage.exposure import COLUMNS, day_share
from houfeng.damage.exposure_files import read_exposure, write_exposure
from houfeng.errors import InputError, SourceError, UnknownNameError
from tests.damage.stocks import stock

HEADER = "asset_id,zone_id,longitude,latitude,taxonomy,buildings,occupants_day,occupants_night,area_m2,replacement_usd"


def csv_file(tmp_path, *rows, header=HEADER, name="stock.csv"):
    path = tmp_path / name
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def geojson_file(tmp_path, features, **members):
    path = tmp_path / "stock.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features, **members}))
    return path


def point(longitude, latitude, **properties):
    geometry = {"type": "Point", "coordinates": [longitude, latitude]}
    return {"type": "Feature", "geometry": geometry, "properties": {"taxonomy": "W1-HC"} | properties}


def test_columns_are_frozen_and_longitudes_wrapped():
    exposure = stock(longitude=np.full(6, 288.75))
    assert exposure.longitude == pytest.approx(np.full(6, -71.25))
    with pytest.raises(ValueError, match="read-only"):
        exposure.buildings[0] = 3
    assert "SIMULATED, 6 assets in 2 zones, 60 buildings, 240 people" in repr(exposure)
    assert len(exposure.select(np.array([0, 2]))) == 2
    assert exposure.select(exposure.taxonomy == "W1-HC").asset_id.tolist() == ["a2", "a5"]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"occupants_night": np.array([1, 2, -3, 4, 5, 6])}, "negative occupants_night .*asset 'a2' .row 2.; 1 of 6"),
        ({"latitude": np.full(6, 95.0)}, "latitude outside -90 to 90 degrees .*metres"),
        ({"longitude": np.array([np.nan] * 6)}, "missing longitude"),
        ({"replacement_usd": np.full(6, np.inf)}, "infinite replacement_usd"),
        ({"buildings": np.ones(5)}, r"column buildings of the exposure has shape \(5,\), expected \(6,\)"),
        ({"asset_id": np.array(["a", "b", "c", "b", "e", "f"])}, "asset 'b' occurs 2 times; names must be unique"),
    ],
)
def test_impossible_columns_are_refused(columns, message):
    with pytest.raises(InputError, match=message):
        stock(**columns)


def test_unknown_types_list_the_known_ones():
    exposure = stock(types=("URML-PC", "adobe"))
    with pytest.raises(UnknownNameError, match="unknown building type 'adobe'.*URML-PC"):
        exposure.require_types()
    exposure.require_types({"URML-PC", "adobe"})


def test_occupancy_follows_the_clock():
    assert [day_share(hour) for hour in (0, 3, 5, 10, 14, 17, 22, 24)] == [0, 0, 0, 1, 1, 1, 0, 0]
    assert day_share(7.5) == pytest.approx(0.5)
    assert day_share(19.9) == pytest.approx(0.42)
    assert stock().indoors(14).tolist() == [20] * 6
    assert stock().indoors(2).tolist() == [40] * 6
    with pytest.raises(InputError, match="give local time, not UTC"):
        day_share(25)


@given(st.floats(0, 24))
def test_people_inside_lie_between_day_and_night(hour):
    inside = stock(1).indoors(hour)
    assert 20 <= inside[0] <= 40


@pytest.mark.parametrize("name", ["stock.csv", "stock.geojson"])
def test_what_is_written_is_read_again(tmp_path, name):
    exposure = stock()
    write_exposure(exposure, tmp_path / name)
    reading = read_exposure(tmp_path / name)
    assert reading.rejected == () and reading.notes == ()
    assert reading.exposure.simulated
    assert reading.exposure.source == name
    for column in COLUMNS:
        assert getattr(reading.exposure, column).tolist() == getattr(exposure, column).tolist()


def test_real_stocks_stay_real(tmp_path):
    write_exposure(stock(simulated=False), tmp_path / "a.csv")
    assert not read_exposure(tmp_path / "a.csv").exposure.simulated
    assert read_exposure(tmp_path / "a.csv", simulated=True).exposure.simulated


def test_a_single_building_is_enough(tmp_path):
    path = csv_file(tmp_path, "-71.3,-29.9,C1M-MC", header="longitude,latitude,taxonomy")
    reading = read_exposure(path)
    assert len(reading.exposure) == 1
    assert reading.exposure.buildings.tolist() == [1.0]
    assert reading.exposure.zone_id.tolist() == ["all"]
    assert reading.exposure.asset_id.tolist() == ["row-1"]
    assert any("every asset is taken as one building" in note for note in reading.notes)
    assert any("losses are missing" in note for note in reading.notes)


def test_bad_rows_are_kept_aside_and_the_rest_goes_on(tmp_path):
    path = csv_file(
        tmp_path,
        "a,z,-71.3,-29.9,W1-HC,1,2,3,70,1e5",
        "b,z,-71.3,-29.9,W1-HC,1,2,-3,70,1e5",
        "c,z,,-29.9,W1-HC,1,2,3,70,1e5",
        "d,z,-71.3,-29.9,W9-HC,1,2,3,70,1e5",
        "e,z,-71.3,-29.9,W1-HC,one,2,3,70,1e5",
        "a,z,-71.3,-29.9,W1-HC,1,2,3,70,1e5",
        "f,z,-71.3,-29.9,URML-LC,1,2,3,70,1e5",
        "g,z,-71.3,-29.9,W1-HC,1,2,-8,70,1e5",
    )
    reading = read_exposure(path)
    assert reading.exposure.asset_id.tolist() == ["a", "f"]
    assert [one.row for one in reading.rejected] == [2, 3, 4, 5, 6, 8]
    assert reading.reasons == {
        "negative occupants_night (people inside at night)": 2,
        "missing longitude (degrees east)": 1,
        "unknown building type 'W9-HC'": 1,
        "buildings is not a number": 1,
        "asset_id occurs twice": 1,
    }
    assert '"-3"' in reading.rejected[0].text
    assert any(note.startswith("known building types: C1H-HC") for note in reading.notes)


def test_a_file_without_one_good_row_says_why_and_what_is_known(tmp_path):
    path = csv_file(tmp_path, "a,z,-71.3,-29.9,brick,1,2,3,70,1e5")
    with pytest.raises(InputError, match="no asset that can be used .1 rows rejected; first: row 1, unknown building"):
        read_exposure(path)
    with pytest.raises(InputError, match="known building types: .*URML-PC"):
        read_exposure(path)
    assert len(read_exposure(path, known={"brick"}).exposure) == 1


def test_semicolons_and_byte_order_marks_are_understood(tmp_path):
    path = tmp_path / "stock.csv"
    path.write_bytes("\ufefflongitude;latitude;taxonomy\n-71.3;-29.9;W1-HC\n".encode())
    assert read_exposure(path).exposure.longitude.tolist() == [-71.3]


def test_a_missing_column_lists_what_is_there_and_needed(tmp_path):
    path = csv_file(tmp_path, "1,2", header="lon,lat")
    with pytest.raises(InputError, match="lacks the column longitude and latitude and taxonomy; it has lon, lat"):
        read_exposure(path)


def test_geojson_points_and_polygons(tmp_path):
    square = [[[-71.4, -30.0], [-71.2, -30.0], [-71.2, -29.8], [-71.4, -29.8]]]
    polygon = {"type": "Feature", "id": "p", "properties": {"taxonomy": "C1M-LC"},
               "geometry": {"type": "Polygon", "coordinates": square}}  # fmt: skip
    reading = read_exposure(geojson_file(tmp_path, [point(-71.25, -29.95, buildings=3), polygon]))
    assert reading.exposure.longitude == pytest.approx([-71.25, -71.3])
    assert reading.exposure.asset_id.tolist() == ["row-1", "p"]
    assert reading.exposure.buildings.tolist() == [3, 1]


def test_closed_rings_have_their_middle_in_the_middle(tmp_path):
    """RFC 7946 wants the first corner again as the last; it counts once."""
    shapes = {
        "Polygon": [[[0, 0], [4, 0], [4, 2], [0, 2], [0, 0]]],
        "MultiPolygon": [[[[0, 0], [1, 0], [0, 1], [0, 0]]], [[[10, 3], [13, 3], [10, 6], [10, 3]]]],
    }
    features = [
        {"type": "Feature", "properties": {"taxonomy": "W1-HC"}, "geometry": {"type": kind, "coordinates": corners}}
        for kind, corners in shapes.items()
    ]
    found = read_exposure(geojson_file(tmp_path, features)).exposure
    assert found.longitude == pytest.approx([2, 34 / 6]) and found.latitude == pytest.approx([1, 13 / 6])


@pytest.mark.parametrize("name", ["urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326"])
def test_wgs84_may_be_named(tmp_path, name):
    crs = {"type": "name", "properties": {"name": name}}
    assert len(read_exposure(geojson_file(tmp_path, [point(1, 2)], crs=crs)).exposure) == 1


def test_another_coordinate_system_is_refused_with_the_way_out(tmp_path):
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32719"}}
    with pytest.raises(InputError, match="EPSG::32719'; only WGS 84 .*ogr2ogr -t_srs EPSG:4326"):
        read_exposure(geojson_file(tmp_path, [point(280000, 6680000)], crs=crs))


def test_metres_without_a_coordinate_system_are_found_out(tmp_path):
    path = geojson_file(tmp_path, [point(280000, 6680000), point(281000, 6681000)])
    with pytest.raises(InputError, match="the CRS is missing"):
        read_exposure(path)


def test_a_feature_without_a_place_is_kept_aside(tmp_path):
    bare = {"type": "Feature", "geometry": None, "properties": {"taxonomy": "W1-HC"}}
    reading = read_exposure(geojson_file(tmp_path, [point(1, 2), bare]))
    assert reading.reasons == {"missing longitude (degrees east)": 1}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.geojson", "{", "is not JSON"),
        ("a.geojson", '{"type": "Feature"}', "no GeoJSON FeatureCollection"),
        ("a.shp", "x", "read from .csv, .geojson and .json"),
        ("a.csv", "", "lacks the column"),
    ],
)
def test_other_files_are_refused(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=message):
        read_exposure(tmp_path / name)


def test_unreadable_files(tmp_path):
    with pytest.raises(SourceError, match="cannot read the exposure"):
        read_exposure(tmp_path / "none.csv")
    (tmp_path / "latin.csv").write_bytes(b"longitude,latitude,taxonomy\n1,2,caf\xe9\n")
    with pytest.raises(InputError, match="is not UTF-8"):
        read_exposure(tmp_path / "latin.csv")


def test_written_only_as_csv_or_geojson(tmp_path):
    with pytest.raises(InputError, match="written as .csv"):
        write_exposure(stock(), tmp_path / "a.xlsx")
