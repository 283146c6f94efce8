"""How a station moves: trend, seasons, steps and decay after earthquakes, fitted together.

The model is that of Bevis & Brown (2014, doi:10.1007/s00190-013-0685-5). Coefficients come from generalised least
squares under white and flicker noise (see :mod:`houfeng.geodesy.noise`), whose amplitudes are estimated from the
residuals of a robust first fit; so intervals know that days are not independent. They do not know the uncertainty of
the amplitudes themselves.
"""

from dataclasses import dataclass, replace

import numpy as np

from houfeng.errors import InputError, NotEnoughDataError
from houfeng.geodesy.noise import Noise, NoiseWeights, fit_noise
from houfeng.geodesy.positions import Positions, days_between
from houfeng.geodesy.regressors import Decay, Regressors, Step, group_steps
from houfeng.values import Estimate

__all__ = ["Decay", "Step", "Trajectory", "TrajectoryModel", "fit_trajectory"]

_HUBER = 1.345
_Z95 = 1.959964
#: Decay times tried, in days.
TAUS_DAYS = np.geomspace(1.0, 2000.0, 16)


@dataclass(frozen=True)
class TrajectoryModel:
    """What to fit.

    Attributes
    ----------
    steps : tuple of Step
        Earthquakes and changes of equipment at known times.
    decays : tuple of Decay
        Post-seismic motion; a decay without its time has it searched.
    annual, semiannual : bool
    degree : int
        Of the trend: 1 is a constant velocity.
    """

    steps: tuple[Step, ...] = ()
    decays: tuple[Decay, ...] = ()
    annual: bool = True
    semiannual: bool = True
    degree: int = 1

    def __post_init__(self) -> None:
        if self.degree not in (1, 2, 3):
            raise InputError(f"the degree of the trend is {self.degree}; it may be 1, 2 or 3")


@dataclass(frozen=True, eq=False)
class Trajectory:
    """A fitted model.

    Attributes
    ----------
    station : str
    regressors : Regressors
        Columns of the model, with the decay times found.
    coefficients : ndarray, shape (3, p)
        East, north, up, in mm; NaN for a component without data.
    covariance : ndarray, shape (3, p, p)
    noise : tuple of Noise or None
        White and flicker amplitudes of each component, per day.
    time : ndarray of datetime64[us], shape (n,)
    residual_mm : ndarray, shape (3, n)
        Positions less the model; NaN where missing.
    left_out : tuple of str
        Steps and decays that the data cannot tell, and why.
    """

    station: str
    regressors: Regressors
    coefficients: np.ndarray
    covariance: np.ndarray
    noise: tuple[Noise | None, ...]
    time: np.ndarray
    residual_mm: np.ndarray
    left_out: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return self.regressors.names

    @property
    def scatter_mm(self) -> np.ndarray:
        """Root mean square of the residuals of each component, shape (3,); NaN without data."""
        squares, counts = np.nansum(self.residual_mm**2, axis=1), np.isfinite(self.residual_mm).sum(axis=1)
        return np.sqrt(np.where(counts > 0, squares / np.maximum(counts, 1), np.nan))

    def predict(self, time: np.ndarray) -> np.ndarray:
        """Displacement of the model at `time` (datetime64), shape (3, n), mm."""
        return self.coefficients @ self.regressors.design(time).T

    def velocity(self, component: int) -> Estimate:
        """Trend in mm per year (of the middle of the data, if it bends), 95 % interval."""
        return self._estimate(component, self.names.index("trend 1"))

    def step(self, number: int, component: int) -> Estimate:
        """Size in mm of the step `number` of ``regressors.steps``, 95 % interval."""
        if not 0 <= number < len(self.regressors.steps):
            raise InputError(f"there is no step {number}; {len(self.regressors.steps)} were fitted")
        return self._estimate(component, self.names.index(f"step {number}"))

    def _estimate(self, component: int, column: int) -> Estimate:
        value = float(self.coefficients[component, column])
        half = _Z95 * float(np.sqrt(self.covariance[component, column, column]))
        if np.isnan(value):
            raise NotEnoughDataError(f"station {self.station} has no data of component {component}")
        return Estimate(value, value - half, value + half, 0.95)


def fit_trajectory(positions: Positions, model: TrajectoryModel | None = None) -> Trajectory:
    """Fit a trajectory model.

    Parameters
    ----------
    positions
        Cleaned of outliers, see :mod:`houfeng.geodesy.outliers`; what to know as of a time is cut first, with
        :meth:`Positions.as_of`.
    model
        By default trend and seasons.

    Raises
    ------
    NotEnoughDataError
        When there are fewer positions than twice the number of columns, or 40.
    """
    model = model or TrajectoryModel()
    steps, left_out = group_steps(model.steps, positions)
    regressors = Regressors.of(model, steps, positions)
    regressors, left_out_decays = _resolved(regressors, positions)
    design = regressors.design(positions.time)
    usable = np.isfinite(positions.displacement_mm) & ~regressors.between_steps(positions.time)
    p, n = design.shape[1], len(positions)
    coefficients, covariance = np.full((3, p), np.nan), np.full((3, p, p), np.nan)
    noise: list[Noise | None] = [None, None, None]
    for c in positions.present:
        good = usable[c]
        if good.sum() < max(40, 2 * p):
            raise NotEnoughDataError(
                f"station {positions.station}: {good.sum()} positions for {p} coefficients; at least {max(40, 2 * p)} "
                "are needed: fit fewer terms or a longer span"
            )
        scale = relative_sigma(positions.sigma_mm[c])
        first = _robust(design[good], positions.displacement_mm[c][good], scale[good])
        noise[c] = noise_of(positions.time[good], positions.displacement_mm[c][good] - design[good] @ first)
        weights = NoiseWeights(noise[c], grid_of(positions.time[good]), scale[good])
        coefficients[c], covariance[c] = _generalised(weights, design[good], positions.displacement_mm[c][good])
    residual = np.where(usable, positions.displacement_mm - coefficients @ design.T, np.nan) if n else usable
    return Trajectory(
        station=positions.station,
        regressors=regressors,
        coefficients=coefficients,
        covariance=covariance,
        noise=tuple(noise),
        time=positions.time,
        residual_mm=residual,
        left_out=(*left_out, *left_out_decays),
    )


def grid_of(time: np.ndarray) -> np.ndarray:
    """Day number of each time from the first, shape (n,); positions are daily."""
    return np.floor(days_between(time[0].astype("datetime64[D]").astype("datetime64[us]"), time)).astype(int)


def noise_of(time: np.ndarray, residual: np.ndarray) -> Noise:
    """White and flicker amplitudes of daily residuals with gaps."""
    at = grid_of(time)
    grid = np.full(at[-1] + 1, np.nan)
    grid[at] = residual
    return fit_noise(grid)


def relative_sigma(sigma: np.ndarray) -> np.ndarray:
    """Formal deviations against their median, 1 where not given; never below a half, so none rules alone."""
    if not np.isfinite(sigma).any():
        return np.ones(len(sigma))
    relative = sigma / np.nanmedian(sigma)
    return np.clip(np.where(np.isfinite(relative), relative, 1.0), 0.5, 10.0)


def _robust(design: np.ndarray, y: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Coefficients by Huber's iteration, days taken as independent."""
    weight = 1.0 / scale
    for _ in range(5):
        solution = np.linalg.lstsq(design * weight[:, None], y * weight, rcond=None)[0]
        size = np.abs((y - design @ solution) / scale)
        spread = np.median(size) / 0.674490
        if spread == 0:
            break
        weight = np.sqrt(np.minimum(1.0, _HUBER * spread / np.maximum(size, 1e-300))) / scale
    return solution


def _generalised(weights: NoiseWeights, design: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    norm = np.linalg.norm(design, axis=0)
    scaled = design / norm
    solved = weights.solve(scaled)
    covariance = np.linalg.inv(scaled.T @ solved)
    return covariance @ (solved.T @ y) / norm, covariance / np.outer(norm, norm)


def _resolved(regressors: Regressors, positions: Positions) -> tuple[Regressors, list[str]]:
    """Search the decay times that are open, one after the other, by the residuals of all components."""
    kept, left_out = [], []
    for decay in regressors.decays:
        if decay.after(positions.time).max(initial=0.0) <= 0 or (decay.after(positions.time) > 0).sum() < 30:
            left_out.append(f"decay after {decay.time:%Y-%m-%d}: fewer than 30 positions follow")
            continue
        if decay.tau_days is None:
            best = _best_tau(regressors, tuple(kept), decay, TAUS_DAYS, positions)
            ratio = TAUS_DAYS[1] / TAUS_DAYS[0]
            near = np.clip(np.geomspace(best / ratio, best * ratio, 11), TAUS_DAYS[0], TAUS_DAYS[-1])
            decay = replace(decay, tau_days=_best_tau(regressors, tuple(kept), decay, near, positions))
        kept.append(decay)
    return replace(regressors, decays=tuple(kept)), left_out


def _best_tau(regressors, kept: tuple[Decay, ...], decay: Decay, taus: np.ndarray, positions: Positions) -> float:
    tried = [
        _misfit(replace(regressors, decays=(*kept, replace(decay, tau_days=float(tau)))), positions) for tau in taus
    ]
    return float(taus[int(np.argmin(tried))])


def _misfit(regressors: Regressors, positions: Positions) -> float:
    design = regressors.design(positions.time)
    between = regressors.between_steps(positions.time)
    total = 0.0
    for c in positions.present:
        good = np.isfinite(positions.displacement_mm[c]) & ~between
        y = positions.displacement_mm[c][good]
        rest = y - design[good] @ np.linalg.lstsq(design[good], y, rcond=None)[0]
        total += good.sum() * np.log(max(float(rest @ rest), 1e-12))
    return total
