"""The forecast, top to bottom: what is known, every model and horizon, the long-term average, the table."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from houfeng.catalogs.catalog import Catalog
from houfeng.errors import InputError
from houfeng.forecasts.forecast import Forecast
from houfeng.operations.training import BASELINE, Progress, Trained, known, silent
from houfeng.regions import Region
from houfeng.reports.messages import Notice, message
from houfeng.times import DAYS_PER_YEAR, Window
from houfeng.values import Estimate

#: Longer windows are answered by the long-term average, whatever the model.
LONGEST_CLUSTERED = timedelta(days=DAYS_PER_YEAR)


@dataclass(frozen=True, slots=True)
class TableRow:
    """One line of the table: how many of at least `magnitude` within `horizon`, and how unusual that is.

    Attributes
    ----------
    number, baseline_number
        Expected number with the 95 % range of the count; of the model and of the long-term average.
    probability, baseline_probability
        Chance of at least one.
    gain
        Expected number over that of the long-term average.
    """

    model: str
    horizon: str
    magnitude: float
    number: Estimate
    probability: float
    baseline_number: Estimate
    baseline_probability: float
    gain: float


@dataclass(frozen=True)
class ForecastProduct:
    """All forecasts of one moment.

    Attributes
    ----------
    as_of
        When it was made; nothing issued later was used.
    history
        What was known then, in and around the region.
    trained
        The models used.
    horizons
        Name to length.
    forecasts
        By model and horizon name, the baseline among them.
    warnings
        What a reader must know first: age of the data, models left out.
    """

    region: Region
    as_of: datetime
    history: Catalog
    trained: Trained
    horizons: Mapping[str, timedelta]
    forecasts: Mapping[tuple[str, str], Forecast]
    warnings: tuple[Notice, ...]

    @property
    def models(self) -> tuple[str, ...]:
        """Models in the order asked for, the baseline last unless it was asked for earlier."""
        return tuple(self.trained.fitted)

    @property
    def table(self) -> tuple[TableRow, ...]:
        """Expected numbers, ranges, probabilities and gains, by model, horizon and magnitude."""
        return tuple(
            _row(forecast, self.forecasts[BASELINE, horizon], model, horizon, float(magnitude))
            for (model, horizon), forecast in self.forecasts.items()
            for magnitude in forecast.counts.magnitudes
        )


def forecast(
    catalog: Catalog,
    region: Region,
    *,
    as_of: datetime,
    horizons: Mapping[str, timedelta],
    trained: Trained,
    seed: int,
    progress: Progress = silent,
) -> ForecastProduct:
    """Forecast every horizon with every model that `trained` holds.

    Parameters
    ----------
    catalog
        May reach beyond `as_of`; what was not issued by then is not seen.
    horizons
        Name to length; beyond a year every model reverts to the long-term average.
    trained
        Fitted on a past no later than `as_of`.
    seed
        The same seed gives the same forecast.

    Raises
    ------
    InputError
        When the models have seen events after `as_of`.
    """
    if trained.as_of > as_of:
        raise InputError(
            f"the models were fitted at {trained.as_of.isoformat()}, after the forecast time "
            f"{as_of.isoformat()}; fit them again on the earlier past"
        )
    history = known(catalog, region, as_of)
    streams = np.random.SeedSequence(seed).spawn(len(trained.fitted) * len(horizons))
    forecasts: dict[tuple[str, str], Forecast] = {}
    pairs = [(name, horizon) for name in trained.fitted for horizon in horizons]
    for (name, horizon), stream in zip(pairs, streams, strict=True):
        progress(f"{as_of:%Y-%m-%d %H:%M} UTC: {name}, next {horizon}")
        reverts = name != BASELINE and horizons[horizon] > LONGEST_CLUSTERED
        fitted = trained.fitted[BASELINE if reverts else name]
        window = Window.after(as_of, horizons[horizon])
        result = fitted.forecast(history, window, np.random.default_rng(stream))
        forecasts[name, horizon] = _named(_reverted(result, name) if reverts else result, name, region)
    warnings = (*_age_warning(history, as_of), *trained.warnings)
    return ForecastProduct(region, as_of, history, trained, dict(horizons), forecasts, warnings)


def _row(forecast: Forecast, baseline: Forecast, model: str, horizon: str, magnitude: float) -> TableRow:
    number, average = forecast.counts.number(magnitude), baseline.counts.number(magnitude)
    return TableRow(
        model=model,
        horizon=horizon,
        magnitude=magnitude,
        number=number,
        probability=forecast.counts.probability(magnitude),
        baseline_number=average,
        baseline_probability=baseline.counts.probability(magnitude),
        gain=number.value / average.value if average.value > 0 else float("inf"),
    )


def _reverted(result: Forecast, asked: str) -> Forecast:
    """The baseline's forecast as the answer of the model that was asked, with a note that says so."""
    note = message("note_long_window", "en", model=asked)
    explanation = replace(result.explanation, notes=(*result.explanation.notes, note))
    return replace(result, explanation=explanation)


def _named(result: Forecast, name: str, region: Region) -> Forecast:
    """The forecast under the name it was asked for by: a kept model has one of its own."""
    return replace(result, issue=replace(result.issue, model=name, region=region.name))


def _age_warning(history: Catalog, as_of: datetime) -> tuple[Notice, ...]:
    end = history.provenance.data_end
    days = (as_of - end).total_seconds() / 86_400
    if days <= 0:
        return ()
    return (Notice("warning_data_end", {"data_end": f"{end:%Y-%m-%d %H:%M}", "days": days}),)
