"""The strongest sources of the champion's density in space at each moment, one by one, and the rest of them summed.

Which sources are the strongest depends on the time alone, never on the place where the density is asked for: so their
weights may be changed, in the numerator and in the denominator alike, and the density still integrates to one.
"""

from dataclasses import dataclass

import numba as nb
import numpy as np

from houfeng.models.adaptive import laws
from houfeng.models.adaptive.laws import Decay, SpaceLaw
from houfeng.models.adaptive.likelihood import Points
from houfeng.models.adaptive.past import Past
from houfeng.models.etas.fastmath import fast_exp, fast_log

#: Sources that are looked at one by one.
STRONGEST = 128
#: The other sources are summed by age, split at these days.
AGES_DAYS = (30.0, 365.25, 3652.5)


@dataclass(frozen=True, eq=False)
class SpaceSources:
    """Sources of a density over the plane, as the champion has them.

    Attributes
    ----------
    days, xyz_km, ln_weight, spread_km2 : ndarray, shapes (n,), (n, 3), (n,), (n,)
        When, where, log productivity, and width of the kernel of each.
    decay, rho
        Of the weight with time, and of the kernel with distance.
    """

    days: np.ndarray
    xyz_km: np.ndarray
    ln_weight: np.ndarray
    spread_km2: np.ndarray
    decay: Decay
    rho: float

    @classmethod
    def of(cls, past: Past, space: np.ndarray) -> "SpaceSources":
        """Of the law of places `space` after the earthquakes of `past`; the region has no edge."""
        law, features = SpaceLaw.from_vector(space), space[laws.FIRST_FEATURE : laws.FIRST_FEATURE + laws.FEATURES]
        ln_weight = past.data.log_weight + space[laws.LN_K] + past.features.productivity @ features
        spread = law.spread_km2(past.features.growth)
        return cls(past.data.days, past.data.xyz_km, ln_weight, spread, Decay.from_vector(space), law.rho)


@dataclass(frozen=True, eq=False)
class Strongest:
    """At m moments and places: the strongest sources each for itself, the others in sums.

    Attributes
    ----------
    source : ndarray of int32, shape (m, k)
        Numbers of the sources, strongest first; -1 where there are fewer.
    weight, distance2_km2 : ndarray of float32, shape (m, k)
        Weight in the denominator, and squared distance of the place.
    above, below : ndarray, shape (m, len(AGES_DAYS) + 1)
        Numerator per km^2 and denominator of all other sources, by age.
    """

    source: np.ndarray
    weight: np.ndarray
    distance2_km2: np.ndarray
    above: np.ndarray
    below: np.ndarray


def strongest(sources: SpaceSources, points: Points, k: int = STRONGEST) -> Strongest:
    """The `k` strongest sources of each point."""
    m, d = len(points.days), sources.decay
    source = np.full((m, k), -1, np.int32)
    weight, distance2 = np.zeros((m, k), np.float32), np.zeros((m, k), np.float32)
    rest = np.zeros((m, 2, len(AGES_DAYS) + 1))
    ln_kernel = np.log(sources.rho / np.pi) + sources.rho * np.log(sources.spread_km2)
    law = (d.c, 1.0 + d.omega, d.inverse_tau, 1.0 + sources.rho)
    places = np.ascontiguousarray(sources.xyz_km[:, :2]), np.ascontiguousarray(sources.xyz_km[:, 2])
    table = np.column_stack([sources.days, *places[0].T, places[1], sources.ln_weight, ln_kernel, sources.spread_km2])
    ages = np.array(AGES_DAYS)
    _strongest(table, points.days, points.xyz_km, points.before, law, ages, source, weight, distance2, rest)
    return Strongest(source, weight, distance2, rest[:, 0], rest[:, 1])


@nb.njit(cache=True, error_model="numpy")
def _strongest(table, days, xyz, before, law, ages, source, weight, distance2, rest):
    c, p, inverse_tau, q = law
    k = source.shape[1]
    now = np.empty(len(table))
    heap = np.empty(k)
    for i in range(len(days)):
        n, size = before[i], 0
        for j in range(n - 1, -1, -1):
            s = days[i] - table[j, 0]
            now[j] = table[j, 4] - s * inverse_tau - p * fast_log(s + c)
            if size < k:
                _put(heap, size, now[j])
                size += 1
            elif now[j] > heap[0]:
                _replace(heap, now[j])
        least = heap[0] if n > k else -np.inf
        found, age = 0, 0
        for j in range(n - 1, -1, -1):
            if now[j] >= least and found < k:
                source[i, found] = j
                found += 1
                continue
            while age < len(ages) and days[i] - table[j, 0] > ages[age]:
                age += 1
            b = table[j, 6]
            for a in range(3):
                b += (xyz[i, a] - table[j, 1 + a]) ** 2
            rest[i, 0, age] += fast_exp(now[j] + table[j, 5] - q * fast_log(b))
            rest[i, 1, age] += fast_exp(now[j])
        order = np.argsort(-now[source[i, :found]])
        source[i, :found] = source[i, :found][order]
        for r in range(found):
            j = source[i, r]
            weight[i, r] = np.exp(now[j])
            b = 0.0
            for a in range(3):
                b += (xyz[i, a] - table[j, 1 + a]) ** 2
            distance2[i, r] = b


@nb.njit(cache=True)
def _put(heap, size, value):
    """Add to a heap whose smallest is first."""
    at = size
    while at > 0 and heap[(at - 1) // 2] > value:
        heap[at] = heap[(at - 1) // 2]
        at = (at - 1) // 2
    heap[at] = value


@nb.njit(cache=True)
def _replace(heap, value):
    """Take the smallest out and put `value` in."""
    at, size = 0, len(heap)
    while 2 * at + 1 < size:
        child = 2 * at + 1
        if child + 1 < size and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= value:
            break
        heap[at] = heap[child]
        at = child
    heap[at] = value
