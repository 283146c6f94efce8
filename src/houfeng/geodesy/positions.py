"""Positions of one GNSS station in time: a frozen value, missing things explicit."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from houfeng.errors import InputError, NotEnoughDataError
from houfeng.geo import wrap_longitude
from houfeng.times import to_datetime64

#: The three directions, in the order of every array with a component axis.
COMPONENTS = ("east", "north", "up")

#: Rapid daily solutions come about a day after the day they stand for has ended.
DEFAULT_DELAY = timedelta(days=1)

_DAY = np.timedelta64(86_400_000_000, "us")


@dataclass(frozen=True, eq=False)
class Positions:
    """Displacements of one station, sorted by time.

    Attributes
    ----------
    station : str
    longitude, latitude : float
        Degrees; NaN where the file does not say.
    time : ndarray of datetime64[us], UTC, shape (n,)
        The middle of the span that a position stands for: noon for a daily mean.
    issued : ndarray of datetime64[us], UTC, shape (n,)
        When it could be known: the end of its span and a delay.
    displacement_mm : ndarray of float64, shape (3, n)
        East, north, up against a constant that means nothing; NaN where missing.
    sigma_mm : ndarray of float64, shape (3, n)
        Formal standard deviations; NaN where not given.
    span_days : float
        Length of time a position is the mean of; 1 for daily solutions.
    frame, source : str
        Reference frame and file.
    simulated : bool

    Raises
    ------
    InputError
        When shapes differ, times are not increasing, something is issued before its time or a deviation is not
        positive.
    """

    station: str
    longitude: float
    latitude: float
    time: np.ndarray
    issued: np.ndarray
    displacement_mm: np.ndarray
    sigma_mm: np.ndarray
    span_days: float = 1.0
    frame: str = ""
    source: str = ""
    simulated: bool = False

    def __post_init__(self) -> None:
        n = len(self.time)
        if self.issued.shape != (n,) or self.displacement_mm.shape != (3, n) or self.sigma_mm.shape != (3, n):
            raise InputError(f"station {self.station}: {n} times need displacements and deviations of shape (3, {n})")
        if n and not (np.diff(self.time) > np.timedelta64(0, "us")).all():
            raise InputError(f"station {self.station}: times must increase, each once; sort them and drop repetitions")
        if (self.issued < self.time).any():
            raise InputError(f"station {self.station}: a position is issued before its own time")
        if (self.sigma_mm <= 0).any():
            raise InputError(f"station {self.station}: standard deviations must be above 0, or NaN where not given")
        if not (np.isnan(self.latitude) or -90 <= self.latitude <= 90):
            raise InputError(f"station {self.station}: latitude {self.latitude} is outside -90 to 90")
        if not self.span_days >= 0:
            raise InputError(f"station {self.station}: the span of a position is {self.span_days} days")

    def __len__(self) -> int:
        return len(self.time)

    @property
    def located(self) -> bool:
        """Whether the place of the station is known."""
        return bool(np.isfinite(self.longitude) and np.isfinite(self.latitude))

    @property
    def east_mm(self) -> np.ndarray:
        """Displacement to the east."""
        return self.displacement_mm[0]

    @property
    def north_mm(self) -> np.ndarray:
        """Displacement to the north."""
        return self.displacement_mm[1]

    @property
    def up_mm(self) -> np.ndarray:
        """Displacement upwards."""
        return self.displacement_mm[2]

    @property
    def present(self) -> tuple[int, ...]:
        """Components that have any value."""
        return tuple(int(i) for i in np.flatnonzero(np.isfinite(self.displacement_mm).any(axis=1)))

    def select(self, keep: np.ndarray) -> "Positions":
        """Positions at a boolean mask or sorted indices."""
        return replace(
            self,
            time=self.time[keep],
            issued=self.issued[keep],
            displacement_mm=self.displacement_mm[:, keep],
            sigma_mm=self.sigma_mm[:, keep],
        )

    def as_of(self, moment: datetime) -> "Positions":
        """What had been issued by `moment` (aware)."""
        return self.select(self.issued <= to_datetime64(moment))

    def between(self, start: datetime, end: datetime) -> "Positions":
        """Positions with start <= time < end (aware)."""
        return self.select((self.time >= to_datetime64(start)) & (self.time < to_datetime64(end)))

    def placed(self, *, longitude: float, latitude: float) -> "Positions":
        """The same at a place taken from a list of stations."""
        return replace(self, longitude=float(wrap_longitude(longitude)), latitude=float(latitude))

    def without(self, flagged: np.ndarray) -> "Positions":
        """The same with NaN where `flagged`, shape (3, n)."""
        return replace(self, displacement_mm=np.where(flagged, np.nan, self.displacement_mm))

    def days(self, times: np.ndarray | None = None) -> np.ndarray:
        """Days from midnight before the first position to `times` (by default its own), shape (n,)."""
        if not len(self):
            raise NotEnoughDataError(f"station {self.station} has no positions")
        return days_between(self.first_midnight, self.time if times is None else times)

    @property
    def first_midnight(self) -> np.datetime64:
        """Midnight before the first position: the origin of :meth:`days`."""
        return self.time[0].astype("datetime64[D]").astype("datetime64[us]")


def days_between(origin: np.datetime64, times: np.ndarray) -> np.ndarray:
    """Days of 86,400 s from `origin` to `times`, both ``datetime64``."""
    return (times.astype("datetime64[us]") - origin.astype("datetime64[us]")) / _DAY


def issue_times(time: np.ndarray, *, span_days: float, delay: timedelta) -> np.ndarray:
    """When positions at `time` (middle of their span) could be known.

    Raises
    ------
    InputError
        When the delay is negative.
    """
    if delay < timedelta(0):
        raise InputError(f"the delay of positions is {delay}; it must not be negative")
    half = np.timedelta64(round(span_days / 2 * 86_400e6), "us")
    return time.astype("datetime64[us]") + half + np.timedelta64(delay)


def make_positions(
    station: str,
    time: np.ndarray,
    *,
    east_mm: np.ndarray,
    north_mm: np.ndarray,
    up_mm: np.ndarray | None = None,
    sigma_mm: np.ndarray | None = None,
    longitude: float = np.nan,
    latitude: float = np.nan,
    span_days: float = 1.0,
    delay: timedelta = DEFAULT_DELAY,
    frame: str = "",
    source: str = "",
    simulated: bool = False,
) -> Positions:
    """Positions from columns, issued a `delay` after the end of the span they stand for.

    Parameters
    ----------
    time : ndarray of datetime64, shape (n,)
        Middle of each span.
    east_mm, north_mm, up_mm : ndarray, shape (n,)
        NaN where missing; no `up_mm` means missing everywhere.
    sigma_mm : ndarray, shape (3, n), optional
    """
    time = np.asarray(time).astype("datetime64[us]")
    nothing = np.full(len(time), np.nan)
    return Positions(
        station=station,
        longitude=float(wrap_longitude(longitude)),
        latitude=float(latitude),
        time=time,
        issued=issue_times(time, span_days=span_days, delay=delay),
        displacement_mm=np.array([east_mm, north_mm, nothing if up_mm is None else up_mm], float),
        sigma_mm=np.full((3, len(time)), np.nan) if sigma_mm is None else np.asarray(sigma_mm, float),
        span_days=span_days,
        frame=frame,
        source=source,
        simulated=simulated,
    )
