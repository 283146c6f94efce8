"""Pictures: maps of seismicity with many channels, and patches of them around cells, as of each moment."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import InputError
from houfeng.features.base import Feature, Lineage
from houfeng.features.maps import PixelCounts, Raster
from houfeng.features.table import build_table
from houfeng.regions import Grid


@dataclass(frozen=True, eq=False)
class Maps:
    """One picture for each moment.

    Attributes
    ----------
    times : ndarray of datetime64[us], shape (n_t,)
    raster
        Its pixels, and that of each cell.
    values : ndarray of float32, shape (n_t, channels, h, w)
        Row 0 is the southernmost; missing values are 0.
    channels
        Names.
    lineage
        By channel.
    """

    times: np.ndarray
    raster: Raster
    values: np.ndarray
    channels: tuple[str, ...]
    lineage: Mapping[str, Lineage]

    def __post_init__(self) -> None:
        shape = (len(self.times), len(self.channels), self.raster.height, self.raster.width)
        if self.values.shape != shape:
            raise InputError(f"maps of shape {self.values.shape}, expected {shape}: moments, channels, height, width")

    def patches(self, moments: np.ndarray, cells: np.ndarray, size: int) -> np.ndarray:
        """Squares around cells, for pairs of a moment and a cell.

        Parameters
        ----------
        moments, cells : ndarray of int, shape (n,)
            Numbers of moments and of cells of the grid that the raster was made for.
        size
            Side in pixels, odd: the cell is the one in the middle.

        Returns
        -------
        ndarray of float32, shape (n, channels, size, size)
            0 beyond the edge of the raster; a margin of ``size // 2`` leaves nothing beyond.
        """
        moments, cells = np.atleast_1d(moments), np.atleast_1d(cells)
        if size < 1 or size % 2 == 0:
            raise InputError(f"a patch of {size} pixels has no middle; its side must be odd")
        if len(moments) != len(cells):
            raise InputError(f"{len(moments)} moments and {len(cells)} cells are no pairs")
        reach = np.arange(size) - size // 2
        row = self.raster.row[cells][:, None] + reach
        column = self.raster.column[cells][:, None] + reach
        inside = ((row >= 0) & (row < self.raster.height))[:, :, None] & ((column >= 0) & (column < self.raster.width))[
            :, None, :
        ]
        row = np.clip(row, 0, self.raster.height - 1)
        column = np.clip(column, 0, self.raster.width - 1)
        picked = self.values[moments[:, None, None], :, row[:, :, None], column[:, None, :]]
        return np.where(inside[..., None], picked, np.float32(0)).transpose(0, 3, 1, 2)


def seismicity_maps(
    catalog: Catalog,
    grid: Grid,
    times: np.ndarray,
    features: Sequence[Feature] | None = None,
    *,
    min_magnitude: float,
    margin: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Maps:
    """Draw what had been issued by each of `times`.

    Parameters
    ----------
    grid
        The cells that are forecast; the raster holds them all, and `margin` pixels more on each side.
    features
        Channels: any features, computed in every pixel; when None :class:`houfeng.features.maps.PixelCounts` above
        `min_magnitude` and 1.5 units more. A :class:`houfeng.features.prior.Prior` is asked for the pixels.

    The future is kept out as in a table, which this is one of.
    """
    raster = Raster.around(grid, margin)
    if features is None:
        features = (PixelCounts((min_magnitude, min_magnitude + 1.5)),)
    table = build_table(catalog, raster.grid, times, features, progress=progress)
    shape = (len(table.times), len(table.names), raster.height, raster.width)
    values = np.empty(shape, np.float32)
    for channel, name in enumerate(table.names):
        column = table.columns[name].reshape(shape[0], *shape[2:])
        values[:, channel] = np.where(np.isnan(column), 0, column)
    return Maps(table.times, raster, values, table.names, table.lineage)
