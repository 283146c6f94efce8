"""The scores of one forecast in one window: of the window, and of every earthquake in it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from houfeng import evaluation as ev
from houfeng.catalogs.catalog import Catalog
from houfeng.errors import InputError, NotEnoughDataError
from houfeng.evaluation.observed import bin_of
from houfeng.experiments.experiment import Experiment
from houfeng.forecasts.gridded import GriddedForecast
from houfeng.regions import Grid, Region

if TYPE_CHECKING:
    from houfeng.experiments.work import Issued


@dataclass(frozen=True, slots=True)
class ConsistencyScore:
    """One consistency test of one window.

    Attributes
    ----------
    statistic
        Of what happened.
    at_least, at_most
        Chance of a statistic not below, not above it, were the forecast true.
    passed
        At the 5 % level.
    quantile
        Randomised: uniform on 0 to 1 were the forecast true, however few the earthquakes.
    n_unsampled
        Earthquakes where no simulated catalogue has one, left out of the test.
    """

    statistic: float
    at_least: float
    at_most: float
    passed: bool
    quantile: float
    n_unsampled: int = 0


@dataclass(frozen=True, slots=True)
class ChanceScore:
    """The chance of at least one earthquake of `magnitude` or more, and whether there was one."""

    magnitude: float
    probability: float
    occurred: bool


@dataclass(frozen=True, slots=True)
class Scores:
    """What is known of one forecast once its window is over.

    Attributes
    ----------
    observed
        Earthquakes in the cells and magnitude bins.
    expected
        Expected number in them, the sum of the rates.
    count_low, count_high
        Central 95 % range of the number forecast.
    log_likelihood
        Joint Poisson log-likelihood of cells and bins, without the factorials.
    crps
        Continuous ranked probability score of the number, earthquakes, 0 at best.
    count_log_score
        Log of the share of forecast numbers that equal the observed (add-one smoothed), nats, 0 at best.
    tests
        By name; None where the test says nothing: no earthquake came, or no simulated catalogue has any.
    chances
        One for each threshold, the smallest magnitude first.
    """

    observed: int
    expected: float
    count_low: float
    count_high: float
    log_likelihood: float
    crps: float
    count_log_score: float
    tests: Mapping[str, ConsistencyScore | None]
    chances: tuple[ChanceScore, ...]


def score(
    issued: "Issued", catalog: Catalog, experiment: Experiment, grid: Grid, rng: np.random.Generator
) -> tuple[Scores, dict[str, np.ndarray]]:
    """Score one forecast.

    Parameters
    ----------
    issued
        The forecast and its simulated catalogues.
    catalog
        What happened; events outside the window, cells and bins, or deeper than the region, are left out here.
    experiment
        Which tests and thresholds.
    grid
        Cells of the experiment's region.
    rng
        For simulated statistics and randomised quantiles.

    Raises
    ------
    InputError
        When the forecast is not on the cells of the experiment's region.
    """
    gridded, counts = issued.forecast.gridded, issued.forecast.counts
    _check_cells(gridded.grid, grid, experiment.region.name)
    events = _events(gridded, catalog, experiment.region)
    happened = catalog.select(events["row"])
    number = counts.number(float(counts.magnitudes[0]))
    samples = counts.samples[:, 0]
    scores = Scores(
        observed=len(happened),
        expected=gridded.expected,
        count_low=number.low,
        count_high=number.high,
        log_likelihood=float(events["log_rate"].sum()) - gridded.expected,
        crps=ev.crps_of_samples(samples, len(happened)),
        count_log_score=float(np.log((np.sum(samples == len(happened)) + 1) / (len(samples) + 2))),
        tests=_tests(issued, happened, experiment, rng),
        chances=_chances(issued, happened, experiment),
    )
    return scores, events


def _events(gridded: GriddedForecast, catalog: Catalog, region: Region) -> dict[str, np.ndarray]:
    """Row in the catalogue, cell, magnitude bin and log rate of each event of the window that has a bin."""
    rows = np.flatnonzero(gridded.window.contains(catalog.time) & ~(catalog.depth_km > region.depth_max_km))
    happened = catalog.select(rows)
    bins = bin_of(
        gridded.grid,
        gridded.magnitudes,
        longitude=happened.longitude,
        latitude=happened.latitude,
        magnitude=happened.magnitude,
    )
    chosen = bins >= 0
    with np.errstate(divide="ignore"):
        log_rate = np.log(gridded.rates.ravel()[bins[chosen]])
    cell, column = np.divmod(bins[chosen], len(gridded.magnitudes))
    return {"row": rows[chosen], "cell": cell, "bin": column, "log_rate": log_rate}


def target_rates(gridded: GriddedForecast, magnitude: float) -> np.ndarray:
    """Expected number of earthquakes of at least `magnitude` in each cell, shape (cells,), float32.

    Raises
    ------
    InputError
        When `magnitude` is not the lower edge of a bin of the forecast.
    """
    return gridded.above(magnitude).astype(np.float32)


def _check_cells(found: Grid, wanted: Grid, region: str) -> None:
    same = len(found) == len(wanted) and found.cell_deg == wanted.cell_deg
    if not same or not (np.array_equal(found.west, wanted.west) and np.array_equal(found.south, wanted.south)):
        raise InputError(
            f"the forecast has {len(found)} cells of {found.cell_deg} degrees that are not the {len(wanted)} of "
            f"{wanted.cell_deg} degrees of '{region}': models must forecast on region.grid()"
        )


def _tests(
    issued: "Issued", happened: Catalog, experiment: Experiment, rng: np.random.Generator
) -> dict[str, ConsistencyScore | None]:
    gridded = issued.forecast.gridded
    binned = None
    if issued.simulated is not None:
        binned = ev.bin_catalogs(issued.simulated, gridded.grid, gridded.magnitudes)
    found: dict[str, ConsistencyScore | None] = {}
    for name in experiment.tests:
        try:
            if binned is not None and name in _OF_CATALOGUES:
                result = _OF_CATALOGUES[name](binned, happened, rng)
            else:
                result = _OF_RATES[name.removesuffix("-rates")](gridded, happened, rng)
        except (NotEnoughDataError, InputError):  # no earthquake, came or simulated: the test says nothing
            found[name] = None
            continue
        found[name] = ConsistencyScore(
            statistic=float(getattr(result, "statistic", getattr(result, "observed", np.nan))),
            at_least=result.at_least,
            at_most=result.at_most,
            passed=result.passes(),
            quantile=ev.randomised_quantile(result, rng),
            n_unsampled=getattr(result, "n_unsampled", 0),
        )
    return found


def _chances(issued: "Issued", happened: Catalog, experiment: Experiment) -> tuple[ChanceScore, ...]:
    """Chances of at least one, from the simulated totals behind the forecast, at the thresholds it has."""
    counts = issued.forecast.counts
    lowest = float(counts.magnitudes[0])
    found = []
    for magnitude in sorted({lowest, *experiment.thresholds}):
        found.append(ChanceScore(magnitude, counts.probability(magnitude), bool(len(happened.above(magnitude)))))
    return tuple(found)


_Test = Callable[[object, Catalog, np.random.Generator], object]

_OF_CATALOGUES: Mapping[str, _Test] = {
    "N": lambda binned, happened, rng: ev.catalog_number_test(binned, happened),
    "M": ev.resampled_magnitude_test,
    "S": lambda binned, happened, rng: ev.catalog_spatial_test(binned, happened),
    "PL": lambda binned, happened, rng: ev.pseudo_likelihood_test(binned, happened),
    "MLL": ev.multinomial_magnitude_test,
}

_OF_RATES: Mapping[str, _Test] = {
    "N": lambda gridded, happened, rng: ev.number_test(gridded, happened),
    "M": ev.magnitude_test,
    "S": ev.spatial_test,
    "L": ev.likelihood_test,
    "CL": ev.conditional_likelihood_test,
    "binary": ev.binary_likelihood_test,
    "brier": ev.brier_test,
}
