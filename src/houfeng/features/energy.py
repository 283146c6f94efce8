"""How much strain earthquakes let go around a cell, and how large and how long ago the large ones were."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.features.base import Lineage, Sweep, SweepingFeature, from_catalogue, last_days
from houfeng.features.discs import DAY_US, Lately, Lattice, Members, raise_to_largest
from houfeng.features.rates import check_radii, microseconds
from houfeng.regions import Grid


def moment_nm(magnitude: np.ndarray) -> np.ndarray:
    """Seismic moment in N m of a magnitude taken as Mw, Hanks & Kanamori (1979), doi:10.1029/JB084iB05p02348."""
    return 10.0 ** (1.5 * np.asarray(magnitude, float) + 9.05)


def benioff_strain(magnitude: np.ndarray) -> np.ndarray:
    """Square root of the radiated energy (J), log10 E = 1.5 M + 4.8 (Gutenberg & Richter 1956)."""
    return 10.0 ** (0.75 * np.asarray(magnitude, float) + 2.4)


@dataclass(frozen=True)
class Strain(SweepingFeature):
    """Seismic moment and Benioff strain released around each cell lately, as logarithms.

    That of one earthquake of `min_magnitude` is added, so that where nothing happened there is a number too.
    """

    min_magnitude: float
    radius_km: float = 30.0
    windows_days: tuple[float, ...] = (30.0, 365.0)

    def __post_init__(self) -> None:
        check_radii((self.radius_km,))

    @property
    def lineage(self) -> Mapping[str, Lineage]:
        """By column: moment in each window, then Benioff strain in the longest."""
        where = f"of earthquakes of M>={self.min_magnitude:g} within {self.radius_km:g} km in"
        out = {
            f"log_moment_{days:g}d_r{self.radius_km:g}": from_catalogue(
                f"seismic moment {where} {last_days(days)}, and of one more of M{self.min_magnitude:g}", "log10(N m)"
            )
            for days in self.windows_days
        }
        days = max(self.windows_days)
        out[f"log_benioff_{days:g}d_r{self.radius_km:g}"] = from_catalogue(
            f"Benioff strain {where} {last_days(days)}, and of one more of M{self.min_magnitude:g}", "log10(J^0.5)"
        )
        return out

    def sweep(self, grid: Grid) -> Sweep:
        """Begin with nothing known."""
        return _StrainSweep(self, grid)


class _StrainSweep(Sweep):
    def __init__(self, feature: Strain, grid: Grid) -> None:
        self._feature = feature
        self._lately = Lately(grid, feature.radius_km, 2)

    def add(self, new: Catalog) -> None:
        new = new.above(self._feature.min_magnitude)
        values = np.column_stack([moment_nm(new.magnitude), benioff_strain(new.magnitude)])
        self._lately.add(Members.of(new, values))

    def at(self, moment: datetime) -> np.ndarray:
        f, now = self._feature, microseconds(moment)
        sums = {days: self._lately.sums(now - round(days * DAY_US)) for days in f.windows_days}
        columns = [np.log10(sums[days][:, 0] + moment_nm(f.min_magnitude)) for days in f.windows_days]
        columns.append(np.log10(sums[max(f.windows_days)][:, 1] + benioff_strain(f.min_magnitude)))
        return np.column_stack(columns).astype(np.float32)


@dataclass(frozen=True)
class Largest(SweepingFeature):
    """The largest magnitude around each cell lately, and the time since the last earthquake of some magnitudes."""

    min_magnitude: float
    radius_km: float = 30.0
    windows_days: tuple[float, ...] = (30.0, 365.0)
    since_magnitudes: tuple[float, ...] = (4.0, 5.0)

    def __post_init__(self) -> None:
        check_radii((self.radius_km,))

    @property
    def lineage(self) -> Mapping[str, Lineage]:
        """By column: windows, then magnitudes."""
        out = {
            f"largest_{days:g}d_r{self.radius_km:g}": from_catalogue(
                f"largest magnitude within {self.radius_km:g} km in {last_days(days)}, above "
                f"{self.min_magnitude:g} (0 where there was none)",
                "magnitude units",
            )
            for days in self.windows_days
        }
        for magnitude in self.since_magnitudes:
            out[f"log_days_since_m{magnitude:g}_r{self.radius_km:g}"] = from_catalogue(
                f"time since the last earthquake of M>={magnitude:g} within {self.radius_km:g} km (missing where "
                "there was none)",
                "ln(1 + days)",
            )
        return out

    def sweep(self, grid: Grid) -> Sweep:
        """Begin with nothing known."""
        return _LargestSweep(self, grid)


class _LargestSweep(Sweep):
    def __init__(self, feature: Largest, grid: Grid) -> None:
        self._feature = feature
        self._lately = Lately(grid, feature.radius_km, 1)
        self._latest_us = np.full((len(grid), len(feature.since_magnitudes)), -np.inf)
        self._lattice = Lattice.of(grid).kernel_arguments

    def add(self, new: Catalog) -> None:
        f = self._feature
        new = new.above(f.min_magnitude)
        self._lately.add(Members.of(new, new.magnitude[:, None]))
        for k, magnitude in enumerate(f.since_magnitudes):
            strong = new.above(magnitude)
            latest = Members.of(strong, strong.time.astype(np.int64).astype(float)[:, None])
            column = self._latest_us[:, k : k + 1]
            raise_to_largest(*self._lattice, latest.places, latest.values, np.array([f.radius_km**2]), column)

    def at(self, moment: datetime) -> np.ndarray:
        f, now = self._feature, microseconds(moment)
        largest = [self._lately.largest(now - round(days * DAY_US))[:, 0] for days in f.windows_days]
        above = [np.maximum(column, f.min_magnitude) - f.min_magnitude for column in largest]
        days = (now - self._latest_us) / DAY_US
        since = np.where(np.isfinite(days), np.log1p(np.where(np.isfinite(days), days, 0)), np.nan)
        return np.column_stack([*above, since]).astype(np.float32)
