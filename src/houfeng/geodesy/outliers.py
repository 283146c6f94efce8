"""Outliers of daily series: values far from the running median of their surroundings."""

import numpy as np

from houfeng.errors import InputError
from houfeng.geodesy.positions import Positions

#: Median absolute deviation of normal noise to its standard deviation.
_MAD_TO_SIGMA = 1.4826

#: Scatter below which nothing counts as far, in mm: files are rounded to 0.01 mm.
_LEAST_SPREAD_MM = 0.02


#: So many in a row at the end of a series are taken for a step.
MIN_RUN = 3


def flag_outliers(
    positions: Positions, *, window_days: int = 61, n_sigma: float = 6.0, trailing: bool = False
) -> np.ndarray:
    """Which values lie further than `n_sigma` robust deviations from the running median.

    In the last half window the median cannot follow a step yet: there, three or more in a row on one side are kept.

    Parameters
    ----------
    positions
        Daily positions, gaps allowed.
    window_days
        Length of the window of positions (not of calendar days across gaps). A window holds at least 15.
    n_sigma
        Distance in robust standard deviations (1.4826 times the running median absolute deviation).
    trailing
        Look only at the positions before each one: then flags never change when later data arrive. The first
        days after a step are flagged, since nothing tells a step from an outlier yet.

    Returns
    -------
    ndarray of bool, shape (3, n)
        False where missing. Steps do not count as outliers unless `trailing`: the median follows them.

    Raises
    ------
    InputError
        For a window below 15 or a distance not above 0.
    """
    if window_days < 15 or not n_sigma > 0:
        raise InputError(f"outliers need a window of at least 15 positions and a distance above 0, not {window_days}")
    flagged = np.zeros(positions.displacement_mm.shape, bool)
    for c in positions.present:
        good = np.flatnonzero(np.isfinite(positions.displacement_mm[c]))
        values = positions.displacement_mm[c][good]
        middle, spread = _running(values, window_days, trailing=trailing)
        spread = np.maximum(_MAD_TO_SIGMA * spread, _LEAST_SPREAD_MM)
        away = np.abs(values - middle) > n_sigma * spread
        if not trailing:
            away &= ~_fresh_step(away, values > middle, window_days // 2)
        flagged[c, good] = away
    return flagged


def clean(positions: Positions, *, window_days: int = 61, n_sigma: float = 6.0) -> tuple[Positions, int]:
    """Positions with outliers set to NaN, and how many there were."""
    flagged = flag_outliers(positions, window_days=window_days, n_sigma=n_sigma)
    return positions.without(flagged), int(flagged.sum())


def _fresh_step(away: np.ndarray, above: np.ndarray, n_last: int) -> np.ndarray:
    """Three or more in a row, all above or all below, among the last: a step that the median has not followed yet."""
    kept = np.zeros(len(away), bool)
    first = max(0, len(away) - n_last)
    start = first
    for i in range(first, len(away) + 1):
        if i == len(away) or not away[i] or (i > start and above[i] != above[i - 1]):
            if i - start >= MIN_RUN:
                kept[start:i] = True
            start = i if i < len(away) and away[i] else i + 1
    return kept


def _running(values: np.ndarray, window: int, *, trailing: bool) -> tuple[np.ndarray, np.ndarray]:
    """Running median and median absolute deviation; ends repeat the nearest full window."""
    n = len(values)
    if n < 15:
        return values, np.full(n, np.inf)
    window = min(window, n)
    panes = np.lib.stride_tricks.sliding_window_view(values, window)
    middle = np.median(panes, axis=1)
    spread = np.median(np.abs(panes - middle[:, None]), axis=1)
    at = np.arange(n) - (window if trailing else window // 2)
    inside = np.clip(at, 0, len(panes) - 1)
    if trailing:  # the first window has no past: nothing is judged in it
        return np.where(at >= 0, middle[inside], values), np.where(at >= 0, spread[inside], np.inf)
    return middle[inside], spread[inside]
