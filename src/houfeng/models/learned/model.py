"""The contract of learned models: the champion's forecast, each cell multiplied by what was learned.

A learned model answers one question: at least one earthquake of a target magnitude in this cell within a horizon. Its
factor is the learned rate over the prior's; the forecast of any window is that of the adaptive ETAS with every cell
multiplied by its factor of the moment. A factor of one everywhere is the champion itself.
"""

import os
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import InputError
from houfeng.features.base import Layer
from houfeng.features.seismicity import standard_features
from houfeng.forecasts.counts import Counts
from houfeng.forecasts.forecast import Forecast
from houfeng.forecasts.gridded import GriddedForecast
from houfeng.forecasts.simulated import SimulatedForecast
from houfeng.models.adaptive.model import AdaptiveEtas, FittedAdaptiveEtas
from houfeng.models.base import Fitted, Model
from houfeng.models.gridding import simulated_from_columns
from houfeng.models.learned.explain import log_factor, reasons_of
from houfeng.models.learned.gathering import Gathered, MapCutter, Moment, Question, gather, moments_of
from houfeng.models.learned.learners import Learner, Rule
from houfeng.models.learned.rows import Level, Rows
from houfeng.models.learned.views import sequences_of
from houfeng.regions import Grid, Region
from houfeng.times import Window, days_since, to_datetime64
from houfeng.values import Estimate

#: Rows of the same past and question are gathered once for all learners of one process.
KEPT_GATHERINGS = 2


@dataclass(frozen=True)
class LearnedModel(Model):
    """A learner on top of the adaptive ETAS.

    Attributes
    ----------
    target_magnitude
        What is learned is the chance of at least one of these; ``min_magnitude`` where None.
    horizon_days, every_days, quiet_cells
        How far ahead, how often the past is asked, and how many quiet cells of each moment are learned from.
    start, margin_km, location_error_km, n_catalogs
        Of the adaptive ETAS.
    seed
        Of whatever is random in learning.
    layers
        Further columns from elsewhere than the catalogue; not written down with the other parameters.
    """

    target_magnitude: float | None = None
    horizon_days: float = 7.0
    every_days: float = 7.0
    quiet_cells: int = 40
    start: datetime | None = None
    margin_km: float = 300.0
    location_error_km: float = 5.0
    n_catalogs: int = 10_000
    seed: int = 132
    layers: tuple[Layer, ...] = field(default=(), repr=False, compare=False, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        target = self.target
        if target < self.min_magnitude - 1e-9:
            raise InputError(
                f"the target magnitude {target:g} is below the completeness magnitude {self.min_magnitude:g}; "
                "raise it, or lower min_magnitude"
            )
        self.question  # noqa: B018 -- its checks are ours
        self.base  # noqa: B018

    @property
    def looks_at(self) -> tuple[str, ...]:
        """What of a cell is learned from: ``features``, and for some ``patches`` and ``sequences``."""
        return ("features",)

    @property
    def target(self) -> float:
        """Target magnitude."""
        return self.min_magnitude if self.target_magnitude is None else self.target_magnitude

    @property
    def question(self) -> Question:
        """What the past is asked."""
        return Question(self.target, self.horizon_days, self.every_days, self.quiet_cells)

    @property
    def base(self) -> AdaptiveEtas:
        """The champion that is multiplied."""
        return AdaptiveEtas(
            min_magnitude=self.min_magnitude,
            start=self.start,
            margin_km=self.margin_km,
            location_error_km=self.location_error_km,
            n_catalogs=self.n_catalogs,
        )

    @abstractmethod
    def learner(self) -> Learner:
        """What learns."""

    def fit(self, history: Catalog, region: Region) -> "FittedLearned":
        """Fit the champion, gather rows, learn.

        Raises
        ------
        NotEnoughDataError
            With too few earthquakes for the champion, or too few active cells to learn from.
        FitError
            When the champion does not fit.
        """
        prior, gathered = _gathered(self, history, region)
        rng = np.random.default_rng(self.seed)
        rule = self.learner().fit(gathered.rows, rng)
        return FittedLearned(model=self, region=region, prior=prior, rule=rule, level=gathered.level,
                             rows_seen=len(gathered.rows), active_seen=int(gathered.rows.active.sum()))  # fmt: skip


def _gathered(model: LearnedModel, history: Catalog, region: Region) -> tuple[FittedAdaptiveEtas, Gathered]:
    """The champion, and rows: kept for the next learner that asks the same of the same past."""
    past = os.getpid(), id(history), id(region), model.base
    key = *past, model.question, model.seed, model.looks_at, tuple(map(id, model.layers))
    if key not in _KEPT:
        prior = next((kept.prior for other, kept in _KEPT.items() if other[: len(past)] == past), None)
        prior = model.base.fit(history, region) if prior is None else prior
        while len(_KEPT) >= KEPT_GATHERINGS:
            _KEPT.pop(next(iter(_KEPT)))
        rng = np.random.default_rng(model.seed)
        features = standard_features(model.min_magnitude)
        gathered = gather(prior, history, model.question, features, rng, layers=model.layers, looks_at=model.looks_at)
        _KEPT[key] = _Kept(history, region, model.layers, prior, gathered)
    return _KEPT[key].prior, _KEPT[key].gathered


@dataclass(frozen=True, eq=False)
class _Kept:
    """A gathering and all that its key names by identity: an id is no other's as long as its owner lives."""

    history: Catalog
    region: Region
    layers: tuple[Layer, ...]
    prior: FittedAdaptiveEtas
    gathered: Gathered


_KEPT: dict[tuple, _Kept] = {}


@dataclass(frozen=True, eq=False)
class FittedLearned(Fitted):
    """A learned model.

    Attributes
    ----------
    prior
        The champion.
    rule, level
        What was learned; what both parts of the prior are multiplied by before.
    rows_seen, active_seen
        How much it was learned from.
    """

    model: LearnedModel
    prior: FittedAdaptiveEtas
    rule: Rule
    level: Level
    rows_seen: int
    active_seen: int

    def forecast(self, history: Catalog, window: Window, rng: np.random.Generator) -> Forecast:
        """The champion's forecast, every cell multiplied by its factor."""
        issue = self.issue(history, window)
        champion = self.prior.forecast(history, window, rng)
        asked = self.rows(history, self.moment(history, window.start))
        factor = np.exp(log_factor(self.rule, asked))
        gridded = champion.gridded
        total = gridded.expected
        rates = gridded.rates * factor[:, None]
        overall = float(rates.sum() / total) if total > 0 else 1.0
        notes = (
            *champion.explanation.notes,
            f"Multiplied by what was learned of M>={self.model.target:g} within {self.model.horizon_days:g} days: "
            f"by {overall:.2f} in all, by {factor.min():.2f} to {factor.max():.2f} in single cells.",
        )
        return Forecast(
            issue=issue,
            gridded=GriddedForecast(gridded.grid, window, gridded.magnitudes, rates),
            counts=scaled_counts(champion.counts, overall, rng),
            explanation=replace(
                champion.explanation,
                notes=notes,
                learned=reasons_of(self, asked, int(np.argmax(rates.sum(axis=1)))),
            ),
        )

    def simulate(
        self, history: Catalog, window: Window, rng: np.random.Generator, n_catalogs: int
    ) -> SimulatedForecast:
        """The champion's catalogues: events of a cell are dropped or copied so that it has its factor on average.

        A copy lies elsewhere in its cell, at the time of some simulated event.
        """
        self.issue(history, window)
        simulated = self.prior.simulate(history, window, rng, n_catalogs)
        grid = self.region.grid()
        cell = grid.index_of(longitude=simulated.longitude, latitude=simulated.latitude)
        factor = np.where(cell >= 0, self.factors(history, window.start)[cell], 1.0)
        times = np.floor(factor + rng.random(len(factor))).astype(np.int64)
        row = np.repeat(np.arange(len(factor)), times)
        copy = np.concatenate([[False], row[1:] == row[:-1]]) if len(row) else np.zeros(0, bool)
        copy &= cell[row] >= 0
        longitude, latitude = simulated.longitude[row].copy(), simulated.latitude[row].copy()
        days = days_since(simulated.time, window.start)[row]
        if copy.any():
            days[copy] = rng.choice(days, int(copy.sum()))
            longitude[copy], latitude[copy] = _elsewhere(grid, cell[row][copy], rng)
        return simulated_from_columns(
            window,
            n_catalogs,
            catalog_id=simulated.catalog_id[row],
            days=days,
            longitude=longitude,
            latitude=latitude,
            magnitude=simulated.magnitude[row],
        )

    def factors(self, history: Catalog, moment: datetime) -> np.ndarray:
        """What each cell of the champion's forecast is multiplied by, shape (cells,)."""
        return np.exp(log_factor(self.rule, self.rows(history, self.moment(history, moment))))

    def rates(self, history: Catalog, moment: datetime) -> np.ndarray:
        """Expected number of target earthquakes in each cell within the horizon, without simulating, shape (cells,)."""
        return np.exp(self.rule.log_rate(self.rows(history, self.moment(history, moment))))

    def moment(self, history: Catalog, moment: datetime) -> Moment:
        """Features and prior of all cells."""
        features = standard_features(self.model.min_magnitude)
        times = np.array([to_datetime64(moment)])
        return next(moments_of(self.prior, history, times, self.model.horizon_days, features, self.model.layers))

    def rows(
        self,
        history: Catalog,
        moment: Moment,
        cells: np.ndarray | None = None,
        looks_at: Sequence[str] | None = None,
    ) -> Rows:
        """All cells of a moment, or some by number, as the rule takes them; what follows is not known.

        With `looks_at` they hold what other rules look at too.
        """
        looks_at, grid = self.model.looks_at if looks_at is None else looks_at, self.region.grid()
        cells = np.arange(len(grid)) if cells is None else cells
        n, times = len(cells), np.full(len(cells), moment.time)
        patches, sequences = np.zeros((n, 0, 0, 0), np.float32), np.zeros((n, 0, 0), np.float32)
        if "patches" in looks_at:
            patches = MapCutter(grid, standard_features(self.model.min_magnitude), self.model.layers).cut(moment, cells)
        if "sequences" in looks_at:
            sequences = sequences_of(history, times, cells, grid, self.model.min_magnitude)
        expected = self.level.of(moment.prior.background[cells], moment.prior.triggered[cells])
        return Rows(
            time=times,
            cell=cells,
            features=moment.features[cells],
            log_prior=np.log(np.maximum(expected, 1e-15)),
            active=np.zeros(n, bool),
            weight=np.ones(n),
            patches=patches,
            sequences=sequences,
        )

    def parameters(self) -> Mapping[str, Estimate]:
        """Of the champion, and both levels."""
        own = {"level_background": self.level.background, "level_triggered": self.level.triggered}
        return self.prior.parameters() | {name: Estimate(value, value, value) for name, value in own.items()}


def scaled_counts(counts: Counts, factor: float, rng: np.random.Generator) -> Counts:
    """Totals of a forecast multiplied by `factor`: events of every sample are dropped, or copied, by chance."""
    steps = counts.samples - np.append(counts.samples[:, 1:], np.zeros((len(counts.samples), 1), np.int64), axis=1)
    steps = rng.binomial(steps, factor) if factor <= 1 else steps + rng.poisson((factor - 1) * steps)
    samples = np.cumsum(steps[:, ::-1], axis=1)[:, ::-1]
    return Counts(counts.magnitudes, counts.expected * factor, samples, counts.survival)


def _elsewhere(grid: Grid, cells: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A point in each of `cells`, even in area: longitude and latitude, shapes (n,)."""
    low, high = (np.sin(np.radians(grid.south[cells] + side)) for side in (0.0, grid.cell_deg))
    latitude = np.degrees(np.arcsin(low + (high - low) * rng.random(len(cells))))
    return grid.west[cells] + grid.cell_deg * rng.random(len(cells)), latitude
