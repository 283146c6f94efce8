"""Roads from GeoJSON and GeoPackage lines, without GDAL: read, checked, cut where they meet, given speeds."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from houfeng.errors import InputError
from houfeng.geo import great_circle_km
from houfeng.response.coordinates import geojson_reference, reference_of
from houfeng.response.geometry_blobs import geopackage_lines
from houfeng.response.noding import node_lines
from houfeng.response.road_attributes import (
    NOT_DRIVEN,
    RoadFields,
    attribute,
    class_of,
    default_speed_kmh,
    direction_of,
    level_of,
    read_speed_kmh,
    says_yes,
)
from houfeng.response.roads import RoadNetwork


@dataclass(frozen=True, eq=False, slots=True)
class RoadsRead:
    """A network read from a file, and what was done to make it one.

    Attributes
    ----------
    network : RoadNetwork
    speed_filled : ndarray of bool, shape (m,)
        Edges whose speed the file does not state; it was taken from the class.
    notes : tuple of str
        What was left out, filled in, snapped, and into how many pieces the roads fall.
    """

    network: RoadNetwork
    speed_filled: np.ndarray
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RoadLine:
    """One line of a file.

    Attributes
    ----------
    feature : str
        Its identifier.
    shape : ndarray, shape (k, 2)
        Longitude and latitude in degrees.
    properties : mapping
    """

    feature: str
    shape: np.ndarray
    properties: Mapping[str, object]


def read_roads(
    path: Path | str,
    *,
    fields: RoadFields | None = None,
    node_at: str = "vertices",
    tolerance_m: float = 0.0,
    layer: str | None = None,
) -> RoadsRead:
    """Read a road network from a ``.geojson``, ``.json`` or ``.gpkg`` file.

    Parameters
    ----------
    path
    fields : RoadFields, optional
        Names of the file's attributes.
    node_at : {"vertices", "crossings"}
        Join lines where they share a vertex (as OpenStreetMap does), or also where they cross on one layer.
    tolerance_m : float
        Ends this close to another road are joined to it.
    layer : str, optional
        Of a GeoPackage; needed when it has several layers of lines.

    Raises
    ------
    InputError
        When the file cannot be read, states no coordinate reference (GeoPackage) or one that cannot be converted,
        or has no road in it.
    """
    path, fields = Path(path), fields or RoadFields()
    if not path.is_file():
        raise InputError(f"there is no file {path}")
    if path.suffix.lower() == ".gpkg":
        found = _from_geopackage(path, layer)
    elif path.suffix.lower() in (".geojson", ".json"):
        found = _from_geojson(path)
    else:
        raise InputError(
            f"{path.name} is not .geojson, .json or .gpkg; convert it with: ogr2ogr roads.gpkg {path.name}"
        )
    how = {"node_at": node_at, "tolerance_m": tolerance_m, "source": path.name}
    return network_of_lines(list(found), fields=fields, **how)


def network_of_lines(
    lines: Sequence[RoadLine | str],
    *,
    fields: RoadFields,
    node_at: str = "vertices",
    tolerance_m: float = 0.0,
    source: str,
) -> RoadsRead:
    """Make a network of lines; an entry that is a text tells why a feature could not be read, and is kept as a note.

    Parameters are those of :func:`read_roads`.
    """
    notes = [f"left out: {line}" for line in lines if isinstance(line, str)]
    every = [line for line in lines if isinstance(line, RoadLine)]
    kinds = [class_of(line.properties, fields) for line in every]
    kept = [i for i, kind in enumerate(kinds) if kind not in NOT_DRIVEN]
    walked = Counter(kinds[i] for i in range(len(every)) if kinds[i] in NOT_DRIVEN)
    notes += [f"left out: {count} lines of class {kind}, which is not driven" for kind, count in walked.items()]
    if not kept:
        first = f"; {notes[0]}" if notes else ""
        raise InputError(
            f"{source} has no road in it{first}. Is this the right layer, and its road class in '{fields.road_class}'?"
        )
    roads, kinds = [every[i] for i in kept], np.array([kinds[i] for i in kept])
    layers = np.array([level_of(line.properties, fields) for line in roads])
    noded = node_lines([line.shape for line in roads], node_at=node_at, tolerance_m=tolerance_m, layer=layers)
    stated = np.array([read_speed_kmh(attribute(line.properties, fields.speed_kmh)) for line in roads])
    default = np.array([default_speed_kmh(kind, fields) for kind in kinds])
    ways = np.array([direction_of(line.properties, kind, fields) for line, kind in zip(roads, kinds, strict=True)])
    backwards = ways[noded.line] < 0
    shape = np.column_stack([noded.longitude, noded.latitude])
    network = RoadNetwork(
        node_longitude=noded.node_longitude,
        node_latitude=noded.node_latitude,
        edge_from=np.where(backwards, noded.edge_to, noded.edge_from),
        edge_to=np.where(backwards, noded.edge_from, noded.edge_to),
        length_m=_lengths_m(shape, noded.offset),
        speed_kmh=np.where(np.isnan(stated), default, stated)[noded.line],
        one_way=ways[noded.line] != 0,
        road_class=kinds[noded.line],
        edge_id=_edge_ids([line.feature for line in roads], noded.line),
        bridge=np.array([says_yes(attribute(line.properties, fields.bridge)) for line in roads])[noded.line],
        name=np.array([str(attribute(line.properties, fields.name) or "") for line in roads])[noded.line],
        geometry_offset=noded.offset,
        geometry_longitude=_turned(shape[:, 0], noded.offset, backwards),
        geometry_latitude=_turned(shape[:, 1], noded.offset, backwards),
        source=source,
    )
    filled = np.isnan(stated)[noded.line]
    return RoadsRead(network, filled, (*notes, *_remarks(network, filled, noded.snapped)))


def _remarks(network: RoadNetwork, filled: np.ndarray, snapped: int) -> Iterator[str]:
    if filled.any():
        yield f"{int(filled.sum()):,} of {network.n_edges:,} edges state no speed; theirs is that of their class"
    if snapped:
        yield f"{snapped} ends of roads were joined to a neighbour within the tolerance"
    pieces = network.summary()
    if pieces["components"] > 1:
        yield (
            f"the roads fall into {pieces['components']:,} pieces; {pieces['edges_outside_largest']:,} edges are not "
            "in the largest and cannot be reached from it (try tolerance_m or node_at='crossings')"
        )


def _from_geojson(path: Path) -> Iterator[RoadLine | str]:
    try:
        document = json.loads(path.read_text(encoding="utf-8-sig"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise InputError(f"{path.name} is not JSON: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("features"), list):
        raise InputError(f"{path.name} is no GeoJSON FeatureCollection")
    degrees = geojson_reference(document, path.name).degrees
    for number, feature in enumerate(document["features"]):
        geometry = feature.get("geometry") if isinstance(feature, dict) else None
        geometry = geometry if isinstance(geometry, dict) else {}
        kind, parts = geometry.get("type"), geometry.get("coordinates")
        if kind not in ("LineString", "MultiLineString"):
            yield f"feature {number} is a {kind or 'feature without geometry'}, not a line"
            continue
        yield from _lines_of(
            f"feature {number}",
            str(feature.get("id", "") or ""),
            lambda kind=kind, parts=parts: [np.array(p, float) for p in (parts if kind.startswith("M") else [parts])],
            feature["properties"] if isinstance(feature.get("properties"), dict) else {},
            degrees,
            number,
        )


def _lines_of(place, identifier, parts, properties, degrees, number) -> Iterator[RoadLine | str]:
    """Lines of one feature in degrees, or what is wrong with it."""
    try:
        shapes = [degrees(part) for part in parts()]
    except (TypeError, ValueError, IndexError) as error:
        yield f"{place} has a geometry that cannot be read: {error}"
        return
    given = identifier or str(properties.get("id") or properties.get("osm_id") or number)
    for k, shape in enumerate(shapes):
        if len(shape) < 2 or not np.isfinite(shape).all() or not (np.abs(shape) <= [180, 90]).all():
            yield f"{place} has fewer than two points, or some that are no degrees (which coordinate reference is it?)"
        else:
            yield RoadLine(given if k == 0 else f"{given}.{k}", shape, properties)


def _from_geopackage(path: Path, layer: str | None) -> Iterator[RoadLine | str]:
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as database:
            table, column, epsg = _layer_of(database, path, layer)
            degrees = reference_of(epsg, f"{path.name}, layer {table}").degrees
            cursor = database.execute('SELECT * FROM "{}"'.format(table.replace('"', '""')))
            names = [entry[0] for entry in cursor.description]
            for number, row in enumerate(cursor):
                properties = dict(zip(names, row, strict=True))
                blob = properties.pop(column)
                if blob is None:
                    yield f"row {number} of {table} has no geometry"
                    continue
                key = str(properties.get("fid") or "")
                yield from _lines_of(
                    f"row {number} of {table}",
                    key,
                    lambda blob=blob: geopackage_lines(blob),
                    properties,
                    degrees,
                    number,
                )
    except sqlite3.DatabaseError as error:
        raise InputError(f"{path.name} cannot be read as a GeoPackage: {error}") from error


def _layer_of(database: sqlite3.Connection, path: Path, layer: str | None) -> tuple[str, str, int]:
    """Table, geometry column and EPSG number of a layer of lines."""
    query = """
        SELECT g.table_name, g.column_name, s.organization, s.organization_coordsys_id, g.srs_id
        FROM gpkg_geometry_columns g LEFT JOIN gpkg_spatial_ref_sys s ON s.srs_id = g.srs_id
        WHERE upper(g.geometry_type_name) IN ('LINESTRING', 'MULTILINESTRING', 'GEOMETRY', 'CURVE', 'MULTICURVE')
    """
    layers = database.execute(query).fetchall()
    names = ", ".join(row[0] for row in layers) or "none"
    chosen = [row for row in layers if layer in (None, row[0])]
    if not chosen:
        raise InputError(f"{path.name} has no layer of lines called '{layer}'; its layers of lines: {names}")
    if len(chosen) > 1:
        raise InputError(f"{path.name} has several layers of lines: {names}; name one with layer=")
    table, column, organization, number, srs = chosen[0]
    if srs in (0, -1) or str(organization).upper() not in ("EPSG",):
        raise InputError(
            f"{path.name}, layer {table}, states no coordinate reference (srs_id {srs}); it is needed to place the "
            f"roads on the Earth. If you know it, set it, for example: ogr2ogr -a_srs EPSG:4326 out.gpkg {path.name}"
        )
    return table, column, int(number)


def _edge_ids(features: list[str], line: np.ndarray) -> np.ndarray:
    """Identifiers of edges: the feature's own, with ``#1``, ``#2``, ... for its further pieces."""
    seen: Counter[str] = Counter()
    identifiers = []
    for number in line:
        feature = features[number].replace("#", "_")
        identifiers.append(f"{feature}#{seen[feature]}" if seen[feature] else feature)
        seen[feature] += 1
    return np.array(identifiers)


def _lengths_m(shape: np.ndarray, offset: np.ndarray) -> np.ndarray:
    a, b = shape[:-1], shape[1:]
    ends = {"longitude": a[:, 0], "latitude": a[:, 1], "to_longitude": b[:, 0], "to_latitude": b[:, 1]}
    steps = np.append(1000 * great_circle_km(**ends), 0.0)
    steps[offset[1:] - 1] = 0.0
    return np.add.reduceat(steps, offset[:-1])


def _turned(values: np.ndarray, offset: np.ndarray, backwards: np.ndarray) -> np.ndarray:
    """Points of the edges, those of edges that run backwards in reverse."""
    turned = values.copy()
    for edge in np.flatnonzero(backwards):
        turned[offset[edge] : offset[edge + 1]] = values[offset[edge] : offset[edge + 1]][::-1]
    return turned
