"""What attributes, references and damaged files mean for the roads made of them."""

import json
import sqlite3
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from houfeng.errors import InputError
from houfeng.response.coordinates import Reference, geojson_reference, reference_of
from houfeng.response.geometry_blobs import geopackage_lines
from houfeng.response.road_attributes import (
    NOT_DRIVEN,
    RoadFields,
    attribute,
    default_speed_kmh,
    direction_of,
    level_of,
    read_speed_kmh,
    says_yes,
)
from houfeng.response.road_files import read_roads

OSM = RoadFields()
STREET = [[0.0, 0.0], [0.001, 0.0]]


def feature(points=STREET, kind="LineString", **properties) -> dict:
    return {"type": "Feature", "properties": properties, "geometry": {"type": kind, "coordinates": points}}


def read(tmp_path, *features, how=None, **more):
    path = tmp_path / "roads.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features} | more), encoding="utf-8")
    return read_roads(path, **(how or {}))


@pytest.mark.parametrize("epsg", [32600, 32661, 32700, 32761, 32699, 2154, 0, -4326])
def test_numbers_beside_the_known_ones_are_refused(epsg):
    with pytest.raises(InputError, match=f"EPSG:{epsg}"):
        reference_of(epsg, "a file")


@pytest.mark.parametrize("epsg", [4326, 4979, 4258, 4490, 4674, 4269, 5360, 9989])
def test_geographic_references_within_a_metre_are_taken_as_they_are(epsg):
    points = np.array([[-71.25, -29.95, 12.0]])
    assert reference_of(epsg, "a file").degrees(points).tolist() == [[-71.25, -29.95]]


@given(st.floats(-180, 180), st.floats(-85, 85), st.sampled_from([3857, 900913, 3785]))
def test_web_mercator_is_undone_exactly(longitude, latitude, epsg):
    x = 6378137.0 * np.radians(longitude)
    y = 6378137.0 * np.log(np.tan(np.pi / 4 + np.radians(latitude) / 2))
    assert reference_of(epsg, "a file").degrees(np.array([[x, y]]))[0] == pytest.approx((longitude, latitude), abs=1e-9)


@given(st.integers(1, 60), st.floats(2e5, 8e5), st.floats(0, 9e6))
def test_utm_mirrors_at_the_equator_and_at_the_middle_of_its_zone(zone, east, north):
    one = Reference(32600 + zone).degrees(np.array([[east, north]]))[0]
    south = Reference(32700 + zone).degrees(np.array([[east, 1e7 - north]]))[0]
    west = Reference(32600 + zone).degrees(np.array([[1e6 - east, north]]))[0]
    assert south == pytest.approx((one[0], -one[1]), abs=1e-9)
    middle = 6 * zone - 183
    assert west == pytest.approx((2 * middle - one[0], one[1]), abs=1e-9)


@pytest.mark.parametrize(
    ("crs", "epsg"),
    [
        (None, 4326),
        ({"properties": {"name": "urn:ogc:def:crs:EPSG::32719"}}, 32719),
        ({"properties": {"name": "urn:ogc:def:crs:EPSG:9.9:32719"}}, 32719),
        ({"properties": {"name": "epsg:3857"}}, 3857),
        ("EPSG:3857", 3857),
    ],
)
def test_references_as_files_state_them(crs, epsg):
    assert geojson_reference({"crs": crs} if crs else {}, "a file").epsg == epsg


@pytest.mark.parametrize("crs", [{"properties": "words"}, {"properties": None}, [1], {"type": "link"}, 4326])
def test_a_reference_nobody_understands_is_refused_and_not_taken_for_degrees(crs):
    with pytest.raises(InputError, match="which is not understood"):
        geojson_reference({"crs": crs}, "a file")


@pytest.mark.parametrize(
    ("given", "kmh"),
    [
        ("0", None),
        ("-5", None),
        ("50;30", None),
        ("20 MPH", 32.18688),
        (" 40 kph ", 40),
        ("60km/h", 60),
        ("walk", None),
    ],
)
def test_speeds_that_can_be_read_and_cannot(given, kmh):
    assert np.isnan(read_speed_kmh(given)) if kmh is None else read_speed_kmh(given) == pytest.approx(kmh)


def test_a_speed_not_stated_is_that_of_the_class_of_its_link_or_of_any_road():
    assert default_speed_kmh("trunk_link", OSM) == 50 and default_speed_kmh("residential_link", OSM) == 30
    assert default_speed_kmh("unclassified_link", OSM) == 40 and default_speed_kmh("alley", OSM) == 30
    own = RoadFields(default_speed_kmh={"alley": 12.0})
    assert [default_speed_kmh(kind, own) for kind in ("alley", "alley_link", "motorway")] == [12, 12, 30]
    assert default_speed_kmh("lane", RoadFields(default_speed_kmh={"road": 7.0})) == 7


@pytest.mark.parametrize(
    ("properties", "kind", "way"),
    [
        ({"oneway": "reverse"}, "primary", -1),
        ({"oneway": -1}, "motorway", -1),
        ({"oneway": 1}, "primary", 1),
        ({"oneway": " YES "}, "primary", 1),
        ({"oneway": "0"}, "motorway", 0),
        ({"oneway": "alternating"}, "motorway", 0),
        ({"junction": "roundabout", "oneway": "no"}, "primary", 0),
        ({"junction": "jughandle"}, "primary", 0),
        ({}, "motorway_link", 0),
    ],
)
def test_which_way_traffic_flows(properties, kind, way):
    assert direction_of(properties, kind, OSM) == way


@pytest.mark.parametrize(
    ("properties", "level"),
    [
        ({"bridge": "yes"}, 1), ({"tunnel": "yes"}, -1), ({"tunnel": "culvert", "bridge": "no"}, -1), ({}, 0),
        ({"layer": "-2", "bridge": "yes"}, -2), ({"layer": 2.0}, 2), ({"layer": "up", "bridge": "yes"}, 1),
        ({"bridge": "False"}, 0), ({"bridge": " 0 "}, 0), ({"bridge": float("nan")}, 0), ({"bridge": None}, 0),
    ],
)  # fmt: skip
def test_levels(properties, level):
    assert level_of(properties, OSM) == level


def test_keys_packed_by_gdal_are_found_with_quotes_in_their_values():
    packed = {"other_tags": r'"name:es"=>"Calle \"A\"","oneway"=>"yes","xoneway"=>"no"', "oneway": ""}
    assert attribute(packed, "oneway") == "yes" and attribute(packed, "name:es") == r"Calle \"A\""
    assert attribute(packed, "lanes") is None and not says_yes(attribute(packed, "lanes"))
    assert attribute({"oneway": "no", "other_tags": '"oneway"=>"yes"'}, "oneway") == "no", "its own column comes first"


def test_a_tunnel_does_not_meet_the_road_above(tmp_path):
    across = [[0.0005, -0.001], [0.0005, 0.001]]
    crossings = {"node_at": "crossings"}
    assert read(tmp_path, feature(), feature(across, tunnel="yes"), how=crossings).network.n_edges == 2
    assert read(tmp_path, feature(), feature(across, tunnel="no"), how=crossings).network.n_edges == 4


@pytest.mark.parametrize("kind", sorted(NOT_DRIVEN))
def test_nothing_that_is_not_driven_is_a_road(tmp_path, kind):
    read_ = read(tmp_path, feature(highway="primary"), feature([[1, 1], [2, 2]], highway=kind))
    assert read_.network.road_class.tolist() == ["primary"]
    assert f"left out: 1 lines of class {kind}, which is not driven" in read_.notes


def test_identifiers_with_the_mark_of_pieces_stay_one_name_each(tmp_path):
    far = [[0.1, 0.1], [0.2, 0.2]]
    network = read(tmp_path, {**feature(), "id": "a#1"}, {**feature(far), "id": "a"}).network
    assert network.edge_id.tolist() == ["a_1", "a"]
    assert network.edges_with_id(["a"])["a"].tolist() == [1]


def test_the_way_from_one_line_to_the_next_is_no_part_of_either(tmp_path):
    """Each line 0.001 degrees long, 111.19 m, however far apart; the first with a bend of three and four such steps."""
    bend = [[0, 0], [0, 0.003], [0.004, 0.003]]
    network = read(tmp_path, feature(bend), feature([[1, 0], [1, 0.001]]), feature([[2, 0], [2, 0.001]])).network
    assert network.length_m == pytest.approx(111.195 * np.array([7, 1, 1]), rel=1e-4)


def test_a_line_against_its_direction_is_turned_shape_and_all(tmp_path):
    bend = [[0, 0], [0, 0.003], [0.004, 0.003]]
    network = read(tmp_path, feature(), feature(bend, oneway="-1")).network
    turned = network.edge_id.tolist().index("1")
    assert network.geometry(turned).tolist() == bend[::-1] and network.one_way.tolist() == [False, True]
    assert network.node_latitude[network.edge_from[turned]] == 0.003


def test_ends_that_were_joined_are_told(tmp_path):
    beside = feature([[0.00101, 0.0], [0.002, 0.0]])
    told = read(tmp_path, feature(), beside, how={"tolerance_m": 2.0})
    assert told.network.summary()["components"] == 1
    assert "2 ends of roads were joined to a neighbour within the tolerance" in told.notes
    assert not any("joined" in note for note in read(tmp_path, feature(), beside).notes)


@pytest.mark.parametrize(
    "bad",
    [
        "words",
        None,
        {"type": "Feature", "properties": {}, "geometry": "words"},
        feature([[0, 0], [0, 90.5]]),
        feature([[0, 0], [180.5, 0]]),
        feature([[0, 0], [float("nan"), 0]]),
        feature("words"),
        feature(None, "MultiLineString"),
        feature([0, 1]),
    ],
    ids=lambda bad: json.dumps(bad)[:60],
)
def test_a_feature_that_makes_no_sense_is_named_and_the_others_are_read(tmp_path, bad):
    found = read(tmp_path, bad, feature(highway="primary", maxspeed=50))
    assert found.network.n_edges == 1
    (note,) = found.notes
    assert note.startswith("left out: feature 0 ")


def test_properties_that_are_no_object_are_none(tmp_path):
    assert read(tmp_path, {**feature(), "properties": ["highway"]}).network.road_class.tolist() == ["road"]


def blob(points, *, kind=2, envelope=0) -> bytes:
    head = b"GP" + bytes([0, 1 | envelope << 1]) + struct.pack("<i", 4326) + bytes((0, 32, 48, 48, 64)[envelope])
    flat = np.asarray(points, "<f8")
    return head + struct.pack("<BII", 1, kind, len(flat)) + flat.tobytes()


@pytest.mark.parametrize(("kind", "width"), [(0x40000002, 3), (0xC0000002, 4)])
def test_measures_said_the_old_way_are_dropped(kind, width):
    points = np.hstack([np.array(STREET), np.full((2, width - 2), 9.0)])
    assert geopackage_lines(blob(points, kind=kind))[0].tolist() == STREET


def test_an_envelope_with_measures_is_passed_over():
    assert geopackage_lines(blob(STREET, envelope=3))[0].tolist() == STREET


@given(st.binary(max_size=80))
def test_no_bytes_bring_the_reader_down(content):
    for given_ in (content, b"GP\0\x01" + content):
        try:
            lines = geopackage_lines(given_)
        except ValueError:
            continue
        assert all(shape.ndim == 2 and shape.shape[1] == 2 for shape in lines)


@pytest.mark.parametrize("kind", ["LineString", "MULTILINESTRING", "geometry", "CURVE", "MULTICURVE"])
def test_layers_of_every_kind_that_may_hold_lines_are_read(tmp_path, kind):
    path = tmp_path / "roads.gpkg"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE gpkg_spatial_ref_sys (srs_id, organization, organization_coordsys_id)")
        database.execute("CREATE TABLE gpkg_geometry_columns (table_name, column_name, geometry_type_name, srs_id)")
        # A file may number its references as it likes; the organisation's number counts.
        database.execute("INSERT INTO gpkg_spatial_ref_sys VALUES (7, 'epsg', 4326), (0, 'NONE', 0)")
        database.execute("INSERT INTO gpkg_geometry_columns VALUES ('the roads', 'shape', ?, 7)", (kind,))
        database.execute("INSERT INTO gpkg_geometry_columns VALUES ('towns', 'shape', 'POINT', 7)")
        database.execute('CREATE TABLE "the roads" (fid INTEGER, shape BLOB, highway)')
        database.execute('INSERT INTO "the roads" VALUES (5, ?, ?)', (blob(STREET), "primary"))
    database.close()
    network = read_roads(path).network
    assert network.edge_id.tolist() == ["5"] and network.geometry(0).tolist() == STREET
