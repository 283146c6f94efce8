"""The b-value around a cell, how sure it is and how it changed; and how deep earthquakes are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from houfeng.catalogs.bvalue import MIN_EVENTS, to_bins
from houfeng.catalogs.catalog import Catalog
from houfeng.errors import InputError
from houfeng.features.base import Lineage, Sweep, SweepingFeature, from_catalogue, last_days
from houfeng.features.discs import DiscSums, Members
from houfeng.features.rates import check_radii, microseconds
from houfeng.regions import Grid


@dataclass(frozen=True)
class SizeLaw(SweepingFeature):
    """Maximum-likelihood b-values of magnitudes in bins, with standard errors, and the change in units of them.

    The formulas of :func:`houfeng.catalogs.bvalue.b_value`, Tinti & Mulargia (1987), doi:10.1785/BSSA0770062125, and
    Shi & Bolt (1982), doi:10.1785/BSSA0720051677, on sums of bins. Missing with fewer than `min_events`.

    Attributes
    ----------
    min_magnitude
        Completeness magnitude; rounded up to a bin.
    recent_days
        Window of the recent value.
    """

    min_magnitude: float
    radius_km: float = 50.0
    recent_days: float = 730.0
    bin_width: float = 0.1
    min_events: int = 2 * MIN_EVENTS

    def __post_init__(self) -> None:
        check_radii((self.radius_km,))
        if self.min_events < MIN_EVENTS:
            raise InputError(f"a b-value of {self.min_events} events says nothing; allow no fewer than {MIN_EVENTS}")

    @property
    def lineage(self) -> Mapping[str, Lineage]:
        """By column."""
        r, days = f"r{self.radius_km:g}", f"{self.recent_days:g}d"
        who = f"of earthquakes of M>={self.min_magnitude:g} within {self.radius_km:g} km"
        return {
            f"b_past_{r}": from_catalogue(f"b-value {who}, whole record", "1/magnitude unit"),
            f"b_error_past_{r}": from_catalogue(
                f"standard error of the b-value {who}, whole record", "1/magnitude unit"
            ),
            f"b_{days}_{r}": from_catalogue(f"b-value {who}, {last_days(self.recent_days)}", "1/magnitude unit"),
            f"b_error_{days}_{r}": from_catalogue(
                f"standard error of the b-value {who}, {last_days(self.recent_days)}", "1/magnitude unit"
            ),
            f"b_change_{days}_{r}": from_catalogue(
                f"b-value {who}: {last_days(self.recent_days)} less the whole record", "standard errors"
            ),
        }

    def sweep(self, grid: Grid) -> Sweep:
        """Begin with nothing known."""
        return _SizeSweep(self, grid)


class _SizeSweep(Sweep):
    def __init__(self, feature: SizeLaw, grid: Grid) -> None:
        self._feature = feature
        self._lowest = int(np.ceil(feature.min_magnitude / feature.bin_width - 1e-6))
        self._sums = DiscSums(grid, (feature.radius_km,), (None, feature.recent_days), 3)

    def add(self, new: Catalog) -> None:
        excess = to_bins(new.magnitude, self._feature.bin_width) - self._lowest
        used = excess >= 0
        excess = excess[used].astype(float)
        self._sums.add(Members.of(new.select(used), np.column_stack([np.ones_like(excess), excess, excess**2])))

    def at(self, moment: datetime) -> np.ndarray:
        sums = self._sums.at(microseconds(moment))[:, :, 0]
        (b, error), (recent, recent_error) = (self._b_values(*window.T) for window in sums)
        change = (recent - b) / np.hypot(recent_error, error)
        return np.column_stack([b, error, recent, recent_error, change]).astype(np.float32)

    def _b_values(self, n: np.ndarray, total: np.ndarray, squares: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Value and standard error in each cell from number, sum and sum of squares of bins above the lowest."""
        usable = (n >= self._feature.min_events) & (squares * n > total**2)
        n, total, squares = (np.where(usable, column, other) for column, other in ((n, 2), (total, 1), (squares, 1)))
        width = self._feature.bin_width
        b = np.log1p(n / total) / (width * np.log(10))
        spread = np.sqrt((squares - total**2 / n) / (n - 1) / n) * width
        return np.where(usable, b, np.nan), np.where(usable, np.log(10) * b**2 * spread, np.nan)


@dataclass(frozen=True)
class Depths(SweepingFeature):
    """Mean depth around each cell in the whole record, and how much deeper the recent ones are; unknown ones left out.

    Depths are rounded to metres.
    """

    min_magnitude: float
    radius_km: float = 50.0
    recent_days: float = 365.0

    def __post_init__(self) -> None:
        check_radii((self.radius_km,))

    @property
    def lineage(self) -> Mapping[str, Lineage]:
        """By column."""
        who = f"of earthquakes of M>={self.min_magnitude:g} within {self.radius_km:g} km"
        return {
            f"depth_past_r{self.radius_km:g}": from_catalogue(f"mean depth {who}, whole record", "km"),
            f"depth_change_{self.recent_days:g}d_r{self.radius_km:g}": from_catalogue(
                f"mean depth {who}: {last_days(self.recent_days)} less the whole record", "km"
            ),
        }

    def sweep(self, grid: Grid) -> Sweep:
        """Begin with nothing known."""
        return _DepthSweep(self, grid)


class _DepthSweep(Sweep):
    def __init__(self, feature: Depths, grid: Grid) -> None:
        self._feature = feature
        self._sums = DiscSums(grid, (feature.radius_km,), (None, feature.recent_days), 2)

    def add(self, new: Catalog) -> None:
        new = new.above(self._feature.min_magnitude)
        new = new.select(~np.isnan(new.depth_km))
        self._sums.add(Members.of(new, np.column_stack([np.ones(len(new)), np.round(new.depth_km * 1000)])))

    def at(self, moment: datetime) -> np.ndarray:
        number, metres = np.moveaxis(self._sums.at(microseconds(moment))[:, :, 0], 2, 0)
        mean_km = np.where(number > 0, metres / np.maximum(number, 1) / 1000, np.nan)
        return np.column_stack([mean_km[0], mean_km[1] - mean_km[0]]).astype(np.float32)
