"""Shortest ways: Dijkstra's algorithm in the small graph and in the whole one.

A search in the small graph of ``houfeng.response.elimination`` climbs from its source into the core, crosses it by
Dijkstra's algorithm, and goes down to the nodes wanted in the reverse order of elimination (the sweep).

References
----------
Delling, D., Goldberg, A. V., Nowatzyk, A. and Werneck, R. F. (2013). PHAST: hardware-accelerated shortest path trees.
Journal of Parallel and Distributed Computing 73, 940-952, doi:10.1016/j.jpdc.2012.02.007 (the sweep).
"""

import numpy as np
from numba import njit


@njit(cache=True)
def needed(offset, head, n_core, wanted):
    """Nodes outside the core to go down to for the nodes wanted (new numbers), in the order of the sweep."""
    mark = np.zeros(offset.size - 1, np.bool_)
    for node in wanted:
        mark[node] = True
    for node in range(offset.size - 2, n_core - 1, -1):
        if mark[node]:
            for k in range(offset[node], offset[node + 1]):
                mark[head[k]] = True
    return np.flatnonzero(mark[n_core:]).astype(np.int32) + np.int32(n_core)


@njit(cache=True, nogil=True)
def search(offset, head, out_s, in_s, core_offset, core_head, core_s, sources, sweep, wanted, limit_s):
    """Seconds from each source to each node wanted, float32, shape (sources, wanted); all by their new numbers."""
    n, n_core = offset.size - 1, core_offset.size - 1
    result = np.empty((sources.size, wanted.size), np.float32)
    time_s = np.full(n, np.inf)
    place = np.full(n, -1, np.int32)
    key, item, climbed = np.empty(n), np.empty(n, np.int32), np.empty(n, np.int32)
    for i in range(sources.size):
        time_s[sources[i]] = 0.0
        n_climbed = 0
        key[0], item[0], place[sources[i]], size = 0.0, sources[i], 0, 1
        while size > 0 and key[0] <= limit_s:
            node, now = item[0], key[0]
            place[node] = -1
            size -= 1
            if size > 0:
                sink(key, item, place, key[size], item[size], size)
            if node < n_core:
                size = relax(node, now, core_offset, core_head, core_s, time_s, key, item, place, size)
            else:
                climbed[n_climbed] = node
                n_climbed += 1
                size = relax(node, now, offset, head, out_s, time_s, key, item, place, size)
        for node in sweep:
            best = time_s[node]
            for k in range(offset[node], offset[node + 1]):
                best = min(best, time_s[head[k]] + in_s[k])
            time_s[node] = best
        for j in range(wanted.size):
            found = time_s[wanted[j]]
            result[i, j] = found if found <= limit_s else np.inf
        # Only what was written is wiped: the graph is far larger than what one search touches.
        time_s[:n_core] = np.inf
        for node in sweep:
            time_s[node] = np.inf
        for k in range(n_climbed):
            time_s[climbed[k]] = np.inf
        for k in range(size):
            time_s[item[k]] = np.inf
            place[item[k]] = -1
    return result


@njit(cache=True, nogil=True)
def tree(offset, head, out_s, source, wanted):
    """Shortest-way tree of the whole graph from one node until all the wanted ones are reached.

    Returns
    -------
    time_s : ndarray of float64, shape (n,)
        Right for the wanted nodes and all nearer ones, infinite where there is no way.
    by : ndarray of int32, shape (n,)
        Which entry of ``head`` leads to the node on its shortest way; -1 for the source and where there is none.
    """
    n = offset.size - 1
    time_s, by = np.full(n, np.inf), np.full(n, -1, np.int32)
    place, key, item = np.full(n, -1, np.int32), np.empty(n), np.empty(n, np.int32)
    waiting = np.zeros(n, np.bool_)
    left = 0
    for node in wanted:
        left += not waiting[node]
        waiting[node] = True
    time_s[source] = 0.0
    key[0], item[0], place[source], size = 0.0, source, 0, 1
    while size > 0 and left > 0:
        node, now = item[0], key[0]
        place[node] = -1
        size -= 1
        if size > 0:
            sink(key, item, place, key[size], item[size], size)
        left -= waiting[node]
        for k in range(offset[node], offset[node + 1]):
            other, then = head[k], now + out_s[k]
            if then < time_s[other]:
                time_s[other], by[other] = then, k
                slot = place[other]
                if slot < 0:
                    slot = size
                    size += 1
                rise(key, item, place, then, other, slot)
    return time_s, by


@njit(cache=True, nogil=True, inline="always")
def relax(node, now, offset, head, out_s, time_s, key, item, place, size):
    """Tell the neighbours of a settled node; the heap has four children per slot. Returns its new size."""
    for k in range(offset[node], offset[node + 1]):
        other, then = head[k], now + out_s[k]
        if then < time_s[other]:
            time_s[other] = then
            slot = place[other]
            if slot < 0:
                slot = size
                size += 1
            rise(key, item, place, then, other, slot)
    return size


@njit(cache=True, nogil=True, inline="always")
def rise(key, item, place, value, node, slot):
    """Let an entry of the heap rise from `slot` to where it belongs; four children per parent."""
    while slot > 0:
        parent = (slot - 1) >> 2
        if key[parent] <= value:
            break
        key[slot], item[slot] = key[parent], item[parent]
        place[item[slot]] = slot
        slot = parent
    key[slot], item[slot], place[node] = value, node, slot


@njit(cache=True, nogil=True, inline="always")
def sink(key, item, place, value, node, size):
    """Let an entry of the heap sink from its top to where it belongs."""
    slot = 0
    while True:
        child = 4 * slot + 1
        if child >= size:
            break
        least = child
        for other in range(child + 1, min(child + 4, size)):
            if key[other] < key[least]:
                least = other
        if key[least] >= value:
            break
        key[slot], item[slot] = key[least], item[least]
        place[item[slot]] = slot
        slot = least
    key[slot], item[slot], place[node] = value, node, slot
