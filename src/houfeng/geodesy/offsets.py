"""Steps that nobody announced: when a station jumped, by how much, with few false alarms.

At every day the step that fits best in a window around it is estimated with the weights of generalised least squares
under the station's own white and flicker noise, beside a constant and a slope of the window. The squares of its size
over its standard deviation, added over the components, follow a chi-square law where nothing happened; a series of n
days with a chance of at most `false_alarm` of a false step anywhere needs each day to pass at `false_alarm` / n
(Bonferroni). Real series wander more than flicker noise does: the statistic is divided by its own robust spread, and
still false steps remain (measured in docs/concepts/geodesy.md); Gazeaux and others 2013, doi:10.1002/jgrb.50152,
show that no method is free of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from houfeng.errors import InputError
from houfeng.geodesy.noise import Noise
from houfeng.geodesy.positions import Positions
from houfeng.geodesy.regressors import Step
from houfeng.geodesy.trajectory import Trajectory, TrajectoryModel, fit_trajectory, grid_of
from houfeng.times import from_datetime64, to_datetime64
from houfeng.values import Estimate

_BURN_IN = 400
_Z95 = 1.959964
_CHI2_95 = 3.841459
#: Gaps up to this are bridged by a straight line; longer ones part the series.
MAX_BRIDGED_DAYS = 10


@dataclass(frozen=True, slots=True)
class Offset:
    """One step found.

    Attributes
    ----------
    station : str
    time, earliest, latest : datetime
        Midnight (UTC) before the first day that shows it, and the 95 % interval of that.
    size_mm : tuple of Estimate or None
        East, north, up, from the window around it alone; the days right before and after it, which may hold a part
        of it, are left out. None without data.
    score : float
        Squared size over variance, summed over the components.
    false_alarm : float
        Upper bound of the chance of such a score anywhere in the series if nothing happened.
    """

    station: str
    time: datetime
    earliest: datetime
    latest: datetime
    size_mm: tuple[Estimate | None, ...]
    score: float
    false_alarm: float


def detect_offsets(
    positions: Positions,
    model: TrajectoryModel | None = None,
    *,
    false_alarm: float = 0.01,
    window_days: int = 60,
    min_after: int = 3,
    max_offsets: int = 30,
) -> tuple[Offset, ...]:
    """Find steps that `model` does not hold.

    Parameters
    ----------
    positions
        Cleaned of outliers; cut with :meth:`Positions.as_of` to know what could be found at a time.
    model
        What is known already; by default trend and seasons.
    false_alarm
        Chance of one or more false steps in the series, under white and flicker noise.
    window_days
        Days used on either side.
    min_after
        Days needed on either side; as many days after a step it can be found first.
    max_offsets
        The search ends there.

    Returns
    -------
    tuple of Offset, by time

    Raises
    ------
    NotEnoughDataError
        When there are too few positions for the model.
    """
    from scipy.special import chdtri

    if not (0 < false_alarm < 1 and window_days >= 10 and 3 <= min_after <= window_days):
        raise InputError("false_alarm lies between 0 and 1, window_days is at least 10, min_after 3 to window_days")
    model = model or TrajectoryModel()
    known = model.steps
    n_dof = len(positions.present)
    threshold = float(chdtri(n_dof, false_alarm / max(len(positions), 1)))
    found: list[np.datetime64] = []
    while True:
        steps = tuple(Step(from_datetime64(t), "", "unknown") for t in found)
        trajectory = fit_trajectory(positions, replace(model, steps=(*known, *steps)))
        scan = Scan.of(trajectory, window_days=window_days, min_after=min_after)
        new = [t for t in scan.peaks(threshold) if not _near(t, found)]
        if not new or len(found) >= max_offsets:
            break
        found = sorted((*found, *new[: max_offsets - len(found)]))
    offsets = []
    for moment in found:
        alone = _with_step(trajectory, moment)
        scan = Scan.of(alone, window_days=window_days, min_after=min_after)
        offset = _offset(alone, scan, moment, window_days=window_days, n_dof=n_dof)
        if offset.score > threshold:
            offsets.append(offset)
    return tuple(offsets)


def _with_step(trajectory: Trajectory, moment: np.datetime64) -> Trajectory:
    """The trajectory with the step at `moment` left in its residuals, to be measured by its surroundings alone."""
    for number, group in enumerate(trajectory.regressors.steps):
        if to_datetime64(group.last) == moment:
            column = trajectory.names.index(f"step {number}")
            shape = trajectory.regressors.design(trajectory.time)[:, column]
            size = trajectory.coefficients[:, column, None]
            return replace(trajectory, residual_mm=trajectory.residual_mm + size * shape)
    return trajectory


def _near(moment: np.datetime64, found: Sequence[np.datetime64], days: int = 3) -> bool:
    return any(abs(moment - other) <= np.timedelta64(days, "D") for other in found)


@dataclass(frozen=True, eq=False)
class Scan:
    """The best step at every midnight of the span of a series.

    Attributes
    ----------
    midnight : ndarray of datetime64[us], shape (m,)
        Of every day from the first position to the last.
    size_mm, sigma_mm : ndarray, shape (3, m)
        Step at that midnight and its standard deviation; NaN where it cannot be told.
    score : ndarray, shape (m,)
        NaN where no component tells.
    inflation : ndarray, shape (3,)
        How much wider the statistic spreads than white and flicker noise explains; at least 1, and already in
        `sigma_mm`.
    """

    midnight: np.ndarray
    size_mm: np.ndarray
    sigma_mm: np.ndarray
    score: np.ndarray
    inflation: np.ndarray

    @classmethod
    def of(cls, trajectory: Trajectory, *, window_days: int, min_after: int) -> "Scan":
        """Scan the residuals of a trajectory."""
        at = grid_of(trajectory.time)
        length = int(at[-1]) + 1
        size, sigma, inflation = np.full((3, length), np.nan), np.full((3, length), np.nan), np.ones(3)
        for c, noise in enumerate(trajectory.noise):
            if noise is None:
                continue
            grid = np.full(length, np.nan)
            grid[at] = trajectory.residual_mm[c]
            size[c], sigma[c] = _scan(_bridged(grid), noise, window_days, min_after)
            ratio = np.abs(size[c] / sigma[c])
            if np.isfinite(ratio).any():
                inflation[c] = max(1.0, float(np.nanmedian(ratio)) / 0.674490)
                sigma[c] *= inflation[c]
        squares = (size / sigma) ** 2
        score = np.where(np.isfinite(squares).any(axis=0), np.nansum(squares, axis=0), np.nan)
        first = trajectory.time[0].astype("datetime64[D]").astype("datetime64[us]")
        return cls(first + np.arange(length) * np.timedelta64(1, "D"), size, sigma, score, inflation)

    def peaks(self, threshold: float, apart_days: int = 20) -> list[np.datetime64]:
        """Midnights of scores above `threshold` that are the highest within `apart_days`, the highest first."""
        score = np.nan_to_num(self.score, nan=0.0)
        chosen: list[int] = []
        for i in np.argsort(-score):
            if score[i] <= threshold:
                break
            low, high = max(0, i - apart_days), i + apart_days + 1
            if score[i] >= score[low:high].max() and all(abs(i - j) > apart_days for j in chosen):
                chosen.append(int(i))
        return [self.midnight[i] for i in chosen]


def _offset(
    trajectory: Trajectory, scan: Scan, moment: np.datetime64, *, window_days: int, n_dof: int, days: int = 3
) -> Offset:
    """The best step within some days of `moment`, with the interval of its day and its sizes."""
    from scipy.special import chdtrc

    score = np.nan_to_num(scan.score, nan=0.0)
    centre = int((moment - scan.midnight[0]) / np.timedelta64(1, "D"))
    low = max(0, centre - days)
    best = low + int(np.argmax(score[low : centre + days + 1]))
    first = last = best
    while first > 0 and score[first - 1] > score[best] - _CHI2_95:
        first -= 1
    while last < len(score) - 1 and score[last + 1] > score[best] - _CHI2_95:
        last += 1
    if last == np.flatnonzero(score)[-1]:  # so near the end of the data a later day could not be tried
        last = len(score) - 1
    at = grid_of(trajectory.time)
    sizes = tuple(
        None if noise is None else _measured(at - best, trajectory.residual_mm[c], noise, window_days, inflation)
        for c, (noise, inflation) in enumerate(zip(trajectory.noise, scan.inflation, strict=True))
    )
    return Offset(
        station=trajectory.station,
        time=from_datetime64(scan.midnight[best]),
        earliest=from_datetime64(scan.midnight[first]),
        latest=from_datetime64(scan.midnight[last]),
        size_mm=sizes,
        score=float(score[best]),
        false_alarm=min(1.0, len(score) * float(chdtrc(n_dof, score[best]))),
    )


def _measured(day: np.ndarray, values: np.ndarray, noise: Noise, window: int, inflation: float) -> Estimate | None:
    """Size of the step before day 0, the days on either side of it left out: they may hold only a part of it."""
    used = np.isfinite(values) & (np.abs(day + 0.5) <= window) & (day != -1) & (day != 0)
    if min((used & (day < 0)).sum(), (used & (day > 0)).sum()) < 2:
        return None
    day, values = day[used], values[used]
    row = day - day[0]
    covariance = noise.covariance(int(row[-1]) + 1, burn_in=_BURN_IN)[np.ix_(row, row)]
    design = np.stack([np.ones(len(day)), day / window, (day > 0).astype(float)], axis=1)
    solved = np.linalg.solve(covariance, design)
    inverse = np.linalg.inv(design.T @ solved)
    value, half = float(inverse[2] @ (solved.T @ values)), _Z95 * inflation * float(np.sqrt(inverse[2, 2]))
    return Estimate(value, value - half, value + half, 0.95)


def _bridged(grid: np.ndarray) -> np.ndarray:
    """Gaps up to ten days filled by a straight line."""
    good = np.flatnonzero(np.isfinite(grid))
    bridged = grid.copy()
    if len(good) < 2:
        return bridged
    missing = np.arange(len(grid))
    place = np.searchsorted(good, missing)
    inside = (place > 0) & (place < len(good)) & np.isnan(grid)
    width = np.where(inside, good[np.clip(place, 0, len(good) - 1)] - good[np.clip(place - 1, 0, None)] - 1, 0)
    fill = inside & (width <= MAX_BRIDGED_DAYS)
    bridged[fill] = np.interp(missing[fill], good, grid[good])
    return bridged


def _scan(grid: np.ndarray, noise: Noise, window: int, least: int) -> tuple[np.ndarray, np.ndarray]:
    """Size and deviation of the step before each day of one component."""
    size, sigma = np.full(len(grid), np.nan), np.full(len(grid), np.nan)
    root = np.linalg.cholesky(noise.covariance(2 * window, burn_in=_BURN_IN))
    weights: dict[tuple[int, int], tuple[np.ndarray, float]] = {}
    edges = np.flatnonzero(np.diff(np.concatenate([[0], np.isfinite(grid).astype(int), [0]])))
    for start, end in edges.reshape(-1, 2):
        for i in range(start + least, min(start + window, end - least + 1)):
            _put(grid, i, (start, end), root, window, weights, size, sigma)
        full = np.arange(start + window, end - window + 1)
        if len(full):
            w, deviation = _weights(root, window, window, weights)
            panes = np.lib.stride_tricks.sliding_window_view(grid[start:end], 2 * window)
            size[full], sigma[full] = panes @ w, deviation
        for i in range(max(start + window, end - window + 1), end - least + 1):
            _put(grid, i, (start, end), root, window, weights, size, sigma)
    return size, sigma


def _put(grid, i, segment, root, window, weights, size, sigma) -> None:
    """Estimate one day near the end of a segment, with the days there are."""
    before, after = min(window, i - segment[0]), min(window, segment[1] - i)
    w, sigma[i] = _weights(root, before, after, weights)
    size[i] = grid[i - before : i + after] @ w


def _weights(root, before: int, after: int, known: dict) -> tuple[np.ndarray, float]:
    """Weights of the days for the size of a step, and its standard deviation; `root` is the Cholesky factor."""
    from scipy.linalg import solve_triangular

    if (before, after) not in known:
        n = before + after
        day = np.arange(n) - before
        design = np.stack([np.ones(n), day / n, (day >= 0).astype(float)], axis=1)
        # The first rows of the Cholesky factor are the factor of the first rows.
        half = solve_triangular(root[:n, :n], design, lower=True)
        inverse = np.linalg.inv(half.T @ half)
        weight = solve_triangular(root[:n, :n], half @ inverse[2], lower=True, trans="T")
        known[before, after] = (weight, float(np.sqrt(inverse[2, 2])))
    return known[before, after]
