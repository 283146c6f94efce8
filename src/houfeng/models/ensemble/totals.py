"""From equally likely totals to the chance of every number, so that numbers can be pooled."""

import numpy as np

#: A bin of the smoothed law is closed when it holds so many samples, or grows by this share of its number.
FULL, WIDTH = 50, 0.05
#: Mean of the thin tail that reaches every number, over that of the samples and one.
TAIL = 5.0


def log_count_law(samples: np.ndarray, size: int) -> np.ndarray:
    """Log of the chance of each number of earthquakes from 0 to ``size - 1``.

    Numbers that came often keep their share; where samples are sparse, neighbouring numbers share theirs, over at
    most 5 % of the number. What one more sample would weigh goes to a tail that falls like the third power: nothing
    is impossible, and no member surer than its samples.

    Parameters
    ----------
    samples : ndarray of int, shape (n,)
        Equally likely totals, all below `size`.

    Returns
    -------
    ndarray, shape (size,)
        Normalised over the numbers below `size`.
    """
    values, counts = np.unique(samples, return_counts=True)
    chance = np.zeros(size)
    first = 0
    while first < len(values):
        low = int(values[first])
        limit = max(low + 1, int(np.ceil(low * (1 + WIDTH))))
        last = int(np.searchsorted(values, limit))
        held = np.cumsum(counts[first:last])
        last = first + min(int(np.searchsorted(held, FULL)) + 1, last - first)
        high = min(int(values[last]) if last < len(values) else limit, limit, size)
        chance[low:high] = counts[first:last].sum() / (high - low)
        first = last
    tail = (1.0 + np.arange(size) / (TAIL * (float(np.mean(samples)) + 1.0))) ** -3.0
    chance = (chance + tail / tail.sum()) / (len(samples) + 1.0)
    return np.log(chance / chance.sum())


def draw_totals(rng: np.random.Generator, log_law: np.ndarray, size: int) -> np.ndarray:
    """Draw numbers of earthquakes, independent of each other; shape (size,)."""
    return _quantiles(log_law, rng.random(size))


def spread_totals(log_law: np.ndarray, size: int) -> np.ndarray:
    """Numbers of earthquakes at `size` evenly spaced quantiles, ascending; shape (size,)."""
    return _quantiles(log_law, (np.arange(size) + 0.5) / size)


def _quantiles(log_law: np.ndarray, levels: np.ndarray) -> np.ndarray:
    reached = np.cumsum(np.exp(log_law))
    return np.searchsorted(reached / reached[-1], levels, side="right").astype(np.int64)
