"""The compiled loop of :mod:`houfeng.shaking.simulation`: from a grid to places."""

import numpy as np
from numba import njit


@njit(cache=True, fastmath=True)
def interpolate(
    field: np.ndarray,
    part: int,
    columns: int,
    node: np.ndarray,
    right: np.ndarray,
    up: np.ndarray,
    own: np.ndarray,
    noise: np.ndarray,
    out: np.ndarray,
) -> None:
    """Write bilinear values of k fields at the places, with the part of their own, into `out`.

    Parameters
    ----------
    field : ndarray of float32, shape (k, nodes, 2)
        Two independent fields side by side; `part` says which.
    node : ndarray of int32, shape (n,)
        Lower left node of each place; `right` and `up` are the fractions of a step beyond it.
    own : ndarray of float32, shape (n, k, k)
        Lower factor of the covariance of each place's own part; `noise`, shape (k, n), drives it.
    out : ndarray of float32, shape (k, n)
    """
    measures = field.shape[0]
    for s in range(node.shape[0]):
        first = node[s]
        above = first + columns
        a, b = right[s], up[s]
        for m in range(measures):
            low = field[m, first, part] + a * (field[m, first + 1, part] - field[m, first, part])
            high = field[m, above, part] + a * (field[m, above + 1, part] - field[m, above, part])
            value = low + b * (high - low)
            for j in range(m + 1):
                value += own[s, m, j] * noise[j, s]
            out[m, s] = value
