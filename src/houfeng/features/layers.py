"""Layers: rasters and points with times, from anywhere, as columns; nothing is used before it was issued.

A layer that is absent, too old or elsewhere gives missing values and a message, never a number and never silence.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from houfeng.errors import InputError, SourceError
from houfeng.features.base import Layer, LayerValues, Lineage
from houfeng.geo import to_xyz_km, wrap_longitude
from houfeng.regions import Grid
from houfeng.times import DAY_S, from_datetime64, to_datetime64

#: Time and issue time of what has always been known, such as the height of the ground.
ALWAYS = np.datetime64("0001-01-01", "us")

#: How values become those of a cell, and those of a window of time.
IN_SPACE, IN_TIME = ("nearest", "bilinear", "mean"), ("latest", "mean", "sum")


@dataclass(frozen=True, slots=True)
class Age:
    """Which values count at a moment.

    Attributes
    ----------
    in_time
        The ``latest`` value; or the ``mean`` or ``sum`` of those of the last `days`.
    days
        Older values do not count; None: a latest value counts for ever.
    """

    in_time: str = "latest"
    days: float | None = None

    def __post_init__(self) -> None:
        if self.in_time not in IN_TIME:
            raise InputError(f"values are taken in time as {', '.join(IN_TIME)}, not '{self.in_time}'")
        if self.days is None and self.in_time != "latest":
            raise InputError(f"the {self.in_time} of values needs a number of days")
        if self.days is not None and not self.days > 0:
            raise InputError(f"values of the last {self.days} days are none; give a positive number of days")

    def rows(self, times: np.ndarray, issued: np.ndarray, moment: np.datetime64, what: np.ndarray) -> np.ndarray:
        """Rows that count: issued by the moment, not later than it, not too old; of each time the last version.

        `what` tells series apart (stations), shape (n,); of each, ``latest`` is one row.
        """
        known = (issued <= moment) & (times <= moment)
        if self.days is not None:
            known &= times >= moment - np.timedelta64(round(self.days * DAY_S * 1e6), "us")
        rows = np.flatnonzero(known)
        rows = rows[np.lexsort((issued[rows], times[rows], what[rows]))]
        last = np.ones(len(rows), bool)
        same = what[rows[1:]] == what[rows[:-1]]
        last[:-1] = ~(same if self.in_time == "latest" else same & (times[rows[1:]] == times[rows[:-1]]))
        return rows[last]

    def why_none(self, times: np.ndarray, issued: np.ndarray, moment: np.datetime64) -> str:
        """Why no row counts."""
        known = (issued <= moment) & (times <= moment)
        if not known.any():
            return f"nothing had been issued by {moment}Z"
        age = (moment - times[known].max()) / np.timedelta64(1, "us") / (DAY_S * 1e6)
        return f"at {moment}Z the latest value was {age:.1f} days old; up to {self.days:g} days count"


@dataclass(frozen=True, eq=False)
class RasterLayer:
    """A quantity on a regular raster at some times: pressure, rain, heights, deformation from above.

    Attributes
    ----------
    name
        Of the layer and of its only column.
    times, issued : ndarray of datetime64[us], shape (n,)
        What each slice is about, and since when it is known; ``ALWAYS`` for what does not change.
    longitude, latitude : ndarray, shapes (x,), (y,), degrees
        Centres of pixels, ascending and evenly spaced; longitudes may go on above 180.
    values : ndarray, shape (n, y, x)
        NaN where missing.
    about
        Source, meaning, unit, licence.
    in_space
        ``nearest`` pixel, ``bilinear`` between four, or ``mean`` of the pixels whose centres lie in the cell.
    age
        Which slices count.
    """

    name: str
    times: np.ndarray
    issued: np.ndarray
    longitude: np.ndarray
    latitude: np.ndarray
    values: np.ndarray
    about: Lineage
    in_space: str = "nearest"
    age: Age = Age()

    def __post_init__(self) -> None:
        if self.in_space not in IN_SPACE:
            raise InputError(f"layer '{self.name}': cells take values as {', '.join(IN_SPACE)}, not '{self.in_space}'")
        shape = (len(self.times), len(self.latitude), len(self.longitude))
        if np.shape(self.values) != shape:
            raise InputError(
                f"layer '{self.name}': values of shape {np.shape(self.values)}; times by y by x is {shape}"
            )
        for axis, full in ((self.longitude, 360.0), (self.latitude, 180.0)):
            step = np.diff(axis)
            if len(axis) < 2 or not (step > 0).all() or np.ptp(step) > 1e-3 * step[0] or axis[-1] - axis[0] > full:
                raise InputError(f"layer '{self.name}': longitudes and latitudes must ascend in even steps")
        _check_times(self.name, self.times, self.issued)

    @property
    def names(self) -> tuple[str, ...]:
        """One."""
        return (self.name,)

    @property
    def lineage(self) -> Mapping[str, Lineage]:
        """One."""
        return {self.name: self.about}

    def on(self, grid: Grid) -> Callable[[datetime], LayerValues]:
        """Find the pixels of each cell once."""
        pixels, weights = _PLACING[self.in_space](self, grid)
        missing = np.full((len(grid), 1), np.nan)
        one_series = np.zeros(len(self.times), np.int8)

        def at(moment: datetime) -> LayerValues:
            now = to_datetime64(moment)
            rows = self.age.rows(self.times, self.issued, now, one_series)
            if not len(rows):
                return LayerValues(missing, why=self.age.why_none(self.times, self.issued, now))
            slices = self.values[rows].astype(float)
            flat = (slices.mean(axis=0) if self.age.in_time == "mean" else slices.sum(axis=0)).ravel()
            values = np.append(flat, np.nan)[pixels]
            used = (weights > 0) & ~np.isnan(values)
            if self.in_space == "bilinear":  # a corner that is missing makes the cell missing
                used &= ~np.isnan(np.where(weights > 0, values, 0)).any(axis=1, keepdims=True)
            weight = np.where(used, weights, 0)
            total = weight.sum(axis=1)
            mean = (np.where(used, values, 0) * weight).sum(axis=1) / np.where(total > 0, total, 1)
            out = np.where(total > 0, mean, np.nan)[:, None]
            why = "" if (total > 0).any() else "it has no value in any cell of the grid"
            return LayerValues(out, _latest(self.issued[rows]), why)

        return at


def _nearest_pixel(layer: RasterLayer, grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Pixel of each cell, shape (cells, 1), and its weight; one past the last pixel where there is none."""
    x, y, columns = _fractions(layer, grid)
    column, row = np.floor(x + 0.5).astype(int) % columns, np.floor(y + 0.5).astype(int)
    inside = (column < len(layer.longitude)) & (row >= 0) & (row < len(layer.latitude))
    pixel = np.where(inside, row * len(layer.longitude) + column, layer.values[0].size if len(layer.values) else 0)
    return pixel[:, None], inside[:, None].astype(float)


def _four_pixels(layer: RasterLayer, grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """The four pixels around each cell, shape (cells, 4), and their weights."""
    x, y, columns = _fractions(layer, grid)
    width, height = len(layer.longitude), len(layer.latitude)
    pixels, weights = [], []
    y = np.where(np.abs(y - np.round(y)) < 1e-6, np.round(y), y)
    x = np.where(np.abs(x - np.round(x)) < 1e-6, np.round(x), x)
    for dy in (0, 1):
        for dx in (0, 1):
            column, row = np.floor(x).astype(int) + dx, np.floor(y).astype(int) + dy
            weight = (1 - np.abs(x - column)) * (1 - np.abs(y - row))
            column = column % columns
            inside = (column < width) & (row >= 0) & (row < height)
            pixels.append(np.where(inside, row * width + column, width * height))
            weights.append(weight)
    return np.stack(pixels, axis=1), np.stack(weights, axis=1)


def _pixels_inside(layer: RasterLayer, grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """All pixels whose centres lie in each cell, shape (cells, most in a cell), with even weights."""
    x, y = np.meshgrid(wrap_longitude(layer.longitude), layer.latitude)
    cell = grid.index_of(longitude=x.ravel(), latitude=y.ravel())
    pixel = np.flatnonzero(cell >= 0)
    pixel = pixel[np.argsort(cell[pixel], kind="stable")]
    cell = cell[pixel]
    counts = np.bincount(cell, minlength=len(grid))
    place = np.arange(len(pixel)) - np.repeat(np.cumsum(counts) - counts, counts)
    pixels = np.full((len(grid), max(int(counts.max(initial=0)), 1)), x.size)
    pixels[cell, place] = pixel
    return pixels, (pixels < x.size).astype(float)


_PLACING = {"nearest": _nearest_pixel, "bilinear": _four_pixels, "mean": _pixels_inside}


def _fractions(layer: RasterLayer, grid: Grid) -> tuple[np.ndarray, np.ndarray, int]:
    """Column and row of each cell's centre, not rounded, and how many columns go around the Earth."""
    step_x, step_y = np.diff(layer.longitude).mean(), np.diff(layer.latitude).mean()
    around = round(360 / step_x)
    x = (grid.longitude - layer.longitude[0]) / step_x
    x = np.where(x < -0.5 - 1e-9, x + 360 / step_x, x)
    x = np.where(x >= 360 / step_x - 0.5 - 1e-9, x - 360 / step_x, x)
    return x, (grid.latitude - layer.latitude[0]) / step_y, around


@dataclass(frozen=True, eq=False)
class TableLayer:
    """Quantities at points, at some times: stations, wells, places.

    Attributes
    ----------
    name
        Of the layer.
    times, issued : ndarray of datetime64[us], shape (n,)
        What each row is about, and since when it is known.
    longitude, latitude : ndarray, shape (n,), degrees
    values : dict of ndarray, shape (n,)
        By column; NaN where missing.
    about
        By column: source, meaning, unit, licence.
    radius_km
        Points farther from the centre of a cell say nothing about it.
    in_space
        The ``nearest`` point with a value, or the ``mean`` of all within the radius.
    age
        Which rows count, for each station.
    station : ndarray, shape (n,)
        Tells series apart; by place where None.
    """

    name: str
    times: np.ndarray
    issued: np.ndarray
    longitude: np.ndarray
    latitude: np.ndarray
    values: Mapping[str, np.ndarray]
    about: Mapping[str, Lineage]
    radius_km: float
    in_space: str = "nearest"
    age: Age = Age()
    station: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.in_space not in ("nearest", "mean"):
            raise InputError(f"layer '{self.name}': points are taken as nearest or mean, not '{self.in_space}'")
        lengths = {len(self.times), len(self.longitude), len(self.latitude), *map(len, self.values.values())}
        if len(lengths) > 1 or set(self.values) != set(self.about) or not self.values:
            raise InputError(f"layer '{self.name}': columns of one length, each with its source and unit, are needed")
        if not self.radius_km > 0:
            raise InputError(f"layer '{self.name}': a radius of {self.radius_km} km holds no point")
        _check_times(self.name, self.times, self.issued)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the columns."""
        return tuple(self.values)

    @property
    def lineage(self) -> Mapping[str, Lineage]:
        """By column."""
        return {name: self.about[name] for name in self.values}

    def on(self, grid: Grid) -> Callable[[datetime], LayerValues]:
        """Find the distances of cells and points once."""
        place = np.column_stack([wrap_longitude(self.longitude), self.latitude])
        label = np.arange(len(place)) if not len(place) else np.unique(place, axis=0, return_inverse=True)[1].ravel()
        series = label if self.station is None else np.unique(self.station, return_inverse=True)[1].ravel()
        points = to_xyz_km(longitude=place[:, 0], latitude=place[:, 1])
        centres = to_xyz_km(longitude=grid.longitude, latitude=grid.latitude)
        table = np.column_stack([np.asarray(column, float) for column in self.values.values()])

        def at(moment: datetime) -> LayerValues:
            now = to_datetime64(moment)
            rows = self.age.rows(self.times, self.issued, now, series)
            missing = np.full((len(grid), table.shape[1]), np.nan)
            if not len(rows):
                return LayerValues(missing, why=self.age.why_none(self.times, self.issued, now))
            firsts, values = self._by_series(series[rows], table[rows])
            out = _spread(centres, points[rows][firsts], values, self.radius_km, self.in_space)
            why = f"no value within {self.radius_km:g} km of any cell" if np.isnan(out).all() else ""
            return LayerValues(out, _latest(self.issued[rows]), why)

        return at

    def _by_series(self, series: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """First row of each series (sorted) and its values: the only ones, or their mean or sum over time."""
        firsts = np.flatnonzero(np.diff(series, prepend=series[0] - 1))
        there = ~np.isnan(values)
        number = np.add.reduceat(there, firsts, axis=0, dtype=float)
        total = np.add.reduceat(np.where(there, values, 0), firsts, axis=0)
        total = total / np.maximum(number, 1) if self.age.in_time == "mean" else total
        return firsts, np.where(number > 0, total, np.nan)


def _spread(centres: np.ndarray, points: np.ndarray, values: np.ndarray, radius_km: float, how: str) -> np.ndarray:
    """Values of the cells from those of the points, shape (cells, k); columns may miss different points."""
    from scipy.spatial import cKDTree

    out = np.full((len(centres), values.shape[1]), np.nan)
    for k, column in enumerate(values.T):
        there = np.flatnonzero(~np.isnan(column))
        if not len(there):
            continue
        tree = cKDTree(points[there])
        if how == "nearest":
            distance, nearest = tree.query(centres)
            out[:, k] = np.where(distance <= radius_km, column[there][nearest], np.nan)
        else:
            for cell, found in enumerate(tree.query_ball_point(centres, radius_km)):
                if found:
                    out[cell, k] = column[there[found]].mean()
    return out


@dataclass(frozen=True, slots=True)
class AbsentLayer:
    """A layer that was asked for and is not there; a table says so.

    Attributes
    ----------
    name
        Of the layer.
    why
        It is not there.
    """

    name: str
    why: str

    @property
    def names(self) -> tuple[str, ...]:
        """None."""
        return ()

    @property
    def lineage(self) -> Mapping[str, Lineage]:
        """None."""
        return {}

    def on(self, grid: Grid) -> Callable[[datetime], LayerValues]:
        """Nothing, and why."""
        return lambda moment: LayerValues(np.zeros((len(grid), 0)), why=self.why)


def layer_or_absent(name: str, read: Callable[[], Layer]) -> Layer:
    """What `read` returns, or an :class:`AbsentLayer` where its file or service did not deliver (SourceError)."""
    try:
        return read()
    except SourceError as error:
        return AbsentLayer(name, str(error))


def _check_times(name: str, times: np.ndarray, issued: np.ndarray) -> None:
    if np.shape(times) != np.shape(issued) or np.isnat(times).any() or np.isnat(issued).any():
        raise InputError(f"layer '{name}': every value needs a time and an issue time (UTC)")


def _latest(issued: np.ndarray) -> datetime | None:
    latest = issued.max()
    return None if latest == ALWAYS else from_datetime64(latest)
