"""What a statistical model expects in each cell, as columns: given as a function, so that this room knows no model."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import InputError
from houfeng.features.base import Lineage, last_days
from houfeng.features.table import FeatureTable, ascending
from houfeng.regions import Grid
from houfeng.times import DAY_S

#: Expected number in each cell, shape (cells,), of what follows a moment, from what was known at it.
Expected = Callable[[Catalog, datetime, Grid], np.ndarray]

#: Added to an expected number before its logarithm is taken.
FLOOR = 1e-9


@dataclass(frozen=True)
class Prior:
    """Logarithm of the number that a model expects in each cell.

    Attributes
    ----------
    name
        Of the column.
    expected
        Called at each moment with what was known.
    about
        Where the column comes from.
    """

    name: str
    expected: Expected
    about: Lineage

    @property
    def names(self) -> tuple[str, ...]:
        """One."""
        return (self.name,)

    @property
    def lineage(self) -> Mapping[str, Lineage]:
        """As given."""
        return {self.name: self.about}

    def compute(self, known: Catalog, at: datetime, grid: Grid) -> np.ndarray:
        """ln(expected number + 1e-9), shape (cells, 1)."""
        return np.log(_checked(self.expected(known, at, grid), len(grid), self.name) + FLOOR)[:, None]


@dataclass(frozen=True)
class PriorResidual:
    """What happened in each cell in the last window, less what a model had expected of it from what it knew then.

    (observed - expected) / sqrt(expected + 1): a Pearson residual, damped where next to nothing was expected. The
    observed are those known at the moment; the expected number is computed anew from what was known at the beginning
    of the window.

    Attributes
    ----------
    name
        Of the column.
    expected
        Expected number of earthquakes of at least `min_magnitude` within `days` after a moment.
    """

    name: str
    expected: Expected
    days: float
    min_magnitude: float

    def __post_init__(self) -> None:
        if not self.days > 0:
            raise InputError(f"a window of {self.days} days has no length")

    @property
    def names(self) -> tuple[str, ...]:
        """One."""
        return (self.name,)

    @property
    def lineage(self) -> Mapping[str, Lineage]:
        """One."""
        meaning = f"observed less expected number of M>={self.min_magnitude:g} in the cell in {last_days(self.days)}"
        return {self.name: Lineage("catalogue", meaning, "standard deviations")}

    def compute(self, known: Catalog, at: datetime, grid: Grid) -> np.ndarray:
        """Residuals, shape (cells, 1)."""
        start = at - timedelta(seconds=self.days * DAY_S)
        happened = known.between(start, at).above(self.min_magnitude)
        expected = _checked(self.expected(known.as_of(start), start, grid), len(grid), self.name)
        return residual(counts_by_cell(happened, grid), expected)[:, None]


def counts_by_cell(catalog: Catalog, grid: Grid) -> np.ndarray:
    """Number of earthquakes in each cell, shape (cells,)."""
    cell = grid.index_of(longitude=catalog.longitude, latitude=catalog.latitude)
    return np.bincount(cell[cell >= 0], minlength=len(grid)).astype(float)


def residual(observed: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Pearson residual, damped: (observed - expected) / sqrt(expected + 1)."""
    return (observed - expected) / np.sqrt(expected + 1)


def prior_table(times: np.ndarray, grid: Grid, expected: np.ndarray, name: str, about: Lineage) -> FeatureTable:
    """Expected numbers computed beforehand, shape (n_t, n_c), as a table with one column ln(number + 1e-9)."""
    if np.shape(expected) != (len(times), len(grid)):
        raise InputError(f"expected numbers of shape {np.shape(expected)}; give moments by cells")
    values = np.log(_checked(np.ravel(expected), np.size(expected), name) + FLOOR).reshape(np.shape(expected))
    return FeatureTable(ascending(times), grid, {name: values}, {name: about})


def residual_table(
    catalog: Catalog,
    times: np.ndarray,
    grid: Grid,
    expected: np.ndarray,
    *,
    days: float,
    min_magnitude: float,
    name: str,
    about: Lineage,
) -> FeatureTable:
    """Residuals of expected numbers that were computed beforehand, as a table with one column.

    Each moment is told how the last window that was over by then turned out: of the latest earlier moment whose `days`
    have passed, what had happened in them and was issued by now, less what was expected. Missing before there is one.

    Parameters
    ----------
    catalog
        All there is.
    expected : ndarray, shape (n_t, n_c)
        Number of at least `min_magnitude` expected in each cell within `days` after each of `times`, from what was
        known then.
    """
    times = ascending(times)
    if np.shape(expected) != (len(times), len(grid)) or not days > 0:
        raise InputError(f"expected numbers of shape {np.shape(expected)} for {days} days; give moments by cells")
    length = np.timedelta64(round(days * DAY_S * 1e6), "us")
    strong = catalog.above(min_magnitude)
    cell = grid.index_of(longitude=strong.longitude, latitude=strong.latitude)
    out = np.full((len(times), len(grid)), np.nan)
    for row, now in enumerate(times):
        start = int(np.searchsorted(times, now - length, side="right")) - 1
        if start >= 0:
            window = slice(*np.searchsorted(strong.time, (times[start], times[start] + length)))
            counted = cell[window][(strong.issued[window] <= now) & (cell[window] >= 0)]
            observed = np.bincount(counted, minlength=len(grid))
            out[row] = residual(observed, _checked(expected[start], len(grid), name))
    return FeatureTable(times, grid, {name: out}, {name: about})


def _checked(expected: np.ndarray, n: int, name: str) -> np.ndarray:
    expected = np.asarray(expected, float)
    if expected.shape != (n,) or not (np.isfinite(expected).all() and (expected >= 0).all()):
        raise InputError(f"{name}: expected numbers must be {n}, finite and not negative; got shape {expected.shape}")
    return expected
