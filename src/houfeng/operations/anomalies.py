"""How unlike the training period the seismicity of a region is, moment by moment, as an autoencoder sees it."""

import csv
import io
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import NotEnoughDataError
from houfeng.operations.training import Progress, known, silent
from houfeng.regions import Grid, Region
from houfeng.times import from_datetime64, to_datetime64

#: At most so many moments are looked at, never nearer to each other than a week.
MOST_MOMENTS = 1000
SHORTEST_STEP = np.timedelta64(7, "D")
#: The features look back a year: the first moment is so long after the first earthquake.
WARM_UP = np.timedelta64(365, "D")
#: Cells with fewer earthquakes in the training period are left out, and so are all but the busiest.
FEWEST_EVENTS, MOST_CELLS = 20, 200
#: Sizes of cells, degrees, largest first, and how many of them a region must hold.
CELL_SIZES, FEWEST_CELLS = (2.0, 1.0, 0.5, 0.2, 0.1), 40
#: Share of the training period that is not learned from, and share of its moments that stay below the level.
HELD_SHARE, LEVEL_SHARE = 0.2, 0.95


@dataclass(frozen=True, eq=False)
class Strangeness:
    """The strangest cell of the region at each moment.

    Attributes
    ----------
    times : ndarray of datetime64[us], shape (n,)
        Ascending, UTC.
    score : ndarray, shape (n,)
        Mean squared error of reconstruction in the strangest cell, in spreads squared.
    longitude, latitude : ndarray, shape (n,)
        Middle of that cell, degrees.
    level
        95 % of the last moments of the training period, which were not learned from, stay below.
    trained_until
        The network, its scaling and the level know only what had been issued by then.
    """

    times: np.ndarray
    score: np.ndarray
    longitude: np.ndarray
    latitude: np.ndarray
    level: float
    trained_until: datetime

    def share_above(self) -> float:
        """Share of the moments after the training period that are above the level; 5 % if nothing had changed."""
        later = self.times > to_datetime64(self.trained_until)
        return float((self.score[later] > self.level).mean())

    def csv(self) -> str:
        """One line for each moment."""
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["time", "score", "longitude", "latitude", "above_level", "training"])
        until = to_datetime64(self.trained_until)
        for moment, score, x, y in zip(self.times, self.score, self.longitude, self.latitude, strict=True):
            above, training = int(score > self.level), int(moment <= until)
            writer.writerow([f"{moment.astype('datetime64[s]')}Z", f"{score:.5g}", x, y, above, training])
        return stream.getvalue()


def score_anomalies(
    catalog: Catalog, region: Region, *, as_of: datetime, min_magnitude: float, seed: int = 132,
    progress: Progress = silent,
) -> Strangeness:  # fmt: skip
    """Learn what is usual from the first half of the known time, and score all of it.

    Parameters
    ----------
    catalog
        May reach beyond `as_of` and the region; it is cut here.
    min_magnitude
        Completeness magnitude of the features.
    seed
        Of the network's first weights and of the order it learns in.

    Raises
    ------
    MissingExtraError
        Without the extra ``learn``.
    NotEnoughDataError
        When the record is too short or too sparse to tell what is usual.
    """
    from houfeng.learning.extra import require

    require("torch")
    from houfeng.features.seismicity import standard_features
    from houfeng.features.table import build_table
    from houfeng.learning.anomaly import ROWS_EACH, fit_autoencoder
    from houfeng.learning.settings import TrainSettings

    past = known(catalog, region, as_of).above(min_magnitude)
    times, half = _moments(past, as_of)
    grid = _busy_cells(past.as_of(from_datetime64(times[half - 1])), region)
    progress(f"features of {len(grid)} cells at {len(times)} moments")
    table = build_table(past, grid, times, standard_features(min_magnitude))
    n, columns = len(grid), len(table.columns)
    if half * n < ROWS_EACH * columns:
        raise NotEnoughDataError(
            f"{half * n} rows of {columns} features ({half} moments, {n} cells with {FEWEST_EVENTS} earthquakes) are "
            f"too few to tell what is usual: {ROWS_EACH * columns} needed; take a larger region or a longer catalogue"
        )
    rows = table.matrix()
    steps = max(1, int(10 * (1 - HELD_SHARE) * half * n) // 256)
    settings = TrainSettings(
        steps=steps, batch_size=min(256, max(1, half * n // 4)), learning_rate=3e-3, patience=5, device="cpu",
        evaluate_every=max(1, steps // 20), seed=seed,
    )  # fmt: skip
    progress(f"an autoencoder learns what was usual until {from_datetime64(times[half - 1]):%Y-%m-%d}")
    made = fit_autoencoder(rows[: half * n], settings=settings, held_share=HELD_SHARE)
    errors = made.errors(rows).reshape(len(times), n)
    worst = errors.argmax(axis=1)
    score = errors.max(axis=1)
    held = max(1, int(HELD_SHARE * half))
    level = float(np.quantile(score[half - held : half], LEVEL_SHARE))
    return Strangeness(
        times, score, grid.longitude[worst], grid.latitude[worst], level, from_datetime64(times[half - 1])
    )


def _moments(past: Catalog, as_of: datetime) -> tuple[np.ndarray, int]:
    """Evenly to `as_of`, and how many of them are the first half."""
    end = to_datetime64(as_of)
    span = end - (past.time[0] + WARM_UP) if len(past) else np.timedelta64(0, "us")
    if span < 20 * SHORTEST_STEP:
        raise NotEnoughDataError(
            "the record is shorter than a year and twenty weeks: too short to tell what is usual; take a longer one"
        )
    step = max(SHORTEST_STEP.astype("timedelta64[us]"), span // MOST_MOMENTS)
    times = end - np.arange(int(span // step), -1, -1) * step
    return times, len(times) // 2


def _busy_cells(training: Catalog, region: Region) -> Grid:
    """Cells with earthquakes in the training period, the busiest ones where there are many."""
    size = next((d for d in CELL_SIZES if region.area_km2 / (111.2 * d) ** 2 >= FEWEST_CELLS), CELL_SIZES[-1])
    grid = replace(region, cell_deg=size).grid()
    cell = grid.index_of(longitude=training.longitude, latitude=training.latitude)
    counts = np.bincount(cell[cell >= 0], minlength=len(grid))
    kept = np.sort(np.argsort(-counts, kind="stable")[:MOST_CELLS])
    kept = kept[counts[kept] >= FEWEST_EVENTS]
    if not len(kept):
        raise NotEnoughDataError(
            f"no cell of {size:g} degrees had {FEWEST_EVENTS} earthquakes in the training period; lower --min-magnitude"
        )
    return Grid(west=grid.west[kept], south=grid.south[kept], cell_deg=size)
