"""A road network: nodes, edges between them, and the shape of every edge."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np

from houfeng.errors import InputError
from houfeng.geo import EARTH_RADIUS_KM, great_circle_km, to_xyz_km

#: Speed in km/h where a road states none, by class of OpenStreetMap's key ``highway``: round figures a little under
#: the usual limits, so that the slips of crossings and bends are in them. A file's own speeds come first.
DEFAULT_SPEED_KMH: Mapping[str, float] = {
    "motorway": 100.0,
    "motorway_link": 60.0,
    "trunk": 80.0,
    "trunk_link": 50.0,
    "primary": 60.0,
    "primary_link": 40.0,
    "secondary": 50.0,
    "secondary_link": 40.0,
    "tertiary": 40.0,
    "tertiary_link": 30.0,
    "unclassified": 40.0,
    "residential": 30.0,
    "living_street": 15.0,
    "service": 20.0,
    "track": 15.0,
    "road": 30.0,
}


@dataclass(frozen=True, slots=True)
class Nearest:
    """What lies nearest to each point.

    Attributes
    ----------
    index : ndarray of int64, shape (n,)
        Of the node (or edge).
    distance_m : ndarray of float64, shape (n,)
    """

    index: np.ndarray
    distance_m: np.ndarray


@dataclass(frozen=True, eq=False)
class RoadNetwork:
    """Roads as a graph. Columns are read-only; everything derived is returned, nothing stored back.

    Attributes
    ----------
    node_longitude, node_latitude : ndarray of float64, shape (n,)
        Degrees.
    edge_from, edge_to : ndarray of int64, shape (m,)
        Indices of nodes.
    length_m, speed_kmh : ndarray of float64, shape (m,)
    one_way : ndarray of bool, shape (m,)
        Whether traffic flows only from ``edge_from`` to ``edge_to``.
    road_class, name, edge_id : ndarray of str, shape (m,)
        ``edge_id`` is unique; a feature of a file cut into pieces gives ``ID``, ``ID#1``, ``ID#2``, ...
    bridge : ndarray of bool, shape (m,)
    geometry_offset : ndarray of int64, shape (m + 1,)
        Points ``geometry_offset[i]:geometry_offset[i + 1]`` are the shape of edge i, ends included.
    geometry_longitude, geometry_latitude : ndarray of float64
        Degrees.
    source : str
        Who says so, with the credit the licence asks for.
    simulated : bool
        True for a network made up by a generator.

    Raises
    ------
    InputError
        For an empty network, columns of different lengths, an edge to a node that is not there, a length below
        zero, a speed that is not positive, identifiers that repeat.
    """

    node_longitude: np.ndarray
    node_latitude: np.ndarray
    edge_from: np.ndarray
    edge_to: np.ndarray
    length_m: np.ndarray
    speed_kmh: np.ndarray
    one_way: np.ndarray
    road_class: np.ndarray
    edge_id: np.ndarray
    bridge: np.ndarray
    name: np.ndarray
    geometry_offset: np.ndarray
    geometry_longitude: np.ndarray
    geometry_latitude: np.ndarray
    source: str = ""
    simulated: bool = False

    def __post_init__(self) -> None:
        for column, kind in _KINDS.items():
            array = np.asarray(getattr(self, column)).astype(kind, copy=True)
            array.setflags(write=False)
            object.__setattr__(self, column, array)
        _check(self)

    @classmethod
    def from_edges(
        cls,
        *,
        node_longitude: np.ndarray,
        node_latitude: np.ndarray,
        edge_from: np.ndarray,
        edge_to: np.ndarray,
        length_m: np.ndarray | None = None,
        speed_kmh: np.ndarray | float = 30.0,
        one_way: np.ndarray | bool = False,
        road_class: np.ndarray | str = "road",
        edge_id: Sequence[str] | None = None,
        bridge: np.ndarray | bool = False,
        name: np.ndarray | str = "",
        source: str = "",
        simulated: bool = False,
    ) -> "RoadNetwork":
        """Make a network whose edges are straight; lengths not given are great-circle distances."""
        start, end = np.asarray(edge_from, np.int64), np.asarray(edge_to, np.int64)
        lon, lat = np.asarray(node_longitude, float), np.asarray(node_latitude, float)
        count = len(start)
        if count == 0:
            raise InputError(_EMPTY)
        _check_ends(start, end, len(lon))
        pairs = np.column_stack([start, end]).ravel()
        if length_m is None:
            ends = dict(longitude=lon[start], latitude=lat[start], to_longitude=lon[end], to_latitude=lat[end])
            length_m = 1000 * great_circle_km(**ends)
        return cls(
            node_longitude=lon,
            node_latitude=lat,
            edge_from=start,
            edge_to=end,
            length_m=length_m,
            speed_kmh=np.broadcast_to(speed_kmh, count),
            one_way=np.broadcast_to(one_way, count),
            road_class=np.broadcast_to(road_class, count),
            edge_id=np.arange(count).astype(str) if edge_id is None else edge_id,
            bridge=np.broadcast_to(bridge, count),
            name=np.broadcast_to(name, count),
            geometry_offset=2 * np.arange(count + 1),
            geometry_longitude=lon[pairs],
            geometry_latitude=lat[pairs],
            source=source,
            simulated=simulated,
        )

    @property
    def n_nodes(self) -> int:
        """How many nodes there are."""
        return len(self.node_longitude)

    @property
    def n_edges(self) -> int:
        """How many edges there are, each counted once whichever way it is driven."""
        return len(self.edge_from)

    @property
    def travel_time_s(self) -> np.ndarray:
        """Seconds to drive each edge at its speed, shape (m,)."""
        return self.length_m * 3.6 / self.speed_kmh

    def geometry(self, edge: int) -> np.ndarray:
        """Shape of one edge: longitude and latitude in degrees, shape (k, 2)."""
        part = slice(self.geometry_offset[edge], self.geometry_offset[edge + 1])
        return np.column_stack([self.geometry_longitude[part], self.geometry_latitude[part]])

    def components(self, *, directed: bool = False) -> np.ndarray:
        """Which piece each node belongs to, shape (n,): 0 is the one with the most edges.

        Parameters
        ----------
        directed : bool
            Whether one piece means that one can drive from every node to every other and back, one-way streets
            obeyed; otherwise directions are ignored. Places to drive to and from belong on piece 0 of the directed.
        """
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        both = ~self.one_way
        start = np.concatenate([self.edge_from, self.edge_to[both]])
        end = np.concatenate([self.edge_to, self.edge_from[both]])
        graph = coo_array((np.ones(len(start), np.int8), (start, end)), shape=(self.n_nodes, self.n_nodes))
        count, label = connected_components(graph.tocsr(), directed=directed, connection="strong")
        inside = label[self.edge_from] == label[self.edge_to]
        order = np.argsort(-np.bincount(label[self.edge_from[inside]], minlength=count), kind="stable")
        rank = np.empty(count, np.int64)
        rank[order] = np.arange(count)
        return rank[label]

    def largest_component(self) -> "RoadNetwork":
        """The piece with the most edges, as a network of its own."""
        return self.select(self.components()[self.edge_from] == 0)

    def select(self, edges: np.ndarray) -> "RoadNetwork":
        """Only some edges, and the nodes they touch.

        Parameters
        ----------
        edges : ndarray of bool, shape (m,), or of int
            Which to keep; in the order given if these are indices.
        """
        chosen = np.flatnonzero(edges) if np.asarray(edges).dtype == bool else np.asarray(edges, np.int64)
        nodes, ends = np.unique(np.stack([self.edge_from[chosen], self.edge_to[chosen]]), return_inverse=True)
        ends = ends.reshape(2, -1)
        counts = np.diff(self.geometry_offset)[chosen]
        offset = np.concatenate([[0], np.cumsum(counts)])
        points = np.repeat(self.geometry_offset[:-1][chosen] - offset[:-1], counts) + np.arange(offset[-1])
        per_edge = {column: getattr(self, column)[chosen] for column in _PER_EDGE if not column.startswith("edge_")}
        return RoadNetwork(
            node_longitude=self.node_longitude[nodes],
            node_latitude=self.node_latitude[nodes],
            edge_from=ends[0],
            edge_to=ends[1],
            edge_id=self.edge_id[chosen],
            geometry_offset=offset,
            geometry_longitude=self.geometry_longitude[points],
            geometry_latitude=self.geometry_latitude[points],
            source=self.source,
            simulated=self.simulated,
            **per_edge,
        )

    def nearest_node(
        self, *, longitude: np.ndarray | float, latitude: np.ndarray | float, among: np.ndarray | None = None
    ) -> Nearest:
        """Node nearest to each point, and how far it is.

        Parameters
        ----------
        longitude, latitude : ndarray, shape (k,), or float
            Degrees.
        among : ndarray of bool, shape (n,), optional
            Only these nodes count, for example ``network.components() == 0``.

        Raises
        ------
        InputError
            For a coordinate that is not a number, or when `among` leaves no node.
        """
        longitude, latitude = np.broadcast_arrays(np.atleast_1d(longitude), np.atleast_1d(latitude))
        points = to_xyz_km(longitude=longitude, latitude=latitude)
        if not np.isfinite(points).all():
            raise InputError("a point to find the nearest road of has no coordinates; leave such points out")
        if among is None:
            distance, index = self._tree.query(points)
        else:
            from scipy.spatial import cKDTree

            chosen = np.flatnonzero(among)
            if not len(chosen):
                raise InputError("no node is left to choose from; `among` is False everywhere")
            here = to_xyz_km(longitude=self.node_longitude[chosen], latitude=self.node_latitude[chosen])
            distance, index = cKDTree(here).query(points)
            index = chosen[index]
        arc_km = 2 * EARTH_RADIUS_KM * np.arcsin(np.minimum(distance / (2 * EARTH_RADIUS_KM), 1.0))
        return Nearest(index.astype(np.int64), 1000 * arc_km)

    @cached_property
    def _tree(self):
        from scipy.spatial import cKDTree

        return cKDTree(to_xyz_km(longitude=self.node_longitude, latitude=self.node_latitude))

    def edges_with_id(self, identifiers: Sequence[str]) -> dict[str, np.ndarray]:
        """Edges of each identifier: that very edge, or every piece ``ID#k`` of a feature; empty if there is none."""
        whole, order = self._whole_ids
        first, last = (np.searchsorted(whole, identifiers, side) for side in ("left", "right"))
        found = {}
        for text, i, j in zip(identifiers, first, last, strict=True):
            pieces = np.sort(order[i:j])
            found[text] = pieces if "#" not in text else np.flatnonzero(self.edge_id == text)
        return found

    @cached_property
    def _whole_ids(self) -> tuple[np.ndarray, np.ndarray]:
        """Identifiers without the number of the piece, sorted, and whose they are."""
        whole = np.array([text.partition("#")[0] for text in self.edge_id])
        order = np.argsort(whole, kind="stable")
        return whole[order], order

    def summary(self) -> dict[str, float | int | bool | str]:
        """What a person asks first: sizes, kilometres, pieces, bridges, source."""
        pieces = self.components()
        return {
            "nodes": self.n_nodes,
            "edges": self.n_edges,
            "length_km": float(self.length_m.sum() / 1000),
            "components": int(pieces.max()) + 1,
            "edges_outside_largest": int((pieces[self.edge_from] > 0).sum()),
            "one_way": int(self.one_way.sum()),
            "bridges": int(self.bridge.sum()),
            "source": self.source,
            "simulated": self.simulated,
        }


_KINDS = {
    **dict.fromkeys(("node_longitude", "node_latitude", "length_m", "speed_kmh"), np.float64),
    **dict.fromkeys(("geometry_longitude", "geometry_latitude"), np.float64),
    **dict.fromkeys(("edge_from", "edge_to", "geometry_offset"), np.int64),
    **dict.fromkeys(("one_way", "bridge"), np.bool_),
    **dict.fromkeys(("road_class", "edge_id", "name"), np.str_),
}
_PER_EDGE = ("edge_from", "edge_to", "length_m", "speed_kmh", "one_way", "road_class", "edge_id", "bridge", "name")
_EMPTY = "the road network is empty: it has no edges; read a file with lines in it"


def columns_of(network: RoadNetwork) -> dict[str, np.ndarray]:
    """Every column of a network by its name, as the files keep them."""
    return {field.name: getattr(network, field.name) for field in fields(network) if field.name in _KINDS}


def _check_ends(start: np.ndarray, end: np.ndarray, n_nodes: int) -> None:
    if len(start) != len(end):
        raise InputError(f"edge_from has {len(start)} rows, edge_to {len(end)}")
    low, high = min(start.min(), end.min()), max(start.max(), end.max())
    if low < 0 or high >= n_nodes:
        raise InputError(f"edges name nodes {low} to {high}; there are {n_nodes}, counted from 0")


def _check(network: RoadNetwork) -> None:
    count = network.n_edges
    if count == 0:
        raise InputError(_EMPTY)
    for column in _PER_EDGE:
        if getattr(network, column).shape != (count,):
            raise InputError(f"{column} has shape {getattr(network, column).shape}, expected ({count},)")
    _check_ends(network.edge_from, network.edge_to, network.n_nodes)
    _check_numbers(network)
    offset, points = network.geometry_offset, len(network.geometry_longitude)
    if offset.shape != (count + 1,) or offset[0] != 0 or offset[-1] != points or (np.diff(offset) < 2).any():
        raise InputError(f"geometry_offset must rise from 0 to {points} in {count} steps of two points or more")
    if len(network.geometry_latitude) != points or len(network.node_latitude) != network.n_nodes:
        raise InputError("longitudes and latitudes differ in number")
    if len(np.unique(network.edge_id)) != count:
        names, times = np.unique(network.edge_id, return_counts=True)
        raise InputError(f"edge identifier '{names[times.argmax()]}' is used {times.max()} times; they must be unique")


def _check_numbers(network: RoadNetwork) -> None:
    for column in ("node_longitude", "node_latitude", "geometry_longitude", "geometry_latitude"):
        values = getattr(network, column)
        most = 180.0 if column.endswith("longitude") else 90.0
        if not (np.abs(values) <= most).all():
            raise InputError(f"{column} has values outside [-{most:g}, {most:g}] degrees; are these metres of a map?")
    if not ((network.length_m >= 0) & np.isfinite(network.length_m)).all():
        raise InputError("a road has a length below zero or none at all")
    bad = np.flatnonzero(~((network.speed_kmh > 0) & np.isfinite(network.speed_kmh)))
    if len(bad):
        first = bad[0]
        raise InputError(
            f"{len(bad)} roads have no positive speed, the first is '{network.edge_id[first]}' with "
            f"{network.speed_kmh[first]} km/h; a closed road is a closure, not a speed of zero"
        )
