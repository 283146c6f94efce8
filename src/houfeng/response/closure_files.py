"""Closures from a file: identifiers of edges, or points, lines and areas on a map."""

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from houfeng.errors import InputError
from houfeng.response.closures import Closures
from houfeng.response.coordinates import geojson_reference
from houfeng.response.roads import RoadNetwork
from houfeng.response.snapping import EdgeFinder

#: How near a road an entry must lie, in metres.
TOLERANCE_M = 25.0


@dataclass(frozen=True, slots=True)
class _Entry:
    """One closure of a file: where in the file, which edges, by how much slowed (endless: closed)."""

    place: str
    edges: np.ndarray
    slowdown: float
    problem: str


def read_closures(path: Path | str, network: RoadNetwork, *, tolerance_m: float = TOLERANCE_M) -> Closures:
    """Read closures of a network.

    Parameters
    ----------
    path
        A ``.csv`` with a column ``edge_id``, or a GeoJSON FeatureCollection whose features have a property
        ``edge_id`` or a geometry: a point closes the nearest road, a line those that run along it, a polygon those
        inside. ``slowdown`` (a column or property, 1 or more) slows a road instead of closing it.
    tolerance_m : float
        Further from any road, an entry is left out and named in the notes.

    Raises
    ------
    InputError
        When the file cannot be read at all, or not one of its entries fits this network.
    """
    path = Path(path)
    if not tolerance_m > 0:
        raise InputError(f"tolerance_m = {tolerance_m} m must be above zero")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"closures cannot be read from {path}: {error}") from error
    entries = list(
        _from_csv(path, text, network)
        if path.suffix.lower() == ".csv"
        else _from_geojson(path, text, network, tolerance_m)
    )
    if entries and all(entry.problem for entry in entries):
        raise InputError(f"none of the {len(entries)} entries of {path.name} fits these roads; {entries[0].problem}")
    closed, slowdown = np.zeros(network.n_edges, bool), np.ones(network.n_edges)
    for entry in entries:
        if np.isinf(entry.slowdown):
            closed[entry.edges] = True
        else:
            slowdown[entry.edges] = np.maximum(slowdown[entry.edges], entry.slowdown)
    notes = tuple(f"{entry.place}: {entry.problem}" for entry in entries if entry.problem)
    return Closures(closed, slowdown, path.name, False, notes)


def _from_csv(path: Path, text: str, network: RoadNetwork) -> Iterator[_Entry]:
    rows = list(csv.DictReader(text.splitlines()))
    if rows and "edge_id" not in rows[0]:
        raise InputError(f"{path.name} has columns {', '.join(map(str, rows[0]))}; closures need a column edge_id")
    found = network.edges_with_id([row["edge_id"] or "" for row in rows])
    for number, row in enumerate(rows, start=2):
        yield _by_id(f"line {number}", row["edge_id"] or "", row.get("slowdown"), found)


def _by_id(place: str, identifier: str, slowdown: object, found: Mapping[str, np.ndarray]) -> _Entry:
    edges = found[identifier]
    factor, problem = _slowdown(slowdown)
    if not len(edges):
        problem = f"no road has the identifier '{identifier}'"
    return _Entry(place, np.zeros(0, np.int64) if problem else edges, factor, problem)


def _slowdown(given: object) -> tuple[float, str]:
    """Factor by which a road is slowed, infinite when it is closed, and what is wrong with it."""
    if given in (None, ""):
        return float("inf"), ""
    try:
        factor = float(str(given))
    except ValueError:
        factor = float("nan")
    if not factor >= 1:
        return float("inf"), f"slowdown '{given}' is not a number of 1 or more"
    return factor, ""


def _from_geojson(path: Path, text: str, network: RoadNetwork, tolerance_m: float) -> Iterator[_Entry]:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"{path.name} is neither .csv nor JSON: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("features"), list):
        raise InputError(f"{path.name} is no GeoJSON FeatureCollection")
    reference = geojson_reference(document, path.name)
    finder = EdgeFinder(network)
    for number, feature in enumerate(document["features"]):
        place = f"feature {number}"
        if not isinstance(feature, dict):
            yield _Entry(place, np.zeros(0, np.int64), float("inf"), "it is no GeoJSON Feature")
            continue
        properties = feature.get("properties") if isinstance(feature.get("properties"), dict) else {}
        if properties.get("edge_id") not in (None, ""):
            identifier = str(properties["edge_id"])
            yield _by_id(place, identifier, properties.get("slowdown"), network.edges_with_id([identifier]))
            continue
        factor, problem = _slowdown(properties.get("slowdown"))
        edges = np.zeros(0, np.int64)
        if not problem:
            try:
                edges = _edges_of(feature.get("geometry") or {}, finder, reference.degrees, tolerance_m)
                problem = "" if len(edges) else f"no road within {tolerance_m:g} m"
            except (KeyError, TypeError, ValueError, IndexError) as error:
                problem = f"its geometry cannot be read ({error})"
        yield _Entry(place, edges, factor, problem)


def _edges_of(geometry: dict, finder: EdgeFinder, degrees, tolerance_m: float) -> np.ndarray:
    """Edges meant by one GeoJSON geometry."""
    if not isinstance(geometry, dict):
        raise TypeError("it is no object")
    kind = geometry.get("type")
    if kind == "GeometryCollection":
        parts = [_edges_of(part, finder, degrees, tolerance_m) for part in geometry["geometries"]]
        return np.unique(np.concatenate(parts)) if parts else np.zeros(0, np.int64)
    if kind not in ("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"):
        raise ValueError(f"type {kind}")
    parts = geometry["coordinates"] if kind.startswith("Multi") else [geometry["coordinates"]]
    found = []
    for part in parts:
        if kind.endswith("Point"):
            place = _on_earth(degrees(np.array([part], float)))
            edges = finder.nearest(longitude=place[:, 0], latitude=place[:, 1], within_m=tolerance_m).index
            found.append(edges[edges >= 0])
        elif kind.endswith("LineString"):
            found.append(finder.along(_on_earth(degrees(np.array(part, float))), within_m=tolerance_m))
        else:
            found.append(finder.inside([_on_earth(degrees(np.array(ring, float))) for ring in part]))
    return np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)


def _on_earth(points: np.ndarray) -> np.ndarray:
    """The same points, if they are degrees."""
    if not (np.abs(points) <= [180.0, 90.0]).all():
        raise ValueError("coordinates are no degrees; which coordinate reference is it?")
    return points
