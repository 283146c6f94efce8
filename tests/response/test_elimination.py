"""The small graph against brute force: what is thinned out, what is summed, how nodes are numbered."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from houfeng.response.elimination import MOST_NEIGHBOURS, eliminate, thin, weigh


def shortest(direct: np.ndarray) -> np.ndarray:
    """All shortest ways of a matrix of direct ones (Floyd and Warshall)."""
    found = direct.copy()
    np.fill_diagonal(found, 0.0)
    for middle in range(len(found)):
        found = np.minimum(found, found[:, middle, None] + found[None, middle])
    return found


def matrix_of(offset, head, seconds, n: int) -> np.ndarray:
    direct = np.full((n, n), np.inf)
    for node in range(n):
        for k in range(offset[node], offset[node + 1]):
            direct[node, head[k]] = min(direct[node, head[k]], seconds[k])
    return direct


@given(st.integers(2, 7), st.integers(0, 2**32 - 1), st.sampled_from([1, 3, 20]))
def test_thinning_keeps_every_shortest_way_and_nothing_longer_than_two_steps(n, seed, largest):
    """Weights of 0 and many ties among them: of two ways as short as each other one must stay."""
    rng = np.random.default_rng(seed)
    direct = rng.integers(0, largest + 1, (n, n)).astype(float)
    direct[rng.random((n, n)) < 0.2] = np.inf
    head = np.array([q for p in range(n) for q in range(n) if q != p], np.int32)
    offset = np.arange(0, n * (n - 1) + 1, n - 1).astype(np.int32)
    seconds = direct[np.repeat(np.arange(n), n - 1), head]
    kept = matrix_of(*thin(offset, head, seconds, n), n)
    np.fill_diagonal(direct, np.inf)
    assert shortest(kept).tolist() == shortest(direct).tolist()
    two_steps = (direct[:, :, None] + direct[None]).min(axis=1)
    assert not (np.isfinite(kept) & (two_steps < kept)).any()


@given(st.integers(2, 12), st.integers(0, 2**32 - 1))
@settings(max_examples=50)
def test_weights_of_the_small_graph_are_ways_of_the_whole_one(n, seed):
    """No weight is less than the shortest way, and the numbers of the nodes are each used once, the core first."""
    rng = np.random.default_rng(seed)
    start, end = rng.integers(0, n, (2, 3 * n))
    forward, backward = rng.integers(0, 9, (2, 3 * n)).astype(float)
    backward[rng.random(3 * n) < 0.3] = np.inf
    whole = np.full((n, n), np.inf)
    np.minimum.at(whole, (start, end), forward)
    np.minimum.at(whole, (end, start), backward)
    whole = shortest(whole)
    small = eliminate(n, start, end)
    assert sorted(small.number.tolist()) == list(range(n))
    old = np.argsort(small.number)
    out_s, in_s = weigh(small, forward, backward)
    origin = np.repeat(np.arange(n), np.diff(small.offset))
    assert (out_s >= whole[old[origin], old[small.head]]).all()
    assert (in_s >= whole[old[small.head], old[origin]]).all()
    assert (small.head[origin >= small.n_core] < origin[origin >= small.n_core]).all(), "neighbours went later"
    assert (small.edge_arc == -1).tolist() == (start == end).tolist()


@pytest.mark.parametrize("extra", [0, 1])
def test_a_crossing_of_most_neighbours_goes_and_a_larger_one_stays(extra):
    """Everybody a neighbour of everybody: taken apart up to 16 neighbours each, left whole from 17 on."""
    n = MOST_NEIGHBOURS + 1 + extra
    start, end = np.triu_indices(n, 1)
    assert eliminate(n, start, end).n_core == (n if extra else 0)
