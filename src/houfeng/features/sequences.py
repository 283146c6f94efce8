"""Sequences: the last earthquakes before a moment, in the region or around a cell, and windows of waveforms."""

from dataclasses import dataclass

import numba as nb
import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import InputError
from houfeng.features.discs import DAY_US
from houfeng.geo import to_xyz_km
from houfeng.regions import Grid

#: Columns of a sequence of earthquakes, with their units.
COLUMNS = {
    "log_elapsed": "ln(days + 1e-4) before the moment",
    "log_interval": "ln(days + 1e-4) since the earthquake before it in the sequence; 0 for the first",
    "magnitude_above": "magnitude less the smallest one used",
    "log_distance": "ln(1 + km) from the cell; in a sequence of the region, from the earthquake before it",
    "east": "sine of the azimuth from there, 0 at no distance",
    "north": "cosine of that azimuth, 0 at no distance",
    "depth": "km / 10; 0 where unknown",
    "depth_known": "1 where the depth is known, else 0",
}


@dataclass(frozen=True, eq=False)
class Sequences:
    """The last N earthquakes of each of n moments or of pairs of moment and cell, the latest one last.

    Attributes
    ----------
    values : ndarray of float32, shape (n, N, 8)
        Columns as in ``COLUMNS``; zeros where there is no earthquake.
    mask : ndarray of bool, shape (n, N)
        Where there is one: the places at the end.
    events : ndarray of int64, shape (n, N)
        Rows in the catalogue, -1 where there is none.
    """

    values: np.ndarray
    mask: np.ndarray
    events: np.ndarray

    def __len__(self) -> int:
        return len(self.mask)


def last_events(
    catalog: Catalog, times: np.ndarray, n_events: int, *, min_magnitude: float, max_days: float | None = None
) -> Sequences:
    """The last earthquakes of the whole catalogue that had been issued by each of `times`.

    Parameters
    ----------
    times : ndarray of datetime64[us], shape (n,)
        In any order.
    n_events
        At most so many; fewer where fewer are known.
    min_magnitude
        Smaller ones are left out.
    max_days
        Those longer ago are left out.
    """
    times = np.atleast_1d(times).astype("datetime64[us]")
    nowhere = np.zeros((len(times), 3))
    return _sequences(catalog, times, nowhere, n_events, min_magnitude, max_days, None)


def last_events_near(
    catalog: Catalog,
    times: np.ndarray,
    cells: np.ndarray,
    grid: Grid,
    n_events: int,
    *,
    min_magnitude: float,
    radius_km: float,
    max_days: float | None = None,
) -> Sequences:
    """The last earthquakes within a radius of a cell, for pairs of a moment and a cell.

    Parameters
    ----------
    times : ndarray of datetime64[us], shape (n,)
    cells : ndarray of int, shape (n,)
        Numbers of cells of `grid`.
    radius_km
        Straight-line distance from the centre of the cell.

    Other parameters are those of :func:`last_events`.
    """
    times, cells = np.atleast_1d(times).astype("datetime64[us]"), np.atleast_1d(cells)
    if len(times) != len(cells):
        raise InputError(f"{len(times)} moments and {len(cells)} cells are no pairs")
    if not radius_km > 0:
        raise InputError(f"a radius of {radius_km} km holds no earthquake")
    centres = to_xyz_km(longitude=grid.longitude[cells], latitude=grid.latitude[cells])
    return _sequences(catalog, times, centres, n_events, min_magnitude, max_days, radius_km)


def _sequences(
    catalog: Catalog,
    times: np.ndarray,
    centres: np.ndarray,
    n_events: int,
    min_magnitude: float,
    max_days: float | None,
    radius_km: float | None,
) -> Sequences:
    if n_events < 1:
        raise InputError(f"a sequence of {n_events} earthquakes holds nothing; ask for at least one")
    rows = np.flatnonzero(catalog.magnitude >= min_magnitude - 1e-9)
    used = catalog.select(rows)
    xyz_km = to_xyz_km(longitude=used.longitude, latitude=used.latitude).reshape(-1, 3)
    oldest_us = np.iinfo(np.int64).max if max_days is None else round(max_days * DAY_US)
    time_us, issued_us = used.time.astype(np.int64), used.issued.astype(np.int64)
    radius2 = np.inf if radius_km is None else radius_km**2
    found = _latest(time_us, issued_us, xyz_km, times.astype(np.int64), centres, n_events, oldest_us, radius2)
    mask = found >= 0
    values = np.zeros((*found.shape, len(COLUMNS)))
    if mask.any():
        moments = np.broadcast_to(times.astype(np.int64)[:, None], found.shape)
        before = np.roll(found, 1, axis=1)
        first = ~np.roll(mask, 1, axis=1) | (np.arange(n_events) == 0)
        before = np.where(first, found, before)
        values[..., 0] = _log_days(moments - time_us[found])
        values[..., 1] = np.where(first, 0, _log_days(time_us[found] - time_us[before]))
        values[..., 2] = used.magnitude[found] - min_magnitude
        start = np.broadcast_to(centres[:, None], (*found.shape, 3)) if radius_km is not None else xyz_km[before]
        values[..., 3:6] = _polar(start, xyz_km[found])
        depth = used.depth_km[found]
        values[..., 6], values[..., 7] = np.where(np.isnan(depth), 0, depth / 10), ~np.isnan(depth)
    values[~mask] = 0
    events = np.where(mask, rows[found] if len(rows) else -1, -1)
    return Sequences(values.astype(np.float32), mask, events)


def _log_days(us: np.ndarray) -> np.ndarray:
    """ln(days + 1e-4); where there is no earthquake, anything that is a number."""
    return np.log(np.maximum(us, 0) / DAY_US + 1e-4)


def _polar(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """ln(1 + km), sine and cosine of the azimuth from `start` to `end`, shape (..., 3)."""
    away = end - start
    distance = np.linalg.norm(away, axis=-1)
    up = start / np.linalg.norm(start, axis=-1, keepdims=True)
    horizontal = np.hypot(up[..., 0], up[..., 1])
    east = np.stack([-up[..., 1], up[..., 0], np.zeros_like(horizontal)], axis=-1)
    east = east / np.maximum(horizontal, 1e-12)[..., None]
    north = np.cross(up, east)
    x, y = (away * east).sum(axis=-1), (away * north).sum(axis=-1)
    length = np.hypot(x, y)
    safe = np.where(length > 1e-6, length, np.inf)
    return np.stack([np.log1p(distance), x / safe, y / safe], axis=-1)


@nb.njit(cache=True)
def _latest(time_us, issued_us, xyz_km, moments, centres, n_events, oldest_us, radius2):
    """Rows of the last earthquakes of each moment, the latest in the last column, -1 where there are no more."""
    out = np.full((len(moments), n_events), -1, np.int64)
    for i in range(len(moments)):
        now, place = moments[i], n_events
        row = np.searchsorted(time_us, now, side="right")
        while row > 0 and place > 0:
            row -= 1
            if now - time_us[row] > oldest_us:
                break
            if issued_us[row] > now:
                continue
            if radius2 < np.inf:
                dx, dy = xyz_km[row, 0] - centres[i, 0], xyz_km[row, 1] - centres[i, 1]
                dz = xyz_km[row, 2] - centres[i, 2]
                if dx * dx + dy * dy + dz * dz > radius2:
                    continue
            place -= 1
            out[i, place] = row
    return out
