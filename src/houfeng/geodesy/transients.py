"""Slow transients: whether a station leaves the path that its own past foretold.

At a time t the trajectory is fitted to positions issued by an earlier time, the mean of the last days is compared with
what it foretells, and the difference is divided by its standard deviation under the station's white and flicker noise,
the uncertainty of the fit included. So a score of 3 is rare where nothing happens, and late data never change it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from houfeng.errors import FitError, InputError, NotEnoughDataError
from houfeng.geodesy.noise import NoiseWeights
from houfeng.geodesy.outliers import clean
from houfeng.geodesy.positions import Positions
from houfeng.geodesy.regressors import Decay, Step
from houfeng.geodesy.trajectory import Trajectory, TrajectoryModel, fit_trajectory, grid_of, relative_sigma
from houfeng.times import from_datetime64, to_datetime64

#: A trajectory needs this long a past: of shorter ones the seasons eat the noise, and scores come out too large.
MIN_PAST_DAYS = 730
_MIN_DAYS = 5


@dataclass(frozen=True, eq=False)
class TransientScore:
    """Deviation of the last days from what the past foretold.

    Attributes
    ----------
    as_of : datetime
    window_days : int
    deviation_mm, sigma_mm : ndarray, shape (3,)
        Mean deviation over the window and its standard deviation; NaN without data.
    score : float
        Root of the mean over horizontal components of (deviation / sigma)^2: about 1 where nothing happens.
    n_days : int
        Days in the window with data.
    """

    as_of: datetime
    window_days: int
    deviation_mm: np.ndarray
    sigma_mm: np.ndarray
    score: float
    n_days: int


@dataclass(frozen=True, eq=False)
class Foretelling:
    """What the past of a station says of the days to come.

    Attributes
    ----------
    past : Positions
        Cleaned.
    trajectory : Trajectory
    backward : tuple of ndarray or None
        For each component the coefficients as weighted sums of the positions, shape (n, p).
    """

    past: Positions
    trajectory: Trajectory
    backward: tuple[np.ndarray | None, ...]

    @classmethod
    def of(cls, past: Positions, steps: Sequence[Step]) -> "Foretelling":
        """Fit the past with its steps, and with decay after the last earthquake when a year of data follows it.

        Raises
        ------
        NotEnoughDataError
            When the past is shorter than 730 days.
        """
        if len(past) < 2 or past.time[-1] - past.time[0] < np.timedelta64(MIN_PAST_DAYS, "D"):
            raise NotEnoughDataError(f"station {past.station}: a past of {MIN_PAST_DAYS} days is needed to foretell")
        used = tuple(step for step in steps if to_datetime64(step.time) < past.time[-1])
        semiannual = bool(past.time[-1] - past.time[0] > np.timedelta64(3 * 365, "D"))
        last = past.time[-1] - np.timedelta64(365, "D")
        decays = tuple(
            Decay(step.time, "log", 30.0)
            for step in used
            if step.kind == "earthquake" and past.time[0] < to_datetime64(step.time) < last
        )
        trajectory = fit_trajectory(past, TrajectoryModel(used, decays[-1:], semiannual=semiannual))
        backward = []
        for c, noise in enumerate(trajectory.noise):
            good = np.isfinite(trajectory.residual_mm[c])
            if noise is None:
                backward.append(None)
                continue
            weights = NoiseWeights(noise, grid_of(past.time[good]), relative_sigma(past.sigma_mm[c])[good])
            design = trajectory.regressors.design(past.time[good])
            backward.append(weights.solve(design @ trajectory.covariance[c]))
        return cls(past, trajectory, tuple(backward))

    def sigma_of_mean(self, time: np.ndarray, component: int) -> float:
        """Standard deviation of the mean of days to come less its forecast; past and future noise are one series."""
        good = np.isfinite(self.trajectory.residual_mm[component])
        target = self.trajectory.regressors.design(time).mean(axis=0)
        both = np.concatenate([self.past.time[good], time])
        scale = np.append(relative_sigma(self.past.sigma_mm[component])[good], np.ones(len(time)))
        joint = NoiseWeights(self.trajectory.noise[component], grid_of(both), scale)
        signed = np.concatenate([-self.backward[component] @ target, np.full(len(time), 1.0 / len(time))])
        return float(np.sqrt(joint.variance_of(signed[:, None])[0]))

    def deviation(self, window: Positions) -> np.ndarray:
        """Positions less forecast, shape (3, n)."""
        return window.displacement_mm - self.trajectory.predict(window.time)


def transient_score(
    positions: Positions, moment: datetime, *, window_days: int = 30, steps: Sequence[Step] = ()
) -> TransientScore:
    """Score of one station at one time, from what had been issued by then.

    Parameters
    ----------
    positions
        Whole series; cut and cleaned here.
    moment
        Aware.
    window_days
        Length of the last days compared.
    steps
        Known steps; those not yet known at the start of the window are not used: a step within it is a deviation.

    Raises
    ------
    NotEnoughDataError
        With less than 730 days of data before the window, or fewer than 5 days in it.
    """
    if window_days < _MIN_DAYS:
        raise InputError(f"a window of {window_days} days is too short; at least {_MIN_DAYS}")
    start = moment - timedelta(days=window_days)
    past, _ = clean(positions.as_of(start))
    told = Foretelling.of(past, known_by(steps, start))
    window = _window(positions, moment, window_days)
    rest = told.deviation(window)
    deviation, sigma, n_days = np.full(3, np.nan), np.full(3, np.nan), 0
    for c in past.present:
        good = np.isfinite(rest[c])
        if good.sum() >= _MIN_DAYS:
            deviation[c] = float(np.mean(rest[c, good]))
            sigma[c] = told.sigma_of_mean(window.time[good], c)
            n_days = max(n_days, int(good.sum()))
    score = _score(deviation, sigma)
    if np.isnan(score):
        raise NotEnoughDataError(f"station {past.station}: fewer than {_MIN_DAYS} days with data in the window")
    return TransientScore(moment, window_days, deviation, sigma, score, n_days)


def transient_scores(
    positions: Positions,
    moments: Sequence[datetime],
    *,
    window_days: int = 30,
    steps: Sequence[Step] = (),
    refit_days: int = 90,
) -> np.ndarray:
    """Scores at many times, shape (n,), NaN where they cannot be told; see :func:`transient_score`.

    The past is fitted anew at fixed dates `refit_days` apart; standard deviations are those of windows without gaps,
    at both ends of the use of a fit, and between them on a line. Each score uses only what was issued by its time.
    """
    told = Foretellings(positions, steps, refit_days=refit_days)
    return np.array([told.score(moment, window_days) for moment in moments])


class Foretellings:
    """Foretellings of one station at fixed dates, each fitted when first needed."""

    def __init__(self, positions: Positions, steps: Sequence[Step], *, refit_days: int) -> None:
        if refit_days < 1:
            raise InputError(f"a fit is used for {refit_days} days; at least 1")
        self.positions = positions
        self.steps = tuple(steps)
        self.refit_days = refit_days
        self._fits: dict[np.datetime64, Foretelling | None] = {}
        self._sigmas: dict[tuple[np.datetime64, int], np.ndarray] = {}

    def before(self, moment: datetime) -> tuple[np.datetime64, Foretelling | None]:
        """The last fixed date not after `moment`, and the foretelling of it; None where the past is too short."""
        day = to_datetime64(moment).astype("datetime64[D]").astype(int)
        date = np.datetime64(int(day // self.refit_days * self.refit_days), "D").astype("datetime64[us]")
        if date not in self._fits:
            then = from_datetime64(date)
            past, _ = clean(self.positions.as_of(then))
            try:
                self._fits[date] = Foretelling.of(past, known_by(self.steps, then))
            except (NotEnoughDataError, FitError):
                self._fits[date] = None  # whoever asks gets NaN
        return date, self._fits[date]

    def window(self, moment: datetime, window_days: int) -> tuple[np.ndarray, np.ndarray] | None:
        """Days before `moment`, shape (n,), and deviations from the forecast, shape (3, n); None without a forecast."""
        _, told = self.before(moment - timedelta(days=window_days))
        if told is None:
            return None
        window = _window(self.positions, moment, window_days)
        since = (window.time - to_datetime64(moment)) / np.timedelta64(1, "D")
        return since, told.deviation(window)

    def score(self, moment: datetime, window_days: int) -> float:
        """Score at a time, NaN where it cannot be told."""
        date, told = self.before(moment - timedelta(days=window_days))
        seen = self.window(moment, window_days)
        if told is None or seen is None:
            return float("nan")
        rest = seen[1]
        enough = np.isfinite(rest).sum(axis=1) >= _MIN_DAYS
        deviation = np.array([np.nanmean(rest[c]) if enough[c] else np.nan for c in range(3)])
        age = (to_datetime64(moment) - np.timedelta64(window_days, "D") - date) / np.timedelta64(self.refit_days, "D")
        ends = self._sigma_ends(date, told, window_days)
        return _score(deviation, ends[0] + (ends[1] - ends[0]) * float(age))

    def _sigma_ends(self, date: np.datetime64, told: Foretelling, window_days: int) -> np.ndarray:
        """Standard deviations of the mean of a window that starts at a date and when its fit is last used, (2, 3)."""
        if (date, window_days) not in self._sigmas:
            noon = date + np.timedelta64(12, "h") + np.arange(window_days) * np.timedelta64(1, "D")
            ends = np.full((2, 3), np.nan)
            for c in told.past.present[:2]:
                for end, age in enumerate((0, self.refit_days)):
                    ends[end, c] = told.sigma_of_mean(noon + np.timedelta64(age, "D"), c)
            self._sigmas[date, window_days] = ends
        return self._sigmas[date, window_days]


def known_by(steps: Sequence[Step], moment: datetime) -> tuple[Step, ...]:
    """Steps that had become known by `moment`."""
    return tuple(step for step in steps if step.known_at <= moment)


def _window(positions: Positions, moment: datetime, window_days: int) -> Positions:
    known = positions.as_of(moment)
    return known.select(known.time >= to_datetime64(moment - timedelta(days=window_days)))


def _score(deviation: np.ndarray, sigma: np.ndarray) -> float:
    flat = (deviation / sigma)[:2]
    return float(np.sqrt(np.nanmean(flat**2))) if np.isfinite(flat).any() else float("nan")
