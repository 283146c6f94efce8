"""How long it takes to drive from here to there, and which way, with some roads closed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from houfeng.errors import InputError
from houfeng.response.elimination import Elimination, eliminate, thin, weigh
from houfeng.response.roads import RoadNetwork
from houfeng.response.searches import needed, search, tree

if TYPE_CHECKING:
    from houfeng.response.closures import Closures


@dataclass(frozen=True, eq=False, slots=True)
class Route:
    """The quickest way between two nodes.

    Attributes
    ----------
    edges : ndarray of int64, shape (k,)
        In order of travel; empty where there is no way, or none is needed.
    nodes : ndarray of int64, shape (k + 1,)
        Passed on the way, both ends included; the origin alone where there is no way.
    time_s, length_m : float
        Infinite where there is no way.
    """

    edges: np.ndarray
    nodes: np.ndarray
    time_s: float
    length_m: float

    @property
    def exists(self) -> bool:
        """Whether there is a way at all."""
        return bool(np.isfinite(self.time_s))


@dataclass(frozen=True, eq=False)
class Router:
    """Answers about travel on one network under one set of closures.

    Make one with :meth:`of`; :meth:`under` gives another for other closures in milliseconds, as only the travel
    times are run through the small graph again.

    Attributes
    ----------
    network : RoadNetwork
    small : Elimination
    time_s : ndarray of float64, shape (m,)
        Seconds along each edge, infinite where it is closed.
    """

    network: RoadNetwork
    small: Elimination
    time_s: np.ndarray

    @classmethod
    def of(cls, network: RoadNetwork) -> "Router":
        """Prepare a network without closures."""
        return cls(network, eliminate(network.n_nodes, network.edge_from, network.edge_to), network.travel_time_s)

    def under(self, closures: "Closures | None") -> "Router":
        """The same network with these roads closed or slowed, and no others; None opens all.

        Raises
        ------
        InputError
            When the closures are of a network with another number of edges.
        """
        time_s = self.network.travel_time_s
        if closures is not None:
            if len(closures.closed) != self.network.n_edges:
                raise InputError(
                    f"these closures are of a network with {len(closures.closed)} edges; this one has "
                    f"{self.network.n_edges}"
                )
            time_s = np.where(closures.closed, np.inf, time_s * closures.slowdown)
        return replace(self, time_s=time_s)

    @property
    def all_closed(self) -> bool:
        """Whether no road is left."""
        return not np.isfinite(self.time_s).any()

    def matrix(self, origins: np.ndarray, destinations: np.ndarray, *, limit_s: float = np.inf) -> np.ndarray:
        """Travel times between nodes.

        Parameters
        ----------
        origins, destinations : ndarray of int, shapes (a,) and (b,)
            Nodes of the network.
        limit_s : float
            Times above it are not looked for and come back infinite.

        Returns
        -------
        ndarray of float32, shape (a, b), seconds
            Infinite where there is no way; :func:`unreachable` says how often that is.

        Raises
        ------
        InputError
            For a node that does not exist, or a limit below zero.
        """
        origins, destinations = self._nodes(origins, "origin"), self._nodes(destinations, "destination")
        if not limit_s >= 0:
            raise InputError(f"limit_s = {limit_s} s is below zero")
        if len(destinations) < len(origins):
            return self._search(destinations, origins, limit_s, towards=True).T.copy()
        return self._search(origins, destinations, limit_s, towards=False)

    def times_from(self, nodes: np.ndarray, *, limit_s: float = np.inf) -> np.ndarray:
        """Seconds from each of `nodes` to every node, float32, shape (k, n); infinite beyond `limit_s`."""
        return self._search(self._nodes(nodes, "origin"), None, limit_s, towards=False)

    def times_to(self, nodes: np.ndarray, *, limit_s: float = np.inf) -> np.ndarray:
        """Seconds from every node to each of `nodes`, float32, shape (k, n); infinite beyond `limit_s`."""
        return self._search(self._nodes(nodes, "destination"), None, limit_s, towards=True)

    def route(self, origin: int, destination: int) -> Route:
        """The quickest way from one node to another."""
        return self.routes(origin, [destination])[0]

    def routes(self, origin: int, destinations: Sequence[int]) -> list[Route]:
        """The quickest ways from one node to several; no way uses a closed edge, or a one-way street against it."""
        source = int(self._nodes([origin], "origin")[0])
        wanted = self._nodes(destinations, "destination")
        offset, head, edge, origin_of, out_s = self._whole
        time_s, by = tree(offset, head, out_s, source, wanted)
        return [self._way_back(source, int(node), time_s, by, edge, origin_of) for node in wanted]

    def _way_back(self, source, node, time_s, by, edge, origin_of) -> Route:
        if not np.isfinite(time_s[node]):
            return Route(np.zeros(0, np.int64), np.array([source]), float("inf"), float("inf"))
        nodes, edges = [node], []
        while nodes[-1] != source:
            arc = by[nodes[-1]]
            edges.append(edge[arc])
            nodes.append(origin_of[arc])
        way = np.array(edges[::-1], np.int64)
        length_m = float(self.network.length_m[way].sum())
        return Route(way, np.array(nodes[::-1], np.int64), float(time_s[node]), length_m)

    def _search(self, sources, wanted, limit_s, *, towards) -> np.ndarray:
        small = self.small
        out_s, in_s = self._weights[::-1] if towards else self._weights
        if wanted is None:
            targets = small.number
            sweep = np.arange(small.n_core, self.network.n_nodes, dtype=np.int32)
        else:
            targets = small.number[wanted]
            sweep = needed(small.offset, small.head, small.n_core, targets)
        if len(sources) > 8:
            core = thin(small.offset, small.head, out_s, small.n_core)
        else:
            inner = small.offset[small.n_core]
            core = small.offset[: small.n_core + 1], small.head[:inner], out_s[:inner]
        start = small.number[sources]
        return search(small.offset, small.head, out_s, in_s, *core, start, sweep, targets, float(limit_s))

    @cached_property
    def _both_ways(self) -> tuple[np.ndarray, np.ndarray]:
        return self.time_s, np.where(self.network.one_way, np.inf, self.time_s)

    @cached_property
    def _weights(self) -> tuple[np.ndarray, np.ndarray]:
        return weigh(self.small, *self._both_ways)

    @cached_property
    def _whole(self) -> tuple[np.ndarray, ...]:
        """The whole graph by node: offset, head, edge, node of origin and seconds of every arc that is open."""
        network = self.network
        seconds = np.concatenate(self._both_ways)
        is_open = np.isfinite(seconds)
        start = np.concatenate([network.edge_from, network.edge_to])[is_open]
        end = np.concatenate([network.edge_to, network.edge_from])[is_open]
        edge = np.tile(np.arange(network.n_edges), 2)[is_open]
        order = np.argsort(start, kind="stable")
        offset = np.concatenate([[0], np.cumsum(np.bincount(start, minlength=network.n_nodes))]).astype(np.int32)
        return offset, end[order].astype(np.int32), edge[order], start[order], seconds[is_open][order]

    def _nodes(self, nodes: np.ndarray, role: str) -> np.ndarray:
        nodes = np.atleast_1d(np.asarray(nodes))
        if nodes.size == 0:
            return np.zeros(0, np.int64)
        if nodes.dtype.kind not in "iu" or nodes.min() < 0 or nodes.max() >= self.network.n_nodes:
            raise InputError(
                f"{role}s must be numbers of nodes, 0 to {self.network.n_nodes - 1}; "
                "network.nearest_node finds those of places"
            )
        return nodes.astype(np.int64)


@dataclass(frozen=True, slots=True)
class Unreachable:
    """How much of a matrix of travel times has no way.

    Attributes
    ----------
    pairs, of_pairs : int
        Pairs without a way, and all pairs.
    origins, destinations : tuple of int
        Rows that reach nothing, and columns that nothing reaches.
    """

    pairs: int
    of_pairs: int
    origins: tuple[int, ...]
    destinations: tuple[int, ...]

    def __str__(self) -> str:
        if not self.pairs:
            return "every destination can be reached from every origin"
        return (
            f"{self.pairs:,} of {self.of_pairs:,} pairs have no way; {len(self.origins)} origins reach nothing, "
            f"{len(self.destinations)} destinations cannot be reached at all"
        )


def unreachable(time_s: np.ndarray) -> Unreachable:
    """Say which pairs of a matrix of travel times, shape (a, b), have no way."""
    none = ~np.isfinite(time_s)
    rows, columns = np.flatnonzero(none.all(axis=1)), np.flatnonzero(none.all(axis=0))
    return Unreachable(int(none.sum()), none.size, tuple(rows.tolist()), tuple(columns.tolist()))
