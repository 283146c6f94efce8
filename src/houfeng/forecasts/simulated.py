"""A forecast as a set of simulated catalogues, in flat columns."""

from dataclasses import dataclass

import numpy as np

from houfeng.errors import InputError
from houfeng.times import Window, days_since


@dataclass(frozen=True, slots=True)
class TimeToNext:
    """When the next earthquake of a magnitude comes, as far as the window reaches.

    Attributes
    ----------
    magnitude
        At least.
    chance
        Of one within the window.
    median_days, early_days, late_days
        Days from the start of the window by which it has come with chance 1/2, 1/20 and 19/20; infinite where the
        window ends before.
    """

    magnitude: float
    chance: float
    median_days: float
    early_days: float
    late_days: float


@dataclass(frozen=True, eq=False)
class SimulatedForecast:
    """Simulated catalogues of one window, each equally likely.

    Attributes
    ----------
    window
        When.
    n_catalogs
        Number of catalogues, empty ones included.
    catalog_id : ndarray of int32, shape (n,), sorted
        Which catalogue each event belongs to, 0 to ``n_catalogs - 1``.
    time : ndarray of datetime64[us]
    longitude, latitude, magnitude : ndarray of float64, shape (n,)
    """

    window: Window
    n_catalogs: int
    catalog_id: np.ndarray
    time: np.ndarray
    longitude: np.ndarray
    latitude: np.ndarray
    magnitude: np.ndarray

    def __post_init__(self) -> None:
        n = len(self.catalog_id)
        for name in ("time", "longitude", "latitude", "magnitude"):
            if getattr(self, name).shape != (n,):
                raise InputError(f"column {name} of the simulated catalogues has not {n} rows")
        if n and not (self.catalog_id[0] >= 0 and self.catalog_id[-1] < self.n_catalogs):
            raise InputError(f"catalog_id runs outside 0 to {self.n_catalogs - 1}")
        if (np.diff(self.catalog_id) < 0).any():
            raise InputError("simulated events must be ordered by catalog_id")

    def __len__(self) -> int:
        return self.n_catalogs

    def first_days(self, magnitude: float) -> np.ndarray:
        """Days from the start of the window to the first event of at least `magnitude`, infinite without one.

        Shape (n_catalogs,).
        """
        large = self.magnitude >= magnitude - 1e-9
        found = np.full(self.n_catalogs, np.inf)
        np.minimum.at(found, self.catalog_id[large], days_since(self.time[large], self.window.start))
        return found

    def time_to_next(self, magnitude: float) -> TimeToNext:
        """When the next event of at least `magnitude` comes; every catalogue is equally likely."""
        first = np.sort(self.first_days(magnitude))
        early, median, late = (float(first[int(np.ceil(q * len(first))) - 1]) for q in (0.05, 0.5, 0.95))
        return TimeToNext(magnitude, float(np.isfinite(first).mean()), median, early, late)

    def counts_above(self, magnitudes: np.ndarray) -> np.ndarray:
        """Number of events of at least each magnitude in each catalogue, shape (n_catalogs, k) int64."""
        columns = [
            np.bincount(self.catalog_id[self.magnitude >= m - 1e-9], minlength=self.n_catalogs)
            for m in np.atleast_1d(magnitudes)
        ]
        return np.stack(columns, axis=1)
