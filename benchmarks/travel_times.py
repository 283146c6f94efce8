"""Travel times on a road network of 378,000 edges: a matrix of 200 by 500, and isochrones after a closure.

The network is made up by ``houfeng.response.synthetic`` (stated seed), shaped like OpenStreetMap's: 64 % of its nodes
only bend a street. A second one of as many directed arcs has hardly any of those. scipy's Dijkstra answers the same
question in the same run. Nothing is read from the shared data. Seconds are of CPU; compiling is measured apart.
"""

import sys

import numpy as np
from harness import Figure, arguments, report, stopwatch
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from houfeng.response.closures import Closures
from houfeng.response.isochrones import isochrones
from houfeng.response.roads import RoadNetwork
from houfeng.response.synthetic import synthetic_roads
from houfeng.response.travel import Router

SEED, EDGES, ORIGINS, DESTINATIONS, ROUNDS = 20150916, 378_000, 200, 500, 3


def plain_graph(network: RoadNetwork) -> csr_array:
    """The network as scipy wants it; of several edges between two nodes the quickest."""
    both = ~network.one_way
    start = np.concatenate([network.edge_from, network.edge_to[both]])
    end = np.concatenate([network.edge_to, network.edge_from[both]])
    seconds = np.concatenate([network.travel_time_s, network.travel_time_s[both]])
    order = np.lexsort([seconds, end, start])
    first = np.append(True, (np.diff(start[order]) != 0) | (np.diff(end[order]) != 0))
    kept = order[first]
    return csr_array((seconds[kept], (start[kept], end[kept])), shape=(network.n_nodes, network.n_nodes))


def matrix_figures(network: RoadNetwork, what: str, target: float | None) -> list[Figure]:
    """The matrix, ours and scipy's, and how far they differ."""
    rng = np.random.default_rng(SEED)
    origins = rng.choice(network.n_nodes, ORIGINS, replace=False)
    destinations = rng.choice(network.n_nodes, DESTINATIONS, replace=False)
    prepared, searched = [], []
    for _ in range(ROUNDS):
        with stopwatch() as prepare:
            router = Router.of(network)
        with stopwatch() as search:
            ours = router.matrix(origins, destinations)
        prepared.append(prepare.cpu_s)
        searched.append(search.cpu_s)
    with stopwatch() as peer:
        theirs = dijkstra(plain_graph(network), indices=origins)[:, destinations]
    both = np.isfinite(theirs)
    if (both != np.isfinite(ours)).any():
        sys.exit(f"{what}: ours and scipy's differ in what can be reached")
    apart = float((np.abs(ours[both] - theirs[both]) / np.maximum(theirs[both], 1.0)).max())
    total = np.array(prepared) + np.array(searched)
    scipy = f"scipy {peer.cpu_s:.2f} s in this run"
    size = f"{network.n_edges:,} edges, {network.n_nodes:,} nodes"
    return [
        Figure(
            f"{what}: 200 x 500 with preparation, median of {ROUNDS}", float(np.median(total)), "s", target, peer=scipy
        ),
        Figure(f"{what}: preparation alone", float(np.median(prepared)), "s", peer=size),
        Figure(f"{what}: search alone", float(np.median(searched)), "s"),
        Figure(f"{what}: largest relative difference from scipy", apart, "", 1e-5),
    ]


def closure_figure(network: RoadNetwork) -> Figure:
    """One road closed, then isochrones of one facility from 500 zones."""
    rng = np.random.default_rng(SEED + 1)
    router = Router.of(network)
    zones = rng.choice(network.n_nodes, DESTINATIONS, replace=False)
    people = rng.integers(100, 5000, DESTINATIONS)
    spent = []
    for facility in rng.choice(network.n_nodes, 7, replace=False):
        with stopwatch() as watch:
            closures = Closures.of_edges(network.n_edges, [int(rng.integers(network.n_edges))], source="benchmark")
            isochrones(router.under(closures), [facility], zone_nodes=zones, population=people)
        spent.append(watch.cpu_s)
    return Figure("one closure to new isochrones, per facility, median of 7", float(np.median(spent)), "s", 0.1)


def main() -> None:
    given = arguments(__doc__)
    with stopwatch() as compiling:
        small = synthetic_roads(2000, seed=SEED)
        router = Router.of(small)
        router.matrix(np.arange(20), np.arange(30))
        isochrones(router, [0], zone_nodes=[1], population=[1.0])
    town = synthetic_roads(EDGES, seed=SEED)
    figures = [Figure("compiling (or reading the cache)", compiling.wall_s, "s wall")]
    figures += matrix_figures(town, "town", 2.0)
    figures += matrix_figures(synthetic_roads(EDGES // 2, seed=SEED, chains=False), "streets as edges", 2.0)
    figures.append(closure_figure(town))
    sys.exit(not report("travel_times", figures, given.json))


if __name__ == "__main__":
    main()
