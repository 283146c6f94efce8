"""What a network sees beside numbers: maps of features around a cell, and the last earthquakes near it."""

import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.features.sequences import last_events_near
from houfeng.regions import Grid

#: Cells along the side of a map, the cell in question in the middle.
SIDE = 9
#: Earthquakes in a sequence, how far from the cell, and how long ago at most.
EVENTS, RADIUS_KM, MOST_DAYS = 32, 75.0, 3652.5
#: Of the features, those of which maps are made, beside the prior.
MAPPED = (
    *("log_count_7d_r10", "log_count_30d_r10", "log_count_365d_r10", "log_rate_past_r10", "log_count_30d_r30"),
    *("log_rate_past_r30", "log_moment_30d_r30", "log_moment_365d_r30", "largest_30d_r30"),
)


class Maps:
    """Cuts maps out of numbers by cell; outside the cells there is nothing (NaN)."""

    def __init__(self, grid: Grid) -> None:
        column = np.round((grid.west - grid.west.min()) / grid.cell_deg).astype(int)
        if np.ptp(grid.west) > 180:  # across the date line
            column = np.round(((grid.west + 360) % 360 - ((grid.west + 360) % 360).min()) / grid.cell_deg).astype(int)
        row = np.round((grid.south - grid.south.min()) / grid.cell_deg).astype(int)
        half = SIDE // 2
        place = np.full((row.max() + 1 + 2 * half, column.max() + 1 + 2 * half), len(grid))
        place[row + half, column + half] = np.arange(len(grid))
        self._place, self._row, self._column = place, row, column

    def cut(self, columns: np.ndarray, cells: np.ndarray) -> np.ndarray:
        """Maps around `cells` of `columns`, shape (cells of the grid, channels): (n, channels, side, side)."""
        beyond = np.concatenate([columns, np.full((1, columns.shape[1]), np.nan, columns.dtype)])
        around = np.arange(SIDE)
        numbers = self._place[
            self._row[cells][:, None, None] + around[:, None], self._column[cells][:, None, None] + around
        ]
        return np.moveaxis(beyond[numbers], -1, 1)


def mapped(names: tuple[str, ...]) -> np.ndarray:
    """Which of the features maps are made of."""
    return np.array([i for i, name in enumerate(names) if name in MAPPED], int)


def sequences_of(
    history: Catalog, times: np.ndarray, cells: np.ndarray, grid: Grid, min_magnitude: float
) -> np.ndarray:
    """The last earthquakes near each cell as known at its moment, shape (n, EVENTS, columns); the last says if any."""
    found = last_events_near(
        history, times, cells, grid, EVENTS, min_magnitude=min_magnitude, radius_km=RADIUS_KM, max_days=MOST_DAYS
    )
    return np.concatenate([found.values, found.mask[..., None].astype(np.float32)], axis=-1)
