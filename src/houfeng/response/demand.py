"""What the response works on: people by zone, each number with its range."""

from dataclasses import dataclass

import numpy as np

from houfeng.errors import InputError
from houfeng.response.checks import column, names
from houfeng.values import Estimate

#: Probability content of every range in this room.
LEVEL = 0.9


@dataclass(frozen=True, eq=False)
class Ranges:
    """One number for each of n rows, with its 90 % range.

    Attributes
    ----------
    mean, low, high : ndarray of float64, shape (n,)
        Expected value, and the ends of the range; the mean of a skewed number may lie outside it.
    """

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def __post_init__(self) -> None:
        n = np.size(self.mean)
        for name in ("mean", "low", "high"):
            object.__setattr__(self, name, column(name, np.atleast_1d(getattr(self, name)), n, of="ranges"))
        if (self.low > self.high).any():
            first = int(np.flatnonzero(self.low > self.high)[0])
            raise InputError(f"the range in row {first} is reversed: {self.low[first]} to {self.high[first]}")

    @classmethod
    def exact(cls, values) -> "Ranges":
        """Numbers known without doubt, as a census count is taken to be."""
        values = np.atleast_1d(np.asarray(values, float))
        return cls(values, values, values)

    @classmethod
    def of_samples(cls, samples: np.ndarray) -> "Ranges":
        """Mean and 5 to 95 % of equally likely cases, shape (cases, n)."""
        samples = np.asarray(samples, float)
        if samples.ndim != 2 or not len(samples):
            raise InputError(f"samples have shape {samples.shape}, expected (cases, rows) with at least one case")
        tail = (1 - LEVEL) / 2
        low, high = np.quantile(samples, [tail, 1 - tail], axis=0)
        return cls(samples.mean(axis=0), low, high)

    @classmethod
    def spanning(cls, mean, low, high) -> "Ranges":
        """Three outcomes as a mean with the range that holds all of them, in whichever order they come out."""
        return cls(mean, np.minimum.reduce([mean, low, high]), np.maximum.reduce([mean, low, high]))

    def __len__(self) -> int:
        return len(self.mean)

    def __mul__(self, factor) -> "Ranges":
        return Ranges(self.mean * factor, self.low * factor, self.high * factor)

    def select(self, mask: np.ndarray) -> "Ranges":
        """The rows that `mask` (booleans or indices) picks."""
        return Ranges(self.mean[mask], self.low[mask], self.high[mask])

    @property
    def total(self) -> Estimate:
        """Sum over the rows; its range holds if all rows are high or low together, so it is not too narrow."""
        return Estimate(float(self.mean.sum()), float(self.low.sum()), float(self.high.sum()), LEVEL)

    def row(self, i: int) -> Estimate:
        """One row."""
        return Estimate(float(self.mean[i]), float(self.low[i]), float(self.high[i]), LEVEL)


#: The columns of :class:`ZoneDemand` that count people.
PEOPLE = ("population", "displaced", "injured_severe", "trapped")


@dataclass(frozen=True, eq=False)
class ZoneDemand:
    """People in need by zone.

    Attributes
    ----------
    zone_id
        Identifiers, all different.
    longitude, latitude : ndarray of float64, shape (n,)
        A point in each zone, degrees.
    population, displaced, injured_severe, trapped
        Residents; people without a usable home; injured who need a hospital bed; trapped under rubble alive.
    simulated
        True where any of it rests on simulated data; whatever is made from it says so.
    """

    zone_id: tuple[str, ...]
    longitude: np.ndarray
    latitude: np.ndarray
    population: Ranges
    displaced: Ranges
    injured_severe: Ranges
    trapped: Ranges
    simulated: bool

    def __post_init__(self) -> None:
        object.__setattr__(self, "zone_id", names("zone_id", self.zone_id, of="zones"))
        n = len(self.zone_id)
        for name, limit in (("longitude", 180.0), ("latitude", 90.0)):
            values = column(name, getattr(self, name), n, of="zones", low=-limit, high=limit)
            object.__setattr__(self, name, values)
        for name in PEOPLE:
            if len(getattr(self, name)) != n:
                raise InputError(f"{name} has {len(getattr(self, name))} rows, but there are {n} zones")

    def __len__(self) -> int:
        return len(self.zone_id)

    @classmethod
    def from_samples(
        cls, *, zone_id, longitude, latitude, population, displaced, injured_severe, trapped, simulated: bool
    ) -> "ZoneDemand":
        """Demand from equally likely cases.

        Parameters
        ----------
        population : array_like, shape (n,)
        displaced, injured_severe, trapped : array_like, shape (cases, n)
        """
        return cls(
            zone_id=tuple(zone_id), longitude=longitude, latitude=latitude, population=Ranges.exact(population),
            displaced=Ranges.of_samples(displaced), injured_severe=Ranges.of_samples(injured_severe),
            trapped=Ranges.of_samples(trapped), simulated=simulated,
        )  # fmt: skip
