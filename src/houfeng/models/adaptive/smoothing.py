"""Smooth sums over the past of each earthquake, and nothing but the past.

Everything here is causal: what is said of an event depends on earlier events only, so that a score over a whole
catalogue is made of honest one-step forecasts.
"""

from dataclasses import dataclass

import numba as nb
import numpy as np
from scipy.spatial import cKDTree

from houfeng.models.etas.likelihood import COARSE_ERROR, NODE_ERROR
from houfeng.models.etas.parameters import EtasParameters
from houfeng.models.etas.sums import triggered_rates
from houfeng.models.etas.tree import Forest, T, X, Z, interactions

#: Events of the smallest block of the past that has a search tree.
_BLOCK = 256


def past_neighbour_km(xyz_km: np.ndarray, k: int) -> np.ndarray:
    """Distance from each event to its `k`-th nearest earlier one, shape (n,); infinite for the first k.

    The past of an event is a handful of whole blocks of 256, 512, ... events and the rest of its own block.
    """
    n = len(xyz_km)
    nearest = np.full((n, k), np.inf)
    for first in range(0, n, _BLOCK):
        part = xyz_km[first : first + _BLOCK]
        squared = ((part[:, None] - part[None]) ** 2).sum(axis=2)
        squared[np.triu_indices(len(part))] = np.inf
        own = np.sqrt(np.sort(squared, axis=1)[:, :k])
        nearest[first : first + len(part), : own.shape[1]] = own
    size = _BLOCK
    while size < n:
        for first in range(size, n, 2 * size):
            later = slice(first, first + size)
            found, _ = cKDTree(xyz_km[first - size : first]).query(xyz_km[later], k=k)
            both = np.hstack([nearest[later], found.reshape(len(found), k)])
            nearest[later] = np.sort(both, axis=1)[:, :k]
        size *= 2
    return nearest[:, k - 1]


@nb.njit(cache=True)
def fading_totals(days, weight, rate):
    """Sum of the weights of all earlier events, each faded by e^(-rate dt), shape (n,)."""
    out = np.empty(len(days))
    total, last = 0.0, days[0] if len(days) else 0.0
    for i in range(len(days)):
        total *= np.exp(-rate * (days[i] - last))
        last = days[i]
        out[i] = total
        total += weight[i]
    return out


@dataclass(frozen=True, eq=False)
class FadingKernels:
    """Kernels at past events, strength w e^(-t / tau), shape spread / (pi (r^2 + spread)^2): one over the plane.

    Attributes
    ----------
    days, xyz_km, weight, spread_km2 : ndarray, shapes (n,), (n, 3), (n,), (n,)
        In order of time; weights may be zero.
    tau_days
        Time in which a kernel fades; infinite for never.
    """

    days: np.ndarray
    xyz_km: np.ndarray
    weight: np.ndarray
    spread_km2: np.ndarray
    tau_days: float

    def at(self, days: np.ndarray, xyz_km: np.ndarray, before: np.ndarray, floor: np.ndarray) -> np.ndarray:
        """At points, of the first `before` events, per km^2, shape (m,); good to a small share of it and `floor`."""
        strength = np.maximum(self.weight, 1e-9) * self.spread_km2 / np.pi
        smallest = float(self.spread_km2.min())
        ln_tau = float(np.log(self.tau_days))
        static = EtasParameters(0.0, 0.0, 0.0, 0.0, -1.0, ln_tau, float(np.log(smallest)), 0.0, 0.0)
        growth = self.spread_km2 / smallest
        forest = Forest.over(self.days, self.xyz_km, strength, growth)
        table = self._table(forest, strength, growth)
        xyz_km = np.ascontiguousarray(xyz_km)
        before = before.astype(np.int64)
        sums = np.zeros(len(days))
        for error in (COARSE_ERROR, NODE_ERROR):
            lists = interactions(forest, static, days, xyz_km, before, error * (sums + floor))
            sums = triggered_rates(lists, table, static, days, xyz_km)
        return sums

    def _table(self, forest: Forest, strength: np.ndarray, growth: np.ndarray) -> np.ndarray:
        n, total = len(self.days), forest.sums(strength)
        table = np.zeros((n + len(total), 8))
        table[:n, 0], table[n:, 0] = self.days, forest.nodes[:, T]
        table[:n, 1:4], table[n:, 1:4] = self.xyz_km, forest.nodes[:, X : Z + 1]
        table[:, 4] = np.log(np.concatenate([strength, total]))
        table[:, 6] = np.concatenate([growth, forest.sums(strength * growth) / total])
        return table
