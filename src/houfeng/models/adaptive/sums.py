"""The inner loops of the adaptive model: rates and their scores over interaction lists.

The lists are those of :mod:`houfeng.models.etas.tree`. What is added to the kernels there: the productivity of a
source depends on four features (its magnitude is one), and the spread of its kernel on two (magnitude, and how far
apart earthquakes were around it).
"""

import numba as nb
import numpy as np

from houfeng.models.adaptive.laws import FEATURES, GROWTHS, Decay, SpaceLaw
from houfeng.models.etas.fastmath import fast_exp, fast_log
from houfeng.models.etas.tree import Block, Forest, T, X, Z, cache_aligned

# columns of the table of entries in time: place, log weight, means of the features
_DAYS, _LOG_WEIGHT, _FEATURE = 0, 1, 2
# and in space, after those six: place, spread, mean growth features, means of spread times growth features
_X, _Y, _Z, _SPREAD, _GROWTH, _SPREAD_GROWTH = 6, 7, 8, 9, 10, 12


def time_table(forest: Forest, days: np.ndarray, log_weight: np.ndarray, features: np.ndarray) -> np.ndarray:
    """One row per event, then one per node, shape (n + nodes, 8)."""
    n, weight = len(days), np.exp(log_weight)
    total = forest.sums(weight)
    table = cache_aligned(n + len(total), 8)
    _fill(table, forest, days, log_weight, features, weight, total)
    return table


def space_table(
    forest: Forest,
    days: np.ndarray,
    xyz_km: np.ndarray,
    log_weight: np.ndarray,
    features: np.ndarray,
    spread_km2: np.ndarray,
    growths: np.ndarray,
) -> np.ndarray:
    """The same with place and spread, shape (n + nodes, 16)."""
    n, weight = len(days), np.exp(log_weight)
    total = forest.sums(weight)
    table = cache_aligned(n + len(total), 16)
    _fill(table, forest, days, log_weight, features, weight, total)
    events, nodes = table[:n], table[n:]
    events[:, _X : _Z + 1], nodes[:, _X : _Z + 1] = xyz_km, forest.nodes[:, X : Z + 1]
    events[:, _SPREAD], nodes[:, _SPREAD] = spread_km2, forest.sums(weight * spread_km2) / total
    for g in range(GROWTHS):
        mean, product = _GROWTH + g, _SPREAD_GROWTH + g
        events[:, mean], nodes[:, mean] = growths[:, g], forest.sums(weight * growths[:, g]) / total
        events[:, product] = spread_km2 * growths[:, g]
        nodes[:, product] = forest.sums(weight * spread_km2 * growths[:, g]) / total
    return table


def _fill(table, forest, days, log_weight, features, weight, total) -> None:
    n = len(days)
    table[:n, _DAYS], table[n:, _DAYS] = days, forest.nodes[:, T]
    table[:n, _LOG_WEIGHT], table[n:, _LOG_WEIGHT] = log_weight, np.log(total)
    for f in range(FEATURES):
        table[:n, _FEATURE + f] = features[:, f]
        table[n:, _FEATURE + f] = forest.sums(weight * features[:, f]) / total


def time_sums(lists: tuple[Block, ...], table: np.ndarray, decay: Decay, days: np.ndarray) -> np.ndarray:
    """Triggered rate per target and its derivatives, shape (m, 1 + FEATURES + 3): rate; features; ln c, omega, ln tau.

    Each derivative is of the rate itself, not of its logarithm.
    """
    out = np.empty((len(days), 4 + FEATURES))
    for block in lists:
        part = block.targets
        _time_sums(block.offsets, block.entries, days[part], table, decay.omega, decay.c, decay.inverse_tau, out[part])
    return out


def space_sums(
    lists: tuple[Block, ...], table: np.ndarray, decay: Decay, law: SpaceLaw, days: np.ndarray, xyz_km: np.ndarray
) -> np.ndarray:
    """The same in space, shape (m, 4 + FEATURES + 2 + GROWTHS): then ln d, growths, and ln b weighted, for ln rho.

    The weights in `table` hold rho D^rho / pi, of which the derivatives by the kernel's parameters count too.
    """
    out = np.empty((len(days), 6 + FEATURES + GROWTHS))
    constants = (decay.omega, decay.c, decay.inverse_tau, law.rho)
    for block in lists:
        part = block.targets
        _space_sums(block.offsets, block.entries, days[part], xyz_km[part], table, *constants, out[part])
    return out


def space_rates(
    lists: tuple[Block, ...], table: np.ndarray, decay: Decay, law: SpaceLaw, days: np.ndarray, xyz_km: np.ndarray
) -> np.ndarray:
    """Triggered rate per target only, shape (m,)."""
    out = np.empty(len(days))
    constants = (decay.omega, decay.c, decay.inverse_tau, law.rho)
    for block in lists:
        part = block.targets
        _space_rates(block.offsets, block.entries, days[part], xyz_km[part], table, *constants, out[part])
    return out


@nb.njit(cache=True, parallel=True, fastmath=True, error_model="numpy")
def _time_sums(offsets, entries, td, table, omega, c, inverse_tau, out):
    p1 = 1 + omega
    for i in nb.prange(len(td)):
        t = td[i]
        total, by_c, by_omega, by_tau, f0, f1, f2, f3 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        for q in range(offsets[i], offsets[i + 1]):
            k = entries[q]
            s = t - table[k, _DAYS]
            log_time = fast_log(s + c)
            w = fast_exp(table[k, _LOG_WEIGHT] - s * inverse_tau - p1 * log_time)
            total += w
            f0 += w * table[k, _FEATURE]
            f1 += w * table[k, _FEATURE + 1]
            f2 += w * table[k, _FEATURE + 2]
            f3 += w * table[k, _FEATURE + 3]
            by_c += w / (s + c)
            by_omega += w * log_time
            by_tau += w * s
        out[i, 0] = total
        out[i, 1], out[i, 2], out[i, 3], out[i, 4] = f0, f1, f2, f3
        out[i, 5], out[i, 6], out[i, 7] = -p1 * c * by_c, -by_omega, inverse_tau * by_tau


@nb.njit(cache=True, parallel=True, fastmath=True, error_model="numpy")
def _space_sums(offsets, entries, td, txyz, table, omega, c, inverse_tau, rho, out):
    p1, p2 = 1 + omega, 1 + rho
    for i in nb.prange(len(td)):
        t, x, y, z = td[i], txyz[i, 0], txyz[i, 1], txyz[i, 2]
        total, by_c, by_omega, by_tau, f0, f1, f2, f3 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        by_d, g0, g1, log_b = 0.0, 0.0, 0.0, 0.0
        for q in range(offsets[i], offsets[i + 1]):
            k = entries[q]
            s = t - table[k, _DAYS]
            dx, dy, dz = x - table[k, _X], y - table[k, _Y], z - table[k, _Z]
            spread = table[k, _SPREAD]
            b = dx * dx + dy * dy + dz * dz + spread
            log_time, log_space = fast_log(s + c), fast_log(b)
            w = fast_exp(table[k, _LOG_WEIGHT] - s * inverse_tau - p1 * log_time - p2 * log_space)
            total += w
            f0 += w * table[k, _FEATURE]
            f1 += w * table[k, _FEATURE + 1]
            f2 += w * table[k, _FEATURE + 2]
            f3 += w * table[k, _FEATURE + 3]
            by_c += w / (s + c)
            by_omega += w * log_time
            by_tau += w * s
            v = p2 * w / b
            by_d += rho * w - v * spread
            g0 += rho * w * table[k, _GROWTH] - v * table[k, _SPREAD_GROWTH]
            g1 += rho * w * table[k, _GROWTH + 1] - v * table[k, _SPREAD_GROWTH + 1]
            log_b += w * (fast_log(spread) - log_space)
        out[i, 0] = total
        out[i, 1], out[i, 2], out[i, 3], out[i, 4] = f0, f1, f2, f3
        out[i, 5], out[i, 6], out[i, 7] = -p1 * c * by_c, -by_omega, inverse_tau * by_tau
        out[i, 8], out[i, 9], out[i, 10], out[i, 11] = by_d, g0, g1, total + rho * log_b


@nb.njit(cache=True, parallel=True, fastmath=True, error_model="numpy")
def _space_rates(offsets, entries, td, txyz, table, omega, c, inverse_tau, rho, out):
    p1, p2 = 1 + omega, 1 + rho
    for i in nb.prange(len(td)):
        t, x, y, z = td[i], txyz[i, 0], txyz[i, 1], txyz[i, 2]
        total = 0.0
        for q in range(offsets[i], offsets[i + 1]):
            k = entries[q]
            s = t - table[k, _DAYS]
            dx, dy, dz = x - table[k, _X], y - table[k, _Y], z - table[k, _Z]
            b = dx * dx + dy * dy + dz * dz + table[k, _SPREAD]
            total += fast_exp(table[k, _LOG_WEIGHT] - s * inverse_tau - p1 * fast_log(s + c) - p2 * fast_log(b))
        out[i] = total
