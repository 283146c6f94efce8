"""How many earthquakes around a cell: lately, in the long run, and against each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import InputError
from houfeng.features.base import Lineage, Sweep, SweepingFeature, from_catalogue, last_days
from houfeng.features.discs import DAY_US, DiscSums, Members
from houfeng.regions import Grid
from houfeng.times import DAYS_PER_YEAR, to_datetime64


def microseconds(moment: datetime) -> int:
    """Since 1970, as origin times are counted in sweeps."""
    return int(to_datetime64(moment).astype(np.int64))


def check_radii(radii_km: Sequence[float]) -> None:
    """InputError unless there are radii, positive and ascending."""
    if not radii_km or radii_km[0] <= 0 or any(b <= a for a, b in zip(radii_km, radii_km[1:], strict=False)):
        raise InputError(f"radii {tuple(radii_km)} km must be positive and ascending, for instance (10, 30, 100)")


@dataclass(frozen=True)
class Rates(SweepingFeature):
    """Logarithms of numbers within windows, and of the long-term rate, around each cell.

    Attributes
    ----------
    min_magnitude
        Smaller earthquakes do not count.
    radii_km
        Straight-line distances from the centre of the cell, ascending.
    windows_days
        Up to the moment.
    """

    min_magnitude: float
    radii_km: tuple[float, ...] = (10.0, 30.0, 100.0)
    windows_days: tuple[float, ...] = (1.0, 7.0, 30.0, 90.0, 365.0)

    def __post_init__(self) -> None:
        check_radii(self.radii_km)

    @property
    def lineage(self) -> Mapping[str, Lineage]:
        """By column: windows, then the whole past, each with all radii."""
        out = {}
        for days in (*self.windows_days, None):
            for radius in self.radii_km:
                who = f"earthquakes of M>={self.min_magnitude:g} within {radius:g} km"
                if days is None:
                    out[f"log_rate_past_r{radius:g}"] = from_catalogue(f"rate of {who} since the first", "ln(1/year)")
                else:
                    out[f"log_count_{days:g}d_r{radius:g}"] = from_catalogue(
                        f"number of {who} in {last_days(days)}", "ln(1 + number)"
                    )
        return out

    def sweep(self, grid: Grid) -> Sweep:
        """Begin with nothing known."""
        return _RatesSweep(self, grid)


class _RatesSweep(Sweep):
    def __init__(self, feature: Rates, grid: Grid) -> None:
        self._feature = feature
        self._sums = DiscSums(grid, feature.radii_km, (*feature.windows_days, None), 1)
        self._first_us: int | None = None

    def add(self, new: Catalog) -> None:
        new = new.above(self._feature.min_magnitude)
        members = Members.of(new, np.ones((len(new), 1)))
        self._sums.add(members)
        self._first_us = earliest(self._first_us, members)

    def at(self, moment: datetime) -> np.ndarray:
        now = microseconds(moment)
        counts = self._sums.at(now)[..., 0]
        years = known_days(self._first_us, now) / DAYS_PER_YEAR
        out = np.concatenate([np.log1p(counts[:-1]), np.log((counts[-1:] + 0.5) / years)])
        return out.transpose(1, 0, 2).reshape(counts.shape[1], -1).astype(np.float32)


def earliest(first_us: int | None, new: Members) -> int | None:
    """Origin of the first earthquake known."""
    if not len(new.time_us):
        return first_us
    return int(new.time_us[0]) if first_us is None else min(first_us, int(new.time_us[0]))


def known_days(first_us: int | None, now_us: int) -> float:
    """How long the record is, at least one day."""
    return 1.0 if first_us is None else max((now_us - first_us) / DAY_US, 1.0)


@dataclass(frozen=True)
class Quiescence(SweepingFeature):
    """The beta statistic: how far the number in a recent window is from what the time before leads to expect.

    beta = (N_a - N p) / sqrt(N p (1 - p)), with N earthquakes in the whole record, N_a of them in the window and p
    the share of the window in the record. Negative: quieter than before. Missing where nothing ever happened, or the
    record is no longer than the window.

    References
    ----------
    Matthews & Reasenberg (1988), Pure Appl. Geophys. 126, 357-372.
    """

    min_magnitude: float
    radius_km: float = 50.0
    windows_days: tuple[float, ...] = (90.0, 365.0)

    def __post_init__(self) -> None:
        check_radii((self.radius_km,))

    @property
    def lineage(self) -> Mapping[str, Lineage]:
        """By column: one for each window."""
        return {
            f"beta_{days:g}d_r{self.radius_km:g}": from_catalogue(
                f"beta statistic (quiescence where negative) of earthquakes of M>={self.min_magnitude:g} within "
                f"{self.radius_km:g} km: {last_days(days)} against the whole record",
                "standard deviations",
            )
            for days in self.windows_days
        }

    def sweep(self, grid: Grid) -> Sweep:
        """Begin with nothing known."""
        return _QuiescenceSweep(self, grid)


class _QuiescenceSweep(Sweep):
    def __init__(self, feature: Quiescence, grid: Grid) -> None:
        self._feature = feature
        self._sums = DiscSums(grid, (feature.radius_km,), (*feature.windows_days, None), 1)
        self._first_us: int | None = None

    def add(self, new: Catalog) -> None:
        new = new.above(self._feature.min_magnitude)
        members = Members.of(new, np.ones((len(new), 1)))
        self._sums.add(members)
        self._first_us = earliest(self._first_us, members)

    def at(self, moment: datetime) -> np.ndarray:
        now = microseconds(moment)
        counts = self._sums.at(now)[..., 0, 0]
        share = np.array(self._feature.windows_days)[:, None] / known_days(self._first_us, now)
        usable = (counts[-1] > 0) & (share < 1)
        spread = np.sqrt(np.where(usable, counts[-1] * share * (1 - share), 1.0))
        return np.where(usable, (counts[:-1] - counts[-1] * share) / spread, np.nan).T.astype(np.float32)


@dataclass(frozen=True)
class RegionActivity(SweepingFeature):
    """What goes on in the whole catalogue, the same in all cells: numbers within windows, and the largest magnitude.

    Everything that is handed over counts, so narrow a catalogue to the region (and its margin) first.
    """

    min_magnitude: float
    windows_days: tuple[float, ...] = (7.0, 365.0)
    largest_days: float = 30.0

    @property
    def lineage(self) -> Mapping[str, Lineage]:
        """By column: windows, then the largest magnitude."""
        out = {
            f"region_log_count_{days:g}d": from_catalogue(
                f"number of earthquakes of M>={self.min_magnitude:g} in the catalogue in {last_days(days)}",
                "ln(1 + number)",
            )
            for days in self.windows_days
        }
        out[f"region_largest_{self.largest_days:g}d"] = from_catalogue(
            f"largest magnitude in the catalogue in {last_days(self.largest_days)}, above "
            f"{self.min_magnitude:g} (0 where there was none)",
            "magnitude units",
        )
        return out

    def sweep(self, grid: Grid) -> Sweep:
        """Begin with nothing known."""
        return _RegionSweep(self, len(grid))


class _RegionSweep(Sweep):
    def __init__(self, feature: RegionActivity, n_cells: int) -> None:
        self._feature, self._n_cells = feature, n_cells
        self._time, self._magnitude = np.zeros(0, np.int64), np.zeros(0)

    def add(self, new: Catalog) -> None:
        new = new.above(self._feature.min_magnitude)
        self._time = np.concatenate([self._time, new.time.astype(np.int64)])
        self._magnitude = np.concatenate([self._magnitude, new.magnitude])

    def at(self, moment: datetime) -> np.ndarray:
        f, now = self._feature, microseconds(moment)
        kept = self._time >= now - round(max(*f.windows_days, f.largest_days) * DAY_US)
        self._time, self._magnitude = self._time[kept], self._magnitude[kept]
        row = [np.log1p(np.count_nonzero(self._time >= now - round(days * DAY_US))) for days in f.windows_days]
        lately = self._magnitude[self._time >= now - round(f.largest_days * DAY_US)]
        row.append(lately.max(initial=f.min_magnitude) - f.min_magnitude)
        return np.tile(np.array(row, np.float32), (self._n_cells, 1))
