"""Regions and their cells: named ones, boxes, GeoJSON, across the date line and around a pole."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.errors import RegionError, SourceError, UnknownNameError
from houfeng.geo import great_circle_km
from houfeng.regions import DEFAULT_CORNER, Grid, Region

SPHERE_KM2 = 4 * np.pi * 6371.0**2
SQUARE = [[0, 0], [10, 0], [10, 10], [0, 10], [0, 0]]
HOLE = [[3, 3], [7, 3], [7, 7], [3, 7], [3, 3]]
AWAY = [[20, 0], [30, 0], [30, 10], [20, 10], [20, 0]]


def holds(region, longitude, latitude):
    return bool(region.contains(longitude=np.array([longitude]), latitude=np.array([latitude]))[0])


def geojson(tmp_path, document, name="mine.geojson"):
    path = tmp_path / name
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return path


# -- named regions ------------------------------------------------------------------------------------------


def test_names():
    assert set(Region.names()) == {
        "chile", "sichuan-yunnan", "california", "italy", "new-zealand", "japan", "global"
    }  # fmt: skip


@pytest.mark.parametrize("name", Region.names())
def test_every_named_region_is_complete(name):
    region = Region.named(name)
    assert region.name == name
    assert {"en", "zh"} <= set(region.titles)
    assert region.title("zh") != region.title("en") == region.title("fr")
    assert 30 <= region.depth_max_km <= 800
    assert 7 < region.corner_magnitude < 10
    assert "Bird & Kagan (2004), doi:10.1785/0120030107" in region.corner_source
    assert region.source != "user"


@pytest.mark.parametrize("name", Region.names())
def test_cells_of_every_named_region(name):
    region = Region.named(name)
    grid = region.grid()
    assert grid.cell_deg == region.cell_deg
    assert grid.area_km2.sum() == pytest.approx(region.area_km2, rel=2e-3)
    numbers = grid.index_of(longitude=grid.longitude, latitude=grid.latitude)
    assert (numbers == np.arange(len(grid))).all()
    # A centre exactly on a slanted edge may fall on either side of it by rounding.
    assert region.contains(longitude=grid.longitude, latitude=grid.latitude).mean() > 0.998
    assert ((grid.west >= -180) & (grid.west < 180)).all()


@pytest.mark.parametrize(
    ("name", "cells"), [("california", 7682), ("italy", 8993), ("new-zealand", 6343), ("global", 64800)]
)
def test_csep_grids_have_the_published_number_of_cells(name, cells):
    """Golden: RELM California 7,682 cells (Schorlemmer & Gerstenberger 2007), CSEP-Italy 8,993 (2010)."""
    region = Region.named(name)
    assert len(region.grid()) == cells
    assert region.grid().area_km2.sum() == pytest.approx(region.area_km2)


@pytest.mark.parametrize(
    ("name", "longitude", "latitude", "inside"),
    [("chile", -71.67, -31.57, True), ("chile", -72.9, -36.12, True), ("chile", -70.77, -19.61, True),
     ("chile", -58.4, -34.6, False), ("sichuan-yunnan", 103.32, 31.0, True), ("sichuan-yunnan", 100.2, 25.6, True),
     ("sichuan-yunnan", 116.4, 39.9, False), ("california", -118.24, 34.05, True),
     ("california", -112.07, 33.45, False),
     ("italy", 13.38, 42.35, True), ("italy", 2.35, 48.85, False), ("new-zealand", 172.6, -43.5, True),
     ("new-zealand", 151.2, -33.9, False), ("japan", 142.37, 38.3, True), ("japan", 135.0, 34.6, True),
     ("japan", 126.98, 37.57, False), ("global", 179.999, 89.999, True), ("global", -180, -90, True)],
)  # fmt: skip
def test_known_places(name, longitude, latitude, inside):
    assert holds(Region.named(name), longitude, latitude) == inside


def test_an_unknown_name_gets_a_hint():
    with pytest.raises(UnknownNameError, match="unknown region 'chle'; did you mean 'chile'?"):
        Region.named("chle")


def test_the_whole_earth():
    region = Region.named("global")
    assert region.whole_earth
    assert region.area_km2 == pytest.approx(SPHERE_KM2)
    assert region.grid().area_km2.sum() == pytest.approx(SPHERE_KM2)
    assert not Region.named("chile").whole_earth


# -- boxes --------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.integers(-180, 179), st.integers(-89, 80), st.integers(1, 359), st.integers(1, 30))
def test_box_of_whole_cells(west, south, width, height):
    """Any box, also across the date line, is exactly the sum of its cells and finds them again."""
    east = west + width if west + width < 180 else west + width - 360
    north = min(south + height, 90)
    region = Region.box("box", west=west, south=south, east=east, north=north, cell_deg=1.0)
    grid = region.grid()
    assert len(grid) == width * (north - south)
    assert grid.area_km2.sum() == pytest.approx(region.area_km2)
    assert (grid.index_of(longitude=grid.longitude, latitude=grid.latitude) == np.arange(len(grid))).all()
    corner = grid.index_of(longitude=grid.west, latitude=grid.south)
    assert (corner == np.arange(len(grid))).all()


def test_a_box_across_the_date_line():
    region = Region.box("fiji", west=175, south=-25, east=-175, north=-10)
    assert region.bounds == (175, -25, 185, -10)
    assert holds(region, 179.9, -20)
    assert holds(region, -179.9, -20)
    assert not holds(region, 0, -20)
    assert not holds(region, -174, -20)
    assert region.area_km2 == pytest.approx(Region.box("same", west=0, south=-25, east=10, north=-10).area_km2)


def test_a_cap_that_holds_the_pole():
    region = Region.box("arctic", west=-180, south=60, east=180, north=90, cell_deg=1.0)
    assert region.area_km2 == pytest.approx(SPHERE_KM2 / 2 * (1 - np.sin(np.radians(60))))
    assert holds(region, 12.3, 89.99)
    assert not holds(region, 12.3, 59.9)
    grid = region.grid()
    assert len(grid) == 360 * 30
    assert (grid.index_of(longitude=np.array([0.0]), latitude=np.array([90.0])) >= 0).all()


# -- cells --------------------------------------------------------------------------------------------------


@given(st.floats(-73, -69), st.floats(-35, -30))
def test_a_point_is_in_the_cell_that_holds_it(longitude, latitude):
    grid = Region.box("box", west=-73, south=-35, east=-69, north=-30, cell_deg=0.1).grid()
    number = int(grid.index_of(longitude=np.array([longitude]), latitude=np.array([latitude]))[0])
    if number < 0:
        assert longitude > -69 - 1e-6 or latitude > -30 - 1e-6
    else:
        assert grid.west[number] - 1e-6 <= longitude <= grid.west[number] + 0.1 + 1e-6
        assert grid.south[number] - 1e-6 <= latitude <= grid.south[number] + 0.1 + 1e-6


@pytest.mark.parametrize("size", [0.1, 0.2, 0.05, 0.5, 1.0])
def test_a_point_on_a_shared_edge_belongs_to_the_cell_north_and_east(size):
    """Edges such as -70.1 have no exact binary value; the cell must not depend on that."""
    grid = Region.box("box", west=-72, south=-34, east=-69, north=-31, cell_deg=size).grid()
    steps = np.arange(1, round(2 / size))
    longitude, latitude = -72 + steps * size, -34 + steps * size
    numbers = grid.index_of(longitude=np.round(longitude, 6), latitude=np.round(latitude, 6))
    assert grid.west[numbers] == pytest.approx(longitude)
    assert grid.south[numbers] == pytest.approx(latitude)


def test_points_outside_have_no_cell():
    grid = Region.named("chile").grid()
    numbers = grid.index_of(longitude=np.array([0.0, -71.6, -71.6, 108.4]), latitude=np.array([0.0, -31.5, 80, -31.5]))
    assert numbers[0] == -1
    assert numbers[1] >= 0
    assert (numbers[2:] == -1).all()
    assert grid.index_of(longitude=np.array([]), latitude=np.array([])).shape == (0,)


def test_a_region_between_cell_centres_has_no_cells():
    region = Region.box("tiny", west=0.01, south=0.01, east=0.02, north=0.02, cell_deg=1.0)
    with pytest.raises(RegionError, match="no cell of 1.0 degrees .* use smaller cells"):
        region.grid()
    with pytest.raises(RegionError):
        Grid(west=np.array([]), south=np.array([]), cell_deg=1.0)


# -- what makes no sense ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ring", "message"),
    [([[0, 0], [1, 1]], "three corners"), ([[0, 0], [1, 0], [0, 0]], "three corners"),
     ([[0, 0], [5, 0], [9, 0]], "has no area"), ([[0, 0], [1, 0], [1, 91]], "latitude within 90"),
     ([[0, 0], [1, float("nan")], [1, 1]], "latitude within 90"), ([[0, 0], [9999, 0], [1, 1]], "longitude"),
     ([0, 1, 2], "list of"), ([[0], [1], [2]], "list of")],
)  # fmt: skip
def test_bad_rings(ring, message):
    with pytest.raises(RegionError, match=message):
        Region(name="bad", rings=(np.array(ring, float),))


@pytest.mark.parametrize("size", [0, -1, 0.001, 11, 0.7, float("nan")])
def test_bad_cell_sizes(size):
    with pytest.raises(RegionError, match="cell size"):
        Region.box("box", west=0, south=0, east=10, north=10, cell_deg=size)


def test_no_ring_at_all():
    with pytest.raises(RegionError, match="no polygon"):
        Region(name="empty", rings=())


def test_an_unclassified_region_says_so():
    region = Region.box("mine", west=0, south=0, east=10, north=10)
    assert (region.corner_magnitude, region.corner_source) == DEFAULT_CORNER
    assert region.title("zh") == "mine"


# -- GeoJSON ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "document",
    [{"type": "Polygon", "coordinates": [SQUARE]},
     {"type": "MultiPolygon", "coordinates": [[SQUARE]]},
     {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [SQUARE]}},
     {"type": "FeatureCollection", "features": [
         {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [SQUARE]}}]},
     {"type": "Polygon", "coordinates": [[[x, y, 0.0] for x, y in SQUARE]]}],
)  # fmt: skip
def test_every_kind_of_geojson_area(tmp_path, document):
    region = Region.from_geojson(geojson(tmp_path, document), cell_deg=1.0)
    assert (region.name, region.source, region.cell_deg) == ("mine", "mine.geojson", 1.0)
    assert region.area_km2 == pytest.approx(Region.box("b", west=0, south=0, east=10, north=10).area_km2)
    assert len(region.grid()) == 100


def test_holes_and_parts(tmp_path):
    document = {"type": "MultiPolygon", "coordinates": [[SQUARE, HOLE], [AWAY]]}
    region = Region.from_geojson(geojson(tmp_path, document), cell_deg=1.0)
    assert not holds(region, 5, 5)
    assert holds(region, 1, 5)
    assert holds(region, 25, 5)
    grid = region.grid()
    assert len(grid) == 100 - 16 + 100
    assert grid.area_km2.sum() == pytest.approx(region.area_km2)
    assert (grid.index_of(longitude=np.array([5.0]), latitude=np.array([5.0])) == -1).all()


def test_geojson_across_the_date_line_is_read_the_short_way(tmp_path):
    ring = [[170, -10], [-170, -10], [-170, 10], [170, 10], [170, -10]]
    region = Region.from_geojson(geojson(tmp_path, {"type": "Polygon", "coordinates": [ring]}))
    assert region.area_km2 == pytest.approx(Region.box("b", west=0, south=-10, east=20, north=10).area_km2)
    assert holds(region, 180, 0)
    assert not holds(region, 0, 0)


@pytest.mark.parametrize(
    "rings", [[SQUARE], [SQUARE, HOLE], [SQUARE, HOLE, AWAY], [SQUARE, HOLE, [[4, 4], [6, 4], [6, 6], [4, 6]]]]
)
def test_writing_and_reading_gives_the_same_region(tmp_path, rings):
    region = Region(name="mine", rings=tuple(np.array(ring, float) for ring in rings), cell_deg=0.5)
    feature = region.to_geojson()
    again = Region.from_geojson(geojson(tmp_path, feature), cell_deg=0.5)
    assert again.area_km2 == pytest.approx(region.area_km2)
    assert again.grid().west.tolist() == region.grid().west.tolist()


def test_a_document_already_read_gives_the_same_region_and_errors_say_where():
    region = Region(name="mine", rings=(np.array(SQUARE, float),), cell_deg=0.5)
    again = Region.of_geojson(region.to_geojson(), "again", cell_deg=0.5, depth_max_km=12.0)
    assert again.name == "again" and again.depth_max_km == 12.0
    assert again.grid().west.tolist() == region.grid().west.tolist()
    with pytest.raises(RegionError, match="my settings holds a Point"):
        Region.of_geojson({"type": "Point", "coordinates": [0, 0]}, "x", where="my settings")


def test_parts_and_holes_are_written_as_geojson_means_them():
    """RFC 7946: the first ring of a polygon is its outside, the others are holes; parts are polygons."""
    rings = tuple(np.array(ring, float) for ring in (AWAY, HOLE, SQUARE))
    geometry = Region(name="mine", rings=rings).to_geojson()["geometry"]
    assert geometry["type"] == "MultiPolygon"
    assert sorted(len(part) for part in geometry["coordinates"]) == [1, 2]
    for part in geometry["coordinates"]:
        for ring in part:
            assert ring[0] == ring[-1]
    assert Region(name="one", rings=rings[:1]).to_geojson()["geometry"]["type"] == "Polygon"


@pytest.mark.parametrize(
    "document",
    ["{not json", "[]", "null", "12", {"type": "Point", "coordinates": [0, 0]},
     {"type": "LineString", "coordinates": SQUARE}, {"type": "Feature"}, {"type": "Feature", "geometry": None},
     {"type": "FeatureCollection"}, {"type": "FeatureCollection", "features": None},
     {"type": "FeatureCollection", "features": []}, {"type": "Polygon"}, {"type": "Polygon", "coordinates": []},
     {"type": "Polygon", "coordinates": [[["a", "b"]]]}, {"type": "Polygon", "coordinates": [[[0, 0], [1]]]},
     {"type": "Polygon", "coordinates": 5}, {"type": "Polygon", "coordinates": [[[0, 0], [0, 5]]]},
     {"type": "Polygon", "coordinates": [[[-31, -171], [-32, -171], [-32, -170]]]}],
)  # fmt: skip
def test_bad_geojson_is_one_clear_error(tmp_path, document):
    with pytest.raises(RegionError):
        Region.from_geojson(geojson(tmp_path, document))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SourceError, match="nowhere.geojson"):
        Region.from_geojson(tmp_path / "nowhere.geojson")


# -- nearness -----------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=50)
@given(st.floats(-85, -60), st.floats(-50, -12))
def test_near_is_within_a_distance_of_the_edge(longitude, latitude):
    region = Region.box("box", west=-75, south=-35, east=-70, north=-30)
    point = {"longitude": np.array([longitude]), "latitude": np.array([latitude])}
    edge = region.boundary(step_deg=0.01)
    distance = great_circle_km(
        longitude=longitude, latitude=latitude, to_longitude=edge[:, 0], to_latitude=edge[:, 1]
    ).min()
    near = bool(region.near(**point, distance_km=300)[0])
    if region.contains(**point)[0]:
        assert near
    elif abs(distance - 300) > 5:
        assert near == (distance < 300)


def test_near_at_no_distance_is_inside():
    region = Region.named("chile")
    points = {"longitude": np.array([-71.6, -65.0]), "latitude": np.array([-31.5, -31.5])}
    assert region.near(**points, distance_km=0).tolist() == region.contains(**points).tolist() == [True, False]


def test_the_boundary_is_closed_and_fine():
    edge = Region.named("japan").boundary(step_deg=0.25)
    steps = np.abs(np.diff(np.vstack([edge, edge[:1]]), axis=0)).max(axis=1)
    assert steps.max() <= 0.25 + 1e-9
