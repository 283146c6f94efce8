"""What all stations of a region do together, found by principal components, and taken out of each.

Dong and others (2006, doi:10.1029/2005JB003806): residuals of a network share errors of orbits, frame and the weather.
With gaps the components are found by alternating between filling the gaps from the components and finding components
of the filled matrix. To take the common mode out of a station it is computed *from the other stations alone*: a
component in which a station takes part holds a share of that station's own noise, and removing it makes any scatter
look smaller, even of pure noise.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from houfeng.errors import InputError, NotEnoughDataError
from houfeng.geodesy.trajectory import Trajectory

MIN_STATIONS = 3
_MIN_OVERLAP = 60


@dataclass(frozen=True, eq=False)
class CommonMode:
    """Residuals of a network before and after.

    Attributes
    ----------
    stations : tuple of str
    time : ndarray of datetime64[us], shape (n,)
        Every time at which any station has a residual.
    before_mm, after_mm : ndarray, shape (3, s, n)
        Residuals; NaN where missing. Where too few others are present at a time, after equals before.
    mode_mm : ndarray, shape (3, s, n)
        What was taken out of each station.
    explained : ndarray, shape (3,)
        Share of the variance of all stations, each scaled to one spread, in the first component; NaN without data.
        Every station takes part in it: it describes the network and is not what was taken out.
    """

    stations: tuple[str, ...]
    time: np.ndarray
    before_mm: np.ndarray
    after_mm: np.ndarray
    mode_mm: np.ndarray
    explained: np.ndarray

    def scatter_mm(self, after: bool) -> np.ndarray:
        """Root mean square of each component and station, shape (3, s), over times at which a mode was known."""
        values = np.where(np.isfinite(self.mode_mm), self.after_mm if after else self.before_mm, np.nan)
        counts = np.isfinite(values).sum(axis=2)
        return np.sqrt(np.where(counts > 0, np.nansum(values**2, axis=2) / np.maximum(counts, 1), np.nan))


@dataclass(frozen=True, eq=False)
class Components:
    """Principal components of a matrix with gaps.

    Attributes
    ----------
    scores : ndarray, shape (n, k)
        In the unit of the data; NaN at times without any.
    patterns : ndarray, shape (k, s)
        Of length 1 each.
    explained : ndarray, shape (k,)
        Shares of the variance.
    """

    scores: np.ndarray
    patterns: np.ndarray
    explained: np.ndarray


def principal_components(data: np.ndarray, *, n_components: int = 1, n_iterations: int = 30) -> Components:
    """Principal components of columns, gaps filled from the components themselves.

    Parameters
    ----------
    data : ndarray, shape (n, s)
        Columns of mean near 0; NaN where missing.

    Raises
    ------
    InputError
        When there are as many components as columns, or more.
    """
    missing = np.isnan(data)
    some = ~missing.all(axis=1)
    if not 1 <= n_components <= data.shape[1]:
        raise InputError(f"{n_components} components of {data.shape[1]} stations; there can be 1 to {data.shape[1]}")
    if some.sum() <= n_components:
        raise NotEnoughDataError(f"{some.sum()} times with data for {n_components} components")
    filled = np.where(missing, 0.0, data)[some]
    gaps = missing[some]
    for _ in range(n_iterations if gaps.any() else 1):
        values, vectors = np.linalg.eigh(filled.T @ filled)
        patterns = vectors[:, ::-1][:, :n_components].T
        filled = np.where(gaps, (filled @ patterns.T) @ patterns, filled)
    patterns = patterns * np.where(patterns.sum(axis=1) < 0, -1.0, 1.0)[:, None]
    scores = np.full((len(data), n_components), np.nan)
    scores[some] = filled @ patterns.T
    total = max(float(values.sum()), np.finfo(float).tiny)
    return Components(scores, patterns, values[::-1][:n_components] / total)


def remove_common_mode(trajectories: Sequence[Trajectory], *, n_components: int = 1, robust: float = 5.0) -> CommonMode:
    """Take the common mode out of the residuals of a network, station by station from the others.

    Parameters
    ----------
    trajectories
        Of at least three stations of one region; stations further apart than about 2000 km share little.
    n_components
        Components of the others that are fitted to each station.
    robust
        Residuals beyond this many robust deviations are clipped there while components are sought.

    Raises
    ------
    NotEnoughDataError
        With fewer than three stations.
    """
    if len(trajectories) < MIN_STATIONS:
        raise NotEnoughDataError(
            f"the common mode needs at least {MIN_STATIONS} stations, not {len(trajectories)}: with fewer, what is "
            "common cannot be told from what is a station's own"
        )
    names = tuple(t.station for t in trajectories)
    if len(set(names)) < len(names):
        raise InputError(f"a station is given twice: {', '.join(sorted(names))}")
    time, before = stack_residuals(trajectories)
    mode = np.full_like(before, np.nan)
    explained = np.full(3, np.nan)
    for c in range(3):
        data = before[c].T
        present = np.flatnonzero(np.isfinite(data).sum(axis=0) > 0)
        if len(present) < MIN_STATIONS:
            continue
        clipped = _clipped(data, robust)
        explained[c] = principal_components(clipped[:, present]).explained[0]
        for s in present:
            others = present[present != s]
            mode[c, s] = _from_others(clipped[:, s], clipped[:, others], n_components)
    mode = np.where(np.isfinite(before), mode, np.nan)
    after = before - np.nan_to_num(mode)
    return CommonMode(names, time, before, after, mode, explained)


def stack_residuals(trajectories: Sequence[Trajectory]) -> tuple[np.ndarray, np.ndarray]:
    """All times, shape (n,), and residuals, shape (3, s, n), NaN where missing."""
    time = np.unique(np.concatenate([t.time for t in trajectories]))
    stacked = np.full((3, len(trajectories), len(time)), np.nan)
    for s, trajectory in enumerate(trajectories):
        stacked[:, s, np.searchsorted(time, trajectory.time)] = trajectory.residual_mm
    return time, stacked


def _clipped(data: np.ndarray, robust: float) -> np.ndarray:
    spread = np.array([np.median(np.abs(x[np.isfinite(x)])) if np.isfinite(x).any() else np.nan for x in data.T])
    limit = robust * np.maximum(1.4826 * spread, 1e-6)
    return np.clip(data, -limit, limit)


def _scaled(data: np.ndarray) -> np.ndarray:
    """Columns of one spread each, so that no single noisy station is the component."""
    spread = np.array([np.sqrt(np.nanmean(x**2)) if np.isfinite(x).any() else 1.0 for x in data.T])
    return data / np.maximum(spread, 1e-9)


def _from_others(own: np.ndarray, others: np.ndarray, n_components: int) -> np.ndarray:
    """The components of the others fitted to a station; NaN where fewer than two of the others are present."""
    n_components = min(n_components, others.shape[1])
    scores = principal_components(_scaled(others), n_components=n_components).scores
    scores[np.isfinite(others).sum(axis=1) < 2] = np.nan
    both = np.isfinite(own) & np.isfinite(scores).all(axis=1)
    if both.sum() < _MIN_OVERLAP:
        return np.full(len(own), np.nan)
    response = np.linalg.lstsq(scores[both], own[both], rcond=None)[0]
    return scores @ response
