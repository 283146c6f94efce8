"""Make the roads and zones of Coquimbo-La Serena from the example project inside the PyPI wheel aequilibrae 1.7.2.

Run ``python scripts/build_coquimbo.py`` (downloads the wheel, 19 MB) or ``... --wheel FILE.whl``. Writes
``src/houfeng/data/coquimbo/{roads.npz,zones.csv,zones.geojson}`` and prints what ``SOURCES.md`` tells of them.
The project is an SQLite file; it is read as such, without SpatiaLite. Nothing of this runs when Houfeng is used.
"""

import argparse
import csv
import hashlib
import json
import sqlite3
import struct
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np

from houfeng.geo import great_circle_km, ring_area_km2
from houfeng.response.noding import crossing_fractions, near_segments
from houfeng.response.roads import DEFAULT_SPEED_KMH

PACKAGE = "aequilibrae==1.7.2"
MEMBER = "aequilibrae/reference_files/coquimbo.zip"
MEMBER_SHA256 = "43de7e2ac90e87eb8d9ea8149e16f48c0c4e5bdf3ac8946a8f116f3bc51dc2a2"
TARGET = Path(__file__).parents[1] / "src" / "houfeng" / "data" / "coquimbo"

#: Links that model zones, not streets.
VIRTUAL = "centroid_connector"

#: The two carriageways of Ruta 5 over the river Elqui: OSM ways of their own (381559211, 381815880), 180 m beside
#: the named Puente Fiscal, which the extract names after the road they carry.
BRIDGES_BY_PLACE = (15398, 15368)

#: What a name of a bridge begins with.
BRIDGE_NAME = "Puente "

#: Stated speeds of a class that make a median.
ENOUGH = 20

LINKS = f"""
SELECT link_id, a_node, b_node, direction, link_type, coalesce(name, ''), speed_ab, speed_ba, coalesce(osm_id, 0),
       distance, geometry
FROM links WHERE link_type <> '{VIRTUAL}' ORDER BY link_id
"""


def linestring(blob: bytes) -> np.ndarray:
    """Points of a SpatiaLite LINESTRING in EPSG:4326, shape (n, 2): longitude and latitude in degrees."""
    count = _entity(blob, 2)
    return np.frombuffer(blob, "<f8", 2 * count, 47).reshape(count, 2)


def outer_ring(blob: bytes) -> np.ndarray:
    """The ring of a SpatiaLite MULTIPOLYGON of one polygon without holes (all zones are), shape (n, 2)."""
    polygons = _entity(blob, 6)
    marker, kind, rings, points = struct.unpack_from("<Biii", blob, 47)
    if (polygons, marker, kind, rings) != (1, 0x69, 3, 1):
        raise SystemExit("a zone is not one polygon without holes")
    return np.frombuffer(blob, "<f8", 2 * points, 60).reshape(points, 2)


def _entity(blob: bytes, kind: int) -> int:
    """Check the head of a SpatiaLite blob (little-endian, EPSG:4326, `kind`); return its count of parts."""
    start, endian, srid = struct.unpack_from("<BBi", blob, 0)
    marker, found, count = struct.unpack_from("<Bii", blob, 38)
    if (start, endian, srid, marker, found) != (0, 1, 4326, 0x7C, kind):
        raise SystemExit(f"geometry of kind {found} in EPSG:{srid} where kind {kind} in EPSG:4326 was expected")
    return count


def centroid(ring: np.ndarray) -> np.ndarray:
    """Centroid of a small ring, longitude and latitude in degrees (area-weighted, plane)."""
    origin = ring[0]
    x, y = (ring - origin).T
    cross = x[:-1] * y[1:] - x[1:] * y[:-1]
    weight = 3 * cross.sum()
    return origin + [((x[:-1] + x[1:]) * cross).sum() / weight, ((y[:-1] + y[1:]) * cross).sum() / weight]


def write_zones(database: sqlite3.Connection) -> None:
    """Write the zones as a table and as polygons."""
    rows, features = [], []
    for number, population, blob in database.execute("SELECT zone_id, population, geometry FROM zones ORDER BY 1"):
        ring = outer_ring(blob)
        longitude, latitude = centroid(ring)
        area, people = round(ring_area_km2(ring), 4), round(population, 1)
        rows.append((number, f"{longitude:.6f}", f"{latitude:.6f}", people, area))
        properties = {"zone_id": number, "population": people, "area_km2": area}
        shape = {"type": "Polygon", "coordinates": [np.round(ring, 5).tolist()]}
        features.append({"type": "Feature", "properties": properties, "geometry": shape})
    with (TARGET / "zones.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("zone_id", "longitude", "latitude", "population", "area_km2"))
        writer.writerows(rows)
    collection = {"type": "FeatureCollection", "features": features}
    (TARGET / "zones.geojson").write_text(json.dumps(collection, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"zones {len(rows)}, people {sum(row[3] for row in rows):,.1f}, km2 {sum(row[4] for row in rows):,.1f}")


def write_roads(database: sqlite3.Connection) -> None:
    """Write the road links as columns; shapes as whole steps of 1e-6 degrees (10 cm)."""
    rows = database.execute(LINKS).fetchall()
    number, start, end, direction, road_class, name, ab, ba, osm, stated_m, blobs = map(list, zip(*rows, strict=True))
    shapes = [linestring(blob) for blob in blobs]
    nodes, ends = np.unique([start, end], return_inverse=True)
    speed, filled = fill_speeds(np.array([ab, ba], float), np.array(road_class), np.array(stated_m, float))
    bridge, told = find_bridges(np.array(number), np.array(name), shapes)
    points = np.rint(np.vstack(shapes) * 1e6).astype(np.int32)
    counts = np.array([len(shape) for shape in shapes])
    offset = np.concatenate([[0], np.cumsum(counts)])
    place = np.zeros((len(nodes), 2), np.int32)
    ends = ends.reshape(2, -1)
    place[ends[0]], place[ends[1]] = points[offset[:-1]], points[offset[1:] - 1]
    classes, names = sorted(set(road_class)), sorted(set(name))
    np.savez_compressed(
        TARGET / "roads.npz",
        node_place=place,
        edge_ends=ends.astype(np.int32),
        edge_id=np.array(number, np.int32),
        osm_id=np.array(osm, np.int64),
        length_m=np.round(lengths_m(shapes), 2).astype(np.float32),
        speed_kmh=speed.astype(np.float32),
        speed_filled=filled,
        one_way=np.array(direction) == 1,
        bridge=bridge,
        road_class=np.array([classes.index(text) for text in road_class], np.uint8),
        classes=np.array(classes),
        name=np.array([names.index(text) for text in name], np.uint16),
        names=np.array(names),
        point_counts=counts.astype(np.uint16),
        points=np.diff(points, axis=0, prepend=0),
    )
    print(f"links {len(rows)}, nodes {len(nodes)}, points {len(points)}, classes {dict(Counter(road_class))}")
    print(f"speeds filled {int(filled.sum())}, bridges {told}")
    print("length against the project's own:", np.percentile(lengths_m(shapes) / np.array(stated_m), (0, 50, 100)))


def fill_speeds(stated: np.ndarray, road_class: np.ndarray, length_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Speed per link in km/h, and where none was stated.

    The lower of the two directions' speeds; where neither is stated the median (by length) of the stated ones of
    the class, and where the class states fewer than `ENOUGH` the default of `houfeng.response.roads`.
    """
    speed = np.fmin(*stated)
    filled = np.isnan(speed)
    for kind in np.unique(road_class):
        mine = road_class == kind
        known = mine & ~filled
        median = DEFAULT_SPEED_KMH[kind]
        if known.sum() >= ENOUGH:
            order = np.argsort(speed[known], kind="stable")
            share = np.cumsum(length_m[known][order]) / length_m[known].sum()
            median = speed[known][order][np.searchsorted(share, 0.5)]
        speed[mine & filled] = median
        print(f"  {kind}: {mine.sum()} links, {known.sum()} with a speed, others {median:g} km/h")
    return speed, filled


def find_bridges(number: np.ndarray, name: np.ndarray, shapes: list[np.ndarray]) -> tuple[np.ndarray, dict[str, int]]:
    """Links that are or pass a bridge, and how many of each kind.

    The extract kept no tag of bridges. Taken for one: a link named "Puente ...", the two of `BRIDGES_BY_PLACE`,
    and both links wherever two cross without a common node (one passes over the other, which one is not told;
    a fall of the upper shuts both).
    """
    named = np.char.startswith(name, BRIDGE_NAME)
    placed = np.isin(number, BRIDGES_BY_PLACE)
    vertices, link = np.vstack(shapes), np.repeat(np.arange(len(shapes)), [len(shape) for shape in shapes])
    segment = np.flatnonzero(link[1:] == link[:-1])
    start, end = vertices[segment], vertices[segment + 1]
    a, b = near_segments(start, end)
    s, t = crossing_fractions(start[a], end[a], start[b], end[b])
    inside = (s > 1e-6) & (s < 1 - 1e-6) & (t > 1e-6) & (t < 1 - 1e-6)
    crossed = np.zeros(len(number), bool)
    pairs = np.stack([link[segment[a[inside]]], link[segment[b[inside]]]])
    pairs = pairs[:, pairs[0] != pairs[1]]
    crossed[pairs.ravel()] = True
    told = {"named": int(named.sum()), "by place": int(placed.sum()), "crossings": len(np.unique(pairs, axis=1).T)}
    return named | placed | crossed, told | {"links": int((named | placed | crossed).sum())}


def lengths_m(shapes: list[np.ndarray]) -> np.ndarray:
    """Length of each shape in metres along great circles."""
    return np.array(
        [
            1000
            * great_circle_km(
                longitude=p[:-1, 0], latitude=p[:-1, 1], to_longitude=p[1:, 0], to_latitude=p[1:, 1]
            ).sum()
            for p in shapes
        ]
    )


def project(wheel: Path | None, folder: Path) -> sqlite3.Connection:
    """The example project's database, from `wheel` or from a download."""
    if wheel is None:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", str(folder), PACKAGE]
        subprocess.run(command, check=True)
        wheel = next(folder.glob("aequilibrae-*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extract(MEMBER, folder)
    found = hashlib.sha256((folder / MEMBER).read_bytes()).hexdigest()
    if found != MEMBER_SHA256:
        raise SystemExit(f"{MEMBER} has sha256 {found}, expected {MEMBER_SHA256}: another version of the wheel?")
    with zipfile.ZipFile(folder / MEMBER) as archive:
        archive.extract("project_database.sqlite", folder)
    return sqlite3.connect(folder / "project_database.sqlite")


def main() -> None:
    """Read the project, write the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wheel", type=Path, help="the wheel, if it is here already")
    given = parser.parse_args()
    TARGET.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        database = project(given.wheel, Path(folder))
        write_zones(database)
        write_roads(database)
        database.close()
    for path in sorted(TARGET.glob("*.*")):
        print(f"{path.name} {path.stat().st_size:,} {hashlib.sha256(path.read_bytes()).hexdigest()}")


if __name__ == "__main__":
    main()
