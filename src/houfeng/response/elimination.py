"""A road graph made small: nodes with few neighbours are taken out one after the other, exactly.

When node x goes, every pair of its neighbours p, q keeps the way p - x - q as an edge of its own, or as a shorter
weight of the edge they had. Dead ends and chains go first, then crossings of three, then of four and so on; what is
left is the *core*. A road graph shaped like OpenStreetMap's loses nine
nodes of ten that way.

Which edges arise depends on the graph alone, not on travel times, so that part is done once (:func:`eliminate`);
new travel times, closures among them, only run down a list of sums and minima (:func:`weigh`). Searches in the small
graph are in ``houfeng.response.searches``.

References
----------
Dibbelt, J., Strasser, B. and Wagner, D. (2016). Customizable contraction hierarchies. ACM Journal of Experimental
Algorithmics 21, 1.5, doi:10.1145/2886843 (order first, weights later).
"""

from dataclasses import dataclass

import numpy as np
from numba import njit

#: Nodes with more neighbours than this stay in the core.
MOST_NEIGHBOURS = 16


@dataclass(frozen=True, slots=True)
class Elimination:
    """The small graph, without its weights.

    Arcs come in pairs, ``a`` and ``a ^ 1``, one for either direction. Nodes are numbered anew: the core first, then
    the others from the last one taken out to the first.

    Attributes
    ----------
    number : ndarray of int32, shape (n,)
        New number of each node.
    n_core : int
        How many nodes are in the core.
    edge_arc : ndarray of int32, shape (m,)
        Arc of each edge of the network in its own direction; -1 for an edge from a node to itself.
    n_arcs : int
    sums : ndarray of int32, shape (k, 3)
        In this order: arc ``c`` is at most arc ``a`` plus arc ``b``, and ``c ^ 1`` at most ``b ^ 1`` plus ``a ^ 1``.
    offset : ndarray of int32, shape (n + 1,)
        Neighbours of node i (new numbers) that were still there when it went: ``head[offset[i]:offset[i + 1]]``.
    head : ndarray of int32
    arc : ndarray of int32
        The arc from the node to each of them.
    """

    number: np.ndarray
    n_core: int
    edge_arc: np.ndarray
    n_arcs: int
    sums: np.ndarray
    offset: np.ndarray
    head: np.ndarray
    arc: np.ndarray


def eliminate(n_nodes: int, start: np.ndarray, end: np.ndarray) -> Elimination:
    """Take out nodes of few neighbours.

    Parameters
    ----------
    n_nodes : int
    start, end : ndarray of int, shape (m,)
        Ends of the edges; several between two nodes and edges from a node to itself are allowed.
    """
    low, high = np.minimum(start, end).astype(np.int64), np.maximum(start, end).astype(np.int64)
    proper = low != high
    pairs, which = np.unique(low[proper] * n_nodes + high[proper], return_inverse=True)
    edge_arc = np.full(len(low), -1, np.int32)
    edge_arc[proper] = 2 * which + (start[proper] > end[proper])
    ends = np.empty(2 * len(pairs), np.int32)
    ends[0::2], ends[1::2] = pairs % n_nodes, pairs // n_nodes
    order, up_offset, up, sums, to = _take_out(n_nodes, ends, MOST_NEIGHBOURS)
    return _numbered(n_nodes, order, up_offset, up, sums, to, edge_arc)


def _numbered(n_nodes, order, up_offset, up, sums, to, edge_arc) -> Elimination:
    """Number the nodes anew and sort the arcs of each."""
    gone = np.zeros(n_nodes, bool)
    gone[order] = True
    core = np.flatnonzero(~gone)
    number = np.empty(n_nodes, np.int32)
    number[core] = np.arange(len(core))
    number[order] = n_nodes - 1 - np.arange(len(order))
    origin = to[np.arange(len(to)) ^ 1]
    inner = np.flatnonzero(~gone[to] & ~gone[origin])
    inner = inner[np.argsort(number[origin[inner]], kind="stable")]
    per_core = np.bincount(number[origin[inner]], minlength=len(core))
    counts = np.diff(up_offset)
    backwards = np.repeat(up_offset[:-1][::-1], counts[::-1]) + _steps(counts[::-1])
    arc = np.concatenate([inner, up[backwards]]).astype(np.int32)
    offset = np.concatenate([[0], np.cumsum(np.concatenate([per_core, counts[::-1]]))]).astype(np.int32)
    return Elimination(number, len(core), edge_arc, len(to), sums.reshape(-1, 3), offset, number[to[arc]], arc)


def _steps(counts: np.ndarray) -> np.ndarray:
    """0, 1, ..., c - 1 for every count c, one after the other."""
    return np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)


@njit(cache=True)
def _take_out(n_nodes, ends, most):
    """Order of elimination, arcs of each node when it went, sums, and the end of every arc.

    ``ends[a]`` is where arc a leads; half of the arcs are given, the others arise. Lists of arcs by node are linked.
    Candidates wait in one queue per degree, first in first out; stale entries are skipped when they come up.
    """
    to = _grown(ends, 2 * ends.size)
    following = np.full(to.size, -1, np.int32)
    first, degree = np.full(n_nodes, -1, np.int32), np.zeros(n_nodes, np.int32)
    n_arcs = ends.size
    for a in range(n_arcs):
        _link(a, ends[a ^ 1], first, following, degree)
    gone = np.zeros(n_nodes, np.bool_)
    order, n_order = np.empty(n_nodes, np.int32), 0
    up_offset, up = np.zeros(n_nodes + 1, np.int64), np.empty(n_nodes * most, np.int32)
    sums, n_sums = np.empty(3 * ends.size, np.int32), 0
    queued, queue_next = np.empty(n_nodes * (most + 2), np.int32), np.full(n_nodes * (most + 2), -1, np.int32)
    heads, tails, n_queued = np.full(most + 1, -1, np.int32), np.full(most + 1, -1, np.int32), 0
    for x in range(n_nodes):
        if degree[x] <= most:
            n_queued = _enqueue(x, degree[x], queued, queue_next, heads, tails, n_queued)
    d = 0
    while d <= most:
        if heads[d] < 0:
            d += 1
            continue
        x = queued[heads[d]]
        heads[d] = queue_next[heads[d]]
        if gone[x] or degree[x] != d:
            continue
        gone[x] = True
        begin = up_offset[n_order]
        up_offset[n_order + 1] = begin + _neighbours(x, first, following, to, gone, up, begin)
        order[n_order] = x
        n_order += 1
        mine = up[begin : up_offset[n_order]]
        if n_arcs + d * (d - 1) > to.size:
            to, following = _grown(to, 2 * to.size), _grown(following, 2 * to.size)
        if n_sums + 3 * d * (d - 1) // 2 > sums.size:
            sums = _grown(sums, 2 * sums.size + 3 * d * d)
        n_arcs, n_sums = _join(mine, to, following, first, degree, gone, sums, n_arcs, n_sums)
        for a in mine:
            p = to[a]
            if degree[p] <= most:
                n_queued = _enqueue(p, degree[p], queued, queue_next, heads, tails, n_queued)
                d = min(d, degree[p])
    arcs_up = up[: up_offset[n_order]].copy()
    return order[:n_order].copy(), up_offset[: n_order + 1].copy(), arcs_up, sums[:n_sums].copy(), to[:n_arcs].copy()


@njit(cache=True)
def _grown(array, size):
    """The same entries with room for more, at least `size` and a few."""
    bigger = np.full(size + 256, -1, np.int32)
    bigger[: array.size] = array
    return bigger


@njit(cache=True)
def _link(a, origin, first, following, degree):
    """Put arc a at the head of the list of the node it starts from."""
    following[a] = first[origin]
    first[origin] = a
    degree[origin] += 1


@njit(cache=True)
def _neighbours(x, first, following, to, gone, up, begin):
    """Write the arcs from x to nodes still there into ``up`` from ``begin`` on; return how many."""
    count, a = 0, first[x]
    while a >= 0:
        if not gone[to[a]]:
            up[begin + count] = a
            count += 1
        a = following[a]
    return count


@njit(cache=True)
def _join(mine, to, following, first, degree, gone, sums, n_arcs, n_sums):
    """Join every pair of neighbours of a node that goes; return how many arcs and entries of sums there are now."""
    for a in mine:
        degree[to[a]] -= 1
    for i in range(mine.size):
        for j in range(i + 1, mine.size):
            p, q = to[mine[i]], to[mine[j]]
            c = _arc_between(p, q, first, following, to, gone, degree)
            if c < 0:
                c = n_arcs
                n_arcs += 2
                to[c], to[c + 1] = q, p
                _link(c, p, first, following, degree)
                _link(c + 1, q, first, following, degree)
            sums[n_sums], sums[n_sums + 1], sums[n_sums + 2] = mine[i] ^ 1, mine[j], c
            n_sums += 3
    return n_arcs, n_sums


@njit(cache=True)
def _enqueue(x, d, queued, queue_next, heads, tails, n_queued):
    queued[n_queued] = x
    if heads[d] < 0:
        heads[d] = n_queued
    else:
        queue_next[tails[d]] = n_queued
    tails[d] = n_queued
    return n_queued + 1


@njit(cache=True)
def _arc_between(p, q, first, following, to, gone, degree):
    """The arc from p to q, or -1; arcs to nodes that have gone are dropped from the list walked."""
    swapped = degree[q] < degree[p]
    here, there = (q, p) if swapped else (p, q)
    before, a = -1, first[here]
    while a >= 0:
        after = following[a]
        if gone[to[a]]:
            if before < 0:
                first[here] = after
            else:
                following[before] = after
        else:
            if to[a] == there:
                return a ^ 1 if swapped else a
            before = a
        a = after
    return -1


def weigh(small: Elimination, forward_s: np.ndarray, backward_s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights of the small graph from those of the network.

    Parameters
    ----------
    forward_s, backward_s : ndarray of float64, shape (m,)
        Seconds along each edge in its own direction and against it; infinite where it cannot be driven.

    Returns
    -------
    out_s, in_s : ndarray of float64, shape of ``small.head``
        Seconds from each node to its neighbours, and from them to the node.
    """
    weight = np.full(small.n_arcs, np.inf)
    _fill(weight, small.edge_arc, forward_s, backward_s, small.sums)
    return weight[small.arc], weight[small.arc ^ 1]


@njit(cache=True)
def _fill(weight, edge_arc, forward_s, backward_s, sums):
    for k in range(edge_arc.size):
        a = edge_arc[k]
        if a >= 0:
            weight[a] = min(weight[a], forward_s[k])
            weight[a ^ 1] = min(weight[a ^ 1], backward_s[k])
    for k in range(sums.shape[0]):
        a, b, c = sums[k, 0], sums[k, 1], sums[k, 2]
        weight[c] = min(weight[c], weight[a] + weight[b])
        weight[c ^ 1] = min(weight[c ^ 1], weight[b ^ 1] + weight[a ^ 1])


@njit(cache=True)
def thin(offset, head, out_s, n_core):
    """Leave out arcs of the core that no shortest way can use: those with a shorter way over one node between.

    Returns
    -------
    core_offset, core_head, core_s
        The arcs left, as in ``offset``, ``head`` and ``out_s``; endless ones are left out too.
    """
    core_offset = np.zeros(n_core + 1, np.int32)
    core_head, core_s = np.empty(offset[n_core], np.int32), np.empty(offset[n_core])
    direct = np.full(n_core, -np.inf)
    size = 0
    for p in range(n_core):
        for k in range(offset[p], offset[p + 1]):
            direct[head[k]] = out_s[k]
        for k in range(offset[p], offset[p + 1]):
            r, first_s = head[k], out_s[k]
            if first_s < np.inf:
                for j in range(offset[r], offset[r + 1]):
                    if first_s + out_s[j] < direct[head[j]]:
                        direct[head[j]] = -np.inf
        for k in range(offset[p], offset[p + 1]):
            q = head[k]
            if -np.inf < direct[q] < np.inf:
                core_head[size], core_s[size] = q, out_s[k]
                size += 1
            direct[q] = -np.inf
        core_offset[p + 1] = size
    return core_offset, core_head[:size].copy(), core_s[:size].copy()
