import json
import sqlite3
import struct

import numpy as np
import pytest

from houfeng.errors import InputError
from houfeng.response.coordinates import Reference, reference_of
from houfeng.response.geometry_blobs import geopackage_lines
from houfeng.response.road_attributes import read_speed_kmh
from houfeng.response.road_files import RoadFields, read_roads

CROSSING = [[[0, 0], [0.001, 0], [0.002, 0]], [[0.001, -0.001], [0.001, 0], [0.001, 0.001]]]


def feature(points, kind="LineString", identifier=None, **properties) -> dict:
    made = {"type": "Feature", "properties": properties, "geometry": {"type": kind, "coordinates": points}}
    return made if identifier is None else made | {"id": identifier}


def geojson(tmp_path, features, **more):
    path = tmp_path / "roads.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features} | more), encoding="utf-8")
    return path


def blob(points, *, kind=2, order="<", envelope=0, empty=False) -> bytes:
    """A GeoPackage geometry of one line, made by hand."""
    flags = (1 if order == "<" else 0) | envelope << 1 | (16 if empty else 0)
    head = b"GP" + bytes([0, flags]) + struct.pack("<i", 4326) + bytes((0, 32, 48, 48, 64)[envelope])
    flat = np.asarray(points, order + "f8")
    body = struct.pack(order + "BII", int(order == "<"), kind, len(flat)) + flat.tobytes()
    return head + body


def geopackage(tmp_path, rows, *, srs=4326, organization="EPSG", layers=("roads",), kind="LINESTRING"):
    """A GeoPackage with the three tables a reader looks at, and one of roads per layer."""
    path = tmp_path / "roads.gpkg"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE gpkg_spatial_ref_sys (srs_id, organization, organization_coordsys_id)")
        database.execute("CREATE TABLE gpkg_geometry_columns (table_name, column_name, geometry_type_name, srs_id)")
        database.execute("INSERT INTO gpkg_spatial_ref_sys VALUES (?, ?, ?)", (srs, organization, srs))
        for layer in layers:
            database.execute("INSERT INTO gpkg_geometry_columns VALUES (?, 'geom', ?, ?)", (layer, kind, srs))
            database.execute(f"CREATE TABLE {layer} (fid INTEGER, geom BLOB, highway, maxspeed, other_tags)")
            database.executemany(f"INSERT INTO {layer} VALUES (?, ?, ?, ?, ?)", rows)
    database.close()
    return path


def test_openstreetmap_roads_in_geojson(tmp_path):
    features = [
        feature(CROSSING[0], identifier="way/1", highway="residential", maxspeed="50", name="Elqui"),
        feature(CROSSING[1], identifier="way/2", highway="primary", oneway="-1", bridge="yes"),
    ]
    read = read_roads(geojson(tmp_path, features))
    network = read.network
    assert network.edge_id.tolist() == ["way/1", "way/1#1", "way/2", "way/2#1"]
    assert (
        network.speed_kmh.tolist() == [50.0, 50.0, 60.0, 60.0]
        and read.speed_filled.tolist() == [False] * 2 + [True] * 2
    )
    assert (
        network.one_way.tolist() == [False, False, True, True] and network.bridge.tolist() == [False] * 2 + [True] * 2
    )
    assert network.name[0] == "Elqui" and network.road_class[2] == "primary"
    assert network.node_latitude[network.edge_from[2]] > network.node_latitude[network.edge_to[2]], "oneway=-1 turns it"
    assert network.geometry(2)[0] == pytest.approx([0.001, 0.0])
    assert network.geometry(2)[-1] == pytest.approx([0.001, -0.001])
    assert network.length_m[0] == pytest.approx(111.19, abs=0.01)
    assert read.notes == ("2 of 4 edges state no speed; theirs is that of their class",)


def test_paths_and_points_are_left_out_and_counted(tmp_path):
    features = [
        feature(CROSSING[0], highway="residential", maxspeed=30),
        feature(CROSSING[1], highway="footway"),
        feature([0, 0], kind="Point"),
        feature([[0, 0]]),
        feature([[0, 0], [500000, 7]]),
        {"type": "Feature", "properties": None, "geometry": None},
    ]
    read = read_roads(geojson(tmp_path, features))
    assert read.network.n_edges == 1
    assert any("1 lines of class footway" in note for note in read.notes)
    assert any("feature 2 is a Point" in note for note in read.notes)
    assert sum("no degrees" in note or "without geometry" in note for note in read.notes) == 3


def test_pieces_of_a_multiline_and_of_one_identifier_have_names_of_their_own(tmp_path):
    features = [feature([CROSSING[0], CROSSING[1]], kind="MultiLineString", identifier=7, highway="service")]
    network = read_roads(geojson(tmp_path, features)).network
    assert network.edge_id.tolist() == ["7", "7#1", "7.1", "7.1#1"]


def test_crossings_respect_bridges(tmp_path):
    points = [[[0, 0], [0.002, 0]], [[0.001, -0.001], [0.001, 0.001]]]
    for bridge, edges in (("no", 4), ("yes", 2), ("viaduct", 2)):
        path = geojson(tmp_path, [feature(points[0]), feature(points[1], bridge=bridge)])
        assert read_roads(path, node_at="crossings").network.n_edges == edges
    path = geojson(tmp_path, [feature(points[0], layer="1"), feature(points[1], bridge="yes")])
    assert read_roads(path, node_at="crossings").network.n_edges == 4, "both on layer 1"


def test_a_network_in_pieces_is_read_and_said(tmp_path):
    far = (np.array(CROSSING[0]) + 1).tolist()
    read = read_roads(geojson(tmp_path, [feature(CROSSING[0]), feature(CROSSING[1]), feature(far)]))
    assert any("fall into 2 pieces; 1 edges are not in the largest" in note for note in read.notes)


def test_other_names_of_attributes_and_classes(tmp_path):
    fields = RoadFields(road_class="TYPE", speed_kmh="V", classes={"Hauptstrasse": "secondary"})
    features = [feature(CROSSING[0], TYPE="Hauptstrasse"), feature(CROSSING[1], TYPE="Gasse", V=10)]
    network = read_roads(geojson(tmp_path, features), fields=fields).network
    assert network.road_class.tolist() == ["secondary"] * 2 + ["Gasse"] * 2
    assert network.speed_kmh.tolist() == [50.0, 50.0, 10.0, 10.0]


@pytest.mark.parametrize(
    ("given", "kmh"),
    [
        ("50", 50),
        (50, 50),
        (30.5, 30.5),
        ("30 mph", 48.28032),
        ("60 km/h", 60),
        ("none", None),
        ("", None),
        (None, None),
    ],
)
def test_speeds_as_files_state_them(given, kmh):
    read = read_speed_kmh(given)
    assert np.isnan(read) if kmh is None else read == pytest.approx(kmh)


@pytest.mark.parametrize(
    ("properties", "one_way"),
    [
        ({"highway": "motorway"}, True),
        ({"highway": "motorway", "oneway": "no"}, False),
        ({"highway": "tertiary", "junction": "roundabout"}, True),
        ({"highway": "tertiary", "other_tags": '"oneway"=>"yes","lanes"=>"2"'}, True),
        ({"highway": "tertiary", "oneway": True}, True),
        ({"highway": "tertiary"}, False),
    ],
)
def test_directions(tmp_path, properties, one_way):
    assert read_roads(geojson(tmp_path, [feature(CROSSING[0], **properties)])).network.one_way.tolist() == [one_way]


def test_roads_in_a_geopackage(tmp_path):
    rows = [(1, blob(CROSSING[0]), "residential", "40", None), (2, blob(CROSSING[1]), "trunk", None, '"oneway"=>"yes"')]
    network = read_roads(geopackage(tmp_path, rows)).network
    assert network.edge_id.tolist() == ["1", "1#1", "2", "2#1"] and network.one_way.tolist() == [False] * 2 + [True] * 2
    assert network.speed_kmh.tolist() == [40.0, 40.0, 80.0, 80.0]


def test_damaged_and_missing_geometries_leave_the_others(tmp_path):
    rows = [
        (1, blob(CROSSING[0]), "road", None, None),
        (2, None, "road", None, None),
        (3, blob(CROSSING[1])[:-5], "road", None, None),
        (4, b"nonsense", "road", None, None),
        (5, blob([], empty=True), "road", None, None),
    ]
    read = read_roads(geopackage(tmp_path, rows))
    assert read.network.n_edges == 1
    assert sum(note.startswith("left out: row") for note in read.notes) == 3


@pytest.mark.parametrize(("srs", "organization"), [(0, "NONE"), (-1, "NONE"), (99, "custom")])
def test_a_geopackage_without_a_reference_is_refused(tmp_path, srs, organization):
    path = geopackage(tmp_path, [(1, blob(CROSSING[0]), "road", None, None)], srs=srs, organization=organization)
    with pytest.raises(InputError, match="states no coordinate reference.*ogr2ogr -a_srs"):
        read_roads(path)


def test_a_reference_that_cannot_be_converted_is_refused_with_a_way_out(tmp_path):
    path = geopackage(tmp_path, [(1, blob(CROSSING[0]), "road", None, None)], srs=2180)
    with pytest.raises(InputError, match="EPSG:2180.*Web Mercator.*ogr2ogr -t_srs"):
        read_roads(path)


def test_utm_in_a_geopackage_is_converted(tmp_path):
    east, north = 282_000.0, 6_684_000.0
    rows = [(1, blob([[east, north], [east + 1000, north]]), "road", None, None)]
    network = read_roads(geopackage(tmp_path, rows, srs=32719)).network
    assert network.node_latitude == pytest.approx([-29.95, -29.95], abs=0.05)
    assert network.node_longitude == pytest.approx([-71.26, -71.25], abs=0.02)
    # The scale of UTM 218 km west of the middle of the zone is 1.00018.
    assert network.length_m[0] == pytest.approx(1000 / 1.00018, rel=3e-3)


def test_several_layers_need_a_name(tmp_path):
    rows = [(1, blob(CROSSING[0]), "road", None, None)]
    path = geopackage(tmp_path, rows, layers=("roads", "railways"))
    with pytest.raises(InputError, match="several layers of lines: roads, railways"):
        read_roads(path)
    with pytest.raises(InputError, match="no layer of lines called 'streets'"):
        read_roads(path, layer="streets")
    assert read_roads(path, layer="roads").network.n_edges == 1


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("envelope", [0, 1, 2, 4])
def test_blobs_of_either_byte_order_and_any_envelope(order, envelope):
    assert geopackage_lines(blob(CROSSING[0], order=order, envelope=envelope))[0].tolist() == CROSSING[0]


@pytest.mark.parametrize(("kind", "width"), [(1002, 3), (2002, 3), (3002, 4), (0x80000002, 3)])
def test_heights_and_measures_are_dropped(kind, width):
    points = np.hstack([np.array(CROSSING[0]), np.full((3, width - 2), 9.0)])
    assert geopackage_lines(blob(points, kind=kind))[0].tolist() == CROSSING[0]


def test_a_blob_of_several_lines():
    one = blob(CROSSING[0])[8:]
    many = blob([])[:8] + struct.pack("<BII", 1, 5, 2) + one + one
    assert [shape.tolist() for shape in geopackage_lines(many)] == [CROSSING[0]] * 2


@pytest.mark.parametrize(
    "bad", [b"", b"XX" + bytes(20), blob(CROSSING[0], kind=3), blob(CROSSING[0])[:12], b"GP\0\x0f" + bytes(20)]
)
def test_blobs_that_are_no_lines(bad):
    with pytest.raises(ValueError, match="not a|cut short|kind|unknown"):
        geopackage_lines(bad)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.geojson", "no json", "not JSON"),
        ("a.geojson", "[]", "no GeoJSON FeatureCollection"),
        ("a.geojson", '{"features": []}', "has no road in it"),
        ("a.gpkg", "no database", "cannot be read as a GeoPackage"),
        ("a.shp", "", "not .geojson, .json or .gpkg"),
    ],
)
def test_files_that_are_no_roads(tmp_path, name, content, message):
    (tmp_path / name).write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        read_roads(tmp_path / name)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="there is no file"):
        read_roads(tmp_path / "roads.gpkg")


def test_the_old_member_crs_of_geojson(tmp_path):
    web = Reference(3857)
    metres = [[1000.0, 2000.0], [3000.0, 2000.0]]
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::3857"}}
    network = read_roads(geojson(tmp_path, [feature(metres)], crs=crs)).network
    assert network.geometry(0) == pytest.approx(web.degrees(np.array(metres)))
    for name, message in (("urn:ogc:def:crs:EPSG::2180", "EPSG:2180"), ("local grid", "not understood")):
        path = geojson(tmp_path, [feature(metres)], crs={"properties": {"name": name}})
        with pytest.raises(InputError, match=message):
            read_roads(path)
    crs = {"properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}
    assert read_roads(geojson(tmp_path, [feature(CROSSING[0])], crs=crs)).network.n_edges == 1


@pytest.mark.parametrize(
    ("epsg", "point", "expected"),
    [
        (32719, (282855.8083, 6684625.7545), (-71.25, -29.95)),
        (32637, (316334.5370, 4161250.4950), (36.92, 37.58)),
        (32631, (448251.8983, 5411943.7938), (2.2945, 48.8583)),
        (32633, (581188.1992, 8660795.9695), (18.5, 78.0)),
        (3857, (-7931513.7190, -3497124.4274), (-71.25, -29.95)),
    ],
)
def test_golden_points_of_utm_and_web_mercator(epsg, point, expected):
    """Golden: pyproj 3.7.2 (PROJ 9.5.1), from EPSG:4326 with always_xy, in an environment of its own."""
    assert Reference(epsg).degrees(np.array([point]))[0] == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("zone", [32601, 32660, 32701, 32719])
def test_utm_distances_are_true_to_the_scale_of_the_projection(zone):
    reference = reference_of(zone, "test")
    north = 4e6 if zone < 32700 else 6e6
    points = reference.degrees(np.array([[500000.0, north], [500000.0, north + 1000]]))
    # A metre of northing on the middle meridian is 1/0.9996 m; the meridian's radius there is within 1 % of 6371 km.
    assert np.radians(points[1, 1] - points[0, 1]) * 6371000 == pytest.approx(1000 / 0.9996, rel=0.006)
    assert points[:, 0] == pytest.approx(6 * (zone % 100) - 183)
