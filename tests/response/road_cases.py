"""Small road networks for the tests of the response."""

import numpy as np
from hypothesis import strategies as st

from houfeng.response.roads import RoadNetwork


def ring(**more) -> RoadNetwork:
    """A square of four streets, 0 - 1 - 2 - 3 - 0, with a dead end 3 - 4; 100 s per edge."""
    columns = dict(
        node_longitude=[0.0, 0.01, 0.01, 0.0, -0.01],
        node_latitude=[0.0, 0.0, 0.01, 0.01, 0.01],
        edge_from=[0, 1, 2, 3, 3],
        edge_to=[1, 2, 3, 0, 4],
        length_m=np.full(5, 1000.0),
        speed_kmh=36.0,
    )
    return RoadNetwork.from_edges(**(columns | more))


@st.composite
def networks(draw, two_way: bool = False):
    """Any small network: several pieces, several edges between two nodes, edges from a node to itself."""
    n_nodes = draw(st.integers(1, 14))
    n_edges = draw(st.integers(1, 30))
    node = st.integers(0, n_nodes - 1)
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    ends = np.array(draw(st.lists(st.tuples(node, node), min_size=n_edges, max_size=n_edges)))
    length = np.array(draw(st.lists(st.integers(0, 50), min_size=n_edges, max_size=n_edges)), float)
    one_way = np.zeros(n_edges, bool) if two_way else rng.random(n_edges) < 0.4
    return RoadNetwork.from_edges(
        node_longitude=rng.uniform(-1, 1, n_nodes),
        node_latitude=rng.uniform(-1, 1, n_nodes),
        edge_from=ends[:, 0],
        edge_to=ends[:, 1],
        length_m=length,
        speed_kmh=rng.choice([18.0, 36.0, 72.0], n_edges),
        one_way=one_way,
    )
