"""A made-up road network of any size, for measuring and for tests: SIMULATED, nobody's city."""

import numpy as np

from houfeng.errors import InputError
from houfeng.response.roads import RoadNetwork

#: Spacing of crossings in metres, and metres per degree of latitude.
_BLOCK_M, _DEGREE_M = 120.0, 111_195.0


def synthetic_roads(n_edges: int, *, seed: int, chains: bool = True, one_way_share: float = 0.25) -> RoadNetwork:
    """A town of `n_edges` edges or a few less: a bent grid with gaps, dead ends, main roads and one-way streets.

    Crossings lie on a square grid, each moved by up to a third of a block; three of twenty streets are missing;
    every eighth line is a secondary road, every thirty-second a trunk road. Its largest piece is kept.

    Parameters
    ----------
    n_edges : int
        At least 100.
    seed : int
        Same seed, same town.
    chains : bool
        Whether streets bend at nodes of their own between crossings, as in OpenStreetMap (44 % of the nodes of
        Coquimbo-La Serena have two neighbours); otherwise every edge is a whole street.
    one_way_share : float
        Of the small streets.
    """
    if n_edges < 100:
        raise InputError(f"a synthetic town needs 100 edges or more, not {n_edges}")
    rng = np.random.default_rng(seed)
    per_street = 1.9 if chains else 1.0
    side = int(np.sqrt(n_edges / (2 * 0.85 * 0.94 * per_street))) + 2
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    place = np.stack([x.ravel(), y.ravel()], axis=1) + rng.uniform(-1 / 3, 1 / 3, (side * side, 2))
    node = np.arange(side * side).reshape(side, side)
    start = np.concatenate([node[:, :-1].ravel(), node[:-1].ravel()])
    end = np.concatenate([node[:, 1:].ravel(), node[1:].ravel()])
    line = np.concatenate([np.repeat(np.arange(side), side - 1), np.tile(np.arange(side), side - 1)])
    kind = np.where(line % 32 == 16, 2, np.where(line % 8 == 4, 1, 0))
    kept = (rng.random(len(start)) < 0.85) | (kind > 0)
    start, end, kind = start[kept], end[kept], kind[kept]
    one_way = (kind == 0) & (rng.random(len(start)) < one_way_share)
    turned = rng.random(len(start)) < 0.5
    start, end = np.where(turned, end, start), np.where(turned, start, end)
    pieces = 1 + rng.poisson(per_street - 1, len(start)) if chains else np.ones(len(start), np.int64)
    place, start, end, street = _bent(place, start, end, pieces, rng)
    network = RoadNetwork.from_edges(
        node_longitude=place[:, 0] * _BLOCK_M / _DEGREE_M,
        node_latitude=place[:, 1] * _BLOCK_M / _DEGREE_M,
        edge_from=start,
        edge_to=end,
        speed_kmh=np.array([30.0, 50.0, 80.0])[kind[street]],
        one_way=one_way[street],
        road_class=np.array(["residential", "secondary", "trunk"])[kind[street]],
        source=f"synthetic town, seed {seed}",
        simulated=True,
    )
    edges = np.flatnonzero(network.components()[network.edge_from] == 0)
    from_the_south = np.argsort(network.node_latitude[network.edge_from[edges]], kind="stable")
    return network.select(np.sort(edges[from_the_south[:n_edges]])).largest_component()


def _bent(place, start, end, pieces, rng):
    """Cut every street into its pieces, with nodes a little off the straight line between them."""
    street = np.repeat(np.arange(len(start)), pieces)
    step = np.arange(len(street)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    inner = step > 0
    share = (step[inner] / pieces[street[inner]])[:, None]
    bends = place[start[street[inner]]] * (1 - share) + place[end[street[inner]]] * share
    bends = bends + rng.normal(0, 0.04, bends.shape)
    begin = start[street]
    begin[inner] = len(place) + np.arange(inner.sum())
    finish = np.append(begin[1:], 0)
    last = step == pieces[street] - 1
    finish[last] = end[street[last]]
    return np.vstack([place, bends]), begin, finish, street
