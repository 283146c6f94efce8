"""What a picture of seismicity is made of: numbers pixel by pixel, without any smoothing, on a raster with a margin."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import InputError
from houfeng.features.base import Lineage, Sweep, SweepingFeature, from_catalogue, last_days
from houfeng.features.discs import DAY_US, Known
from houfeng.features.energy import moment_nm
from houfeng.features.rates import microseconds
from houfeng.geo import wrap_longitude
from houfeng.regions import Grid


@dataclass(frozen=True, eq=False)
class Raster:
    """Pixels as large as the cells of a grid, in a full rectangle around it.

    Attributes
    ----------
    grid
        The pixels, row by row from the south-west, h * w of them.
    height, width
        In pixels.
    row, column : ndarray of int64, shape (n_c,)
        Pixel of each cell of the grid that it was made for.
    """

    grid: Grid
    height: int
    width: int
    row: np.ndarray
    column: np.ndarray

    @classmethod
    def around(cls, grid: Grid, margin: int = 0) -> "Raster":
        """The smallest rectangle that holds all cells, and `margin` pixels more on each side (cut off at the poles).

        Raises
        ------
        InputError
            When `margin` is negative, or the rectangle would go around the Earth more than once.
        """
        if margin < 0:
            raise InputError(f"a margin of {margin} pixels is negative")
        size = grid.cell_deg
        around = round(360 / size)
        column = np.round((grid.west + 180) / size).astype(np.int64)
        row = np.round(grid.south / size).astype(np.int64)
        first = _widest_gap_end(np.unique(column), around)
        column = (column - first) % around
        width = int(column.max()) + 1 + 2 * margin
        if width > around:
            raise InputError(
                f"a raster {width} pixels wide goes around the Earth, which has {around}; take less margin"
            )
        low = max(int(row.min()) - margin, -round(90 / size))
        high = min(int(row.max()) + margin, round(90 / size) - 1)
        x, y = np.meshgrid(first - margin + np.arange(width), np.arange(low, high + 1))
        west, south = wrap_longitude(-180 + x.ravel() * size), y.ravel() * size
        pixels = Grid(west=np.round(west, 9), south=np.round(south, 9), cell_deg=size)
        return cls(pixels, high - low + 1, width, row - low, column + margin)


def _widest_gap_end(columns: np.ndarray, around: int) -> int:
    """The first column east of the widest stretch without cells: there the raster begins."""
    gaps = np.diff(np.append(columns, columns[0] + around))
    return int(columns[(int(np.argmax(gaps)) + 1) % len(columns)])


@dataclass(frozen=True)
class PixelCounts(SweepingFeature):
    """Earthquakes in each pixel within windows, above several magnitudes; also their moment and mean depth.

    Attributes
    ----------
    magnitudes
        Ascending; earthquakes below the first do not count at all.
    windows_days
        Up to the moment; moment and depth are those of the longest.
    past
        Whether there are channels of the whole past as well: the rate above each magnitude.
    """

    magnitudes: tuple[float, ...]
    windows_days: tuple[float, ...] = (7.0, 30.0, 365.0)
    past: bool = True

    def __post_init__(self) -> None:
        if not self.magnitudes or list(self.magnitudes) != sorted(set(self.magnitudes)):
            raise InputError(f"magnitudes {self.magnitudes} must ascend, for instance (2.5, 4.0)")
        if not self.windows_days or min(self.windows_days) <= 0:
            raise InputError(f"windows of {self.windows_days} days must be positive")

    @property
    def lineage(self) -> Mapping[str, Lineage]:
        """By column: windows by magnitudes, rates, moment, depth."""
        out = {}
        for days in self.windows_days:
            for m in self.magnitudes:
                meaning = f"number of earthquakes of M>={m:g} in the pixel in {last_days(days)}"
                out[f"map_log_count_{days:g}d_m{m:g}"] = from_catalogue(meaning, "ln(1 + number)")
        for m in self.magnitudes if self.past else ():
            meaning = f"number of earthquakes of M>={m:g} in the pixel since the first one known"
            out[f"map_log_count_past_m{m:g}"] = from_catalogue(meaning, "ln(1 + number)")
        days, least = max(self.windows_days), self.magnitudes[0]
        where = f"of earthquakes of M>={least:g} in the pixel in {last_days(days)}"
        out[f"map_log_moment_{days:g}d"] = from_catalogue(
            f"seismic moment {where}, over that of M{least:g} (and of one more of M{least:g})", "log10"
        )
        out[f"map_depth_{days:g}d"] = from_catalogue(f"mean depth {where} (0 where there is none known)", "10 km")
        return out

    def sweep(self, grid: Grid) -> Sweep:
        """Begin with nothing known."""
        return _PixelSweep(self, grid)


class _PixelSweep(Sweep):
    def __init__(self, feature: PixelCounts, grid: Grid) -> None:
        self._feature, self._grid = feature, grid
        self._known = Known(3)  # pixel, magnitude, depth
        self._past = np.zeros((len(feature.magnitudes), len(grid)))

    def add(self, new: Catalog) -> None:
        new = new.above(self._feature.magnitudes[0])
        pixel = self._grid.index_of(longitude=new.longitude, latitude=new.latitude)
        new, pixel = new.select(pixel >= 0), pixel[pixel >= 0]
        places = np.zeros((len(new), 5))
        self._known.insert(new.time.astype(np.int64), places, np.column_stack([pixel, new.magnitude, new.depth_km]))
        self._past += self._counts(pixel, new.magnitude)

    def _counts(self, pixel: np.ndarray, magnitude: np.ndarray) -> np.ndarray:
        """Above each magnitude, shape (magnitudes, pixels)."""
        n = len(self._grid)
        return np.array([np.bincount(pixel[magnitude >= m - 1e-9], minlength=n) for m in self._feature.magnitudes])

    def at(self, moment: datetime) -> np.ndarray:
        f, n, now = self._feature, len(self._grid), microseconds(moment)
        channels = []
        for days in f.windows_days:
            pixel, magnitude, _ = self._since(now, days)
            channels += list(np.log1p(self._counts(pixel, magnitude)))
        if f.past:
            channels += list(np.log1p(self._past))
        pixel, magnitude, depth = self._since(now, max(f.windows_days))
        moment_ratio = moment_nm(magnitude) / moment_nm(f.magnitudes[0])
        channels.append(np.log10(1 + np.bincount(pixel, weights=moment_ratio, minlength=n)))
        there = ~np.isnan(depth)
        number = np.bincount(pixel[there], minlength=n)
        channels.append(np.bincount(pixel[there], weights=depth[there], minlength=n) / np.maximum(number, 1) / 10)
        return np.column_stack(channels).astype(np.float32)

    def _since(self, now_us: int, days: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        first = self._known.first_row(now_us - round(days * DAY_US))
        pixel, magnitude, depth = self._known.values[first:].T
        return pixel.astype(np.int64), magnitude, depth
