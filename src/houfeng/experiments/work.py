"""One unit of work: one model in one window, a pure function of the inputs, the moment and the seed."""

import hashlib
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cached_property

import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.catalogs.completeness import estimate_completeness
from houfeng.errors import FutureError, HoufengError, InputError, NotEnoughDataError
from houfeng.experiments.experiment import Experiment
from houfeng.experiments.scoring import Scores, score, target_rates
from houfeng.forecasts.forecast import Forecast
from houfeng.forecasts.simulated import SimulatedForecast
from houfeng.models.base import Fitted
from houfeng.models.gridding import magnitude_thresholds
from houfeng.operations.training import known
from houfeng.store.artifacts import Packed
from houfeng.store.packing import json_text, pack_catalog, pack_forecast

#: What a unit draws random numbers for, each from a seed of its own (text in the record: it has 128 bits).
PURPOSES = ("forecast", "simulate", "tests")

#: Fitted models a process keeps for the next windows.
KEPT_FITS = 8


@dataclass(frozen=True, eq=False)
class Inputs:
    """All that the units of an experiment depend on; sent once to each worker.

    Attributes
    ----------
    experiment
        What to do.
    catalog
        The whole catalogue; no model ever sees it, only :meth:`Catalog.as_of` of it.
    min_magnitude
        Of the experiment, or estimated on what was known at its first window.
    """

    experiment: Experiment
    catalog: Catalog
    min_magnitude: float

    @classmethod
    def of(cls, experiment: Experiment, catalog: Catalog) -> "Inputs":
        """With the completeness magnitude estimated where none is given, and the thresholds checked against it."""
        lowest = experiment.min_magnitude
        lowest = cls._complete_from(experiment, catalog) if lowest is None else lowest
        known_thresholds = magnitude_thresholds(lowest).tolist()
        for threshold in experiment.thresholds:
            if threshold not in known_thresholds:
                raise InputError(
                    f"the threshold {threshold} is not one that forecasts from M{lowest:g} have; there are: "
                    f"{', '.join(f'{known:g}' for known in known_thresholds)}"
                )
        target = experiment.occurrence
        if target is not None and (target < lowest - 1e-9 or abs(target * 10 - round(target * 10)) > 1e-6):
            raise InputError(
                f"occurrence is scored of M>={target:g}, but forecasts are of M>={lowest:g} in bins of 0.1: "
                "give a magnitude in tenths, no smaller"
            )
        return cls(experiment, catalog, lowest)

    @staticmethod
    def _complete_from(experiment: Experiment, catalog: Catalog) -> float:
        past = known(catalog, experiment.region, experiment.windows[0].start).within(experiment.region)
        if not len(past):
            raise NotEnoughDataError(
                f"no event in '{experiment.region.name}' is known at the first window: give min_magnitude"
            )
        return estimate_completeness(past).magnitude

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything: what tells one experiment's fits from another's."""
        text = json_text(self.experiment.settings | {"mc": self.min_magnitude}, "an experiment")
        return hashlib.sha256(f"{text}\n{pack_catalog(self.catalog).digest}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Unit:
    """One model in one window, by label and number."""

    model: str
    window: int


@dataclass(frozen=True, eq=False)
class Issued:
    """What one unit forecasts, before anybody looks at what followed.

    Attributes
    ----------
    forecast
        Rates, counts and explanation.
    simulated
        Catalogues; None where the experiment simulates none.
    """

    forecast: Forecast
    simulated: SimulatedForecast | None

    @cached_property
    def digest(self) -> str:
        """SHA-256 of every byte of the forecast and of the simulated catalogues."""
        parts = [pack_forecast(self.forecast).digest]
        if self.simulated is not None:
            names = ("catalog_id", "time", "longitude", "latitude", "magnitude")
            arrays = {name: getattr(self.simulated, name) for name in names}
            parts.append(Packed({"n_catalogs": self.simulated.n_catalogs}, arrays).digest)
        return hashlib.sha256(" ".join(parts).encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of one unit.

    Attributes
    ----------
    unit
        Which.
    failure
        Why there is no forecast; empty where there is one.
    digest
        Of the forecast issued.
    scores
        Numbers of the window; None where it failed.
    events
        One row for each earthquake scored: ``row`` in the catalogue, ``cell``, ``bin``, ``log_rate``.
    cells : ndarray, shape (n,)
        Expected number in each cell.
    occurrence : ndarray of float32, shape (n,)
        Expected number of target earthquakes in each cell; nothing where their chance is not scored.
    forecast
        The forecast itself, where the experiment keeps it.
    parameters
        Fitted parameters by name: value, low, high.
    """

    unit: Unit
    failure: str = ""
    digest: str = ""
    scores: Scores | None = None
    events: Mapping[str, np.ndarray] = field(default_factory=dict)
    cells: np.ndarray = field(default_factory=lambda: np.empty(0))
    occurrence: np.ndarray | None = None
    forecast: Forecast | None = None
    parameters: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)


def seed_of(experiment: Experiment, unit: Unit, purpose: str) -> int:
    """Seed of one unit for one purpose, from the experiment's seed, the label and the window: never its number.

    So neither the order of the work, nor other models or windows, nor the number of workers change a draw.
    """
    window = experiment.windows[unit.window]
    words = (str(experiment.seed), unit.model, window.start.isoformat(), window.end.isoformat(), purpose)
    return int.from_bytes(hashlib.sha256("\n".join(words).encode()).digest()[:16], "big")


def issue(inputs: Inputs, unit: Unit) -> Issued:
    """Forecast one window with one model, given only what was known at its start; fit anew."""
    with one_thread():
        return forecast_with(fit(inputs, unit), inputs, unit)


def fit(inputs: Inputs, unit: Unit) -> Fitted:
    """Fit the unit's model on what was known at the moment its window's fit is due."""
    experiment = inputs.experiment
    moment = experiment.fit_times[unit.window]
    if moment > experiment.windows[unit.window].start:
        raise FutureError(f"a fit as of {moment.isoformat()} is after its window begins")
    return _fit(inputs, unit.model, moment)


def _fit(inputs: Inputs, label: str, moment: datetime) -> Fitted:
    experiment = inputs.experiment
    recipe = experiment.recipe(experiment.entry(label), inputs.min_magnitude)
    return recipe.fit(known(inputs.catalog, experiment.region, moment), experiment.region)


def forecast_with(fitted: Fitted, inputs: Inputs, unit: Unit) -> Issued:
    """Forecast one window with a fitted model, given only what was known at its start."""
    experiment = inputs.experiment
    window = experiment.windows[unit.window]
    history = known(inputs.catalog, experiment.region, window.start)
    rng = np.random.default_rng(seed_of(experiment, unit, "forecast"))
    forecast = fitted.forecast(history, window, rng)
    if not experiment.n_simulations:
        return Issued(forecast, None)
    rng = np.random.default_rng(seed_of(experiment, unit, "simulate"))
    return Issued(forecast, fitted.simulate(history, window, rng, experiment.n_simulations))


class Worker:
    """Does units of one experiment in one process; keeps the last fitted models for the windows that share them."""

    def __init__(self, inputs: Inputs) -> None:
        self._inputs = inputs
        self._times = inputs.experiment.fit_times
        self._grid = inputs.experiment.region.grid()
        self._fits: dict[tuple[str, datetime], Fitted] = {}

    def do(self, unit: Unit) -> Outcome:
        """Forecast, then look at what followed, then score. A failure of the model is an outcome too."""
        experiment = self._inputs.experiment
        try:
            with one_thread():
                fitted = self._fitted(unit)
                issued = forecast_with(fitted, self._inputs, unit)
                scores, events = self._score(unit, issued)
        except Exception as error:  # a model is anybody's code: its failure is told on the scoreboard
            return Outcome(unit, failure=_reason(error))
        return Outcome(
            unit,
            digest=issued.digest,
            scores=scores,
            events=events,
            cells=issued.forecast.gridded.rates.sum(axis=1),
            occurrence=self._target_rates(issued),
            forecast=issued.forecast if experiment.keep_forecasts else None,
            parameters={name: (e.value, e.low, e.high) for name, e in fitted.parameters().items()},
        )

    def _target_rates(self, issued: Issued) -> np.ndarray | None:
        magnitude = self._inputs.experiment.occurrence
        return None if magnitude is None else target_rates(issued.forecast.gridded, magnitude)

    def _fitted(self, unit: Unit) -> Fitted:
        key = unit.model, self._times[unit.window]
        if key not in self._fits:
            while len(self._fits) >= KEPT_FITS:
                self._fits.pop(next(iter(self._fits)))
            self._fits[key] = fit(self._inputs, unit)
        return self._fits[key]

    def _score(self, unit: Unit, issued: Issued) -> tuple[Scores, dict[str, np.ndarray]]:
        experiment = self._inputs.experiment
        rng = np.random.default_rng(seed_of(experiment, unit, "tests"))
        return score(issued, self._inputs.catalog, experiment, self._grid, rng)


def unit_record(inputs: Inputs, outcome: Outcome) -> dict:
    """What the run remembers of a unit: all that it takes to make its forecast again, and its scores."""
    experiment, unit = inputs.experiment, outcome.unit
    entry, window = experiment.entry(unit.model), experiment.windows[unit.window]
    return {
        "model": entry.name,
        "label": entry.label,
        "parameters": dict(entry.parameters),
        "start": window.start,
        "end": window.end,
        "fitted_as_of": experiment.fit_times[unit.window],
        "min_magnitude": inputs.min_magnitude,
        "seeds": {purpose: str(seed_of(experiment, unit, purpose)) for purpose in PURPOSES},
        "failure": outcome.failure,
        "digest": outcome.digest,
        "scores": None if outcome.scores is None else asdict(outcome.scores),
        "fit": {name: list(values) for name, values in outcome.parameters.items()},
    }


@contextmanager
def one_thread() -> Iterator[None]:
    """Numba on one thread: sums in one order, and as many workers as processors without waiting for each other."""
    import numba

    before = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        yield
    finally:
        numba.set_num_threads(before)


def _reason(error: Exception) -> str:
    """One line; where in the code, unless the error is one of our own and explains itself."""
    text = " ".join(f"{type(error).__name__}: {error}".split())
    if isinstance(error, HoufengError):
        return text
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{text} (in {last.name}, {last.filename.rsplit('/', 1)[-1]} line {last.lineno})"
