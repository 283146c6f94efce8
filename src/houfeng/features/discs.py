"""Sums over earthquakes within some radii of every cell and within some windows of time, kept up to date.

An earthquake that becomes known is added to the cells whose centres lie within the radius, and taken away when it
leaves the window, so that a step costs what changed and not what is known. Counts and other whole numbers are exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numba as nb
import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import InputError
from houfeng.geo import EARTH_RADIUS_KM, to_xyz_km
from houfeng.regions import Grid
from houfeng.times import DAY_S

DAY_US = int(DAY_S * 1e6)


@dataclass(frozen=True, eq=False)
class Lattice:
    """The cells of a grid by row and column, for searches around a point.

    Attributes
    ----------
    numbers : ndarray of int32, shape (rows, columns)
        Number of the cell at each place, -1 where there is none; columns go once around the Earth.
    first_row
        Row of ``numbers[0]``, counted from the equator.
    cell_deg
        Side of a cell in degrees.
    xyz_km : ndarray, shape (n, 3)
        Centres.
    """

    numbers: np.ndarray
    first_row: int
    cell_deg: float
    xyz_km: np.ndarray

    @classmethod
    def of(cls, grid: Grid) -> "Lattice":
        """Of any grid."""
        columns = round(360 / grid.cell_deg)
        column = np.round((grid.west + 180) / grid.cell_deg).astype(np.int64) % columns
        row = np.round(grid.south / grid.cell_deg).astype(np.int64)
        numbers = np.full((np.ptp(row) + 1, columns), -1, np.int32)
        numbers[row - row.min(), column] = np.arange(len(grid))
        centres = to_xyz_km(longitude=grid.longitude, latitude=grid.latitude)
        return cls(numbers, int(row.min()), grid.cell_deg, centres)

    @property
    def kernel_arguments(self) -> tuple:
        """As the compiled functions take it."""
        return self.numbers, self.first_row, self.cell_deg, self.xyz_km


class Known:
    """Earthquakes known so far, in order of origin, with what a feature wants of each.

    Attributes
    ----------
    n
        How many.
    """

    def __init__(self, n_values: int) -> None:
        self.n = 0
        self._time, self._places, self._values = np.zeros(0, np.int64), np.zeros((0, 5)), np.zeros((0, n_values))

    @property
    def time_us(self) -> np.ndarray:
        """Origin times, microseconds since 1970, shape (n,)."""
        return self._time[: self.n]

    @property
    def places(self) -> np.ndarray:
        """Longitude and latitude in degrees, x, y, z in km, shape (n, 5)."""
        return self._places[: self.n]

    @property
    def values(self) -> np.ndarray:
        """What the feature wants of each, shape (n, k); may be written to."""
        return self._values[: self.n]

    def first_row(self, time_us: int) -> int:
        """The first earthquake not earlier than `time_us`."""
        return int(np.searchsorted(self.time_us, time_us))

    def insert(self, time_us: np.ndarray, places: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Take in earthquakes that are in order of origin; returns the rows they have now."""
        where = np.searchsorted(self.time_us, time_us, side="right")
        rows = where + np.arange(len(where))
        total = self.n + len(where)
        late = len(where) and where[0] < self.n
        if late or total > len(self._time):
            room = max(total, 2 * len(self._time))
            stay = np.delete(np.arange(total), rows) if late else np.arange(self.n)
            for name in ("_time", "_places", "_values"):
                old = getattr(self, name)
                larger = np.zeros((room, *old.shape[1:]), old.dtype)
                larger[stay] = old[: self.n]
                setattr(self, name, larger)
        self._time[rows], self._places[rows], self._values[rows] = time_us, places, values
        self.n = total
        return rows


@dataclass(frozen=True, eq=False)
class Members:
    """What a feature takes in of a catalogue: shapes (n,), (n, 5) and (n, k), as in :class:`Known`."""

    time_us: np.ndarray
    places: np.ndarray
    values: np.ndarray

    @classmethod
    def of(cls, catalog: Catalog, values: np.ndarray) -> "Members":
        """The earthquakes of a catalogue with `values`, shape (n, k)."""
        places = np.column_stack([
            catalog.longitude, catalog.latitude, to_xyz_km(longitude=catalog.longitude, latitude=catalog.latitude),
        ])  # fmt: skip
        return cls(catalog.time.astype(np.int64), places.reshape(-1, 5), values)


class DiscSums:
    """Sums of k values of the earthquakes within each radius of each cell, over each window that ends at a moment.

    Parameters
    ----------
    grid
        The n_c cells.
    radii_km
        Ascending; straight-line distances from the centre of a cell.
    windows_days
        None is the whole past. A window has both its ends: what happened exactly `days` ago is in it.
    n_values
        How many values k each earthquake has.
    """

    def __init__(
        self, grid: Grid, radii_km: Sequence[float], windows_days: Sequence[float | None], n_values: int
    ) -> None:
        self._lattice = Lattice.of(grid).kernel_arguments
        self._radii2 = np.asarray(radii_km, float) ** 2
        self._windows = tuple(None if days is None else round(days * DAY_US) for days in windows_days)
        self._known = Known(n_values)
        self._pending: list[Members] = []
        self._moment: int | None = None
        self._rings = np.zeros((len(self._windows), len(grid), len(radii_km), n_values))

    def add(self, new: Members) -> None:
        """Learn of earthquakes in order of origin."""
        if len(new.time_us):
            self._pending.append(new)

    def at(self, moment_us: int) -> np.ndarray:
        """Sums at a moment no earlier than the last one asked for; shape (windows, cells, radii, k)."""
        if self._moment is not None and moment_us < self._moment:
            raise InputError("sums over windows of time go forward only; begin another sweep for an earlier moment")
        for window, rings in zip(self._windows, self._rings, strict=True):
            if window is not None and self._moment is not None:
                gone = slice(self._known.first_row(self._moment - window), self._known.first_row(moment_us - window))
                add_to_rings(
                    *self._lattice, self._known.places[gone], self._known.values[gone], -1.0, self._radii2, rings
                )
        for new in self._pending:
            for window, rings in zip(self._windows, self._rings, strict=True):
                inside = slice(0 if window is None else int(np.searchsorted(new.time_us, moment_us - window)), None)
                add_to_rings(*self._lattice, new.places[inside], new.values[inside], 1.0, self._radii2, rings)
            self._known.insert(new.time_us, new.places, new.values)
        self._pending.clear()
        self._moment = moment_us
        return np.cumsum(self._rings, axis=2)


class Lately:
    """Earthquakes of the last days, for what cannot be kept up to date by adding and taking away.

    Parameters
    ----------
    grid
        The n_c cells.
    radius_km
        Straight-line distance from the centre of a cell.
    n_values
        How many values k each earthquake has.
    """

    def __init__(self, grid: Grid, radius_km: float, n_values: int) -> None:
        self._lattice = Lattice.of(grid).kernel_arguments
        self._radius2 = np.array([radius_km**2])
        self._cells = len(grid)
        self.known = Known(n_values)

    def add(self, new: Members) -> None:
        """Learn of earthquakes in order of origin."""
        self.known.insert(new.time_us, new.places, new.values)

    def sums(self, since_us: int) -> np.ndarray:
        """Sums of the values of what happened since, shape (cells, k)."""
        first = self.known.first_row(since_us)
        rings = np.zeros((self._cells, 1, self.known.values.shape[1]))
        places, values = self.known.places[first:], self.known.values[first:]
        add_to_rings(*self._lattice, places, values, 1.0, self._radius2, rings)
        return rings[:, 0]

    def largest(self, since_us: int) -> np.ndarray:
        """Largest of each value of what happened since, shape (cells, k); minus infinity where nothing did."""
        first = self.known.first_row(since_us)
        out = np.full((self._cells, self.known.values.shape[1]), -np.inf)
        raise_to_largest(*self._lattice, self.known.places[first:], self.known.values[first:], self._radius2, out)
        return out

    def intervals(self, since_us: int) -> np.ndarray:
        """Number, sum and sum of squares of the days between successive earthquakes since; shape (cells, 3)."""
        first = self.known.first_row(since_us)
        out = np.zeros((self._cells, 3))
        days = (self.known.time_us[first:] - since_us) / DAY_US
        add_intervals(*self._lattice, self.known.places[first:], days, self._radius2, out)
        return out


@nb.njit(cache=True)
def cell_box(latitude, radius_km, first_row, cell_deg, rows, columns):
    """Rows of the lattice that a cap may touch, and half its width in columns."""
    angle = 2.0 * np.arcsin(min(radius_km / (2.0 * EARTH_RADIUS_KM), 1.0))
    reach = np.degrees(angle)
    low = max(int(np.floor((latitude - reach) / cell_deg)) - first_row - 1, 0)
    high = min(int(np.floor((latitude + reach) / cell_deg)) - first_row + 1, rows - 1)
    if abs(latitude) + reach >= 89.9:
        return low, high, columns
    half = np.degrees(np.arcsin(min(np.sin(angle) / np.cos(np.radians(latitude)), 1.0)))
    return low, high, int(np.ceil(half / cell_deg)) + 1


@nb.njit(cache=True)
def cells_around(numbers, first_row, cell_deg, xyz_km, place, radius2, found, distance2):
    """Cells whose centres lie within a radius of a place, and how far; returns how many."""
    rows, columns = numbers.shape
    low, high, half = cell_box(place[1], np.sqrt(radius2), first_row, cell_deg, rows, columns)
    begin, count = (int(np.floor((place[0] + 180.0) / cell_deg)) - half) % columns, 2 * half + 1
    if count >= columns:
        begin, count = 0, columns
    n = 0
    for row in range(low, high + 1):
        for step in range(count):
            column = begin + step
            cell = numbers[row, column if column < columns else column - columns]
            if cell < 0:
                continue
            dx, dy, dz = xyz_km[cell, 0] - place[2], xyz_km[cell, 1] - place[3], xyz_km[cell, 2] - place[4]
            d2 = dx * dx + dy * dy + dz * dz
            if d2 <= radius2:
                found[n], distance2[n] = cell, d2
                n += 1
    return n


@nb.njit(cache=True)
def add_to_rings(numbers, first_row, cell_deg, xyz_km, places, values, sign, radii2, rings):
    """Add each earthquake to the ring between two radii in which it lies, for all cells around it."""
    n_radii, k = rings.shape[1], rings.shape[2]
    found, distance2 = np.empty(len(xyz_km), np.int64), np.empty(len(xyz_km))
    for e in range(len(places)):
        n = cells_around(numbers, first_row, cell_deg, xyz_km, places[e], radii2[n_radii - 1], found, distance2)
        for i in range(n):
            ring = 0
            while distance2[i] > radii2[ring]:
                ring += 1
            for j in range(k):
                rings[found[i], ring, j] += sign * values[e, j]


@nb.njit(cache=True)
def raise_to_largest(numbers, first_row, cell_deg, xyz_km, places, values, radius2, out):
    """Raise the cells around each earthquake to its values, where they are larger."""
    found, distance2 = np.empty(len(xyz_km), np.int64), np.empty(len(xyz_km))
    for e in range(len(places)):
        n = cells_around(numbers, first_row, cell_deg, xyz_km, places[e], radius2[0], found, distance2)
        for i in range(n):
            for j in range(values.shape[1]):
                out[found[i], j] = max(out[found[i], j], values[e, j])


@nb.njit(cache=True)
def add_intervals(numbers, first_row, cell_deg, xyz_km, places, days, radius2, out):
    """Days between successive earthquakes around each cell; those come in order of time."""
    found, distance2 = np.empty(len(xyz_km), np.int64), np.empty(len(xyz_km))
    last = np.full(len(xyz_km), np.nan)
    for e in range(len(places)):
        n = cells_around(numbers, first_row, cell_deg, xyz_km, places[e], radius2[0], found, distance2)
        for i in range(n):
            cell = found[i]
            if not np.isnan(last[cell]):
                between = days[e] - last[cell]
                out[cell, 0] += 1.0
                out[cell, 1] += between
                out[cell, 2] += between * between
            last[cell] = days[e]
