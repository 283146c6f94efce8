"""Gravity in time at one place: tide, air pressure, drift and steps, fitted together.

No model of the solid Earth's tide is used (the one free package that computes it carries a copyleft licence and needs
a Fortran compiler): the response to each group of tidal waves is fitted instead, see :mod:`houfeng.geodesy.tides`.
Air pressure enters by one factor, about -0.3 microgal per hPa (Warburton & Goodkind 1977,
Geophys. J. R. Astr. Soc. 48, 281). Weights and intervals know white noise, flicker noise and a random walk.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from houfeng.errors import InputError, NotEnoughDataError
from houfeng.geodesy.noise import Noise, NoiseWeights, fit_noise
from houfeng.geodesy.positions import days_between
from houfeng.geodesy.tides import groups_for, tide_columns
from houfeng.times import to_datetime64
from houfeng.values import Estimate

_Z95 = 1.959964


@dataclass(frozen=True, eq=False)
class GravitySeries:
    """Gravity at one place on a regular grid of times with gaps.

    Attributes
    ----------
    station : str
    time : ndarray of datetime64[us], UTC, shape (n,)
        Increasing, whole multiples of the smallest distance apart.
    gravity_ugal : ndarray, shape (n,)
        Microgal (1e-8 m/s^2) from any constant; NaN where missing.
    pressure_hpa : ndarray, shape (n,)
        Air pressure; NaN where missing: those samples are left out of the fit, unless all are.
    simulated : bool
    """

    station: str
    time: np.ndarray
    gravity_ugal: np.ndarray
    pressure_hpa: np.ndarray
    simulated: bool = False

    def __post_init__(self) -> None:
        n = len(self.time)
        if self.gravity_ugal.shape != (n,) or self.pressure_hpa.shape != (n,):
            raise InputError(f"gravity of {self.station}: {n} times need {n} values of gravity and pressure")
        if n < 2 or not (np.diff(self.time) > np.timedelta64(0, "us")).all():
            raise InputError(f"gravity of {self.station}: at least two times are needed, and they must increase")
        steps = np.diff(self.time) / np.diff(self.time).min()
        if np.abs(steps - np.rint(steps)).max() > 0.01:
            raise InputError(f"gravity of {self.station}: times must lie on a regular grid; resample them first")

    @property
    def interval(self) -> np.timedelta64:
        """Distance of the grid."""
        return np.diff(self.time).min()

    def as_of(self, moment: datetime) -> "GravitySeries":
        """Samples up to `moment`."""
        keep = self.time <= to_datetime64(moment)
        return GravitySeries(
            self.station, self.time[keep], self.gravity_ugal[keep], self.pressure_hpa[keep], self.simulated
        )


@dataclass(frozen=True, eq=False)
class GravityAnalysis:
    """What a gravity series is made of.

    Attributes
    ----------
    station : str
    tides : dict
        By group of waves: size in microgal of its largest wave and delay in degrees behind the equilibrium tide
        (diurnal and semidiurnal waves of gravity may stand 90 or 180 degrees off by convention).
    waves : dict
        By group, the waves in it that the record does not separate.
    pressure_ugal_per_hpa : Estimate or None
        None where no pressure was given.
    drift : str
        polynomial or exponential.
    steps : tuple of (datetime, Estimate)
        Size of each step in microgal.
    noise : Noise
        Per sample.
    time : ndarray, shape (n,)
    tide_ugal, pressure_effect_ugal, drift_ugal, residual_ugal : ndarray, shape (n,)
        Parts; they and the steps add up to the series. Residual NaN where missing.
    simulated : bool
    """

    station: str
    tides: dict[str, tuple[float, float]]
    waves: dict[str, tuple[str, ...]]
    pressure_ugal_per_hpa: Estimate | None
    drift: str
    steps: tuple[tuple[datetime, Estimate], ...]
    noise: Noise
    time: np.ndarray
    tide_ugal: np.ndarray
    pressure_effect_ugal: np.ndarray
    drift_ugal: np.ndarray
    residual_ugal: np.ndarray
    simulated: bool


def analyse_gravity(
    series: GravitySeries, *, steps: Sequence[datetime] = (), drift: str = "polynomial", degree: int = 1
) -> GravityAnalysis:
    """Take a gravity series apart.

    Parameters
    ----------
    steps
        Times at which gravity may have jumped (aware).
    drift
        polynomial of `degree`, or exponential (a decay and a line; its time is searched).

    Raises
    ------
    NotEnoughDataError
        For a record shorter than 2 days, with fewer samples than three times what is fitted, or a step with fewer
        than 5 samples on a side.
    InputError
        For a drift of another name or a degree outside 0 to 5.
    """
    if drift not in ("polynomial", "exponential") or not 0 <= degree <= 5:
        raise InputError(f"drift is polynomial of degree 0 to 5 or exponential, not '{drift}' of degree {degree}")
    design = _Design.of(series, steps, drift, degree)
    good = np.isfinite(series.gravity_ugal) & np.isfinite(design.pressure)
    design.check(series, good)
    y = series.gravity_ugal[good]
    columns = design.columns(design.best_decay(y, good))
    first = np.linalg.lstsq(columns[good], y, rcond=None)[0]
    at = np.rint((series.time - series.time[0]) / series.interval).astype(int)
    grid = np.full(at[-1] + 1, np.nan)
    grid[at[good]] = y - columns[good] @ first
    noise = fit_noise(grid, with_walk=True)
    value, covariance = _generalised(NoiseWeights(noise, at[good], np.ones(good.sum())), columns[good], y)
    return design.taken_apart(series, columns, value, covariance, noise, drift)


def _generalised(weights: NoiseWeights, design: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    norm = np.linalg.norm(design, axis=0)
    scaled = design / norm
    solved = weights.solve(scaled, max_iterations=1000)
    covariance = np.linalg.inv(scaled.T @ solved)
    return covariance @ (solved.T @ y) / norm, covariance / np.outer(norm, norm)


@dataclass(frozen=True, eq=False)
class _Design:
    """Columns of the fit, in blocks: constant and drift, tide, pressure, steps."""

    days: np.ndarray
    degree: int
    exponential: bool
    groups: tuple
    tide: np.ndarray
    pressure: np.ndarray
    has_pressure: bool
    jumps: np.ndarray
    step_times: tuple[datetime, ...]

    @classmethod
    def of(cls, series: GravitySeries, steps: Sequence[datetime], drift: str, degree: int) -> "_Design":
        days = days_between(series.time[0], series.time)
        groups = groups_for(float(days[-1]))
        has_pressure = bool(np.isfinite(series.pressure_hpa).any())
        pressure = series.pressure_hpa - np.nanmean(series.pressure_hpa) if has_pressure else np.zeros(len(series.time))
        moments = tuple(sorted(steps))
        jumps = np.array([series.time >= to_datetime64(moment) for moment in moments], float).reshape(
            len(moments), len(series.time)
        )
        return cls(days, degree, drift == "exponential", groups, tide_columns(groups, series.time), pressure,
                   has_pressure, jumps.T, moments)  # fmt: skip

    def check(self, series: GravitySeries, good: np.ndarray) -> None:
        """Refuse what cannot be fitted."""
        p = self.columns(1.0).shape[1]
        if good.sum() < 3 * p:
            raise NotEnoughDataError(
                f"gravity of {series.station}: {good.sum()} samples for {p} coefficients; {3 * p} are needed"
            )
        for moment, jump in zip(self.step_times, self.jumps[good].T, strict=True):
            if min(jump.sum(), len(jump) - jump.sum()) < 5:
                raise NotEnoughDataError(
                    f"gravity of {series.station}: fewer than 5 samples before or after the step at {moment}"
                )

    def columns(self, decay_days: float) -> np.ndarray:
        """All columns, shape (n, p)."""
        scaled = self.days / max(self.days[-1], 1.0)
        degree = 1 if self.exponential else self.degree
        blocks = [np.stack([scaled**k for k in range(degree + 1)], axis=1)]
        if self.exponential:
            blocks.append(np.exp(-self.days / decay_days)[:, None])
        blocks += [self.tide] + ([self.pressure[:, None]] if self.has_pressure else []) + [self.jumps]
        return np.concatenate(blocks, axis=1)

    def best_decay(self, y: np.ndarray, good: np.ndarray) -> float:
        """Decay time of the exponential drift, in days."""
        if not self.exponential:
            return 1.0
        tried = np.geomspace(0.05, 0.7, 10) * self.days[-1]
        misfit = []
        for decay in tried:
            columns = self.columns(decay)[good]
            misfit.append(float(np.sum((y - columns @ np.linalg.lstsq(columns, y, rcond=None)[0]) ** 2)))
        return float(tried[int(np.argmin(misfit))])

    def taken_apart(self, series, columns, value, covariance, noise, drift) -> GravityAnalysis:
        """Parts of the series from the coefficients."""
        n_drift = 3 if self.exponential else self.degree + 1
        n_tide = self.tide.shape[1]
        tide = slice(n_drift, n_drift + n_tide)
        sigma = np.sqrt(np.diag(covariance))
        pairs = value[tide].reshape(-1, 2)
        at = n_drift + n_tide
        factor = _estimate(value[at], sigma[at]) if self.has_pressure else None
        first = at + int(self.has_pressure)
        return GravityAnalysis(
            station=series.station,
            tides={
                g.name: (float(np.hypot(*pair)), float(np.degrees(np.arctan2(pair[1], pair[0]))))
                for g, pair in zip(self.groups, pairs, strict=True)
            },
            waves={g.name: g.waves for g in self.groups},
            pressure_ugal_per_hpa=factor,
            drift=drift,
            steps=tuple(
                (moment, _estimate(value[first + i], sigma[first + i])) for i, moment in enumerate(self.step_times)
            ),
            noise=noise,
            time=series.time,
            tide_ugal=columns[:, tide] @ value[tide],
            pressure_effect_ugal=self.pressure * (value[at] if self.has_pressure else 0.0),
            drift_ugal=columns[:, :n_drift] @ value[:n_drift],
            residual_ugal=series.gravity_ugal - np.where(np.isfinite(self.pressure), columns @ value, np.nan),
            simulated=series.simulated,
        )


def _estimate(value: float, sigma: float) -> Estimate:
    return Estimate(float(value), float(value - _Z95 * sigma), float(value + _Z95 * sigma), 0.95)
