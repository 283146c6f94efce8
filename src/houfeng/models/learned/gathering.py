"""From a catalogue to rows: features and prior at many moments of the past, and what followed each."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import InputError, NotEnoughDataError
from houfeng.features import build_table
from houfeng.features.base import Feature, Layer
from houfeng.models.adaptive.model import FittedAdaptiveEtas
from houfeng.models.learned.prior import PriorRates, prior_rates
from houfeng.models.learned.rows import Level, Rows, draw_quiet
from houfeng.models.learned.views import Maps, mapped, sequences_of
from houfeng.regions import Grid
from houfeng.times import DAY_S, to_datetime64

#: Moments whose features are in memory at once.
AT_ONCE = 150

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of every cell, and how often the past is asked it.

    Attributes
    ----------
    magnitude
        At least one earthquake of this magnitude or more ...
    horizon_days
        ... within so long.
    every_days
        From one moment of the past to the next.
    quiet
        Quiet cells drawn from each moment.
    """

    magnitude: float
    horizon_days: float = 7.0
    every_days: float = 7.0
    quiet: int = 40

    def __post_init__(self) -> None:
        if not (self.horizon_days > 0 and self.every_days > 0 and self.quiet >= 1):
            raise InputError(
                f"a horizon of {self.horizon_days} days, asked every {self.every_days} days of {self.quiet} quiet "
                "cells, makes no sense: all must be positive"
            )

    def moments(self, start: datetime, end: datetime) -> np.ndarray:
        """Moments from `start` on whose horizon ends by `end`, datetime64[us].

        Raises
        ------
        NotEnoughDataError
            With fewer than 50.
        """
        step = np.timedelta64(round(self.every_days * DAY_S * 1e6), "us")
        last = to_datetime64(end - timedelta(days=self.horizon_days))
        found = np.arange(to_datetime64(start), last + np.timedelta64(1, "us"), step)
        if len(found) < 50:
            raise NotEnoughDataError(
                f"between {start.isoformat()} and {end.isoformat()} there are {max(len(found), 0)} moments, "
                f"{self.every_days:g} days apart, whose next {self.horizon_days:g} days are known; learning needs 50"
            )
        return found

    @property
    def horizon(self) -> np.timedelta64:
        """How far ahead, to the microsecond."""
        return np.timedelta64(round(self.horizon_days * DAY_S * 1e6), "us")

    def active(self, catalog: Catalog, moment: np.datetime64, grid: Grid) -> np.ndarray:
        """Where at least one target earthquake came within the horizon, shape (cells,)."""
        end = moment + self.horizon
        rows = (catalog.time >= moment) & (catalog.time < end) & (catalog.magnitude >= self.magnitude - 1e-9)
        cell = grid.index_of(longitude=catalog.longitude[rows], latitude=catalog.latitude[rows])
        found = np.zeros(len(grid), bool)
        found[cell[cell >= 0]] = True
        return found


@dataclass(frozen=True, eq=False)
class Moment:
    """All cells at one moment: features of shape (cells, k), and the prior."""

    time: np.datetime64
    features: np.ndarray
    prior: PriorRates


def moments_of(
    prior: FittedAdaptiveEtas,
    history: Catalog,
    times: np.ndarray,
    horizon_days: float,
    features: Sequence[Feature],
    layers: Sequence[Layer] = (),
) -> Iterator[Moment]:
    """Features and prior of all cells at each of `times`, from what had been issued by then."""
    grid = prior.region.grid()
    rates = prior_rates(prior, history, times, horizon_days, grid)
    names = [name for part in (*features, *layers) for name in part.names]
    for first in range(0, len(times), AT_ONCE):
        some = times[first : first + AT_ONCE]
        table = build_table(history, grid, some, features, layers)
        missing = np.full(len(grid), np.nan, np.float32)
        for row, time in enumerate(some):
            columns = [table.columns[name][row] if name in table.columns else missing for name in names]
            yield Moment(time, np.column_stack(columns), next(rates))


@dataclass(frozen=True, eq=False)
class Gathered:
    """Rows to learn from, the level of the prior, and how many cells were looked at."""

    rows: Rows
    level: Level
    moments: int
    cells: int


def gather(
    prior: FittedAdaptiveEtas,
    history: Catalog,
    question: Question,
    features: Sequence[Feature],
    rng: np.random.Generator,
    *,
    layers: Sequence[Layer] = (),
    looks_at: Sequence[str] = ("features",),
    progress: Progress = lambda message: None,
) -> Gathered:
    """Ask the past: at every moment all active cells and some quiet ones.

    Parameters
    ----------
    prior
        Fitted on no more than `history`.
    history
        What is known; what followed a moment is looked up in it.
    looks_at
        With ``patches``, maps around each cell are cut; with ``sequences``, the last earthquakes near it are taken.

    Raises
    ------
    NotEnoughDataError
        With too few moments, or too few active cells.
    """
    grid, happened = prior.region.grid(), history.within(prior.region)
    times = question.moments(_start(prior, history), history.provenance.data_end)
    parts, ground, shocks = [], 0.0, 0.0
    maps = MapCutter(grid, features, layers) if "patches" in looks_at else None
    for number, moment in enumerate(moments_of(prior, history, times, question.horizon_days, features, layers)):
        active = question.active(happened, moment.time, grid)
        ground, shocks = ground + moment.prior.background.sum(), shocks + moment.prior.triggered.sum()
        cells, weight = draw_quiet(moment.prior.total, active, question.quiet, rng)
        parts.append(_part(moment, cells, weight, active[cells], maps))
        if number % 200 == 199:
            progress(f"features of {number + 1} of {len(times)} moments")
    background = np.concatenate([part[1] for part in parts])
    triggered = np.concatenate([part[2] for part in parts])
    rows = Rows.joined([part[0] for part in parts])
    level = Level.fitted(
        background[rows.active], triggered[rows.active], total_background=ground, total_triggered=shocks
    )
    log_prior = np.log(np.maximum(level.of(background, triggered), 1e-15))
    if "sequences" in looks_at:
        rows = replace(rows, sequences=sequences_of(history, rows.time, rows.cell, grid, prior.model.min_magnitude))
    rows = replace(rows, log_prior=log_prior, horizon=question.horizon).checked("the past")
    return Gathered(rows, level, len(times), len(grid))


class MapCutter:
    """Cuts the maps of a moment: of some of its features, and of the logarithm of the prior."""

    def __init__(self, grid: Grid, features: Sequence[Feature], layers: Sequence[Layer] = ()) -> None:
        self._maps = Maps(grid)
        self._columns = mapped(tuple(name for part in (*features, *layers) for name in part.names))

    def cut(self, moment: Moment, cells: np.ndarray) -> np.ndarray:
        """Maps around `cells`, shape (n, channels, side, side), float32."""
        prior = np.log(np.maximum(moment.prior.total, 1e-12)).astype(np.float32)
        return self._maps.cut(np.column_stack([moment.features[:, self._columns], prior]), cells)


def _part(
    moment: Moment, cells: np.ndarray, weight: np.ndarray, active: np.ndarray, maps: MapCutter | None
) -> tuple[Rows, np.ndarray, np.ndarray]:
    """Rows of one moment, and both parts of the prior in them."""
    n = len(cells)
    rows = Rows(
        time=np.full(n, moment.time),
        cell=cells,
        features=moment.features[cells],
        log_prior=np.zeros(n),
        active=active,
        weight=weight,
        patches=np.zeros((n, 0, 0, 0), np.float32) if maps is None else maps.cut(moment, cells),
        sequences=np.zeros((n, 0, 0), np.float32),
    )
    return rows, moment.prior.background[cells], moment.prior.triggered[cells]


def _start(prior: FittedAdaptiveEtas, history: Catalog) -> datetime:
    """Where the prior itself begins to learn: before, it has too little past to judge by."""
    return prior.sources(history).origin + timedelta(days=prior.result.past.data.start_day)
