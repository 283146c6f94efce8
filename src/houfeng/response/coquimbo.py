"""The roads and the people of Coquimbo-La Serena, Chile, that ship with Houfeng.

Where they come from and what was filled in is told in ``houfeng/data/SOURCES.md``; roads are OpenStreetMap's (ODbL).
"""

import csv
import io
import json
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from importlib.resources.abc import Traversable

import numpy as np

from houfeng.response.roads import RoadNetwork

#: The credit every map and table made with these roads must carry.
CREDIT = "© OpenStreetMap contributors, ODbL 1.0; extract from AequilibraE's Coquimbo example"


@dataclass(frozen=True, eq=False)
class Zones:
    """Zones of a city and the people who live in them.

    Attributes
    ----------
    zone_id : ndarray of int64, shape (n,)
    longitude, latitude : ndarray of float64, shape (n,)
        Centroid in degrees.
    population, area_km2 : ndarray of float64, shape (n,)
    rings : tuple of ndarray, each of shape (k, 2)
        Outline of each zone, longitude and latitude in degrees.
    source : str
    """

    zone_id: np.ndarray
    longitude: np.ndarray
    latitude: np.ndarray
    population: np.ndarray
    area_km2: np.ndarray
    rings: tuple[np.ndarray, ...]
    source: str


@lru_cache(maxsize=1)
def coquimbo_roads() -> RoadNetwork:
    """Roads of Coquimbo-La Serena: 19,846 edges, 16,264 of them without a stated speed (filled by class).

    The extract keeps no tag of bridges: ``bridge`` marks what a name, a place or a crossing without a common node
    gives away (77 edges). Speeds are limits, not what is driven.
    """
    with np.load(io.BytesIO(_file("roads.npz").read_bytes())) as stored:
        columns = {name: stored[name] for name in stored.files}
    points = np.cumsum(columns["points"], axis=0, dtype=np.int64) / 1e6
    place = columns["node_place"] / 1e6
    return RoadNetwork(
        node_longitude=place[:, 0],
        node_latitude=place[:, 1],
        edge_from=columns["edge_ends"][0],
        edge_to=columns["edge_ends"][1],
        length_m=columns["length_m"],
        speed_kmh=columns["speed_kmh"],
        one_way=columns["one_way"],
        road_class=columns["classes"][columns["road_class"]],
        edge_id=columns["edge_id"].astype(str),
        bridge=columns["bridge"],
        name=columns["names"][columns["name"]],
        geometry_offset=np.concatenate([[0], np.cumsum(columns["point_counts"], dtype=np.int64)]),
        geometry_longitude=points[:, 0],
        geometry_latitude=points[:, 1],
        source=CREDIT,
    )


@lru_cache(maxsize=1)
def coquimbo_zones() -> Zones:
    """The 133 zones of Coquimbo-La Serena with 451,899 people, from the same example project."""
    rows = list(csv.DictReader(io.StringIO(_file("zones.csv").read_text(encoding="utf-8"))))
    column = {name: np.array([row[name] for row in rows], float) for name in rows[0]}
    shapes = json.loads(_file("zones.geojson").read_text(encoding="utf-8"))["features"]
    return Zones(
        zone_id=column["zone_id"].astype(np.int64),
        longitude=column["longitude"],
        latitude=column["latitude"],
        population=column["population"],
        area_km2=column["area_km2"],
        rings=tuple(np.array(shape["geometry"]["coordinates"][0]) for shape in shapes),
        source=CREDIT,
    )


def _file(name: str) -> Traversable:
    return resources.files("houfeng.data").joinpath("coquimbo", name)
