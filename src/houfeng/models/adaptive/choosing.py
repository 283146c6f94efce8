"""Which source comes next: composition and rejection over sources grouped by age, and a heap of waiting events.

Octave k holds the sources that are c (2^k - 1) to c (2^(k+1) - 1) days old. Within an octave a decay falls by a
small factor, so that its value at the younger end bounds it well. Sources are in order of time: an octave is a
stretch of them, its productivity a difference of running sums.
"""

import math
from typing import NamedTuple

import numba as nb
import numpy as np

#: Groups of sources by age.
OCTAVES = 40
#: Where a tapered decay has run out altogether.
SMALLEST = 1e-300


class Octaves(NamedTuple):
    """For each octave the age at which it begins, days, and the largest decay in it; shapes (OCTAVES,)."""

    age: np.ndarray
    bound: np.ndarray


@nb.njit(cache=True, nogil=True)
def octaves_of(places):
    """The octaves of a law of places; a bound is never zero, since it is divided by."""
    age, bound = np.empty(OCTAVES), np.empty(OCTAVES)
    for k in range(OCTAVES):
        age[k] = places.c_days * (2.0**k - 1.0)
        decay = math.exp(-age[k] * places.inverse_tau - places.exponent * math.log(age[k] + places.c_days))
        bound[k] = max(decay, SMALLEST)
    return Octaves(age, bound)


@nb.njit(cache=True, nogil=True)
def advance(reached, days, n, day, octaves):
    """How many of the first `n` sources are at least as old as each octave begins: they only become more."""
    for k in range(OCTAVES):
        youngest = day - octaves.age[k]
        low, high = reached[k], n
        if low < high and days[low] <= youngest:
            while low < high:
                middle = (low + high) // 2
                if days[middle] <= youngest:
                    low = middle + 1
                else:
                    high = middle
            reached[k] = low
        if reached[k] == 0:
            for later in range(k, OCTAVES):
                reached[later] = 0
            return


@nb.njit(cache=True, nogil=True)
def bounds(summed, reached, n, octaves):
    """Sum of productivity times the bound of the decay, over the first `n` sources."""
    total = 0.0
    for k in range(OCTAVES):
        if reached[k] == 0:
            break
        older = reached[k + 1] if k + 1 < OCTAVES else 0
        total += (summed[reached[k]] - summed[older]) * octaves.bound[k]
    return total


@nb.njit(cache=True, nogil=True)
def member(summed, reached, n, octaves, u):
    """The source at `u` of that sum."""
    for k in range(OCTAVES):
        older = reached[k + 1] if k + 1 < OCTAVES else 0
        bound = octaves.bound[k]
        part = (summed[reached[k]] - summed[older]) * bound
        if u < part or older == 0:
            at = summed[older] + min(max(u / bound, 0.0), summed[reached[k]] - summed[older])
            low, high = older, reached[k]
            while high - low > 1:
                middle = (low + high) // 2
                if summed[middle] <= at:
                    low = middle
                else:
                    high = middle
            return low
        u -= part
    return 0


@nb.njit(cache=True, nogil=True)
def kept(age, places, octaves):
    """Decay at `age` over the bound of its octave."""
    k = min(int(math.log2(age / places.c_days + 1.0)), OCTAVES - 1)
    decay = math.exp(-age * places.inverse_tau - places.exponent * math.log(age + places.c_days))
    return decay / octaves.bound[k]


@nb.njit(cache=True, nogil=True)
def push(queue, waiting, day, from_past):
    """Put an event into the heap of those that wait."""
    if waiting == len(queue):
        larger = np.empty((2 * waiting, 2))
        larger[:waiting] = queue
        queue = larger
    at = waiting
    while at > 0 and queue[(at - 1) // 2, 0] > day:
        queue[at, 0], queue[at, 1] = queue[(at - 1) // 2, 0], queue[(at - 1) // 2, 1]
        at = (at - 1) // 2
    queue[at, 0], queue[at, 1] = day, from_past
    return queue, waiting + 1


@nb.njit(cache=True, nogil=True)
def pop(queue, waiting):
    """Take the earliest out of the heap."""
    waiting -= 1
    day, from_past = queue[waiting, 0], queue[waiting, 1]
    at = 0
    while 2 * at + 1 < waiting:
        child = 2 * at + 1
        if child + 1 < waiting and queue[child + 1, 0] < queue[child, 0]:
            child += 1
        if queue[child, 0] >= day:
            break
        queue[at, 0], queue[at, 1] = queue[child, 0], queue[child, 1]
        at = child
    queue[at, 0], queue[at, 1] = day, from_past
    return waiting
